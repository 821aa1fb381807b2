# SPDX-License-Identifier: MIT
# The examples, built as a user builds them: from an installed tree, by pkg-config

EXAMPLE_SRCS := $(wildcard apps/examples/*.c)
EXAMPLES := $(patsubst apps/examples/%.c,example-%,$(EXAMPLE_SRCS))
EXAMPLES := $(addprefix build/bin/tests/,$(EXAMPLES) $(addsuffix -static,$(EXAMPLES)))
INSTALLED := build/installed

$(INSTALLED)/stamp: $(LIBDUNE) $(PUBLIC_HEADERS) $(COMPAT_LIB) $(COMPAT_HEADERS) $(wildcard libdune/*.pc.in) \
		build/lib/libsthread.a build/include/dune/sthread.h apps/sthread/libsthread.pc.in $(EXAMPLE_SRCS) Makefile
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

# What the man pages show: programs, which are run; and functions, which are compiled.
MAN_PAGES := $(wildcard docs/man/*.[37])
MAN_PROGS := $(patsubst docs/man/%,build/bin/tests/man-%,$(shell grep -l '^int main.void' $(MAN_PAGES)))
MAN_OBJS := $(patsubst docs/man/%,build/examples/%.o,$(MAN_PAGES))

build/examples/%.o: docs/man/% tests/lib/man-example build/flags apps/examples/build.mk \
		apps/examples/man.h | $(PUBLIC_HEADERS) build/include/dune/sthread.h
	@$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)tests/lib/man-example $< >build/examples/$*.c
	$(Q)$(CC) -O2 -g -Wall $(if $(WERROR),-Werror) -Ibuild/include -include apps/examples/man.h \
		-c -o $@ build/examples/$*.c

build/examples/dune_compat.7.o: docs/man/dune_compat.7 tests/lib/man-example build/flags $(COMPAT_HEADERS)
	@$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)tests/lib/man-example $< >$(@:.o=.c)
	$(Q)$(CC) -O2 -g -Wall $(if $(WERROR),-Werror) -Ibuild/include/dune/compat -c -o $@ $(@:.o=.c)

build/bin/tests/man-dune_compat.7: build/examples/dune_compat.7.o $(COMPAT_LIB)
	@$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -o $@ $^

# With what pkg-config says of what is installed, as a user's.
build/bin/tests/man-sthread.3: build/examples/sthread.3.o $(INSTALLED)/stamp
	@$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -o $@ $< $$(PKG_CONFIG_PATH=$(INSTALLED)/opt/dune/lib/pkgconfig \
		PKG_CONFIG_SYSROOT_DIR=$(CURDIR)/$(INSTALLED) pkg-config --libs libsthread)

$(filter-out %/man-dune_compat.7 %/man-sthread.3,$(MAN_PROGS)): build/bin/tests/man-%: build/examples/%.o build/lib/libdune.a
	@$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -o $@ $^

tests: $(EXAMPLES) $(MAN_PROGS) $(MAN_OBJS)
