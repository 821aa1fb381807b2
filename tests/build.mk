# SPDX-License-Identifier: MIT
# Tests: programs for the machine (build/bin/tests), programs for here (build/unit)

# The kernel's own harness, from its source package; not ours to keep.
KSELFTEST := build/kselftest/kselftest_harness.h
LINUX_SOURCE := $(firstword $(wildcard /usr/src/linux-source-6.1.tar.xz /usr/src/linux-source-6.12.tar.xz))

$(KSELFTEST): $(LINUX_SOURCE)
	@$(call say,UNTAR,$@)
	$(Q)[ -n "$<" ] || { echo "the kernel's selftest headers are missing: apt-get install linux-source-6.1" >&2; exit 1; }
	$(Q)mkdir -p $(@D)
	$(Q)tar xf $< -C $(@D) --strip-components=4 --occurrence=1 --wildcards \
		'*/tools/testing/selftests/kselftest.h' '*/tools/testing/selftests/kselftest_harness.h'
	$(Q)touch $@

# One program to a file. Warnings of the harness are not ours.
GUEST_SRCS := $(wildcard tests/guest/*_test.c)
GUEST_TESTS := $(patsubst tests/guest/%.c,build/bin/tests/%,$(GUEST_SRCS))

build/bin/tests/%_test: tests/guest/%_test.c tests/guest/slow.h tests/build.mk build/flags build/lib/libdune.a $(KSELFTEST)
	@$(call say,LD,$@)
	$(Q)mkdir -p $(@D) build/tests/guest
	$(Q)$(CC) -O2 -g -std=gnu11 -Wall -Wno-unused-parameter $(if $(WERROR),-Werror) -D_GNU_SOURCE \
		-Ibuild/include -isystem build/kselftest -Ikern/uapi -include tests/guest/slow.h \
		-MMD -MP -MF build/$(<:.c=.d) -o $@ $< build/lib/libdune.a -lpthread

GUEST_TESTS += build/bin/tests/unwind_test
build/bin/tests/unwind_test: tests/guest/unwind_test.cc tests/guest/own_root.h tests/build.mk build/flags build/lib/libdune.a
	@$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CXX) -O2 -g -std=c++17 -fnon-call-exceptions -Wall $(if $(WERROR),-Werror) \
		-Ibuild/include -o $@ $< build/lib/libdune.a

# Programs to be run under dune-run, linked in every way a program can be.
GUEST_PROGS := $(foreach p,$(patsubst tests/guest/progs/%.c,build/bin/tests/prog-%,$(wildcard tests/guest/progs/*.c)), \
	$(p) $(p)-nopie $(p)-static $(p)-static-pie)

define link_prog_static
	@$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -O1 -g -Wall -D_GNU_SOURCE $(1) -o $@ $(filter %.c,$^) -lpthread
endef

# pthread_cancel() wants libgcc_s, and by dlopen() too late.
define link_prog
	@$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -O1 -g -Wall -D_GNU_SOURCE $(1) -o $@ $(filter %.c %.a,$^) -lpthread \
		-Wl,--push-state,--no-as-needed -lgcc_s -Wl,--pop-state
endef

# The same at CPL 0: they enter Dune mode themselves.
INSIDE_PROGS := build/bin/tests/prog-signals-inside build/bin/tests/prog-waits-inside
$(INSIDE_PROGS): build/bin/tests/prog-%-inside: tests/guest/progs/%.c $(wildcard tests/guest/progs/*.h) build/lib/libdune.a tests/build.mk build/flags
	$(call link_prog,-DINSIDE -Ibuild/include)

build/bin/tests/prog-%-static-pie: tests/guest/progs/%.c $(wildcard tests/guest/progs/*.h) tests/build.mk build/flags
	$(call link_prog_static,-static-pie -fPIE)
build/bin/tests/prog-%-static: tests/guest/progs/%.c $(wildcard tests/guest/progs/*.h) tests/build.mk build/flags
	$(call link_prog_static,-static -no-pie -fno-pie)
build/bin/tests/prog-%-nopie: tests/guest/progs/%.c $(wildcard tests/guest/progs/*.h) tests/build.mk build/flags
	$(call link_prog,-no-pie -fno-pie)
build/bin/tests/prog-%: tests/guest/progs/%.c $(wildcard tests/guest/progs/*.h) tests/build.mk build/flags
	$(call link_prog,-pie -fPIE)

# Shared objects for sandbox_*_test to load.
GUEST_PLUGINS := $(patsubst tests/guest/plugins/%.c,build/bin/tests/plugin-%.so,$(wildcard tests/guest/plugins/*.c))
$(GUEST_PLUGINS): build/bin/tests/plugin-%.so: tests/guest/plugins/%.c tests/build.mk build/flags
	@$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -O1 -g -Wall $(if $(WERROR),-Werror) -D_GNU_SOURCE -fPIC -shared -o $@ $< -lm

# Attempts to get out of the sandbox, in one program; and the same at CPL 0.
ESCAPE := build/bin/tests/escape build/bin/tests/escape-inside
$(ESCAPE): $(wildcard tests/guest/escape/*.c) tests/guest/escape/escape.h tests/build.mk build/flags | $(PUBLIC_HEADERS)
	@$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -O1 -g -Wall $(if $(WERROR),-Werror) -D_GNU_SOURCE -Ibuild/include -mno-red-zone \
		$(if $(findstring inside,$@),-DINSIDE) -o $@ $(filter %.c %.a,$^) -lpthread
build/bin/tests/escape-inside: build/lib/libdune.a

# The second line by itself.
BEHIND := build/bin/tests/behind
BEHIND_OBJS := $(patsubst %.c,build/%.o,$(wildcard apps/sandbox/*.c)) $(RUN_SHOWN) build/apps/run/pointers.o
$(BEHIND): tests/guest/behind.c $(BEHIND_OBJS) build/lib/libdune.a tests/build.mk build/flags
	@$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -O1 -g -Wall $(if $(WERROR),-Werror) -D_GNU_SOURCE -Ibuild/include -no-pie \
		-o $@ $(filter %.c %.o %.a,$^)

GUEST_SCRIPTS := $(patsubst tests/guest/%,build/bin/tests/%,$(wildcard tests/guest/*.sh tests/guest/run-all tests/guest/compare))
$(GUEST_SCRIPTS): build/bin/tests/%: tests/guest/%
	$(Q)mkdir -p $(@D) && install -m 755 $< $@

# For tests/living: programs of the machine's own, not of Dune mode's.
LIVING := build/bin/tests/again build/bin/tests/kvm_guest
$(LIVING): build/bin/tests/%: tests/living/%.c tests/build.mk build/flags
	@$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -O1 -g -Wall $(if $(WERROR),-Werror) -static -o $@ $<

# Programs of libdune's that a script runs.
SCRIPTED := build/bin/tests/debuggee build/bin/tests/trapped build/bin/tests/few_slots
build/bin/tests/debuggee: tests/living/debuggee.c
build/bin/tests/trapped: tests/living/trapped.c
build/bin/tests/few_slots: tests/guest/few_slots.c tests/guest/mm.h
$(SCRIPTED): build/lib/libdune.a tests/build.mk build/flags
	@$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -O1 -g -Wall $(if $(WERROR),-Werror) -static -Ibuild/include -o $@ $(filter %.c,$^) build/lib/libdune.a

tests: $(LIVING) $(SCRIPTED) $(ESCAPE) $(BEHIND) $(GUEST_TESTS) $(GUEST_PLUGINS) $(GUEST_PROGS) $(INSIDE_PROGS) $(GUEST_SCRIPTS)

# What a unit test needs stands in its comments: "SOURCES: path path",
# "CFLAGS: flag flag", "LIBS: -lname".
UNIT_SRCS := $(wildcard tests/unit/*_test.c)
UNIT_TESTS := $(patsubst tests/unit/%.c,build/unit/%,$(UNIT_SRCS))
UNIT_CFLAGS := -g -O1 -std=gnu11 -Wall -fsanitize=address,undefined -fno-sanitize-recover=all \
	-Ibuild/include -Ilibdune

said = $(filter-out */,$(shell sed -n 's|^.*$(1): ||p' $(2)))

define unit_rule
build/unit/$(1): tests/unit/$(1).c $(call said,SOURCES,tests/unit/$(1).c) tests/build.mk \
		build/flags | $$(PUBLIC_HEADERS)
	@$$(call say,LD,$$@)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$$(CC) $$(UNIT_CFLAGS) $(call said,CFLAGS,tests/unit/$(1).c) -MMD -MP -MF $$@.d -o $$@ \
		tests/unit/$(1).c $(call said,SOURCES,tests/unit/$(1).c) $(call said,LIBS,tests/unit/$(1).c)
endef
$(foreach t,$(notdir $(UNIT_SRCS:.c=)),$(eval $(call unit_rule,$(t))))

# The fuzzer's targets, here with the inputs that are kept.
FUZZ_TARGETS := policy program calls

define fuzz_rule
build/unit/fuzz_$(1)_test: tests/fuzz/$(1).c tests/fuzz/replay.c $(call said,SOURCES,tests/fuzz/$(1).c) \
		tests/build.mk build/flags | $$(PUBLIC_HEADERS)
	@$$(call say,LD,$$@)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$$(CC) $$(UNIT_CFLAGS) $(call said,CFLAGS,tests/fuzz/$(1).c) -MMD -MP -MF $$@.d -o $$@ \
		-DCORPUS='"tests/fuzz/corpus/$(1)"' \
		tests/fuzz/$(1).c tests/fuzz/replay.c $(call said,SOURCES,tests/fuzz/$(1).c)
endef
$(foreach t,$(FUZZ_TARGETS),$(eval $(call fuzz_rule,$(t))))
UNIT_TESTS += $(FUZZ_TARGETS:%=build/unit/fuzz_%_test)

fuzz:
	@tests/fuzz/run $(SECONDS)

unit: $(UNIT_TESTS)
	@tests/lib/run-unit $(UNIT_TESTS)

-include $(GUEST_SRCS:%.c=build/%.d) $(addsuffix .d,$(UNIT_TESTS))
