# SPDX-License-Identifier: MIT
# dune-plugin, and the decoder that it loads into a domain: the same code twice.
# Without the headers of libpng and libjpeg there is none.

PLUGIN_OBJS := $(patsubst %.c,build/%.o,$(wildcard apps/plugin/*.c))

build/apps/plugin/%.o: apps/plugin/%.c build/flags apps/plugin/build.mk | $(PUBLIC_HEADERS)
	@$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -O2 -g -std=gnu11 $(WARNINGS) -D_GNU_SOURCE -Ibuild/include -fPIC \
		-MMD -MP -c -o $@ $<

build/bin/dune-plugin: $(PLUGIN_OBJS) build/lib/libdune.a
	@$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -o $@ $^ -lpng -ljpeg

build/lib/dune/codec.so: build/apps/plugin/codec.o
	@$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -shared -Wl,-z,defs -Wl,-z,now -o $@ $^ -lpng -ljpeg

apps: $(if $(and $(wildcard /usr/include/png.h),$(wildcard /usr/include/jpeglib.h)), \
	build/bin/dune-plugin build/lib/dune/codec.so)

-include $(PLUGIN_OBJS:.o=.d)
