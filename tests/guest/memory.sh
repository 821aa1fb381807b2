#!/bin/sh
# SPDX-License-Identifier: MIT
# memory.sh - when memory is short: swap, reclaim, and the EPT's own tables

here=$(dirname "$0")
. "$here/compare"
cd /tmp || exit 1
pressure="$here/prog-pressure"

tables() {	# KiB of EPT
	sed -n 's/^SecPageTables: *\([0-9]*\) kB/\1/p' /proc/meminfo
}

# Linux asks for memory back: tables nobody used go, and come again when needed.
none=$(tables)
dune-run "$pressure" sparse 2048 4 >out.sparse &
i=0
while ! grep -q touched out.sparse && [ $i -lt 300 ]; do
	usleep 100000
	i=$((i + 1))
done
full=$(tables)
# The first time round they count as used.
left=$full i=0
while [ $i -lt 4 ] || { [ "$left" -ge $((full / 2)) ] && [ $i -lt 12 ]; }; do
	echo 2 >/proc/sys/vm/drop_caches
	left=$(tables)
	i=$((i + 1))
done
echo "# KiB of tables: $none before, $full in use, $left after"
[ "$full" -gt $((none + 4000)) ] && [ "$left" -lt $((full / 2)) ]
result $? tables_are_given_back_when_memory_is_short
wait $! && grep -q '^0 wrong' out.sparse
result $? the_program_did_not_notice
[ "$(tables)" -le $((none + 64)) ]
result $? all_tables_go_with_the_program

# Compressed memory to swap to, or a RAM disk, as the kernel has it.
swap_device() {
	if modprobe zram && echo 192M >/sys/block/zram0/disksize; then
		echo /dev/zram0
	elif modprobe brd rd_nr=1 rd_size=196608; then
		echo /dev/ram0
	fi 2>/dev/null
}

# More memory than there is.
device=$(swap_device)
if [ -n "$device" ]; then
	mkswap "$device" >/dev/null && swapon "$device"
	result $? "swap: $device"
	control=/tmp/control
	mkdir -p $control
	mount -t cgroup2 none $control
	echo +memory >$control/cgroup.subtree_control
	mkdir $control/short
	echo 40M >$control/short/memory.max
	for how in "" dune-run; do
		# shellcheck disable=SC2086
		sh -c "echo \$\$ >$control/short/cgroup.procs; exec \"\$@\"" sh \
			$how "$pressure" whole 80 3 >out.whole
		[ $? = 0 ] && grep -q '^0 pages' out.whole
		result $? "memory_is_whole_after_swapping${how:+: in Dune mode}"
		# shellcheck disable=SC2086
		sh -c "echo \$\$ >$control/short/cgroup.procs; exec \"\$@\"" sh \
			$how "$pressure" hot 6 64 2>out.hot
		result $? "hot_pages_stay${how:+: in Dune mode}"
		sed 's/^/# /' out.hot
	done
	[ "$(sed -n 's/^oom_kill //p' $control/short/memory.events)" = 0 ]
	result $? nobody_was_killed
	rmdir $control/short
	umount $control
	swapoff "$device"
else
	skip swap "this kernel has nothing to swap to"
fi
echo "1..$number"
