# SPDX-License-Identifier: MIT
# native.sh - run the command on this machine, where it has VT-x itself
# shellcheck shell=bash

run_native() {
	local release module before status
	release=$(uname -r)
	module=$top/build/modules/$release/dune.ko
	grep -qw vmx /proc/cpuinfo || die "this machine has no VT-x: run without --native"
	if [ ! -e /dev/dune ]; then
		[ "$(id -u)" = 0 ] || die "/dev/dune is missing: load the module as root: insmod $module"
		[ -e "$module" ] || die "there is no $module: run: make modules"
		# shellcheck disable=SC2086
		insmod "$module" $module_args || die "insmod failed; dmesg says why"
	fi
	before=$(dmesg 2>/dev/null | wc -l)
	PATH=$top/build/bin:$top/build/bin/tests:$PATH LD_LIBRARY_PATH=$top/build/lib "$@"
	status=$?
	if dmesg 2>/dev/null | tail -n "+$((before + 1))" | grep -E "$kernel_trouble" >&2; then
		say "the kernel's log has a warning"
		exit 125
	fi
	exit $status
}
