# SPDX-License-Identifier: MIT
# Programs in the manner of 2013, built as such were: against what is installed,
# static; and as gcc does it today

COMPAT_TESTS := $(patsubst tests/compat/%.c,build/bin/tests/%,$(wildcard tests/compat/*_test.c))
COMPAT_PIE_TESTS := $(COMPAT_TESTS:_test=_pie_test)
COMPAT_ROOT = $(INSTALLED)/opt/dune

build/bin/tests/compat_%_pie_test: tests/compat/compat_%_test.c tests/compat/check.h \
		tests/compat/build.mk $(INSTALLED)/stamp
	@$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)gcc -Wall -Wextra -Wno-unused-parameter $(if $(WERROR),-Werror) -g -O2 -pie -fPIE $< -o $@ \
		$$(PKG_CONFIG_PATH=$(COMPAT_ROOT)/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$(CURDIR)/$(INSTALLED) \
		pkg-config --cflags --libs libdune-compat)

build/bin/tests/compat_%_test: tests/compat/compat_%_test.c tests/compat/check.h \
		tests/compat/build.mk $(INSTALLED)/stamp
	@$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)gcc -Wall $(if $(WERROR),-Werror) -g -O2 -std=gnu99 -I$(COMPAT_ROOT)/include/dune/compat -static \
		$< -L$(COMPAT_ROOT)/lib/dune/compat -ldune -lpthread -o $@

tests: $(COMPAT_TESTS) $(COMPAT_PIE_TESTS)
