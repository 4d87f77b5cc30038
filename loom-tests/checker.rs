//! The checker that runs this crate's own code: loom, or shuttle in its place.

#[cfg(not(feature = "shuttle"))]
pub(crate) use loom::{cell, sync, thread};

#[cfg(not(any(feature = "shuttle", crossbeam_loom)))]
pub(crate) use loom::{explore, stop_exploring};

#[cfg(feature = "shuttle")]
pub(crate) use shuttle::{sync, thread};

use std::cell::Cell;
#[cfg(not(feature = "shuttle"))]
use std::panic::{AssertUnwindSafe, catch_unwind};
#[cfg(not(crossbeam_loom))]
use std::thread::panicking;

// All threads of a model run on one thread of the machine.
thread_local! {
    /// How many calls are under way that may unwind on purpose.
    static MAY_UNWIND: Cell<usize> = const { Cell::new(0) };
}

/// Calls what may unwind on purpose; `None` if it does.
#[cfg(not(feature = "shuttle"))]
pub(crate) fn unwinding<R>(f: impl FnOnce() -> R) -> Option<R> {
    MAY_UNWIND.set(MAY_UNWIND.get() + 1);
    let result = catch_unwind(AssertUnwindSafe(f)).ok();
    MAY_UNWIND.set(MAY_UNWIND.get() - 1);
    result
}

/// Whether this execution has failed: the checker takes no further operations then.
#[cfg(not(crossbeam_loom))]
pub(crate) fn has_failed() -> bool {
    panicking() && MAY_UNWIND.get() == 0
}

/// shuttle does not look into cells.
#[cfg(feature = "shuttle")]
pub(crate) mod cell {
    #[derive(Debug)]
    pub(crate) struct UnsafeCell<T>(std::cell::UnsafeCell<T>);

    impl<T> UnsafeCell<T> {
        pub(crate) fn new(value: T) -> Self {
            Self(std::cell::UnsafeCell::new(value))
        }

        pub(crate) fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
            f(self.0.get())
        }

        pub(crate) fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
            f(self.0.get())
        }
    }
}

#[cfg(feature = "shuttle")]
pub(crate) fn stop_exploring() {}

#[cfg(feature = "shuttle")]
pub(crate) fn explore() {}
