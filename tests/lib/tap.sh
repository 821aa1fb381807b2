# SPDX-License-Identifier: MIT
# tap.sh - count and show results in the Test Anything Protocol
# shellcheck shell=bash

passed=0 failed=0 skipped=0

# Results at the beginning of a line; those of a nested test are indented. One
# that the plan promises and that did not come has failed.
tap_counts() {
	tr -d '\r' <"$1" | awk '
		/^1\.\.[0-9]+/ { plans++; planned = substr($1, 4) + 0 }
		/^not ok( |$)/ { if (/# *TODO/) s++; else f++ }
		/^ok( |$)/ { if (toupper($0) ~ /# *SKIP/) s++; else p++ }
		END {
			if (plans == 1 && p + f + s < planned)
				f += planned - p - f - s
			print p + 0, f + 0, s + 0
		}'
}

# Failed tests, each with what was said of it just before and after.
tap_failures() {
	tr -d '\r' <"$1" | awk '
		/^not ok( |$)/ && !/# *TODO/ {
			if (shown++ == 20) { print "(and perhaps more)"; exit }
			for (i = n > 12 ? n - 12 : 0; i < n; i++)
				print said[i]
			print
			n = 0
			after = 30
			next
		}
		/^(not )?ok( |$)/ { n = after = 0; next }
		/^#  (RUN|      )/ { next }
		/^#/ && after > 0 { print; after--; next }
		{ said[n++] = $0 }'
}

# Take the log of a step into account, and say a line about it.
# $1: name, $2: log, $3: exit status, $4: seconds
tap_report() {
	local p f s word=ok
	read -r p f s < <(tap_counts "$2")
	# A step that fails in any other way is a failure too.
	if [ "$f" = 0 ] && { [ "$3" != 0 ] || [ $((p + s)) = 0 ]; }; then
		f=1
	fi
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
	[ "$f" = 0 ] || word=FAIL
	printf '  %-4s  %-36s %4d passed, %d failed, %d skipped, %d s\n' "$word" "$1" "$p" "$f" "$s" "$4"
	[ "$f" = 0 ] && return
	{
		tap_failures "$2"
		if [ "$3" != 0 ] && ! grep -q '^not ok' "$2"; then
			echo "(exit status $3; the log's last lines:)"
			tail -n 25 "$2"
		fi
	} | sed 's/^/        | /'
	echo "        | all of it: $2"
}

# The last line of `make check` and `make unit`; fails if a test did.
tap_total() {
	echo "$passed passed, $failed failed, $skipped skipped"
	[ "$failed" = 0 ]
}
