//! The guest of a supervisor: threads whose system calls it answers out of its table, and forks.
//!
//! The supervisor runs this program again, as `report --guest`.

use std::{
    env, fs, io,
    os::fd::{AsRawFd, RawFd},
    sync::{
        Barrier,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// Duplicates of one file: what each fork copies.
const OPEN: usize = 500;
/// One call in so many is a duplicate, and the next one a `close`.
const DUP_EVERY: usize = 16;
/// No kernel has a descriptor from here on: the supervisor serves each call.
const SERVED: RawFd = 1 << 21;

pub struct Load {
    pub threads: usize,
    pub time: Duration,
    pub forks: bool,
}

/// What a guest prints at its end.
pub struct Served {
    pub calls_per_second: f64,
    pub p999: f64,
    pub forks: u64,
}

impl Load {
    /// As arguments of this program, and back.
    pub fn to_args(&self) -> [String; 4] {
        let time = self.time.as_millis();
        ["--guest".into(), self.threads.to_string(), time.to_string(), self.forks.to_string()]
    }

    pub fn from_args(mut args: impl Iterator<Item = String>) -> Option<Self> {
        let threads = args.next()?.parse().ok()?;
        let time = Duration::from_millis(args.next()?.parse().ok()?);
        Some(Self { threads, time, forks: args.next()?.parse().ok()? })
    }
}

impl Served {
    fn print(&self) {
        println!("{} {} {}", self.calls_per_second, self.p999, self.forks);
    }

    pub fn parse(line: &str) -> Option<Self> {
        let mut words = line.split_whitespace();
        Some(Self {
            calls_per_second: words.next()?.parse().ok()?,
            p999: words.next()?.parse().ok()?,
            forks: words.next()?.parse().ok()?,
        })
    }
}

pub fn run(load: &Load) -> Result<(), String> {
    let path = env::temp_dir().join(format!("fdtable-report-{}", std::process::id()));
    let options = fs::File::options().read(true).write(true).create_new(true).open(&path);
    let file = options.map_err(|e| format!("{}: {e}", path.display()))?;
    let _ = fs::remove_file(&path);
    let first = try_dup(file.as_raw_fd()).map_err(|e| format!("not under a supervisor: {e}"))?;
    let fds: Vec<_> = (0..OPEN).map(|_| dup(first)).collect();
    serve(load, &fds).print();
    Ok(())
}

fn serve(load: &Load, fds: &[RawFd]) -> Served {
    let (done, forks) = (AtomicBool::new(false), AtomicU64::new(0));
    let start_line = Barrier::new(load.threads);
    let begin = Instant::now();
    let mut times: Vec<u64> = thread::scope(|scope| {
        let call = |thread| {
            start_line.wait();
            calls(load, fds, thread)
        };
        let callers: Vec<_> = (0..load.threads).map(|i| scope.spawn(move || call(i))).collect();
        if load.forks {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    fork(fds[0]);
                    forks.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let times = callers.into_iter().flat_map(|caller| caller.join().expect("no panic"));
        let times = times.collect();
        done.store(true, Ordering::Relaxed);
        times
    });
    let calls_per_second = times.len() as f64 / begin.elapsed().as_secs_f64();
    times.sort_unstable();
    let p999 = times[(times.len() - 1) * 999 / 1000] as f64;
    Served { calls_per_second, p999, forks: forks.load(Ordering::Relaxed) }
}

/// How long each call of a thread takes.
fn calls(load: &Load, fds: &[RawFd], thread: usize) -> Vec<u64> {
    let (mut times, mut duplicate) = (Vec::new(), None);
    let begin = Instant::now();
    let mut last = begin;
    while last - begin < load.time {
        let i = times.len();
        let fd = fds[(i * load.threads + thread) % fds.len()];
        match duplicate.take() {
            Some(fd) => close(fd),
            None if i % DUP_EVERY == 0 => duplicate = Some(dup(fd)),
            None => seek(fd),
        }
        let now = Instant::now();
        times.push((now - last).as_nanos() as u64);
        last = now;
    }
    times
}

fn dup(fd: RawFd) -> RawFd {
    try_dup(fd).expect("F_DUPFD")
}

fn try_dup(fd: RawFd) -> io::Result<RawFd> {
    // SAFETY: a plain system call.
    match unsafe { libc::fcntl(fd, libc::F_DUPFD, SERVED) } {
        -1 => Err(io::Error::last_os_error()),
        fd => Ok(fd),
    }
}

fn close(fd: RawFd) {
    // SAFETY: nobody else has this number.
    assert_eq!(unsafe { libc::close(fd) }, 0, "close");
}

fn seek(fd: RawFd) {
    // SAFETY: a plain system call.
    assert!(unsafe { libc::lseek(fd, 0, libc::SEEK_CUR) } >= 0, "lseek");
}

/// A child that makes one call, so that the supervisor has to know its table.
fn fork(fd: RawFd) {
    // SAFETY: the child makes system calls only.
    let pid = unsafe { libc::fork() };
    if pid == 0 {
        // SAFETY: plain system calls.
        unsafe {
            libc::lseek(fd, 0, libc::SEEK_CUR);
            libc::_exit(0);
        }
    }
    assert!(pid > 0, "fork");
    // SAFETY: nobody wants to know the status.
    unsafe { libc::waitpid(pid, std::ptr::null_mut(), 0) };
}
