# SPDX-License-Identifier: MIT
# libdune: a shared and a static library that use no libc themselves

LIBDUNE_SRCS := $(filter-out libdune/offsets.c,$(wildcard libdune/*.c)) $(wildcard libdune/*.S)
LIBDUNE_OBJS := $(patsubst %,build/%.o,$(basename $(LIBDUNE_SRCS)))

# The guest half runs on small stacks and between other code's vector registers.
LIBDUNE_CFLAGS := -std=gnu11 -O2 -g -fPIC -fvisibility=hidden -ffunction-sections \
	-fno-stack-protector -fcf-protection=none -mno-red-zone -mgeneral-regs-only \
	-fno-tree-loop-distribute-patterns -fno-strict-aliasing \
	$(WARNINGS) -Ibuild/include -Ibuild/libdune

PUBLIC_HEADERS := build/include/dune/uapi.h \
	$(patsubst libdune/include/%,build/include/%,$(wildcard libdune/include/dune/*.h))

build/include/dune/uapi.h: kern/uapi/dune.h
	@$(call say,COPY,$@)
	$(Q)mkdir -p $(@D)
	$(Q)cp $< $@

build/include/dune/%.h: libdune/include/dune/%.h
	@$(call say,COPY,$@)
	$(Q)mkdir -p $(@D)
	$(Q)cp $< $@

build/libdune/offsets.h: libdune/offsets.c libdune/priv.h $(PUBLIC_HEADERS)
	@$(call say,GEN,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(LIBDUNE_CFLAGS) -S -o $(@:.h=.s) $< && \
		sed -n 's/.*->\([A-Za-z_0-9]*\) \(-\{0,1\}[0-9]*\)".*/#define \1 \2/p' $(@:.h=.s) > $@

build/libdune/%.o: libdune/%.c $(PUBLIC_HEADERS)
	@$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(LIBDUNE_CFLAGS) -MMD -MP -c -o $@ $<

build/libdune/%.o: libdune/%.S build/libdune/offsets.h
	@$(call say,AS,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(LIBDUNE_CFLAGS) -MMD -MP -c -o $@ $<

build/lib/libdune.a: $(LIBDUNE_OBJS)
	@$(call say,AR,$@)
	$(Q)mkdir -p $(@D)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

build/lib/libdune.so.1: $(LIBDUNE_OBJS) libdune/libdune.map
	@$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -shared -nostdlib -Wl,-soname,libdune.so.1 \
		-Wl,--version-script=libdune/libdune.map -Wl,-z,defs -Wl,-z,noexecstack \
		-Wl,-z,relro,-z,now -o $@ $(LIBDUNE_OBJS) && ln -sf libdune.so.1 build/lib/libdune.so

lib: build/lib/libdune.a build/lib/libdune.so.1

-include $(LIBDUNE_OBJS:.o=.d)
