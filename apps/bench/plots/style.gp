# SPDX-License-Identifier: MIT
# style.gp - what all plots share: terminal, colours, grid
if (type eq 'png') {
	set terminal pngcairo size 1000,720 font 'sans,11' background '#ffffff'
} else {
	set terminal svg size 1000,720 font 'sans,11' background '#ffffff'
}
set output out
set border 3 lc rgb '#606060'
set tics nomirror
set grid x y lc rgb '#e0e0e0' lt 1
native = '#9aa5b1'
dune = '#2b6cb0'
worse = '#c05621'
set key top left
