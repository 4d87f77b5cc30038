//! The atomics, cells and epochs this crate is built on, chosen in this one place.
pub(crate) use core::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering};
pub(crate) mod epoch {
    pub(crate) use crossbeam_epoch::{Atomic, Guard, Owned, Shared, pin, unprotected};
}
#[derive(Debug)]
pub(crate) struct UnsafeCell<T>(core::cell::UnsafeCell<T>);
impl<T> UnsafeCell<T> {
    pub(crate) fn new(v: T) -> Self {
        Self(core::cell::UnsafeCell::new(v))
    }
    #[inline(always)]
    pub(crate) fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
        f(self.0.get())
    }
    #[inline(always)]
    pub(crate) fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
        f(self.0.get())
    }
}
pub(crate) use core::hint::spin_loop;
pub(crate) unsafe trait Zeroable {
    fn zero() -> Self;
}
pub(crate) fn zeroed_boxed_slice<T: Zeroable>(len: usize) -> Box<[T]> {
    (0..len).map(|_| T::zero()).collect()
}
pub(crate) fn thread_index() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! { static INDEX: usize = NEXT.fetch_add(1, Ordering::Relaxed); }
    INDEX.try_with(|i| *i).unwrap_or(0)
}
