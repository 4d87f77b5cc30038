//! fork, exec and exit: whose table is whose.

use std::ffi::OsString;

use super::harness::{Dir, can_run, command, run, same, same_bash, same_python, skip, supervised};

#[test]
fn a_script_is_never_busy() {
    // What still has it open for writing when the guest goes on would make it ETXTBSY.
    same_bash(
        &["sh", "chmod"],
        "for i in $(seq 1 60); do printf '#!/bin/sh\\necho %s\\n' $i > s.sh; chmod +x s.sh; ./s.sh; done
         for i in $(seq 1 60); do (printf '#!/bin/sh\\necho %s\\n' $i > t.sh); chmod +x t.sh; ./t.sh; done",
    );
}

#[test]
fn two_hundred_forks_with_open_files() {
    same_python(
        "import os
fds = [os.open('f%d' % i, os.O_RDWR | os.O_CREAT) for i in range(20)]
for i in range(200):
    pid = os.fork()
    if pid == 0:
        os.write(fds[i % 20], b'%d\\n' % i)
        os.close(fds[(i + 1) % 20])
        os._exit(i % 7)
    assert os.waitpid(pid, 0)[1] >> 8 == i % 7
print([os.fstat(fd).st_size for fd in fds])",
    );
    same_bash(
        &["cat"],
        "seq 1 400 > in; exec 9<in; for i in $(seq 1 200); do (read x <&9; echo $x >> out) done; wc -l < out; tail -1 out",
    );
}

#[test]
fn a_childs_close_is_its_own() {
    same_python(
        "import os
fd = os.open('f', os.O_RDWR | os.O_CREAT)
os.write(fd, b'abc')
r, w = os.pipe()
if os.fork() == 0:
    os.close(fd)
    other = os.open('g', os.O_RDWR | os.O_CREAT)
    os.write(w, b'%d' % (other == fd))
    os._exit(0)
os.wait()
print(os.read(r, 1), os.pread(fd, 3, 0))",
    );
}

#[test]
fn exec_closes_what_is_close_on_exec() {
    same_bash(
        &["python3"],
        "echo text > f; cat > p.py <<'X'
import os, sys
a = os.dup2(os.open('f', os.O_RDONLY), 1100)
b = os.dup2(a, 1101, inheritable=False)
os.execvp('python3', ['python3', '-c', 'import os\\nfor n in (1100, 1101):\\n try: print(n, os.read(n, 4))\\n except OSError as e: print(n, e.errno)'])
X
python3 p.py",
    );
}

#[test]
fn a_failed_exec_closes_nothing() {
    same_python(
        "import os
open('f', 'w').write('abc')
fd = os.open('f', os.O_RDONLY)
low = os.dup2(fd, 1100, inheritable=False)
for path in ('/no/such', '/etc/passwd'):
    try: os.execv(path, [path])
    except OSError as e: print(e.errno)
    print(os.pread(fd, 3, 0), os.pread(1100, 2, 0), os.get_inheritable(1100))",
    );
}

#[test]
fn nobody_sees_by_what_the_supervisor_sees_an_exec() {
    same_python(
        "import os, sys
def look():
    for call in (os.fstat, os.close, os.fchdir, lambda fd: os.read(fd, 1), lambda fd: os.dup(fd), lambda fd: os.dup2(fd, 1500)):
        try: print('open', call(1023))
        except OSError as e: print(e.errno)
    sys.stdout.flush()
look()
try: os.execv('/no/such', ['x'])
except OSError: look()
for generation in range(2):
    if os.fork(): os.wait(); break
    look()",
    );
}

#[test]
fn what_is_ignored_stays_so() {
    // The supervisor itself must not ignore the end of its children, and Rust ignores the other.
    if !can_run(&["bash", "grep"]) {
        return;
    }
    let guest = ["bash", "-c", "grep SigIgn /proc/self/status; exit 3"];
    for signals in ["CHLD PIPE", "CHLD", "PIPE", "USR2"] {
        let ignoring = |guest: Vec<OsString>| {
            let script = format!("trap '' {signals}; exec \"$@\"");
            let shell = ["bash", "-c", &script, "bash"].map(OsString::from);
            run(command(shell.into_iter().chain(guest), &Dir::new()))
        };
        let natively = ignoring(guest.map(OsString::from).to_vec());
        assert_eq!(natively, ignoring(supervised(&[], &guest)), "{signals}");
        assert_eq!(natively.code, 3);
    }
}

#[test]
fn what_is_closed_stays_so() {
    if !can_run(&["bash", "cat"]) {
        return;
    }
    let guest = [
        "bash",
        "-c",
        "cat || echo $?; echo out || echo $?; echo err >&2 || echo $?; exec 3>f; cat <&0 >&3; exit 4",
    ];
    for closed in ["<&-", ">&-", "2>&-", "<&- >&-", "<&- >&- 2>&-"] {
        let without = |guest: Vec<OsString>| {
            let script = format!("\"$@\" {closed}");
            let shell = ["bash", "-c", &script, "bash"].map(OsString::from);
            run(command(shell.into_iter().chain(guest), &Dir::new()))
        };
        let natively = without(guest.map(OsString::from).to_vec());
        assert_eq!(without(supervised(&[], &guest)), natively, "{closed}");
        assert_eq!(natively.code, 4);
    }
}

#[test]
fn an_exec_while_another_thread_closes_all_numbers() {
    // Also the one by which the supervisor sees how an exec goes.
    same_python(
        "import ctypes, os, sys, threading
def is_open(fd):
    try: os.fstat(fd); return True
    except OSError: return False
if sys.argv[1:]: print([is_open(int(fd)) for fd in sys.argv[1:]]); sys.exit()
libc = ctypes.CDLL(None)
f, g = [os.open('f', os.O_RDWR | os.O_CREAT) for n in range(2)]; os.set_inheritable(g, True)
def close():
    while True: libc.close_range(1023, 1023, 0)
threading.Thread(target=close, daemon=True).start()
argv = (ctypes.c_char_p * 2)(b'x', None)
print(sum(libc.execv(b'/no/such', argv) == -1 and is_open(f) for n in range(1000)), flush=True)
os.execv(sys.executable, sys.orig_argv + [str(f), str(g)])",
    );
}

#[test]
fn an_exec_while_another_thread_has_files_of_its_own() {
    // Such a thread does not have the descriptor by which the supervisor sees how an exec goes, or
    // has one that was its own exec's.
    for own_exec in ["pass", "libc.execv(b'/no/such', argv)"] {
        same_python(&format!(
            "import ctypes, os, sys, threading
def is_open(fd):
    try: os.fstat(fd); return True
    except OSError: return False
if sys.argv[1:]: print([is_open(int(fd)) for fd in sys.argv[1:]]); sys.exit()
libc = ctypes.CDLL(None); argv = (ctypes.c_char_p * 2)(b'x', None)
f, g = [os.open('f', os.O_RDWR | os.O_CREAT) for n in range(2)]; os.set_inheritable(g, True)
ready = threading.Event()
def own():
    libc.unshare(0x400); {own_exec}; own = os.open('g', os.O_RDWR | os.O_CREAT); ready.set()
    while is_open(own): pass
threading.Thread(target=own, daemon=True).start(); ready.wait()
print(sum(libc.execv(b'/no/such', argv) == -1 and is_open(f) for n in range(300)), flush=True)
os.execv(sys.executable, sys.orig_argv + [str(f), str(g)])"
        ));
    }
}

#[test]
fn the_last_close_is_seen_at_once() {
    // flock goes with the open file description: held until the last descriptor of any process is
    // gone.
    same_python(
        "import os, fcntl, signal
for i in range(50):
    a = os.open('f', os.O_RDWR | os.O_CREAT)
    b = os.open('f', os.O_RDWR)
    fcntl.flock(a, fcntl.LOCK_EX)
    try: fcntl.flock(b, fcntl.LOCK_EX | fcntl.LOCK_NB); print('both')
    except BlockingIOError: pass
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.close(a)
    os.waitpid(pid, 0)
    fcntl.flock(b, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(b)
print('free every time')",
    );
}

#[test]
fn a_successful_exec_lets_go_at_once() {
    // The program makes no call that the supervisor hears of. Popen returns when a close-on-exec
    // pipe says that the exec has succeeded: from
    // then on the child does not have the script open any more.
    same_bash(
        &["gcc", "python3"],
        "cat > still.c <<'X'
void _start(void) { for (;;) __asm__ volatile(\"syscall\" :: \"a\"(34) : \"rcx\", \"r11\", \"memory\"); }
X
gcc -O1 -static -nostdlib -o still still.c
cat > p.py <<'X'
import os, subprocess
for i in range(10):
    name = './s%d.sh' % i
    with open(name, 'w') as script:
        script.write('#!/bin/sh\\nexit 3\\n')
        script.flush()
        child = subprocess.Popen(['./still'])
    os.chmod(name, 0o755)
    print(subprocess.call([name]))
    child.kill()
X
python3 p.py",
    );
}

#[test]
fn a_child_has_what_was_open_at_the_fork() {
    // The child is seen only by its effects: it makes its first call on the file long after its
    // parent has changed the table.
    same_python(
        "import os, time
open('f', 'w').write('abc'); open('g', 'w').write('xyz')
for i in range(5):
    a = os.open('f', os.O_RDONLY)
    pid = os.fork()
    if pid == 0:
        time.sleep(0.1)
        os._exit(0 if os.read(a, 3) == b'abc' else 1)
    os.close(a)
    b = os.open('g', os.O_RDONLY)
    assert os.waitpid(pid, 0)[1] == 0
    print(os.read(b, 3), a == b)
    os.close(b)",
    );
}

#[test]
fn a_twin_is_closed_by_exec_too() {
    same_python(
        "import os, mmap
open('f', 'w').write('abc')
fd = os.open('f', os.O_RDONLY)
mmap.mmap(fd, 0, prot=mmap.PROT_READ)
os.execvp('python3', ['python3', '-c', 'import os\\nprint([n for n in os.listdir(\"/proc/self/fd\") if os.path.basename(os.path.realpath(\"/proc/self/fd/\" + n)) == \"f\"], \"end\")'])",
    );
}

#[test]
fn orphans_keep_their_files() {
    // The process between has often ended before anybody has seen it.
    same_bash(
        &["cat"],
        "echo inherited > f; exec 1100<f
         for i in $(seq 1 40); do ( ( : <&1100 && echo ok > o$i || echo bad > o$i ) & ); done
         for i in $(seq 1 40); do until [ -s o$i ]; do sleep 0.01; done; done; cat o*; cat <&1100",
    );
}

#[test]
fn a_child_with_the_id_of_a_thread_that_has_ended() {
    if !can_run(&["python3", "unshare"]) {
        return;
    }
    // In a namespace of their own, as they set the id that is the next: some day it comes round.
    let program = "import os, threading
f, g = [os.open('f', os.O_RDWR | os.O_CREAT) for n in range(2)]; ids = []
def work(): os.fstat(f); ids.append(threading.get_native_id())
thread = threading.Thread(target=work); thread.start(); thread.join()
os.waitpid(os.fork() or os._exit(0), 0); os.close(os.open('f', os.O_RDWR))
open('/proc/sys/kernel/ns_last_pid', 'w').write(str(ids[0] - 1)); pid = os.fork()
if pid == 0: os.lseek(g, 0, 0); os.close(g); os.dup2(0, g); os._exit(7)
print(pid == ids[0], os.waitpid(pid, 0)[1] >> 8, os.path.basename(os.readlink('/proc/self/fd/%d' % g)))";
    let guest = ["python3", "-c", program];
    let alone = |words: Vec<OsString>| {
        let unshare = ["unshare", "--pid", "--fork", "--mount-proc"].map(OsString::from);
        run(command(unshare.into_iter().chain(words), &Dir::new()))
    };
    let natively = alone(guest.map(OsString::from).to_vec());
    if natively.stdout.is_empty() {
        return skip(&natively.stderr);
    }
    assert_eq!(natively.stdout, "True 7 f\n");
    assert_eq!(alone(supervised(&[], &guest)), natively);
}

#[test]
fn vfork_and_spawn() {
    same_python(
        "import os, subprocess
open('f', 'w').write('abcdef')
fd = os.open('f', os.O_RDONLY); os.set_inheritable(fd, True)
pid = os.posix_spawn('/bin/sh', ['sh', '-c', 'exit 4'], os.environ)
print(os.waitpid(pid, 0)[1] >> 8)
for i in range(20):
    subprocess.run(['true'], pass_fds=[fd], check=True)
os.dup2(fd, 1200)
print(subprocess.check_output(['bash', '-c', 'cat <&1200'], pass_fds=[1200]))
print(subprocess.run(['bash', '-c', '{ cat <&1200; } 2>/dev/null || echo closed'], capture_output=True, close_fds=True).stdout)",
    );
}

#[test]
fn threads_fork_and_exec_at_once() {
    same_python(
        "import threading, subprocess, os
def work(i):
    for n in range(12):
        fd = os.open('f%d' % i, os.O_RDWR | os.O_CREAT | os.O_TRUNC)
        os.write(fd, b'%d' % n)
        out = subprocess.check_output(['cat', 'f%d' % i])
        assert out == b'%d' % n, out
        os.close(fd)
threads = [threading.Thread(target=work, args=(i,)) for i in range(6)]
[t.start() for t in threads]; [t.join() for t in threads]",
    );
}

#[test]
fn signals_during_system_calls() {
    same_python(
        "import os, signal
hits = 0
def count(*_):
    global hits
    hits += 1
signal.signal(signal.SIGALRM, count)
signal.siginterrupt(signal.SIGALRM, False)
signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
fd = os.open('f', os.O_RDWR | os.O_CREAT)
for i in range(4000): os.write(fd, b'x')
signal.setitimer(signal.ITIMER_REAL, 0)
print(os.fstat(fd).st_size, hits > 0)",
    );
}

#[test]
fn a_program_by_descriptor() {
    same_python(
        "import os, shutil
fd = os.open(shutil.which('echo'), os.O_RDONLY)
pid = os.fork()
if pid == 0:
    os.execve(fd, ['echo', 'by descriptor'], os.environ)
print(os.waitpid(pid, 0)[1])",
    );
    same(&["sh"], &["sh", "-c", "exec sh -c 'exec sh -c \"exit 5\"'"], 5);
}
