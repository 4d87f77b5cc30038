//! `--stats`: how often what was served.

use std::{
    cmp::Reverse,
    os::fd::{AsRawFd, BorrowedFd},
    sync::atomic::{AtomicI32, AtomicU64, Ordering},
    time::{Duration, Instant},
};

use libc::c_long;

use super::listener::Reply;

#[derive(Debug, Default)]
struct Counts {
    served: AtomicU64,
    failed: AtomicU64,
    continued: AtomicU64,
    placed: AtomicU64,
}

#[derive(Debug)]
pub(crate) struct Stats {
    started: Instant,
    /// Their numbers and names.
    syscalls: Vec<(c_long, &'static str)>,
    /// By system call number.
    counts: Vec<Counts>,
    lost: AtomicU64,
    /// The highest descriptor of ours that a file was opened at: how many were open at once, as the
    /// kernel takes the lowest.
    highest: AtomicI32,
    /// How long handlers have served, in nanoseconds.
    busy: AtomicU64,
}

fn raise(counter: &AtomicU64) {
    // Relaxed: a count that orders nothing.
    counter.fetch_add(1, Ordering::Relaxed);
}

fn of(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

impl Counts {
    /// Adds the counts of another system call.
    fn add(&self, other: &Self) {
        for (sum, part) in [
            (&self.served, &other.served),
            (&self.failed, &other.failed),
            (&self.continued, &other.continued),
            (&self.placed, &other.placed),
        ] {
            sum.fetch_add(of(part), Ordering::Relaxed);
        }
    }

    fn total(&self) -> u64 {
        of(&self.served) + of(&self.failed) + of(&self.continued)
    }

    fn line(&self, name: &str) -> String {
        let [served, failed, continued, placed] =
            [&self.served, &self.failed, &self.continued, &self.placed].map(of);
        format!("{served:>10} {failed:>10} {continued:>10} {placed:>10}  {name}\n")
    }
}

impl Stats {
    /// For these system calls: their numbers and names.
    pub(crate) fn new(syscalls: impl Iterator<Item = (c_long, &'static str)>) -> Self {
        let syscalls: Vec<_> = syscalls.collect();
        let len = syscalls.iter().map(|(number, _)| *number as usize + 1).max();
        Self {
            started: Instant::now(),
            syscalls,
            counts: (0..len.unwrap_or(0)).map(|_| Counts::default()).collect(),
            lost: AtomicU64::new(0),
            highest: AtomicI32::new(0),
            busy: AtomicU64::new(0),
        }
    }

    pub(crate) fn count(&self, syscall: c_long, reply: Reply) {
        let counts = &self.counts[syscall as usize];
        raise(match reply {
            Reply::Value(_) => &counts.served,
            Reply::Error(_) => &counts.failed,
            Reply::Continue => &counts.continued,
        });
    }

    /// A descriptor was placed for this call.
    pub(crate) fn placed(&self, syscall: c_long) {
        raise(&self.counts[syscall as usize].placed);
    }

    /// A file was opened for a guest.
    pub(crate) fn opened(&self, file: BorrowedFd<'_>) {
        self.highest.fetch_max(file.as_raw_fd(), Ordering::Relaxed);
    }

    /// A guest was gone before the reply.
    pub(crate) fn lost(&self) {
        raise(&self.lost);
    }

    /// A handler has served this long.
    pub(crate) fn busy(&self, time: Duration) {
        self.busy.fetch_add(time.as_nanos() as u64, Ordering::Relaxed);
    }

    /// The table, with a line for each system call that was intercepted, the most frequent first.
    /// We had `own` descriptors before the first guest.
    pub(crate) fn table(&self, handlers: usize, own: usize) -> String {
        let counts = |(number, name): &(c_long, _)| (&self.counts[*number as usize], *name);
        let mut called: Vec<_> = self.syscalls.iter().map(counts).collect();
        called.retain(|(counts, _)| counts.total() > 0);
        called.sort_by_key(|(counts, _)| Reverse(counts.total()));
        let mut text = format!(
            "{:>10} {:>10} {:>10} {:>10}  system call\n",
            "served", "failed", "continued", "placed"
        );
        let all = Counts::default();
        for (counts, name) in called {
            text += &counts.line(name);
            all.add(counts);
        }
        text += &all.line("all");
        text + &self.summary(all.total(), handlers, own)
    }

    fn summary(&self, calls: u64, handlers: usize, own: usize) -> String {
        let elapsed = self.started.elapsed().as_secs_f64();
        let busy = Duration::from_nanos(of(&self.busy)).as_secs_f64();
        let idle = 100.0 * (1.0 - busy / (elapsed * handlers as f64));
        let peak = (self.highest.load(Ordering::Relaxed) + 1 - own as i32).max(0);
        format!(
            "{:.0} notifications per second; {handlers} handlers, idle {idle:.0} % of the time\n\
             {peak} files of guests open at the peak, {} answers that came too late\n",
            calls as f64 / elapsed,
            of(&self.lost)
        )
    }
}
