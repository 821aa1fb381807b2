/* SPDX-License-Identifier: MIT */
/*
 * limits.c - what Linux counts and limits: processor time, memory, where it runs
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MIB	(1UL << 20)

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec * 1e-9;
}

static double seconds(struct timeval t)
{
	return t.tv_sec + t.tv_usec * 1e-6;
}

/* Without a system call (the clock is read in the vDSO, or by one now and then). */
static void compute(double s)
{
	double end = now() + s;
	volatile int i;

	while (now() < end)
		for (i = 0; i < 100000; i++)
			;
}

static void processor_time(void)
{
	struct rusage before, after;
	struct tms tms;
	double user, system;

	getrusage(RUSAGE_SELF, &before);
	compute(1);
	getrusage(RUSAGE_SELF, &after);
	user = seconds(after.ru_utime) - seconds(before.ru_utime);
	system = seconds(after.ru_stime) - seconds(before.ru_stime);
	times(&tms);
	printf("user time is time computed: %d\n", user > 0.3 && user > 4 * system);
	printf("times() agrees: %d\n", tms.tms_utime > 30 && tms.tms_utime > tms.tms_stime);
	if (!(user > 0.3 && user > 4 * system))
		printf("user %f system %f\n", user, system);
}

static volatile sig_atomic_t came;

static void count(int sig)
{
	came++;
}

static void cpu_limit(void)
{
	struct rlimit limit = { 1, 2 };
	struct rusage usage;
	int status;

	fflush(stdout);
	if (!fork()) {
		signal(SIGXCPU, count);
		setrlimit(RLIMIT_CPU, &limit);
		while (!came)
			;
		printf("told: %d\n", came);
		fflush(stdout);
		for (;;)
			;
	}
	wait3(&status, 0, &usage);
	printf("processor time limited: %x after 2 s: %d\n", status,
	       seconds(usage.ru_utime) > 1.5 && seconds(usage.ru_utime) < 3);
}

static void timer_of_processor_time(void)
{
	struct itimerval it = { .it_value = { 0, 100000 } };

	came = 0;
	signal(SIGVTALRM, count);
	signal(SIGPROF, count);
	setitimer(ITIMER_VIRTUAL, &it, NULL);
	setitimer(ITIMER_PROF, &it, NULL);
	while (came < 2)
		;
	printf("timers of processor time: %d\n", came);
}

static void *map(size_t size)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void address_space_limit(void)
{
	struct rlimit was, limit;
	char *p;

	getrlimit(RLIMIT_AS, &was);
	limit = was;
	limit.rlim_cur = 300 * MIB;
	setrlimit(RLIMIT_AS, &limit);
	p = map(100 * MIB);
	printf("within: %d\n", p != MAP_FAILED);
	printf("beyond: %d\n", map(400 * MIB) == MAP_FAILED && errno == ENOMEM);
	printf("malloc: %d\n", malloc(400 * MIB) == NULL && errno == ENOMEM);
	p[5] = 1;
	setrlimit(RLIMIT_AS, &was);
	munmap(p, 100 * MIB);

	limit = was;
	limit.rlim_cur = 0;
	getrlimit(RLIMIT_FSIZE, &was);
	signal(SIGXFSZ, count);
	came = 0;
	setrlimit(RLIMIT_FSIZE, &limit);
	p = write(memfd_create("x", 0), "x", 1) < 0 ? strerror(errno) : "written";
	printf("file size: %s, signals: %d\n", p, came);
	setrlimit(RLIMIT_FSIZE, &was);
}

static bool on_cpu(int cpu)
{
	unsigned int here, node;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return !sched_setaffinity(0, sizeof(set), &set) && sched_getcpu() == cpu &&
	       !syscall(SYS_getcpu, &here, &node, NULL) && here == (unsigned int)cpu;
}

static void migration(void)
{
	int i, nr = sysconf(_SC_NPROCESSORS_ONLN), right = 0;
	cpu_set_t all;

	sched_getaffinity(0, sizeof(all), &all);
	for (i = 0; i < 200; i++)
		right += on_cpu(i % nr);
	printf("moved: %d\n", right);
	printf("no such processor: %d\n", on_cpu(1000));
	sched_setaffinity(0, sizeof(all), &all);
}

static void scheduling(void)
{
	struct sched_param param = { .sched_priority = 3 };

	printf("nice: %d\n", nice(5));
	printf("priority: %d\n", getpriority(PRIO_PROCESS, 0));
	printf("FIFO: %d\n", sched_setscheduler(0, SCHED_FIFO, &param));
	compute(0.1);
	printf("is FIFO: %d\n", sched_getscheduler(0) == SCHED_FIFO);
	param.sched_priority = 0;
	printf("other: %d\n", sched_setscheduler(0, SCHED_OTHER, &param));
	printf("yield: %d\n", sched_yield());
}

/* A page in every 2 MiB: memory that is mostly page tables. */
static void sparse(size_t size)
{
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	size_t i;

	madvise(p, size, MADV_NOHUGEPAGE);
	for (i = 0; i < size; i += 2 * MIB)
		p[i] = 1;
	puts("touched");
	fflush(stdout);
	pause();
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "sparse"))
		sparse(4096 * MIB);
	if (argc > 1 && !strcmp(argv[1], "memory"))
		memset(map(200 * MIB), 1, 200 * MIB);
	if (argc > 1 && !strcmp(argv[1], "compute"))
		compute(atof(argv[2]));
	if (argc > 1)
		return 0;
	processor_time();
	cpu_limit();
	timer_of_processor_time();
	address_space_limit();
	migration();
	scheduling();
	return 0;
}
