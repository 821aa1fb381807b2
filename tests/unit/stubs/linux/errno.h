/* SPDX-License-Identifier: MIT */
/* errno.h - see types.h */
#include_next <linux/errno.h>
#include <linux/types.h>
