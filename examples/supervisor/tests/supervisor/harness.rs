//! Runs a command natively and under the supervisor, each in an empty directory of its own, and
//! compares. Both see one soft `RLIMIT_NOFILE`.

use std::{
    env,
    ffi::OsString,
    fs,
    io::{self, Write},
    os::unix::{fs::PermissionsExt, process::ExitStatusExt},
    path::PathBuf,
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::{
        LazyLock,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// Far more than any case takes: what takes this long hangs.
const PATIENCE: Duration = Duration::from_secs(90);

/// What a command did.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) code: i32,
}

/// An empty directory, removed in the end.
pub(crate) struct Dir(pub(crate) PathBuf);

impl Dir {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("fdtable-supervisor-{}-{count}", std::process::id());
        let path = env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        // Also for a guest of another user.
        fs::set_permissions(&path, fs::Permissions::from_mode(0o777)).unwrap();
        Self(path)
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The supervisor, as cargo has built it for these tests.
pub(crate) const SUPERVISOR: &str = env!("CARGO_BIN_EXE_supervisor");

/// Why the supervisor cannot run here, if so.
static OBSTACLE: LazyLock<Option<String>> = LazyLock::new(|| {
    let output = Command::new(SUPERVISOR).arg("true").output().unwrap();
    // `true` succeeds, so this is the supervisor's own failure.
    let refused = output.status.code() == Some(1);
    refused.then(|| String::from_utf8_lossy(&output.stderr).into_owned())
});

/// Whether the case can run; says so if not, also where the output of tests that pass is not shown.
pub(crate) fn can_run(programs: &[&str]) -> bool {
    let missing = || {
        let missing = programs.iter().find(|program| !is_installed(program))?;
        Some(format!("{missing} is not installed"))
    };
    let Some(reason) = OBSTACLE.clone().or_else(missing) else {
        return true;
    };
    skip(&reason);
    false
}

/// Says that the test does not run, and why.
pub(crate) fn skip(reason: &str) {
    let test = thread::current().name().unwrap_or("a test").to_owned();
    // Not `eprintln`, which the test harness catches.
    let _ = writeln!(io::stderr(), "SKIPPED {test}: {reason}");
}

fn is_installed(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|dir| dir.join(program).is_file())
}

/// The words, as a command in `dir`, in surroundings that are the same everywhere.
pub(crate) fn command<W: Into<OsString>>(words: impl IntoIterator<Item = W>, dir: &Dir) -> Command {
    let mut words = words.into_iter().map(Into::into);
    let mut command = Command::new(words.next().unwrap());
    command
        .args(words)
        .current_dir(&dir.0)
        .env("HOME", &dir.0)
        .env("LC_ALL", "C")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        // A panic in the supervisor is reported in one line.
        .env("RUST_BACKTRACE", "0")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .stdin(Stdio::null());
    for name in ["AUTHOR", "COMMITTER"] {
        command
            .env(format!("GIT_{name}_NAME"), "A U Thor")
            .env(format!("GIT_{name}_EMAIL"), "author@example.com")
            .env(format!("GIT_{name}_DATE"), "2001-02-03T04:05:06Z");
    }
    command
}

/// The words under the supervisor, with options for it.
pub(crate) fn supervised<'a>(options: &[&'a str], words: &[&'a str]) -> Vec<OsString> {
    let supervisor = SUPERVISOR.into();
    let rest = options.iter().chain(&["--"]).chain(words);
    [supervisor].into_iter().chain(rest.map(OsString::from)).collect()
}

/// Runs the command to its end; fails if that does not come.
pub(crate) fn run(mut command: Command) -> Outcome {
    LazyLock::force(&NOFILE);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    let Output { status, stdout, stderr } = finish(child).unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Outcome { stdout: text(stdout), stderr: text(stderr), code: code(status) }
}

fn code(status: ExitStatus) -> i32 {
    status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0))
}

/// Waits for the child and what it prints, but not for ever.
fn finish(child: Child) -> io::Result<Output> {
    let pid = child.id().to_string();
    let waiting = thread::spawn(move || child.wait_with_output());
    let deadline = Instant::now() + PATIENCE;
    while !waiting.is_finished() {
        if Instant::now() > deadline {
            // The supervisor takes the guests along.
            Command::new("kill").args(["-9", &pid]).status()?;
            panic!("it hangs");
        }
        thread::sleep(Duration::from_millis(2));
    }
    waiting.join().unwrap()
}

/// The soft `RLIMIT_NOFILE` of all commands: as high as it can be up to where the supervisor's
/// guests have theirs.
pub(crate) static NOFILE: LazyLock<String> = LazyLock::new(|| {
    const GUESTS: u64 = 65536;
    let mut limits = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limits` is writable.
    assert_eq!(unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limits) }, 0);
    limits.rlim_cur = limits.rlim_max.min(GUESTS);
    // SAFETY: `limits` is readable.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limits) }, 0);
    limits.rlim_cur.to_string()
});

/// Natively and supervised, the words print and exit alike, with this exit code: a case that fails
/// on both sides shows nothing.
pub(crate) fn same(programs: &[&str], words: &[&str], code: i32) {
    if !can_run(programs) {
        return;
    }
    let native = run(command(words, &Dir::new()));
    assert_eq!(native.code, code, "the case itself is wrong: {}", native.stderr);
    // As it comes, and with all files in the table.
    for options in [&["--nofile", &NOFILE][..], &["--nofile", &NOFILE, "--serve-all"]] {
        let outcome = run(command(supervised(options, words), &Dir::new()));
        assert_eq!(outcome, native, "supervised {options:?} (left) and native (right) differ");
    }
}

/// [`same`] for a script of bash, which must succeed.
pub(crate) fn same_bash(programs: &[&str], script: &str) {
    let programs: Vec<_> = programs.iter().copied().chain(["bash"]).collect();
    let script = format!("set -e; {script}\necho end");
    same(&programs, &["bash", "-c", &script], 0);
}

/// [`same`] for a script of dash, which must succeed.
pub(crate) fn same_dash(script: &str) {
    let script = format!("set -e; {script}\necho end");
    same(&["dash"], &["dash", "-c", &script], 0);
}

/// [`same`] for a Python program, which must succeed.
pub(crate) fn same_python(program: &str) {
    let program = format!("{program}\nprint('end')\n");
    same(&["python3"], &["python3", "-c", &program], 0);
}

/// With numbers that no kernel has, so that the supervisor serves what is open there.
pub(crate) const BEYOND: &[&str] = &["--nofile", "1073741824"];

/// The supervised words print `expected`, and nothing to stderr.
pub(crate) fn prints(programs: &[&str], options: &[&str], words: &[&str], expected: &str) {
    if can_run(programs) {
        let outcome = run(command(supervised(options, words), &Dir::new()));
        let expected = Outcome { stdout: expected.into(), stderr: String::new(), code: 0 };
        assert_eq!(outcome, expected, "printed (left) and expected (right) differ");
    }
}
