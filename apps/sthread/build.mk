# SPDX-License-Identifier: MIT
# libsthread.a, for programs that are linked with libdune.so.1; dune-httpd, one

STHREAD_OBJS := $(patsubst %.c,build/%.o,$(wildcard apps/sthread/*.c))

build/apps/sthread/%.o: apps/sthread/%.c build/flags apps/sthread/build.mk | $(PUBLIC_HEADERS)
	@$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -O2 -g -std=gnu11 -fPIC $(WARNINGS) -D_GNU_SOURCE -Ibuild/include \
		-MMD -MP -c -o $@ $<

build/lib/libsthread.a: $(STHREAD_OBJS)
	@$(call say,AR,$@)
	$(Q)mkdir -p $(@D)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

# Installed beside libdune's.
build/include/dune/sthread.h: apps/sthread/sthread.h
	$(copy)

lib: build/lib/libsthread.a build/include/dune/sthread.h

HTTPD_OBJS := $(patsubst %.c,build/%.o,$(wildcard apps/sthread/httpd/*.c))

# An sthread has no loader: all symbols are bound before it starts.
STHREAD_LIBS := -Lbuild/lib -lsthread -ldune -Wl,-z,now

build/bin/dune-httpd: $(HTTPD_OBJS) build/lib/libsthread.a $(LIBDUNE)
	@$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -pie -o $@ $(HTTPD_OBJS) $(STHREAD_LIBS)

STHREAD_TESTS := $(patsubst %,build/bin/tests/sthread_%,test attack_test calls_test)

$(STHREAD_TESTS): build/bin/tests/%: tests/guest/%.c apps/sthread/build.mk build/flags \
		build/lib/libsthread.a $(LIBDUNE) build/kselftest/kselftest_harness.h
	@$(call say,LD,$@)
	$(Q)mkdir -p $(@D) build/tests/guest
	$(Q)$(CC) -O2 -g -std=gnu11 -Wall -Wno-unused-parameter $(if $(WERROR),-Werror) -D_GNU_SOURCE \
		-mfsgsbase -Ibuild/include -isystem build/kselftest -MMD -MP -MF build/$(<:.c=.d) -pie -fPIE \
		-o $@ $< $(STHREAD_LIBS)

build/bin/tests/http_client: tests/guest/http_client.c apps/sthread/build.mk build/flags
	@$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -O1 -g -Wall $(if $(WERROR),-Werror) -static -o $@ $<

apps: build/bin/dune-httpd
tests: build/bin/tests/http_client

-include $(STHREAD_OBJS:.o=.d) $(HTTPD_OBJS:.o=.d)
