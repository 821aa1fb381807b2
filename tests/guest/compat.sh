#!/bin/sh
# SPDX-License-Identifier: MIT
# compat.sh - programs of the original's interface that call dune_init(false)

here=$(cd "$(dirname "$0")" && pwd)
. "$here/compare"
for test in compat_vm_test compat_vm_pie_test; do
	"$here/$test" little >/tmp/compat.out 2>&1 && ! grep -q '^not ok' /tmp/compat.out &&
		[ "$(grep -c '^ok' /tmp/compat.out)" -gt 20 ]
	result $? "$test" /tmp/compat.out
done
echo "1..$number"
