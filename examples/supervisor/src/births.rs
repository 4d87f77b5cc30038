//! Which processes have come to be since the last look, learned without intercepting `fork`: from
//! the last process id that the kernel gave out.

use std::{
    fs::{self, File},
    os::unix::fs::FileExt,
    time::{Duration, Instant},
};

use super::sys::{self, Result};

/// How long an id that has been given out may take until its process is seen.
const PATIENCE: Duration = Duration::from_millis(200);
/// From this many new ids on, `/proc` is listed instead of trying each.
const MANY: i32 = 1024;
/// Ids below this are not given out again when they wrap.
const RESERVED: i32 = 300;

/// The kernel's counter of process ids in our pid namespace.
#[derive(Debug)]
pub(crate) struct LastPid(File);

impl LastPid {
    /// `ns_last_pid` needs a kernel built for checkpointing; `/proc/loadavg` ends in the same
    /// number.
    pub(crate) fn open() -> Result<Self> {
        let file = File::open("/proc/sys/kernel/ns_last_pid");
        Ok(Self(file.or_else(|_| File::open("/proc/loadavg"))?))
    }

    pub(crate) fn read(&self) -> i32 {
        let mut buffer = [0; 128];
        let len = self.0.read_at(&mut buffer, 0).unwrap_or(0);
        let text = str::from_utf8(&buffer[..len]).unwrap_or("");
        let last = text.split_whitespace().last();
        last.and_then(|n| n.parse().ok()).unwrap_or(0)
    }
}

/// The ids that have still to be looked at.
#[derive(Debug)]
pub(crate) struct Births {
    seen: i32,
    pid_max: i32,
    /// Given out, but no process was seen there yet, and until when it may come.
    expected: Vec<(i32, Instant)>,
}

impl Births {
    pub(crate) fn since(seen: i32) -> Self {
        let pid_max = sys::read_proc("/proc/sys/kernel/pid_max");
        Self {
            seen,
            pid_max: pid_max.and_then(|n| n.trim().parse().ok()).unwrap_or(1 << 22),
            expected: Vec::new(),
        }
    }

    /// Whether so many ids have been given out that only processes are looked at, and no threads.
    pub(crate) fn are_many(&self, last: i32) -> bool {
        let count = match last - self.seen {
            ahead @ 0.. => ahead,
            behind => behind + self.pid_max - RESERVED,
        };
        count > MANY
    }

    /// The ids to look at, given the kernel's last one.
    pub(crate) fn take(&mut self, last: i32) -> Vec<i32> {
        let mut pids: Vec<i32> = self.expected.iter().map(|(pid, _)| *pid).collect();
        if self.are_many(last) {
            pids.extend(listed());
        } else if last >= self.seen {
            pids.extend(self.seen + 1..=last);
        } else {
            pids.extend((self.seen + 1..=self.pid_max).chain(RESERVED..=last));
        }
        self.seen = last;
        pids
    }

    /// No process was seen at `pid`: it is looked at again for a while.
    pub(crate) fn expect(&mut self, pid: i32) {
        if !self.expected.iter().any(|(known, _)| *known == pid) {
            self.expected.push((pid, Instant::now() + PATIENCE));
        }
    }

    pub(crate) fn forget(&mut self, pid: i32) {
        self.expected.retain(|(expected, _)| *expected != pid);
    }

    /// Whether there is none left to look at, after those that came too late are forgotten.
    pub(crate) fn settle(&mut self) -> bool {
        let now = Instant::now();
        self.expected.retain(|(_, until)| now < *until);
        self.expected.is_empty()
    }
}

/// Every process there is.
fn listed() -> Vec<i32> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect()
}
