# SPDX-License-Identifier: MIT
# interposed.gp - a getpid that another party sees first, by the ways there are
file = data.'/interposed.dat'
stats file using 2 nooutput
set title 'A getpid that is watched, by the ways there are'
set xlabel 'ticks'
set logscale x
set xrange [10 : STATS_max * 3]
set yrange [STATS_records - 0.4 : -0.6]
set lmargin 22
set grid noy
unset key
colour(name) = name[1:5] eq 'ring3' ? 0x2b6cb0 : 0x9aa5b1
plot file using (10):0:(10):2:($0 - 0.35):($0 + 0.35):(colour(strcol(1))):ytic(1) \
	with boxxyerror fill solid 0.9 lc rgb variable, \
	file using 2:0:(sprintf(' %.0f', $2)) with labels left
