//! crossbeam's epoch, with a collector of this crate's own.
//!
//! crossbeam's default collector is one for the whole process, so a guard that another crate holds
//! would keep the memory of this one from being freed. Guards of this collector are held during
//! calls of the table alone.
//!
//! A guard that another thread holds at a `fork(2)` of the process is never dropped in the child.
//! So the child leaves the collector to its parent, and begins another one. It does that within the
//! fork, when it has one thread: later, one thread could still hold a guard of the old collector
//! while another retires to the new one, what the first has found.

#![allow(unsafe_code, reason = "a pointer that is set once, and a thread's own cell")]

use std::{
    cell::{Cell, UnsafeCell},
    mem::{self, ManuallyDrop},
    ptr,
    sync::atomic::{AtomicBool, AtomicPtr, Ordering},
};

use crossbeam_epoch::{Collector, LocalHandle};

use crate::sync::published::{publish, published};

pub(crate) use crossbeam_epoch::{Atomic, Guard, Owned, Shared, unprotected};

/// The collector of this process; null before its first guard, and in a child after its fork. None
/// is ever freed.
static COLLECTOR: AtomicPtr<Collector> = AtomicPtr::new(ptr::null_mut());

thread_local! {
    // Const and without a destructor: no state to look at before each guard.
    static PARTICIPANT: Participant = const { Participant::new() };
    /// Leaves the collector when the thread ends.
    static LEAVE: Leave = const { Leave };
}

/// What the calling thread has of the collector.
struct Participant {
    /// Its handle, once it has joined.
    handle: UnsafeCell<Option<ManuallyDrop<LocalHandle>>>,
    /// Whether its variables are being destroyed, so that it joins no more.
    has_left: Cell<bool>,
}

/// Pins the calling thread.
#[inline]
pub(crate) fn pin() -> Guard {
    // The closure is next to nothing, so that it is inlined.
    let participant = PARTICIPANT.with(ptr::from_ref);
    // SAFETY: the variable is this thread's, and without a destructor, so it is valid until the
    // thread ends.
    let participant = unsafe { &*participant };
    match participant.handle() {
        Some(handle) => handle.pin(),
        None => participant.join(),
    }
}

impl Participant {
    const fn new() -> Self {
        Self { handle: UnsafeCell::new(None), has_left: Cell::new(false) }
    }

    #[inline]
    fn handle(&self) -> Option<&LocalHandle> {
        // SAFETY: this thread alone has the cell. No caller keeps the reference until `set_handle`.
        unsafe { (*self.handle.get()).as_deref() }
    }

    /// Sets the handle, and returns the one before.
    fn set_handle(&self, handle: Option<LocalHandle>) -> Option<LocalHandle> {
        // SAFETY: this thread alone has the cell, and no reference into it is kept.
        let before =
            unsafe { mem::replace(&mut *self.handle.get(), handle.map(ManuallyDrop::new)) };
        before.map(ManuallyDrop::into_inner)
    }

    /// Joins the collector of this process, and pins the thread there.
    #[cold]
    fn join(&self) -> Guard {
        let handle = collector().register();
        let guard = handle.pin();
        // In a destructor of the thread's variables the handle is for this guard alone.
        if LEAVE.try_with(|_| ()).is_ok() {
            let before = self.set_handle(Some(handle));
            debug_assert!(before.is_none(), "a thread joins when it has no handle");
        }
        guard
    }

    fn is_pinned(&self) -> bool {
        // A thread that has left may hold a guard with a handle of its own.
        self.has_left.get() || self.handle().is_some_and(LocalHandle::is_pinned)
    }
}

struct Leave;

impl Drop for Leave {
    fn drop(&mut self) {
        PARTICIPANT.with(|participant| {
            participant.has_left.set(true);
            drop(participant.set_handle(None));
        });
    }
}

/// The collector of this process, which is made if there is none.
fn collector() -> &'static Collector {
    look_out_for_forks();
    // SAFETY: `publish` alone sets it, a child sets it back to null, and no collector is freed.
    unsafe { published(&COLLECTOR).unwrap_or_else(|| publish(&COLLECTOR, Collector::new()).0) }
}

/// Registers [`begin_child`]. Two threads may do so at once: to run it twice does no harm, and so
/// none waits for the other.
fn look_out_for_forks() {
    static DONE: AtomicBool = AtomicBool::new(false);
    // Relaxed: nothing but the registration itself rests on it.
    if !DONE.load(Ordering::Relaxed) {
        // SAFETY: the handler may be called in the child of any fork.
        let error = unsafe { libc::pthread_atfork(None, None, Some(begin_child)) };
        DONE.store(error == 0, Ordering::Relaxed);
    }
}

/// Runs in the child of a `fork(2)`, before the call returns: leaves the collector to the parent,
/// and so the handle of this thread, the only one.
///
/// Unless this thread holds a guard itself, as it has forked within a call of a table: what the
/// guard protects is retired to that collector.
extern "C" fn begin_child() {
    PARTICIPANT.with(|participant| {
        if !participant.is_pinned() {
            COLLECTOR.store(ptr::null_mut(), Ordering::Relaxed);
            mem::forget(participant.set_handle(None));
        }
    });
}

#[cfg(test)]
mod tests {
    use std::{sync::atomic::AtomicUsize, thread};

    use super::*;

    /// Whichever is destroyed first, the thread's participant or another variable.
    #[test]
    fn a_thread_pins_while_its_variables_are_destroyed() {
        static PINNED: AtomicUsize = AtomicUsize::new(0);
        struct Pins;
        impl Drop for Pins {
            fn drop(&mut self) {
                let guard = pin();
                assert!(PARTICIPANT.with(Participant::is_pinned));
                drop(guard);
                PINNED.fetch_add(1, Ordering::Relaxed);
            }
        }
        thread_local! {
            static BEFORE: Pins = const { Pins };
            static BEHIND: Pins = const { Pins };
        }
        let exits = || {
            BEFORE.with(|_| ());
            drop(pin());
            BEHIND.with(|_| ());
        };
        thread::spawn(exits).join().unwrap();
        assert_eq!(PINNED.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn a_thread_is_pinned_while_it_holds_a_guard() {
        let is_pinned = || PARTICIPANT.with(Participant::is_pinned);
        assert!(!is_pinned());
        let outer = pin();
        drop(pin());
        assert!(is_pinned());
        drop(outer);
        assert!(!is_pinned());
    }
}
