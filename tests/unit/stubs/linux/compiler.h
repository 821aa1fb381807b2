/* SPDX-License-Identifier: MIT */
/* compiler.h - see types.h */
#include <linux/types.h>
