# SPDX-License-Identifier: MIT
# programs.gp - whole programs under dune-run and under a policy, in their native cost
set title 'Whole programs: instructions or cycles, the native ones being 1'
set style data histograms
set style histogram clustered gap 1
set style fill solid 0.9 border -1
set boxwidth 0.9
set grid nox
set yrange [0 : *]
set key outside right top
file = data.'/programs.dat'
plot file using 2:xtic(1) every ::1 title 'dune-run' lc rgb dune, \
	'' using 3 every ::1 title 'under a policy' lc rgb '#90cdf4', \
	'' every ::1 using ($0 - 0.17):2:(sprintf('%.3g', $2)) with labels offset 0, 0.7 font ',9' notitle, \
	'' every ::1 using ($0 + 0.17):3:(sprintf('%.3g', $3)) with labels offset 0, 0.7 font ',9' notitle
