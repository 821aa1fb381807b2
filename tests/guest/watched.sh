#!/bin/sh
# SPDX-License-Identifier: MIT
# watched.sh - audit, perf and /proc show a program in Dune mode as any other
#
# The last of all by its name: once audit has been on, no system call in the
# machine takes the fast path any more.

here=$(dirname "$0")
. "$here/compare"
cd /tmp || exit 1

same observed "$here/prog-observed"
echo "1..$number"
