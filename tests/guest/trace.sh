#!/bin/sh
# SPDX-License-Identifier: MIT
# trace.sh - dune-trace: what it shows of programs, and strace of the same ones
. "$(dirname "$0")/compare"
cd /tmp || exit 1
mkdir -p trace
cd trace || exit 1
echo hello >file

# The line that $1 describes is there.
shows() { grep -qE "^$1\$" out; result $? "$2" out; }

dune-trace -o out /bin/busybox sed -n p file >said
[ $? = 0 ] && [ "$(cat said)" = hello ]
result $? program_runs_as_ever out
shows 'execve\("/bin/busybox", \["/bin/busybox", "sed", "-n", "p", "file"\], 0x[0-9a-f]+ /\* [0-9]+ vars \*/\) += 0' execve
shows 'open(at\(AT_FDCWD, |\()"file", O_RDONLY(\|O_LARGEFILE)?\) += 3' flags_have_names
shows 'write\(1, "hello\\n", 6\) += 6' strings
shows 'exit_group\(0\) += \?' end
[ "$(tail -n 1 out)" = "+++ exited with 0 +++" ]
result $? exited_with out

dune-trace -o out /bin/busybox sh -c 'exec /bin/busybox cat /nowhere/file' 2>/dev/null
[ $? = 1 ]
result $? exit_status out
shows 'open(at\(AT_FDCWD, |\()"/nowhere/file", O_RDONLY(\|O_LARGEFILE)?\) += -1 ENOENT \(No such file or directory\)' errors_have_names
[ "$(grep -c '^execve(.* = 0$' out)" = 2 ]
result $? through_execve out

dune-trace -f -o out /bin/busybox sh -c '/bin/busybox true; (exit 3); /bin/busybox echo hello & wait' >said
[ $? = 0 ] && [ "$(cat said)" = hello ] && [ "$(cut -d' ' -f1 out | sort -u | wc -l)" -ge 4 ] &&
	grep -qE '^[0-9]+ +write\(1, "hello\\n", 6\)' out
result $? follows_children out
grep -qE 'WEXITSTATUS\(s\) == 3' out
result $? exit_status_of_children out

dune-trace -e trace=write,exit_group -o out /bin/busybox echo hello >/dev/null
[ "$(grep -v '^+' out | sed 's/(.*//' | sort -u | xargs)" = "exit_group write" ]
result $? expression out
dune-trace -e trace=%desc,getpid,!write -o out /bin/busybox echo hello >/dev/null 2>said
[ $? != 0 ] && grep -q "no system call '!write'" said
result $? expression_wrong_call said
dune-trace -e trace=%files -o out /bin/busybox echo hello >/dev/null 2>said
[ $? != 0 ] && grep -q "no class '%files'; there are %file " said
result $? expression_wrong_class said
dune-trace -e 'trace=!%desc,%process' -o out /bin/busybox cat file >/dev/null
[ $? = 0 ] && ! grep -qE '^(open|openat|read|write|close|execve|exit_group)\(' out && grep -qE '^brk\(' out
result $? expression_classes out
for size in abc -1 '' 513 5x; do
	dune-trace -s "$size" -o out /bin/busybox true 2>said && break
	grep -q "a whole number of bytes, 0 to 512" said || break
done
[ "$size" = 5x ]
result $? size_must_be_a_number said
dune-trace -c -o out /bin/busybox echo hello >/dev/null
grep -qE '^ *[0-9.]+ +[0-9.]+ +[0-9]+ +1 +exit_group$' out && grep -q ' total$' out
result $? summary out
dune-trace -j -o out /bin/busybox echo hello >/dev/null
grep -qE '"name": "write", "args": \["1", "\\"hello\\\\n\\"", "6"\], "result": 6' out
result $? json out

# Many writers at once, more than the ring holds.
dune-trace -f -e trace=getpid,getppid,kill -o out /dune/bin/tests/prog-many >said 2>&1
status=$?
dune-run /dune/bin/tests/prog-many >said.run 2>&1
[ $status = $? ] && [ "$(sort said | uniq)" = "$(sort said.run | uniq)" ]
result $? threads_and_processes out

# Killed in the middle: what was written down is there.
dune-trace -o out /bin/busybox sh -c 'kill -KILL $$'
[ $? = 137 ] && grep -qE '^execve' out && [ "$(tail -n 1 out)" = "+++ killed by SIGKILL +++" ]
result $? killed out

# The program outlives the tracer: it goes on, and what it executes too.
rm -f later
dune-trace -o out /bin/busybox sh -c '(/bin/busybox sleep 2; /bin/busybox touch later) & exit 3'
[ $? = 3 ] && tail -n 1 out | grep -q 'exited with 3'
result $? tracer_goes_first out
appears later
result $? and_the_program_goes_on
dune-trace -f -o out /bin/busybox sh -c ': >begun; /bin/busybox sleep 3; /bin/busybox touch still' &
pid=$!
appears begun
kill -TERM $pid
wait $pid
[ $? = 143 ] && grep -q 'execve("/bin/busybox"' out && ! grep -q '^+++' out
result $? stopped out
appears still
result $? and_the_program_still_runs

dune-trace -o out /bin/busybox sh -c 'trap "echo caught" USR1; kill -USR1 $$; :' >said
[ $? = 0 ] && [ "$(cat said)" = caught ]
result $? signal_is_caught out
shows '--- SIGUSR1 \{si_signo=SIGUSR1, si_code=SI_USER, si_pid=[0-9]+, si_uid=0\} ---' signals
dune-trace -o out /dune/bin/tests/prog-signals >/dev/null 2>&1
shows '--- SIGSEGV \{si_signo=SIGSEGV, si_code=SEGV_[A-Z]+, si_addr=(NULL|0x[0-9a-f]+)\} ---' signals_of_faults

# What is another thing each time, or not there in Dune mode (rseq): addresses, numbers of processes, ports, times, and what is random.
each_time='s/0x[0-9a-f]{6,}/ADDRESS/g
s/^(getpid|gettid|getppid|setsid|set_tid_address|clone|clone3|fork|vfork|wait4|times)(\(.*) = [0-9]+$/\1\2 = N/
s/(si_pid|[{]pid)=[0-9]+/\1=N/; s/parent_tid=\[[0-9]+\]/parent_tid=[N]/
s/sin_port=htons\([1-9][0-9]*\)/sin_port=htons(N)/
s/^wait4\([0-9]+/wait4(N/; s/^getrandom\(".*", /getrandom("...", /; s/^read\(([0-9]+), ".*, 44\)/read(\1, "...", 44)/
s/^rseq\(.*/rseq/; s/(ru_utime|ru_stime|left) ?=?\{[^}]*\}/\1 {}/g; s/^sysinfo\(.*\) = /sysinfo() = /; s/tms_[a-z]*=[0-9]+/tms/g'
# What strace shows, and dune-trace does not: dates, times of a child that waitid() does not write,
# the mask that a signal handler returns to.
more='s, /\* [0-9]{4}-[^*]*\*/,,; s/, si_[us]time=[^,}]*//g; s/^rt_sigreturn\(.*\)/rt_sigreturn()/; s/ \(SUID_DUMP_USER\)//'

# Each line as strace has it, of programs that do the same each time; those of $calls, if it is set.
as_strace() {	# name, program...
	name=as_strace_$1
	shift
	if ! command -v strace >/dev/null || ! command -v "$1" >/dev/null; then
		number=$((number + 1))
		echo "ok $number $name # SKIP no strace or no $1 in the machine"
		return
	fi
	strace -e trace="${calls:-all}" -o out.strace "$@" >said.strace 2>/dev/null
	dune-trace -e trace="${calls:-all}" -o out "$@" >said 2>/dev/null
	for list in out.strace out; do
		grep -vE "^[+-]${without:+|$without}" $list |
			sed -E "s/ += / = /; $each_time; $more" >$list.lines
	done
	[ -s out.lines ] && cmp -s said said.strace && diff out.strace.lines out.lines >differences
	result $? "$name" differences
}
as_strace sockets /dune/bin/tests/prog-sockets
as_strace structures /dune/bin/tests/prog-structures
as_strace ls /bin/busybox ls -l /
as_strace cat /bin/busybox cat file
as_strace sh /bin/busybox sh -c 'exit 2'
as_strace uname /bin/busybox uname -a
long=$(printf '%1500s' '' | tr ' ' a)
as_strace long_argument /bin/busybox echo "$long" "$long" "$long" end
as_strace sqlite3 sqlite3 :memory: 'create table t(a); insert into t values(1); select * from t;'

# In JSON too, with what came of it.
dune-trace -j -e poll -o out /dune/bin/tests/prog-structures
grep -q '"args": \["\[{fd=[0-9]*, events=POLLIN}, {fd=[0-9]*, events=POLLIN|POLLOUT}\]", "2", "1000"\], "result": 2, "polled": "\[{fd=[0-9]*, revents=POLLIN}, {fd=[0-9]*, revents=POLLOUT}\]"' out
result $? structures_in_json out

# Memory that changes and goes while it is read: every call is there all the same.
dune-trace -s 512 -o out /dune/bin/tests/prog-shifting >said
[ $? = 0 ] && [ "$(cat said)" = "1000 calls" ] &&
	[ "$(grep -c '^sendmsg(' out)" = 1000 ] && [ "$(grep -c '^getsockname(' out)" = 1000 ]
result $? memory_that_changes said

# When python takes memory for its objects hangs on their addresses.
without='^(brk|munmap|mmap)\((NULL|0x[0-9a-f]+)(\)|, [0-9]+(\)|, PROT_READ\|PROT_WRITE, MAP_PRIVATE\|MAP_ANONYMOUS, ))'
as_strace python3 python3.11 -I -S -c 'import json; print(json.dumps({"a": [1, 2]}))'
echo "1..$number"
