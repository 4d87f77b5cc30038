//! Whose table is whose within a process, what goes into it, and how a person sees it.

use std::ffi::OsString;

use super::harness::{
    Dir, NOFILE, can_run, command, run, same, same_bash, same_python, supervised,
};

/// Python: whether another process may lock `f`; else the errno.
const LOCKED: &str = "
import os, fcntl
def locked():
    pid = os.fork()
    if pid == 0:
        try: fcntl.lockf(os.open('f', os.O_RDWR), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as e: os._exit(e.errno)
        os._exit(0)
    return os.waitpid(pid, 0)[1] >> 8
";

#[test]
fn threads_with_files_of_their_own() {
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/supervisor/guests/threads.c");
    same_bash(&["gcc"], &format!("gcc -w -pthread -o threads {source}; ./threads"));
}

#[test]
fn a_lock_through_a_small_number_goes_with_a_close_in_the_table() {
    // What is only read has a number of the kernel's, and what is written one of the table's: the
    // lock is the process's, however the number in the table is closed.
    same_python(&format!(
        "{LOCKED}
for close in (os.close, lambda w: os.closerange(w, w + 1), lambda w: os.dup2(0, w), lambda w: os.dup2(os.open('g', os.O_RDWR | os.O_CREAT), w)):
    r, w = os.open('f', os.O_RDONLY | os.O_CREAT), os.open('f', os.O_RDWR)
    fcntl.lockf(r, fcntl.LOCK_SH)
    print(locked())
    close(w)
    print(locked())
    os.close(r)"
    ));
}

#[test]
fn a_lock_goes_with_a_close_on_exec() {
    for stays in ["True", "False"] {
        same_python(&format!(
            "{LOCKED}
import sys
if sys.argv[1:]: print(locked())
else:
    r, w = os.open('f', os.O_RDONLY | os.O_CREAT), os.open('f', os.O_RDWR)
    os.set_inheritable(r, True); os.set_inheritable(w, {stays})
    fcntl.lockf(r, fcntl.LOCK_SH)
    os.execv(sys.executable, sys.orig_argv + ['again'])"
        ));
    }
}

#[test]
fn who_has_given_up_rights_has_none_to_what_is_open() {
    // As root: who is not has none to give up.
    same_python(
        "import os, sys
f = os.open('f', os.O_RDWR | os.O_CREAT); os.fchmod(f, 0o6755); g = os.open('g', os.O_RDWR | os.O_CREAT); os.fchmod(g, 0o6755)
def show(name, call):
    try: print(name, call())
    except OSError as e: print(name, e.errno)
    print([oct(os.fstat(n).st_mode) for n in (f, g)])
if os.getuid() == 0: os.setuid(65534)
show('fchown', lambda: os.fchown(f, os.getuid(), 0))
show('write', lambda: os.write(f, b'x'))
show('ftruncate', lambda: os.ftruncate(g, 5))
show('fchmod', lambda: os.fchmod(f, 0o777))
show('dup2', lambda: [os.dup2(n, 1500 + n) for n in (0, 1)])
sys.stdout.flush(); show('exec', lambda: os.system('id -u; exec 1600<f; read x <&1600; echo $x'))",
    );
}

#[test]
fn what_another_thread_has_closed_is_free_at_once() {
    // Though it makes no call after that, nor is told to.
    same_python(
        "import fcntl, mmap, os, threading
f = os.open('f', os.O_RDWR | os.O_CREAT); os.write(f, b'abc'); done = threading.Event()
def mapped():
    fd = os.open('f', os.O_RDWR); mmap.mmap(fd, 3).close(); return fd
def closed(close, *args):
    closed = threading.Event()
    def work(): close(*args); closed.set(); done.wait()
    threading.Thread(target=work, daemon=True).start(); closed.wait()
for n in range(20):
    a, b, c, d = [mapped() for n in range(4)]
    closed(os.close, a); print(os.open('f', os.O_RDWR) == a)
    closed(os.close, b); print(os.dup2(f, b) == b, os.read(b, 1))
    closed(os.closerange, c, d + 1); print(fcntl.fcntl(f, fcntl.F_DUPFD, c) == c, os.dup2(0, d) == d)
    os.lseek(f, 0, 0); [os.close(n) for n in (a, b, c, d)]
done.set()",
    );
}

#[test]
fn a_new_file_has_the_rights_that_its_directory_gives() {
    // A default ACL: then the umask does not count. Where there are none, it does.
    same_python(
        "import os, struct, threading
all = struct.pack('<I', 2) + b''.join(struct.pack('<HHI', tag, 7, 0xffffffff) for tag in (1, 4, 32))
for name in ('with', 'without'):
    os.mkdir(name)
    try: name == 'with' and os.setxattr(name, 'system.posix_acl_default', all)
    except OSError as e: print(e.errno)
def create(mask):
    for name in ('with/%o' % mask, 'without/%o' % mask):
        os.close(os.open(name, os.O_WRONLY | os.O_CREAT, 0o6767)); print(oct(os.stat(name).st_mode))
for mask in (0o077, 0, 0o022, 0o777):
    os.umask(mask); create(mask)
    if os.fork() == 0: os.umask(mask ^ 0o111); create(mask ^ 0o111); os._exit(0)
    os.wait()",
    );
}

#[test]
fn an_open_that_waits_for_a_lease_can_be_interrupted() {
    // The kernel would let it wait for 45 seconds, and a handler with it.
    for path in ["'f'", "'/proc/self/fd/%d' % w"] {
        same_python(&format!(
            "import fcntl, os, signal, time
class Alarm(Exception): pass
def ring(*_): raise Alarm
signal.signal(signal.SIGIO, signal.SIG_IGN); signal.signal(signal.SIGALRM, ring)
w = os.dup2(os.open('f', os.O_RDONLY | os.O_CREAT), 1500); r = os.open('f', os.O_RDONLY)
fcntl.fcntl(r, fcntl.F_SETLEASE, fcntl.F_RDLCK); start = time.time()
try: os.open({path}, os.O_RDWR | os.O_NONBLOCK)
except OSError as e: print(e.errno)
signal.setitimer(signal.ITIMER_REAL, 0.2, 0.2)
try: os.open({path}, os.O_RDWR)
except Alarm: print('interrupted', time.time() - start < 20)
signal.setitimer(signal.ITIMER_REAL, 0)
fcntl.fcntl(r, fcntl.F_SETLEASE, fcntl.F_UNLCK)
print(fcntl.fcntl(os.open({path}, os.O_RDWR), fcntl.F_GETFL) & os.O_NONBLOCK)"
        ));
    }
}

#[test]
fn who_may_set_whose_limits() {
    same_python(
        "import os, resource
def limit(pid, *new):
    try: print(resource.prlimit(pid, resource.RLIMIT_NOFILE, *new))
    except (OSError, ValueError) as e: print(type(e).__name__, e)
    print(resource.getrlimit(resource.RLIMIT_NOFILE), flush=True)
def tries():
    limit(0, (500, 4000)); limit(os.getpid(), (600, 3000)); limit(parent); limit(parent, (400, 3000)); limit(0, (500, 3001))
resource.setrlimit(resource.RLIMIT_NOFILE, (500, 3000)); parent = os.getpid()
for uid in (0, 65534):
    if os.fork() == 0:
        if os.getuid() == 0: os.setuid(uid)
        tries(); os._exit(0)
    os.wait()",
    );
}

#[test]
fn limits_of_processes_in_a_namespace_of_their_own() {
    // Their ids there are others than the supervisor's. Who may not have one prints the error.
    same_bash(
        &["unshare", "python3"],
        "unshare --pid --fork python3 -c \"
import os, resource
def limit(pid, *new): print(resource.prlimit(pid, resource.RLIMIT_NOFILE, *new)[0])
limit(os.getpid()); child = os.fork()
if child == 0: limit(os.getpid(), (3000, 4000)); limit(1); limit(1, (700, 800)); os._exit(0)
os.waitpid(child, 0); limit(os.getpid()); f = os.open('f', os.O_RDWR | os.O_CREAT)
print(resource.getrlimit(resource.RLIMIT_NOFILE))\" 2>&1 || echo $?",
    );
}

#[test]
fn a_program_without_all_that_root_can_have() {
    // It has lost it by its exec, from the bounding set and by SECBIT_NOROOT.
    for drop in ["[libc.prctl(24, n, 0, 0, 0) for n in range(64)]", "libc.prctl(28, 1, 0, 0, 0)"] {
        same_python(&format!(
            "import ctypes, os, sys
libc = ctypes.CDLL(None)
if sys.argv[1:]:
    try: os.write(os.open('f', os.O_RDWR), b'x'); print('written')
    except OSError as e: print(e.errno)
    sys.exit()
os.close(os.open('f', os.O_RDWR | os.O_CREAT, 0o400)); {drop}
os.execv(sys.executable, sys.orig_argv + ['again'])"
        ));
    }
}

#[test]
fn a_file_size_limit_is_one_of_ftruncate_too() {
    let program = "import os, resource, signal, sys
f = os.open('f', os.O_RDWR | os.O_CREAT); hits = []
signal.signal(signal.SIGXFSZ, lambda *_: hits.append(1))
if sys.argv[1:]: resource.setrlimit(resource.RLIMIT_FSIZE, (2048, 2048))
for size in (2049, 2048):
    try: print(os.ftruncate(f, size))
    except OSError as e: print(e.errno)
    print(os.fstat(f).st_size, hits)";
    same(&["python3"], &["python3", "-c", program, "own"], 0);
    if !can_run(&["bash", "python3"]) {
        return;
    }
    // And of one that the supervisor itself was started with.
    let limited = |words: Vec<OsString>| {
        let shell = ["bash", "-c", "ulimit -f 2; exec \"$@\"", "bash"].map(OsString::from);
        run(command(shell.into_iter().chain(words), &Dir::new()))
    };
    let guest = ["python3", "-c", program];
    assert_eq!(limited(supervised(&[], &guest)), limited(guest.map(Into::into).to_vec()));
}

#[test]
fn another_users_file_in_a_sticky_directory() {
    // Where fs.protected_regular is set, O_CREAT is EACCES there. As root: who is not has no file
    // of another.
    same_python(
        "import os
os.mkdir('d'); os.chmod('d', 0o1777); os.close(os.open('d/f', os.O_WRONLY | os.O_CREAT)); os.chmod('d/f', 0o666)
if os.getuid() == 0: os.chown('d/f', 65534, 65534)
for flags in (os.O_RDWR, os.O_RDWR | os.O_CREAT, os.O_WRONLY | os.O_TRUNC | os.O_CREAT):
    try: print(os.write(os.open('d/f', flags), b'abc'))
    except OSError as e: print(e.errno)",
    );
}

#[test]
fn whose_limits_nobody_may_set_can_execute_programs() {
    // As root without all that root can have: then nobody is the owner of such a process.
    same_python(
        "import os, sys
f, g = [os.open('f', os.O_RDWR | os.O_CREAT) for n in range(2)]; os.set_inheritable(g, True); os.pwrite(f, b'root', 0)
if os.getuid() == 0: os.seteuid(65534)
for path in ('/none', '/etc/passwd'):
    try: os.execv(path, ['x'])
    except OSError as e: print(e.errno, os.pread(f, 1, 0))
sys.stdout.flush()
script = 'for n; do { read -n 1 x <&$n; } 2>/dev/null && echo $x || echo closed; done; echo end'
os.execv('/bin/bash', ['bash', '-p', '-c', script, 'bash', str(f), str(g)])",
    );
}

#[test]
fn a_thread_may_ask_for_its_limits_by_its_own_id() {
    same_python(
        "import os, resource, threading
def limit(*new): print(resource.prlimit(threading.get_native_id(), resource.RLIMIT_NOFILE, *new)[0])
def ask(): limit(); limit((3000, 4000))
t = threading.Thread(target=ask); t.start(); t.join()
print(resource.getrlimit(resource.RLIMIT_NOFILE), len([os.open('/', os.O_RDONLY) for n in range(900)]), os.dup2(0, 2999))",
    );
}

#[test]
fn when_the_kernel_has_no_numbers_left_the_table_has() {
    if !can_run(&["python3"]) {
        return;
    }
    let program = "import os, socket
fds = [os.open('/etc/passwd', os.O_RDONLY) for i in range(3000)]
assert len(set(fds)) == 3000 and min(fds) < 10 and max(fds) > 1023
assert all(os.pread(fd, 4, 0) == b'root' for fd in fds)
# Some are left for what only the kernel can open.
print(len([socket.socket() for i in range(100)]))
for fd in fds: os.close(fd)
print(os.open('/etc/passwd', os.O_RDONLY) < 200)";
    let words = supervised(&["--nofile", &NOFILE, "--stats"], &["python3", "-c", program]);
    let outcome = run(command(words, &Dir::new()));
    assert_eq!((outcome.stdout.as_str(), outcome.code), ("100\nTrue\n", 0), "{outcome:?}");
    assert!(outcome.stderr.ends_with("\n0 descriptors of guests left open\n"), "{outcome:?}");
}

#[test]
fn a_signal_shows_the_live_tables() {
    if !can_run(&["bash", "cat", "grep", "sleep"]) {
        return;
    }
    // Sent to the supervisor and to its guardian, which is the one that a user knows.
    for guardian in ["$PPID", "$(cut -d' ' -f4 /proc/$PPID/stat)"] {
        let guest = format!(
            "exec 1025>out 1026<>both 1027<&0; kill -USR1 {guardian}; until grep -q 1027 err; do sleep 0.01; done; cat err; exit 5"
        );
        let words = supervised(&[], &["bash", "-c", &guest]);
        let dir = Dir::new();
        let mut script = command(["bash", "-c", "exec \"$@\" 2>err", "bash"], &dir);
        script.args(words);
        let outcome = run(script);
        assert_eq!(outcome.code, 5, "{outcome:?}");
        let has = |start, part| {
            outcome.stdout.lines().any(|line| line.starts_with(start) && line.contains(part))
        };
        assert!(has("l-wx------   1025 -> ", "/out"), "{outcome:?}");
        assert!(has("lrwx------   1026 -> ", "/both"), "{outcome:?}");
        assert!(has("l---------   1027 -> ", "/dev/null  twin"), "{outcome:?}");
    }
}
