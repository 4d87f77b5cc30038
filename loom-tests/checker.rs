//! The checker that runs this crate's own code: loom, or shuttle in its place.

#[cfg(not(feature = "shuttle"))]
pub(crate) use loom::{cell, sync, thread};

#[cfg(not(any(feature = "shuttle", crossbeam_loom)))]
pub(crate) use loom::{explore, stop_exploring};

#[cfg(feature = "shuttle")]
pub(crate) use shuttle::{sync, thread};

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
