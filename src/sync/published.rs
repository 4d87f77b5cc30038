//! Pointers that are set once: the thread that is first makes the value, and all threads share it.

use std::ptr;

use crate::sync::{AtomicPtr, Ordering};

/// What `link` shows, if it was published.
///
/// # Safety
///
/// `link` is null, or was set by [`publish`], and what it shows is not freed as long as the result
/// is used.
#[inline]
pub(crate) unsafe fn published<T>(link: &AtomicPtr<T>) -> Option<&T> {
    // Acquire: sees the value; pairs with the Release in `publish`.
    let value = link.load(Ordering::Acquire);
    // SAFETY: guaranteed by the caller.
    unsafe { value.as_ref() }
}

/// Publishes `new`, and says true; or, when another thread was first, drops it and returns that
/// thread's.
///
/// # Safety
///
/// As of [`published`].
#[cold]
pub(crate) unsafe fn publish<T>(link: &AtomicPtr<T>, new: T) -> (&T, bool) {
    let new = Box::into_raw(Box::new(new));
    // Release: publishes the value; pairs with the Acquire in `published`. Acquire: sees the
    // winner's.
    let (success, failure) = (Ordering::Release, Ordering::Acquire);
    let Err(winner) = link.compare_exchange(ptr::null_mut(), new, success, failure) else {
        // SAFETY: guaranteed by the caller.
        return (unsafe { &*new }, true);
    };
    // SAFETY: it came out of `Box::into_raw` above and was not published.
    drop(unsafe { Box::from_raw(new) });
    // SAFETY: guaranteed by the caller.
    (unsafe { &*winner }, false)
}
