//! Numbers that are nobody's until the kernel has closed the twins there.
//!
//! The table has given them up already. That the kernel has, too, is sure when the thread that
//! closes is back with another call; if that takes long, whoever needs a number looks.

use std::sync::atomic::{AtomicBool, Ordering};

use fdtable::{FdFlags, Reservation};
use parking_lot::Mutex;

use super::{file::File, sys};

/// Those of a process.
#[derive(Debug, Default)]
pub(crate) struct Closing {
    numbers: Mutex<Vec<Number>>,
    /// There may be some.
    any: AtomicBool,
}

#[derive(Debug)]
struct Number {
    /// The thread that closes it.
    tid: i32,
    number: Reservation<'static, File>,
    /// The descriptor's.
    flags: FdFlags,
}

// Relaxed, for all of it: what another thread has closed before, a guest's threads order
// themselves.
impl Closing {
    pub(crate) fn add(&self, tid: i32, number: Reservation<'static, File>, flags: FdFlags) {
        self.numbers.lock().push(Number { tid, number, flags });
        self.any.store(true, Ordering::Relaxed);
    }

    /// Takes those out that a thread closes.
    pub(crate) fn of(&self, tid: i32) -> Vec<(Reservation<'static, File>, FdFlags)> {
        let mut numbers = self.numbers.lock();
        let own = numbers.extract_if(.., |one| one.tid == tid);
        own.map(|Number { number, flags, .. }| (number, flags)).collect()
    }

    /// Gives back what the kernel has closed for threads that are not back yet.
    pub(crate) fn release(&self) {
        if self.any.load(Ordering::Relaxed) {
            let mut numbers = self.numbers.lock();
            numbers.retain(|Number { tid, number, .. }| {
                // Or the thread is gone, and its last call done.
                sys::has_both(*tid, number.fd(), number.fd())
            });
            self.any.store(!numbers.is_empty(), Ordering::Relaxed);
        }
    }
}
