# SPDX-License-Identifier: MIT
# check.sh - how it went: the command's status, or why there is none
# shellcheck shell=bash

# What the kernel prints when something is wrong with it.
kernel_trouble='WARNING:|BUG:|Oops|KASAN|UBSAN|KFENCE|INFO: (rcu|task|possible)|possible (circular|recursive)|suspicious RCU|sleeping function|unreferenced object|soft lockup|hard LOCKUP|general protection fault(,|: )|[Uu]nable to handle|Kernel panic|stack-protector|invalid opcode: 0000|divide error: 0000|refcount_t:|list_(add|del) corruption|bad page|Bad page'

last_lines() {
	[ -s "$1" ] || return 0
	echo "--- the last lines of the ${2}:" >&2
	tail -n "${3:-25}" "$1" | tr -d '\r' >&2
}

# For a line of bochs.log that explains a failed entry or a triple fault.
explain_by_emulator() {
	grep -aE 'VMENTER FAIL|VMFAIL|triple fault|TRIPLE|Guest State Checks|>>PANIC<<' "$work/bochs.log" 2>/dev/null |
		grep -av 'soft power off' | tail -5 | sed 's/^/the emulator: /' >&2
}

status_of_machine() {
	local status
	if [ ! -e "$work/status" ]; then
		if [ "$(cat "$work/emulator-status" 2>/dev/null)" = 124 ]; then
			last_lines "$work/console.txt" console
			say "the command did not end within $timeout s (--timeout); the machine was stopped"
			explain_by_emulator
			exit 124
		fi
		last_lines "$work/console.txt" console 40
		explain_by_emulator
		grep -qaE 'Kernel panic|Oops|BUG:' "$work/console.txt" 2>/dev/null && {
			say "the kernel crashed"
			exit 125
		}
		[ -e "$work/started" ] && die "the machine went down before the command ended"
		tail -3 "$work/bochs.err" >&2
		die "the machine did not boot"
	fi
	status=$(cat "$work/status")
	if grep -qaE "$kernel_trouble" "$work/kernel.log"; then
		say "the kernel's log has a warning:"
		grep -aE -B 2 -A 30 "$kernel_trouble" "$work/kernel.log" | head -80 >&2
		exit 125
	fi
	[ "$status" = 126 ] && last_lines "$work/kernel.log" "kernel's log"
	[ "$status" = 139 ] || [ "$status" = 0 ] || explain_by_emulator
	exit "$status"
}
