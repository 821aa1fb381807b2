/* SPDX-License-Identifier: MIT */
/* gfp.h - see types.h */
#include <linux/types.h>
