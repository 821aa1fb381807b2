# SPDX-License-Identifier: MIT
# ratios.gp - each figure's cost in Dune mode, in native ones
file = data.'/ratios.dat'
stats file using 2 nooutput
rows = STATS_records
set title 'Cost in Dune mode as a multiple of the native cost (left of 1: Dune is cheaper)'
set logscale x
set yrange [rows - 0.4 : -0.6]
set lmargin 26
set grid noy
set xlabel 'Dune / native'
set arrow from 1, graph 0 to 1, graph 1 nohead lc rgb '#404040'
unset key
low(r) = r < 1 ? r : 1
high(r) = r < 1 ? 1 : r
plot file using (1):0:(low($2)):(high($2)):($0 - 0.35):($0 + 0.35):($2 > 1 ? 0xc05621 : 0x2b6cb0):ytic(1) \
	with boxxyerror fill solid 0.9 lc rgb variable, \
	file using (high($2)):0:(sprintf(' %.3g', $2)) with labels left font ',9'
