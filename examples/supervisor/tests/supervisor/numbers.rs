//! Numbers that no ordinary supervisor's table reaches: between the low ones and the automatic
//! ones, and above the kernel's own limit.

use super::harness::{
    Dir, SUPERVISOR, can_run, command, prints, run, same, same_bash, same_python,
};

#[test]
fn bash_redirects_to_1025() {
    same_bash(&["cat"], "exec 1025>out; echo hi >&1025; exec 1025>&-; cat out");
}

#[test]
fn bash_copies_sorts_and_reads_many_files() {
    same_bash(
        &["cp", "sort", "md5sum", "seq", "cat"],
        "f=/etc/services; [ -e $f ] || f=/etc/passwd; cp $f a; sort a | md5sum
for i in $(seq 50); do echo $i > f$i; done; cat f* | md5sum; (exec 4<a; read -u 4 l; echo \"$l\")",
    );
}

#[test]
fn python_duplicates_to_20000() {
    // Where the hard limit is lower, no kernel can do it natively: so what one with a larger limit
    // prints.
    let program = "import os
open('name', 'w').write('vm-1')
f = os.open('name', os.O_RDONLY)
os.dup2(f, 20000)
print(os.read(20000, 4))
os.close(20000)
print(os.read(f, 1))";
    prints(&["python3"], &[], &["python3", "-c", program], "b'vm-1'\nb''\n");
}

#[test]
fn every_part_of_the_table_has_numbers() {
    // The edges: the first of the table, around bases and hot ranges, and the far end of the limit.
    let program = "import os
f = os.open('f', os.O_RDWR | os.O_CREAT)
os.write(f, b'0123456789')
numbers = [1024, 1025, 2047, 2048, 6143, 6144, 19999, 20000, 32767, 32768, 36863, 36864, 65535]
for n in numbers:
    assert os.dup2(f, n) == n
for i, n in enumerate(numbers):
    os.lseek(f, i % 10, os.SEEK_SET)
    assert os.read(n, 1) == b'%d' % (i % 10), n
for n in numbers:
    if n != f:
        os.close(n)
        try: os.fstat(n); print('open', n)
        except OSError as e: assert e.errno == 9
try: os.dup2(f, 65536)
except OSError as e: print(e.errno)
print(os.fstat(f).st_size)";
    prints(&["python3"], &[], &["python3", "-c", program], "9\n10\n");
}

#[test]
fn the_lowest_number_at_or_above_a_minimum_is_found() {
    let program = "import os, fcntl
f = os.open('f', os.O_RDWR | os.O_CREAT)
print(fcntl.fcntl(f, fcntl.F_DUPFD, 5000), fcntl.fcntl(f, fcntl.F_DUPFD_CLOEXEC, 5000), fcntl.fcntl(f, fcntl.F_DUPFD, 5000))
os.close(5001)
print(fcntl.fcntl(f, fcntl.F_DUPFD, 5000))
print([os.get_inheritable(n) for n in (5000, 5001, 5002)])
print(fcntl.fcntl(0, fcntl.F_DUPFD, 7000), fcntl.fcntl(0, fcntl.F_DUPFD, 7000))
for bad in (-1, 65536):
    try: fcntl.fcntl(f, fcntl.F_DUPFD, bad)
    except OSError as e: print(e.errno)";
    let expected = "5000 5001 5002\n5001\n[True, True, True]\n7000 7001\n22\n22\n";
    prints(&["python3"], &[], &["python3", "-c", program], expected);
}

#[test]
fn pipes_and_sockets_above_1023() {
    same_bash(
        &["cat"],
        "mkfifo p; cat p & exec 1500>p; echo through >&1500; exec 1501>&1500 1500>&-; echo again >&1501; exec 1501>&-; wait",
    );
    same_python(
        "import os, socket, select
r, w = os.pipe()
os.dup2(r, 1600), os.dup2(w, 1601)
os.close(r), os.close(w)
p = select.poll(); p.register(1600, select.POLLIN)
print(len(p.poll(0)))
os.write(1601, b'x')
print([event for fd, event in p.poll(1000)], os.read(1600, 5))
os.close(1601)
print(os.read(1600, 5))",
    );
}

#[test]
fn inherited_numbers_are_kept() {
    if !can_run(&["bash", "cat"]) {
        return;
    }
    // The supervisor itself is started with 1500 open.
    let script = format!(
        "echo kept > f; exec 1500<f; {SUPERVISOR} bash -c 'exec 1501<&1500; cat <&1501; exec 1500>&-; {{ cat <&1500; }} 2>/dev/null || echo closed'"
    );
    let outcome = run(command(["bash", "-c", &script], &Dir::new()));
    assert_eq!(outcome.stdout, "kept\nclosed\n", "{}", outcome.stderr);
}

#[test]
fn a_shared_offset_is_shared_with_low_numbers() {
    same_bash(
        &["cat", "head"],
        "seq 1 5 > f; exec 3<f 1030<&3; read a <&3; read b <&1030; read c <&3; echo $a $b $c; exec 3<&-; cat <&1030",
    );
}

#[test]
fn the_limit_is_the_tables() {
    same_python(
        "import os, resource
resource.setrlimit(resource.RLIMIT_NOFILE, (3000, 4000))
print(resource.getrlimit(resource.RLIMIT_NOFILE))
for n in (2999, 3000):
    try: print(os.dup2(0, n))
    except OSError as e: print(e.errno)
resource.setrlimit(resource.RLIMIT_NOFILE, (2000, 4000))
print(os.dup2(2999, 2999), os.fstat(2999).st_mode == os.fstat(0).st_mode)
opened = []
try:
    while True: opened.append(os.open('/', os.O_RDONLY))
except OSError as e: print(e.errno)
for fd in opened: os.close(fd)
os.close(os.open('/', os.O_RDONLY))",
    );
}

#[test]
fn a_closed_standard_number_is_the_next() {
    same_python(
        "import os
saved = os.dup(1); out = []
for n in (0, 1, 2):
    for name, flags in (('f', os.O_RDWR | os.O_CREAT), ('f', os.O_RDONLY), ('/dev/null', os.O_RDWR), ('.', os.O_RDONLY)):
        os.close(n); out.append(os.open(name, flags))
os.close(0); os.close(1); out.append(os.open('f', os.O_RDWR)); os.system('echo child'); out.append(os.open('o', os.O_RDWR | os.O_CREAT)); os.system('echo child'); os.dup2(saved, 1); print(out, open('o').read())",
    );
    same(
        &["perl"],
        &[
            "perl",
            "-e",
            "close STDOUT; open(STDOUT, '>', 'f'); print 'x'; system('echo child'); close STDOUT; open(STDOUT, '>&', \\*STDERR); system('cat f >&2')",
        ],
        0,
    );
    same_bash(
        &["cat"],
        "bash -c 'cat f; echo out > f; cat f; exec 3<f; cat <&3' <&- 2>&- || echo $?; sh -c 'echo lost' >&- 2>/dev/null || echo $?",
    );
}

#[test]
fn open_numbers_are_listed() {
    same_python(
        "import os
f = os.open('f', os.O_RDWR | os.O_CREAT); [os.dup2(f, n) for n in (40, 1500, 3000)]
for path in ('/proc/self/fd', '/proc/self/fd/', '/dev/fd', '/proc/thread-self/fd'):
    names = os.listdir(path); print([n in names for n in ('40', '1500', '3000', str(f))], sum(os.path.samefile(path + '/' + n, 'f') for n in names if os.path.exists(path + '/' + n)))",
    );
}

#[test]
fn a_number_has_one_spelling() {
    same_python(
        "import os
f = os.dup2(os.open('f', os.O_RDWR | os.O_CREAT), 1500)
for spelling in ('1500', '/1500', './1500', '+1500', '01500', '1500/', '1500/..', '1500x', '-1500', ' 1500'):
    for call in (lambda path: os.open(path, os.O_RDWR) > 2, os.readlink):
        try: print(spelling, os.path.basename(str(call('/proc/self/fd/' + spelling))))
        except OSError as e: print(spelling, e.errno)",
    );
}

#[test]
fn a_file_can_be_duplicated_when_the_kernel_has_no_numbers_left() {
    // Also one that the kernel has, too.
    same_python(
        "import ctypes, fcntl, os
dup = ctypes.CDLL(None).dup
f, g = [os.open('f', os.O_RDWR | os.O_CREAT) for n in range(2)]; os.write(f, b'abc'); fcntl.flock(g, fcntl.LOCK_SH)
pipes = [os.pipe() for n in range(505)]
for fd in (f, g):
    fds = [dup(fd) for n in range(20)]; print(len(set(fds)), [os.pread(n, 1, 0) for n in fds])",
    );
}
