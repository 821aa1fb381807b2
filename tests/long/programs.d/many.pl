# SPDX-License-Identifier: MIT
# fork, pipes and signals, as Perl programs use them
use strict;
use warnings;

my ($usr, $chld) = (0, 0);
$SIG{USR1} = sub { $usr++ };
$SIG{CHLD} = sub { $chld++ while waitpid(-1, 1) > 0 };
kill USR1 => $$ for 1 .. 5;
print "usr1 $usr\n";
for my $i (1 .. 5) {
	my $pid = fork;
	exit $i unless $pid;
}
select undef, undef, undef, 0.05 while $chld < 5;
print "children $chld\n";
$SIG{CHLD} = 'DEFAULT';
eval { local $SIG{ALRM} = sub { die "timeout\n" }; alarm 1; 1 while 1; };
print "died of $@";
open my $from, '-|', 'echo piped; exit 3';
print <$from>;
close $from;
print 'status ', $? >> 8, "\n", `echo back`;
pipe my $r, my $w;
if (!fork) {
	print $w "from a child\n";
	exit;
}
close $w;
print <$r>;
