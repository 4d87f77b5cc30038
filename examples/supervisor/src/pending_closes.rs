//! Numbers that stay reserved until the kernel has closed the descriptors there.
//!
//! The table has closed them already. The kernel has, too, once the thread that closes is back with
//! another call. If that takes long, a thread that needs a number asks the kernel.

use std::sync::atomic::{AtomicBool, Ordering};

use fdtable::{FdFlags, Reservation};
use parking_lot::Mutex;

use super::{file::File, sys};

/// The pending closes of a process.
#[derive(Debug, Default)]
pub(crate) struct PendingCloses {
    closes: Mutex<Vec<Close>>,
    /// There may be some.
    any: AtomicBool,
}

#[derive(Debug)]
struct Close {
    /// The thread that closes the number.
    tid: i32,
    number: Reservation<'static, File>,
    /// The descriptor's flags.
    flags: FdFlags,
}

// Relaxed, for all of it: what another thread has closed before, a guest's threads order
// themselves.
impl PendingCloses {
    pub(crate) fn add(&self, tid: i32, number: Reservation<'static, File>, flags: FdFlags) {
        self.closes.lock().push(Close { tid, number, flags });
        self.any.store(true, Ordering::Relaxed);
    }

    /// Takes out the numbers that a thread closes.
    pub(crate) fn take_of(&self, tid: i32) -> Vec<(Reservation<'static, File>, FdFlags)> {
        let mut closes = self.closes.lock();
        let own = closes.extract_if(.., |close| close.tid == tid);
        own.map(|Close { number, flags, .. }| (number, flags)).collect()
    }

    /// Frees the numbers that the kernel has closed for threads that are not back yet.
    pub(crate) fn free_closed(&self) {
        if self.any.load(Ordering::Relaxed) {
            let mut closes = self.closes.lock();
            closes.retain(|Close { tid, number, .. }| {
                // Otherwise the descriptor is gone, or the thread with its last call.
                sys::has_both(*tid, number.fd(), number.fd())
            });
            self.any.store(!closes.is_empty(), Ordering::Relaxed);
        }
    }
}
