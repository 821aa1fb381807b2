# SPDX-License-Identifier: MIT
# dune-hello, and the same program linked in every other way a program can be

HELLO_CC = $(CC) -O2 -g $(WARNINGS) -Ibuild/include -o $@ apps/hello/hello.c
HELLO_TESTS := $(addprefix build/bin/tests/hello-,nopie static static-pie)

build/bin/dune-hello $(HELLO_TESTS): apps/hello/hello.c apps/hello/build.mk build/flags \
		$(PUBLIC_HEADERS) $(LIBDUNE)
	@$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(HELLO_CC) $(HELLO_HOW)

build/bin/dune-hello: HELLO_HOW := -pie -fPIE -Lbuild/lib -ldune
build/bin/tests/hello-nopie: HELLO_HOW := -no-pie -fno-pie -Lbuild/lib -ldune
build/bin/tests/hello-static: HELLO_HOW := -static -no-pie -fno-pie build/lib/libdune.a
build/bin/tests/hello-static-pie: HELLO_HOW := -static-pie -fPIE build/lib/libdune.a

apps: build/bin/dune-hello
tests: $(HELLO_TESTS)
