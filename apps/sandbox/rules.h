/* SPDX-License-Identifier: MIT */
/*
 * rules.h - the policy's rules about files, by their names as Linux gives them
 */
#ifndef _APPS_SANDBOX_RULES_H
#define _APPS_SANDBOX_RULES_H

#include "box.h"

static inline const char *rule_name(const struct box *b, unsigned int i)
{
	const struct shared_path *p = &b->shared->path[i];

	return p->name ? b->shared->names + p->name : b->policy->text + b->policy->path[i].text;
}

static inline bool is_rule(const struct box *b, unsigned int i)
{
	return b->shared->path[i].fd != NO_FD || !b->shared->path[i].name;
}

static inline bool is_hide(const struct box *b, unsigned int i)
{
	return (b->policy->path[i].rights & RIGHT_HIDE) && is_rule(b, i);
}

/* rights.c */
bool is_proc(long fd);

#endif /* _APPS_SANDBOX_RULES_H */
