#!/bin/sh
# SPDX-License-Identifier: MIT
# gc.sh - dune-gc: each barrier with each workload, the heap verified
command -v dune-gc >/dev/null || { echo "ok 1 dune-gc # SKIP not built: expat is missing"; exit 0; }
. "$(dirname "$0")/compare"
# Of each enough for collections while it runs.
size=0.05
less=0.2
[ -z "$SLOW_KERNEL" ] || size=0.01 less=0.04

for barrier in $(dune-gc --list); do
	for workload in gcbench list hash xml; do
		case $workload in
		list | hash) scale=$less ;;
		*) scale=$size ;;
		esac
		dune-gc --verify --scale=$scale --barrier="$barrier" $workload >/tmp/gc.txt 2>&1
		result $? "${barrier}_$workload" /tmp/gc.txt
	done
	dune-gc --verify --scale=$size --threads=4 --barrier="$barrier" hash >/tmp/gc.txt 2>&1
	result $? "${barrier}_4_threads" /tmp/gc.txt
done

# Verification must notice a barrier that misses what is written: status 3.
dune-gc --verify --scale=0.5 --threads=2 --barrier=blind hash >/tmp/gc.txt 2>&1
[ $? = 3 ]
result $? verification_notices_missed_writes /tmp/gc.txt
echo "1..$number"
