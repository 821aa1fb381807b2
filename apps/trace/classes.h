/* SPDX-License-Identifier: MIT */
/*
 * classes.h - which calls -e trace= is about
 */
#ifndef _APPS_TRACE_CLASSES_H
#define _APPS_TRACE_CLASSES_H

#include "trace.h"

/*
 * By @list: [!]NAME[,NAME]..., where a NAME is a call's, %CLASS or "all"; or "none".
 * Returns NULL, or the name in @list that there is not.
 */
const char *want_calls(char *list, bool wanted[MAX_NR]);

/* The classes' names, each with a blank before it. */
void list_classes(char *to, size_t size);

#endif /* _APPS_TRACE_CLASSES_H */
