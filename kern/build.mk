# SPDX-License-Identifier: MIT
# dune.ko, built in build/modules/RELEASE from links to the sources, so that
# several kernels can be built for and the tree stays clean

ifdef KDIR
RELEASES := $(shell make -s -C $(KDIR) kernelrelease 2>/dev/null)
else
RELEASES := $(patsubst /usr/src/linux-headers-%/.config,%,$(wildcard \
	/usr/src/linux-headers-6.1.*-amd64/.config \
	/usr/src/linux-headers-6.12.*-amd64/.config))
RELEASES := $(filter-out %-rt-amd64,$(RELEASES))
endif

KERN_SRCS := Kbuild $(wildcard kern/*.[chS] kern/uapi/*.h)
MODULES := $(foreach r,$(RELEASES),build/modules/$(r)/dune.ko)

kernel_dir = $(if $(KDIR),$(KDIR),/usr/src/linux-headers-$(1))

build/modules/%/dune.ko: $(KERN_SRCS)
	@$(call say,KO,$@)
	$(Q)mkdir -p $(@D)/kern/uapi
	$(Q)find $(@D) -type l ! -exec test -e {} \; -delete
	$(Q)for f in $(KERN_SRCS); do ln -sf $(CURDIR)/$$f $(@D)/$$f; done
	$(Q)$(MAKE) --no-print-directory -C $(call kernel_dir,$*) M=$(CURDIR)/$(@D) \
		modules > $(@D)/build.log 2>&1 || { cat $(@D)/build.log; exit 1; }
	$(Q)if grep -E 'warning:|WARNING:' $(@D)/build.log | \
		grep -vE 'Skipping BTF|compiler differs'; then \
		$(if $(WERROR),exit 1,:); fi

modules: $(MODULES)
	$(if $(RELEASES),,@echo "no kernel headers found: apt-get install linux-headers-amd64 (or give KDIR=PATH)"; exit 1)
