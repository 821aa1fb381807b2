#!/bin/sh
# SPDX-License-Identifier: MIT
# stat.sh - dune-stat: its counts of programs that run, and that have ended
. "$(dirname "$0")/compare"
stats=/sys/kernel/debug/dune/stats
cd /tmp || exit 1

# A number of the machine's, by its name in the file.
machine() { sed -n "s/^machine.* $1=\([0-9]*\).*/\1/p" $stats; }

if [ ! -e $stats ]; then
	echo "ok 1 stat # SKIP this kernel has no debugfs"
	echo "1..1"
	exit
fi
[ "$(stat -c '%a %u' $stats)" = "400 0" ]
result $? is_for_root
dune-stat >out 2>&1 && grep -q '^VM exits' out
result $? runs out

exits=$(machine exits) made=$(machine vcpus-made)
dune-run /bin/busybox sh -c ': $(echo a); : $(echo b)'
dune-stat >out 2>&1
sleep 1		# VMs are freed a moment after they end
[ "$(machine vcpus-made)" -ge $((made + 3)) ] && [ "$(machine exits)" -gt $((exits + 300)) ]
result $? what_has_ended_is_counted
! grep -q '^vcpu\|^process' $stats
result $? and_not_listed

# Calls, as many more as are made, by the path they take: the native one once
# something on this machine has turned auditing on.
fast=$(machine fast-syscalls) native=$(machine native-syscalls)
dune-bench getpid >out 2>&1
fast=$(($(machine fast-syscalls) - fast)) native=$(($(machine native-syscalls) - native))
if [ "$(cat /sys/module/dune/parameters/fastcall)" = Y ] && ! dmesg | grep -q 'take the native path'; then
	[ $fast -ge 1000 ] && [ $native -lt 1000 ]
else
	[ $native -ge 1000 ] && [ $fast = 0 ]
fi
result $? calls_by_path out

# Each of its mprotect(2) takes a right away, for which others must be told.
invalidations=$(machine invalidations) flushes=$(machine flushes)
dune-bench mprotect-1 >out 2>&1
[ "$(machine invalidations)" -ge $((invalidations + 100)) ] && [ "$(machine flushes)" -ge $((flushes + 100)) ]
result $? invalidations_and_flushes out

dune-run /bin/busybox sh -c 'while :; do : >/dev/null; done' &
pid=$!
sleep 1
dune-stat -p $pid -t >out 2>&1
[ $? = 0 ] && grep -qE "^ +$pid +busybox|^ +$pid +dune-run" out && grep -qE '^18 VMCALL' out &&
	[ "$(grep -cE "^ +$pid " out)" = 2 ]
result $? process_and_thread out
dune-stat -j -p $pid >out 2>&1
grep -q "\"processes\": \[{\"pid\": $pid, .*\"exits_by_reason\": {.*\"VMCALL\": [1-9].*\"threads\": \[{\"tid\": $pid, " out
result $? json out
dune-stat -i 0.5 -n 2 -p $pid >out 2>&1
[ $? = 0 ] && [ "$(grep -cE '^VM exits +[1-9][0-9]* +[0-9.]+/s$' out)" = 2 ]
result $? live out
# An interval's count is smaller than all.
dune-stat -j -i 0.2 -n 1 -p $pid >out 2>&1
part=$(sed -n 's/.*"processes": \[{[^}]*"exits": \([0-9]*\),.*/\1/p' out)
[ "$part" -gt 0 ] && [ "$part" -lt "$(sed -n "s/^process pid=$pid .* exits=\([0-9]*\).*/\1/p" $stats)" ]
result $? interval_counts_what_is_new out

kill -KILL $pid
wait $pid 2>/dev/null

# The same process by another program: all that it counted is new.
rm -f began
dune-run /bin/busybox sh -c 'i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); : >/dev/null; done; : >began
	exec /bin/busybox sleep 100' &
pid=$!
last_vm() { sed -n "s/^process pid=$pid vm=\([0-9]*\) .*/\1/p" $stats | tail -n 1; }
before='' after='' i=0
while [ ! -e began ]; do
	[ -n "$before" ] || before=$(last_vm)
	sleep 0.1
done
# For a moment it has none.
while [ "${after:-0}" -le "${before:-0}" ] && [ $i -lt 100 ]; do
	after=$(last_vm)
	sleep 0.1
	i=$((i + 1))
done
[ -n "$before" ] && [ "${after:-0}" -gt "$before" ]
result $? execve_makes_another_vm
kill -KILL $pid
wait $pid 2>/dev/null
sleep 1
dune-stat -p $pid >out 2>&1
[ $? = 1 ] && grep -q 'is not in Dune mode' out
result $? ended_process out

# Exits add up, by whatever the counters say.
sum() { sed -n 's/^machine//p' $stats | tr ' ' '\n' | sed -n 's/^exit-[0-9]*=\|^fast-syscalls=\|^native-syscalls=//p' |
	{ n=0; while read -r i; do n=$((n + i)); done; echo $n; }; }
sleep 1
[ "$(sum)" = "$(machine exits)" ]
result $? exits_add_up

# Read while vcpus come and go.
dune-run /bin/busybox sh -c 'i=0; while [ $i -lt 40 ]; do i=$((i + 1)); /bin/busybox true; done' &
pid=$!
bad=0
while kill -0 $pid 2>/dev/null; do
	grep -q '^machine ' $stats || bad=1
done
wait $pid && [ $bad = 0 ]
result $? read_meanwhile
echo "1..$number"
