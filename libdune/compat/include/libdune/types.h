/* SPDX-License-Identifier: MIT */
/*
 * types.h - the original's names of basic types
 */
#ifndef _DUNE_COMPAT_TYPES_H
#define _DUNE_COMPAT_TYPES_H

#include <inttypes.h>
#include <stddef.h>
#include <stdint.h>

typedef int bool_t;
typedef uintptr_t physaddr_t;
typedef uint64_t ppn_t;

#endif /* _DUNE_COMPAT_TYPES_H */
