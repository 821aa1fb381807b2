/* SPDX-License-Identifier: MIT */
/*
 * main.c - dune-plugin: convert pictures by decoders that are not trusted
 */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <dune/dune.h>
#include <dune/sandbox.h>

#include "plugin.h"

static struct {
	bool		direct, ticks;
	const char	*codec, *in, *out;
	unsigned int	malformed, width, height;
} opt;

static error_t parse(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case 'd':
		opt.direct = true;
		return 0;
	case 't':
		opt.ticks = true;
		return 0;
	case 'c':
		opt.codec = arg;
		return 0;
	case 'm':
		opt.malformed = atoi(arg);
		return 0;
	case 's':
		if (sscanf(arg, "%ux%u", &opt.width, &opt.height) != 2)
			argp_error(state, "--sample wants WIDTHxHEIGHT");
		return 0;
	case ARGP_KEY_ARG:
		if (state->arg_num > 1)
			argp_usage(state);
		*(state->arg_num ? &opt.out : &opt.in) = arg;
		return 0;
	case ARGP_KEY_END:
		if (!opt.in)
			argp_usage(state);
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp_option options[] = {
	{ "direct", 'd', NULL, 0, "Decode without a domain", 0 },
	{ "ticks", 't', NULL, 0, "Print the ticks of the TSC that decoding took", 0 },
	{ "codec", 'c', "FILE", 0, "The decoder, a shared object", 0 },
	{ "malformed", 'm', "N", 0, "Decode N malformed versions of the file, and count", 0 },
	{ "sample", 's', "WIDTHxHEIGHT", 0, "Write a picture to FILE, .png or .jpg", 0 },
	{ 0 }
};

static const struct argp argp = {
	options, parse, "FILE [OUT.ppm]",
	"Decode a PNG or JPEG file with libpng and libjpeg in a domain of Dune's, where"
	" they cannot harm this program, and write it as PPM (to standard output, if"
	" OUT.ppm is missing).", NULL, NULL, NULL,
};

static int complain(const char *what, const char *why)
{
	fprintf(stderr, "dune-plugin: %s: %s\n", what, why);
	return 1;
}

/* The decoder beside this program: bin/dune-plugin, lib/dune/codec.so. */
static const char *find_codec(void)
{
	static char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 32);

	path[n > 0 ? n : 0] = 0;
	if (!strrchr(path, '/'))
		return "codec.so";
	strcpy(strrchr(path, '/'), "/../lib/dune/codec.so");
	return path;
}

static unsigned char *read_file(const char *path, size_t *size)
{
	unsigned char *data = malloc(MAX_FILE);
	FILE *f = fopen(path, "rb");

	if (!f || !data) {
		complain(path, strerror(errno));
		exit(1);
	}
	*size = fread(data, 1, MAX_FILE, f);
	fclose(f);
	return data;
}

static int write_ppm(const struct decoder *d)
{
	size_t n = 3UL * d->picture.width * d->picture.height;
	FILE *f = opt.out ? fopen(opt.out, "wb") : stdout;
	bool good;

	if (!f)
		return complain(opt.out, strerror(errno));
	fprintf(f, "P6\n%u %u\n255\n", d->picture.width, d->picture.height);
	good = fwrite(d->pixels, 1, n, f) == n;
	return fclose(f) || !good ? complain("writing", strerror(errno)) : 0;
}

static int decode_one(struct decoder *d, const unsigned char *file, size_t size)
{
	return opt.direct ? direct_decode(d, file, size) : boxed_decode(d, file, size);
}

/* Each in the same domain, as it was before the first. */
static int decode_malformed(struct decoder *d, const unsigned char *file, size_t size)
{
	unsigned int seed, decoded = 0, refused = 0, ended = 0;
	unsigned char *bad = malloc(size);
	int r;

	for (seed = 0; bad && size >= 16 && seed < opt.malformed; seed++) {
		r = decode_one(d, bad, malform(bad, file, size, seed));
		if (r < -1)
			return complain("a new domain", strerror(-r));
		decoded += !r;
		refused += r && !d->ending;
		ended += !!d->ending;
		if (d->ending)
			fprintf(stderr, "dune-plugin: version %u: %s\n", seed, d->ending);
	}
	printf("%u malformed: %u decoded, %u refused, %u ended the domain\n", opt.malformed,
	       decoded, refused, ended);
	free(bad);
	return 0;
}

static int convert(struct decoder *d, const unsigned char *file, size_t size)
{
	int r = decode_one(d, file, size);

	if (r)
		return complain(opt.in, d->ending ? d->ending : r < -1 ? strerror(-r) :
					d->picture.error);
	/* The first call has pages to touch; the second tells what decoding takes. */
	if (opt.ticks && !decode_one(d, file, size)) {
		printf("%lu\n", (unsigned long)d->ticks);
		return 0;
	}
	return write_ppm(d);
}

int main(int argc, char **argv)
{
	struct decoder d = { 0 };
	unsigned char *file;
	size_t size;
	int r;

	if (argp_parse(&argp, argc, argv, 0, NULL, NULL))
		return 1;
	if (opt.width) {
		r = write_sample(opt.in, opt.width, opt.height);
		return r ? complain(opt.in, strerror(-r)) : 0;
	}
	file = read_file(opt.in, &size);
	r = opt.direct ? 0 : boxed_open(opt.codec ? opt.codec : find_codec());
	if (r)
		return complain("cannot make a domain", dune_active() ? dune_domain_strerror(r) :
									dune_strerror(r));
	r = opt.malformed ? decode_malformed(&d, file, size) : convert(&d, file, size);
	if (!opt.direct)
		boxed_close();
	free(file);
	return r;
}
