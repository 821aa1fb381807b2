# SPDX-License-Identifier: MIT
# dune-bench

BENCH_OBJS := $(patsubst %.c,build/%.o,$(wildcard apps/bench/*.c))

build/apps/bench/%.o: apps/bench/%.c build/flags apps/bench/build.mk | $(PUBLIC_HEADERS)
	@$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)[ -e /usr/include/jansson.h ] || { echo "jansson.h is missing: apt-get install libjansson-dev" >&2; exit 1; }
	$(Q)$(CC) -O2 -g -std=gnu11 $(WARNINGS) -D_GNU_SOURCE -Ibuild/include \
		-MMD -MP -c -o $@ $<

# What reads JSON is linked in: a library more would be mapped in all that is measured.
build/bin/dune-bench: $(BENCH_OBJS) build/lib/libsthread.a build/lib/libdune.a
	@$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -o $@ $^ -Wl,-Bstatic -ljansson -Wl,-Bdynamic

apps: build/bin/dune-bench

-include $(BENCH_OBJS:.o=.d)
