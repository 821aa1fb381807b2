/* SPDX-License-Identifier: MIT */
/*
 * fdclass.c - what a descriptor is, for conditions that ask
 *
 * By its number, or by what it stands for. The latter another thread can change
 * before Linux uses the descriptor: so such calls are for processes that do not
 * share their descriptors, see fd_class().
 */
#include <linux/fcntl.h>
#include <linux/stat.h>

#include "box.h"

static uint32_t class_of_type(uint32_t mode)
{
	switch (mode & 0170000) {
	case 0100000:
		return CLASS_FILE;
	case 0040000:
		return CLASS_DIR;
	case 0010000:
		return CLASS_PIPE;
	case 0140000:
		return CLASS_SOCKET;
	case 0020000:
	case 0060000:
		return CLASS_DEVICE;
	}
	return 0;
}

/*
 * @fd has 32 bits. In a process of several threads only what its number says:
 * the rest is not sure to hold any longer than it takes to look.
 */
uint32_t fd_class(void *data, uint64_t fd)
{
	const struct box *b = data;
	struct statx st = { 0 };
	uint32_t class = fd <= 2 ? CLASS_STDIN << fd : 0;

	if (b->shares_fds)
		return class;
	if (!sys(__NR_statx, (uint32_t)fd, "", AT_EMPTY_PATH, STATX_TYPE, &st))
		class |= class_of_type(st.stx_mode);
	return class;
}
