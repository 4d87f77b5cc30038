//! `--stats`: how often what was served.

use std::{
    cmp::Reverse,
    sync::atomic::{AtomicU64, Ordering},
};

use super::{
    listener::Reply,
    syscalls::{SYSCALLS, Syscall},
};

#[derive(Debug, Default)]
struct Counts {
    answered: AtomicU64,
    failed: AtomicU64,
    continued: AtomicU64,
}

#[derive(Debug)]
pub(crate) struct Stats {
    /// By system call number.
    counts: Vec<Counts>,
    promoted: AtomicU64,
    lost: AtomicU64,
}

fn raise(counter: &AtomicU64) {
    // Relaxed: a count that orders nothing.
    counter.fetch_add(1, Ordering::Relaxed);
}

fn of(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

impl Stats {
    pub(crate) fn new() -> Self {
        let len = SYSCALLS.iter().map(|s| s.number as usize + 1).max();
        Self {
            counts: (0..len.unwrap_or(0)).map(|_| Counts::default()).collect(),
            promoted: AtomicU64::new(0),
            lost: AtomicU64::new(0),
        }
    }

    pub(crate) fn count(&self, syscall: &Syscall, reply: Reply) {
        let counts = &self.counts[syscall.number as usize];
        raise(match reply {
            Reply::Value(_) => &counts.answered,
            Reply::Error(_) => &counts.failed,
            Reply::Continue => &counts.continued,
        });
    }

    /// A twin was made.
    pub(crate) fn promoted(&self) {
        raise(&self.promoted);
    }

    /// A guest died before its answer.
    pub(crate) fn lost(&self) {
        raise(&self.lost);
    }

    /// A line for each system call that was served, the most frequent first.
    pub(crate) fn lines(&self) -> String {
        let total = |c: &Counts| of(&c.answered) + of(&c.failed) + of(&c.continued);
        let counts = |syscall: &Syscall| &self.counts[syscall.number as usize];
        let mut served: Vec<_> = SYSCALLS.iter().filter(|s| total(counts(s)) > 0).collect();
        served.sort_by_key(|syscall| Reverse(total(counts(syscall))));
        let mut lines =
            format!("{:>10} {:>10} {:>10}  system call\n", "answered", "failed", "kernel's");
        for syscall in served {
            let (counts, name) = (counts(syscall), syscall.name);
            let (answered, failed) = (of(&counts.answered), of(&counts.failed));
            let continued = of(&counts.continued);
            lines += &format!("{answered:>10} {failed:>10} {continued:>10}  {name}\n");
        }
        let (promoted, lost) = (of(&self.promoted), of(&self.lost));
        lines + &format!("{promoted} twins, {lost} answers that came too late\n")
    }
}
