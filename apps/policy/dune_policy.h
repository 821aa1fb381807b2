/* SPDX-License-Identifier: MIT */
/*
 * dune_policy.h - what dune-policy's files share, but for the parser
 */
#ifndef _APPS_POLICY_DUNE_POLICY_H
#define _APPS_POLICY_DUNE_POLICY_H

#include "parse.h"

/* filter.c */
int call_number(const char *name);
int make_filter(struct policy *p);	/* 0 or -errno */

#endif /* _APPS_POLICY_DUNE_POLICY_H */
