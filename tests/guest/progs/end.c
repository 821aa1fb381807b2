/* SPDX-License-Identifier: MIT */
/*
 * end.c - end in one of many ways
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void *thread(void *arg)
{
	return (void *)(long)(*(int *)arg + 1);
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";
	volatile int zero = 0;

	printf("ending by %s\n", how);
	fflush(stdout);
	if (!strcmp(how, "exit"))
		exit(43);
	if (!strcmp(how, "wait"))
		pause();
	if (!strcmp(how, "_exit"))
		_exit(44);
	if (!strcmp(how, "abort"))
		abort();
	if (!strcmp(how, "segv"))
		*(volatile int *)(long)zero = 1;
	if (!strcmp(how, "fpe"))
		return 1 / zero;
	if (!strcmp(how, "ill"))
		__asm__ volatile("ud2");
	if (!strcmp(how, "trap"))
		__asm__ volatile("int3");
	if (!strcmp(how, "hlt"))
		__asm__ volatile("hlt");
	if (!strcmp(how, "vmcall")) {
		/* Natively, too, an instruction that does not exist. */
		__asm__ volatile("vmcall" : : "a" (39));
	}
	if (!strcmp(how, "int80"))
		__asm__ volatile("int $0x82");
	if (!strcmp(how, "kill"))
		kill(getpid(), SIGKILL);
	if (!strcmp(how, "term"))
		raise(SIGTERM);
	if (!strcmp(how, "numbers"))
		return (syscall(-1) == -1) + (syscall(9999) == -1) + (syscall(0x40000027) == -1) +
		       (syscall(0x100000027) == getpid());
	if (!strcmp(how, "efault")) {
		/* Bad pointers are errors, not signals; into nowhere, and at 1 TiB. */
		char *const bad[] = { NULL, (char *)8, (char *)0x10000000000, (char *)-8L };
		int i, n = 0;

		for (i = 1; i < 4; i++) {
			n += syscall(SYS_readlink, bad[i], bad[i], 64) == -1;
			n += syscall(SYS_rt_sigaction, 10, bad[i], NULL, 8) == -1;
			n += syscall(SYS_execve, bad[i], NULL, NULL) == -1;
			n += syscall(SYS_read, 0, bad[i], 8) == -1;
			n += syscall(SYS_write, 1, bad[i], 8) == -1;
			n += syscall(SYS_getcwd, bad[i], 4096) == -1;
			/* In registers that the call does not read, nothing is bad. */
			n += 10 * !syscall(SYS_poll, NULL, 0, 0, bad[i], bad[i], bad[i]);
			n += 10 * (syscall(SYS_getppid, bad[i], bad[i]) == getppid());
		}
		return n;
	}
	if (!strcmp(how, "thread")) {
		pthread_t t;
		void *value;
		int n = 45;

		pthread_create(&t, NULL, thread, &n);
		pthread_join(t, &value);
		return (long)value;
	}
	if (!strcmp(how, "fork")) {
		int status;
		pid_t pid = fork();

		if (!pid)
			_exit(47);
		waitpid(pid, &status, 0);
		return WEXITSTATUS(status);
	}
	if (!strcmp(how, "exec"))
		execl("/bin/sh", "sh", "-c", "echo executed $0; exit 48", "arg", NULL);
	return 99;
}
