//! crossbeam's own epoch instead of the model of it (`epoch.rs`), with `--cfg crossbeam_loom`,
//! under which that crate runs on loom's atomics.
//!
//! Objects are those of the model: one that is read while nothing orders that before its
//! destruction is reported, and so is one that is not destroyed in the end. Each execution has a
//! collector of its own. A participant collects at its first guard, which multiplies what loom has
//! to try, so participants are made, and have had that guard, before the threads start.

#![allow(unsafe_code, reason = "passes on what crossbeam-epoch asks of its callers")]

#[path = "epoch/pointers.rs"]
mod pointers;

use std::{cell::RefCell, mem::ManuallyDrop, ptr, rc::Rc, thread::panicking};

use crossbeam_epoch::{self as crossbeam, Collector, LocalHandle};

use super::checker::thread::{self, ThreadId};

pub(crate) use self::pointers::{Atomic, Owned, Shared, unprotected};
use self::pointers::{Blocks, Object, erase};

/// The most threads that a model of the gap has.
const THREADS: usize = 3;

thread_local! {
    static DOMAIN: RefCell<Option<Rc<ManuallyDrop<Domain>>>> = const { RefCell::new(None) };
}

/// The state of one execution. It stays behind where an execution fails, as loom takes no further
/// operations then.
struct Domain {
    collector: Collector,
    /// Those that no thread has yet.
    unused: RefCell<Vec<LocalHandle>>,
    used: RefCell<Vec<(ThreadId, LocalHandle)>>,
    blocks: Blocks,
}

/// Runs `f`, one execution of a model, with a collector of its own; then looks whether everything
/// was given back.
pub(crate) fn scope(f: impl FnOnce()) {
    let domain = Rc::new(ManuallyDrop::new(Domain::new()));
    DOMAIN.set(Some(Rc::clone(&domain)));
    f();
    DOMAIN.set(None);
    let domain = Rc::into_inner(domain).expect("nobody else is at it");
    let Domain { collector, unused, used, blocks } = ManuallyDrop::into_inner(domain);
    // With the last handle goes what was retired and is not destroyed yet.
    drop((unused, used, collector));
    blocks.finish();
}

fn domain() -> Rc<ManuallyDrop<Domain>> {
    DOMAIN
        .with_borrow(|domain| domain.clone())
        .expect("the epoch is used outside of `scope`: join every thread")
}

impl Domain {
    fn new() -> Self {
        let collector = Collector::new();
        let unused: Vec<_> = (0..THREADS).map(|_| collector.register()).collect();
        unused.iter().for_each(|handle| drop(handle.pin()));
        Self {
            collector,
            unused: RefCell::new(unused),
            used: RefCell::new(Vec::with_capacity(THREADS)),
            blocks: Blocks::default(),
        }
    }

    fn pin(&self, thread: ThreadId) -> crossbeam::Guard {
        let known = self.used.borrow().iter().position(|(id, _)| *id == thread);
        let at = known.unwrap_or_else(|| {
            let handle = self.unused.borrow_mut().pop().expect("a participant for each thread");
            let mut used = self.used.borrow_mut();
            used.push((thread, handle));
            used.len() - 1
        });
        // Not borrowed while loom runs another thread.
        let handle = ptr::from_ref(&self.used.borrow()[at].1);
        // SAFETY: room for all is made at once, and none is removed.
        unsafe { &*handle }.pin()
    }
}

/// Keeps the thread pinned. [`unprotected`]'s does not.
pub(crate) struct Guard(Option<ManuallyDrop<crossbeam::Guard>>);

/// Pins the calling thread.
pub(crate) fn pin() -> Guard {
    Guard(Some(ManuallyDrop::new(domain().pin(thread::current().id()))))
}

impl Guard {
    /// Retires an object.
    ///
    /// # Safety
    ///
    /// No thread that pins later can find it.
    pub(crate) unsafe fn defer_destroy<T>(&self, shared: Shared<'_, T>) {
        let object = shared.object;
        shared.object().expect("null is retired").retire();
        // SAFETY: retired, so created here and not destroyed; retired once, so destroyed once.
        let destroy = erase(Box::new(move || unsafe { Object::destroy(object) }));
        match &self.0 {
            // SAFETY: guaranteed by the caller; and all threads of a model run on one of the
            // machine.
            Some(guard) => unsafe { guard.defer_unchecked(destroy) },
            None => destroy(),
        }
    }

    pub(crate) fn flush(&self) {
        self.0.as_ref().expect("flushed under a guard").flush();
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // In a failing execution loom takes no further operations.
        if let (Some(guard), false) = (self.0.take(), panicking()) {
            drop(ManuallyDrop::into_inner(guard));
        }
    }
}
