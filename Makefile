# SPDX-License-Identifier: MIT
WARNINGS := -Wall -Wextra -Wshadow -Wmissing-prototypes -Wno-unused-parameter $(if $(WERROR),-Werror)
ifeq ($(V),1)
Q :=
say = :
else
Q := @
say = printf '  %-5s %s\n' '$(1)' '$(2)'
endif
all: lib
include libdune/build.mk
