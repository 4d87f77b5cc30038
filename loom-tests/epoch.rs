//! A model of crossbeam-epoch for loom: the part of its surface that this crate uses, under the contract and nothing better.
//!
//! * **Destruction is as early as the contract allows.** An object is destroyed when the last thread that was pinned at its retirement
//!   unpins. The real crate is later, by luck and by batches; being late here would hide what is read too late.
//! * **Happens-before edges are as few as it allows**: retirement to each later pin, each unpin to each later destruction. Code that
//!   leans on the fences of the real `pin` is not helped.
//! * **Every pin, unpin and retirement is an RMW on a loom atomic**, so that loom knows that their order matters. They are the only
//!   places where the model gives way to another thread (but for the RMW of who destroys).
//! * **Every object has a canary**, a loom cell that is read where the object is dereferenced and written where it is destroyed: loom
//!   reports an access that nothing orders before the destruction, in whichever order the two ran. One that ran after it is asserted
//!   too. The memory stays until the execution ends, so a fault is a report and not a crash. No address is used twice: loom cannot
//!   show an ABA by reuse.
//! * Retired twice, taken back when retired, and leaked (neither destroyed nor retired by the end) are asserted.
//!
//! What loom need not see (who is pinned, what is retired) is plain state, and borrowed only between two loom operations.
//! All threads of a model run on one thread of the machine, hence `thread_local` and `Rc`.
//! Not modelled: tags; that `flush` may destroy other threads' objects on the calling thread.

#![allow(
    unsafe_code,
    reason = "stands in for crossbeam-epoch, which is unsafe code too"
)]
#![allow(dead_code, reason = "the subset is kept whole")]

use std::{
    cell::{Cell, RefCell},
    marker::PhantomData,
    mem::{self, ManuallyDrop},
    ops::{Deref, DerefMut},
    ptr,
    rc::Rc,
    thread::panicking,
};

use loom::{
    cell::UnsafeCell,
    sync::atomic::{AtomicPtr, AtomicUsize, Ordering},
    thread::{self, ThreadId},
};

/// Two atomics, one for each kind of edge, are exact. One atomic for both adds an edge from each unpin to each later pin, which the
/// contract does not promise; but loom then has fewer stale values to try, and the same models run several times faster.
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
    blocks: RefCell<Vec<Block>>,
}

/// A retired object, and the threads that were pinned at its retirement and still are.
struct Garbage {
    destroy: Box<dyn FnOnce()>,
    awaits: Vec<ThreadId>,
}

/// The memory of an object.
struct Block {
    fate: Rc<Cell<Fate>>,
    free: Box<dyn FnOnce()>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Live,
    Retired,
    Destroyed,
}

/// An object. Its address is that of its value.
#[repr(C)]
pub(crate) struct Object<T> {
    value: ManuallyDrop<T>,
    canary: UnsafeCell<()>,
    fate: Rc<Cell<Fate>>,
}

/// Runs `f`, one execution of a model, with an epoch of its own; then looks whether everything was given back.
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
            blocks: RefCell::default(),
        }
    }

    fn unpins(&self) -> &AtomicUsize {
        if EXACT {
            &self.unpins
        } else {
            &self.retirements
        }
    }

    /// Adds a guard to those of `thread`, if it is pinned. As in the real crate a nested pin is nothing but a count.
    fn pin_nested(&self, thread: ThreadId) -> bool {
        let mut pinned = self.pinned.borrow_mut();
        let own = pinned.iter_mut().find(|(id, _)| *id == thread);
        own.map(|(_, guards)| *guards += 1).is_some()
    }

    fn pin(&self, thread: ThreadId) {
        if !self.pin_nested(thread) {
            // Acquire: sees what was done before each earlier retirement; pairs with the Release in `retire`.
            self.retirements.fetch_add(1, Ordering::Acquire);
            self.pinned.borrow_mut().push((thread, 1));
        }
    }

    fn unpin_nested(&self, thread: ThreadId) -> bool {
        let mut pinned = self.pinned.borrow_mut();
        let own = pinned
            .iter_mut()
            .find(|(id, guards)| *id == thread && *guards > 1);
        own.map(|(_, guards)| *guards -= 1).is_some()
    }

    fn unpin(&self, thread: ThreadId) {
        if self.unpin_nested(thread) {
            return;
        }
        // Release: what was done under the guard is over before any later destruction; pairs with the Acquire below.
        self.unpins().fetch_add(1, Ordering::Release);
        self.pinned.borrow_mut().retain(|(id, _)| *id != thread);
        let ripe = self.take_ripe(thread);
        if !ripe.is_empty() {
            // Acquire: by who destroys alone, an unpin that destroys nothing learns nothing.
            self.unpins().fetch_add(1, Ordering::Acquire);
            ripe.into_iter().for_each(|garbage| (garbage.destroy)());
        }
    }

    /// The retired objects that nobody but `thread` was waited for.
    fn take_ripe(&self, thread: ThreadId) -> Vec<Garbage> {
        let mut garbage = self.garbage.borrow_mut();
        garbage
            .iter_mut()
            .for_each(|garbage| garbage.awaits.retain(|id| *id != thread));
        let (ripe, waiting) = mem::take(&mut *garbage)
            .into_iter()
            .partition(|garbage| garbage.awaits.is_empty());
        *garbage = waiting;
        ripe
    }

    fn retire(&self, destroy: Box<dyn FnOnce()>) {
        // Release: what was done before, the unlinking above all, is seen under each later pin; pairs with the Acquire in `pin`.
        self.retirements.fetch_add(1, Ordering::Release);
        let awaits = self.pinned.borrow().iter().map(|(id, _)| *id).collect();
        self.garbage.borrow_mut().push(Garbage { destroy, awaits });
    }

    fn finish(&self) {
        assert!(
            self.pinned.borrow().is_empty(),
            "a thread is still pinned at the end"
        );
        let blocks = self.blocks.take();
        let leaked = blocks
            .iter()
            .filter(|block| block.fate.get() != Fate::Destroyed)
            .count();
        assert_eq!(leaked, 0, "objects leaked");
        blocks.into_iter().for_each(|block| (block.free)());
    }
}

impl<T> Object<T> {
    fn create(value: T) -> *mut Self {
        let fate = Rc::new(Cell::new(Fate::Live));
        let object = Self {
            value: ManuallyDrop::new(value),
            canary: UnsafeCell::new(()),
            fate: Rc::clone(&fate),
        };
        let object = Box::into_raw(Box::new(object));
        // SAFETY: `finish` calls it once, when nothing of the execution runs any more. The value is dropped by then.
        let free = move || drop(unsafe { Box::from_raw(object) });
        domain().blocks.borrow_mut().push(Block {
            fate,
            free: erase(Box::new(free)),
        });
        object
    }

    fn read(&self) {
        assert_ne!(
            self.fate.get(),
            Fate::Destroyed,
            "an object is read after its destruction"
        );
        self.canary.with(|_| ());
    }

    /// An exclusive access of the owner's.
    fn write(&self) {
        assert_eq!(
            self.fate.get(),
            Fate::Live,
            "an object is not its owner's any more"
        );
        self.canary.with_mut(|_| ());
    }

    fn retire(&self) {
        assert_eq!(
            self.fate.replace(Fate::Retired),
            Fate::Live,
            "an object is retired that is not live"
        );
    }

    /// # Safety
    ///
    /// `this` was created by `create`, and is destroyed once.
    unsafe fn destroy(this: *mut Self) {
        // SAFETY: the memory stays until the end of the execution.
        let object = unsafe { &mut *this };
        object.canary.with_mut(|_| ());
        object.fate.set(Fate::Destroyed);
        // SAFETY: once, and not used again: `fate` says so to all others.
        unsafe { ManuallyDrop::drop(&mut object.value) }
    }
}

/// Forgets how long what `f` refers to lives: as in the real crate, whoever retires an object promises that it lives long enough.
fn erase<'a>(f: Box<dyn FnOnce() + 'a>) -> Box<dyn FnOnce()> {
    // SAFETY: only the lifetime changes; `f` is called at the latest at the end of the execution, as `defer_destroy`'s caller promised.
    unsafe { mem::transmute::<Box<dyn FnOnce() + 'a>, Box<dyn FnOnce()>>(f) }
}

/// Keeps the thread pinned. [`unprotected`]'s does not.
pub(crate) struct Guard(Option<(Rc<Domain>, ThreadId)>);

/// Pins the calling thread.
pub(crate) fn pin() -> Guard {
    let (domain, thread) = (domain(), thread::current().id());
    domain.pin(thread);
    Guard(Some((domain, thread)))
}

/// A guard that pins nothing.
///
/// # Safety
///
/// Nobody else uses what is loaded under it.
pub(crate) unsafe fn unprotected() -> &'static Guard {
    struct Unprotected(Guard);
    // SAFETY: it holds nothing.
    unsafe impl Sync for Unprotected {}
    static UNPROTECTED: Unprotected = Unprotected(Guard(None));
    &UNPROTECTED.0
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
            Some((domain, _)) => domain.retire(erase(Box::new(destroy))),
            None => destroy(),
        }
    }

    /// Nothing is ever late here.
    pub(crate) fn flush(&self) {}
}

impl Drop for Guard {
    fn drop(&mut self) {
        // In a failing execution loom takes no further operations.
        if let (Some((domain, thread)), false) = (&self.0, panicking()) {
            domain.unpin(*thread);
        }
    }
}

/// A pointer that threads share.
pub(crate) struct Atomic<T>(AtomicPtr<Object<T>>);

/// What a `compare_exchange` that failed gives back.
pub(crate) struct CompareExchangeError<'g, T, P> {
    pub(crate) current: Shared<'g, T>,
    pub(crate) new: P,
}

/// What can be stored in an [`Atomic`].
pub(crate) trait Pointer<T> {
    fn into_object(self) -> *mut Object<T>;

    /// # Safety
    ///
    /// `object` comes from `into_object` of the same type, and is converted back once.
    unsafe fn from_object(object: *mut Object<T>) -> Self;
}

impl<T> Atomic<T> {
    pub(crate) fn null() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()))
    }

    pub(crate) fn load<'g>(&self, order: Ordering, _: &'g Guard) -> Shared<'g, T> {
        Shared::new(self.0.load(order))
    }

    pub(crate) fn store<P: Pointer<T>>(&self, new: P, order: Ordering) {
        self.0.store(new.into_object(), order);
    }

    pub(crate) fn swap<'g, P: Pointer<T>>(
        &self,
        new: P,
        order: Ordering,
        _: &'g Guard,
    ) -> Shared<'g, T> {
        Shared::new(self.0.swap(new.into_object(), order))
    }

    pub(crate) fn compare_exchange<'g, P: Pointer<T>>(
        &self,
        current: Shared<'_, T>,
        new: P,
        success: Ordering,
        failure: Ordering,
        _: &'g Guard,
    ) -> Result<Shared<'g, T>, CompareExchangeError<'g, T, P>> {
        let new = new.into_object();
        match self
            .0
            .compare_exchange(current.object, new, success, failure)
        {
            Ok(_) => Ok(Shared::new(new)),
            // SAFETY: converted just now, and not stored.
            Err(now) => Err(CompareExchangeError {
                current: Shared::new(now),
                new: unsafe { P::from_object(new) },
            }),
        }
    }
}

impl<T> From<Owned<T>> for Atomic<T> {
    fn from(owned: Owned<T>) -> Self {
        Self(AtomicPtr::new(owned.into_object()))
    }
}

/// An object that nobody else has.
pub(crate) struct Owned<T> {
    object: *mut Object<T>,
    _owns: PhantomData<T>,
}

// SAFETY: owns its T like a box.
unsafe impl<T: Send> Send for Owned<T> {}

impl<T> Owned<T> {
    pub(crate) fn new(value: T) -> Self {
        Self {
            object: Object::create(value),
            _owns: PhantomData,
        }
    }

    pub(crate) fn into_shared<'g>(self, _: &'g Guard) -> Shared<'g, T> {
        Shared::new(self.into_object())
    }

    fn object(&self) -> &Object<T> {
        // SAFETY: the memory stays until the end of the execution.
        unsafe { &*self.object }
    }
}

impl<T> Deref for Owned<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.object().read();
        &self.object().value
    }
}

impl<T> DerefMut for Owned<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.object().write();
        // SAFETY: the memory stays until the end of the execution, and nobody else has the object.
        unsafe { &mut (*self.object).value }
    }
}

impl<T> Pointer<T> for Owned<T> {
    fn into_object(self) -> *mut Object<T> {
        ManuallyDrop::new(self).object
    }

    unsafe fn from_object(object: *mut Object<T>) -> Self {
        Self {
            object,
            _owns: PhantomData,
        }
    }
}

impl<T> Drop for Owned<T> {
    fn drop(&mut self) {
        if !panicking() {
            self.object().write();
            // SAFETY: ours alone, and dropped once.
            unsafe { Object::destroy(self.object) }
        }
    }
}

/// A pointer that was loaded under a guard, or null.
pub(crate) struct Shared<'g, T> {
    object: *mut Object<T>,
    _guard: PhantomData<(&'g (), *const T)>,
}

impl<'g, T> Shared<'g, T> {
    fn new(object: *mut Object<T>) -> Self {
        Self {
            object,
            _guard: PhantomData,
        }
    }

    pub(crate) fn null() -> Self {
        Self::new(ptr::null_mut())
    }

    pub(crate) fn is_null(&self) -> bool {
        self.object.is_null()
    }

    pub(crate) fn as_raw(&self) -> *const T {
        self.object.cast_const().cast()
    }

    /// # Safety
    ///
    /// Null, or not destroyed while the guard lives.
    pub(crate) unsafe fn as_ref(&self) -> Option<&'g T> {
        let object = self.object()?;
        object.read();
        Some(&object.value)
    }

    /// # Safety
    ///
    /// As for [`as_ref`](Self::as_ref), and not null.
    pub(crate) unsafe fn deref(&self) -> &'g T {
        // SAFETY: guaranteed by the caller.
        unsafe { self.as_ref() }.expect("null is dereferenced")
    }

    /// # Safety
    ///
    /// Nobody else has the object, nor finds it.
    pub(crate) unsafe fn into_owned(self) -> Owned<T> {
        self.object().expect("null is owned").write();
        Owned {
            object: self.object,
            _owns: PhantomData,
        }
    }

    fn object(&self) -> Option<&'g Object<T>> {
        // SAFETY: null, or from `create`; the memory stays until the end of the execution.
        unsafe { self.object.as_ref() }
    }
}

impl<T> Clone for Shared<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Shared<'_, T> {}

impl<T> PartialEq for Shared<'_, T> {
    fn eq(&self, other: &Self) -> bool {
        self.object == other.object
    }
}

impl<T> Eq for Shared<'_, T> {}

impl<T> Pointer<T> for Shared<'_, T> {
    fn into_object(self) -> *mut Object<T> {
        self.object
    }

    unsafe fn from_object(object: *mut Object<T>) -> Self {
        Self::new(object)
    }
}
