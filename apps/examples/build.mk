# SPDX-License-Identifier: MIT
# The examples, built as a user builds them: from an installed tree, by pkg-config

EXAMPLE_SRCS := $(wildcard apps/examples/*.c)
EXAMPLES := $(patsubst apps/examples/%.c,example-%,$(EXAMPLE_SRCS))
EXAMPLES := $(addprefix build/bin/tests/,$(EXAMPLES) $(addsuffix -static,$(EXAMPLES)))
INSTALLED := build/installed

$(INSTALLED)/stamp: $(LIBDUNE) $(PUBLIC_HEADERS) libdune/libdune.pc.in $(EXAMPLE_SRCS) Makefile
	@$(call say,INST,$(@D))
	$(Q)rm -rf $(@D)
	$(Q)$(MAKE) -s install-lib DESTDIR=$(CURDIR)/$(@D) PREFIX=/opt/dune
	$(Q)touch $@

# From elsewhere, with what is installed and nothing else.
define make_example
	@$(call say,LD,$@)
	$(Q)mkdir -p $(@D) build/examples/$(1)
	$(Q)cd build/examples/$(1) && MAKEFLAGS= PKG_CONFIG_PATH=$(CURDIR)/$(INSTALLED)/opt/dune/lib/pkgconfig \
		PKG_CONFIG_SYSROOT_DIR=$(CURDIR)/$(INSTALLED) \
		$(MAKE) -s -B -f $(CURDIR)/$(INSTALLED)/opt/dune/share/doc/dune/examples/Makefile $* LINK=$(2)
	$(Q)cp build/examples/$(1)/$* $@
endef

build/bin/tests/example-%-static: apps/examples/%.c $(INSTALLED)/stamp apps/examples/build.mk
	$(call make_example,static,-static)
build/bin/tests/example-%: apps/examples/%.c $(INSTALLED)/stamp apps/examples/build.mk
	$(call make_example,shared)

# The programs in the man pages.
MAN_PROGS := $(patsubst docs/man/%,build/bin/tests/man-%,$(wildcard docs/man/*.[37]))

build/bin/tests/man-%: docs/man/% tests/lib/man-example build/flags build/lib/libdune.a
	@$(call say,LD,$@)
	$(Q)mkdir -p $(@D) build/examples
	$(Q)tests/lib/man-example $< >build/examples/$*.c
	$(Q)$(CC) -O2 -g -Wall $(if $(WERROR),-Werror) -Ibuild/include -o $@ build/examples/$*.c \
		build/lib/libdune.a

tests: $(EXAMPLES) $(MAN_PROGS)
