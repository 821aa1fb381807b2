/* SPDX-License-Identifier: MIT */
/*
 * processes.c - reach other processes, the module, or more than is allowed of anything
 */
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/perf_event.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <dune/uapi.h>

#include "escape.h"

static int kill_init(void)
{
	return FAILED(kill(1, 0));
}

static int kill_session(void)
{
	return FAILED(kill(getsid(0) ?: 1, 0));
}

static int kill_group(void)
{
	return FAILED(kill(0, 0));
}

static int kill_all(void)
{
	return FAILED(kill(-1, 0));
}

static int queue_signal(void)
{
	siginfo_t info = { .si_code = SI_QUEUE };

	return FAILED(syscall(SYS_rt_sigqueueinfo, 1, 0, &info));
}

static int pidfd(void)
{
	int fd = syscall(SYS_pidfd_open, 1, 0);

	return fd < 0 ? errno : FAILED(syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0));
}

static int pidfd_get(void)
{
	int fd = syscall(SYS_pidfd_open, 1, 0);

	return fd < 0 ? errno : FAILED(syscall(SYS_pidfd_getfd, fd, 0, 0));
}

static int input_signal(void)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) || fcntl(fds[0], F_SETOWN, 1))
		return errno;
	return FAILED(fcntl(fds[0], F_SETFL, O_ASYNC));
}

static int raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return errno;
	limit.rlim_max += 10;
	return FAILED(setrlimit(RLIMIT_NOFILE, &limit));
}

static int limit_of_other(void)
{
	struct rlimit limit;

	return FAILED(syscall(SYS_prlimit64, 1, RLIMIT_NOFILE, NULL, &limit));
}

static int priority_of_other(void)
{
	return FAILED(setpriority(PRIO_PROCESS, 1, 0));
}

static int affinity_of_other(void)
{
	unsigned long mask[16] = { 1 };

	return FAILED(syscall(SYS_sched_setaffinity, 1, sizeof(mask), mask));
}

static int new_namespace(void)
{
	return FAILED(unshare(CLONE_NEWNS));
}

static int clone_namespace(void)
{
	long pid = syscall(SYS_clone, SIGCHLD | CLONE_NEWNS, 0, 0, 0, 0);

	if (!pid)
		_exit(0);
	return pid < 0 ? errno : 0;
}

static int clone3_namespace(void)
{
	uint64_t args[8] = { CLONE_NEWNS, 0, 0, 0, SIGCHLD };
	long pid = syscall(SYS_clone3, args, sizeof(args));

	if (!pid)
		_exit(0);
	return pid < 0 ? errno : 0;
}

static int clone_sibling(void)
{
	long pid = syscall(SYS_clone, SIGCHLD | CLONE_PARENT, 0, 0, 0, 0);

	if (!pid)
		_exit(0);
	return pid < 0 ? errno : 0;
}

static int mount_something(void)
{
	int e = FAILED(mount("none", "/mnt", "tmpfs", 0, NULL));

	if (!e)
		umount("/mnt");
	return e == ENOENT ? 0 : e;
}

static int load_module(void)
{
	int e = FAILED(syscall(SYS_init_module, "x", 1, ""));

	return e == ENOEXEC ? 0 : e;
}

static int program_of_kernel(void)
{
	union bpf_attr attr = { .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4,
				.max_entries = 1 };

	return FAILED(syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr)));
}

static int events(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE, .size = sizeof(attr),
		.config = PERF_COUNT_SW_CPU_CLOCK,
	};

	return FAILED(syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0));
}

static int own_filter(void)
{
	struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog prog = { 1, &allow };

	return FAILED(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog));
}

static int keys(void)
{
	int e = FAILED(syscall(SYS_keyctl, 0 /* KEYCTL_GET_KEYRING_ID */, -3, 1));

	return e;
}

static int dispatch(void)
{
	return FAILED(prctl(59 /* PR_SET_SYSCALL_USER_DISPATCH */, 0, 0, 0, 0));
}

static int host_name(void)
{
	char name[64];

	gethostname(name, sizeof(name));
	return FAILED(sethostname(name, strlen(name)));
}

static int be_another(void)
{
	return FAILED(setuid(getuid()));
}

static int table_of_segments(void)
{
	char table[64];

	return FAILED(syscall(SYS_modify_ldt, 0, table, sizeof(table)) < 0 ? -1 : 0);
}

static int ports(void)
{
	return FAILED(syscall(SYS_ioperm, 0x80, 1, 1));
}

static int x32_call(void)
{
	long r = syscall(0x40000000 | SYS_getpid);

	return r == getpid() ? 0 : ENOSYS;
}

static int upper_half(void)
{
	/* Linux looks at 32 bits of the number: this is ptrace(). */
	return FAILED(syscall(1UL << 32 | SYS_ptrace, 0, 0, 0, 0));
}

/*
 * The module
 */

static int open_device(void)
{
	return open(DUNE_DEVICE, O_RDWR) < 0 ? errno : 0;
}

/* Whatever descriptor there is: none may be the device's or a vcpu's. */
static int every_descriptor(void)
{
	static const unsigned long requests[] = {
		DUNE_GET_INFO, DUNE_CREATE_VCPU, DUNE_MAP_SLOT, DUNE_UNMAP_SLOT, DUNE_RUN,
		DUNE_GET_SREGS, DUNE_SET_SREGS, DUNE_GET_STATS,
	};
	char memory[4096] = "";
	unsigned int fd, i;
	int got = open(DUNE_DEVICE, O_RDWR);	/* natively */

	for (fd = 3; fd < 4096; fd++)
		for (i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
			if (!ioctl(fd, requests[i], memory) || errno == EINVAL || errno == EFAULT)
				return 0;
	return got < 0 ? EBADF : 0;
}

/* The short form of DUNE_RUN, on whatever there is. */
static int every_seek(void)
{
	unsigned int fd, found = 0;

	dup2(0, 100);
	for (fd = 101; fd < 4096; fd++)
		if (lseek(fd, 0, SEEK_CUR) != -1 || errno != EBADF)
			found++;
	/* Natively, what is open: one more. */
	if (getenv("DUNE_NATIVE"))
		return 0;
	return found ? 0 : EBADF;
}

/* Is there anything to be closed, duplicated over, sent away? */
static int hidden_descriptors(void)
{
	unsigned int fd, found = 0;

	for (fd = 101; fd < 4096; fd++)
		if (fcntl(fd, F_GETFD) != -1)
			found++;
	if (getenv("DUNE_NATIVE"))
		return 0;
	return found ? 0 : EBADF;
}

static int close_all_and_go_on(void)
{
	pid_t pid = fork();
	int status = -1;

	if (!pid) {
		syscall(SYS_close_range, 0, ~0U, 0);
		pid = fork();		/* needs the device's descriptor */
		if (!pid)
			_exit(0);
		_exit(pid < 0 ? errno : 0);
	}
	waitpid(pid, &status, 0);
	/* Here the sandbox is to survive: that is a refusal. */
	return getenv("DUNE_NATIVE") ? 0 : status ? 0 : EPERM;
}

static int send_descriptor(void)
{
	int fds[2], fd, sent = 0;
	char byte = 0, control[CMSG_SPACE(sizeof(int))];
	struct iovec v = { &byte, 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = control };
	struct cmsghdr *c = (struct cmsghdr *)control;

	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, fds))
		return errno;
	for (fd = getenv("DUNE_NATIVE") ? 0 : 101; fd < 4096 && sent < 1; fd++) {
		m.msg_controllen = sizeof(control);
		c->cmsg_len = CMSG_LEN(sizeof(int));
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
		sent += sendmsg(fds[0], &m, MSG_DONTWAIT) == 1;
	}
	return sent ? 0 : EBADF;
}

/*
 * More than the limits
 */

static int many_processes(void)
{
	pid_t pids[40];
	int i, n, e = 0;

	for (n = 0; n < 40 && !e; n++) {
		pids[n] = fork();
		if (!pids[n]) {
			pause();
			_exit(0);
		}
		e = FAILED(pids[n]);
	}
	for (i = 0; i < n; i++)
		if (pids[i] > 0)
			kill(pids[i], SIGKILL);
	while (wait(NULL) > 0)
		;
	return e;
}

static int much_memory(void)
{
	void *p = malloc(512UL << 20);

	return p ? 0 : errno;
}

static int many_files(void)
{
	int i, e = 0;

	for (i = 0; i < 300 && !e; i++)
		e = FAILED(dup(0));
	return e;
}

const struct attempt process_attempts[] = {
	A(kill_init), A(kill_session), A(kill_group), A(kill_all), A(queue_signal), A(pidfd),
	A(pidfd_get), A(input_signal), A(raise_limit), A(limit_of_other), A(priority_of_other),
	A(affinity_of_other), A(new_namespace), A(clone_namespace), A(clone3_namespace),
	A(clone_sibling), A(mount_something), A(load_module), A(program_of_kernel),
	A(events), A(own_filter), A(keys), A(dispatch), A(host_name), A(be_another),
	A(table_of_segments), A(ports), A(x32_call), A(upper_half), A(open_device),
	A(every_descriptor), A(every_seek), A(hidden_descriptors), A(close_all_and_go_on),
	A(send_descriptor), A(many_processes), A(much_memory), A(many_files),
	{ 0 },
};
