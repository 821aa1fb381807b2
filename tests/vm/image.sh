# SPDX-License-Identifier: MIT
# image.sh - put together what the machine boots
# shellcheck shell=bash

# Copy a file or folder into the root at "$2", with the libraries it needs.
add_path() {
	local from=$1 to=$2 file
	[ -e "$from" ] || die "--add: there is no $from"
	mkdir -p "$root/$(dirname "$to")"
	if [ -d "$from" ]; then
		mkdir -p "$root/$to"
		cp -a "$from/." "$root/$to/"
	else
		cp -aL "$from" "$root/$to"
	fi
	while read -r file; do
		add_libraries "$file"
	done < <(find "$root/$to" -type f \( -perm -100 -o -name '*.so*' \))
}

add_libraries() {
	local lib
	# Libraries of our own come from build/lib.
	LD_LIBRARY_PATH=$top/build/lib ldd "$1" 2>/dev/null |
		sed -n 's/.*=> \(\/[^ ]*\) .*/\1/p; s/^[[:space:]]*\(\/[^ ]*\) (.*/\1/p' |
		while read -r lib; do
			case $lib in "$top"/*) continue ;; esac
			[ -e "$root/$lib" ] && continue
			mkdir -p "$root/$(dirname "$lib")"
			# The dynamic linker's other name leads to where libc is.
			if [[ $(readlink "$lib") = /* ]]; then
				ln -s "$(readlink "$lib")" "$root/$lib"
				lib=$(readlink "$lib")
				mkdir -p "$root/$(dirname "$lib")"
			fi
			cp -L "$lib" "$root/$lib"
		done
}

# The machine's root file system, below $work/root.
make_root() {
	local release=$1 kernel=$2 busybox applet
	root=$work/root
	busybox=$(command -v busybox) || die "busybox is missing: apt-get install busybox-static"
	mkdir -p "$root"/{bin,usr/bin,machine,dune/bin,dune/lib,etc,lib/modules/"$release"}
	cp -L "$busybox" "$root/bin/busybox"
	for applet in $("$busybox" --list | grep -vx busybox); do
		ln -s busybox "$root/bin/$applet"
	done
	ln -s /bin/busybox "$root/usr/bin/env"
	echo 'root:x:0:0:root:/root:/bin/sh' >"$root/etc/passwd"
	echo 'root:x:0:' >"$root/etc/group"
	echo '127.0.0.1 localhost' >"$root/etc/hosts"
	"${CC:-cc}" -O2 -static -o "$root/init" "$here/init.c" || die "cannot compile $here/init.c: apt-get install build-essential"

	[ -d "$top/build/bin" ] && add_path "$top/build/bin" dune/bin
	[ -d "$top/build/lib" ] && cp -a "$top/build/lib/." "$root/dune/lib/"
	if [ -z "$no_module" ]; then
		[ -e "$top/build/modules/$release/dune.ko" ] ||
			die "there is no build/modules/$release/dune.ko: run: make modules (with linux-headers-$release installed)"
		cp "$top/build/modules/$release/dune.ko" "$root/machine/dune.ko"
	fi
	printf '%s' "$module_args" >"$root/machine/module-args"
	add_kernel_modules "$release" "$kernel/modules"
}

# Few modules are of use here: KVM to live beside, MSRs to look at, swap.
add_kernel_modules() {
	local release=$1 from=$2 name file
	[ -d "$from" ] || return 0
	for name in irqbypass kvm kvm-intel msr zram zsmalloc lz4_compress lz4hc_compress brd; do
		while read -r file; do
			mkdir -p "$root/lib/modules/$release/kernel"
			cp "$file" "$root/lib/modules/$release/kernel/"
		done < <(find "$from" -name "$name.ko*")
	done
	touch "$root/lib/modules/$release"/modules.{order,builtin}
	depmod -b "$root" "$release" 2>/dev/null || true
}

# Nobody looks at debugging information in there; it is half of what is to be read.
strip_ours() {
	rm -f "$root"/dune/lib/*.a
	find "$root/dune" -type f \( -perm -100 -o -name '*.so*' \) -print0 |
		xargs -0 strip --strip-debug 2>/dev/null
	[ ! -e "$root/machine/dune.ko" ] || strip --strip-debug "$root/machine/dune.ko"
}

# $work/boot.iso with the kernel, the root file system and the command line.
#
# idle=halt: Bochs's MONITOR does not notice all writes of another CPU, and so a
# CPU idle in MWAIT may miss that it is wanted until something interrupts it.
make_iso() {
	local kernel=$1 iso=$work/iso bios=/usr/lib/syslinux/modules/bios
	# A kernel with every check makes 256 old ttys for half a minute.
	[ "$(basename "$kernel")" != debug ] || append+=' pty.legacy_count=0'
	mkdir -p "$iso"
	# Not packed: unpacking costs the emulated machine far more than reading.
	(cd "$root" && find . | cpio -o -H newc --quiet) >"$iso/initrd.img" || die "cannot make the initrd"
	cp "$kernel/vmlinuz" /usr/lib/ISOLINUX/isolinux.bin "$bios/ldlinux.c32" "$iso/"
	cat >"$iso/isolinux.cfg" <<-EOF
		default linux
		label linux
		  kernel vmlinuz
		  append initrd=initrd.img console=ttyS0,115200 panic=-1 tsc=reliable tsc_early_khz=100000 clearcpuid=321,323 idle=halt quiet $append
	EOF
	xorriso -as mkisofs -quiet -o "$work/boot.iso" -b isolinux.bin -c boot.cat \
		-no-emul-boot -boot-load-size 4 -boot-info-table "$iso" 2>"$work/xorriso.log" ||
		die "xorriso failed: $(tail -1 "$work/xorriso.log")"
	rm -rf "$iso" "$root"
}
