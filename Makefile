# SPDX-License-Identifier: MIT
WARNINGS := -Wall -Wextra -Wshadow -Wmissing-prototypes -Wno-unused-parameter $(if $(WERROR),-Werror)
ifeq ($(V),1)
Q :=
say = :
else
Q := @
say = printf '  %-5s %s\n' '$(1)' '$(2)'
endif
all: lib apps
include libdune/build.mk
include apps/run/build.mk
