# SPDX-License-Identifier: MIT
# parallel.gp - the same work on one CPU, and on two at a time
set multiplot layout 1, 2 title 'On one CPU and on two at a time: ticks of each operation'
set style data histograms
set style histogram clustered gap 1
set style fill solid 0.9 border -1
set boxwidth 0.9
set grid nox
set yrange [0 : *]
set ylabel 'ticks'
set key outside bottom center horizontal
file = data.'/parallel.dat'
do for [row = 0 : 1] {
	plot file using 2:xtic(1) every ::row::row title columnheader(2) lc rgb native, \
		'' using 3 every ::row::row title columnheader(3) lc rgb '#616e7c', \
		'' using 4 every ::row::row title columnheader(4) lc rgb '#90cdf4', \
		'' using 5 every ::row::row title columnheader(5) lc rgb dune
}
unset multiplot
