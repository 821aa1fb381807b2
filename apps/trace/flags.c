/* SPDX-License-Identifier: MIT */
/*
 * flags.c - numbers that have names, and sums of them
 */
#include <asm/prctl.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/futex.h>
#include <linux/magic.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <signal.h>
#include <unistd.h>

#include "trace.h"

struct name {
	uint64_t	value;
	const char	*name;
};

/* One list: values under a mask first, then bits. What is left is shown in hex. */
struct names {
	uint64_t		mask;	/* of what is one of a kind, not a sum */
	const struct name	*one, *bits;
	const char		*none;	/* for 0, if nothing else */
};

#define N(x)	{ x, #x }
#define END	{ 0, NULL }

static const struct name accesses[] = { N(O_RDONLY), N(O_WRONLY), N(O_RDWR), END };
static const struct name open_bits[] = {
	N(O_CREAT), N(O_EXCL), N(O_NOCTTY), N(O_TRUNC), N(O_APPEND), N(O_NONBLOCK), N(O_SYNC),
	N(O_DSYNC), N(O_ASYNC), { 0100000, "O_LARGEFILE" }, N(O_NOFOLLOW), N(O_CLOEXEC), N(O_DIRECT),
	N(O_NOATIME), N(O_PATH), N(O_TMPFILE), N(O_DIRECTORY), END };
static const struct name at_bits[] = {
	N(AT_SYMLINK_NOFOLLOW), N(AT_REMOVEDIR), N(AT_SYMLINK_FOLLOW), N(AT_NO_AUTOMOUNT),
	N(AT_EMPTY_PATH), END };
static const struct name statx_kinds[] = {
	N(AT_STATX_SYNC_AS_STAT), N(AT_STATX_FORCE_SYNC), N(AT_STATX_DONT_SYNC), END };
static const struct name statx_bits[] = {
	N(STATX_ALL), N(STATX_BASIC_STATS), N(STATX_TYPE), N(STATX_MODE), N(STATX_NLINK), N(STATX_UID),
	N(STATX_GID), N(STATX_ATIME), N(STATX_MTIME), N(STATX_CTIME), N(STATX_INO), N(STATX_SIZE),
	N(STATX_BLOCKS), N(STATX_BTIME), N(STATX_MNT_ID), END };
static const struct name statx_attributes[] = {
	N(STATX_ATTR_COMPRESSED), N(STATX_ATTR_IMMUTABLE), N(STATX_ATTR_APPEND), N(STATX_ATTR_NODUMP),
	N(STATX_ATTR_ENCRYPTED), N(STATX_ATTR_AUTOMOUNT), N(STATX_ATTR_MOUNT_ROOT),
	N(STATX_ATTR_VERITY), N(STATX_ATTR_DAX), END };
static const struct name access_bits[] = { N(R_OK), N(W_OK), N(X_OK), END };
static const struct name whences[] = {
	N(SEEK_SET), N(SEEK_CUR), N(SEEK_END), N(SEEK_DATA), N(SEEK_HOLE), END };
static const struct name prot_bits[] = { N(PROT_READ), N(PROT_WRITE), N(PROT_EXEC), END };
static const struct name map_kinds[] = {
	N(MAP_SHARED), N(MAP_PRIVATE), N(MAP_SHARED_VALIDATE), END };
static const struct name map_bits[] = {
	N(MAP_FIXED), N(MAP_ANONYMOUS), N(MAP_GROWSDOWN), N(MAP_DENYWRITE), N(MAP_LOCKED),
	N(MAP_NORESERVE), N(MAP_POPULATE), N(MAP_NONBLOCK), N(MAP_STACK), N(MAP_HUGETLB),
	N(MAP_FIXED_NOREPLACE), END };
static const struct name advices[] = {
	N(MADV_NORMAL), N(MADV_RANDOM), N(MADV_SEQUENTIAL), N(MADV_WILLNEED), N(MADV_DONTNEED),
	N(MADV_FREE), N(MADV_HUGEPAGE), N(MADV_NOHUGEPAGE), N(MADV_DONTFORK), N(MADV_WIPEONFORK),
	N(MADV_POPULATE_READ), N(MADV_POPULATE_WRITE), N(MADV_REMOVE), N(MADV_DOFORK), N(MADV_MERGEABLE),
	N(MADV_UNMERGEABLE), N(MADV_DONTDUMP), N(MADV_DODUMP), N(MADV_KEEPONFORK), N(MADV_COLD),
	N(MADV_PAGEOUT), N(MADV_HWPOISON), END };
static const struct name fcntls[] = {
	N(F_DUPFD), N(F_GETFD), N(F_SETFD), N(F_GETFL), N(F_SETFL), N(F_GETLK), N(F_SETLK),
	N(F_SETLKW), N(F_SETOWN), N(F_GETOWN), N(F_SETSIG), N(F_GETSIG), N(F_OFD_GETLK), N(F_OFD_SETLK),
	N(F_OFD_SETLKW), N(F_SETLEASE), N(F_GETLEASE), N(F_NOTIFY), N(F_SETPIPE_SZ), N(F_GETPIPE_SZ),
	N(F_DUPFD_CLOEXEC), N(F_ADD_SEALS), N(F_GET_SEALS), END };
static const struct name ioctls[] = {
	N(TCGETS), N(TCSETS), N(TCSETSW), N(TCSETSF), N(TCFLSH), N(TIOCGWINSZ), N(TIOCSWINSZ),
	N(TIOCGPGRP), N(TIOCSPGRP), N(TIOCSCTTY), N(TIOCNOTTY), N(TIOCGSID), N(TIOCGPTN), N(TIOCSPTLCK),
	N(FIONREAD), N(TIOCOUTQ), N(FIONBIO), N(FIOASYNC), N(FIOCLEX), N(FIONCLEX), END };
static const struct name clone_bits[] = {
	N(CLONE_VM), N(CLONE_FS), N(CLONE_FILES), N(CLONE_SIGHAND), N(CLONE_PIDFD), N(CLONE_PTRACE),
	N(CLONE_VFORK), N(CLONE_PARENT), N(CLONE_THREAD), N(CLONE_NEWNS), N(CLONE_SYSVSEM),
	N(CLONE_SETTLS), N(CLONE_PARENT_SETTID), N(CLONE_CHILD_CLEARTID), N(CLONE_UNTRACED),
	N(CLONE_CHILD_SETTID), N(CLONE_NEWCGROUP), N(CLONE_NEWUTS), N(CLONE_NEWIPC),
	N(CLONE_NEWUSER), N(CLONE_NEWPID), N(CLONE_NEWNET), N(CLONE_IO), END };
static const struct name wait_bits[] = {
	N(WNOHANG), N(WUNTRACED), N(WEXITED), N(WCONTINUED), N(WNOWAIT), N(__WNOTHREAD), N(__WALL),
	N(__WCLONE), END };
static const struct name hows[] = { N(SIG_BLOCK), N(SIG_UNBLOCK), N(SIG_SETMASK), END };
static const struct name futexes[] = {
	N(FUTEX_WAIT), N(FUTEX_WAKE), N(FUTEX_REQUEUE), N(FUTEX_CMP_REQUEUE), N(FUTEX_WAKE_OP),
	N(FUTEX_FD), N(FUTEX_LOCK_PI), N(FUTEX_UNLOCK_PI), N(FUTEX_TRYLOCK_PI), N(FUTEX_WAIT_BITSET),
	N(FUTEX_WAKE_BITSET), N(FUTEX_WAIT_REQUEUE_PI), N(FUTEX_CMP_REQUEUE_PI),
	{ 13, "FUTEX_LOCK_PI2" }, END };
static const struct name futex_ops[] = {
	N(FUTEX_OP_SET), N(FUTEX_OP_ADD), N(FUTEX_OP_OR), N(FUTEX_OP_ANDN), N(FUTEX_OP_XOR), END };
static const struct name futex_compares[] = {
	N(FUTEX_OP_CMP_EQ), N(FUTEX_OP_CMP_NE), N(FUTEX_OP_CMP_LT), N(FUTEX_OP_CMP_LE),
	N(FUTEX_OP_CMP_GT), N(FUTEX_OP_CMP_GE), END };
static const struct name arch_codes[] = {
	N(ARCH_SET_GS), N(ARCH_SET_FS), N(ARCH_GET_FS), N(ARCH_GET_GS), END };
static const struct name prctls[] = {
	N(PR_SET_PDEATHSIG), N(PR_GET_DUMPABLE), N(PR_SET_DUMPABLE), N(PR_SET_NAME), N(PR_GET_NAME),
	N(PR_GET_SECCOMP), N(PR_SET_SECCOMP), N(PR_CAPBSET_READ), N(PR_SET_NO_NEW_PRIVS),
	N(PR_GET_NO_NEW_PRIVS), N(PR_SET_VMA), N(PR_GET_PDEATHSIG), N(PR_GET_KEEPCAPS), N(PR_SET_KEEPCAPS),
	N(PR_GET_TIMING), N(PR_SET_TIMING), N(PR_CAPBSET_DROP), N(PR_GET_SECUREBITS),
	N(PR_SET_SECUREBITS), N(PR_SET_TIMERSLACK), N(PR_GET_TIMERSLACK), N(PR_SET_CHILD_SUBREAPER),
	N(PR_GET_CHILD_SUBREAPER), N(PR_SET_THP_DISABLE), N(PR_GET_THP_DISABLE), N(PR_CAP_AMBIENT),
	N(PR_SET_PTRACER), N(PR_SET_MM), N(PR_GET_TID_ADDRESS), END };
static const struct name resources[] = {
	N(RLIMIT_CPU), N(RLIMIT_FSIZE), N(RLIMIT_DATA), N(RLIMIT_STACK), N(RLIMIT_CORE), N(RLIMIT_RSS),
	N(RLIMIT_NPROC), N(RLIMIT_NOFILE), N(RLIMIT_MEMLOCK), N(RLIMIT_AS), N(RLIMIT_LOCKS),
	N(RLIMIT_SIGPENDING), N(RLIMIT_MSGQUEUE), N(RLIMIT_NICE), N(RLIMIT_RTPRIO), N(RLIMIT_RTTIME), END };
static const struct name descriptor_bits[] = { N(FD_CLOEXEC), END };
static const struct name dumpables[] = {
	{ 0, "SUID_DUMP_DISABLE" }, { 1, "SUID_DUMP_USER" }, { 2, "SUID_DUMP_ROOT" }, END };
static const struct name capabilities[] = {
	N(CAP_CHOWN), N(CAP_DAC_OVERRIDE), N(CAP_DAC_READ_SEARCH), N(CAP_FOWNER), N(CAP_FSETID),
	N(CAP_KILL), N(CAP_SETGID), N(CAP_SETUID), N(CAP_SETPCAP), N(CAP_LINUX_IMMUTABLE),
	N(CAP_NET_BIND_SERVICE), N(CAP_NET_BROADCAST), N(CAP_NET_ADMIN), N(CAP_NET_RAW), N(CAP_IPC_LOCK),
	N(CAP_IPC_OWNER), N(CAP_SYS_MODULE), N(CAP_SYS_RAWIO), N(CAP_SYS_CHROOT), N(CAP_SYS_PTRACE),
	N(CAP_SYS_PACCT), N(CAP_SYS_ADMIN), N(CAP_SYS_BOOT), N(CAP_SYS_NICE), N(CAP_SYS_RESOURCE),
	N(CAP_SYS_TIME), N(CAP_SYS_TTY_CONFIG), N(CAP_MKNOD), N(CAP_LEASE), N(CAP_AUDIT_WRITE),
	N(CAP_AUDIT_CONTROL), N(CAP_SETFCAP), N(CAP_MAC_OVERRIDE), N(CAP_MAC_ADMIN), N(CAP_SYSLOG),
	N(CAP_WAKE_ALARM), N(CAP_BLOCK_SUSPEND), N(CAP_AUDIT_READ), { 38, "CAP_PERFMON" },
	{ 39, "CAP_BPF" }, { 40, "CAP_CHECKPOINT_RESTORE" }, END };
static const struct name rename_bits[] = {
	{ 1, "RENAME_NOREPLACE" }, { 2, "RENAME_EXCHANGE" }, { 4, "RENAME_WHITEOUT" }, END };
static const struct name allocate_bits[] = {
	{ 1, "FALLOC_FL_KEEP_SIZE" }, { 2, "FALLOC_FL_PUNCH_HOLE" }, { 4, "FALLOC_FL_NO_HIDE_STALE" },
	{ 8, "FALLOC_FL_COLLAPSE_RANGE" }, { 16, "FALLOC_FL_ZERO_RANGE" },
	{ 32, "FALLOC_FL_INSERT_RANGE" }, { 64, "FALLOC_FL_UNSHARE_RANGE" }, END };
static const struct name file_advices[] = {
	N(POSIX_FADV_NORMAL), N(POSIX_FADV_RANDOM), N(POSIX_FADV_SEQUENTIAL), N(POSIX_FADV_WILLNEED),
	N(POSIX_FADV_DONTNEED), N(POSIX_FADV_NOREUSE), END };
static const struct name flock_bits[] = {
	{ 1, "LOCK_SH" }, { 2, "LOCK_EX" }, { 4, "LOCK_NB" }, { 8, "LOCK_UN" }, END };
static const struct name memfd_bits[] = {
	N(MFD_CLOEXEC), N(MFD_ALLOW_SEALING), N(MFD_HUGETLB), END };
static const struct name remap_bits[] = {
	N(MREMAP_MAYMOVE), N(MREMAP_FIXED), { 4, "MREMAP_DONTUNMAP" }, END };
static const struct name msync_bits[] = { N(MS_ASYNC), N(MS_INVALIDATE), N(MS_SYNC), END };
static const struct name timer_bits[] = { N(TIMER_ABSTIME), END };
static const struct name timers[] = { N(ITIMER_REAL), N(ITIMER_VIRTUAL), N(ITIMER_PROF), END };
static const struct name usages[] = {
	N(RUSAGE_SELF), { (uint32_t)RUSAGE_CHILDREN, "RUSAGE_CHILDREN" }, N(RUSAGE_THREAD), END };
static const struct name id_types[] = { N(P_ALL), N(P_PID), N(P_PGID), { 3, "P_PIDFD" }, END };
static const struct name lock_types[] = { N(F_RDLCK), N(F_WRLCK), N(F_UNLCK), END };
static const struct name stack_bits[] = {
	N(SS_ONSTACK), N(SS_DISABLE), { 1U << 31, "SS_AUTODISARM" }, END };
static const struct name file_systems[] = {
	N(TMPFS_MAGIC), N(EXT2_SUPER_MAGIC), N(PROC_SUPER_MAGIC), N(SYSFS_MAGIC), N(RAMFS_MAGIC),
	N(DEVPTS_SUPER_MAGIC), N(OVERLAYFS_SUPER_MAGIC), N(BTRFS_SUPER_MAGIC), N(XFS_SUPER_MAGIC),
	N(CGROUP2_SUPER_MAGIC), N(NFS_SUPER_MAGIC), N(DEBUGFS_MAGIC), N(TRACEFS_MAGIC),
	N(PIPEFS_MAGIC), N(SOCKFS_MAGIC), END };
static const struct name file_system_bits[] = {
	{ 0x20, "ST_VALID" }, { 1, "ST_RDONLY" }, { 2, "ST_NOSUID" }, { 4, "ST_NODEV" },
	{ 8, "ST_NOEXEC" }, { 16, "ST_SYNCHRONOUS" }, { 64, "ST_MANDLOCK" }, { 1024, "ST_NOATIME" },
	{ 2048, "ST_NODIRATIME" }, { 4096, "ST_RELATIME" }, END };
static const struct name random_bits[] = { N(GRND_NONBLOCK), N(GRND_RANDOM), END };
static const struct name clocks[] = {
	N(CLOCK_REALTIME), N(CLOCK_MONOTONIC), N(CLOCK_PROCESS_CPUTIME_ID),
	N(CLOCK_THREAD_CPUTIME_ID), N(CLOCK_MONOTONIC_RAW), N(CLOCK_REALTIME_COARSE),
	N(CLOCK_MONOTONIC_COARSE), N(CLOCK_BOOTTIME), END };
static const struct name families[] = {
	N(AF_UNSPEC), N(AF_UNIX), N(AF_INET), N(AF_INET6), N(AF_NETLINK), N(AF_PACKET), END };
static const struct name socket_kinds[] = {
	N(SOCK_STREAM), N(SOCK_DGRAM), N(SOCK_RAW), N(SOCK_SEQPACKET), END };
static const struct name socket_bits[] = { N(SOCK_CLOEXEC), N(SOCK_NONBLOCK), END };
static const struct name inet_protocols[] = {
	N(IPPROTO_IP), N(IPPROTO_ICMP), N(IPPROTO_TCP), N(IPPROTO_UDP), N(IPPROTO_IPV6),
	N(IPPROTO_ICMPV6), N(IPPROTO_RAW), END };
static const struct name netlink_protocols[] = {
	N(NETLINK_ROUTE), N(NETLINK_SOCK_DIAG), N(NETLINK_AUDIT), N(NETLINK_NETFILTER),
	N(NETLINK_KOBJECT_UEVENT), N(NETLINK_GENERIC), END };
static const struct name levels[] = {
	N(SOL_IP), N(SOL_SOCKET), N(SOL_TCP), { IPPROTO_UDP, "SOL_UDP" }, N(SOL_IPV6), N(SOL_RAW), N(SOL_PACKET),
	N(SOL_NETLINK), END };
static const struct name socket_options[] = {
	N(SO_DEBUG), N(SO_REUSEADDR), N(SO_TYPE), N(SO_ERROR), N(SO_DONTROUTE), N(SO_BROADCAST),
	N(SO_SNDBUF), N(SO_RCVBUF), N(SO_KEEPALIVE), N(SO_OOBINLINE), N(SO_PRIORITY), N(SO_LINGER),
	N(SO_REUSEPORT), N(SO_PASSCRED), N(SO_PEERCRED), N(SO_RCVLOWAT), N(SO_SNDLOWAT),
	N(SO_BINDTODEVICE), N(SO_ATTACH_FILTER), N(SO_ACCEPTCONN), N(SO_SNDBUFFORCE),
	N(SO_RCVBUFFORCE), N(SO_PROTOCOL), N(SO_DOMAIN), N(SO_BUSY_POLL), N(SO_INCOMING_CPU),
	N(SO_ZEROCOPY), { SO_RCVTIMEO, "SO_RCVTIMEO_OLD" }, { SO_SNDTIMEO, "SO_SNDTIMEO_OLD" },
	{ SO_TIMESTAMP, "SO_TIMESTAMP_OLD" }, N(SO_PEERSEC), N(SO_PASSSEC), N(SO_MARK), N(SO_RXQ_OVFL),
	N(SO_PEEK_OFF), N(SO_DETACH_FILTER), N(SO_PEERNAME), N(SO_COOKIE), N(SO_PEERGROUPS), END };
static const struct name ip_options[] = {
	N(IP_TOS), N(IP_TTL), N(IP_HDRINCL), N(IP_OPTIONS), N(IP_RECVOPTS), N(IP_PKTINFO),
	N(IP_MTU_DISCOVER), N(IP_RECVERR), N(IP_RECVTTL), N(IP_RECVTOS), N(IP_MTU), N(IP_FREEBIND),
	N(IP_TRANSPARENT), N(IP_BIND_ADDRESS_NO_PORT), N(IP_MULTICAST_IF), N(IP_MULTICAST_TTL),
	N(IP_MULTICAST_LOOP), N(IP_ADD_MEMBERSHIP), N(IP_DROP_MEMBERSHIP), END };
static const struct name ipv6_options[] = {
	N(IPV6_UNICAST_HOPS), N(IPV6_MULTICAST_IF), N(IPV6_MULTICAST_HOPS), N(IPV6_MULTICAST_LOOP),
	N(IPV6_MTU_DISCOVER), N(IPV6_MTU), N(IPV6_RECVERR), N(IPV6_V6ONLY), N(IPV6_RECVPKTINFO),
	N(IPV6_PKTINFO), N(IPV6_RECVHOPLIMIT), N(IPV6_HOPLIMIT), N(IPV6_RECVTCLASS), N(IPV6_TCLASS), END };
static const struct name control_types[] = { N(SCM_RIGHTS), N(SCM_CREDENTIALS), END };
static const struct name tcp_options[] = {
	N(TCP_NODELAY), N(TCP_MAXSEG), N(TCP_CORK), N(TCP_KEEPIDLE), N(TCP_KEEPINTVL), N(TCP_KEEPCNT),
	N(TCP_SYNCNT), N(TCP_DEFER_ACCEPT), N(TCP_INFO), N(TCP_QUICKACK), N(TCP_CONGESTION),
	N(TCP_USER_TIMEOUT), N(TCP_FASTOPEN), END };
static const struct name message_bits[] = {
	N(MSG_OOB), N(MSG_PEEK), N(MSG_DONTROUTE), N(MSG_CTRUNC), N(MSG_PROXY), N(MSG_TRUNC),
	N(MSG_DONTWAIT), N(MSG_EOR), N(MSG_WAITALL), N(MSG_ERRQUEUE), N(MSG_NOSIGNAL), N(MSG_MORE),
	N(MSG_WAITFORONE), N(MSG_FASTOPEN), N(MSG_CMSG_CLOEXEC), END };
static const struct name shuts[] = { N(SHUT_RD), N(SHUT_WR), N(SHUT_RDWR), END };
static const struct name epoll_ops[] = { N(EPOLL_CTL_ADD), N(EPOLL_CTL_DEL), N(EPOLL_CTL_MOD), END };
static const struct name epoll_flags[] = { N(EPOLL_CLOEXEC), END };
static const struct name event_flags[] = { N(EFD_SEMAPHORE), N(EFD_CLOEXEC), N(EFD_NONBLOCK), END };
static const struct name inotify_flags[] = { N(IN_NONBLOCK), N(IN_CLOEXEC), END };
static const struct name epoll_bits[] = {
	N(EPOLLIN), N(EPOLLPRI), N(EPOLLOUT), N(EPOLLRDNORM), N(EPOLLRDBAND), N(EPOLLWRNORM),
	N(EPOLLWRBAND), N(EPOLLMSG), N(EPOLLERR), N(EPOLLHUP), N(EPOLLRDHUP), N(EPOLLEXCLUSIVE),
	N(EPOLLWAKEUP), N(EPOLLONESHOT), N(EPOLLET), END };
static const struct name poll_bits[] = {
	N(POLLIN), N(POLLPRI), N(POLLOUT), N(POLLRDNORM), N(POLLRDBAND), N(POLLWRNORM), N(POLLWRBAND),
	N(POLLMSG), N(POLLERR), N(POLLHUP), N(POLLNVAL), N(POLLRDHUP), END };

static const struct names lists[NR_KINDS] = {
	[KIND_OPEN] = { O_ACCMODE, accesses, open_bits, NULL },
	[KIND_PIPEFLAGS] = { 0, NULL, open_bits, "0" },
	[KIND_EPOLLFLAGS] = { 0, NULL, epoll_flags, "0" },
	[KIND_EVENTFLAGS] = { 0, NULL, event_flags, "0" },
	[KIND_INOTIFYFLAGS] = { 0, NULL, inotify_flags, "0" },
	[KIND_ATFLAGS] = { 0, NULL, at_bits, "0" },
	[KIND_ACCESS] = { 0, NULL, access_bits, "F_OK" },
	[KIND_WHENCE] = { ~0ULL, whences, NULL, NULL },
	[KIND_PROT] = { 0, NULL, prot_bits, "PROT_NONE" },
	[KIND_MAP] = { MAP_TYPE, map_kinds, map_bits, NULL },
	[KIND_MADVICE] = { ~0ULL, advices, NULL, NULL },
	[KIND_FCNTL] = { ~0ULL, fcntls, NULL, NULL },
	[KIND_CLONE] = { 0, NULL, clone_bits, NULL },
	[KIND_WAIT] = { 0, NULL, wait_bits, "0" },
	[KIND_SIGHOW] = { ~0ULL, hows, NULL, NULL },
	[KIND_FDBITS] = { 0, NULL, descriptor_bits, "0" },
	[KIND_DUMPABLE] = { ~0ULL, dumpables, NULL, NULL },
	[KIND_CAPABILITY] = { ~0ULL, capabilities, NULL, NULL },
	[KIND_RENAME] = { 0, NULL, rename_bits, "0" },
	[KIND_ALLOCATE] = { 0, NULL, allocate_bits, "0" },
	[KIND_FADVICE] = { ~0ULL, file_advices, NULL, NULL },
	[KIND_FLOCK] = { 0, NULL, flock_bits, "0" },
	[KIND_MEMFD] = { 0, NULL, memfd_bits, "0" },
	[KIND_REMAP] = { 0, NULL, remap_bits, "0" },
	[KIND_MSYNC] = { 0, NULL, msync_bits, "0" },
	[KIND_TIMERFLAGS] = { 0, NULL, timer_bits, "0" },
	[KIND_TIMER] = { ~0ULL, timers, NULL, NULL },
	[KIND_USAGE] = { ~0ULL, usages, NULL, NULL },
	[KIND_IDTYPE] = { ~0ULL, id_types, NULL, NULL },
	[KIND_LOCKTYPE] = { ~0ULL, lock_types, NULL, NULL },
	[KIND_STACKFLAGS] = { 0, NULL, stack_bits, "0" },
	[KIND_FSTYPE] = { ~0ULL, file_systems, NULL, NULL },
	[KIND_FSFLAGS] = { 0, NULL, file_system_bits, "0" },
	[KIND_IPOPT] = { ~0ULL, ip_options, NULL, NULL },
	[KIND_IPV6OPT] = { ~0ULL, ipv6_options, NULL, NULL },
	[KIND_CMSGTYPE] = { ~0ULL, control_types, NULL, NULL },
	[KIND_ARCHPRCTL] = { ~0ULL, arch_codes, NULL, NULL },
	[KIND_PRCTL] = { ~0ULL, prctls, NULL, NULL },
	[KIND_RESOURCE] = { ~0ULL, resources, NULL, NULL },
	[KIND_RANDOM] = { 0, NULL, random_bits, "0" },
	[KIND_CLOCK] = { ~0ULL, clocks, NULL, NULL },
	[KIND_FAMILY] = { ~0ULL, families, NULL, NULL },
	[KIND_SOCKTYPE] = { 15, socket_kinds, socket_bits, NULL },
	[KIND_INETPROTOCOL] = { ~0ULL, inet_protocols, NULL, NULL },
	[KIND_NETLINKPROTOCOL] = { ~0ULL, netlink_protocols, NULL, NULL },
	[KIND_LEVEL] = { ~0ULL, levels, NULL, NULL },
	[KIND_SOLOPT] = { ~0ULL, socket_options, NULL, NULL },
	[KIND_TCPOPT] = { ~0ULL, tcp_options, NULL, NULL },
	[KIND_MSGFLAGS] = { 0, NULL, message_bits, "0" },
	[KIND_SHUT] = { ~0ULL, shuts, NULL, NULL },
	[KIND_EPOLLOP] = { ~0ULL, epoll_ops, NULL, NULL },
	[KIND_EPOLLBITS] = { 0, NULL, epoll_bits, "0" },
	[KIND_POLLBITS] = { 0, NULL, poll_bits, "0" },
	[KIND_STATXFLAGS] = { AT_STATX_SYNC_TYPE, statx_kinds, at_bits, NULL },
	[KIND_STATXMASK] = { 0, NULL, statx_bits, "0" },
	[KIND_STATXATTRIBUTES] = { 0, NULL, statx_attributes, "0" },
	[KIND_CLONEBITS] = { 0, NULL, clone_bits, "0" },
};

static bool put_one(struct text *t, const struct name *list, uint64_t v)
{
	for (; list && list->name; list++) {
		if (list->value != v)
			continue;
		put_string(t, list->name);
		return true;
	}
	return false;
}

/* The low byte of clone()'s flags is a signal. */
static void put_signal_part(struct text *t, uint64_t v)
{
	if (v)
		put_signal(t, v, "|SIG");
}

/* A number without a name, where others have one. */
static void put_nameless(struct text *t, const struct name *list, uint64_t v)
{
	const char *s = list->name;

	put_hex(t, v);
	put_string(t, " /* ");
	while (*s && *s != '_')
		put_char(t, *s++);
	put_string(t, "_??? */");
}

static void put_futex(struct text *t, uint32_t v)
{
	if (!put_one(t, futexes, v & FUTEX_CMD_MASK)) {
		put_nameless(t, futexes, v);
		return;
	}
	put_string(t, v & FUTEX_PRIVATE_FLAG ? "_PRIVATE" : "");
	put_string(t, v & FUTEX_CLOCK_REALTIME ? "|FUTEX_CLOCK_REALTIME" : "");
}

static void put_wake_op(struct text *t, uint32_t v)
{
	put_string(t, v >> 31 ? "FUTEX_OP_OPARG_SHIFT<<28|" : "");
	if (!put_one(t, futex_ops, v >> 28 & 7))
		put_hex(t, v >> 28 & 7);
	put_string(t, "<<28|");
	put_hex(t, v >> 12 & 0xfff);
	put_string(t, "<<12|");
	if (!put_one(t, futex_compares, v >> 24 & 15))
		put_hex(t, v >> 24 & 15);
	put_string(t, "<<24|");
	put_hex(t, v & 0xfff);
}

static void put_ioctl(struct text *t, uint32_t v)
{
	static const char *const ways[] = {
		"_IOC_NONE", "_IOC_WRITE", "_IOC_READ", "_IOC_READ|_IOC_WRITE" };

	if (put_one(t, ioctls, v))
		return;
	put_string(t, "_IOC(");
	put_string(t, ways[v >> 30]);
	put_numbers(t, ", #x, #x, #x)", (uint64_t[]){ v >> 8 & 0xff, v & 0xff, v >> 16 & 0x3fff });
}

/* Those that are made otherwise than the rest. */
static bool put_special(struct text *t, enum arg_kind kind, uint64_t v)
{
	switch (kind) {
	case KIND_FUTEX:
		put_futex(t, v);
		return true;
	case KIND_WAKEOP:
		put_wake_op(t, v);
		return true;
	case KIND_IOCTL:
		put_ioctl(t, v);
		return true;
	case KIND_BITSET:
		if ((uint32_t)v == FUTEX_BITSET_MATCH_ANY)
			put_string(t, "FUTEX_BITSET_MATCH_ANY");
		else
			put_hex(t, v);
		return true;
	default:
		return false;
	}
}

void put_flags(struct text *t, enum arg_kind kind, uint64_t v)
{
	const struct names *l = &lists[kind];
	const struct name *bit;
	const char *between = "";
	uint64_t signal = kind == KIND_CLONE ? v & 0xff : 0;

	if (put_special(t, kind, v))
		return;
	v -= signal;
	if (!v && l->none) {
		put_string(t, l->none);
		return;
	}
	if (l->one && put_one(t, l->one, v & l->mask)) {
		v &= ~l->mask;
		between = "|";
	}
	for (bit = l->bits; bit && bit->name; bit++) {
		if (!bit->value || (v & bit->value) != bit->value)
			continue;
		put_string(t, between);
		put_string(t, bit->name);
		between = "|";
		v &= ~bit->value;
	}
	if (!*between && l->mask == ~0ULL && kind != KIND_FSTYPE) {
		put_nameless(t, l->one, v);
		return;
	}
	if (v || !*between) {
		put_string(t, between);
		put_hex(t, v);
	}
	put_signal_part(t, signal);
}
