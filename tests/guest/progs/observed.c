/* SPDX-License-Identifier: MIT */
/*
 * observed.c - what others see of a process: audit, perf, /proc
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/netlink.h>
#include <linux/perf_event.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- audit ---------------------------------------------------------------- */

static int audit_socket;

static int audit_send(int type, const void *data, size_t size)
{
	struct {
		struct nlmsghdr head;
		char data[2048];
	} msg = { .head = { .nlmsg_len = NLMSG_LENGTH(size), .nlmsg_type = type,
			    .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK } };
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };

	memcpy(msg.data, data, size);
	return sendto(audit_socket, &msg, msg.head.nlmsg_len, 0, (struct sockaddr *)&kernel,
		      sizeof(kernel)) < 0 ? errno : 0;
}

/*
 * How many records of getppid() there are: until none has come for a while, longer
 * where @wanted are still on their way.
 */
static int audit_count(int wanted)
{
	static char buf[16384];
	struct pollfd p = { audit_socket, POLLIN, 0 };
	int n = 0;

	while (poll(&p, 1, n < wanted ? 5000 : 300) > 0) {
		ssize_t size = recv(audit_socket, buf, sizeof(buf) - 1, 0);
		struct nlmsghdr *head = (struct nlmsghdr *)buf;

		if (size <= 0)
			break;
		buf[size] = 0;
		if (head->nlmsg_type == AUDIT_SYSCALL && strstr(NLMSG_DATA(head), "syscall=110 "))
			n++;
	}
	return n;
}

static void audit(void)
{
	struct audit_status on = { .mask = AUDIT_STATUS_ENABLED | AUDIT_STATUS_PID, .enabled = 1,
				   .pid = getpid() };
	struct {
		struct audit_rule_data rule;
		char none[8];
	} add = { .rule = { .flags = AUDIT_FILTER_EXIT, .action = AUDIT_ALWAYS, .field_count = 1 } };
	int i;

	audit_socket = socket(AF_NETLINK, SOCK_RAW, NETLINK_AUDIT);
	if (audit_socket < 0) {
		printf("audit: errno %d\n", errno);
		return;
	}
	add.rule.mask[SYS_getppid / 32] = 1u << SYS_getppid % 32;
	add.rule.fields[0] = AUDIT_ARCH;
	add.rule.values[0] = AUDIT_ARCH_X86_64;
	add.rule.fieldflags[0] = AUDIT_EQUAL;
	printf("audit on: %d\n", audit_send(AUDIT_SET, &on, sizeof(on)));
	printf("rule: %d\n", audit_send(AUDIT_ADD_RULE, &add, sizeof(add.rule)));
	audit_count(0);
	fflush(stdout);
	/* Those that were there before are not audited. */
	if (!fork()) {
		for (i = 0; i < 5; i++)
			getppid();
		_exit(0);
	}
	wait(NULL);
	printf("audited: %d\n", audit_count(5));
	on.enabled = on.pid = 0;
	audit_send(AUDIT_DEL_RULE, &add, sizeof(add.rule));
	audit_send(AUDIT_SET, &on, sizeof(on));
	close(audit_socket);
}

/* ---- perf ----------------------------------------------------------------- */

static int open_counter(unsigned long event)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_SOFTWARE, .size = sizeof(attr),
					.config = event };

	return syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);
}

static unsigned long counted(int fd)
{
	unsigned long n = 0;

	return read(fd, &n, sizeof(n)) == sizeof(n) ? n : 0;
}

static void perf(void)
{
	int clock = open_counter(PERF_COUNT_SW_TASK_CLOCK);
	int faults = open_counter(PERF_COUNT_SW_PAGE_FAULTS);
	unsigned long before, i;
	volatile char *p;

	if (clock < 0 || faults < 0) {
		printf("perf: errno %d\n", errno);
		return;
	}
	p = mmap(NULL, 100 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	madvise((void *)p, 100 * 4096, MADV_NOHUGEPAGE);
	before = counted(faults);
	for (i = 0; i < 100; i++)
		p[i * 4096] = 1;
	/* Linux counts those it sees: in Dune mode, when the module brings them in. */
	printf("page faults: %d\n", counted(faults) - before <= 120);
	before = counted(clock);
	for (i = 0; i < 30000000; i++)
		__asm__ volatile("");
	printf("task clock runs: %d\n", counted(clock) > before + 10000000);
}

/* ---- /proc ---------------------------------------------------------------- */

/* Lines of a file that begin with a word. */
static void show(pid_t pid, const char *file, const char *word)
{
	char path[100], line[500];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, word, strlen(word)))
			fputs(line, stdout);
	if (f)
		fclose(f);
}

static void sleep_in_handler(int sig)
{
	pause();
}

static void proc(void)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		signal(SIGUSR2, SIG_IGN);
		signal(SIGTERM, sleep_in_handler);
		pause();
	}
	usleep(200000);
	show(pid, "status", "State:");
	show(pid, "status", "Threads:");
	show(pid, "status", "SigIgn:");
	show(pid, "status", "SigCgt:");
	show(pid, "status", "SigBlk:");
	show(pid, "status", "Seccomp:");
	show(pid, "limits", "Max open files");
	kill(pid, SIGKILL);
	wait(NULL);
}

int main(void)
{
	audit();
	perf();
	proc();
	return 0;
}
