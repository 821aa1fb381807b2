# SPDX-License-Identifier: MIT
# dune-trace: the reader; what it reads, dune-run's monitor writes (apps/run/record.c)

TRACE_OBJS := $(patsubst %.c,build/%.o,$(wildcard apps/trace/*.c))
UNISTD := $(firstword $(wildcard /usr/include/x86_64-linux-gnu/asm/unistd_64.h /usr/include/asm/unistd_64.h))

build/apps/trace/names.h: $(UNISTD)
	@$(call say,GEN,$@)
	$(Q)mkdir -p $(@D)
	$(Q)sed -n 's/^#define __NR_\([a-z0-9_]*\) \([0-9]*\)$$/[\2] = "\1",/p' $< > $@

build/apps/trace/%.o: apps/trace/%.c build/flags apps/trace/build.mk build/apps/trace/names.h
	@$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -O2 -g -std=gnu11 $(WARNINGS) -D_GNU_SOURCE -Ibuild/apps/trace -MMD -MP -c -o $@ $<

build/bin/dune-trace: $(TRACE_OBJS) build/apps/bench/measure.o
	@$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -o $@ $^

apps: build/bin/dune-trace

-include $(TRACE_OBJS:.o=.d)
build/unit/trace_lines_test: build/apps/trace/names.h
