#!/bin/sh
# SPDX-License-Identifier: MIT
# dune-plugin.sh - pictures decoded in a domain, and by the same code outside of one

here=$(dirname "$0")
. "$here/compare"
cd /tmp || exit 1

if ! command -v dune-plugin >/dev/null; then
	skip pictures "built without libpng and libjpeg"
	echo "1..$number"
	exit 0
fi

# Whole pictures, and malformed ones: $1 file, $2 how many
pictures() {
	dune-plugin --direct "$1" direct.ppm && dune-plugin "$1" boxed.ppm && cmp direct.ppm boxed.ppm
	result $? "the_same_picture_from_$1"
	dune-plugin --direct --malformed="$2" "$1" >direct.txt 2>/dev/null
	dune-plugin --malformed="$2" "$1" >boxed.txt 2>boxed.err
	cmp direct.txt boxed.txt
	result $? "the_same_of_$2_malformed_$1"
	sed 's/^/# /' boxed.txt boxed.err
}

dune-plugin --sample 96x64 small.png
dune-plugin --sample 120x80 small.jpg
pictures small.png 60
pictures small.jpg 60

# A megapixel: what the domain adds to decoding. The first call is not counted.
dune-plugin --sample 1024x1024 large.png
direct=$(dune-plugin --direct --ticks large.png)
boxed=$(dune-plugin --ticks large.png)
echo "# plugin-png: direct $direct, in a domain $boxed ticks"
[ -n "$boxed" ] && [ $((boxed * 100)) -lt $((direct * 110)) ]
result $? "a_megapixel_takes_no_tenth_more_in_a_domain"

# What is no decoder, or none that can be loaded.
dune-plugin --codec="$here/plugin-wild.so" small.png >/dev/null 2>said
[ $? = 1 ] && grep -q 'cannot make a domain' said
result $? "a_plugin_without_the_function_is_refused"
dune-plugin --codec=/etc/passwd small.png >/dev/null 2>said
[ $? = 1 ] && grep -q passwd said
result $? "what_is_no_plugin_is_refused"

# A decoder that ends its domain: the program says how, and goes on. What a file begins
# with, and what is to be said.
ends() {
	echo "$1, and some more bytes" >ending
	dune-plugin --codec="$here/plugin-codec.so" ending >/dev/null 2>said
	[ $? = 1 ] && grep -qE "$2" said
	status=$?
	result $status "the_domain_ends_by_$1"
	[ $status = 0 ] || sed 's/^/# /' said
}

ends crash 'the decoder crashed \(signal 11, address 0x1000, at plugin-codec.so\+0x'
ends overflow 'the decoder used up its stack \(signal 11'
ends loop 'the decoder took too long'
ends exit 'the decoder exited'
ends abort 'the decoder aborted \(signal 6'
ends lie 'the decoder lies about the size'
# Each crash is followed by another file, in the same domain made anew.
echo "a picture, or none" >ending
dune-plugin --codec="$here/plugin-codec.so" --malformed=40 ending >out 2>said
counted=$(sed -n 's/^40 malformed: \([0-9]*\) decoded, 0 refused, \([0-9]*\) ended the domain$/\1 \2/p' out)
[ "${counted% *}" -gt 5 ] && [ "${counted#* }" -gt 5 ] && [ $((${counted% *} + ${counted#* })) = 40 ] &&
	[ "$(grep -c 'the decoder crashed' said)" = "${counted#* }" ]
result $? "the_program_goes_on_after_each_of_many_ends"
sed 's/^/# /' out
echo "1..$number"
