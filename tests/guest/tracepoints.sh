#!/bin/sh
# SPDX-License-Identifier: MIT
# tracepoints.sh - dune:* in /sys/kernel/tracing: what they say, and that they are off else
here=$(dirname "$0")
. "$here/compare"
tracing=/sys/kernel/tracing

[ -d $tracing/events ] || mount -t tracefs tracefs $tracing 2>/dev/null
if [ ! -d $tracing/events ]; then
	echo "ok 1 tracepoints # SKIP this kernel has no tracefs"
	echo "1..1"
	exit
fi
cd $tracing || exit 1

all='dune_vcpu_create dune_vcpu_end dune_entry dune_exit dune_syscall dune_violation
	dune_invalidate dune_slot_give dune_slot_take'
missing=0
for event in $all; do
	[ "$(cat events/dune/$event/enable)" = 0 ] || missing=1
done
result $missing there_and_off

# Run a command with all events on, or only $only; what they said in /tmp/events.
only=
traced() {
	echo 0 >tracing_on
	echo >trace
	echo 4096 >buffer_size_kb
	echo 1 >events/dune/$only/enable
	echo 1 >tracing_on
	"$@" >/tmp/events.out 2>&1
	status=$?
	echo 0 >tracing_on
	echo 0 >events/dune/$only/enable
	grep -v '^#' trace >/tmp/events
}

says() { grep -qE "$1" /tmp/events; result $? "$2" /tmp/events; }

hex='0x[0-9a-f]+'
traced dune-run /bin/busybox echo hello
result $status program_runs_as_ever
says "dune_vcpu_create: vcpu [0-9]+ process [0-9]+ vpid [0-9]+$" vcpu_create
says "dune_vcpu_end: vcpu [0-9]+ process [0-9]+ vpid [0-9]+$" vcpu_end
says "dune_slot_give: process [0-9]+ va 0x10000000000 gpa $hex$" slot_give
says "dune_entry: vcpu [0-9]+ rip $hex event 0x0$" entry
says "dune_exit: vcpu [0-9]+ reason VMCALL qualification 0x0 rip $hex$" exit_by_a_call
says "dune_exit: vcpu [0-9]+ reason EPT_VIOLATION qualification 0x[1-9a-f][0-9a-f]* rip $hex$" exit_by_a_violation
says "dune_syscall: vcpu [0-9]+ nr 231 path native$" call_on_the_native_path
says "dune_violation: vcpu [0-9]+ gpa $hex hva $hex access [rwx]+ result at-once$" violation_at_once
says "dune_violation: vcpu [0-9]+ gpa $hex hva $hex access [rwx]+ result resolved$" violation_resolved

# By no other way, and each exit between two entries.
[ "$(grep -c 'dune_exit: ' /tmp/events)" = "$(grep -c 'dune_entry: ' /tmp/events)" ]
result $? as_many_exits_as_entries
if [ "$(cat /sys/module/dune/parameters/fastcall)" = Y ] && ! dmesg | grep -q 'take the native path'; then
	says "dune_syscall: vcpu [0-9]+ nr 1 path fast$" call_on_the_fast_path
fi

traced dune-run /bin/busybox sh -c ': $(echo a); : $(echo b)'
says "dune_invalidate: process [0-9]+ start $hex end $hex flushed$" invalidation
# More blocks of memory than places: 1 GiB each, 8192 of them at most.
only=dune_slot_take
bits=$(sed -n 's/^address sizes.*: \([0-9]*\) bits physical.*/\1/p' /proc/cpuinfo | head -n 1)
traced "$here/few_slots" $(((1 << (bits < 43 ? bits - 30 : 13)) + 36))
says "dune_slot_take: process [0-9]+ va $hex gpa $hex$" slot_take

# By the tools that people use: all events, with the names and not their numbers.
by_tool() {	# what it printed
	missing=
	for line in 'dune_vcpu_create:.*vcpu [0-9]+ process [0-9]+ vpid [0-9]+' \
		"dune_exit:.*vcpu [0-9]+ reason VMCALL qualification (0x)?0 rip $hex" \
		"dune_exit:.*vcpu [0-9]+ reason EPT_VIOLATION qualification $hex rip $hex" \
		"dune_violation:.*vcpu [0-9]+ gpa $hex hva $hex access [rwx]+ result at-once" \
		"dune_violation:.*vcpu [0-9]+ gpa $hex hva $hex access [rwx]+ result resolved" \
		'dune_syscall:.*vcpu [0-9]+ nr 231 path native'; do
		grep -qE "$line" "$1" || missing="$missing $line;"
	done
	[ -z "$missing" ] || { echo "$missing" >>"$1"; return 1; }
}

if command -v trace-cmd >/dev/null; then
	(cd /tmp && trace-cmd record -e dune -o trace.dat dune-run /bin/busybox echo hello >trace-cmd.out 2>&1 &&
		trace-cmd report -i trace.dat >trace-cmd.out 2>&1) && by_tool /tmp/trace-cmd.out
	result $? trace_cmd /tmp/trace-cmd.out
else
	skip trace_cmd "it is not in this machine"
fi
if command -v perf >/dev/null; then
	(cd /tmp && perf record -a -e 'dune:*' -o perf.data -- dune-run /bin/busybox echo hello >perf.out 2>&1 &&
		perf script -i perf.data >perf.out 2>&1) && by_tool /tmp/perf.out
	result $? perf /tmp/perf.out
	perf stat -a -x , -e dune:dune_exit dune-run /bin/busybox echo hello >/tmp/perf.out 2>&1 &&
		[ "$(sed -n 's/^\([0-9]*\),.*dune:dune_exit.*/\1/p' /tmp/perf.out)" -gt 10 ]
	result $? perf_counts /tmp/perf.out
else
	skip perf "it is not in this machine"
fi

# A filter looks at fields.
only=
echo 'reason == 48' >events/dune/dune_exit/filter
traced dune-run /bin/busybox true
echo 0 >events/dune/dune_exit/filter
[ "$(grep 'dune_exit: ' /tmp/events | grep -c EPT_VIOLATION)" = "$(grep -c 'dune_exit: ' /tmp/events)" ] &&
	grep -q 'dune_exit: ' /tmp/events
result $? filter

# On and off under programs that run.
dune-run /bin/busybox sh -c 'i=0; while [ $i -lt 3000 ]; do i=$((i + 1)); : >/dev/null; done; exit 7' &
pid=$!
while kill -0 $pid 2>/dev/null; do
	echo 1 >events/dune/enable
	echo 0 >events/dune/enable
done
wait $pid
[ $? = 7 ]
result $? on_and_off_meanwhile

echo >trace
echo 1 >tracing_on
dune-run /bin/busybox true
[ "$(grep -cv '^#' trace)" = 0 ]
result $? silent_when_off
echo "1..$number"
