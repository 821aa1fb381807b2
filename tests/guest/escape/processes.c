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
#include <sys/mman.h>
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
	int e = FAILED(mount("none", WORK "/dir", "tmpfs", 0, NULL));

	if (!e)
		umount(WORK "/dir");
	return e;
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

/*
 * Descriptors of the device and of a vcpu, natively; in the sandbox those of Dune mode
 * itself, wherever they are, must not be found.
 */
#define FIRST_HIDDEN	200
#define LAST_HIDDEN	4095

static int device_at, vcpu_at;

static void open_own(void)
{
	int device = open(DUNE_DEVICE, O_RDWR);
	int vcpu = device < 0 ? -1 : ioctl(device, DUNE_CREATE_VCPU, 0);

	device_at = dup2(device, FIRST_HIDDEN);
	vcpu_at = dup2(vcpu, FIRST_HIDDEN + 1);
}

static int every_request(void)
{
	static const unsigned long requests[] = {
		DUNE_GET_INFO, DUNE_CREATE_VCPU, DUNE_MAP_SLOT, DUNE_UNMAP_SLOT, DUNE_RUN,
		DUNE_GET_SREGS, DUNE_SET_SREGS, DUNE_GET_STATS,
	};
	char memory[4096] = "";
	unsigned int fd, i;

	open_own();
	for (fd = 3; fd <= LAST_HIDDEN; fd++)
		for (i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
			if (!ioctl(fd, requests[i], memory) || errno == EINVAL || errno == EFAULT)
				return 0;
	return errno;
}

/* The short form of DUNE_RUN. */
static int every_seek(void)
{
	unsigned int fd;

	open_own();
	for (fd = FIRST_HIDDEN + 1; fd <= LAST_HIDDEN; fd++)
		if (lseek(fd, 0, SEEK_CUR) != -1 || errno != EBADF)
			return 0;
	return errno;
}

/* The page of a vcpu, with its registers. */
static int every_page(void)
{
	unsigned int fd;

	open_own();
	for (fd = FIRST_HIDDEN; fd <= LAST_HIDDEN; fd++)
		if (mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) != MAP_FAILED)
			return 0;
	return errno;
}

/* Is there anything to be closed, duplicated over, sent away? */
static int hidden_descriptors(void)
{
	unsigned int fd;

	open_own();
	for (fd = FIRST_HIDDEN; fd <= LAST_HIDDEN; fd++)
		if (fcntl(fd, F_GETFD) != -1)
			return 0;
	return errno;
}

static int put_over_hidden(void)
{
	unsigned int fd;

	open_own();
	for (fd = FIRST_HIDDEN; fd < 1024; fd++)
		if (dup2(0, fd) != -1)
			return 0;
	return errno;
}

/* The module's descriptors are gone: natively that shows, here new processes need them. */
static int close_all_and_go_on(void)
{
	pid_t pid = fork();

	if (!pid) {
		open_own();
		syscall(SYS_close_range, 0, ~0U, 0);
		if (device_at != -1)
			_exit(fcntl(device_at, F_GETFD) == -1 ? 0 : EBUSY);
		pid = fork();
		if (!pid) {
			execl("/bin/busybox", "busybox", "true", NULL);
			_exit(1);
		}
		_exit(answer_of(pid) ? 0 : EPERM);
	}
	return answer_of(pid);
}

static int send_descriptor(void)
{
	char byte = 0, control[CMSG_SPACE(sizeof(int))];
	struct iovec v = { &byte, 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = control };
	struct cmsghdr *c = (struct cmsghdr *)control;
	int fds[2], fd;

	open_own();
	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, fds))
		return errno;
	for (fd = FIRST_HIDDEN; fd <= LAST_HIDDEN; fd++) {
		m.msg_controllen = sizeof(control);
		c->cmsg_len = CMSG_LEN(sizeof(int));
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
		if (sendmsg(fds[0], &m, MSG_DONTWAIT) == 1)
			return 0;
	}
	return errno;
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
	A(kill_init, ESRCH), A(kill_session, ESRCH), A(kill_group, EPERM), A(kill_all, EPERM),
	A(queue_signal, ESRCH), A(pidfd, EPERM), A(pidfd_get, EPERM), A(input_signal, EINVAL),
	A(raise_limit, EPERM), A(limit_of_other, EPERM), A(priority_of_other, ENOSYS),
	A(affinity_of_other, EPERM), A(new_namespace, ENOSYS), A(clone_namespace, EPERM),
	A(clone3_namespace, ENOSYS), A(clone_sibling, EPERM), A(mount_something, ENOSYS),
	A(load_module, ENOSYS), A(program_of_kernel, ENOSYS), A(events, ENOSYS),
	A(own_filter, ENOSYS), A(keys, ENOSYS), A(dispatch, EPERM), A(host_name, ENOSYS),
	A(be_another, ENOSYS), A(table_of_segments, ENOSYS), A(ports, ENOSYS), A(x32_call, ENOSYS),
	A(upper_half, ENOSYS), A(open_device, EACCES), A(every_request, EBADF|ENOTTY),
	A(every_seek, EBADF), A(every_page, EBADF), A(hidden_descriptors, EBADF), A(put_over_hidden, EBADF), A(close_all_and_go_on, EPERM),
	A(send_descriptor, EBADF), A(many_processes, EAGAIN), A(much_memory, ENOMEM),
	A(many_files, EMFILE),
	{ 0 },
};
