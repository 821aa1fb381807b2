/* SPDX-License-Identifier: MIT */
/* vmstat.h - see types.h */
#include <linux/types.h>
