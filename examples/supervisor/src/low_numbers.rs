//! Whether a guest's kernel has low numbers left, below the table's, for what the guest opens.
//!
//! A file that is only read is cheapest where the kernel has it: then one system call is
//! intercepted, the open, and not one more. When the kernel's numbers run out the table has more.
//! But only the kernel knows how many it has given out, and to ask for each open would cost more
//! than it saves.

use std::{
    fs,
    sync::atomic::{AtomicI32, Ordering},
};

use super::{numbers::KERNEL_END, task::Task};

/// Low numbers left for pipes, sockets and whatever else only the kernel can open.
const SPARE: i32 = 256;

/// How many files a process may open before its low numbers have to be counted again.
#[derive(Debug, Default)]
pub(crate) struct LowNumbers(AtomicI32);

// Relaxed, for all of it: a count that orders nothing.
impl LowNumbers {
    /// For a child, which has what its parent had open.
    pub(crate) fn inherited(&self) -> Self {
        Self(AtomicI32::new(self.0.load(Ordering::Relaxed)))
    }

    /// Takes one for `task` out of the count; false if the kernel may have none.
    pub(crate) fn take(&self, task: &Task) -> bool {
        if self.0.fetch_sub(1, Ordering::Relaxed) > 0 {
            return true;
        }
        // Half of what is free: another process may share the descriptors.
        let free = (KERNEL_END - SPARE - low_count(task)) / 2;
        self.0.store(free.max(0), Ordering::Relaxed);
        free > 0
    }
}

/// Whether the kernel certainly has a low number left.
pub(crate) fn has_plenty(task: &Task) -> bool {
    low_count(task) < KERNEL_END - SPARE
}

/// How many low numbers of a thread's are open.
fn low_count(task: &Task) -> i32 {
    open_count(task.tid) - task.table().len() as i32
}

/// How many descriptors a thread has by the kernel's count.
fn open_count(tid: i32) -> i32 {
    let path = format!("/proc/{tid}/fd");
    // The size of the directory, since Linux 6.2.
    match fs::metadata(&path).map_or(0, |dir| std::os::unix::fs::MetadataExt::size(&dir)) {
        0 => fs::read_dir(&path).map_or(KERNEL_END, |entries| entries.count() as i32),
        count => i32::try_from(count).unwrap_or(KERNEL_END),
    }
}
