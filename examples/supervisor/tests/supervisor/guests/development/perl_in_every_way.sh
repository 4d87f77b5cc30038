cat >p.pl <<'X'
use strict;
use warnings;
use Fcntl qw(:flock :seek SEEK_SET O_RDWR O_CREAT);
use File::Temp;
use File::Find;
use IO::Handle;
use POSIX ();

sysopen(my $f, 'f', O_RDWR | O_CREAT) or die;
syswrite $f, 'hello world';
sysseek $f, 6, 0;
sysread $f, my $b, 5;
print "$b\n";
flock $f, LOCK_EX or die;
truncate $f, 5;
print -s 'f', "\n";
close $f;

open(my $p, '-|', 'cat', 'f') or die;
print <$p>, "\n";
close $p;
open($p, '|-', 'sort > s') or die;
print $p "b\na\n";
close $p;
open(my $s, '<', 's');
my @l = <$s>;
print @l, tell $s, "\n";
seek $s, 0, 0;
print scalar <$s>;

open(my $dup, '>&', \*STDOUT);
print $dup "dup\n";
$dup->flush;
my $pid = fork // die;
if (!$pid) {
    seek $s, 2, 0;
    print scalar <$s>;
    STDOUT->flush;
    POSIX::_exit(3)
}
waitpid $pid, 0;
print $? >> 8, "\n";

my $t = File::Temp->new;
print $t 'x' x 100000;
$t->flush;
print -s $t->filename, "\n";
mkdir 'd';
for my $i (1 .. 20) { open(my $o, '>', "d/$i"); print $o $i }
my $n = 0;
find(sub { $n += -s if -f }, 'd');
print "$n\n";
opendir(my $d, 'd');
print join(' ', sort grep !/^[.]/, readdir $d), "\n";
rewinddir $d;
print scalar(() = readdir $d), "\n";

open(my $in, '<', \'in memory');
print <$in>, "\n";
print `echo back`;
system 'sh', '-c', 'exit 7';
print $? >> 8, "\n";
local @ARGV = ('s');
local $^I = '.bak';
while (<>) { print uc }
print STDOUT -s 's.bak', "\n";
rename 's', 'r';
print STDOUT -e 's' ? 1 : 0, unlink('r', 'f'), "\n";
X
perl p.pl
ls
perl -ne 'print if /2/' < <(seq 30)
perl -pi -e 's/x/y/' p.pl
grep -c y p.pl
