//! The system calls that name descriptors, each with its result or its errno: the same natively and
//! supervised.

use std::{fs, path::Path, process::Command};

use super::harness::{
    Dir, LOCKED, NOFILE, Outcome, SUPERVISOR, can_run, command, run, same_python,
};

/// The program in `conformance/`: every call on every kind of descriptor with good and bad
/// arguments, as root and as a user with no rights.
#[test]
fn every_call_for_root() {
    conforms(None);
}

#[test]
fn every_call_for_an_ordinary_user() {
    if run(command(["id", "-u"], &Dir::new())).stdout == "0\n" {
        conforms(Some("65534"));
    }
}

fn conforms(user: Option<&str>) {
    if !can_run(&["gcc", "setpriv"]) {
        return;
    }
    // The build directory may be closed to others.
    let programs = Dir::new();
    let (guest, supervisor) = (programs.0.join("conformance"), programs.0.join("supervisor"));
    compile(&guest);
    fs::copy(&*SUPERVISOR, &supervisor).unwrap();
    let (guest, supervisor) = (guest.to_str().unwrap(), supervisor.to_str().unwrap());
    let run_as = |words: &[&str]| {
        let mut user_words = Vec::new();
        let options = user.map(|uid| [format!("--reuid={uid}"), format!("--regid={uid}")]);
        if let Some(options) = &options {
            user_words.extend(["setpriv", &options[0], &options[1], "--clear-groups"]);
        }
        user_words.extend(words);
        run(command(user_words, &Dir::new()))
    };
    let native = run_as(&[guest]);
    assert!(native.stdout.ends_with("\nend\n") && native.code == 0, "{native:?}");
    let lines = native.stdout.lines().count();
    assert!(lines > 8000, "{lines} lines");
    for options in [
        &["4"][..],
        &["1", "--serve-all"],
        &["2", "--serve-all"],
        &["4", "--serve-all"],
        &["8", "--serve-all"],
    ] {
        let words =
            [&[supervisor, "--nofile", &NOFILE, "--handlers"], options, &["--", guest]].concat();
        assert_alike(&run_as(&words), &native, options);
    }
}

fn compile(program: &Path) {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/supervisor/conformance");
    let sources = fs::read_dir(sources).unwrap().map(|entry| entry.unwrap().path());
    let sources = sources.filter(|path| path.extension().is_some_and(|extension| extension == "c"));
    // No warnings: to pass what no program should pass is its purpose.
    let flags = ["-w", "-D_GNU_SOURCE", "-O1", "-o"];
    let status = Command::new("gcc").args(flags).arg(program).args(sources).status().unwrap();
    assert!(status.success());
}

/// Shows the first lines that differ only: there are thousands.
fn assert_alike(supervised: &Outcome, native: &Outcome, options: &[&str]) {
    let pairs = supervised.stdout.lines().zip(native.stdout.lines());
    let differ: Vec<_> = pairs.filter(|(left, right)| left != right).take(10).collect();
    let ends =
        |outcome: &Outcome| (outcome.stdout.lines().count(), outcome.code, outcome.stderr.clone());
    assert!(
        differ.is_empty() && ends(supervised) == ends(native),
        "with handlers {options:?}: supervised and native differ: {differ:#?}\n{:?}\n{:?}",
        ends(supervised),
        ends(native)
    );
}

/// Prints what each expression gives.
const SHOW: &str = "
import os, fcntl, select, socket, mmap, ctypes, errno
def show(name, expression):
    try: print(name, expression())
    except OSError as e: print(name, errno.errorcode[e.errno])
open('f', 'w').write('hello world\\n' * 10)
fd = os.open('f', os.O_RDWR)
libc = ctypes.CDLL(None, use_errno=True)
def call(name, *args):
    result = getattr(libc, name)(*args)
    if result < 0: raise OSError(ctypes.get_errno(), name)
    return result
";

fn tour(lines: &[(&str, &str)]) {
    let lines: String = lines
        .iter()
        .map(|(name, expression)| format!("show('{name}', lambda: {expression})\n"))
        .collect();
    same_python(&format!("{SHOW}{lines}"));
}

#[test]
fn reading_and_writing() {
    tour(&[
        ("pread", "os.pread(fd, 5, 6)"),
        ("end", "os.lseek(fd, 0, os.SEEK_END)"),
        ("write", "os.write(fd, b'tail')"),
        ("pwrite", "os.pwrite(fd, b'TAIL', 2)"),
        ("size", "os.fstat(fd).st_size"),
        ("readv", "os.preadv(fd, [bytearray(3), bytearray(4)], 0)"),
        ("writev", "os.writev(fd, [b'ab', b'cd'])"),
        ("truncate", "os.ftruncate(fd, 7)"),
        ("hole", "os.lseek(fd, 0, os.SEEK_HOLE)"),
        ("seek before", "os.lseek(fd, -1, os.SEEK_SET)"),
        ("read only", "os.write(os.open('f', os.O_RDONLY), b'x')"),
        ("write only", "os.read(os.open('f', os.O_WRONLY), 1)"),
        ("directory", "os.read(os.open('.', os.O_RDONLY), 1)"),
        ("negative", "os.pread(fd, 1, -1)"),
        (
            "append",
            "(lambda a: (os.write(a, b'!'), os.lseek(a, 0, os.SEEK_CUR)))(os.open('f', os.O_WRONLY | os.O_APPEND))",
        ),
        (
            "large",
            "(lambda b: (os.pwrite(fd, b, 0), os.pread(fd, len(b) + 1, 0) == b))(b'z' * (3 << 20))",
        ),
        ("list", "sorted(os.listdir(os.open('.', os.O_RDONLY)))"),
    ]);
}

#[test]
fn bad_pointers_and_numbers() {
    tour(&[
        ("null", "call('read', fd, None, 4)"),
        ("offset kept", "os.lseek(fd, 0, os.SEEK_CUR)"),
        ("null write", "call('write', fd, None, 4)"),
        ("nothing", "call('read', fd, None, 0)"),
        ("null stat", "call('fstat', fd, None)"),
        ("null path", "call('open', None, 0)"),
        ("empty path", "os.open('', os.O_RDONLY)"),
        ("long path", "os.open('x' * 5000, os.O_RDONLY)"),
        ("long name", "os.open('x' * 300, os.O_RDONLY)"),
        ("vector", "call('readv', fd, None, -1)"),
        ("vectors", "call('readv', fd, None, 1025)"),
        ("closed", "os.read(999999, 1)"),
        ("close closed", "os.close(999999)"),
        ("close 1023", "os.close(1023)"),
        ("close 2^31-1", "os.close((1 << 31) - 1)"),
        ("close -1", "os.close(-1)"),
        ("dup closed", "os.dup(999999)"),
        ("dup2 negative", "os.dup2(fd, -1)"),
        ("dup2 itself", "os.dup2(fd, fd) == fd"),
        ("dup2 closed itself", "os.dup2(999998, 999998)"),
        ("dup3 itself", "call('dup3', fd, fd, os.O_CLOEXEC)"),
        ("dup3 flags", "call('dup3', fd, 50, 1)"),
    ]);
}

#[test]
fn a_buffer_that_ends_early_gets_its_part() {
    same_python(&format!(
        "{SHOW}
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
m = libc.mmap(None, 8192, 3, 0x22, -1, 0)
libc.munmap(ctypes.c_void_p(m + 4096), 4096)
end = ctypes.c_void_p(m + 4090)
os.lseek(fd, 0, os.SEEK_SET)
show('read', lambda: call('read', fd, end, 100))
show('offset', lambda: os.lseek(fd, 0, os.SEEK_CUR))
show('bytes', lambda: ctypes.string_at(end, 6))
show('write', lambda: call('write', fd, end, 100))
show('offset', lambda: os.lseek(fd, 0, os.SEEK_CUR))
show('all of it', lambda: os.pread(fd, 200, 0))
show('path', lambda: call('open', end, 0))"
    ));
}

#[test]
fn opening() {
    tour(&[
        (
            "umask",
            "(os.umask(0o27), os.close(os.open('u', os.O_CREAT | os.O_WRONLY, 0o666)), oct(os.stat('u').st_mode))",
        ),
        ("exists", "os.open('f', os.O_CREAT | os.O_EXCL)"),
        ("not a directory", "os.open('f', os.O_DIRECTORY)"),
        ("through a file", "os.open('f/x', os.O_RDONLY)"),
        ("write a directory", "os.open('.', os.O_WRONLY)"),
        ("create a directory", "os.open('.', os.O_CREAT)"),
        ("missing", "os.open('none', os.O_RDONLY)"),
        ("link", "(os.symlink('f', 'l'), os.pread(os.open('l', os.O_RDONLY), 5, 0))"),
        ("no follow", "os.open('l', os.O_RDONLY | os.O_NOFOLLOW)"),
        ("loop", "(os.symlink('o', 'o'), os.open('o', os.O_RDONLY))"),
        (
            "dangling",
            "(os.symlink('new', 'd'), os.write(os.open('d', os.O_CREAT | os.O_WRONLY), b'n'), os.stat('new').st_size)",
        ),
        (
            "dangling exclusive",
            "(os.symlink('new2', 'e'), os.open('e', os.O_CREAT | os.O_EXCL | os.O_WRONLY))",
        ),
        (
            "fifo",
            "(os.mkfifo('p'), os.close(os.open('p', os.O_RDONLY | os.O_NONBLOCK)), os.open('p', os.O_WRONLY | os.O_NONBLOCK))",
        ),
        ("device", "os.read(os.open('/dev/zero', os.O_RDONLY), 2)"),
        (
            "process",
            "os.read(os.open('/proc/self/stat', os.O_RDONLY), 99).split()[0] == b'%d' % os.getpid()",
        ),
        ("own status", "open('/proc/self/comm').read()[:6]"),
        ("path only", "os.read(os.open('f', os.O_PATH), 1)"),
        ("temporary", "os.write(os.open('.', os.O_TMPFILE | os.O_RDWR), b'abc')"),
        ("flags", "oct(fcntl.fcntl(os.open('f', os.O_RDWR | os.O_APPEND), fcntl.F_GETFL))"),
        ("truncating", "(os.close(os.open('f', os.O_WRONLY | os.O_TRUNC)), os.stat('f').st_size)"),
        (
            "at",
            "(os.mkdir('s'), os.write(os.open('in', os.O_CREAT | os.O_WRONLY, dir_fd=os.open('s', os.O_RDONLY)), b'x'), os.listdir('s'))",
        ),
        ("at a file", "os.open('x', os.O_RDONLY, dir_fd=fd)"),
        ("at closed", "os.open('x', os.O_RDONLY, dir_fd=999999)"),
        ("absolute at closed", "os.open('/', os.O_RDONLY, dir_fd=999999) > 0"),
    ]);
}

#[test]
fn the_flags_of_descriptors_and_files() {
    tour(&[
        ("inheritable", "os.get_inheritable(fd)"),
        ("set", "os.set_inheritable(fd, True)"),
        ("inheritable now", "os.get_inheritable(fd)"),
        ("dup", "os.get_inheritable(os.dup(fd))"),
        ("dup2", "(os.dup2(fd, 1500), os.get_inheritable(1500))"),
        ("ioctl", "(fcntl.ioctl(1500, 0x5451), os.get_inheritable(1500))"),
        ("back", "(fcntl.ioctl(1500, 0x5450), os.get_inheritable(1500))"),
        ("terminal", "os.isatty(fd)"),
        ("odd ioctl", "fcntl.ioctl(fd, 0x1234)"),
        (
            "set flags",
            "(fcntl.fcntl(fd, fcntl.F_SETFL, os.O_APPEND | os.O_NONBLOCK), oct(fcntl.fcntl(1500, fcntl.F_GETFL)))",
        ),
        ("odd fcntl", "fcntl.fcntl(fd, 12345)"),
    ]);
}

#[test]
fn locks() {
    tour(&[
        ("flock", "fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)"),
        ("other", "fcntl.flock(os.open('f', os.O_RDWR), fcntl.LOCK_EX | fcntl.LOCK_NB)"),
        ("duplicate", "fcntl.flock(os.dup(fd), fcntl.LOCK_EX | fcntl.LOCK_NB)"),
        ("unlock", "fcntl.flock(fd, fcntl.LOCK_UN)"),
        ("posix", "fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)"),
    ]);
    same_python(&format!(
        "{SHOW}{LOCKED}
print(locked())
fcntl.lockf(fd, fcntl.LOCK_EX)
print(locked())
# Any close of a descriptor of the file gives the locks up.
os.close(os.open('f', os.O_RDONLY))
print(locked())"
    ));
}

#[test]
fn what_only_the_kernel_can_do() {
    tour(&[
        (
            "poll",
            "(lambda p: (p.register(fd, select.POLLIN), [event for _, event in p.poll(0)]))(select.poll())",
        ),
        ("epoll", "select.epoll().register(fd, select.EPOLLIN)"),
        ("select", "len(select.select([fd], [], [], 0)[0]) if fd < 1024 else 1"),
        (
            "send a file",
            "(lambda a, b: (os.sendfile(a.fileno(), fd, 0, 3), b.recv(9)))(*socket.socketpair())",
        ),
        (
            "pass it on",
            "(lambda a, b: (socket.send_fds(a, [b'x'], [fd]), os.pread(socket.recv_fds(b, 9, 4)[1][0], 3, 0)))(*socket.socketpair())",
        ),
        (
            "copy a range",
            "(os.copy_file_range(fd, os.open('c', os.O_RDWR | os.O_CREAT), 4), os.stat('c').st_size)",
        ),
        ("splice", "(lambda r, w: (os.splice(fd, w, 5, offset_src=0), os.read(r, 9)))(*os.pipe())"),
        ("attributes", "os.listxattr(fd)"),
        ("map", "mmap.mmap(fd, 0)[:5]"),
        ("allocate", "(os.posix_fallocate(fd, 0, 500), os.fstat(fd).st_size)"),
        ("sync", "(os.fsync(fd), os.fdatasync(fd))"),
        ("times", "(os.utime(fd, (1, 2)), os.stat('f').st_mtime)"),
        ("mode", "(os.fchmod(fd, 0o640), oct(os.stat('f').st_mode))"),
        (
            "change directory",
            "(os.mkdir('s'), os.fchdir(os.open('s', os.O_RDONLY)), os.path.basename(os.getcwd()), os.chdir('..'))",
        ),
        ("link name", "os.path.basename(os.readlink('/proc/self/fd/%d' % fd))"),
        ("again by number", "os.pread(os.open('/dev/fd/%d' % fd, os.O_RDONLY), 5, 0)"),
        ("socket", "socket.socket(fileno=fd)"),
        ("space", "os.fstatvfs(fd).f_bsize > 0"),
        (
            "rename",
            "(os.rename('c', 'd', src_dir_fd=os.open('.', os.O_RDONLY), dst_dir_fd=os.open('.', os.O_RDONLY)), os.path.exists('d'))",
        ),
        ("unlink", "(os.unlink('d', dir_fd=os.open('.', os.O_RDONLY)), os.path.exists('d'))"),
    ]);
}
