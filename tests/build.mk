# SPDX-License-Identifier: MIT
# Tests: programs for the machine, programs for here

# The kernel's own harness, from its source package; not ours to keep.
KSELFTEST := build/kselftest
LINUX_SOURCE ?= $(firstword $(wildcard /usr/src/linux-source-6.1.tar.xz /usr/src/linux-source-6.12.tar.xz))

$(KSELFTEST)/kselftest_harness.h: $(LINUX_SOURCE)
	@$(call say,UNTAR,$@)
	$(Q)mkdir -p $(@D)
	$(Q)test -n "$<" || { echo "the kernel's selftest headers are missing: apt-get install linux-source-6.1"; exit 1; }
	$(Q)tar xf $< -C $(@D) --strip-components=4 --wildcards \
		'*/tools/testing/selftests/kselftest.h' '*/tools/testing/selftests/kselftest_harness.h'
	$(Q)touch $@

GUEST_SRCS := $(wildcard tests/guest/*_test.c)
GUEST_TESTS := $(patsubst tests/guest/%.c,build/bin/tests/%,$(GUEST_SRCS))
GUEST_PROGS := $(patsubst tests/guest/progs/%.c,build/bin/tests/prog-%,$(wildcard tests/guest/progs/*.c))

build/bin/tests/%_test: tests/guest/%_test.c $(wildcard tests/guest/*.h) build/lib/libdune.a $(KSELFTEST)/kselftest_harness.h
	@$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -O2 -g -std=gnu11 -Wall -Wno-unused-parameter $(if $(WERROR),-Werror) -D_GNU_SOURCE \
		-Ibuild/include -I$(KSELFTEST) -Ikern/uapi -o $@ $< build/lib/libdune.a -lpthread

# Programs to be run under dune-run, in every way a program can be linked.
build/bin/tests/prog-%: tests/guest/progs/%.c
	@$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -O1 -g -Wall -pie -fPIE -o $@ $< -lpthread
	$(Q)$(CC) -O1 -g -Wall -no-pie -fno-pie -o $@-nopie $< -lpthread
	$(Q)$(CC) -O1 -g -Wall -static -no-pie -fno-pie -o $@-static $< -lpthread
	$(Q)$(CC) -O1 -g -Wall -static-pie -fPIE -o $@-static-pie $< -lpthread

GUEST_SCRIPTS := $(patsubst tests/guest/%,build/bin/tests/%,$(wildcard tests/guest/*.sh tests/guest/run-all))
build/bin/tests/%.sh: tests/guest/%.sh
	$(Q)mkdir -p $(@D) && install -m 755 $< $@
build/bin/tests/run-all: tests/guest/run-all
	$(Q)mkdir -p $(@D) && install -m 755 $< $@

tests: $(GUEST_TESTS) $(GUEST_PROGS) $(GUEST_SCRIPTS)

# Unit tests name the sources they need in a line "SOURCES: ...".
UNIT_SRCS := $(wildcard tests/unit/*_test.c)
UNIT_TESTS := $(patsubst tests/unit/%.c,build/unit/%,$(UNIT_SRCS))

unit_sources = $(shell sed -n 's,.*SOURCES: \(.*[chS]\).*,\1,p' $(1))

.SECONDEXPANSION:
build/unit/%: tests/unit/%.c $$(call unit_sources,tests/unit/$$*.c) $(wildcard tests/unit/*.h tests/unit/stubs/*/*.h) | $(PUBLIC_HEADERS)
	@$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -g -O1 -std=gnu11 -Wall -fsanitize=address,undefined -fno-sanitize-recover=all \
		-Ibuild/include -Ilibdune -Itests/unit/stubs -o $@ $(filter %.c,$^)

unit: $(UNIT_TESTS)
	@status=0; for t in $(UNIT_TESTS); do $$t || status=1; done; exit $$status
