# SPDX-License-Identifier: MIT
# libdune: a shared and a static library that use no libc themselves

LIBDUNE_SRCS := $(filter-out libdune/offsets.c,$(wildcard libdune/*.c libdune/sandbox/*.c)) \
	$(wildcard libdune/*.S libdune/sandbox/*.S)
LIBDUNE_OBJS := $(patsubst %,build/%.o,$(basename $(LIBDUNE_SRCS)))
LIBDUNE := build/lib/libdune.a build/lib/libdune.so.1 build/lib/libdune.so

# The guest half runs on small stacks and between other code's vector registers.
LIBDUNE_CFLAGS := -std=gnu11 -O2 -g -fPIC -fvisibility=hidden -ffunction-sections \
	-fno-stack-protector -fcf-protection=none -mno-red-zone -mgeneral-regs-only \
	-fno-tree-loop-distribute-patterns -fno-strict-aliasing \
	-mmemcpy-strategy=rep_byte:-1:noalign -mmemset-strategy=rep_byte:-1:noalign \
	-minline-all-stringops \
	$(WARNINGS) -Ibuild/include -Ibuild/libdune

PUBLIC_HEADERS := build/include/dune/uapi.h \
	$(patsubst libdune/include/%,build/include/%,$(wildcard libdune/include/dune/*.h))

copy = @$(call say,COPY,$@); mkdir -p $(@D); cp $< $@

build/include/dune/uapi.h: kern/uapi/dune.h
	$(copy)

build/include/dune/%.h: libdune/include/dune/%.h
	$(copy)

build/libdune/offsets.s: libdune/offsets.c build/flags libdune/build.mk | $(PUBLIC_HEADERS)
	@$(call say,GEN,$(@:.s=.h))
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(LIBDUNE_CFLAGS) -MMD -MP -S -o $@ $<

build/libdune/offsets.h: build/libdune/offsets.s
	$(Q)sed -n 's/.*->\([A-Za-z_0-9]*\) \(-\{0,1\}[0-9]*\)".*/#define \1 \2/p' $< > $@

build/libdune/%.o: libdune/%.c build/flags libdune/build.mk | $(PUBLIC_HEADERS)
	@$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(LIBDUNE_CFLAGS) -MMD -MP -c -o $@ $<

build/libdune/%.o: libdune/%.S build/flags libdune/build.mk build/libdune/offsets.h | $(PUBLIC_HEADERS)
	@$(call say,AS,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(LIBDUNE_CFLAGS) -MMD -MP -c -o $@ $<

# The program in each domain of sandbox.h; it runs beside libc, and is data here.
build/libdune/sandbox/loader/loader: libdune/sandbox/loader/loader.c libdune/sandbox/loader/ends.S \
		libdune/sandbox/numbers.h libdune/build.mk build/flags
	@$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 -D_GNU_SOURCE -O2 -fPIE -pie -s $(WARNINGS) -Wl,-z,now \
		-Wl,-z,norelro,-z,noseparate-code,--build-id=none -o $@ $(filter %.c %.S,$^)

build/libdune/sandbox/code.o: build/libdune/sandbox/loader/loader

build/lib/libdune.a: $(LIBDUNE_OBJS)
	@$(call say,AR,$@)
	$(Q)mkdir -p $(@D)
	$(Q)rm -f $@ && $(AR) rcs $@ $(LIBDUNE_OBJS)

build/lib/libdune.so.1: $(LIBDUNE_OBJS) libdune/libdune.map
	@$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -shared -nostdlib -Wl,-soname,libdune.so.1 \
		-Wl,--version-script=libdune/libdune.map -Wl,-z,defs -Wl,-z,noexecstack \
		-Wl,-z,relro,-z,now -o $@ $(LIBDUNE_OBJS)

build/lib/libdune.so: build/lib/libdune.so.1
	$(Q)ln -sf libdune.so.1 $@

lib: $(LIBDUNE)

-include $(LIBDUNE_OBJS:.o=.d) build/libdune/offsets.d
