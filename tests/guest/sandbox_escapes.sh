#!/bin/sh
# SPDX-License-Identifier: MIT
# sandbox_escapes.sh - attempts to get out of the sandbox, and what stands behind it

here=$(dirname "$0")
. "$here/compare"
escape=$here/escape
cd /tmp || exit 1
[ -z "$SLOW_KERNEL" ] && slower=1 || slower=10

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

cat >policy <<END
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
limit time $((500 * slower))
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

of_policy=policy
# Each attempt is made in the sandbox, where the answer of its table must come, and with
# the guard removed, natively or at ring 0, where it must get through.
attempts() {	# group, a command before all
	group=$1
	shift
	for guard in n 0; do
		prepare
		[ $guard = n ] && program=$escape || program=$escape-inside
		timeout $((200 * slower)) "$@" "$program" "$group" >free-$guard 2>&1
	done
	prepare
	timeout $((300 * slower)) "$@" dune-run --policy="$of_policy" "$escape" "$group" >inside 2>&1
	"$escape" >list
	while read -r of name guard answer free; do
		[ "$of" != "$group" ] || attempt "$name" "$guard" "$answer" "$free"
	done <list
	grep -h '^#' inside free-n free-0
}

for group in pointers memory races files file-races processes network vdso cpu state frames; do
	attempts $group
done
attempts terminal "$escape" --tty
grep -v '^limit memory' policy >roomy
echo 'read+write /' >>roomy
of_policy=roomy
attempts room

#
# The second line by itself: the same attempts, natively, behind no more than what the
# sandbox sets up for the case that ring 0 should fail.
#

behind() {	# policy, command...
	policy=$1
	shift
	dune-policy --start "$policy" "$here/behind" "$@"
}

# A policy, a group, what must come, and of which attempts.
refuses() {
	policy=$1 group=$2 want=$3
	shift 3
	prepare
	behind "$policy" timeout $((200 * slower)) "$escape" "$group" >out 2>&1
	for name in "$@"; do
		answers "$name" "$want" out
		status=$?
		result $status "${policy}_alone_refuses_$name"
		[ $status = 0 ] || { grep "^$name " out || head -3 out; } | sed 's/^/# /'
	done
}

# One wall at a time; each alone must do. Capabilities are dropped with every one.
# Linux, executing a program itself, asks for more of its libraries than dune-run does.
# Landlock of new kernels takes some ports, not a thousand.
sed 's/^limit.*//; s/^read \/lib/read+exec \/lib/; s/1000-1999/1234-1240/; $a second-line landlock' policy >landlock
cp landlock capabilities
cat >filter <<'END'
allow @basic @io @files @memory @process @signal @time
read+write+create+exec /
END

if "$here/behind" --landlock 1; then
	[ "$(behind landlock grep -c 'Seccomp:.0' /proc/self/status)" = 1 ]
	result $? landlock_alone_is_there
	prepare
	echo mine >/tmp/work/mine
	[ "$(behind landlock busybox sh -c 'cat /tmp/work/mine; echo new >/tmp/work/new; cat /tmp/work/new')" = "mine
new" ]
	result $? landlock_alone_lets_through_what_rules_give
	refuses landlock files 'EACCES|EXDEV' absolute dot_dot many_dot_dots by_symlink by_relative_symlink \
		by_chain by_root_link by_cwd_link by_directory by_path_descriptor by_upper_directory \
		by_chdir by_fchdir by_hard_link by_linkat by_rename by_openat2 by_creat by_dangling_link \
		write_it list_it make_directory execute_it execute_descriptor execute_by_script
	refuses landlock memory 'EACCES|EPERM' proc_mem proc_thread_mem proc_pid_mem proc_mem_by_dir \
		proc_mem_by_link proc_mem_by_root proc_mem_of_parent proc_clear_refs
else
	skip landlock_alone "this kernel has none"
fi
if "$here/behind" --landlock 4; then
	refuses landlock network EACCES connect_port bind_port
	[ "$(behind landlock busybox nc 127.0.0.1 1234 2>&1 </dev/null)" = "nc: can't connect to remote host (127.0.0.1): Connection refused" ]
	result $? landlock_alone_lets_through_ports_that_rules_give
else
	skip landlock_alone_and_ports "this kernel's knows no ports"
fi
if "$here/behind" --landlock 6; then
	refuses landlock processes EPERM kill_init kill_session
else
	skip landlock_alone_and_signals "this kernel's knows no signals"
fi

refuses capabilities processes EPERM new_namespace clone_namespace clone3_namespace \
	mount_something load_module host_name

[ "$(behind filter grep -c 'Seccomp:.2' /proc/self/status)" = 1 ]
result $? filter_alone_is_there
prepare
[ "$(behind filter cat /tmp/secret/file)" = secret ]
result $? filter_alone_lets_through_what_rules_give
refuses filter network EPERM connect_port connect_host connect_datagram connect_mapped connect_six \
	send_to send_message send_fast_open bind_port bind_any raw_socket netlink_socket \
	family_with_upper_bits filter_with_address
refuses filter memory EPERM vm_writev vm_readv trace_parent trace_me user_faults ring old_aio \
	attach_segment remap_pages
refuses filter processes EPERM pidfd_get new_namespace mount_something load_module program_of_kernel \
	events own_filter keys host_name be_another table_of_segments ports upper_half
refuses filter files EPERM by_chroot by_bind_mount by_handle
echo "1..$number"
