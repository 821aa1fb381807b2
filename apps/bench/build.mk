# SPDX-License-Identifier: MIT
# dune-bench

BENCH_SRCS := $(wildcard apps/bench/*.c)

build/bin/dune-bench: $(BENCH_SRCS) apps/bench/bench.h build/lib/libdune.a
	@$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -O2 -g -std=gnu11 $(WARNINGS) -D_GNU_SOURCE -Ibuild/include -o $@ \
		$(BENCH_SRCS) build/lib/libdune.a

apps: build/bin/dune-bench
