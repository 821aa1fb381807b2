/* SPDX-License-Identifier: MIT */
/*
 * plugin.h - what dune-plugin's files share
 */
#ifndef _APPS_PLUGIN_PLUGIN_H
#define _APPS_PLUGIN_PLUGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codec.h"

#define MAX_FILE	(16UL << 20)
#define MAX_PIXELS	(64UL << 20)	/* bytes of a decoded picture */
#define TIMEOUT		20000000000UL	/* nanoseconds for one picture */

/* A way to decode; pixels are where decoding left them until the next one. */
struct decoder {
	unsigned char	*pixels;
	struct picture	picture;
	uint64_t	ticks;		/* that the last decoding took */
	const char	*ending;	/* how the domain ended, or NULL: it has not */
};

/* boxed.c: in a domain, which ends with a bad file, and begins anew */
int boxed_open(const char *codec);
int boxed_decode(struct decoder *decoder, const unsigned char *file, size_t size);
void boxed_close(void);

/* direct.c: the same code, called as any library */
int direct_decode(struct decoder *decoder, const unsigned char *file, size_t size);

/* malform.c */
size_t malform(unsigned char *to, const unsigned char *file, size_t size, unsigned int seed);

/* sample.c */
int write_sample(const char *path, unsigned int width, unsigned int height);

static inline uint64_t ticks_now(void)
{
	return __builtin_ia32_rdtsc();
}

#endif /* _APPS_PLUGIN_PLUGIN_H */
