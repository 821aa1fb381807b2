# SPDX-License-Identifier: MIT
# gc-threads.gp - the collector with more threads of the program
set multiplot layout 2, 1 title 'Garbage collection with 1, 2 and 4 threads: mprotect and dirty bits'
set style data histograms
set style histogram clustered gap 1
set style fill solid 0.9 border -1
set boxwidth 0.9
set grid nox
set yrange [0 : *]
set key outside right top
set xtics rotate by -30
file = data.'/gc-threads.dat'
set ylabel 'ticks, millions'
set title 'Total'
plot file using 2:xtic(1) every ::1 title 'mprotect' lc rgb native, '' using 3 every ::1 title 'Dune' lc rgb dune
set ylabel 'ticks, thousands'
set title 'Longest pause'
set logscale y
set yrange [10 : *]
plot file using 4:xtic(1) every ::1 title 'mprotect' lc rgb native, '' using 5 every ::1 title 'Dune' lc rgb dune
unset multiplot
