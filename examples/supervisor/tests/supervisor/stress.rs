//! Faults in great number, each with its count: nothing is lost, nothing is done twice, nothing is
//! left.

use std::{fs, path::Path, process::Command};

use super::harness::{BEYOND, Dir, Outcome, can_run, command, run, same_python, supervised};

/// Runs the words supervised; nothing of theirs may be left in the supervisor. What they print.
fn leaves_nothing(options: &[&str], words: &[&str], dir: &Dir) -> String {
    let options = [options, &["--stats"]].concat();
    let Outcome { stdout, stderr, code } = run(command(supervised(&options, words), dir));
    assert!(
        code == 0 && stderr.ends_with("\n0 descriptors of guests left open\n"),
        "{code}: {stdout}{stderr}"
    );
    stdout
}

/// Python: what the supervisor has open right now, and what it has too much after a while, as it
/// notices an exit only a little later.
const SUPERVISORS: &str = include_str!("guests/stress/supervisors.py");

fn python_leaves_nothing(options: &[&str], program: &str, expected: &str) {
    if can_run(&["python3"]) {
        let program = [SUPERVISORS, program].concat();
        let printed = leaves_nothing(options, &["python3", "-c", &program], &Dir::new());
        assert_eq!(printed, expected, "{options:?}");
    }
}

#[test]
fn hundreds_killed_in_the_middle_of_calls() {
    let program = include_str!("guests/stress/hundreds_killed_in_the_middle_of_calls.py");
    for options in [&[][..], &["--serve-all", "--handlers", "8"]] {
        python_leaves_nothing(options, program, "300 0\n");
    }
}

#[test]
fn thousands_of_forks() {
    let program = include_str!("guests/stress/thousands_of_forks.py");
    python_leaves_nothing(&[], program, "2000 2000 0\n3000 3000 0\n");
}

#[test]
fn threads_that_fork_at_once() {
    let program = include_str!("guests/stress/threads_that_fork_at_once.py");
    python_leaves_nothing(&[], program, "360 720 0\n");
}

#[test]
fn numbers_run_out_and_come_back() {
    let program = include_str!("guests/stress/numbers_run_out_and_come_back.py");
    python_leaves_nothing(&[], program, "1 True 24 0\n1 b''\n0\n");
    // The supervisor holds what is open from the hard limit on. When it can hold no more, the
    // kernel's numbers are left.
    let program = include_str!("guests/stress/the_supervisors_numbers_run_out.py");
    if can_run(&["python3"]) && super::harness::NOFILE.parse::<u64>().unwrap() <= 20000 {
        python_leaves_nothing(
            &["--nofile", "1000000"],
            program,
            "a child needs files too\nTrue 0\n0\n\n",
        );
    }
}

/// System calls, each with Python that makes it.
const CALLS: &[(&str, &str)] = &[
    ("read", "os.read(f, 1)"),
    ("write", "os.write(f, b'x')"),
    ("pread64", "os.pread(f, 1, 0)"),
    ("pwrite64", "os.pwrite(f, b'x', 0)"),
    ("lseek", "os.lseek(f, 0, 0)"),
    ("readv", "os.readv(f, [bytearray(1)])"),
    ("writev", "os.writev(f, [b'x'])"),
    ("dup2", "os.dup2(f, 1600, inheritable=True)"),
    ("dup3", "os.dup2(f, 1600, inheritable=False)"),
    ("fcntl", "fcntl.fcntl(f, fcntl.F_GETFL)"),
    ("ftruncate", "os.ftruncate(f, 5)"),
    ("fsync", "os.fsync(f)"),
    ("fchmod", "os.fchmod(f, 0o600)"),
    ("openat2", "call(437, -100, b'f', bytes(24), 24)"),
    ("close_range", "call(436, 1400, 1600, 0)"),
    ("setuid", "os.setuid(os.getuid())"),
];

#[test]
fn every_panic_is_an_io_error() {
    if !can_run(&["python3"]) {
        return;
    }
    for (name, call) in CALLS {
        let program =
            include_str!("guests/stress/every_panic_is_an_io_error.py").replace("CALL", call);
        let options = [&["--inject-panic", name, "--stats"], BEYOND].concat();
        let words = supervised(&options, &["python3", "-c", &program]);
        let Outcome { stdout, stderr, code } = run(command(words, &Dir::new()));
        assert_eq!((stdout.as_str(), code), ("20 True\n", 0), "{name}: {stderr}");
        assert!(stderr.matches(&format!("injected into {name}")).count() >= 20, "{name}");
        assert!(stderr.ends_with("\n0 descriptors of guests left open\n"), "{name}: {stderr}");
    }
}

/// System calls, each with Python: what goes before, the call, what is looked at after, and what
/// that prints.
const LATE_CALLS: &[(&str, &str, &str, &str, &str)] = &[
    ("creat", "", "call(85, b'new', 0o600)", "os.path.exists('new'), again() - f", "True 1 0"),
    ("openat2", "", "call(437, -100, b'f', bytes(24), 24)", "again() - f", "1 0"),
    ("fcntl", "", "fcntl.fcntl(f, fcntl.F_DUPFD, f)", "again() - f, seen()", "1 2 0"),
    ("fcntl", "", "fcntl.fcntl(0, fcntl.F_DUPFD, f)", "again() - f, seen()", "1 2 0"),
    ("dup", "", "call(32, f)", "seen()", "1 0"),
    ("dup2", "", "os.dup2(f, 1600)", "os.pread(1600, 2, 0), again() - f", "b'01' 1 0"),
    ("close", "", "os.close(f)", "is_closed(f), again() - f", "None 1 0"),
    (
        "close_range",
        "g = again()",
        "call(436, f, g, 0)",
        "is_closed(f), is_closed(g), again() - g",
        "None None 1 0",
    ),
];

#[test]
fn what_a_late_panic_has_done_is_rolled_back() {
    // The guest does not get the result. So no number stays reserved, no file stays open, and what
    // its kernel was to close is still there.
    if !can_run(&["python3"]) {
        return;
    }
    for (name, before, call, after, expected) in LATE_CALLS {
        let program = include_str!("guests/stress/what_a_late_panic_has_done_is_rolled_back.py")
            .replace("BEFORE", before)
            .replace("CALL", call)
            .replace("AFTER", after);
        let late = format!("{name}:after");
        let words = supervised(&["--inject-panic", &late, "--stats"], &["python3", "-c", &program]);
        let Outcome { stdout, stderr, code } = run(command(words, &Dir::new()));
        let expected = format!("20 {expected}\n");
        assert_eq!((stdout, code), (expected, 0), "{name}: {stderr}");
        assert!(stderr.ends_with("\n0 descriptors of guests left open\n"), "{name}: {stderr}");
    }
}

/// Compiles a program of `guests/stress` into the directory.
fn compile(name: &str, dir: &Path) -> String {
    let source =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/supervisor/guests/stress").join(name);
    let program = dir.join("guest");
    let mut gcc = Command::new("gcc");
    let status = gcc.args(["-O1", "-pthread", "-o"]).args([&program, &source]).status().unwrap();
    assert!(status.success());
    program.to_str().unwrap().into()
}

#[test]
fn no_write_is_doubled_by_a_storm_of_signals() {
    if !can_run(&["gcc"]) {
        return;
    }
    let dir = Dir::new();
    let guest = compile("storm.c", &dir.0);
    for handlers in ["1", "4"] {
        for restart in ["restart", "no"] {
            // With a number that no kernel has, each write is intercepted.
            let options = [&["--handlers", handlers], BEYOND].concat();
            let printed = leaves_nothing(&options, &[&guest, restart], &dir);
            assert_eq!(
                printed, "stormy: 0 duplicated, 0 lost, none wrongly interrupted\n",
                "{options:?}"
            );
        }
    }
}

#[test]
fn a_thread_of_a_dead_process_is_not_remembered() {
    if !can_run(&["gcc", "strace"]) {
        return;
    }
    let dir = Dir::new();
    if run(command(["strace", "-qq", "-o", "/dev/null", "true"], &dir)).code != 0 {
        super::harness::skip("nothing may be traced here");
        return;
    }
    let guest = compile("leaver.c", &dir.0);
    // A handler compares whose files the thread has, which takes it so long that the process ends
    // meanwhile.
    let slowly = ["-e", "trace=kcmp", "-e", "inject=kcmp:delay_enter=300000"];
    let words = ["strace", "-f", "-qq", "-o", "/dev/null"].iter().chain(&slowly);
    let words = words.map(Into::into).chain(supervised(&["--stats"], &[&guest]));
    let Outcome { stdout, stderr, code } = run(command(words, &dir));
    assert_eq!((stdout.as_str(), code), ("gone\n", 0), "{stderr}");
    assert!(stderr.ends_with("\n0 descriptors of guests left open\n"), "{stderr}");
}

#[test]
fn as_many_handlers_as_are_needed() {
    if !can_run(&["python3"]) {
        return;
    }
    // Eight threads keep all of them busy. The main thread of the supervisor is none.
    let program = include_str!("guests/stress/as_many_handlers_as_are_needed.py");
    for handlers in ["1", "2", "3", "8"] {
        let words = supervised(&["--handlers", handlers], &["python3", "-c", program, handlers]);
        let Outcome { stdout, stderr, code } = run(command(words, &Dir::new()));
        assert_eq!((stdout, code), (format!("True\n{handlers}\n"), 0), "{stderr}");
    }
}

#[test]
fn the_last_guest_leaves_while_handlers_wait() {
    for handlers in ["1", "2", "16"] {
        for _ in 0..15 {
            if can_run(&["true"]) {
                leaves_nothing(&["--handlers", handlers], &["true"], &Dir::new());
            }
        }
    }
    // The first has long ended when the last does; its exit code counts.
    if can_run(&["bash", "sleep"]) {
        let script =
            "(sleep 0.3; echo last > f; exec 1025<f; read x <&1025; echo $x; exit 4) & exit 3";
        let words = supervised(&["--stats"], &["bash", "-c", script]);
        let Outcome { stdout, stderr, code } = run(command(words, &Dir::new()));
        assert_eq!((stdout.as_str(), code), ("last\n", 3));
        assert!(stderr.ends_with("\n0 descriptors of guests left open\n"), "{stderr}");
    }
}

#[test]
fn a_dead_supervisor_takes_all_its_guests_along() {
    if !can_run(&["bash", "setsid", "python3", "sleep"]) {
        return;
    }
    // Of all kinds: of other sessions, orphans, stopped, busy in calls, deaf to signals.
    let script = include_str!("guests/stress/a_dead_supervisor_takes_all_its_guests_along.sh");
    for by_stand_in in [true, false] {
        let dir = Dir::new();
        let mark = format!("{}{}", std::process::id(), u8::from(by_stand_in));
        let mut started = command(supervised(&[], &["bash", "-c", script]), &dir);
        let mut child = started.env("MARK", &mark).spawn().unwrap();
        super::faults::wait_until("the guests to start", || dir.0.join("started").exists());
        assert!(marked(&mark) >= 12, "{}", marked(&mark));
        let supervisor = fs::read_to_string(dir.0.join("supervisor")).unwrap();
        let victim =
            if by_stand_in { child.id().to_string() } else { supervisor.trim().to_owned() };
        assert!(Command::new("kill").args(["-9", &victim]).status().unwrap().success());
        child.wait().unwrap();
        super::faults::wait_until("all guests to die", || marked(&mark) == 0);
    }
}

/// How many processes have the mark in their command line.
fn marked(mark: &str) -> usize {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let lines = entries.filter_map(|entry| fs::read(entry.path().join("cmdline")).ok());
    lines.filter(|line| line.windows(mark.len()).any(|window| window == mark.as_bytes())).count()
}

#[test]
fn a_number_is_not_given_out_before_the_kernel_has_closed_it() {
    // Each thread has a file of its own; a number that was handed on too early would lose its
    // descriptor to the last owner's close.
    same_python(include_str!(
        "guests/stress/a_number_is_not_given_out_before_the_kernel_has_closed_it.py"
    ));
}

#[test]
fn a_child_has_what_its_kernel_has() {
    // It is forked while its parent's threads open and close numbers: what is open in it can be
    // mapped, and only that.
    same_python(include_str!("guests/stress/a_child_has_what_its_kernel_has.py"));
}

#[test]
fn the_kernels_limit_is_put_back_after_each_placing() {
    let program = include_str!("guests/stress/the_kernels_limit_is_put_back_after_each_placing.py");
    python_leaves_nothing(&[], program, "1024 {1} True\n");
}
