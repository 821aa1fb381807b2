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
	case $barrier in
	boehm*) verify= ;;
	*) verify=--verify ;;
	esac
	for workload in gcbench list hash xml; do
		case $workload in
		list | hash) scale=$less ;;
		*) scale=$size ;;
		esac
		dune-gc $verify --scale=$scale --barrier="$barrier" $workload >/tmp/gc.txt 2>&1
		result $? "${barrier}_$workload" /tmp/gc.txt
	done
	dune-gc $verify --scale=$size --threads=4 --barrier="$barrier" hash >/tmp/gc.txt 2>&1
	result $? "${barrier}_4_threads" /tmp/gc.txt
done

# Verification must notice a barrier that misses what is written: status 3.
dune-gc --verify --scale=0.5 --threads=2 --barrier=blind hash >/tmp/gc.txt 2>&1
[ $? = 3 ]
result $? verification_notices_missed_writes /tmp/gc.txt

# The dirty pages of each collection: its number, which 128th of the heap, how many. Of
# too little there is one collection, in which hardly anything is written.
dune-gc --dirty-map=/tmp/map --scale=0.2 --barrier=soft-dirty hash >/tmp/gc.txt 2>&1 &&
	[ "$(grep -c '^0 [0-9]* [0-9]*$' /tmp/map)" = 128 ] && ! grep -qvE '^([0-9]+ [0-9]+ [0-9]+)?$' /tmp/map &&
	grep -q ' [1-9][0-9]*$' /tmp/map
result $? dirty_map /tmp/gc.txt

# Refused with this status, for a reason with these words in it, before anything is done.
refuses() {	# name, status, words, arguments...
	name=$1 want=$2 words=$3
	shift 3
	dune-gc "$@" >/tmp/gc.out 2>/tmp/gc.txt
	[ $? = "$want" ] && [ ! -s /tmp/gc.out ] && grep -qF -- "$words" /tmp/gc.txt
	result $? "$name" /tmp/gc.txt
}
rm -f /tmp/map
for barrier in $(dune-gc --list | grep boehm); do
	refuses "verify_$barrier" 64 "--verify looks into dune-gc's own collector: not with the barrier $barrier" \
		--verify --barrier="$barrier" list
	refuses "dirty_map_$barrier" 64 "--dirty-map looks into dune-gc's own collector: not with the barrier $barrier" \
		--barrier="$barrier" --dirty-map=/tmp/map list
done
refuses dirty_map_none 64 "the barrier none finds no pages" --dirty-map=/tmp/map --barrier=none list
[ ! -e /tmp/map ]
result $? refused_before_the_file_is_made
refuses dirty_map_nowhere 1 "/nowhere/map: No such file" --dirty-map=/nowhere/map --scale=0.01 list
for bad in --heap=0 --heap=65537 --heap=17592186044417 --heap=12x --heap=-1 --heap= --threads=0 \
	--threads=17 --threads=2x --threads=99999999999999999999; do
	refuses "bad$bad" 64 "${bad%%=*} is 1 to " "$bad" list
done
for bad in 0 -1 nan inf 1e9 1x ''; do
	refuses "bad--scale=$bad" 64 "--scale is a number above 0" --scale="$bad" list
done
refuses bad_barrier 64 "there is no barrier 'dirty'" --barrier=dirty list
refuses bad_workload 64 "there is no workload 'lisp'" lisp
dune-gc --dirty-map=/dev/full --scale=$less --barrier=soft-dirty hash >/tmp/gc.out 2>/tmp/gc.txt
[ $? = 1 ] && grep -q 'not all could be written to /dev/full' /tmp/gc.txt
result $? dirty_map_full_disk /tmp/gc.txt
dune-gc --scale=0.01 list >/dev/full 2>/tmp/gc.txt
[ $? = 1 ] && grep -q 'not all could be written to standard output' /tmp/gc.txt
result $? full_disk /tmp/gc.txt
echo "1..$number"
