/* SPDX-License-Identifier: MIT */
/*
 * watch_notify.c - a program in a sandbox made with seccomp user notification
 *
 * A filter lets most calls pass; those that it cannot judge wait for another process.
 * A file is opened by that process, not by the program: so that it is the one whose
 * path was judged.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "watch.h"

#define ASK(nr) \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1), \
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF)

/* The listener's descriptor, or -1. */
static int ask_supervisor(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		ASK(SYS_getpid), ASK(SYS_getppid), ASK(SYS_openat),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { sizeof(code) / sizeof(code[0]), code };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
		       &prog);
}

static int listener;

static void answer(uint64_t id, int error, unsigned int flags)
{
	struct seccomp_notif_resp resp = { .id = id, .error = -error, .flags = flags };

	ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &resp);
}

/* The path was the process's only if that still waits: its number may be another's. */
static void answer_openat(uint64_t id, const struct call *call)
{
	int fd = ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) ? -ESRCH : open_judged(call);
	struct seccomp_notif_addfd give = {
		.id = id, .flags = SECCOMP_ADDFD_FLAG_SEND, .srcfd = fd,
		.newfd_flags = call->args[2] & O_CLOEXEC,
	};

	if (fd < 0) {
		answer(id, -fd, 0);
		return;
	}
	ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &give);
	close(fd);
}

static void *answer_all(void *unused)
{
	static struct seccomp_notif notification;
	static struct call call;
	int error;

	for (;;) {
		memset(&notification, 0, sizeof(notification));
		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &notification)) {
			if (errno == EINTR || errno == ENOENT)	/* who asked is gone */
				continue;
			return NULL;
		}
		call.pid = notification.pid;
		call.nr = notification.data.nr;
		memcpy(call.args, notification.data.args, sizeof(call.args));
		error = judge(&call);
		if (error)
			answer(notification.id, error, 0);
		else if (path_argument(call.nr) < 0)
			answer(notification.id, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
		else
			answer_openat(notification.id, &call);
	}
}

/* The program's side: it says its listener's number, and goes on when that was taken. */
static void become(char *const *argv, int up, int down)
{
	int fd = ask_supervisor();
	char c;

	if (write(up, &fd, sizeof(fd)) == sizeof(fd) && fd >= 0 &&
	    read(down, &c, 1) == 1)
		execvp(argv[0], argv);
	_exit(127);
}

static int take_listener(pid_t pid, int up, int down)
{
	int fd, pidfd = syscall(SYS_pidfd_open, pid, 0);

	if (pidfd < 0 || read(up, &fd, sizeof(fd)) != sizeof(fd))
		return -1;
	fd = syscall(SYS_pidfd_getfd, pidfd, fd, 0);
	close(pidfd);
	return write(down, "", 1) == 1 ? fd : -1;
}

/* Answers are a thread's, which ends with this process, once the program has. */
int watch_by_notification(char *const *argv)
{
	int up[2], down[2], status;
	pthread_t thread;
	pid_t pid;

	if (pipe2(up, O_CLOEXEC) || pipe2(down, O_CLOEXEC))
		return 125;
	pid = fork();
	if (!pid)
		become(argv, up[1], down[0]);
	listener = pid < 0 ? -1 : take_listener(pid, up[0], down[1]);
	if (listener < 0 || pthread_create(&thread, NULL, answer_all, NULL) ||
	    waitpid(pid, &status, 0) != pid)
		return 125;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
