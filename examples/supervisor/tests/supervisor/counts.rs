//! Faults in great number, each with its count: nothing is lost, nothing is done twice, nothing is
//! left.

use std::{fs, path::Path, process::Command};

use super::harness::{Dir, Outcome, can_run, command, run, same_python, supervised};

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

fn python_leaves_nothing(options: &[&str], program: &str, expected: &str) {
    if can_run(&["python3"]) {
        // What the supervisor has open right now; it hears of a death only a little later.
        let program = format!(
            "import fcntl, mmap, os, signal, sys, threading, time
def supervisors(): return len(os.listdir('/proc/%d/fd' % os.getppid()))
def returns_to(count):
    deadline = time.time() + 20
    while supervisors() > count and time.time() < deadline: time.sleep(0.01)
    return max(supervisors() - count, 0)
{program}"
        );
        let printed = leaves_nothing(options, &["python3", "-c", &program], &Dir::new());
        assert_eq!(printed, expected, "{options:?}");
    }
}

#[test]
fn hundreds_killed_in_the_middle_of_calls() {
    let program = "
def work(i):
    while True:
        fd = os.open('f', os.O_RDWR | os.O_CREAT); os.write(fd, b'x'); os.dup2(fd, 3000 + i); mmap.mmap(3000 + i, 1); os.lseek(fd, 0, 2); os.close(fd)
open('f', 'w').write('xx'); before = supervisors(); killed = 0
for n in range(300):
    pid = os.fork()
    if pid == 0:
        for i in range(2): threading.Thread(target=work, args=(i,)).start()
        work(2)
    time.sleep(0.0005 * (n % 16)); os.kill(pid, 9); killed += os.waitpid(pid, 0)[1] == 9
print(killed, returns_to(before))";
    for options in [&[][..], &["--serve-all", "--handlers", "8"]] {
        python_leaves_nothing(options, program, "300 0\n");
    }
}

#[test]
fn thousands_of_forks() {
    let program = "
f = os.dup2(os.open('f', os.O_RDWR | os.O_CREAT | os.O_APPEND), 1500); before = supervisors(); good = 0
for n in range(2000):
    pid = os.fork()
    if pid == 0:
        os.write(1500, b'x'); os.close(1500); os._exit(n % 100)
    if n % 10 == 0: os.close(os.open('g', os.O_RDWR | os.O_CREAT))
    good += os.waitpid(pid, 0)[1] >> 8 == n % 100
print(good, os.fstat(1500).st_size, returns_to(before))
batch = 40
for n in range(25):
    pids = [os.fork() or (os.write(1500, b'y'), os._exit(0)) for i in range(batch)]
    good += sum(os.waitpid(pid, 0)[1] == 0 for pid in pids)
print(good, os.fstat(1500).st_size, returns_to(before))";
    python_leaves_nothing(&[], program, "2000 2000 0\n3000 3000 0\n");
}

#[test]
fn threads_that_fork_at_once() {
    let program = "
f = os.dup2(os.open('f', os.O_RDWR | os.O_CREAT | os.O_APPEND), 1500); before = supervisors(); good = []
def work(i):
    for n in range(60):
        own = os.dup2(1500, 2000 + i)
        pid = os.fork()
        if pid == 0: os.write(own, b'x'); os.write(1500, b'x'); os._exit(7)
        os.close(own); good.append(os.waitpid(pid, 0)[1] >> 8 == 7)
ts = [threading.Thread(target=work, args=(i,)) for i in range(6)]; [t.start() for t in ts]; [t.join() for t in ts]
print(sum(good), os.fstat(1500).st_size, returns_to(before))";
    python_leaves_nothing(&[], program, "360 720 0\n");
}

#[test]
fn numbers_run_out_and_come_back() {
    let program = "
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (6000, 6000)); before = supervisors(); counts = []
def fill():
    fds = []
    try:
        while True: fds.append(os.open('f', os.O_RDWR | os.O_CREAT))
    except OSError as e: return fds, e.errno
for n in range(3):
    fds, error = fill(); counts.append((len(fds), error)); [os.close(fd) for fd in fds]
print(len(set(counts)), counts[0][0] > 3000, counts[0][1], returns_to(before))
fds, error = fill(); child = os.fork()
if child == 0: os.closerange(1024, 6000); os._exit(len(fill()[0]) == len(fds))
print(os.waitpid(child, 0)[1] >> 8, os.pread(fds[7], 1, 0)); os.closerange(1024, 6000); print(returns_to(before))";
    python_leaves_nothing(&[], program, "1 True 24 0\n1 b''\n0\n");
    // All guests together have what the supervisor has: ENFILE for them, and not its end.
    let program = "
before = supervisors(); fds = []; error = 0
import resource
limit = min(resource.getrlimit(resource.RLIMIT_NOFILE)[1], 65536)
try:
    while len(fds) < 70000: fds.append(os.open('f', os.O_RDWR | os.O_CREAT))
except OSError as e: error = e.errno
print(error in (23, 24), os.system('echo a child needs files too > g; cat g') if error == 24 else 0); [os.close(fd) for fd in fds]; print(returns_to(before)); print(open('f').read())";
    if can_run(&["python3"]) && super::harness::NOFILE.parse::<u64>().unwrap() <= 20000 {
        python_leaves_nothing(&["--nofile", "1000000"], program, "True 0\n0\n\n");
    }
}

#[test]
fn every_panic_is_an_io_error() {
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
        ("flock", "fcntl.flock(f, fcntl.LOCK_EX)"),
        ("fchmod", "os.fchmod(f, 0o600)"),
        ("poll", "select.poll().poll(0)"),
        ("openat2", "call(437, -100, b'f', bytes(24), 24)"),
        ("close_range", "call(436, 1400, 1600, 0)"),
        ("sendfile", "os.sendfile(f, f, 0, 1)"),
        ("copy_file_range", "os.copy_file_range(f, f, 1)"),
        ("fchdir", "os.fchdir(f)"),
        ("setuid", "os.setuid(os.getuid())"),
    ];
    if !can_run(&["python3"]) {
        return;
    }
    for (name, call) in CALLS {
        let program = format!(
            "import ctypes, fcntl, os, select
libc = ctypes.CDLL(None, use_errno=True)
def call(*args):
    if libc.syscall(*args) < 0: raise OSError(ctypes.get_errno(), '')
f = 1500; made = os.open('f', os.O_RDWR | os.O_CREAT); libc.syscall(33, made, f) < 0 and libc.syscall(292, made, f, 0); count = 0
for n in range(20):
    try: {call}
    except OSError as e: count += e.errno == 5
print(count, os.fstat(f).st_size >= 0)"
        );
        let words = supervised(&["--inject-panic", name, "--stats"], &["python3", "-c", &program]);
        let Outcome { stdout, stderr, code } = run(command(words, &Dir::new()));
        assert_eq!((stdout.as_str(), code), ("20 True\n", 0), "{name}: {stderr}");
        assert!(stderr.matches(&format!("injected into {name}")).count() >= 20, "{name}");
        assert!(stderr.ends_with("\n0 descriptors of guests left open\n"), "{name}: {stderr}");
    }
}

#[test]
fn what_a_late_panic_has_done_is_taken_back() {
    // The guest does not hear of what is done: no number stays taken, no file open; and what its
    // kernel was to close is still there. Each is: the call, what goes before, and what is seen
    // after.
    const CALLS: &[(&str, &str, &str, &str, &str)] = &[
        ("creat", "", "call(85, b'new', 0o600)", "os.path.exists('new'), again() - f", "True 1 1"),
        ("openat2", "", "call(437, -100, b'f', bytes(24), 24)", "again() - f", "1 1"),
        ("fcntl", "", "fcntl.fcntl(f, fcntl.F_DUPFD, f)", "again() - f", "1 1"),
        ("fcntl", "", "fcntl.fcntl(0, fcntl.F_DUPFD, f)", "again() - f, seen()", "1 2 1"),
        ("dup", "", "call(32, f)", "seen()", "1 0"),
        ("dup2", "", "os.dup2(f, 1600)", "os.pread(1600, 2, 0), again() - f", "b'01' 1 1"),
        ("close", "", "os.close(f)", "is_closed(f), again() - f", "True 0 0"),
        ("close", "mapped(f)", "os.close(f)", "mapped(f) - f, seen(), again() - f", "0 1 1 0"),
        (
            "close_range",
            "g = mapped(again())",
            "call(436, f, g, 0)",
            "is_closed(f), mapped(g) - g, again() - f",
            "True 0 0 -1",
        ),
        ("mmap", "", "mapped(f)", "seen(), os.pread(f, 2, 0)", "1 b'01' 0"),
        ("flock", "", "fcntl.flock(f, fcntl.LOCK_EX)", "os.pread(f, 2, 0)", "b'01' 0"),
    ];
    if !can_run(&["python3"]) {
        return;
    }
    for (name, before, call, after, expected) in CALLS {
        let program = format!(
            "import ctypes, fcntl, mmap, os
libc = ctypes.CDLL(None, use_errno=True)
def call(*args):
    if libc.syscall(*args) < 0: raise OSError(ctypes.get_errno(), '')
def mapped(fd): mmap.mmap(fd, 2).close(); return fd
def again(): return os.open('f', os.O_RDWR)
def is_closed(fd):
    try: os.fstat(fd)
    except OSError as e: return e.errno == 9
def seen(): return sum(os.path.realpath('/proc/self/fd/' + n) == os.path.realpath('f') for n in os.listdir('/proc/self/fd'))
def supervisors(): return len(os.listdir('/proc/%d/fd' % os.getppid()))
f = os.open('f', os.O_RDWR | os.O_CREAT); os.write(f, b'0123456789'); count = 0
{before}
open_before = supervisors()
for n in range(20):
    try: {call}
    except OSError as e: count += e.errno == 5
print(count, {after}, supervisors() - open_before)"
        );
        let late = format!("{name}:after");
        let words = supervised(&["--inject-panic", &late, "--stats"], &["python3", "-c", &program]);
        let Outcome { stdout, stderr, code } = run(command(words, &Dir::new()));
        let expected = format!("20 {expected}\n");
        assert_eq!((stdout, code), (expected, 0), "{name}: {stderr}");
        assert!(stderr.ends_with("\n0 descriptors of guests left open\n"), "{name}: {stderr}");
    }
}

/// Compiles a program of `guests/` into the directory.
fn compile(name: &str, dir: &Path) -> String {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/supervisor/guests").join(name);
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
            let options = ["--handlers", handlers];
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
    let program = "import os, sys, threading, time
most, f = int(sys.argv[1]), os.open('f', os.O_RDWR | os.O_CREAT)
handlers = lambda: len(os.listdir('/proc/%d/task' % os.getppid())) - 1
print(handlers() <= most)
def work():
    while not done: os.lseek(f, 0, 1)
done = False; threads = [threading.Thread(target=work) for n in range(8)]; [t.start() for t in threads]
end = time.time() + 20
while handlers() < most and time.time() < end: time.sleep(0.01)
time.sleep(0.1); print(handlers()); done = True; [t.join() for t in threads]";
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
    let script = "echo $PPID > supervisor; echo x > f
        for i in 1 2 3; do setsid sleep 300.$MARK & (sleep 300.$MARK &); (trap '' TERM INT HUP; sleep 300.$MARK) & done
        sleep 300.$MARK & until grep -q sleep /proc/$!/comm; do :; done; kill -STOP $!
        for i in 1 2; do python3 -c 'import os; open(\"busy%s\" % os.getpid(), \"w\")
while True: os.close(os.dup2(os.open(\"f\", os.O_RDWR), 1500))' $MARK & done
        until [ $(ls busy* 2>/dev/null | wc -l) = 2 ]; do sleep 0.01; done; echo > started; wait";
    for by_guardian in [true, false] {
        let dir = Dir::new();
        let mark = format!("{}{}", std::process::id(), u8::from(by_guardian));
        let mut started = command(supervised(&[], &["bash", "-c", script]), &dir);
        let mut child = started.env("MARK", &mark).spawn().unwrap();
        super::faults::wait_until("the guests to start", || dir.0.join("started").exists());
        assert!(marked(&mark) >= 12, "{}", marked(&mark));
        let supervisor = fs::read_to_string(dir.0.join("supervisor")).unwrap();
        let victim =
            if by_guardian { child.id().to_string() } else { supervisor.trim().to_owned() };
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
fn a_number_is_not_given_out_before_its_twin_is_closed() {
    // Each thread has a file of its own; a number that was handed on too early would lose its twin
    // to the last owner's close.
    same_python(
        "import mmap, os, threading
bad = []
def work(i):
    name = 'f%d' % i; open(name, 'wb').write(b'%d' % i * 10)
    for n in range(400):
        fd = os.open(name, os.O_RDWR)
        try:
            m = mmap.mmap(fd, 10); ok = m[:1] == b'%d' % i and os.pread(fd, 1, 1) == b'%d' % i; m.close()
            if not ok: bad.append('other')
        except OSError as e: bad.append(e.errno)
        os.close(fd)
ts = [threading.Thread(target=work, args=(i,)) for i in range(4)]; [t.start() for t in ts]; [t.join() for t in ts]
print(bad)",
    );
}

#[test]
fn a_child_has_its_parents_twins_or_none() {
    // It is forked while its parent's threads make and close twins: what is open in it can be
    // mapped, and only that.
    same_python(
        "import mmap, os, threading
f = os.open('f', os.O_RDWR | os.O_CREAT); os.write(f, b'abc' * 10); stop = False
def churn(i):
    n = 0
    while not stop:
        fd = os.dup2(f, 1100 + 10 * i + n % 10); mmap.mmap(fd, 1).close(); n += 1
        if n % 3: os.close(fd)
def check():
    bad = 0
    for fd in range(1100, 1140):
        try: os.fstat(fd); is_open = True
        except OSError: is_open = False
        try: mmap.mmap(fd, 1).close(); mapped = True
        except OSError: mapped = False
        bad += is_open != mapped
    return min(bad, 99)
ts = [threading.Thread(target=churn, args=(i,)) for i in range(4)]; [t.start() for t in ts]
bad = 0
for n in range(60):
    pid = os.fork()
    if pid == 0: os._exit(check())
    bad += os.waitpid(pid, 0)[1] >> 8
stop = True; [t.join() for t in ts]; print(bad)",
    );
}

#[test]
fn the_kernels_limit_is_put_back_after_each_twin() {
    let program = "
import mmap
def limit(): return [int(l.split()[3]) for l in open('/proc/self/limits') if l.startswith('Max open files')][0]
f = os.open('f', os.O_RDWR | os.O_CREAT); os.write(f, b'abc'); limits = set(); stop = False
def promote(i):
    for n in range(150): fd = os.dup2(f, 1500 + 1000 * i + n); mmap.mmap(fd, 1).close()
ts = [threading.Thread(target=promote, args=(i,)) for i in range(4)]; [t.start() for t in ts]
for n in range(40):
    pid = os.fork()
    if pid == 0: os.close(os.open('f', os.O_RDWR)); os._exit(limit() == 1023)
    limits.add(os.waitpid(pid, 0)[1] >> 8)
[t.join() for t in ts]; print(limit(), limits, len(os.listdir('/proc/self/fd')) > 600)";
    python_leaves_nothing(&[], program, "1023 {1} True\n");
}
