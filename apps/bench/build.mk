# SPDX-License-Identifier: MIT
# dune-bench

BENCH_OBJS := $(patsubst %.c,build/%.o,$(wildcard apps/bench/*.c))

build/apps/bench/%.o: apps/bench/%.c build/flags apps/bench/build.mk | $(PUBLIC_HEADERS)
	@$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -O2 -g -std=gnu11 $(WARNINGS) -D_GNU_SOURCE -Ibuild/include \
		-MMD -MP -c -o $@ $<

build/bin/dune-bench: $(BENCH_OBJS) build/lib/libsthread.a build/lib/libdune.a
	@$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -o $@ $^

apps: build/bin/dune-bench

-include $(BENCH_OBJS:.o=.d)
