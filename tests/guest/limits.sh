#!/bin/sh
# SPDX-License-Identifier: MIT
# limits.sh - the administrator's means: limits, control groups, the freezer

here=$(dirname "$0")
. "$here/compare"
cd /tmp || exit 1
limits="$here/prog-limits"

same limits "$limits"

control=/tmp/control
mkdir -p $control
mount -t cgroup2 none $control
result $? control_groups
for controller in memory cpu; do
	echo +$controller >$control/cgroup.subtree_control
done
echo "# controllers: $(cat $control/cgroup.subtree_control)"
mkdir $control/one
group=$control/one

inside_group() {
	sh -c "echo \$\$ >$group/cgroup.procs; exec \"\$@\"" sh "$@"
}

value() {	# key, file
	sed -n "s/^$1 //p" "$group/$2"
}

if [ -e $group/memory.max ]; then
	echo 60M >$group/memory.max
	inside_group dune-run "$limits" memory
	[ $? = 137 ] && [ "$(value oom_kill memory.events)" = 1 ]
	result $? out_of_memory_is_killed

	# Page tables count, Linux's and those of the EPT.
	echo max >$group/memory.max
	for how in native dune; do
		set -- "$limits" sparse
		[ $how = native ] || set -- dune-run "$@"
		inside_group "$@" >touched &
		i=0
		while ! grep -q touched touched && [ $i -lt 200 ]; do
			usleep 100000
			i=$((i + 1))
		done
		eval "$how=$(value kernel memory.stat)"
		echo 1 >$group/cgroup.kill
		wait
		: >touched
	done
	# shellcheck disable=SC2154
	echo "# kernel memory: $native natively, $dune in Dune mode"
	[ "$dune" -gt $((native + native / 2)) ]
	result $? ept_is_charged
	i=0
	while [ "$(value kernel memory.stat)" -gt 2000000 ] && [ $i -lt 50 ]; do
		usleep 100000
		i=$((i + 1))
	done
	[ "$(value kernel memory.stat)" -le 2000000 ]
	result $? ept_is_given_back
else
	skip memory_limit "no memory controller"
fi

# A program that only computes, in the guest all the time.
inside_group dune-run "$limits" compute 30 &
sleep 1
echo 1 >$group/cgroup.freeze
i=0
while [ "$(value frozen cgroup.events)" != 1 ] && [ $i -lt 30 ]; do
	usleep 100000
	i=$((i + 1))
done
before=$(value usage_usec cpu.stat)
sleep 1
after=$(value usage_usec cpu.stat)
[ "$(value frozen cgroup.events)" = 1 ] && [ "$before" = "$after" ]
result $? frozen
user=$(value user_usec cpu.stat) system=$(value system_usec cpu.stat)
echo 0 >$group/cgroup.freeze
sleep 1
[ "$(value usage_usec cpu.stat)" -gt $((after + 100000)) ]
result $? thawed
# Since then. A kernel with every check takes most of it in its timer's interrupts.
user=$(($(value user_usec cpu.stat) - user)) system=$(($(value system_usec cpu.stat) - system))
echo "# $user us of user time, $system us of system time"
[ $((user * (${SLOW_KERNEL:-0} * 9 + 1))) -gt $system ]
result $? time_is_user_time
# The quota, by its own periods; for longer in make check-long.
if [ -e $group/cpu.max ]; then
	echo "10000 100000" >$group/cpu.max
	sleep 1
	for _ in 1 2 3 ${LONG:+4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20}; do
		before=$(value usage_usec cpu.stat)
		periods=$(value nr_periods cpu.stat)
		sleep 1
		used=$(($(value usage_usec cpu.stat) - before))
		periods=$(($(value nr_periods cpu.stat) - periods))
		[ $used -le $((30000 * (periods + 1))) ]
		result $? "throttled: $used us in $periods periods of 10000"
	done
	echo max >$group/cpu.max
fi
echo 1 >$group/cgroup.kill
wait
[ "$(cat $group/cgroup.procs)" = "" ]
result $? killed
rmdir $group
umount $control
echo "1..$number"
