// SPDX-License-Identifier: MIT
/*
 * loader.c - the program in a domain: has libc load what the host asks for
 *
 * Part of the library's data; the domain's dynamic linker starts it. It waits in
 * a system call, and the host calls its functions from there.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "../numbers.h"

/* ends.S */
extern const char call_return[], call_with_doubles[], callbacks[];

/* The path is in @mail; an error's text will be. */
static uintptr_t load(char *mail)
{
	void *handle = dlopen(mail, RTLD_NOW | RTLD_GLOBAL);
	const char *error = handle ? NULL : dlerror();

	if (error)
		strncpy(mail, error, 255);
	return (uintptr_t)handle;
}

static uintptr_t symbol(const char *mail)
{
	return (uintptr_t)dlsym(RTLD_DEFAULT, mail);
}

static void *park(void *unused)
{
	for (;;)
		syscall(NR_PARK, 0);
	return unused;
}

/* One more thread that can be called. */
static uintptr_t spawn(uintptr_t stack_size)
{
	pthread_attr_t attr;
	pthread_t thread;

	pthread_attr_init(&attr);
	if (pthread_attr_setstacksize(&attr, stack_size))
		return 1;
	return pthread_create(&thread, &attr, park, NULL);
}

int main(void)
{
	struct dom_entries entries = {
		.load	= (uintptr_t)load,
		.symbol	= (uintptr_t)symbol,
		.spawn	= (uintptr_t)spawn,
		.call_return		= (uintptr_t)call_return,
		.call_with_doubles	= (uintptr_t)call_with_doubles,
		.callbacks		= (uintptr_t)callbacks,
	};

	for (;;)
		syscall(NR_PARK, &entries);
}
