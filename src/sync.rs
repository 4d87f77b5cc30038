//! The atomics, cells and epochs this crate is built on, chosen in this one place.
//!
//! core's, and crossbeam's with a collector of this crate's own; in this crate's own unit tests,
//! when they are built with the feature `loom`, loom's and models of the epoch and of arc-swap
//! (`loom-tests/epoch.rs`, `arc_swap.rs`). Both sides have loom's shape: no const constructors, no
//! `get_mut`, cells entered through a closure.

#![allow(unsafe_code, reason = "zeroed memory")]

pub(crate) mod published;

#[cfg(not(all(test, feature = "loom")))]
pub(crate) mod epoch;

#[cfg(not(all(test, feature = "loom")))]
pub(crate) use self::native::{
    Arc, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Deadline, Ordering, UnsafeCell, arc_swap,
    spin_loop, thread_index, zeroed_boxed_slice,
};

#[cfg(all(test, feature = "loom"))]
pub(crate) use self::{
    arc_swap::Arc,
    checked::{
        AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Deadline, Ordering, UnsafeCell, spin_loop,
        thread_index, zeroed_boxed_slice,
    },
};

#[cfg(all(test, feature = "loom"))]
#[path = "../loom-tests/arc_swap.rs"]
pub(crate) mod arc_swap;

#[cfg(all(test, feature = "loom", not(crossbeam_loom)))]
#[path = "../loom-tests/epoch.rs"]
pub(crate) mod epoch;

/// crossbeam's, which runs on loom's atomics under this cfg.
#[cfg(all(test, feature = "loom", crossbeam_loom))]
#[path = "../loom-tests/crossbeam_epoch.rs"]
pub(crate) mod epoch;

/// loom, or shuttle in its place.
#[cfg(all(test, feature = "loom"))]
#[path = "../loom-tests/checker.rs"]
pub(crate) mod checker;

#[cfg(not(all(test, feature = "loom")))]
mod native {
    use std::{
        alloc::{self, Layout},
        cell::{self, Cell},
        ptr::{self, NonNull},
        time::{Duration, Instant},
    };

    pub(crate) use std::sync::Arc;
    use std::thread::{sleep, yield_now};

    pub(crate) use ::arc_swap;
    pub(crate) use core::{
        hint::spin_loop,
        sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering},
    };

    /// core's cell in loom's shape.
    #[derive(Debug)]
    #[repr(transparent)]
    pub(crate) struct UnsafeCell<T>(cell::UnsafeCell<T>);

    impl<T> UnsafeCell<T> {
        pub(crate) fn new(value: T) -> Self {
            Self(cell::UnsafeCell::new(value))
        }

        /// Reads: `f` may dereference the pointer while nobody writes.
        #[inline(always)]
        pub(crate) fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
            f(self.0.get())
        }

        /// Writes: `f` may dereference the pointer while nobody else reads or writes.
        #[inline(always)]
        pub(crate) fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
            f(self.0.get())
        }
    }

    /// The end of a pause.
    pub(crate) struct Deadline {
        end: Instant,
        yields: u32,
    }

    /// How often a pause yields before it sleeps, and how long it sleeps at a time.
    const YIELDS: u32 = 100;
    const SLICE: Duration = Duration::from_micros(50);

    impl Deadline {
        pub(crate) fn after(microseconds: u64) -> Self {
            Self { end: Instant::now() + Duration::from_micros(microseconds), yields: 0 }
        }

        /// Waits for a part of the time that is left; false if there is none. The other threads
        /// get the processor: by a yield at first, which takes no longer than it must, and then by
        /// sleep, as a yield passes by threads of a lower priority.
        pub(crate) fn wait(&mut self) -> bool {
            if Instant::now() >= self.end {
                return false;
            }
            if self.yields < YIELDS {
                self.yields += 1;
                yield_now();
            } else {
                sleep(SLICE);
            }
            true
        }
    }

    /// `len` values of zeroes; the pages of a large slice stay untouched until they are used.
    ///
    /// # Safety
    ///
    /// All bytes zero must be a valid `T`, equal to what the second argument builds (which the
    /// checkers need, as their atomics are more than their bytes).
    pub(crate) unsafe fn zeroed_boxed_slice<T>(len: usize, _zero: impl Fn() -> T) -> Box<[T]> {
        let layout = Layout::array::<T>(len).expect("a slice larger than the address space");
        let data = if layout.size() == 0 {
            NonNull::dangling()
        } else {
            // SAFETY: the size is not zero.
            let memory = unsafe { alloc::alloc_zeroed(layout) };
            NonNull::new(memory.cast()).unwrap_or_else(|| alloc::handle_alloc_error(layout))
        };
        let slice = ptr::slice_from_raw_parts_mut(data.as_ptr(), len);
        // SAFETY: allocated by the global allocator with the slice's layout (or of size zero and
        // aligned), and all zero, which is a valid `T` as the caller guarantees.
        unsafe { Box::from_raw(slice) }
    }

    /// A small number for the calling thread, its own as long as the process runs: 0 for the first
    /// thread that asks, then 1...
    #[inline]
    pub(crate) fn thread_index() -> usize {
        const UNKNOWN: usize = usize::MAX;
        // Const and without a destructor: no lazy initialisation, and usable from the destructors
        // of other thread locals.
        thread_local!(static INDEX: Cell<usize> = const { Cell::new(UNKNOWN) });

        #[cold]
        fn assign(index: &Cell<usize>) -> usize {
            static NEXT: AtomicUsize = AtomicUsize::new(0);
            // Relaxed: only that it is unique matters.
            index.set(NEXT.fetch_add(1, Ordering::Relaxed));
            index.get()
        }

        INDEX.with(|index| if index.get() == UNKNOWN { assign(index) } else { index.get() })
    }
}

#[cfg(all(test, feature = "loom"))]
mod checked {
    // A checker runs a thread that waits for another only when told that it waits.
    pub(crate) use super::checker::{
        cell::UnsafeCell,
        sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering},
        thread::yield_now as spin_loop,
    };

    /// The end of a pause, in looks at it: a checker has no clock.
    pub(crate) struct Deadline(u64);

    impl Deadline {
        pub(crate) fn after(looks: u64) -> Self {
            Self(looks)
        }

        pub(crate) fn wait(&mut self) -> bool {
            if self.0 == 0 {
                return false;
            }
            self.0 -= 1;
            spin_loop();
            true
        }
    }

    /// `len` values of zeroes, built one by one.
    ///
    /// # Safety
    ///
    /// None here; as its native twin.
    pub(crate) unsafe fn zeroed_boxed_slice<T>(len: usize, zero: impl Fn() -> T) -> Box<[T]> {
        (0..len).map(|_| zero()).collect()
    }

    /// loom's number of the calling thread: 0 for the model's main thread, then in the order of
    /// spawning, so the same in every execution.
    pub(crate) fn thread_index() -> usize {
        // loom shows the number in its Debug form (`ThreadId(1)`) alone.
        let id = format!("{:?}", super::checker::thread::current().id());
        let digits = id.trim_matches(|c: char| !c.is_ascii_digit());
        digits.parse().expect("loom's thread ids are numbered")
    }
}

#[cfg(all(test, not(feature = "loom")))]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn zeroed_slices_are_zero_and_of_their_length() {
        for len in [0, 1, 1000] {
            // SAFETY: an atomic has the representation of its value.
            let slice = unsafe { zeroed_boxed_slice(len, || AtomicU64::new(0)) };
            assert_eq!(slice.len(), len);
            assert!(slice.iter().all(|word| word.load(Ordering::Relaxed) == 0));
        }
        let null = || AtomicPtr::<u8>::new(std::ptr::null_mut());
        // SAFETY: as above.
        let pointers = unsafe { zeroed_boxed_slice(3, null) };
        assert!(pointers.iter().all(|pointer| pointer.load(Ordering::Relaxed).is_null()));
    }

    #[test]
    fn a_deadline_is_in_microseconds() {
        let (start, mut deadline) = (Instant::now(), Deadline::after(2_000));
        while deadline.wait() {}
        let waited = start.elapsed();
        assert!((Duration::from_millis(2)..Duration::from_secs(1)).contains(&waited), "{waited:?}");
    }

    #[test]
    fn a_thread_keeps_its_index_and_shares_it_with_no_other() {
        let spawned: Vec<_> =
            (0..4).map(|_| std::thread::spawn(|| [thread_index(), thread_index()])).collect();
        let mut indices = vec![thread_index()];
        for thread in spawned {
            let [first, second] = thread.join().unwrap();
            assert_eq!(first, second);
            indices.push(first);
        }
        indices.sort_unstable();
        indices.dedup();
        assert_eq!(indices.len(), 5);
    }
}
