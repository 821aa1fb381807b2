/* SPDX-License-Identifier: MIT */
/*
 * init.c - the first process of the emulated machine
 *
 * Mounts what a program expects, loads the module, runs one command, and sends
 * its output, its status and the kernel's log out of port 0xE9, which the
 * emulator writes to its standard output: no loss, and no baud rate. Frames:
 * 0x02, type, length (2 bytes, little-endian), data. relay.c is the other end.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PORT 0xe9

static void send_bytes(const void *data, size_t size)
{
	asm volatile("rep outsb" : "+S" (data), "+c" (size) : "d" (PORT) : "memory");
}

/* O: standard output, E: standard error, K: kernel log, M: message, X: status */
static void send_frame(char type, const void *data, size_t size)
{
	unsigned char head[4] = { 2, type, size, size >> 8 };

	send_bytes(head, sizeof(head));
	send_bytes(data, size);
}

static void message(const char *text)
{
	send_frame('M', text, strlen(text));
}

static void mount_all(void)
{
	static const char *const dirs[] = {
		"/proc", "/sys", "/dev", "/tmp", "/run", "/root", "/var", "/etc", NULL };
	int i;

	for (i = 0; dirs[i]; i++)
		mkdir(dirs[i], 0755);
	chmod("/tmp", 01777);
	mount("proc", "/proc", "proc", 0, NULL);
	mount("sysfs", "/sys", "sysfs", 0, NULL);
	mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	mkdir("/dev/pts", 0755);
	mkdir("/dev/shm", 01777);
	mount("devpts", "/dev/pts", "devpts", 0, NULL);
	mount("tmpfs", "/dev/shm", "tmpfs", 0, NULL);
	mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL);
	mount("cgroup2", "/sys/fs/cgroup", "cgroup2", 0, NULL);
	symlink("/proc/self/fd", "/dev/fd");
	symlink("/proc/self/fd/0", "/dev/stdin");
	symlink("/proc/self/fd/1", "/dev/stdout");
	symlink("/proc/self/fd/2", "/dev/stderr");
}

static void bring_up_loopback(void)
{
	struct ifreq ifr = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int s = socket(AF_INET, SOCK_DGRAM, 0);

	ioctl(s, SIOCSIFFLAGS, &ifr);
	close(s);
}

static int load_module(void)
{
	char args[1024] = "";
	int fd = open("/machine/module-args", O_RDONLY), r;

	if (fd >= 0 && read(fd, args, sizeof(args) - 1) < 0)
		return -1;
	fd = open("/machine/dune.ko", O_RDONLY);
	if (fd < 0)
		return 0;
	r = syscall(SYS_finit_module, fd, args, 0);
	if (r)
		message(errno == EOPNOTSUPP ? "loading dune.ko failed: the CPU lacks something"
			: "loading dune.ko failed");
	return r;
}

/* The command, its arguments each ended by NUL. */
static char **read_command(void)
{
	static char buf[65536];
	static char *argv[4096];
	int fd = open("/machine/command", O_RDONLY), n = 0;
	ssize_t size = read(fd, buf, sizeof(buf) - 1), at = 0;

	while (at < size && n < 4095) {
		argv[n++] = buf + at;
		at += strlen(buf + at) + 1;
	}
	return argv;
}

static void run_command(char **argv)
{
	int null = open("/dev/null", O_RDONLY);

	dup2(null, 0);
	setsid();
	setenv("PATH", "/dune/bin:/dune/bin/tests:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", 1);
	setenv("LD_LIBRARY_PATH", "/dune/lib", 1);
	setenv("HOME", "/root", 1);
	setenv("TERM", "dumb", 1);
	chdir("/root");
	execvp(argv[0], argv);
	fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

/* Pass on what is there; false at the end. */
static int relay(int fd, char type)
{
	static char buf[32768];
	ssize_t n = read(fd, buf, sizeof(buf));

	if (n > 0)
		send_frame(type, buf, n);
	return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

/* Until the command has ended and what it wrote is out. */
static int relay_all(pid_t pid, int out, int err)
{
	struct pollfd fds[2] = { { out, POLLIN, 0 }, { err, POLLIN, 0 } };
	int status = 0, ended = 0;

	while (fds[0].fd >= 0 || fds[1].fd >= 0) {
		int n = poll(fds, 2, ended ? 0 : 100);

		if (fds[0].revents && !relay(out, 'O'))
			fds[0].fd = -1;
		if (fds[1].revents && !relay(err, 'E'))
			fds[1].fd = -1;
		if (!ended && waitpid(pid, &status, WNOHANG) == pid)
			ended = 1;
		else if (ended && n <= 0)
			break;		/* some grandchild keeps the pipe open */
		/* Orphans come to the first process. */
		while (ended && waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
	if (!ended)
		waitpid(pid, &status, 0);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void send_kernel_log(int kmsg)
{
	char record[8192];
	ssize_t n;

	while ((n = read(kmsg, record, sizeof(record))) > 0 || (n < 0 && errno == EPIPE)) {
		char *text = n > 0 ? memchr(record, ';', n) : NULL;
		char *end = text ? memchr(text, '\n', n - (text - record)) : NULL;

		if (end)
			send_frame('K', text + 1, end - text);
	}
}

int main(void)
{
	int out[2], err[2], kmsg, status;
	char text[16];
	pid_t pid;

	iopl(3);
	mount_all();
	bring_up_loopback();
	kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	lseek(kmsg, 0, SEEK_END);
	send_bytes("\002DUNE-MACHINE\002", 14);

	if (load_module()) {
		send_kernel_log(kmsg);
		send_frame('X', "126", 3);
		reboot(RB_POWER_OFF);
	}
	pipe2(out, O_CLOEXEC);
	pipe2(err, O_CLOEXEC);
	pid = fork();
	if (!pid) {
		syscall(SYS_ioperm, 0, 65536, 0);
		iopl(0);
		dup2(out[1], 1);
		dup2(err[1], 2);
		run_command(read_command());
	}
	close(out[1]);
	close(err[1]);
	fcntl(out[0], F_SETFL, O_NONBLOCK);
	fcntl(err[0], F_SETFL, O_NONBLOCK);
	status = relay_all(pid, out[0], err[0]);

	usleep(200000);		/* the kernel may have a last word */
	send_kernel_log(kmsg);
	send_frame('X', text, snprintf(text, sizeof(text), "%d", status));
	sync();
	reboot(RB_POWER_OFF);
	return 0;
}
