# SPDX-License-Identifier: GPL-2.0-only
# dune.ko, built in build/modules/RELEASE from links to the sources, so that
# several kernels can be built for and the tree stays clean

# Debian's headers of 6.1 and 6.12; else, those of the running kernel.
ifdef KDIR
RELEASES := $(shell $(MAKE) -s --no-print-directory -C $(KDIR) kernelrelease 2>/dev/null)
else
RELEASES := $(filter-out %-rt-amd64,$(patsubst /usr/src/linux-headers-%/.config,%,$(wildcard \
	/usr/src/linux-headers-6.1.*-amd64/.config /usr/src/linux-headers-6.12.*-amd64/.config)))
ifeq ($(RELEASES),)
RELEASES := $(patsubst /lib/modules/%/build/Makefile,%,$(wildcard \
	/lib/modules/$(shell uname -r)/build/Makefile))
endif
endif
kernel_dir = $(abspath $(or $(KDIR),$(wildcard /usr/src/linux-headers-$(1)),/lib/modules/$(1)/build))

KERN_SRCS := Kbuild $(filter-out kern/offsets.h,$(wildcard kern/*.[chS] kern/uapi/*.h))
MODULES := $(foreach r,$(RELEASES),build/modules/$(r)/dune.ko)

# Warnings are kept in a file, and what was compiled with them is not, so that
# the next build shows all of them again.
build/modules/%/dune.ko: $(KERN_SRCS) kern/build.mk
	@$(call say,KO,$@)
	$(Q)mkdir -p $(@D)/kern/uapi
	$(Q)find $(@D) -xtype l -delete
	$(Q)for f in $(KERN_SRCS); do ln -sf $(CURDIR)/$$f $(@D)/$$f; done
	$(Q)$(MAKE) --no-print-directory -C $(call kernel_dir,$*) M=$(CURDIR)/$(@D) \
		modules > $(@D)/build.log 2>&1 || { cat $(@D)/build.log >&2; exit 1; }
	$(if $(filter 1,$(V)),cat $(@D)/build.log)
	$(Q)grep -E 'warning: |WARNING: ' $(@D)/build.log | \
		grep -vE 'Skipping BTF|the compiler differs' > $(@D)/warnings || true
	$(Q)[ ! -s $(@D)/warnings ] || { cat $(@D)/build.log >&2; find $(@D) -name '*.o' -delete; }
	$(Q)touch $@

# A kernel of the same release may have been configured anew.
$(foreach r,$(RELEASES),$(eval build/modules/$(r)/dune.ko: $(wildcard \
	$(call kernel_dir,$(r))/include/generated/autoconf.h)))

NO_KERNEL := there are no kernel headers: apt-get install linux-headers-amd64 (or give KDIR=PATH)

modules: $(MODULES)
	$(if $(RELEASES),,@echo "$(or $(KDIR:%=% is no kernel to build for),$(NO_KERNEL))" >&2; exit 1)
	$(if $(WERROR),@! grep -H . $(MODULES:dune.ko=warnings) >&2)

releases:
	@echo $(RELEASES)
