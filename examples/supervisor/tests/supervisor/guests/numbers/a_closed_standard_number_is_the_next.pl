close STDOUT;
open(STDOUT, '>', 'f');
print 'x';
system('echo child');
close STDOUT;
open(STDOUT, '>&', \*STDERR);
system('cat f >&2')
