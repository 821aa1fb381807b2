/* SPDX-License-Identifier: MIT */
/*
 * modes.c - where and as what the parser runs
 *
 *	none	in the server's own thread
 *	pthread	in a thread made for the request
 *	fork	in a process made for the request
 *	sthread	in an sthread that has the exchange, the connection and read(2), and
 *		half a second of CPU time
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <dune/dune.h>

#include "../sthread.h"
#include "httpd.h"

static int no_init(void)
{
	return 0;
}

static struct exchange *plain_exchange(void)
{
	return calloc(1, sizeof(struct exchange));
}

static bool parse_here(struct exchange *x)
{
	parse_request(x);
	return true;
}

static bool parse_in_pthread(struct exchange *x)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, parse_request, x)) {
		log_line("no thread for a request");
		return false;
	}
	pthread_join(thread, NULL);
	return true;
}

static struct exchange *shared_exchange(void)
{
	void *p = mmap(NULL, sizeof(struct exchange), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static bool parse_in_child(struct exchange *x)
{
	pid_t pid = fork();
	int status;

	if (pid < 0) {
		log_line("no process for a request: %s", strerror(errno));
		return false;
	}
	if (!pid) {
		parse_request(x);
		_exit(0);
	}
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status)) {
		log_line("a request's parser was ended: by signal %d", WTERMSIG(status));
		return false;
	}
	return true;
}

/* ---- sthread ------------------------------------------------------------ */

static __thread struct sthread_sc *context;

static int init_sthreads(void)
{
	int r = dune_init(0);

	r = r ? r : dune_enter();
	return r ? r : sthread_init();
}

/* Each of the server's threads has a context of its own, for its connection. */
static struct exchange *tagged_exchange(void)
{
	struct sthread_tag *tag;

	if (sthread_tag_new(&tag, "exchange", sizeof(struct exchange)) ||
	    sthread_sc_new(&context) || sthread_sc_mem_add(context, tag, STHREAD_WRITE) ||
	    sthread_sc_sys_add(context, SYS_read) || sthread_sc_cpu_set(context, 500))
		return NULL;
	return sthread_smalloc(tag, sizeof(struct exchange));
}

static bool parse_in_sthread(struct exchange *x)
{
	struct sthread_report report;
	struct sthread *s;
	char text[256];
	int fd = x->fd, r;

	r = sthread_sc_fd_add(context, fd, STHREAD_READ);
	r = r ? r : sthread_create(&s, context, parse_request, x);
	if (r) {
		log_line("no sthread for a request: %s", strerror(-r));
		return false;
	}
	r = sthread_join(s, NULL, &report);
	sthread_sc_fd_del(context, fd);
	if (r) {
		sthread_report_text(&report, text, sizeof(text));
		log_line("a request's parser was ended: %s", text);
	}
	return !r;
}

const struct mode modes[] = {
	{ "none", no_init, plain_exchange, parse_here },
	{ "pthread", no_init, plain_exchange, parse_in_pthread },
	{ "fork", no_init, shared_exchange, parse_in_child },
	{ "sthread", init_sthreads, tagged_exchange, parse_in_sthread },
	{ NULL }
};

char *key_memory(void)
{
	struct sthread_tag *tag;

	return sthread_tag_new(&tag, "key", KEY_SIZE) ? NULL : sthread_smalloc(tag, KEY_SIZE);
}
