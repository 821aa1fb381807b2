# SPDX-License-Identifier: MIT
# scale.gp - one operation in ever larger processes
set multiplot layout 1, 3 title 'mprotect() of a page and its next use, in ever larger processes'
set logscale x
set yrange [0 : *]
set ylabel 'ticks'
set key bottom right
do for [s in 'space mappings threads'] {
	set xlabel s eq 'space' ? 'GiB of address space' : s
	plot data.'/scale-'.s.'.dat' using 1:2 with linespoints lw 2 pt 7 lc rgb native title 'native', \
		'' using 1:3 with linespoints lw 2 pt 7 lc rgb dune title 'Dune'
}
unset multiplot
