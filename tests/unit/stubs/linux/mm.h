/* SPDX-License-Identifier: MIT */
/* mm.h - see types.h */
#include <linux/types.h>
