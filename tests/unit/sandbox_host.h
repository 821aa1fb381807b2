/* SPDX-License-Identifier: MIT */
/*
 * sandbox_host.h - the sandbox's checks, linked without Dune
 */
#ifndef _TESTS_UNIT_SANDBOX_HOST_H
#define _TESTS_UNIT_SANDBOX_HOST_H

/* Where libdune's descriptors would begin. */
#define OWN_FDS_FROM	768

/* In place of libseccomp: a number of the sandbox's own table, or -1. */
int known_call(const char *name);

#endif /* _TESTS_UNIT_SANDBOX_HOST_H */
