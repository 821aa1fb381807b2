# SPDX-License-Identifier: MIT
# dune-gc; without expat (for its XML workload) and libgc (to compare) there is none

GC_OBJS := $(patsubst %.c,build/%.o,$(wildcard apps/gc/*.c))

build/apps/gc/%.o: apps/gc/%.c build/flags apps/gc/build.mk | $(PUBLIC_HEADERS)
	@$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -O2 -g -std=gnu11 $(WARNINGS) -D_GNU_SOURCE -Ibuild/include \
		-MMD -MP -c -o $@ $<

build/bin/dune-gc: $(GC_OBJS) build/apps/bench/measure.o build/lib/libdune.a
	@$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -o $@ $^ -lexpat -lgc -lpthread

apps: $(if $(and $(wildcard /usr/include/expat.h),$(wildcard /usr/include/gc/gc.h)),build/bin/dune-gc)

-include $(GC_OBJS:.o=.d)
