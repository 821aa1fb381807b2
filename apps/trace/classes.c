/* SPDX-License-Identifier: MIT */
/*
 * classes.c - which calls -e trace= is about: names, and classes of them as strace's
 */
#include <stdlib.h>
#include <string.h>

#include "classes.h"

struct class {
	const char *name, *calls;
};

/* What a class has in common with another is in both. */
static const struct class classes[] = {
	{ "file", "open openat openat2 creat stat lstat newfstatat statx statfs access faccessat "
	  "faccessat2 readlink readlinkat getcwd chdir chroot mkdir mkdirat rmdir unlink unlinkat "
	  "rename renameat renameat2 link linkat symlink symlinkat chmod fchmodat chown lchown "
	  "fchownat truncate utime utimes utimensat futimesat mknod mknodat mount umount2 "
	  "pivot_root swapon swapoff acct uselib execve execveat getxattr lgetxattr setxattr "
	  "lsetxattr listxattr llistxattr removexattr lremovexattr inotify_add_watch "
	  "fanotify_mark name_to_handle_at quotactl open_tree move_mount fspick mount_setattr" },
	{ "process", "clone clone3 fork vfork execve execveat exit exit_group wait4 waitid kill "
	  "tkill tgkill rt_sigqueueinfo rt_tgsigqueueinfo pidfd_open pidfd_send_signal "
	  "arch_prctl unshare" },
	{ "network", "socket socketpair connect bind listen accept accept4 getsockname getpeername "
	  "sendto recvfrom sendmsg sendmmsg recvmsg recvmmsg setsockopt getsockopt shutdown" },
	{ "signal", "rt_sigaction rt_sigprocmask rt_sigpending rt_sigsuspend rt_sigreturn "
	  "rt_sigtimedwait rt_sigqueueinfo rt_tgsigqueueinfo sigaltstack kill tkill tgkill pause "
	  "signalfd signalfd4 pidfd_send_signal" },
	{ "ipc", "shmget shmat shmdt shmctl semget semop semtimedop semctl msgget msgsnd msgrcv "
	  "msgctl" },
	{ "desc", "read write pread64 pwrite64 readv writev preadv pwritev preadv2 pwritev2 open "
	  "openat openat2 creat close close_range fstat newfstatat statx fstatfs lseek dup dup2 "
	  "dup3 pipe pipe2 fcntl ioctl poll ppoll select pselect6 epoll_create epoll_create1 "
	  "epoll_ctl epoll_wait epoll_pwait epoll_pwait2 eventfd eventfd2 signalfd signalfd4 "
	  "timerfd_create timerfd_settime timerfd_gettime inotify_init inotify_init1 "
	  "inotify_add_watch inotify_rm_watch sendfile splice tee vmsplice copy_file_range "
	  "memfd_create memfd_secret mmap getdents getdents64 fsync fdatasync sync_file_range "
	  "syncfs fallocate fadvise64 readahead flock fchdir fchmod fchown ftruncate fchmodat "
	  "fchownat faccessat faccessat2 mkdirat mknodat unlinkat renameat renameat2 linkat "
	  "symlinkat readlinkat utimensat futimesat fgetxattr fsetxattr flistxattr fremovexattr "
	  "execveat perf_event_open pidfd_open pidfd_getfd pidfd_send_signal userfaultfd bpf "
	  "io_uring_setup io_uring_enter io_uring_register" },
	{ "memory", "mmap munmap mprotect pkey_mprotect mremap madvise process_madvise msync mincore "
	  "mlock mlock2 munlock mlockall munlockall brk mbind set_mempolicy get_mempolicy "
	  "migrate_pages move_pages remap_file_pages shmat shmdt" },
	{ "creds", "getuid geteuid getgid getegid getresuid getresgid getgroups setuid setgid "
	  "setreuid setregid setresuid setresgid setgroups setfsuid setfsgid capget capset" },
	{ "stat", "stat" },
	{ "lstat", "lstat" },
	{ "fstat", "fstat newfstatat" },
	{ "%stat", "stat lstat fstat newfstatat statx" },
	{ "statfs", "statfs" },
	{ "fstatfs", "fstatfs" },
	{ "%statfs", "statfs fstatfs ustat" },
	{ "clock", "clock_gettime clock_settime clock_getres clock_adjtime gettimeofday settimeofday "
	  "time adjtimex" },
	{ "pure", "getpid getppid gettid getuid geteuid getgid getegid getpgrp" },
	{ NULL, NULL }
};

/* Without the names that strace had for them before they began with '%'. */
static const struct class *find_class(const char *name)
{
	const struct class *c;

	if (!strcmp(name, "net"))
		name = "network";
	else if (!strcmp(name, "cred"))
		name = "creds";
	for (c = classes; c->name; c++)
		if (!strcmp(c->name, name))
			return c;
	return NULL;
}

void list_classes(char *to, size_t size)
{
	const struct class *c;
	size_t used = 0;

	for (c = classes; c->name && used + strlen(c->name) + 4 < size; c++) {
		to[used++] = ' ';
		to[used++] = '%';
		strcpy(to + used, c->name);
		used += strlen(c->name);
	}
	to[used] = '\0';
}

/* A call that this machine's headers do not know is in no class. */
static void want_class(const struct class *class, bool wanted[MAX_NR], bool want)
{
	char name[32];
	const char *at = class->calls;
	size_t n;
	int nr;

	while (*at) {
		n = strcspn(at, " ");
		memcpy(name, at, n);
		name[n] = '\0';
		nr = call_number(name);
		if (nr >= 0)
			wanted[nr] = want;
		at += n;
		at += strspn(at, " ");
	}
}

static bool want_one(const char *name, bool wanted[MAX_NR], bool want)
{
	const struct class *class;
	int nr;

	if (*name == '%') {
		class = find_class(name + 1);
		if (class)
			want_class(class, wanted, want);
		return class;
	}
	if (!strcmp(name, "all")) {
		memset(wanted, want, MAX_NR);
		return true;
	}
	nr = call_number(name);
	if (nr >= 0)
		wanted[nr] = want;
	return nr >= 0;
}

const char *want_calls(char *list, bool wanted[MAX_NR])
{
	bool want = *list != '!';
	char *name;

	if (!want)
		list++;
	memset(wanted, !want, MAX_NR);
	if (!strcmp(list, "none"))
		return NULL;
	for (name = strtok(list, ","); name; name = strtok(NULL, ","))
		if (!want_one(name, wanted, want))
			return name;
	return NULL;
}
