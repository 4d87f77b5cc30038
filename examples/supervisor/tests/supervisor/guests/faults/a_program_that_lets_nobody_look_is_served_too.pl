use Fcntl;

sub show {
    syswrite(STDOUT, join(' ', map { defined $_ ? $_ : 'error ' . ($!+0) } @_) . qq(\n))
}

sub read_all {
    my ($file, $text) = @_;
    sysseek($file, 0, 0);
    my $n = sysread($file, $text, 9);
    return $n, $text
}

sysopen(F, 'f', O_RDWR | O_CREAT);
# prctl(PR_SET_DUMPABLE, 0)
syscall(157, 4, 0, 0, 0, 0);
show(syswrite(F, 'abc'), read_all(F), -s F, flock(F, 2));
show(sysopen(G, 'g', O_RDWR | O_CREAT), syswrite(G, 'g'));
{ no warnings; exec { '/no/such' } 'x' }
show($!+0, read_all(F), read_all(G));
if (!fork) {
    show(read_all(F), read_all(G), close(F), close(G), sysopen(F, 'f', O_RDWR), read_all(F));
    exit 3
}
wait;
show($?, read_all(F), system('sh', '-c', 'exit 4') >> 8);
exec 'perl', '-e', 'open(F, qq(<&=$ARGV[0])) ? print qq(open\n) : print qq(closed\n)', fileno(F);
