//! The process ids that the kernel has given out since the last scan, found by the last one. So
//! `fork` need not be intercepted.

use std::{
    fs::{self, File},
    os::unix::fs::FileExt,
    time::{Duration, Instant},
};

use super::sys::{self, Result};

/// How long an id is checked again after it was given out and no process had it yet.
const MAX_DELAY: Duration = Duration::from_millis(200);
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

/// The ids that have still to be checked.
#[derive(Debug)]
pub(crate) struct NewPids {
    /// The last id that has been checked.
    checked: i32,
    pid_max: i32,
    /// Ids that were given out while no process had them yet, each with the end of its delay.
    delayed: Vec<(i32, Instant)>,
}

impl NewPids {
    pub(crate) fn since(checked: i32) -> Self {
        let pid_max = sys::read_proc("/proc/sys/kernel/pid_max");
        Self {
            checked,
            pid_max: pid_max.and_then(|n| n.trim().parse().ok()).unwrap_or(1 << 22),
            delayed: Vec::new(),
        }
    }

    /// Whether so many ids have been given out that only processes are checked, and no threads.
    pub(crate) fn are_many(&self, last: i32) -> bool {
        let count = match last - self.checked {
            ahead @ 0.. => ahead,
            behind => behind + self.pid_max - RESERVED,
        };
        count > MANY
    }

    /// Takes the ids to check, up to the last one that the kernel has given out.
    pub(crate) fn take(&mut self, last: i32) -> Vec<i32> {
        let mut pids: Vec<i32> = self.delayed.iter().map(|(pid, _)| *pid).collect();
        if self.are_many(last) {
            pids.extend(all_pids());
        } else if last >= self.checked {
            pids.extend(self.checked + 1..=last);
        } else {
            pids.extend((self.checked + 1..=self.pid_max).chain(RESERVED..=last));
        }
        self.checked = last;
        pids
    }

    /// Keeps `pid`, which no process has yet, for the scans of the next [`MAX_DELAY`].
    pub(crate) fn check_again(&mut self, pid: i32) {
        if !self.delayed.iter().any(|(known, _)| *known == pid) {
            self.delayed.push((pid, Instant::now() + MAX_DELAY));
        }
    }

    pub(crate) fn forget(&mut self, pid: i32) {
        self.delayed.retain(|(delayed, _)| *delayed != pid);
    }

    /// Forgets the ids whose delay is over; true if none is left to check again.
    pub(crate) fn drop_overdue(&mut self) -> bool {
        let now = Instant::now();
        self.delayed.retain(|(_, until)| now < *until);
        self.delayed.is_empty()
    }
}

/// Every process there is.
fn all_pids() -> Vec<i32> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect()
}
