/* SPDX-License-Identifier: MIT */
/*
 * show.h - a call that has not been made, as text
 */
#ifndef _APPS_TRACE_SHOW_H
#define _APPS_TRACE_SHOW_H

#include <stddef.h>
#include <stdint.h>

/* "name(arguments)", terminated; cut off where it does not fit. */
void draft_show(uint32_t nr, const uint64_t args[6], char *to, size_t size);

#endif /* _APPS_TRACE_SHOW_H */
