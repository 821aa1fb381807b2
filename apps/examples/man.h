/* SPDX-License-Identifier: MIT */
/*
 * man.h - what an example in a man page may take for granted
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <dune/dune.h>
#include <dune/trap.h>
#include <dune/vm.h>
