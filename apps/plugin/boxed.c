/* SPDX-License-Identifier: MIT */
/*
 * boxed.c - decode in a domain
 *
 * The file goes into a buffer of the domain's, the pixels come out of another.
 * What the domain writes next to them, the picture's size, is hostile: it is
 * copied once and looked at. After each file the domain is as it was before.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <dune/dune.h>
#include <dune/sandbox.h>

#include "plugin.h"

static struct dune_domain *domain;
static uint64_t decode_fn;
static unsigned char *file_buffer, *pixels;
static struct picture *answer;
static char ending[256];

static const char *const causes[] = {
	[DUNE_DOMAIN_CRASHED] = "crashed", [DUNE_DOMAIN_STACK] = "used up its stack",
	[DUNE_DOMAIN_MEMORY] = "used up its memory", [DUNE_DOMAIN_DEADLINE] = "took too long",
	[DUNE_DOMAIN_EXITED] = "exited", [DUNE_DOMAIN_ABORTED] = "aborted",
	[DUNE_DOMAIN_ENDED] = "was ended",
};

static void describe_ending(void)
{
	struct dune_domain_report r;

	dune_domain_report(domain, &r);
	if (r.cause >= sizeof(causes) / sizeof(causes[0]) || !causes[r.cause])
		return;
	snprintf(ending, sizeof(ending), "the decoder %s (signal %d, address %#lx, at %s+%#lx)",
		 causes[r.cause], r.signal, (unsigned long)r.address,
		 r.module[0] ? r.module : "?", (unsigned long)r.offset);
}

static int make_domain(const char *codec)
{
	struct dune_domain_options options = {
		.memory = 256UL << 20, .flags = DUNE_DOMAIN_W_XOR_X, .timeout = TIMEOUT,
	};
	struct dune_domain_report report;
	int r = dune_domain_create(&domain, &options);

	if (r)
		return r;
	r = dune_domain_load(domain, codec);
	if (r == -ENOEXEC) {
		dune_domain_report(domain, &report);
		fprintf(stderr, "dune-plugin: %s\n", report.linker);
	}
	return r ? r : dune_domain_symbol(domain, "decode", &decode_fn);
}

static int make_buffers(void)
{
	file_buffer = dune_domain_alloc(domain, MAX_FILE);
	pixels = dune_domain_alloc(domain, MAX_PIXELS);
	answer = dune_domain_alloc(domain, sizeof(*answer));
	return file_buffer && pixels && answer ? 0 : -ENOMEM;
}

/* The snapshot comes before the buffers, so that a reset need not restore them. */
int boxed_open(const char *codec)
{
	int r = dune_init(0);

	r = r ? r : dune_enter();
	r = r ? r : make_domain(codec);
	r = r ? r : dune_domain_snapshot(domain);
	return r ? r : make_buffers();
}

static int check_answer(struct picture *picture)
{
	memcpy(picture, answer, sizeof(*picture));
	picture->error[ERROR_SIZE - 1] = 0;
	return picture->width && picture->height && picture->width <= 65535 &&
	       picture->height <= 65535 && picture->width * 3UL * picture->height <= MAX_PIXELS;
}

int boxed_decode(struct decoder *decoder, const unsigned char *file, size_t size)
{
	struct dune_domain_call call = {
		.arg = { (uintptr_t)file_buffer, size, (uintptr_t)pixels, MAX_PIXELS,
			 (uintptr_t)answer },
		.timeout = TIMEOUT,
	};
	uint64_t t = ticks_now();
	int r;

	decoder->ending = NULL;
	memcpy(file_buffer, file, size);
	r = dune_domain_call(domain, decode_fn, &call);
	decoder->ticks = ticks_now() - t;
	decoder->pixels = pixels;
	if (r == -EOWNERDEAD) {
		describe_ending();
		decoder->ending = ending;
		r = dune_domain_reset(domain);
		return (r ? r : make_buffers()) ? -ENOMEM : -1;
	}
	if (r)
		return r;
	if (!check_answer(&decoder->picture) && !call.result) {
		snprintf(decoder->picture.error, ERROR_SIZE, "the decoder lies about the size");
		return -1;
	}
	return call.result ? -1 : 0;
}

void boxed_close(void)
{
	dune_domain_destroy(domain);
	dune_leave();
}
