#!/bin/sh
# SPDX-License-Identifier: MIT
# sandbox_escapes.sh - attempts to get out of the sandbox, and what stands behind it

here=$(dirname "$0")
. "$here/compare"
escape=$here/escape
cd /tmp || exit 1

prepare() {
	umount /tmp/work/mount 2>/dev/null
	rm -rf /tmp/work /tmp/secret /tmp/read-only
	mkdir -p /tmp/work/dir /tmp/secret /tmp/read-only
	: >/tmp/read-only/file
	echo secret >/tmp/secret/file
	cp /bin/busybox /tmp/secret/busybox
	: >/tmp/secret/socket
	ln -sf /tmp/secret/file /tmp/work/link
}

cat >policy <<'END'
# Everything of the tables, but only these files, peers and amounts
allow @basic @io @files @memory @process @signal @time @net
read /lib /lib64 /usr/lib /etc/ld.so.cache /dune
read+exec /bin /usr/bin /dune/bin
read /proc /proc/self /tmp/read-only
read+write /dev/null
read+write+create+exec /tmp/work
connect 127.0.0.1:1000-1999
bind 127.0.0.1:1000-1999
limit processes 30
limit files 64
limit memory 256M
limit time 500
END

# A name, its line of answers, what these may be, a file that holds them. Exactly so: an
# attempt that ends before it is made, or by another fault, proves nothing.
answers() {
	grep -qxE "$1 ($2)" "$3" && [ "$(grep -c "^$1 " "$3")" = 1 ]
}

# What a kernel or a CPU says that has no such thing.
lacking='ENOSYS|EOPNOTSUPP|EAFNOSUPPORT|EPROTONOSUPPORT|ENOPROTOOPT|#UD'

# A name, where its guard is removed, the answers with and without it.
attempt() {
	if [ "$4" = "done" ] && answers "$1" "$lacking" "free-$2"; then
		skip "escape_$1" "with the guard removed: $(sed -n "s/^$1 //p" "free-$2")"
		return
	fi
	answers "$1" "$3" inside && { [ "$2" = - ] || answers "$1" "$4" "free-$2"; }
	status=$?
	result $status "escape_$1"
	[ $status = 0 ] && return
	echo "# expected: $3 in the sandbox, $4 without"
	grep "^$1 " inside "free-$2" | sed 's/^/# /'
}

# Each attempt is made in the sandbox, where the answer of its table must come, and with
# the guard removed, natively or at ring 0, where it must get through.
attempts() {	# group, a command before all
	group=$1
	shift
	for guard in n 0; do
		prepare
		[ $guard = n ] && program=$escape || program=$escape-inside
		timeout 200 "$@" "$program" "$group" >free-$guard 2>&1
	done
	prepare
	timeout 300 "$@" dune-run --policy=policy "$escape" "$group" >inside 2>&1
	"$escape" >list
	while read -r of name guard answer free; do
		[ "$of" != "$group" ] || attempt "$name" "$guard" "$answer" "$free"
	done <list
	grep -h '^#' inside free-n free-0
}

for group in pointers memory races files processes network vdso cpu state frames; do
	attempts $group
done
attempts terminal "$escape" --tty
echo "1..$number"
