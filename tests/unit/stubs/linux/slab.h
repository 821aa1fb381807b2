/* SPDX-License-Identifier: MIT */
/* slab.h - see types.h */
#include <linux/types.h>
