//! A model of arc-swap for loom, and of the `Arc`s in it: the part that this crate uses, under the
//! contract and nothing better.
//!
//! * **The pointer is one loom atomic**, loaded with Acquire and changed by RMWs with AcqRel. The
//!   real crate documents SeqCst, on which nothing here may rest. So a load may return what was
//!   replaced before, unless something orders the two; a `compare_and_swap` that is lost too.
//! * **What is loaded is alive.** The thread that replaces a value gives each reader of it a count.
//!   So a stale load returns a value that something still holds, or else it is none.
//! * **A value is dropped as early as the contract allows**: when the last handle goes. loom knows
//!   one order between threads by it, from the end of each handle to the drop of the value.
//!
//! What loom need not see is plain state, and changes together with the loom operation before it.
//! All threads of a model run on one thread of the machine, hence `Rc`.

use std::{
    cell::RefCell,
    ops::Deref,
    rc::{Rc, Weak},
    thread::panicking,
};

use super::checker::sync::atomic::{AtomicUsize, Ordering};

/// A counted handle.
#[derive(Debug)]
#[allow(unreachable_pub, reason = "is what the public `FilesGuard` derefs to")]
pub struct Arc<T>(Rc<Counted<T>>);

#[derive(Debug)]
struct Counted<T> {
    value: T,
    /// How many handles have gone.
    gone: AtomicUsize,
}

impl<T> Arc<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(Rc::new(Counted { value, gone: AtomicUsize::new(0) }))
    }

    pub(crate) fn ptr_eq(this: &Self, other: &Self) -> bool {
        Rc::ptr_eq(&this.0, &other.0)
    }
}

impl<T> Clone for Arc<T> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl<T> Drop for Arc<T> {
    fn drop(&mut self) {
        // In a failing execution loom takes no further operations.
        if panicking() {
            return;
        }
        // Release: what was done by this handle is over before the drop of the value.
        self.0.gone.fetch_add(1, Ordering::Release);
        if Rc::strong_count(&self.0) == 1 {
            // Acquire: pairs with the Release of each other handle.
            self.0.gone.fetch_add(0, Ordering::Acquire);
        }
    }
}

impl<T> Deref for Arc<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0.value
    }
}

pub(crate) struct ArcSwap<T> {
    /// Which of `stored` is the current one.
    current: AtomicUsize,
    /// What was ever stored.
    stored: RefCell<Vec<Weak<Counted<T>>>>,
    /// The handle of the current one.
    held: RefCell<Arc<T>>,
}

impl<T> ArcSwap<T> {
    pub(crate) fn new(value: Arc<T>) -> Self {
        let stored = RefCell::new(vec![Rc::downgrade(&value.0)]);
        Self { current: AtomicUsize::new(0), stored, held: RefCell::new(value) }
    }

    pub(crate) fn load(&self) -> Guard<Arc<T>> {
        Guard(self.load_full())
    }

    pub(crate) fn load_full(&self) -> Arc<T> {
        let found = self.current.load(Ordering::Acquire);
        let alive = self.stored.borrow()[found].upgrade();
        alive.map_or_else(|| self.load_latest(), Arc)
    }

    fn load_latest(&self) -> Arc<T> {
        self.current.fetch_add(0, Ordering::Acquire);
        self.held.borrow().clone()
    }

    pub(crate) fn swap(&self, new: Arc<T>) -> Arc<T> {
        let index = self.register(&new);
        self.current.swap(index, Ordering::AcqRel);
        self.held.replace(new)
    }

    pub(crate) fn compare_and_swap(&self, current: &Arc<T>, new: Arc<T>) -> Guard<Arc<T>> {
        let (old, index) = (self.index(current), self.register(&new));
        loop {
            let found = self.load();
            if !Arc::ptr_eq(&found, current) {
                return found;
            }
            let swapped =
                self.current.compare_exchange(old, index, Ordering::AcqRel, Ordering::Relaxed);
            if swapped.is_ok() {
                // Not the last handle, as `found` is another.
                drop(self.held.replace(new));
                return found;
            }
        }
    }

    fn index(&self, value: &Arc<T>) -> usize {
        let is_it = |stored: &Weak<_>| stored.as_ptr() == Rc::as_ptr(&value.0);
        self.stored.borrow().iter().position(is_it).expect("it was loaded from here")
    }

    fn register(&self, value: &Arc<T>) -> usize {
        let mut stored = self.stored.borrow_mut();
        stored.push(Rc::downgrade(&value.0));
        stored.len() - 1
    }
}

/// What was loaded.
pub(crate) struct Guard<A>(A);

impl<A> Deref for Guard<A> {
    type Target = A;

    fn deref(&self) -> &A {
        &self.0
    }
}
