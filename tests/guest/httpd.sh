#!/bin/sh
# SPDX-License-Identifier: MIT
# httpd.sh - dune-httpd in its four modes, and what the planted overflow is worth

here=$(cd "$(dirname "$0")" && pwd)
. "$here/compare"
client=$here/http_client
cd "$(mktemp -d)" || exit 1
mkdir -p www/sub
echo "<p>hello</p>" >www/index.html
echo "plain" >www/sub/plain.txt
head -c 300000 /dev/zero | tr '\0' x >www/large.bin
echo "not to be served" >outside.txt
ln -s ../outside.txt www/link
port=8000
# Where a process takes seconds to make, only what is Dune's.
modes="none pthread fork sthread"
[ -z "$SLOW_KERNEL" ] || modes=sthread

start() {	# arguments
	port=$((port + 1))
	dune-httpd --port=$port "$@" www >server.out 2>&1 &
	server=$!
	# When it says so, it serves.
	i=0
	until grep -q serving server.out || [ $i -gt 100 ]; do
		usleep 50000
		i=$((i + 1))
	done
}

stop() {
	kill $server
	wait $server 2>/dev/null
}

answers() {	# status, pattern, request
	"$client" $port "$3" "$4" >answer.out
	head -n 1 answer.out | grep -q " $1 " && grep -q "$2" answer.out
}

signature() {
	"$client" $port get /index.html | sed -n 's/^X-Signature: \([0-9a-f]*\).*/\1/p'
}

for mode in $modes; do
	start --mode=$mode
	answers 200 "<p>hello</p>" get / && answers 200 plain get /sub/plain.txt &&
		answers 200 X-Note:.ok "get" "/?note=ok"
	result $? $mode.serves
	answers 404 Found get /nothing && answers 404 Found get /sub &&
		answers 404 Found get /link && answers 404 Found get /../outside.txt &&
		answers 404 Found get /%2e%2e/outside.txt
	result $? $mode.stays_in_its_folder
	answers 400 Bad raw 'GET\r\n\r\n' && answers 505 Supp raw 'GET / HTTP/9\r\n\r\n' &&
		answers 501 Impl raw 'BREW / HTTP/1.1\r\nHost: x\r\n\r\n' &&
		answers 400 Bad raw 'GET / HTTP/1.1\r\n\r\n' &&
		answers 400 Bad raw 'GET /%00 HTTP/1.0\r\n\r\n' &&
		answers 400 Bad get "/?note=$(head -c 64 /dev/zero | tr '\0' x)" &&
		answers 414 Long get "/$(head -c 600 /dev/zero | tr '\0' x)" &&
		answers 431 Large raw "GET /$(head -c 9000 /dev/zero | tr '\0' x)"
	result $? $mode.refuses_what_is_no_request
	[ "$("$client" $port get /large.bin | wc -c)" -gt 300000 ] &&
		"$client" $port raw 'GET / HTTP/1.1\r\nHost: x\r\n\r\nHEAD / HTTP/1.0\r\n\r\n' >answer.out &&
		[ "$(grep -c "200 OK" answer.out)" = 2 ] && [ "$(grep -c hello answer.out)" = 1 ]
	result $? $mode.one_request_after_another
	echo "# $mode: $("$client" $port time 50 /index.html) ticks a request"
	stop
done

# The key, where the server says it is: read by the overflow, then written to.
for mode in $modes; do
	start --mode=$mode --planted
	key=$(sed -n 's/.*key at \(0x[0-9a-f]*\),.*/\1/p' server.out)
	begins=$(sed -n 's/.*begins \([0-9a-f]*\).*/\1/p' server.out)
	before=$(signature)
	"$client" $port peek "$key" 4 >answer.out
	# Back from what the answer may have in a line: bytes as they are, or %xx.
	shown=$(sed -n 's/^Content-Language: \([^[:space:]]*\).*/\1/p' answer.out)
	got=
	while [ -n "$shown" ]; do
		case $shown in
		%*) got=$got$(echo "$shown" | cut -c 2-3) shown=$(echo "$shown" | cut -c 4-) ;;
		*) got=$got$(printf %02x "'$shown") shown=$(echo "$shown" | cut -c 2-) ;;
		esac
	done
	if [ $mode = sthread ]; then
		[ -z "$got" ] && grep -q "500 Internal" answer.out &&
			grep -q "it read address $key of tag key without the right to" server.out
		result $? $mode.key_is_not_read
	else
		[ "$got" = "$begins" ]
		result $? $mode.key_is_read
	fi
	# It writes a 1, which a byte of the key may be already: hardly all four that are known.
	for i in 0 1 2 3; do
		"$client" $port poke "$(printf '%x' $((key + i)))" >answer.out
	done
	after=$(signature)
	case $mode in
	none | pthread)
		[ "$before" != "$after" ]
		result $? $mode.key_is_written ;;
	*)
		[ -n "$after" ] && [ "$before" = "$after" ]
		result $? $mode.key_is_not_written ;;
	esac
	if [ $mode = sthread ]; then
		grep -q "it wrote address $key of tag key without the right to" server.out
		result $? $mode.attack_is_reported
		# Whatever else there is: code, libdune, nothing at all.
		for address in 0 1000 400000 7fffffffe000 ffffffff81000000; do
			"$client" $port peek $address 16 >answer.out
		done
		answers 200 "<p>hello</p>" get /
		result $? $mode.serves_on
	fi
	stop
	sed 's/^/# /' server.out | tail -n 4
done
echo "1..$number"
