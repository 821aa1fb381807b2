/* SPDX-License-Identifier: MIT */
/*
 * sandbox.h - domains for tests
 */
#ifndef _TESTS_GUEST_SANDBOX_H
#define _TESTS_GUEST_SANDBOX_H

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <dune/dune.h>
#include <dune/sandbox.h>

#include "kselftest_harness.h"

#define MS	1000000UL

static inline int enter(void)
{
	int r = dune_init(0);

	return r ? r : dune_enter();
}

/* The plugins lie beside the test. */
static inline const char *plugin(const char *name)
{
	static char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 64);

	path[n > 0 ? n : 0] = 0;
	snprintf(strrchr(path, '/') + 1, 64, "plugin-%s.so", name);
	return path;
}

static inline struct dune_domain *domain_with(const char *name,
					      const struct dune_domain_options *o)
{
	struct dune_domain *d = NULL;
	int r = enter();

	if (r == -EALREADY)
		r = 0;
	r = r ? r : dune_domain_create(&d, o);
	if (!r)
		r = dune_domain_load(d, plugin(name));
	if (r) {
		struct dune_domain_report report = { 0 };

		if (d)
			dune_domain_report(d, &report);
		printf("# no domain with %s: %d, cause %u, %s\n", name, r, report.cause,
		       report.linker);
		return NULL;
	}
	return d;
}

static inline int call_error(struct dune_domain *d, const char *name, struct dune_domain_call *c)
{
	uint64_t fn;
	int r = dune_domain_symbol(d, name, &fn);

	return r ? r : dune_domain_call(d, fn, c);
}

/* With up to six integers; ends the test if the call cannot be made. */
#define CALL(d, name, ...) ({							\
	struct dune_domain_call _c = { .arg = { __VA_ARGS__ } };		\
	int _r = call_error(d, name, &_c);					\
	if (_r)									\
		printf("# %s: error %d\n", name, _r);				\
	ASSERT_EQ(0, _r);							\
	(long)_c.result; })

/* One that the domain does not survive; returns the cause. */
#define FATAL(d, name, ...) ({							\
	struct dune_domain_call _c = { .arg = { __VA_ARGS__ } };		\
	struct dune_domain_report _report;					\
	int _r = call_error(d, name, &_c);					\
	ASSERT_EQ(-EOWNERDEAD, _r);						\
	dune_domain_report(d, &_report);					\
	_report; })

/* One with the plugin that attacks. */
#define DOMAIN(...) ({								\
	struct dune_domain *_d = domain_with("wild",				\
		&(struct dune_domain_options){ __VA_ARGS__ });			\
	ASSERT_NE(NULL, _d);							\
	_d; })

#endif /* _TESTS_GUEST_SANDBOX_H */
