/* SPDX-License-Identifier: MIT */
/*
 * waits.c - signals and those who wait: interrupted calls, masks for a call's
 * time, timers, threads, children
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>

#include "signals.h"

static void after(int ms)
{
	struct itimerval it = { .it_value = { ms / 1000, ms % 1000 * 1000 } };

	setitimer(ITIMER_REAL, &it, NULL);
}

/* ---- calls that a signal interrupts ------------------------------------- */

static int pipes[2], pair[2], ep;

static long block_read(void) { char c; return read(pipes[0], &c, 1); }
static long block_recv(void) { char c; return recv(pair[0], &c, 1, 0); }
static long block_poll(void) { struct pollfd p = { pipes[0], POLLIN, 0 }; return poll(&p, 1, 3000); }
static long block_epoll(void) { struct epoll_event e; return epoll_wait(ep, &e, 1, 3000); }
static long block_pause(void) { return pause(); }
static long block_wait(void) { return waitpid(-1, NULL, 0); }
static long block_futex(void)
{
	static int word;
	struct timespec t = { 3, 0 };

	return syscall(SYS_futex, &word, 0, 0, &t, NULL, 0);
}
static long block_nanosleep(void)
{
	struct timespec t = { 3, 0 }, left = { 0 };
	long r = nanosleep(&t, &left);

	return r < 0 && left.tv_sec ? r : 99;
}
static long block_clock(void)
{
	struct timespec t = { 3, 0 };

	errno = clock_nanosleep(CLOCK_MONOTONIC, 0, &t, NULL);
	return errno ? -1 : 0;
}
static long block_select(void)
{
	struct timeval t = { 3, 0 };
	fd_set set;

	FD_ZERO(&set);
	FD_SET(pipes[0], &set);
	return select(pipes[0] + 1, &set, NULL, NULL, &t);
}
static long block_write(void)
{
	static char much[1 << 17];

	return write(pipes[1], much, sizeof(much));
}
static long block_sigtimedwait(void)
{
	struct timespec t = { 3, 0 };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	return sigtimedwait(&set, NULL, &t);
}

static const struct {
	const char *name;
	long (*fn)(void);
	int restarts;
} blocking[] = {
	{ "read", block_read, 1 }, { "recv", block_recv, 1 }, { "poll", block_poll, 0 },
	{ "epoll_wait", block_epoll, 0 }, { "pause", block_pause, 0 }, { "wait", block_wait, 1 },
	{ "futex", block_futex, 0 }, { "nanosleep", block_nanosleep, 0 },
	{ "clock_nanosleep", block_clock, 0 }, { "select", block_select, 0 },
	{ "sigtimedwait", block_sigtimedwait, 0 }, { "write", block_write, 0 },
};

/* The second time it comes, what the call waits for is there. */
static void wake(int sig, siginfo_t *info, void *uc)
{
	if (++came == 1) {
		after(100);
		return;
	}
	(void)!write(pipes[1], "x", 1);
	(void)!write(pair[1], "x", 1);
}

static void interrupted(void)
{
	struct epoll_event e = { .events = EPOLLIN };
	unsigned int i;
	char drain;
	pid_t child;
	long r;

	(void)!pipe(pipes);
	socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
	ep = epoll_create1(0);
	epoll_ctl(ep, EPOLL_CTL_ADD, pipes[0], &e);
	fflush(stdout);
	child = fork();
	if (!child) {
		struct timespec t = { 6, 0 };

		nanosleep(&t, NULL);
		_exit(5);
	}
	for (i = 0; i < sizeof(blocking) / sizeof(blocking[0]); i++) {
		handle(SIGALRM, count, 0);
		came = 0;
		after(100);
		errno = 0;
		r = blocking[i].fn();
		say("%s: %ld errno %d, handler %d", blocking[i].name, r, errno, came);
		if (blocking[i].fn == block_wait || blocking[i].fn == block_write)
			continue;
		handle(SIGALRM, wake, SA_RESTART);
		came = 0;
		after(100);
		errno = 0;
		r = blocking[i].fn();
		say("%s with SA_RESTART: %ld errno %d, handler %s", blocking[i].name, r, errno,
		    came == 1 ? "once" : "twice");
		after(0);
		fcntl(pipes[0], F_SETFL, O_NONBLOCK);
		while (read(pipes[0], &drain, 1) == 1)
			;
		fcntl(pipes[0], F_SETFL, 0);
		while (recv(pair[0], &drain, 1, MSG_DONTWAIT) == 1)
			;
	}
	kill(child, SIGKILL);
	handle(SIGALRM, wake, SA_RESTART);
	say("wait at last: %d", waitpid(child, NULL, 0) == child);
}

/* ---- masks for the time of a call --------------------------------------- */

static void tell_mask(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	uint64_t saved;

	memcpy(&saved, &uc->uc_sigmask, 8);
	say("  handler %d: mask %lx, to come back to %lx", sig, mask_now(), saved);
}

static void temporary_masks(void)
{
	struct timespec t = { 3, 0 };
	struct epoll_event e;
	sigset_t block, only1;
	int r;

	sigemptyset(&block);
	sigaddset(&block, SIGUSR1);
	sigaddset(&block, SIGUSR2);
	sigprocmask(SIG_SETMASK, &block, NULL);
	sigemptyset(&only1);
	sigaddset(&only1, SIGHUP);
	handle(SIGUSR1, tell_mask, 0);
	handle(SIGUSR2, tell_mask, 0);

	raise(SIGUSR1);
	raise(SIGUSR2);
	r = sigsuspend(&only1);
	say("sigsuspend: %d %d", r, errno);
	raise(SIGUSR1);
	r = ppoll(NULL, 0, &t, &only1);
	say("ppoll: %d %d", r, errno);
	raise(SIGUSR2);
	r = pselect(0, NULL, NULL, NULL, &t, &only1);
	say("pselect: %d %d", r, errno);
	raise(SIGUSR1);
	r = epoll_pwait(ep, &e, 1, 3000, &only1);
	say("epoll_pwait: %d %d", r, errno);
	t.tv_sec = 0;
	say("ppoll in time: %d", ppoll(NULL, 0, &t, &only1));
	say("mask after: %lx", mask_now());
}

static void waiting(void)
{
	struct signalfd_siginfo si;
	struct timespec t = { 3, 0 };
	siginfo_t info;
	sigset_t set;
	int fd, r;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_SETMASK, &set, NULL);
	fd = signalfd(-1, &set, 0);
	sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = 42 });
	raise(SIGUSR1);
	r = read(fd, &si, sizeof(si));
	say("signalfd: %d, signal %d", r, si.ssi_signo == SIGUSR1);
	r = sigtimedwait(&set, &info, &t);
	say("sigtimedwait: %d value %d", r == SIGRTMIN, info.si_value.sival_int);
	t.tv_sec = 0;
	r = sigtimedwait(&set, &info, &t);
	say("none left: %d %d", r, errno);
	close(fd);
	sigemptyset(&set);
	sigprocmask(SIG_SETMASK, &set, NULL);
}

static void timers(void)
{
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN,
			       .sigev_value.sival_int = 7 };
	struct itimerspec its = { .it_value = { 0, 50000000 } };
	struct itimerval prof = { .it_value = { 0, 20000 } };
	timer_t timer;

	handle(SIGRTMIN, order, 0);
	timer_create(CLOCK_MONOTONIC, &ev, &timer);
	timer_settime(timer, 0, &its, NULL);
	pause();
	timer_delete(timer);
	handle(SIGVTALRM, count, 0);
	came = 0;
	setitimer(ITIMER_VIRTUAL, &prof, NULL);
	while (!came)
		;
	say("virtual time ran out in a loop");
	handle(SIGPROF, count, 0);
	came = 0;
	setitimer(ITIMER_PROF, &prof, NULL);
	while (!came)
		getppid();
	say("and with system calls");
	handle(SIGALRM, count, 0);
	alarm(1);
	pause();
	say("alarm %d", last);
}

static pthread_t main_thread;
static volatile int target_ready, stop;

static void which(int sig, siginfo_t *info, void *uc)
{
	came = pthread_equal(pthread_self(), main_thread) ? 1 : 2;
	stop = 1;
}

static void *target(void *arg)
{
	target_ready = 1;
	while (!stop)
		;
	return NULL;
}

static void threads(void)
{
	pthread_t t;

	main_thread = pthread_self();
	handle(SIGUSR1, which, 0);
	pthread_create(&t, NULL, target, NULL);
	while (!target_ready)
		;
	pthread_kill(t, SIGUSR1);
	pthread_join(t, NULL);
	say("sent to a thread: %s", came == 2 ? "it came there" : "it went astray");
}

static void *cancelled(void *arg)
{
	for (;;)
		pause();
	return NULL;
}

static void cancellation(void)
{
	pthread_t t;
	void *r;

	pthread_create(&t, NULL, cancelled, NULL);
	pthread_cancel(t);
	pthread_join(t, &r);
	say("cancelled: %d", r == PTHREAD_CANCELED);
}

static void children(void)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		raise(SIGSTOP);
		usleep(200000);	/* while its parent sees it go on */
		_exit(7);
	}
	waitpid(pid, &status, WUNTRACED);
	say("stopped: %d by %d", WIFSTOPPED(status), WSTOPSIG(status));
	kill(pid, SIGCONT);
	waitpid(pid, &status, WCONTINUED);
	say("continued: %d", WIFCONTINUED(status));
	waitpid(pid, &status, 0);
	say("status %x", status);
	signal(SIGCHLD, SIG_IGN);
	pid = fork();
	if (!pid)
		_exit(1);
	pid = waitpid(pid, &status, 0);
	say("no zombie: %d %d", pid, errno);
	signal(SIGCHLD, SIG_DFL);
	pid = fork();
	if (!pid) {
		handle(SIGTERM, count, 0);
		for (;;)
			;
	}
	usleep(50000);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	say("killed: %x", status);
}

int main(void)
{
	static const struct part parts[] = {
		PART(interrupted), PART(temporary_masks), PART(waiting), PART(timers),
		PART(threads), PART(cancellation), PART(children),
	};

	return run_parts(parts, sizeof(parts) / sizeof(parts[0]));
}
