/* SPDX-License-Identifier: MIT */
/*
 * elf.h - the original had a copy of libc's
 */
#include_next <elf.h>
