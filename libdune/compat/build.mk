# SPDX-License-Identifier: MIT
# The original's interface: headers, and a libdune.a in a folder of its own that
# has libdune and this, so that an old Makefile's -I, -L and -ldune are enough

COMPAT_SRCS := $(wildcard libdune/compat/*.c libdune/compat/*.S)
COMPAT_OBJS := $(patsubst %,build/%.o,$(basename $(COMPAT_SRCS)))
COMPAT_HEADERS := $(patsubst libdune/compat/include/%,build/include/dune/compat/%, \
	$(wildcard libdune/compat/include/libdune/*.h))
COMPAT_LIB := build/lib/compat/libdune.a

# With libc, but no stack protector: FS may be ring 3's at either end of a call.
COMPAT_CFLAGS := -std=gnu11 -O2 -g -fPIC -fvisibility=hidden -ffunction-sections \
	-fno-stack-protector -fno-strict-aliasing -fcf-protection=none $(WARNINGS) \
	-Ibuild/include -Ibuild/libdune

build/include/dune/compat/libdune/%.h: libdune/compat/include/libdune/%.h
	$(copy)

build/libdune/compat/%.o: libdune/compat/%.c build/flags libdune/compat/build.mk | $(PUBLIC_HEADERS)
	@$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(COMPAT_CFLAGS) -MMD -MP -c -o $@ $<

build/libdune/compat/%.o: libdune/compat/%.S build/flags libdune/compat/build.mk build/libdune/offsets.h
	@$(call say,AS,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(COMPAT_CFLAGS) -MMD -MP -c -o $@ $<

$(COMPAT_LIB): $(LIBDUNE_OBJS) $(COMPAT_OBJS)
	@$(call say,AR,$@)
	$(Q)mkdir -p $(@D)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

lib: $(COMPAT_LIB) $(COMPAT_HEADERS)

-include $(COMPAT_OBJS:.o=.d)
