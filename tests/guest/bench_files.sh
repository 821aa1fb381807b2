#!/bin/sh
# SPDX-License-Identifier: MIT
# bench_files.sh - dune-bench: its options, and figures from files; nothing is measured
# (this runs on a computer without Dune mode, too)
. "$(dirname "$0")/compare"
here=$(mktemp -d) && cd "$here" || exit 1

# One figure with all there is, one that is native only, one without a native side.
cat >good.json <<'END'
[
  {"name": "getpid", "unit": "ticks", "native": 309.00, "dune": 238.00, "exits": 1.00, "vmreads": 3.00, "vmwrites": 1.00, "n": 1000, "native_p10": null, "native_p90": null, "dune_p10": 237.00, "dune_p90": 240.00, "native_batch": null, "dune_batch": 1.00, "what": "a call, looped", "machine": "a machine; command line: quiet"},
  {"name": "interpose-ptrace", "unit": "ticks", "native": 18880.00, "dune": null, "exits": null, "vmreads": null, "vmwrites": null, "n": 500, "native_p10": 18870.00, "native_p90": 18890.00, "dune_p10": null, "dune_p90": null, "native_batch": 100.00, "dune_batch": null, "what": "watched", "machine": "a machine; command line: quiet"},
  {"name": "init-enter", "unit": "ticks", "native": null, "dune": 300000.00, "exits": 10.00, "vmreads": null, "vmwrites": null, "n": 1, "bytes": 69632.00, "native_p10": null, "native_p90": null, "dune_p10": null, "dune_p90": null, "native_batch": null, "dune_batch": null, "native_refs": null, "dune_refs": 14.00, "what": "beginning", "machine": "a machine; command line: quiet"}
]
END

# It ends with this status, and nothing of a table; what it says has these words.
refuses() {	# name, status, words, arguments...
	name=$1 want=$2 words=$3
	shift 3
	dune-bench "$@" >out 2>err
	[ $? = "$want" ] && [ ! -s out ] && grep -qF -- "$words" err
	result $? "$name" err
}

refuses unknown_option 64 "--nonsense" --nonsense
refuses option_without_file 64 "requires an argument" --from
refuses two_formats 64 "--json, --csv and --model: one of them" --json --csv
refuses two_series 64 "--scale, --parallel and --programs: one of them" --scale --programs
refuses compare_as_json 64 "--compare prints a table only" --json --compare=good.json
refuses compare_as_model 64 "--compare prints a table only" --compare=good.json --model
refuses from_and_series 64 "--from measures nothing" --from=good.json --scale
refuses unknown_figure 2 "there is no figure 'gitpid'; --list names them" getpid gitpid
refuses unknown_figure_as_json 2 "there is no figure 'gitpid'" --json gitpid
refuses figure_not_in_file 2 "good.json has no figure 'trap'" --from=good.json getpid trap
dune-bench --json --json --from=good.json >out 2>&1
result $? the_same_format_twice out

dune-bench --list >out 2>&1 && grep -qx getpid out && grep -qx run-gzip out &&
	[ -z "$(sort out | uniq -d)" ] && ! grep -qvx '[a-z0-9-]*' out
result $? list out

# What is read is what was printed.
dune-bench --from=good.json --json >out 2>&1
cmp good.json out >differences
result $? json_again differences
dune-bench --from=good.json --csv >out 2>&1
cat >want <<'END'
# a machine
# command line: quiet
name,native,native_p10,native_p90,dune,dune_p10,dune_p90,exits,vmreads,vmwrites,bytes,native_refs,dune_refs,native_batch,dune_batch,n,what
getpid,309.00,,,238.00,237.00,240.00,1.00,3.00,1.00,,,,,1.00,1000,"a call, looped"
interpose-ptrace,18880.00,18870.00,18890.00,,,,,,,,,,100.00,,500,"watched"
init-enter,,,,300000.00,,,10.00,,,69632.00,,14.00,,,1,"beginning"
END
diff want out >differences
result $? csv differences
dune-bench --from=good.json --model >out 2>&1
tail -n +4 out >rows
cat >want <<'END'
getpid                          309          995          845      3.22      2.73
init-enter                        -       307570            -         -         -
END
diff want rows >differences
result $? model differences
dune-bench --from=good.json >out 2>&1
grep -qE '^getpid +309 +238 +0\.77 +237 +240 +1\.00 +3\.00 +1\.00 +1000 +1  a call, looped$' out &&
	grep -qE '^interpose-ptrace +18880 +- +- +18870 +18890 +- +- +- +500 +100  watched$' out &&
	grep -qE '^ +68  KiB of memory$' out && grep -qE '^ +- +14  memory references' out
result $? table out
dune-bench --from=good.json init-enter >out 2>&1
[ "$(grep -c '^[a-z]' out)" = 2 ] && grep -q '^init-enter' out
result $? chosen_figures_only out

# Compared: the same, with another, and with more and less.
dune-bench --from=good.json --compare=good.json >out 2>&1
[ $? = 0 ] && ! grep -q '%' out && grep -qE '^getpid +309 +309 += +238 +238 += +1\.00 +1\.00$' out
result $? compare_with_itself out
sed 's/"native": 309.00, "dune": 238.00/"native": 618.00, "dune": 119.00/; s/init-enter/trap/' good.json >other.json
dune-bench --from=other.json --compare=good.json >out 2>&1
[ $? = 0 ] && grep -qE '^getpid +309 +618 +\+100\.0% +238 +119 +-50\.0% ' out &&
	grep -qE '^trap +new +- +new +300000$' out && grep -qE '^init-enter +- +gone +300000 +gone$' out
result $? compare_with_another out
sed 's/309.00/0.00/' good.json >zero.json
dune-bench --from=good.json --compare=zero.json >out 2>&1
[ $? = 0 ] && ! grep -q 'inf\|nan' out
result $? compare_with_nothing_at_all out
dune-bench --from=zero.json --model >out 2>&1
[ $? = 0 ] && ! grep -q 'inf\|nan' out
result $? model_of_nothing_at_all out

# Files that dune-bench did not print. Each is refused in both roles, with its name.
refuses_file() {	# name, words
	dune-bench --from="$1" >out 2>err
	[ $? = 1 ] && [ ! -s out ] && grep -qF "$1" err && grep -qF "$2" err
	result $? "from_$(basename "$1" .json)" err
	dune-bench --from=good.json --compare="$1" >out 2>err
	[ $? = 1 ] && [ ! -s out ] && grep -qF "$1" err && grep -qF "$2" err
	result $? "compare_$(basename "$1" .json)" err
}
head -c 700 good.json >truncated.json
sed 's/309.00/"309"/' good.json >text_for_number.json
sed 's/309.00/[309]/' good.json >list_for_number.json
sed 's/"name": "getpid"/"name": 5/' good.json >number_for_name.json
sed 's/"name": "getpid", //' good.json >no_name.json
sed 's/"native": 309.00, //' good.json >no_native.json
sed 's/309.00/1e400/' good.json >huge.json
sed 's/"n": 1000/"n": 99999999999999999999/' good.json >huge_count.json
sed 's/309.00/nan/' good.json >not_a_number.json
sed 's/init-enter/getpid/' good.json >twice.json
printf '[]\n' >empty_list.json
: >empty.json
printf '[{"name": "\033[2Jx", "native": 1, "dune": 1, "n": 1}]\n' >terminal.json
{ cat good.json; cat good.json; } >two_in_one.json
head -c 100000 /dev/urandom >random.json
{ printf '[{"name": "'; head -c 100000 /dev/zero | tr '\0' a; } >long.json
head -c 100000 /dev/zero | tr '\0' '[' >deep.json
mkdir folder.json
refuses_file truncated.json "truncated.json:4:36:"
refuses_file text_for_number.json 'figure 1: "native" should be a number'
refuses_file list_for_number.json 'figure 1: "native" should be a number'
refuses_file number_for_name.json 'figure 1: "name" should be a string'
refuses_file no_name.json "figure 1: \"\" is no figure's name"
refuses_file no_native.json 'figure 1: there is no "native"'
refuses_file huge.json '2:53: real number overflow'
refuses_file huge_count.json 'figure 1: "n" is too large for a figure'
refuses_file not_a_number.json '2:51: invalid token'
refuses_file twice.json 'figure 3: getpid a second time'
refuses_file empty_list.json 'there are no figures'
refuses_file empty.json 'near end of file'
refuses_file terminal.json 'control character 0x1b'
refuses_file two_in_one.json '6:1: end of file expected'
refuses_file random.json "is not what dune-bench --json printed"
refuses_file long.json 'premature end of input'
refuses_file deep.json 'maximum parsing depth'
refuses_file folder.json "Is a directory"
refuses_file nowhere.json "No such file"
refuses_file /dev/zero "is not what dune-bench --json printed"

# What cannot be printed is an error, too.
for how in --json --csv --model --list --compare=good.json; do
	dune-bench --from=good.json $how >/dev/full 2>err
	[ $? = 1 ] && grep -q "standard output" err
	result $? "full_disk$how" err
done
cd / && rm -r "$here"
echo "1..$number"
