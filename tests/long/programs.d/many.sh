# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# A shell at work: pipelines, job control, traps, substitutions.
for i in $(seq 20); do echo $i; done | grep 1 | sort -r | tr '\n' ' ' | wc -c
trap 'echo usr' USR1
kill -USR1 $$
sleep 0.1 &
wait $!
echo "waited: $?"
f() { local n=$1; [ "$n" -le 1 ] && echo 1 || echo $((n * $(f $((n - 1))))); }
f 6
coproc cat
echo hello >&"${COPROC[1]}"
read -r x <&"${COPROC[0]}"
echo "$x"
eval "exec ${COPROC[1]}>&-"
wait
diff <(echo a) <(echo b)
(exit 5)
echo $?
timeout 0.2 sleep 5
echo $?
yes | head -3
seq 1000 | while read -r n; do echo $((n % 7)); done | sort | uniq -c
{ sleep 0.2; kill -TERM $$; } &
wait
sleep 1
echo not reached
