/* SPDX-License-Identifier: MIT */
/*
 * codec.h - decode a picture: what the plugin offers
 */
#ifndef _APPS_PLUGIN_CODEC_H
#define _APPS_PLUGIN_CODEC_H

#include <stddef.h>

#define ERROR_SIZE	200		/* JMSG_LENGTH_MAX */

struct picture {
	unsigned int	width, height;
	char		error[ERROR_SIZE];	/* why it could not be decoded */
};

/*
 * Decode the PNG or JPEG file in @file to RGB, three bytes a pixel, into @pixels.
 * Returns 0, or -1 with @picture->error set. Uses no files.
 */
int decode(const unsigned char *file, size_t size, unsigned char *pixels, size_t max,
	   struct picture *picture);

#endif /* _APPS_PLUGIN_CODEC_H */
