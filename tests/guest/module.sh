#!/bin/sh
# SPDX-License-Identifier: MIT
# module.sh - load, unload, and what dune.ko says when it cannot work

module=/machine/dune.ko
here=$(dirname "$0")
. "$here/compare"

rmmod dune
result $? unloads

dune-hello >/tmp/hello.out 2>&1
[ $? = 1 ] && grep -q 'the module is not loaded.*insmod' /tmp/hello.out
result $? hello_says_that_it_is_not_loaded

# What the kernel holds for itself, in KiB.
held() {
	echo 3 >/proc/sys/vm/drop_caches
	awk '/^(SUnreclaim|VmallocUsed|Percpu|PageTables|KernelStack):/ { sum += $2 }
	     END { print sum }' /proc/meminfo
}

# The first rounds fill caches; a hundred only in make check-long.
rounds=$((${LONG:+90} + 10))
bad=0
i=0
while [ $i -lt $rounds ]; do
	insmod $module && dune-hello >/dev/null && rmmod dune || bad=1
	i=$((i + 1))
	[ $i = 10 ] && before=$(held)
done
result $bad "loads_and_unloads: $rounds rounds"
if [ $rounds -gt 10 ]; then
	usleep 500000
	more=$(($(held) - before))
	# A page lost in each round would be four times this.
	[ $more -le $rounds ]
	result $? "loses_nothing: $more KiB more after $rounds rounds"
fi

# Each step of loading fails once.
step=1
while [ $step -lt 40 ]; do
	insmod $module fail_at=$step 2>/tmp/insmod.out && break
	[ -e /dev/dune ] && break
	step=$((step + 1))
done
[ $step -gt 4 ] && [ $step -lt 40 ]
result $? every_step_of_loading_may_fail
echo 0 >/sys/module/dune/parameters/fail_at
dune-hello >/dev/null
result $? works_after_that

insmod $module 2>/dev/null
[ $? != 0 ]
result $? a_second_load_is_refused

dune-run busybox sleep 100 &
i=0
while [ "$(cat /sys/module/dune/refcnt)" = 0 ] && [ $i -lt 100 ]; do
	i=$((i + 1))
	usleep 100000
done
rmmod dune 2>/dev/null
[ $? != 0 ]
result $? is_not_unloaded_while_in_use
kill -KILL $!
wait
i=0
while ! rmmod dune 2>/dev/null && [ $i -lt 20 ]; do
	i=$((i + 1))
	usleep 100000
done
[ ! -e /dev/dune ]
result $? unloads_after_its_user_was_killed
insmod $module
result $? loads_again

# Guest-physical addresses of small CPUs, and as wide as this one has them: 2^36
# bytes have 64 places. There are no more than 8192.
widest=$(sed -n 's/^address sizes.*: \([0-9]*\) bits physical.*/\1/p' /proc/cpuinfo | head -n 1)
for bits in 36 39 "$widest"; do
	rmmod dune && insmod $module gpa_bits="$bits"
	dune-hello >/dev/null && dune-run busybox true
	result $? "works_with_${bits}_bits"
	places=$((1 << (bits < 43 ? bits - 30 : 13)))
	"$here/few_slots" $((places + 36)) >/tmp/few.out
	result $? "places_run_out_and_are_given_back_$bits"
	sed 's/^/# /' /tmp/few.out
done
rmmod dune && insmod $module
result $? and_with_all_again

# Processors go and come while two programs run in Dune mode on them.
online=/sys/devices/system/cpu/cpu1/online
if [ -w $online ]; then
	pids=
	for i in 1 2; do
		dune-run busybox sh -c 'i=0; while [ $i -lt 4000 ]; do i=$((i + 1)); done; exit 7' &
		pids="$pids $!"
	done
	bad=0
	for i in 1 2 3 4 5; do
		{ echo 0 >$online && usleep 200000 && echo 1 >$online && usleep 200000; } || bad=1
	done
	for pid in $pids; do
		wait "$pid"
		[ $? = 7 ] || bad=1
	done
	result $bad cpus_go_while_vcpus_run
else
	number=$((number + 1))
	echo "ok $number cpus_go_while_vcpus_run # SKIP one CPU"
fi

[ "$(cat /sys/module/dune/refcnt)" = 0 ]
result $? has_no_users_left

# Nothing may be logged for what a user does: one line per load is all.
[ "$(dmesg | sed -n '/tests: module/,$p' | grep -c 'dune: ')" -le $((rounds + 8)) ]
result $? kernel_log_is_quiet

for link in nopie static static-pie; do
	"$here/hello-$link" >/tmp/hello.out && grep -q 'left Dune mode: CPL 3' /tmp/hello.out
	result $? hello_$link
done
echo "1..$number"
