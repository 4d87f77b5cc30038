//! The objects of the model and the pointers to them, and the guard that is none: what the model
//! and crossbeam's own epoch have alike.

use std::{
    cell::{Cell, RefCell},
    marker::PhantomData,
    mem::{self, ManuallyDrop},
    ops::{Deref, DerefMut},
    ptr,
    rc::Rc,
    thread::panicking,
};

use crate::sync::checker::{
    cell::UnsafeCell,
    sync::atomic::{AtomicPtr, Ordering},
};

use super::{Guard, domain};

/// The memory of all objects of an execution, which stays to its end.
#[derive(Default)]
pub(super) struct Blocks(RefCell<Vec<Block>>);

/// The memory of an object.
struct Block {
    fate: Rc<Cell<Fate>>,
    free: Box<dyn FnOnce()>,
}

impl Blocks {
    fn created(&self, fate: Rc<Cell<Fate>>, free: impl FnOnce()) {
        self.0.borrow_mut().push(Block { fate, free: erase(Box::new(free)) });
    }

    /// Looks whether every object was given back, and frees the memory.
    pub(super) fn finish(&self) {
        let blocks = self.0.take();
        let leaked = blocks.iter().filter(|block| block.fate.get() != Fate::Destroyed).count();
        assert_eq!(leaked, 0, "objects leaked");
        blocks.into_iter().for_each(|block| (block.free)());
    }
}

/// Forgets how long what `f` refers to lives: as in the real crate, the thread that retires an
/// object promises that it lives long enough.
pub(super) fn erase<'a>(f: Box<dyn FnOnce() + 'a>) -> Box<dyn FnOnce()> {
    // SAFETY: only the lifetime changes; `f` is called at the latest at the end of the execution,
    // as `defer_destroy`'s caller promised.
    unsafe { mem::transmute::<Box<dyn FnOnce() + 'a>, Box<dyn FnOnce()>>(f) }
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

/// An object. Its address is that of its value.
#[repr(C)]
pub(crate) struct Object<T> {
    value: ManuallyDrop<T>,
    canary: UnsafeCell<()>,
    fate: Rc<Cell<Fate>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Live,
    Retired,
    Destroyed,
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
        // SAFETY: `finish` calls it once, when nothing of the execution runs any more. The value is
        // dropped by then.
        let free = move || drop(unsafe { Box::from_raw(object) });
        domain().blocks.created(fate, free);
        object
    }

    fn read(&self) {
        assert_ne!(self.fate.get(), Fate::Destroyed, "an object is read after its destruction");
        self.canary.with(|_| ());
    }

    /// An exclusive access of the owner's.
    fn write(&self) {
        assert_eq!(self.fate.get(), Fate::Live, "an object is not its owner's any more");
        self.canary.with_mut(|_| ());
    }

    pub(super) fn retire(&self) {
        assert_eq!(
            self.fate.replace(Fate::Retired),
            Fate::Live,
            "an object is retired that is not live"
        );
    }

    /// # Safety
    ///
    /// `this` was created by `create`, and is destroyed once.
    pub(super) unsafe fn destroy(this: *mut Self) {
        // SAFETY: the memory stays until the end of the execution.
        let object = unsafe { &mut *this };
        object.canary.with_mut(|_| ());
        object.fate.set(Fate::Destroyed);
        // SAFETY: once, and not used again: `fate` says so to all others.
        unsafe { ManuallyDrop::drop(&mut object.value) }
    }
}

/// A pointer that threads share.
pub(crate) struct Atomic<T>(AtomicPtr<Object<T>>);

/// What a `compare_exchange` that failed gives back.
pub(crate) struct CompareExchangeError<P> {
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
    ) -> Result<Shared<'g, T>, CompareExchangeError<P>> {
        let new = new.into_object();
        match self.0.compare_exchange(current.object, new, success, failure) {
            Ok(_) => Ok(Shared::new(new)),
            Err(_) => {
                // SAFETY: converted just now, and not stored.
                let new = unsafe { P::from_object(new) };
                Err(CompareExchangeError { new })
            }
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
        Self { object: Object::create(value), _owns: PhantomData }
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
        Self { object, _owns: PhantomData }
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
    pub(super) object: *mut Object<T>,
    _guard: PhantomData<(&'g (), *const T)>,
}

impl<'g, T> Shared<'g, T> {
    fn new(object: *mut Object<T>) -> Self {
        Self { object, _guard: PhantomData }
    }

    pub(crate) fn null() -> Self {
        Self::new(ptr::null_mut())
    }

    pub(crate) fn is_null(&self) -> bool {
        self.object.is_null()
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
        Owned { object: self.object, _owns: PhantomData }
    }

    pub(super) fn object(&self) -> Option<&'g Object<T>> {
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
