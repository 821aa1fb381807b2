/* SPDX-License-Identifier: MIT */
/*
 * fuzz.h - what a target of the fuzzer is
 */
#ifndef _TESTS_FUZZ_FUZZ_H
#define _TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* libFuzzer calls it again and again; each time it must begin anew. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(condition) do {							\
	if (!(condition)) {							\
		fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
		abort();							\
	}									\
} while (0)

#endif /* _TESTS_FUZZ_FUZZ_H */
