# SPDX-License-Identifier: MIT
# gc.gp - the collector's barriers, in multiples of the mprotect barrier
set multiplot layout 2, 1 title 'Garbage collection: write barriers, the mprotect barrier being 1'
set style data histograms
set style histogram clustered gap 1
set style fill solid 0.9 border -1
set boxwidth 0.9
set grid nox
set yrange [0 : *]
array colours[9] = ['#cbd2d9', '#9aa5b1', '#68d391', '#f6ad55', '#2b6cb0', \
	'#e9d8fd', '#b794f4', '#805ad5', '#44337a']
do for [what in 'ticks pauses'] {
	file = data.'/gc-'.what.'.dat'
	set title what eq 'ticks' ? 'Total' : 'Longest pause'
	if (what eq 'pauses') { set logscale y; set yrange [0.05 : *] }
	set key outside right top
	stats file using 2 every ::1 nooutput
	columns = STATS_columns
	plot for [i = 2 : columns] file using i:xtic(1) title columnheader(i) lc rgb colours[i - 1]
}
unset multiplot
