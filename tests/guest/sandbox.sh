#!/bin/sh
# SPDX-License-Identifier: MIT
# sandbox.sh - programs under a policy: what they may do works, the rest does not

here=$(dirname "$0")
. "$here/compare"
cd /tmp || exit 1

# A name, the output and status expected, then a command.
gives() {
	name=$1 want=$2
	shift 2
	got=$("$@" 2>err; echo "status $?")
	[ "$got" = "$want" ]
	result $? "$name"
	[ "$got" = "$want" ] || { echo "$got" | sed 's/^/# /'; sed 's/^/# err: /' err | head -5; }
}

# A name, a pattern for standard error, then a command.
says() {
	name=$1 want=$2
	shift 2
	"$@" >out 2>err
	grep -qE "$want" err
	status=$?
	result $status "$name"
	[ $status = 0 ] || sed 's/^/# /' err | head -5
}

prepare() {
	rm -rf /tmp/work /tmp/secret
	mkdir -p /tmp/work/dir /tmp/secret
	echo secret >/tmp/secret/file
	ln -sf /tmp/secret/file /tmp/work/link
}

# What is allowed
gives none_echo "hi
status 0" dune-run --policy=none busybox echo hi
gives pure_echo "hi
status 0" dune-run --policy=pure busybox echo hi
prepare
echo data >/tmp/work/f
gives workdir_shell "data
x
d
data
5
status 0" dune-run --policy=workdir:/tmp/work busybox sh -c '
	cd /tmp/work; cat f; echo x >g; cat g; rm g link; rmdir dir; mkdir d; mv f d/f; ls
	cat d/../d/f; cat d/f | busybox wc -c'
gives outside_is_refused "status 1" dune-run --policy=workdir:/tmp/work busybox cat /tmp/secret/file
gives pure_opens_nothing "status 1" dune-run --policy=pure busybox cat /tmp/work/d/f
gives pure_forks_not "status 2" dune-run --policy=pure busybox sh -c 'busybox true; echo never'
gives exec_stays_inside "status 1" dune-run --policy=workdir:/tmp/work busybox sh -c 'exec busybox cat /tmp/secret/file'

# Without random addresses libraries lie right below the stack.
echo 0 >/proc/sys/kernel/randomize_va_space
gives addresses_not_random "dune-policy 1.0
status 0" dune-run --policy=workdir:/tmp/work dune-policy --version
echo 2 >/proc/sys/kernel/randomize_va_space

# Actions
printf 'use none\n' >p
sed 's/^use none/emulate 77 getuid geteuid\nuse none/' p >p2
gives emulate "77
status 0" dune-run --policy=p2 busybox id -u
sed 's/^use none/errno EROFS mkdir mkdirat\nuse none/' p >p2
says errno "Read-only" dune-run --policy=p2 busybox mkdir /tmp/work/new
sed 's/^use none/kill mkdir mkdirat\nuse none/' p >p2
gives kill "status 159" dune-run --policy=p2 busybox mkdir /tmp/work/new
says kill_report 'mkdir\("/tmp/work/new", 0777\) killed.*p2:1.*busybox\+0x' dune-run --policy=p2 busybox mkdir /tmp/work/new
sed 's/^use none/log mkdir mkdirat\nuse none/' p >p2
says log 'mkdir\("/tmp/work/new", 0777\) logged' dune-run --policy=p2 busybox mkdir /tmp/work/new
[ -d /tmp/work/new ]
result $? log_lets_through
says report 'openat\(.*/secret/file".* refused: no rule gives read on /tmp/secret/file' \
	dune-run --report --policy=workdir:/tmp/work busybox cat /tmp/work/../secret/file
# A name that would clear the screen, and one that would be a second report or rule.
odd=/tmp/secret/$(printf 'a\033[2Jb\302\233c')
lines=/tmp/secret/$(printf 'd\nuse none\n#')
touch "$odd" "$lines"
dune-run --report --policy=workdir:/tmp/work busybox cat "$odd" "$lines" 2>&1 >/dev/null |
	grep '^dune-run' >odd
[ "$(wc -l <odd)" = 2 ] && ! grep -q "$(printf '[\033\302]')" odd && grep -q 'on /tmp/secret/a?\[2Jb' odd
result $? report_of_odd_names odd
sed 's/^use none/allow write if arg0 is stdout\nerrno EPERM write\nuse none/' p >p2
gives conditions "out
status 0" dune-run --policy=p2 busybox sh -c 'echo out; echo err >&2; true'
printf 'allow read\n  alow write\n' >p2
says error_with_place '^p2:2:3: ' dune-run --policy=p2 busybox true

# Trace and learn
says trace '^gete?uid\(\) += 0$' dune-run --trace busybox id -u
says trace_strings '"work/new".* = -1 EEXIST \(File exists\)' dune-run --trace busybox mkdir work/new
echo hello >/tmp/work/hello
dune-run --learn=/tmp/learnt busybox cat /tmp/work/hello >/dev/null
grep -q 'read "/tmp/work/hello"' learnt
result $? learn_writes_paths
gives learnt_is_enough "hello
status 0" dune-run --policy=learnt busybox cat /tmp/work/hello
gives learnt_is_no_more "status 1" dune-run --policy=learnt busybox cat /tmp/secret/file
dune-run --learn=/tmp/learnt busybox cat "$odd" "$lines" >/dev/null
dune-policy learnt >/dev/null && ! grep -q '^use none' learnt && grep -q "line's end" learnt
result $? learnt_of_odd_names learnt

# Limits
limited() { printf 'use none\nlimit %s\n%s\n' "$1" "$2" >p2; shift 2; dune-run --policy=p2 "$@"; }
gives limit_output "65536
status 0" sh -c '
	printf "use none\nlimit output 64K\n" >p2
	dune-run --policy=p2 busybox dd if=/dev/zero of=/tmp/work/big bs=4096 count=100 2>/dev/null
	stat -c %s /tmp/work/big'
begin=$(date +%s)
limited 'time 3' '' busybox sh -c 'while :; do :; done' 2>/dev/null
status=$?
[ $status = 137 ] && [ $(($(date +%s) - begin)) -lt 60 ]
result $? limit_time
limited 'time 3' '' busybox sh -c 'busybox sh -c "while :; do :; done" & sleep 1; exec busybox sh -c "while :; do :; done"' 2>/dev/null
sleep 4
! ps | grep -v grep | grep -q 'while :'
result $? limit_time_of_children
printf 'use none\nlimit time 3\n' >p2
says limit_time_of_a_namespace "limit time: it cannot end a namespace's first process" \
	busybox unshare -m -p -f --mount-proc dune-run --policy=p2 busybox true
limited 'cpu 1' '' busybox sh -c 'while :; do :; done' 2>/dev/null
status=$?
[ $status -gt 128 ]
result $? limit_cpu
limited 'memory 8M' '' busybox dd if=/dev/zero of=/dev/null bs=64M count=1 2>err
[ $? != 0 ]
result $? limit_memory
for files in 20 64 200 400; do
	[ "$(limited "files $files" '' prog-files $files 2>&1)" = all ]
	result $? "limit_files_$files"
done
# Whoever starts it may have no more than this: some are left for threads.
printf 'use none\nlimit files 200\n' >p2
[ "$(prog-limited 320 dune-run --policy=p2 prog-files 200 2>&1)" = all ]
result $? limit_files_below_a_hard_limit
limited 'files 64' 'limit processes 8' prog-files 200 2>err
[ $? = 1 ] && grep -q 'Bad file descriptor\|Too many open files' err
result $? limit_files

# A child was killed, and its number is another's: Linux gives it out anew.
reused() {
	rm -f line pid
	mkfifo line
	"$@" prog-reused <line >pid &
	reuser=$!
	exec 9>line
	while [ ! -s pid ]; do sleep 1; done
	pid=$(cat pid) tries=20 stranger=
	while [ $tries -gt 0 ] && [ "$stranger" != "$pid" ]; do
		echo $((pid - 1)) >/proc/sys/kernel/ns_last_pid
		sleep 100 &
		stranger=$!
		[ $stranger = "$pid" ] || kill $stranger
		tries=$((tries - 1))
	done
	[ $stranger = "$pid" ] || echo "# its number is not given out again"
	echo >&9
	exec 9>&-
	wait $reuser
	status=$?
	kill $stranger
}
printf 'allow @basic @io @files @memory @process @signal\nread /lib /lib64 /dune\n' >p2
reused
[ $status = 0 ]
result $? strangers_get_signals_natively
reused dune-run --policy=p2
[ $status = 3 ]
result $? strangers_get_none

# What the program may write itself it may not execute.
printf 'allow @basic @io @files @memory @process @signal\nread+exec /bin /dune /lib /lib64 /usr\nread+write+create+exec /tmp/work\n' >p2
gives written_and_executed "mine
status 0" dune-run --policy=p2 busybox sh -c 'busybox cp /bin/busybox /tmp/work/busybox; /tmp/work/busybox echo mine'
echo deny-write-exec >>p2
gives deny_write_exec "status 126" dune-run --policy=p2 busybox sh -c '/tmp/work/busybox echo mine'

# Of a script's interpreter no more is told than of any other file.
printf 'allow @basic @io @files @memory @process @signal\nread+exec /bin /dune /lib /lib64 /usr\nread+write+create+exec /tmp/work\n' >p2
cp /bin/busybox /tmp/secret/program
echo 'echo told' >/tmp/secret/text
printf '#!/tmp/secret/text\n' >/tmp/secret/script
printf '#!/tmp/work/inner\n' >/tmp/work/outer
printf '#!/bin/busybox sh\necho ran $1\n' >/tmp/work/inner
chmod +x /tmp/secret/* /tmp/work/*er
for interpreter in program text script; do
	printf '#!/tmp/secret/%s\n' $interpreter >/tmp/work/script
	chmod +x /tmp/work/script
	says hidden_interpreter_$interpreter '/tmp/work/script: Permission denied' \
		dune-run --policy=p2 busybox sh -c /tmp/work/script
	says hidden_interpreter_${interpreter}_report "no rule gives exec on /tmp/secret/$interpreter" \
		dune-run --report --policy=p2 busybox sh -c /tmp/work/script
done
gives script_of_a_script "ran /tmp/work/outer
status 0" dune-run --policy=p2 busybox sh -c /tmp/work/outer

# With the second line alone behind a policy that lets all through
printf 'allow @basic @io @files @memory @process @signal @time @net\nread+exec /bin /dune /lib /lib64 /usr\nread+write+create /tmp/work\n' >p2
gives second_line "sum
status 0" dune-run --policy=p2 busybox sh -c 'echo sum >/tmp/work/sum; busybox cat /tmp/work/sum'
gives second_line_is_there "CapEff:	00000000018044ff
NoNewPrivs:	1
Seccomp:	2
status 0" sh -c "printf 'read /proc\n' >>p2; dune-run --policy=p2 busybox grep -E 'CapEff|NoNewPrivs|Seccomp:' /proc/self/status"
gives second_line_without_a_filter "NoNewPrivs:	1
Seccomp:	0
status 0" sh -c "printf 'second-line landlock\n' >>p2; dune-run --policy=p2 busybox grep -E 'NoNewPrivs|Seccomp:' /proc/self/status"

# Whole programs under a policy are as natively: their signals, waits and executions
mkdir -p /tmp/work/tmp
cat >programs <<'END'
allow @basic @io @files @memory @process @signal @time @net
read /lib /lib64 /usr/lib /etc/ld.so.cache
read+exec /bin /usr/bin /dune/bin
read+write+create+exec /tmp
limit processes 50
limit files 200
END
options=--policy=programs
# What a policy answers in its own way: what is no file of a rule's may not be executed.
other='memfd|fexecve|not through a link|bad descriptor|script that closes|in the shell|script 2'
executes() {	# name, program
	same "$1" "$2" >unlike
	if grep -vE "^($other)" out.native >want && grep -vE "^($other)" out.dune | cmp -s - want &&
		[ -s want ] && [ "$(grep -cE '^(memfd|bad descriptor|not through a link): errno 13$' out.dune)" = 3 ]; then
		echo "ok $number $1"
	else
		echo "not ok $number $1"
		sed 's/^/# /' unlike out.dune
	fi
}
# Timers made with timer_create() are not to be had: the monitor's own is one.
for link in '' -static; do
	same "signals${link}_under_a_policy" "$here/prog-signals$link"
	same "waits${link}_under_a_policy" busybox env WITHOUT=timers "$here/prog-waits$link"
	executes "execs${link}_under_a_policy" "$here/prog-execs$link"
done
same many_under_a_policy "$here/prog-many"
# With a clock of its own, and without the filter, calls go other ways.
printf 'limit time 400\nsecond-line landlock\n' >>programs
same signals_under_limits "$here/prog-signals"
same waits_under_limits busybox env WITHOUT=timers "$here/prog-waits"
executes execs_under_limits "$here/prog-execs"
options=

# A ready policy for one peer: two servers, and one of them is it
mkdir -p www
echo "served" >www/file
for port in 1180 1181; do
	busybox httpd -f -p 127.0.0.1:$port -h www &
	servers="$servers $!"
done
sleep 1
get() {	# port, before
	port=$1
	shift
	"$@" busybox wget -qO- "http://127.0.0.1:$port/file"
}
gives network_natively "served
served
status 0" sh -c 'busybox wget -qO- http://127.0.0.1:1180/file && busybox wget -qO- http://127.0.0.1:1181/file'
gives network_allowed_port "served
status 0" get 1180 dune-run --policy=network:127.0.0.1:1180
gives network_other_port "status 1" get 1181 dune-run --policy=network:127.0.0.1:1180
says network_other_port_is_reported \
	'connect\(.* refused: no rule to connect 127.0.0.1:1181' \
	get 1181 dune-run --report --policy=network:127.0.0.1:1180
gives network_the_other_way_round "served
status 0" get 1181 dune-run --policy=network:127.0.0.1:1181
says network_no_server 'bind\(.* refused: no rule to bind' \
	timeout 20 dune-run --report --policy=network:127.0.0.1:1180 busybox nc -l -p 1190
says network_no_files 'refused: no rule gives read on /tmp/secret/file' \
	dune-run --report --policy=network:127.0.0.1:1180 busybox cat /tmp/secret/file
# shellcheck disable=SC2086
kill $servers
echo "1..$number"
