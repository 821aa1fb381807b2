# SPDX-License-Identifier: MIT
# kernel.sh - find the kernel to boot, and keep its image in the user's cache
# shellcheck shell=bash

cache=${XDG_CACHE_HOME:-$HOME/.cache}/dune

# The release of Debian's kernel "$1" (6.1, 6.12) in flavour "$2" (cloud, amd64):
# the newest that a module was built for, else the one apt would install.
kernel_release() {
	local version=$1 flavour=$2 pattern meta dep
	case $flavour in
	cloud) pattern="$version.*-cloud-amd64" ;;
	amd64) pattern="$version.*[0-9]-amd64" ;;
	esac
	local found
	found=$(find "$top/build/modules" -maxdepth 2 -name dune.ko 2>/dev/null |
		sed 's|/dune.ko$||; s|.*/||' | grep -E "^$(deb_pattern "$version" "$flavour")\$" | sort -V | tail -1)
	if [ -n "$found" ]; then
		echo "$found"
		return
	fi
	: "$pattern"
	meta=linux-image-
	[ "$version" = 6.12 ] && meta+=6.12-
	[ "$flavour" = cloud ] && meta+=cloud-
	dep=$(apt_depends "${meta}amd64") || die "apt knows no package ${meta}amd64: run: apt-get update"
	echo "${dep#linux-image-}"
}

# A pattern for the releases of a version and flavour.
deb_pattern() {
	local v=${1//./\\.}
	case $1:$2 in
	6.1:cloud) echo "$v\\.[0-9]+-[0-9]+-cloud-amd64" ;;
	6.1:amd64) echo "$v\\.[0-9]+-[0-9]+-amd64" ;;
	*:cloud) echo "$v\\.[0-9]+\\+deb[0-9]+(\\.[0-9]+)?-cloud-amd64" ;;
	*:amd64) echo "$v\\.[0-9]+\\+deb[0-9]+(\\.[0-9]+)?-amd64" ;;
	esac
}

apt_depends() {
	local dep
	dep=$(apt-cache depends "$1" 2>/dev/null | sed -n 's/.*Depends: \(linux-image-[0-9].*\)/\1/p' | head -1)
	if [ -z "$dep" ]; then
		apt-get update -qq >/dev/null 2>&1
		dep=$(apt-cache depends "$1" 2>/dev/null | sed -n 's/.*Depends: \(linux-image-[0-9].*\)/\1/p' | head -1)
	fi
	[ -n "$dep" ] && echo "$dep"
}

# Fetch and unpack the image package of release "$1" once; prints its folder.
kernel_folder() {
	local release=$1 dir=$cache/kernels/$1 tmp
	mkdir -p "$cache/kernels"
	exec 8>"$cache/kernels/.lock"
	flock 8
	if [ ! -e "$dir/vmlinuz" ]; then
		say "fetching linux-image-$release (once)"
		tmp=$(mktemp -d "$cache/kernels/.tmp.XXXXXX")
		if ! (cd "$tmp" && { apt-get download -qq "linux-image-$release" ||
			{ apt-get update -qq && apt-get download -qq "linux-image-$release"; }; }) >"$tmp/apt.log" 2>&1; then
			tail -3 "$tmp/apt.log" >&2
			rm -rf "$tmp"
			die "apt-get cannot download linux-image-$release: is the package still in the archive? (newer headers may be installed: build the module for them, or run: apt-get update)"
		fi
		dpkg -x "$tmp"/*.deb "$tmp/root" || die "cannot unpack linux-image-$release"
		mv "$tmp/root/boot/vmlinuz-$release" "$tmp/vmlinuz"
		mv "$tmp/root/lib/modules/$release" "$tmp/modules"
		rm -rf "$tmp/root" "$tmp"/*.deb "$tmp/apt.log" "$dir"
		mv "$tmp" "$dir"
	fi
	exec 8>&-
	echo "$dir"
}
