//! Whether a guest's kernel has numbers left for what the guest opens.
//!
//! A file that is only read is cheapest where the kernel has it: then one system call is told to
//! us, the open, and not one more. When the kernel's numbers run out the table has more; but only
//! the kernel knows how many it has given out, and to ask for each open would cost more than it
//! saves.

use std::{
    fs,
    sync::atomic::{AtomicI32, Ordering},
};

use super::numbers::KERNEL_END;

/// What is left for pipes, sockets and whatever else only the kernel can open.
const SPARE: i32 = 256;

/// How many files a process may open before the kernel's numbers have to be counted again.
#[derive(Debug, Default)]
pub(crate) struct Room(AtomicI32);

// Relaxed, for all of it: a count that orders nothing.
impl Room {
    /// For a child, which has what its parent had open.
    pub(crate) fn inherited(&self) -> Self {
        Self(AtomicI32::new(self.0.load(Ordering::Relaxed)))
    }

    /// Takes one number of the kernel's for `tid`, if it is sure to have one.
    pub(crate) fn take(&self, tid: i32) -> bool {
        if self.0.fetch_sub(1, Ordering::Relaxed) > 0 {
            return true;
        }
        // Half of what is free: another process may share the descriptors.
        let room = (KERNEL_END - SPARE - open_count(tid)) / 2;
        self.0.store(room.max(0), Ordering::Relaxed);
        room > 0
    }
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
