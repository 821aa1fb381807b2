# SPDX-License-Identifier: MIT
# dune-trace: the reader; what it reads, dune-run's monitor writes (apps/run/record.c)

TRACE_SRCS := $(filter-out apps/trace/gen.c apps/trace/draft.c apps/trace/gather.c apps/trace/sets.c,\
	$(wildcard apps/trace/*.c))
TRACE_OBJS := $(TRACE_SRCS:%.c=build/%.o)
TRACE_NAMES := build/apps/trace/names.h build/apps/trace/libc.h
UNISTD := $(firstword $(wildcard /usr/include/x86_64-linux-gnu/asm/unistd_64.h /usr/include/asm/unistd_64.h))

build/apps/trace/names.h: $(UNISTD)
	@$(call say,GEN,$@)
	$(Q)mkdir -p $(@D)
	$(Q)sed -n 's/^#define __NR_\([a-z0-9_]*\) \([0-9]*\)$$/[\2] = "\1",/p' $< > $@

build/apps/trace/libc.h: apps/trace/gen.c build/flags
	@$(call say,GEN,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(WARNINGS) -D_GNU_SOURCE -o build/apps/trace/gen $<
	$(Q)LC_ALL=C build/apps/trace/gen > $@

build/apps/trace/%.o: apps/trace/%.c build/flags apps/trace/build.mk $(TRACE_NAMES)
	@$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -O2 -g -std=gnu11 $(WARNINGS) -D_GNU_SOURCE -Ibuild/apps/trace -MMD -MP -c -o $@ $<

build/bin/dune-trace: $(TRACE_OBJS) build/apps/bench/measure.o
	@$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -o $@ $^

apps: build/bin/dune-trace

-include $(TRACE_OBJS:.o=.d)
build/unit/trace_lines_test build/unit/trace_structures_test build/unit/sandbox_test: $(TRACE_NAMES)
