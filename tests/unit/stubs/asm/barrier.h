/* SPDX-License-Identifier: MIT */
/* barrier.h - see types.h */
#include <linux/types.h>
