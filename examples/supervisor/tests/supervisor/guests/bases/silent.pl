use POSIX;

sub put {
    my $n = POSIX::open($_[0], O_RDWR);
    POSIX::dup2($n, 1100);
    POSIX::close($n);
}

for (1 .. 5) {
    put('f');
    my $p = fork;
    if (!$p) {
        select(undef, undef, undef, 0.1);
        POSIX::read(1100, my $b, 3);
        POSIX::_exit($b eq 'abc' ? 0 : 1);
    }
    put('g');
    waitpid $p, 0;
    print $? >> 8;
}
print qq(\n);
