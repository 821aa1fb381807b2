#!/bin/sh
# SPDX-License-Identifier: MIT
# sandbox_programs.sh - python3, sqlite3 and gzip under the ready policies

here=$(dirname "$0")
. "$here/compare"
cd /tmp || exit 1
python=$(ls /usr/bin/python3.* 2>/dev/null | head -1)

# Natively, then with these options of dune-run: a command.
both_ways() {
	options=$1
	shift
	prepare
	"$@" <work/text >native 2>&1
	native=$?
	prepare
	# shellcheck disable=SC2086
	dune-run $options "$@" <work/text >inside 2>&1
	inside=$?
}

# A program that the machine may lack, a policy, a name, then a command: as natively?
alike() {
	program=$1 policy=$2 name=$3
	shift 3
	[ -x "$program" ] || { skip "$name" "there is no ${program:-python3}"; return; }
	both_ways "--policy=$policy" "$@"
	[ $inside = $native ] && [ -s native ] && cmp -s native inside
	status=$?
	result $status "$name"
	[ $status = 0 ] || tr -cd '[:print:]\n' <inside | sed 's/^/# /' | head -20
}

# The same, then a pattern for the report; the attempt succeeds natively.
denied() {
	program=$1 policy=$2 name=$3 report=$4
	shift 4
	[ -x "$program" ] || { skip "$name" "there is no ${program:-python3}"; return; }
	both_ways "--report --policy=$policy" "$@"
	[ $native = 0 ] && [ $inside != 0 ] && grep -qE "$report" inside && untouched
	status=$?
	result $status "$name"
	[ $status = 0 ] || { echo "natively $native, inside $inside"; cat native inside; } | sed 's/^/# /' | head -20
}

prepare() {
	rm -rf work secret
	mkdir -p work secret
	seq 1 20000 >work/text
	echo secret >secret/file
	chmod 640 work/text secret/file
	touch -d '2001-01-01 00:00:00' work/text	# gzip keeps it
	[ ! -x /usr/bin/sqlite3 ] || sqlite3 work/db 'create table t(a); insert into t values(6),(7);'
}

# What no attempt may change.
untouched() {
	[ "$(seq 1 20000 | md5sum)" = "$(md5sum <work/text)" ] && [ "$(stat -c %a work/text)" = 640 ] &&
		[ "$(ls secret)" = file ] && [ "$(cat secret/file)" = secret ]
}

alike /usr/bin/sqlite3 pure sqlite3_pure sqlite3 :memory: '
	create table t(a, b); with recursive n(i) as (select 1 union all select i + 1 from n where i < 500)
	insert into t select i, i * i % 97 from n; create index b on t(b);
	select b, count(*), sum(a) from t group by b order by 2, 1 limit 5;'
alike /usr/bin/sqlite3 read-only:/tmp/work sqlite3_read_only sqlite3 work/db 'select sum(a) from t;'
alike /usr/bin/sqlite3 workdir:/tmp/work sqlite3_workdir sqlite3 work/db '
	insert into t values(8); update t set a = a * 2; delete from t where a = 14; vacuum; select * from t;'
denied /usr/bin/sqlite3 pure sqlite3_pure_denied 'refused: no rule gives .* on /tmp/work/db' \
	sqlite3 /tmp/work/db 'select * from t;'
denied /usr/bin/sqlite3 read-only:/tmp/work sqlite3_read_only_denied \
	'openat\(.*/tmp/work/db.* refused: no rule gives.* write' sqlite3 /tmp/work/db 'insert into t values(1);'
denied /usr/bin/sqlite3 workdir:/tmp/work sqlite3_workdir_denied \
	'/tmp/secret.* refused: no rule gives any right on /tmp/secret' \
	sqlite3 /tmp/secret/db 'create table t(a);'

alike "$python" pure python3_pure "$python" -I -S -c '
import json, sys, zlib
text = json.dumps({str(i): [i, i * i] for i in range(500)}, sort_keys=True)
assert json.loads(text)["7"] == [7, 49]
print(zlib.crc32(text.encode()), sum(map(int, sys.stdin)))'
alike "$python" read-only:/tmp/work python3_read_only "$python" -I -S -c '
import os
print(os.listdir("/tmp/work") != [], sum(map(int, open("/tmp/work/text"))))'
alike "$python" workdir:/tmp/work python3_workdir "$python" -I -S -c '
import os
open("/tmp/work/new", "w").write("one\n")
os.rename("/tmp/work/new", "/tmp/work/newer")
os.chmod("/tmp/work/newer", 0o600)
pid = os.fork()
if not pid:
    os.execv("/bin/busybox", ["busybox", "cat", "/tmp/work/newer"])
print(os.waitpid(pid, 0)[1], oct(os.stat("/tmp/work/newer").st_mode))'
denied "$python" pure python3_pure_denied 'refused: no rule gives read on /tmp/secret/file' \
	"$python" -I -S -c 'print(open("/tmp/secret/file").read())'
denied "$python" pure python3_pure_forks_not '(fork|clone)\(.* refused: no rule allows it' \
	"$python" -I -S -c 'import os; os.fork() or os._exit(0)'
denied "$python" read-only:/tmp/work python3_read_only_denied \
	'refused: no rule gives.* write.* on /tmp/work/text' \
	"$python" -I -S -c 'open("/tmp/work/text", "a")'
denied "$python" read-only:/tmp/work python3_read_only_fchmod_denied \
	'fchmod\(.* refused: no rule gives write on /tmp/work/text' \
	"$python" -I -S -c 'import os; os.chmod(os.open("/tmp/work/text", os.O_RDONLY), 0o777)'
denied "$python" workdir:/tmp/work python3_workdir_denied 'refused: no rule gives .* on /tmp/secret' \
	"$python" -I -S -c 'import os; os.symlink("/tmp/secret", "/tmp/work/s"); open("/tmp/work/s/new", "w")'
denied "$python" workdir:/tmp/work python3_workdir_kills_not 'kill\(.* refused: argument 0: not a process' \
	"$python" -I -S -c 'import os; os.kill(1, 0)'

# Debian's, or busybox's.
gzip=/usr/bin/gzip by=''
[ -x $gzip ] || gzip=/bin/busybox by=gzip
# shellcheck disable=SC2086
{
	alike $gzip pure gzip_pure $gzip $by -c
	alike $gzip read-only:/tmp/work gzip_read_only $gzip $by -c /tmp/work/text
	alike $gzip workdir:/tmp/work gzip_workdir sh -c "
		cd /tmp/work && $gzip $by text && $gzip $by -dc text.gz && $gzip $by -d text.gz && ls"
	denied $gzip pure gzip_pure_denied 'refused: no rule gives .* on /tmp/work/text' \
		$gzip $by -c /tmp/work/text
	denied $gzip read-only:/tmp/work gzip_read_only_denied 'refused: no rule gives.* create' \
		$gzip $by -k /tmp/work/text
	denied $gzip workdir:/tmp/work gzip_workdir_denied 'refused: no rule gives .* on /tmp/secret' \
		$gzip $by -k /tmp/secret/file
}
echo "1..$number"
