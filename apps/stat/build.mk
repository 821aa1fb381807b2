# SPDX-License-Identifier: MIT
# dune-stat: what the module counts

STAT_OBJS := $(patsubst %.c,build/%.o,$(wildcard apps/stat/*.c))

build/apps/stat/%.o: apps/stat/%.c build/flags apps/stat/build.mk
	@$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -O2 -g -std=gnu11 $(WARNINGS) -D_GNU_SOURCE -MMD -MP -c -o $@ $<

build/bin/dune-stat: $(STAT_OBJS)
	@$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -o $@ $^

apps: build/bin/dune-stat

-include $(STAT_OBJS:.o=.d)
