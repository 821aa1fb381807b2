# SPDX-License-Identifier: MIT
# Dune: see `make help`

.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules
.DELETE_ON_ERROR:
SHELL := /bin/bash

VERSION := 1.0
PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
MANDIR ?= $(PREFIX)/share/man
EXAMPLESDIR = $(PREFIX)/share/doc/dune/examples

CC ?= gcc
ifeq ($(origin CC),default)
CC := gcc
endif
WARNINGS := -Wall -Wextra -Wshadow -Wmissing-prototypes -Wno-unused-parameter $(if $(WERROR),-Werror)

ifeq ($(V),1)
Q :=
say = :
else
Q := @
say = printf '  %-5s %s\n' '$(1)' '$(2)'
endif

help:
	@echo 'Dune: safe user-level access to privileged CPU features'
	@echo
	@echo 'First:'
	@echo '  demo            install what is missing, build, and show Dune at work'
	@echo '  check           build everything and run all tests (half an hour to an hour)'
	@echo '  check-long      the kernel selftests, stress-ng, bash, perl, python3 and redis under'
	@echo '                  dune-run (two and a half hours)'
	@echo 'Build (into build/):'
	@echo '  all             modules, lib, apps, tests'
	@echo '  modules         dune.ko for every installed set of Debian kernel headers;'
	@echo '                  with KDIR=PATH for that kernel only'
	@echo '  lib             libdune.so.1 and libdune.a'
	@echo '  apps            dune-run, dune-policy, dune-hello, dune-bench, dune-trace, dune-stat,'
	@echo '                  dune-gc, dune-plugin, dune-httpd'
	@echo '  tests           the programs that run inside the machine'
	@echo '  clean           remove what was built'
	@echo '  distclean       clean, and forget the kernels kept for the machine'
	@echo 'Test:'
	@echo '  unit            the tests that need no machine'
	@echo '  fuzz            clang'\''s fuzzer on the policy parser, the ELF loader and the checks of'
	@echo '                  system calls, a minute each (SECONDS=N)'
	@echo '  tests/vm/run -- COMMAND'
	@echo '                  run a command in the emulated machine'
	@echo 'Measure:'
	@echo '  bench           every figure, as tables and plots, into build/bench; on this'
	@echo '                  computer if it has VT-x (as root), else emulated (EMULATED=1)'
	@echo 'Install (DESTDIR, PREFIX, LIBDIR, MANDIR):'
	@echo '  install         library, headers, programs, man pages, examples'
	@echo '  install-module  dune.ko for the running kernel'
	@echo '  uninstall       what install and install-module put there'
	@echo
	@echo 'V=1 shows full commands; WERROR=1 makes warnings errors.'

all: modules lib apps tests

# Whatever was compiled with other flags is compiled again.
build/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(WARNINGS)' | cmp -s - $@ || echo '$(CC) $(WARNINGS)' > $@

include kern/build.mk
include libdune/build.mk
include libdune/compat/build.mk
include $(wildcard apps/*/build.mk)
include tests/build.mk
include tests/compat/build.mk

check:
	@tests/check

check-long:
	@tests/long/check

demo:
	@tests/demo/demo $(if $(EMULATED),--emulated)

bench: modules lib apps
	@apps/bench/collect $(if $(EMULATED),--emulated) $(PARTS)

packages:
	@tests/lib/packages

# The second line: what make -C KERNEL M=$PWD leaves.
clean:
	rm -rf build
	$(Q)rm -rf dune.ko dune.mod* dune.o .dune.* modules.order Module.symvers .tmp_versions \
		.*modules.order.cmd .*Module.symvers.cmd .module-common.o ..module-common.o.cmd \
		kern/*.o kern/.*.cmd kern/.*.o.d kern/offsets.h kern/offsets.s

distclean: clean
	rm -rf $${XDG_CACHE_HOME:-$$HOME/.cache}/dune

install: install-lib apps
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(MANDIR)/man{1,3,4,5,7}
	install build/bin/dune-run build/bin/dune-policy build/bin/dune-bench \
		build/bin/dune-trace build/bin/dune-stat build/bin/dune-httpd $(wildcard build/bin/dune-gc) \
		$(wildcard build/bin/dune-plugin) $(DESTDIR)$(PREFIX)/bin/
	$(foreach so,$(wildcard build/lib/dune/codec.so), \
		install -D -m 644 $(so) $(DESTDIR)$(PREFIX)/lib/dune/codec.so)
	for page in docs/man/*.[1-9]; do \
		install -m 644 $$page $(DESTDIR)$(MANDIR)/man$${page##*.}/ || exit 1; done
	docs/man-links | while read -r name page; do \
		echo ".so $$page" > $(DESTDIR)$(MANDIR)/man$${name##*.}/$$name || exit 1; done
	$(if $(DESTDIR),,ldconfig)

# What it takes to build programs, and the examples.
install-lib: lib
	install -d $(DESTDIR)$(LIBDIR)/pkgconfig $(DESTDIR)$(PREFIX)/include/dune $(DESTDIR)$(EXAMPLESDIR)
	install -m 644 build/lib/libdune.a build/lib/libdune.so.1 build/lib/libsthread.a $(DESTDIR)$(LIBDIR)/
	ln -sf libdune.so.1 $(DESTDIR)$(LIBDIR)/libdune.so
	install -m 644 $(PUBLIC_HEADERS) build/include/dune/sthread.h $(DESTDIR)$(PREFIX)/include/dune/
	install -D -m 644 libdune/dune-gdb.py $(DESTDIR)$(PREFIX)/share/dune/dune-gdb.py
	install -m 644 apps/examples/*.c apps/examples/Makefile $(DESTDIR)$(EXAMPLESDIR)/
	install -d $(DESTDIR)$(PREFIX)/include/dune/compat/libdune $(DESTDIR)$(LIBDIR)/dune/compat
	install -m 644 $(COMPAT_HEADERS) $(DESTDIR)$(PREFIX)/include/dune/compat/libdune/
	install -m 644 $(COMPAT_LIB) $(DESTDIR)$(LIBDIR)/dune/compat/
	for pc in libdune/libdune libdune/libdune-compat apps/sthread/libsthread; do \
		sed 's|@PREFIX@|$(PREFIX)|; s|@LIBDIR@|$(LIBDIR)|; s|@VERSION@|$(VERSION)|' \
			$$pc.pc.in > $(DESTDIR)$(LIBDIR)/pkgconfig/$${pc##*/}.pc || exit 1; done

install-module: modules
	install -D -m 644 build/modules/$$(uname -r)/dune.ko \
		$(DESTDIR)/lib/modules/$$(uname -r)/updates/dune.ko
	$(if $(DESTDIR),,depmod)

uninstall:
	rm -f $(addprefix $(DESTDIR)$(PREFIX)/bin/,dune-run dune-policy dune-bench dune-trace dune-gc dune-plugin \
		dune-httpd dune-stat)
	rm -f $(DESTDIR)$(PREFIX)/lib/dune/codec.so
	rm -f $(addprefix $(DESTDIR)$(LIBDIR)/,libdune.a libdune.so libdune.so.1 libsthread.a) \
		$(DESTDIR)$(LIBDIR)/pkgconfig/{libdune,libdune-compat,libsthread}.pc
	rm -rf $(DESTDIR)$(LIBDIR)/dune/compat
	rm -rf $(DESTDIR)$(PREFIX)/include/dune $(DESTDIR)$(PREFIX)/share/dune $(DESTDIR)$(EXAMPLESDIR)
	for page in docs/man/*.[1-9]; do \
		rm -f $(DESTDIR)$(MANDIR)/man$${page##*.}/$${page##*/}; done
	docs/man-links | while read -r name page; do \
		rm -f $(DESTDIR)$(MANDIR)/man$${name##*.}/$$name; done
	rm -f $(DESTDIR)/lib/modules/*/updates/dune.ko
	$(if $(DESTDIR),,ldconfig; depmod)

FORCE:
.PHONY: help all modules releases lib apps tests unit fuzz check check-long demo bench packages clean distclean \
	install install-lib install-module uninstall FORCE
