#!/bin/sh
# SPDX-License-Identifier: MIT
# dune-run.sh - whole programs under dune-run, and natively: no difference

here=$(dirname "$0")
. "$here/compare"
cd /tmp || exit 1
export SOME=variable

for link in "" -nopie -static -static-pie; do
	same "dump$link" "$here/prog-dump$link" a "b c" ""
	for how in exit _exit abort segv fpe ill trap hlt vmcall int80 kill term numbers efault thread fork exec; do
		same "end_$how$link" "$here/prog-end$link" $how
	done
done

# Signals: natively, under dune-run, and at CPL 0, where the program enters Dune
# mode itself. $1 is added to the names.
signals() {
	for part in signals waits; do
		same $part"$1" "$here/prog-$part"
		number=$((number + 1))
		"$here/prog-$part-inside" >out.inside 2>&1
		if cmp -s out.native out.inside; then
			echo "ok $number ${part}_at_cpl0$1"
		else
			echo "not ok $number ${part}_at_cpl0$1"
			diff out.native out.inside | sed 's/^/# /' | head -20
		fi
	done
}

signals
same signals-static "$here/prog-signals-static"
same calls "$here/prog-calls"
same many_children_and_threads "$here/prog-many"
same execs "$here/prog-execs"
same kinds_of_memory "$here/prog-kinds"

# The same again without the fast path.
fastcall=/sys/module/dune/parameters/fastcall
echo N >$fastcall
signals _native_path
same calls_native_path "$here/prog-calls"
echo Y >$fastcall

cat >script.sh <<-'EOF'
	#!/bin/sh
	i=0 sum=0
	while [ $i -lt 300 ]; do
		i=$((i + 1))
		case $((i % 3)) in 0) sum=$((sum + i)) ;; *) : ;; esac
	done
	f() { local x=$1; echo "f $x ${x#a}"; }
	for w in abc ade; do f $w; done
	printf '%05d %s\n' $sum done
	read -r line && echo "read: $line"
	set -- a b c; shift; echo "$# $*"
	echo $(echo a pipe | sed s/a/the/) "$0"
	(exit 3); echo $?
	trap 'echo bye' EXIT
	exit 9
EOF
chmod +x script.sh
same sh_script busybox sh script.sh
same script_with_interpreter ./script.sh arg
same sh_builtins busybox sh -c 'for i in 1 2 3; do echo $i; done; [ -d /tmp ] && test 1 -lt 2; echo $?; exit 4'
same sh_killed busybox sh -c 'kill -SEGV $$'
same environment busybox env

dd if=/dev/zero bs=1M count=1 2>/dev/null | tr '\0' 'x' >block
i=0
while [ $i -lt 8 ]; do
	echo "$i"
	cat block
	i=$((i + 1))
done >big
same sha256sum_8MiB busybox sha256sum big
rm -f big block

if command -v sqlite3 >/dev/null; then
	same sqlite3 sqlite3 :memory: 'create table t(a,b); insert into t values(1,"x"),(2,"y"); select sum(a),group_concat(b) from t;'
else
	skip sqlite3 "not in this machine"
fi
if [ -x /usr/bin/python3.11 ]; then
	same python3 /usr/bin/python3.11 -c 'import json, zlib; print(json.dumps({"crc": zlib.crc32(b"dune")}))'
else
	skip python3 "not in this machine"
fi

number=$((number + 1))
if [ "$(dune-run /nonexistent 2>&1; echo $?)" = "dune-run: /nonexistent: no such file (or its interpreter is missing)
127" ]; then
	echo "ok $number missing_program_is_127"
else
	echo "not ok $number missing_program_is_127"
fi
echo "1..$number"
