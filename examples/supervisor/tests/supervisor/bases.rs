//! Other bases, and machines that lack something.

use super::harness::{Dir, SUPERVISOR, can_run, command, prints, run, supervised};

const PROGRAM: &str = "import fcntl, mmap, os, subprocess
f = os.open('f', os.O_RDWR | os.O_CREAT); os.write(f, b'0123456789'); g = os.open('g', os.O_RDWR | os.O_CREAT); os.close(f); f = os.open('f', os.O_RDWR)
print(f, g, mmap.mmap(f, 10)[:3], os.dup2(f, 1024), os.dup2(g, 19999), fcntl.fcntl(f, fcntl.F_DUPFD, f + 5))
pid = os.fork()
if pid == 0: os.write(19999, b'child'); os._exit(0)
os.waitpid(pid, 0); print(os.pread(g, 9, 0), subprocess.check_output(['cat', '/dev/fd/1024'], pass_fds=[1024]), subprocess.call(['sh', '-c', 'echo shell > h']), open('h').read())
for n in range(100): os.open('f', os.O_RDWR)
os.closerange(f, f + 200)
try: os.fstat(f + 150)
except OSError as e: print(e.errno, os.open('f', os.O_RDWR))";

#[test]
fn any_base_that_the_kernel_can_reach() {
    for base in [1056, 2048, 4096, 8192, 16384, 19968 - 4096] {
        let [second, sixth] = [base + 1, base + 5];
        let expected = format!(
            "{base} {second} b'012' 1024 19999 {sixth}\nb'child' b'0123456789' 0 shell\n\n9 {base}\n"
        );
        let text = base.to_string();
        for options in [&["--base", &text][..], &["--base", &text, "--serve-all"]] {
            prints(
                &["python3", "cat"],
                options,
                &["/usr/bin/env", "python3", "-c", PROGRAM],
                &expected,
            );
        }
    }
}

#[test]
fn a_base_beyond_the_kernels_numbers() {
    // Nothing there can be mapped, waited for or passed on; what the supervisor does itself works.
    let program = "import fcntl, os
f = os.open('f', os.O_RDWR | os.O_CREAT); os.write(f, b'0123456789'); os.lseek(f, 2, 0)
print(f, os.read(f, 3), os.pread(f, 2, 0), os.fstat(f).st_size, os.dup2(f, f + 7), os.get_inheritable(f + 7), os.ftruncate(f, 5), os.lseek(f + 7, 0, 2))
low = os.dup2(f, 50); os.lseek(low, 0, 0); print(os.read(f, 1), fcntl.fcntl(f, fcntl.F_GETFL) & 3)
pid = os.fork()
if pid == 0: os.write(f, b'child'); os.close(f); os._exit(0)
print(os.waitpid(pid, 0)[1], os.pread(low, 9, 0)); os.close(f)
try: os.fstat(f)
except OSError as e: print(e.errno)
import mmap
try: mmap.mmap(f + 7, 1)
except OSError as e: print(e.errno)";
    let expected = |base: u32| {
        let far = base + 7;
        format!("{base} b'234' b'01' 10 {far} True None 5\nb'0' 2\n0 b'0child'\n9\n19\n")
    };
    for base in [1 << 20, 1 << 24] {
        let text = base.to_string();
        let options = ["--base", &text, "--nofile", "1073741824"];
        prints(&["python3"], &options, &["python3", "-c", program], &expected(base));
    }
}

#[test]
fn bases_that_cannot_be() {
    if !can_run(&["true"]) {
        return;
    }
    for base in ["0", "1000", "1023", "1025", "2147483648", "4294967296", "-32", "x"] {
        let outcome = run(command(supervised(&["--base", base], &["true"]), &Dir::new()));
        assert!(
            outcome.code != 0 && outcome.stderr.starts_with("supervisor: "),
            "{base}: {outcome:?}"
        );
    }
}

#[test]
fn without_the_kernels_counter_of_process_ids() {
    // Hidden behind an unreadable file, which only a user without rights cannot read.
    if !can_run(&["unshare", "mount", "setpriv", "bash", "perl"]) {
        return;
    }
    let dir = Dir::new();
    std::fs::copy(SUPERVISOR, dir.0.join("supervisor")).unwrap();
    // The child is silent until its parent has changed the table: only the counter, or what stands
    // in for it, tells of it in time.
    let silent = "use POSIX; sub put { my $n = POSIX::open($_[0], O_RDWR); POSIX::dup2($n, 1100); POSIX::close($n) }
for (1 .. 5) { put('f'); my $p = fork;
if (!$p) { select(undef, undef, undef, 0.1); POSIX::read(1100, my $b, 3); POSIX::_exit($b eq 'abc' ? 0 : 1) }
put('g'); waitpid $p, 0; print $? >> 8 }
print qq(\\n);";
    for (name, text) in [("silent.pl", silent), ("f", "abc"), ("g", "xyz")] {
        std::fs::write(dir.0.join(name), text).unwrap();
        let all = std::os::unix::fs::PermissionsExt::from_mode(0o666);
        std::fs::set_permissions(dir.0.join(name), all).unwrap();
    }
    let hide = "touch hidden && chmod 0 hidden && mount --bind hidden /proc/sys/kernel/ns_last_pid";
    let as_nobody = "exec setpriv --reuid=65534 --regid=65534 --clear-groups";
    let forks = "cat /proc/sys/kernel/ns_last_pid 2>/dev/null && exit 9; exec 1100>out; for i in $(seq 1 150); do (echo $i >&1100); done; for i in 1 2 3 4 5 6 7 8; do (for j in 1 2 3; do (echo $i >&1100) & done; wait) & done; wait; sort -n out | uniq | wc -l; wc -l < out; (exit 3) | cat; exec 1100>&-; perl silent.pl; echo end";
    let script = format!("{hide} || exit 77; {as_nobody} ./supervisor --stats bash -c '{forks}'");
    let outcome = run(command(["unshare", "-m", "bash", "-c", &script], &dir));
    if matches!(outcome.code, 1 | 77)
        && outcome.stdout.is_empty()
        && !outcome.stderr.contains("guests left")
    {
        super::harness::skip("nothing may be mounted here");
        return;
    }
    assert_eq!(
        (outcome.stdout.as_str(), outcome.code),
        ("150\n174\n00000\nend\n", 0),
        "{}",
        outcome.stderr
    );
    assert!(
        outcome.stderr.ends_with("\n0 descriptors of guests left open\n"),
        "{}",
        outcome.stderr
    );
}
