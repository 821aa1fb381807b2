#!/bin/sh
# SPDX-License-Identifier: MIT
# bench.sh - dune-bench: what it prints of figures that it measures
. "$(dirname "$0")/compare"
here=$(mktemp -d) && cd "$here" || exit 1

dune-bench --json --progress getpid interpose-dispatch page-walk-4k >saved.json 2>err
[ $? = 0 ] && [ "$(head -n 1 saved.json)$(tail -n 1 saved.json)" = "[]" ] &&
	[ "$(cat err)" = "$(printf 'dune-bench: %s\n' getpid interpose-dispatch page-walk-4k)" ]
result $? measures_with_progress err
release=$(uname -r | sed 's/[.+]/\\&/g')
value='-?[0-9]+\.[0-9][0-9]'
grep -qE "^  \{\"name\": \"getpid\", \"unit\": \"ticks\", \"native\": $value, \"dune\": $value, \"exits\": $value, \"vmreads\": $value, \"vmwrites\": $value, \"n\": [0-9]+, .*\"what\": \"[^\"]+\", \"machine\": \"[^\"]*Linux $release;[^\"]*\"\},$" saved.json
result $? json_of_a_figure saved.json
grep -qE "\"name\": \"interpose-dispatch\", \"unit\": \"ticks\", \"native\": $value, \"dune\": null, .*\"native_p10\": $value, \"native_p90\": $value, \"dune_p10\": null" saved.json
result $? json_of_a_native_figure saved.json
grep -qE "\"name\": \"page-walk-4k\", .*\"native_refs\": 4.00, \"dune_refs\": 24.00" saved.json
result $? json_of_a_page_walk saved.json

dune-bench --from=saved.json --json >again.json 2>&1 && cmp -s saved.json again.json
result $? from_what_it_printed again.json
dune-bench --compare=saved.json getpid >out 2>&1
[ $? = 0 ] && grep -q '^before:' out && grep -qE '^getpid +[0-9]+ +[0-9]+ ' out && ! grep -q ' new\| gone' out
result $? compare out
echo '[' >bad.json
dune-bench --compare=bad.json getpid >out 2>err
[ $? = 1 ] && [ ! -s out ] && grep -q 'bad.json:2:0: ' err
result $? compare_with_a_bad_file_measures_nothing err
dune-bench --csv getpid >out 2>&1
[ $? = 0 ] && [ "$(grep -v '^#' out | sed 's/"[^"]*"/what/; s/[^,]//g' | sort -u | wc -l)" = 1 ] &&
	grep -q '^name,native,' out && grep -q '^getpid,[0-9]' out
result $? csv out
dune-bench --model getpid >out 2>&1
[ $? = 0 ] && grep -q '^# A model, not measured' out && grep -qE '^getpid( +[0-9.]+){5}$' out
result $? model out

# A figure that cannot be had is an error; the others are there, and the document is whole.
PATH=/nowhere /dune/bin/dune-bench --json policy-getpid getpid >out 2>err
[ $? = 1 ] && grep -q 'dune-bench: policy-getpid: a program is missing, or does not run' err &&
	PATH=$PATH:/dune/bin dune-bench --from=out --csv >out.csv 2>>err && [ "$(grep -c '^[a-z-]*,[0-9]' out.csv)" = 1 ]
result $? figure_that_cannot_be_had err

# What Linux has for a policy: it lets through what the figures need, and no more.
mkdir -p /tmp/dune-bench
echo inside >/tmp/dune-bench/file
echo outside >/tmp/outside
for how in ptrace notify; do
	[ "$(dune-bench --watch=$how -- /bin/busybox cat /tmp/dune-bench/file 2>err)" = inside ]
	result $? "watched_by_${how}_reads" err
	for file in /tmp/outside /tmp/dune-bench/../outside /tmp/dune-bench.other; do
		dune-bench --watch=$how -- /bin/busybox cat $file >out 2>err
		[ $? = 1 ] && [ ! -s out ] && grep -q 'Permission denied' err
		result $? "watched_by_${how}_reads_not_$(echo "${file#/tmp/}" | tr / _)" err
	done
	[ "$(cd /tmp/dune-bench && dune-bench --watch=$how -- /bin/busybox cat file 2>&1)" = inside ] &&
		[ "$(cd /tmp && dune-bench --watch=$how -- /bin/busybox cat outside 2>/dev/null)" = "" ]
	result $? "watched_by_${how}_relative" err
	dune-bench --json policy-getpid-$how policy-deny-$how policy-openat-$how >out 2>err
	[ $? = 0 ] && [ "$(grep -cE "\"native\": $value, \"dune\": null" out)" = 3 ]
	result $? "figures_by_$how" out
done
dune-bench --json plugin-call-direct policy-openat-landlock >out 2>err
[ $? = 0 ] && [ "$(grep -cE "\"native\": $value, \"dune\": null" out)" = 2 ]
result $? other_native_figures out
cd / && rm -r "$here"
echo "1..$number"
