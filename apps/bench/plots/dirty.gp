# SPDX-License-Identifier: MIT
# dirty.gp - the heap's dirty pages at the end of each collection's marking
set title 'Dirty pages of the heap, collection by collection: '.workload
set xlabel 'collection'
set ylabel 'place in the heap, 128ths'
set cblabel 'dirty pages'
set palette defined (0 '#ffffff', 1 '#bee3f8', 4 '#2b6cb0', 16 '#1a365d')
set cbrange [0 : *]
set grid nox noy
set autoscale xfix
set yrange [-0.5 : 127.5]
unset key
plot data.'/gc-dirty-'.workload.'.dat' using 1:2:3 with image
