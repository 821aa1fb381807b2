/* SPDX-License-Identifier: MIT */
/*
 * kinds.c - uncommon kinds of memory: userfaultfd, secret memory, protection
 * keys, barriers across processors
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/membarrier.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE	4096UL
#define NR	16

static int uffd;

/* Answers NR faults: even pages get a letter, odd ones zeroes. */
static void *pager(void *unused)
{
	static char page[PAGE] __attribute__((aligned(PAGE)));
	struct uffd_msg msg;
	int i;

	for (i = 0; i < NR; i++) {
		struct pollfd p = { uffd, POLLIN, 0 };
		unsigned long at;

		poll(&p, 1, -1);
		if (read(uffd, &msg, sizeof(msg)) != sizeof(msg))
			return NULL;
		at = msg.arg.pagefault.address & ~(PAGE - 1);
		if (at / PAGE % 2) {
			struct uffdio_zeropage zero = { .range = { at, PAGE } };

			ioctl(uffd, UFFDIO_ZEROPAGE, &zero);
		} else {
			struct uffdio_copy copy = { .dst = at, .src = (unsigned long)page,
						    .len = PAGE };

			memset(page, 'a' + i, PAGE);
			ioctl(uffd, UFFDIO_COPY, &copy);
		}
	}
	return NULL;
}

static void userfault(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	pthread_t t;
	int i, sum = 0, fds[2];
	char *p;

	uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
	if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api)) {
		printf("userfaultfd: errno %d\n", errno);
		return;
	}
	p = mmap((void *)0x200000000, (NR + 1) * PAGE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	reg.range = (struct uffdio_range){ (unsigned long)p, NR * PAGE };
	printf("register: %d\n", ioctl(uffd, UFFDIO_REGISTER, &reg));
	pthread_create(&t, NULL, pager, NULL);
	for (i = 0; i < NR / 2; i++)
		sum += p[i * PAGE + 9];
	/* And by Linux itself, in a system call. */
	(void)!pipe(fds);
	for (; i < NR; i++) {
		(void)!write(fds[1], p + i * PAGE, 1);
		(void)!read(fds[0], p + i * PAGE + 1, 1);
		sum += p[i * PAGE + 1];
	}
	pthread_join(t, NULL);
	printf("userfaultfd: sum %d\n", sum);
	munmap(p, (NR + 1) * PAGE);
	close(uffd);
}

static sigjmp_buf jump;
static int code;

static void fault(int sig, siginfo_t *info, void *uc)
{
	code = info->si_code;
	siglongjmp(jump, 1);
}

static void secret(void)
{
	int fd = syscall(SYS_memfd_secret, 0), null = open("/dev/null", O_WRONLY);
	char *p;

	if (fd < 0) {
		printf("memfd_secret: errno %d\n", errno);
		return;
	}
	printf("size: %d\n", ftruncate(fd, 2 * PAGE));
	p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	strcpy(p, "secret");
	p[PAGE] = p[3];
	printf("memfd_secret: %s %c\n", p, p[PAGE]);
	printf("written: %zd\n", write(null, p, 6));
	munmap(p, 2 * PAGE);
}

static void write_pkru(unsigned int v)
{
	__asm__ volatile(".byte 0x0f, 0x01, 0xef" : : "a" (v), "c" (0), "d" (0) : "memory");
}

static void keys(void)
{
	volatile char *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct sigaction sa = { .sa_sigaction = fault, .sa_flags = SA_SIGINFO };
	int key = pkey_alloc(0, 0);

	if (key < 0) {
		printf("pkey_alloc: errno %d\n", errno);
		return;
	}
	sigaction(SIGSEGV, &sa, NULL);
	printf("pkey_mprotect: %d\n", pkey_mprotect((void *)p, PAGE, PROT_READ | PROT_WRITE, key));
	p[0] = 1;
	write_pkru(1u << (2 * key));
	if (!sigsetjmp(jump, 1)) {
		p[0] = 2;
		puts("written against the key");
	} else {
		printf("refused: si_code %d\n", code);
	}
	write_pkru(0);
	printf("readable again: %d\n", p[0]);
	pkey_free(key);
}

static void barriers(void)
{
	static const int cmds[] = {
		MEMBARRIER_CMD_GLOBAL, MEMBARRIER_CMD_PRIVATE_EXPEDITED,
		MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, MEMBARRIER_CMD_PRIVATE_EXPEDITED,
		MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, MEMBARRIER_CMD_GLOBAL_EXPEDITED,
		MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE,
		MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE,
	};
	unsigned int i;

	for (i = 0; i < sizeof(cmds) / sizeof(cmds[0]); i++) {
		long r = syscall(SYS_membarrier, cmds[i], 0, 0);

		printf("membarrier %d: %ld %d\n", cmds[i], r, r ? errno : 0);
	}
}

int main(void)
{
	userfault();
	secret();
	keys();
	barriers();
	return 0;
}
