# SPDX-License-Identifier: MIT
# dune-run: no libc, linked at 1 TiB (MONITOR_BASE in run.h)

RUN_SRCS := $(wildcard apps/run/*.c apps/run/*.S) $(wildcard apps/sandbox/*.c)
RUN_SHOWN := $(addprefix build/apps/run/trace/,draft.o gather.o sets.o kinds.o lines.o arguments.o flags.o \
	memory.o system.o sockets.o options.o messages.o events.o tasks.o names.o signals.o)
RUN_OBJS := $(patsubst %,build/%.o,$(basename $(RUN_SRCS))) $(RUN_SHOWN)
RUN_CFLAGS := -std=gnu11 -O2 -g -ffreestanding -fPIE -fno-stack-protector \
	-fcf-protection=none -mno-red-zone -mgeneral-regs-only -fno-strict-aliasing \
	-fno-tree-loop-distribute-patterns $(WARNINGS) -Ibuild/include

build/apps/run/%.o: apps/run/%.c build/flags apps/run/build.mk | $(PUBLIC_HEADERS)
	@$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(RUN_CFLAGS) -MMD -MP -c -o $@ $<

# The sandbox, for dune-run; its pure parts also are in dune-policy.
build/apps/sandbox/%.o: apps/sandbox/%.c build/flags apps/run/build.mk | $(PUBLIC_HEADERS)
	@$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(RUN_CFLAGS) -D_GNU_SOURCE -MMD -MP -c -o $@ $<

# What a record says, as dune-trace shows it.
$(RUN_SHOWN): build/apps/run/trace/%.o: apps/trace/%.c build/flags apps/run/build.mk \
		build/apps/trace/names.h build/apps/trace/libc.h | $(PUBLIC_HEADERS)
	@$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(RUN_CFLAGS) -D_GNU_SOURCE -Ibuild/apps/trace -MMD -MP -c -o $@ $<

build/apps/run/%.o: apps/run/%.S build/flags apps/run/build.mk
	@$(call say,AS,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(RUN_CFLAGS) -MMD -MP -c -o $@ $<

build/bin/dune-run: $(RUN_OBJS) build/lib/libdune.a
	@$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -nostdlib -static -no-pie -Wl,-Ttext-segment=0x10000000000 \
		-Wl,-z,noexecstack -Wl,--no-relax -Wl,--build-id=none -o $@ $^

apps: build/bin/dune-run

-include $(RUN_OBJS:.o=.d)
