# SPDX-License-Identifier: MIT
# dune-hello, and the same program linked in every other way a program can be

HELLO_LINK := $(CC) -O2 -g $(WARNINGS) -Ibuild/include
HELLO_DEPS := apps/hello/hello.c build/lib/libdune.a build/lib/libdune.so.1

build/bin/dune-hello: $(HELLO_DEPS)
	@$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(HELLO_LINK) -pie -fPIE -o $@ $< -Lbuild/lib -ldune

build/bin/tests/hello-nopie: $(HELLO_DEPS)
	@$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(HELLO_LINK) -no-pie -fno-pie -o $@ $< -Lbuild/lib -ldune

build/bin/tests/hello-static: $(HELLO_DEPS)
	@$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(HELLO_LINK) -static -no-pie -fno-pie -o $@ $< build/lib/libdune.a

build/bin/tests/hello-static-pie: $(HELLO_DEPS)
	@$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(HELLO_LINK) -static-pie -fPIE -o $@ $< build/lib/libdune.a

apps: build/bin/dune-hello
tests: build/bin/tests/hello-nopie build/bin/tests/hello-static build/bin/tests/hello-static-pie
