#!/bin/sh
# SPDX-License-Identifier: MIT
# examples.sh - the example programs and those of the man pages do what they say

here=$(dirname "$0")
. "$here/compare"
cd /tmp || exit 1

# A program ends with 0 and prints a line that matches.
says() {	# program, line
	program=$1
	shift
	"$here/$program" >out 2>&1
	status=$?
	[ $status = 0 ] && { [ -z "$1" ] || grep -qxe "$1" out; }
	result $? "$program"
	[ $status = 0 ] || sed "s/^/# status $status: /" out
}

for how in "" -static; do
	says "example-dirty$how" 'dirty: 4096 pages written to, 4096 found'
	says "example-dirty$how" 'dirty: 1 pages written to, 1 found'
	says "example-grow$how" 'grow: 40 MiB used, 64 MiB long, 15 faults'
	says "example-filter$how" 'hello from ring 3'
	says "example-filter$how" 'filter: the plugin wrote 18 bytes'
done

for program in "$here"/man-*; do
	program=$(basename "$program")
	case $program in
	*dune.7) line=1 ;;
	*dune_sandbox.3) line=-1 ;;
	*dune_compat.7) line=42 ;;
	*sthread.3) line='it read address 0x[0-9a-f]* of tag secret without the right to, at 0x[0-9a-f]*' ;;
	*dune_enter.3) line='process [0-9]*, guest-physical address of main: 0x[0-9a-f]*' ;;
	*dune_signal_set_handler.3) line=interrupted ;;
	*dune_trap_set_handler.3 | *dune_vm_slot_protect.3) line=42 ;;
	*) line= ;;
	esac
	says "$program" "$line"
done
echo "1..$number"
