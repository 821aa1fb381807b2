# SPDX-License-Identifier: MIT
# dune-policy: an ordinary program, with libseccomp

POLICY_SRCS := $(wildcard apps/policy/*.c) apps/sandbox/calls.c apps/sandbox/judge.c
POLICY_OBJS := $(patsubst apps/%.c,build/apps/policy-objs/%.o,$(POLICY_SRCS))

build/apps/policy-objs/%.o: apps/%.c build/flags apps/policy/build.mk
	@$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)[ -e /usr/include/seccomp.h ] || { echo "seccomp.h is missing: apt-get install libseccomp-dev" >&2; exit 1; }
	$(Q)$(CC) -std=gnu11 -O2 -g $(WARNINGS) -D_GNU_SOURCE -MMD -MP -c -o $@ $<

build/bin/dune-policy: $(POLICY_OBJS)
	@$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -o $@ $^ -lseccomp

apps: build/bin/dune-policy

-include $(POLICY_OBJS:.o=.d)
