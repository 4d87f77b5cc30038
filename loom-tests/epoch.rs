//! A model of crossbeam-epoch for loom: the part of its surface that this crate uses, under the
//! contract and nothing better.
//!
//! * **Destruction is as early as the contract allows.** An object is destroyed when the last
//!   thread that was pinned at its retirement unpins. The real crate is later, by luck and by
//!   batches; being late here would hide what is read too late.
//! * **Happens-before edges are as few as it allows**: retirement to each later pin, each unpin to
//!   each later destruction. Code that leans on the fences of the real `pin` is not helped.
//! * **Every pin, unpin and retirement is an RMW on a loom atomic**, so that loom knows that their
//!   order matters. They are the only places where it gives way to another thread.
//! * **Every object has a canary**, a loom cell that is read where the object is dereferenced and
//!   written where it is destroyed: loom reports an access that nothing orders before the
//!   destruction, in whichever order the two ran. One that ran after it is asserted too. The memory
//!   stays until the execution ends, so a fault is a report and not a crash. No address is used
//!   twice: loom cannot show an ABA by reuse.
//! * Retired twice, owned again after retirement, and leaked (neither destroyed nor retired by the
//!   end) are asserted.
//!
//! What loom need not see (which threads are pinned, what is retired) is plain state, and borrowed
//! only between two loom operations. All threads of a model run on one thread of the machine, hence
//! `thread_local` and `Rc`. Not modelled: tags; that `flush` may destroy other threads' objects on
//! the calling thread.

#![allow(unsafe_code, reason = "stands in for crossbeam-epoch, which is unsafe code too")]
#![cfg_attr(feature = "shuttle", allow(dead_code, reason = "what only its own models use"))]

#[path = "epoch/pointers.rs"]
mod pointers;

use std::{cell::RefCell, mem, rc::Rc};

use crate::sync::checker::{
    self,
    sync::atomic::{AtomicUsize, Ordering},
    thread::{self, ThreadId},
};

pub(crate) use self::pointers::{Atomic, Owned, Shared, unprotected};
use self::pointers::{Blocks, Object, erase};

/// Two atomics, one for each kind of edge, are exact; and loom need not try the order of a pin and
/// an unpin, which share none. One for both adds an edge from each unpin to each later pin, which
/// the contract does not promise and which can hide that one is missing. It leaves fewer stale
/// values to try: a model of three threads on a stack took a third of the executions with it,
/// lookup against close in the gap four times as many.
const EXACT: bool = true;

thread_local!(static DOMAIN: RefCell<Option<Rc<Domain>>> = const { RefCell::new(None) });

/// The state of one execution.
struct Domain {
    /// Carries the edge from a retirement to each later pin.
    retirements: AtomicUsize,
    /// Carries the edge from an unpin to each later destruction. Unused unless [`EXACT`].
    unpins: AtomicUsize,
    /// Threads that are pinned, and how many guards each holds.
    pinned: RefCell<Vec<(ThreadId, usize)>>,
    garbage: RefCell<Vec<Garbage>>,
    blocks: Blocks,
}

/// A retired object, and the threads that were pinned at its retirement and still are.
struct Garbage {
    destroy: Box<dyn FnOnce()>,
    awaits: Vec<ThreadId>,
}

/// Runs `f`, one execution of a model, with an epoch of its own; then looks whether everything was
/// given back. loom must be exploring wherever a guard is dropped.
pub(crate) fn scope(f: impl FnOnce()) {
    let domain = Rc::new(Domain::new());
    DOMAIN.set(Some(Rc::clone(&domain)));
    f();
    DOMAIN.set(None);
    domain.finish();
}

fn domain() -> Rc<Domain> {
    DOMAIN
        .with_borrow(|domain| domain.clone())
        .expect("the epoch is used outside of `scope`: join every thread")
}

impl Domain {
    fn new() -> Self {
        Self {
            retirements: AtomicUsize::new(0),
            unpins: AtomicUsize::new(0),
            pinned: RefCell::default(),
            garbage: RefCell::default(),
            blocks: Blocks::default(),
        }
    }

    fn unpins(&self) -> &AtomicUsize {
        if EXACT { &self.unpins } else { &self.retirements }
    }

    /// Adds a guard to those of `thread`, if it is pinned. As in the real crate a nested pin is
    /// nothing but a count.
    fn pin_nested(&self, thread: ThreadId) -> bool {
        let mut pinned = self.pinned.borrow_mut();
        let own = pinned.iter_mut().find(|(id, _)| *id == thread);
        own.map(|(_, guards)| *guards += 1).is_some()
    }

    fn pin(&self, thread: ThreadId) {
        if !self.pin_nested(thread) {
            // Acquire: sees what was done before each earlier retirement; pairs with the Release in
            // `retire`.
            self.retirements.fetch_add(1, Ordering::Acquire);
            self.pinned.borrow_mut().push((thread, 1));
        }
    }

    fn unpin_nested(&self, thread: ThreadId) -> bool {
        let mut pinned = self.pinned.borrow_mut();
        let own = pinned.iter_mut().find(|(id, guards)| *id == thread && *guards > 1);
        own.map(|(_, guards)| *guards -= 1).is_some()
    }

    fn unpin(&self, thread: ThreadId) {
        if self.unpin_nested(thread) {
            return;
        }
        // Release: what was done under the guard is over before any later destruction; pairs with
        // the Acquire below.
        self.unpins().fetch_add(1, Ordering::Release);
        self.pinned.borrow_mut().retain(|(id, _)| *id != thread);
        let ripe = self.take_ripe(thread);
        if !ripe.is_empty() {
            // One step with the RMW above: no other thread need be tried in between.
            checker::stop_exploring();
            // Acquire: only where something is destroyed; another unpin learns nothing.
            self.unpins().fetch_add(1, Ordering::Acquire);
            checker::explore();
            ripe.into_iter().for_each(|garbage| (garbage.destroy)());
        }
    }

    /// The retired objects that waited for no thread but `thread`.
    fn take_ripe(&self, thread: ThreadId) -> Vec<Garbage> {
        let mut garbage = self.garbage.borrow_mut();
        garbage.iter_mut().for_each(|garbage| garbage.awaits.retain(|id| *id != thread));
        let (ripe, waiting) =
            mem::take(&mut *garbage).into_iter().partition(|garbage| garbage.awaits.is_empty());
        *garbage = waiting;
        ripe
    }

    fn retire(&self, destroy: impl FnOnce()) {
        // Release: what was done before, the unlinking above all, is seen under each later pin;
        // pairs with the Acquire in `pin`.
        self.retirements.fetch_add(1, Ordering::Release);
        let awaits = self.pinned.borrow().iter().map(|(id, _)| *id).collect();
        self.garbage.borrow_mut().push(Garbage { destroy: erase(Box::new(destroy)), awaits });
    }

    fn finish(&self) {
        assert!(self.pinned.borrow().is_empty(), "a thread is still pinned at the end");
        self.blocks.finish();
    }
}

/// Keeps the thread pinned. [`unprotected`]'s does not.
pub(crate) struct Guard(Option<(Rc<Domain>, ThreadId)>);

/// Pins the calling thread.
pub(crate) fn pin() -> Guard {
    let (domain, thread) = (domain(), thread::current().id());
    domain.pin(thread);
    Guard(Some((domain, thread)))
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
        let destroy = move || unsafe { Object::destroy(object) };
        match &self.0 {
            Some((domain, _)) => domain.retire(destroy),
            None => destroy(),
        }
    }

    /// Nothing is ever late here.
    pub(crate) fn flush(&self) {}
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let (Some((domain, thread)), false) = (&self.0, checker::has_failed()) {
            domain.unpin(*thread);
        }
    }
}
