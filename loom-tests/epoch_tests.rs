//! The checker checked: code that keeps the epoch's contract passes the model of it, and each
//! seeded fault is caught.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed as Ghost},
};

use loom::thread;

use super::{Bound, model};
use crate::sync::{
    Ordering::{self, AcqRel, Acquire, Relaxed, Release},
    UnsafeCell,
    epoch::{Atomic, Guard, Owned, Shared, pin, unprotected},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    FreedAtOnce,
    RetiredBeforeUnlink,
    RetiredTwice,
    ReadWithoutPin,
    PinnedTooLate,
    RelaxedPublish,
    RelaxedRead,
    Leak,
}

impl Fault {
    /// `order`, or Relaxed where this is the fault.
    fn weakens(self, fault: Fault, order: Ordering) -> Ordering {
        if self == fault { Relaxed } else { order }
    }
}

/// A value that loom watches, and that counts its drops.
struct Payload {
    value: UnsafeCell<usize>,
    drops: Arc<AtomicUsize>,
}

impl Payload {
    fn new(value: usize, drops: &Arc<AtomicUsize>) -> Self {
        Self { value: UnsafeCell::new(value), drops: Arc::clone(drops) }
    }

    fn value(&self) -> usize {
        // SAFETY: written when it was built and dropped alone; loom reports a read that is not
        // ordered between the two.
        self.value.with(|value| unsafe { *value })
    }
}

impl Drop for Payload {
    fn drop(&mut self) {
        self.value.with_mut(|_| ());
        self.drops.fetch_add(1, Ghost);
    }
}

/// One pointer, replaced under its readers.
struct Cell {
    current: Atomic<Payload>,
    drops: Arc<AtomicUsize>,
    fault: Fault,
}

impl Cell {
    fn new(fault: Fault) -> Self {
        let drops = Arc::default();
        Self { current: Owned::new(Payload::new(0, &drops)).into(), drops, fault }
    }

    fn read(&self) -> usize {
        let order = self.fault.weakens(Fault::RelaxedRead, Acquire);
        if matches!(self.fault, Fault::ReadWithoutPin | Fault::PinnedTooLate) {
            // SAFETY: none, this is the fault.
            let current = self.current.load(order, unsafe { unprotected() });
            let _guard = (self.fault == Fault::PinnedTooLate).then(pin);
            // SAFETY: none, as above.
            return unsafe { current.deref() }.value();
        }
        let guard = pin();
        // SAFETY: pinned, and what is found is retired after it was replaced.
        unsafe { self.current.load(order, &guard).deref() }.value()
    }

    fn replace(&self, value: usize) {
        let guard = pin();
        let new = Owned::new(Payload::new(value, &self.drops));
        if self.fault == Fault::RetiredBeforeUnlink {
            let old = self.current.load(Acquire, &guard);
            // SAFETY: none, this is the fault. (The guard goes, so that the fault does not hide
            // behind it.)
            unsafe { guard.defer_destroy(old) };
            drop(guard);
            return self.current.store(new, Release);
        }
        let order = self.fault.weakens(Fault::RelaxedPublish, AcqRel);
        let old = self.current.swap(new, order, &guard);
        self.retire(old, &guard);
    }

    fn retire(&self, old: Shared<'_, Payload>, guard: &Guard) {
        let guard = match self.fault {
            Fault::Leak => return,
            // SAFETY: none, this is the fault.
            Fault::FreedAtOnce => unsafe { unprotected() },
            _ => guard,
        };
        // SAFETY: replaced, by this thread alone.
        unsafe { guard.defer_destroy(old) };
        if self.fault == Fault::RetiredTwice {
            // SAFETY: none, this is the fault.
            unsafe { guard.defer_destroy(old) };
        }
    }
}

impl Drop for Cell {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            // SAFETY: `&mut self`.
            let last = self.current.load(Relaxed, unsafe { unprotected() });
            // SAFETY: as above.
            drop(unsafe { last.into_owned() });
        }
    }
}

fn replaced_under_a_reader(name: &'static str, fault: Fault) {
    model(name, Bound::Exhaustive, move || {
        let cell = Arc::new(Cell::new(fault));
        let writer = thread::spawn({
            let cell = Arc::clone(&cell);
            move || {
                cell.replace(1);
                cell.replace(2);
            }
        });
        let (first, second) = (cell.read(), cell.read());
        assert!(first <= second, "{first} then {second}");
        writer.join().unwrap();
        let drops = Arc::clone(&cell.drops);
        assert_eq!(drops.load(Ghost), 2, "destroyed when nobody is pinned any more");
        drop(cell);
        assert_eq!(drops.load(Ghost), 3);
    });
}

#[test]
fn cell() {
    replaced_under_a_reader("epoch: cell", Fault::None);
}

#[test]
#[should_panic(expected = "Causality violation")]
fn cell_freed_at_once() {
    replaced_under_a_reader("epoch: cell, freed at once", Fault::FreedAtOnce);
}

#[test]
#[should_panic(expected = "read after its destruction")]
fn cell_retired_before_unlink() {
    replaced_under_a_reader("epoch: cell, retired before unlink", Fault::RetiredBeforeUnlink);
}

#[test]
#[should_panic(expected = "retired that is not live")]
fn cell_retired_twice() {
    replaced_under_a_reader("epoch: cell, retired twice", Fault::RetiredTwice);
}

#[test]
#[should_panic(expected = "Causality violation")]
fn cell_read_without_pin() {
    replaced_under_a_reader("epoch: cell, read without a pin", Fault::ReadWithoutPin);
}

#[test]
#[should_panic(expected = "read after its destruction")]
fn cell_pinned_too_late() {
    replaced_under_a_reader("epoch: cell, pinned after the load", Fault::PinnedTooLate);
}

#[test]
#[should_panic(expected = "Causality violation")]
fn cell_relaxed_publish() {
    replaced_under_a_reader("epoch: cell, Relaxed publish", Fault::RelaxedPublish);
}

#[test]
#[should_panic(expected = "Causality violation")]
fn cell_relaxed_read() {
    replaced_under_a_reader("epoch: cell, Relaxed read", Fault::RelaxedRead);
}

#[test]
#[should_panic(expected = "destroyed when nobody is pinned")]
fn cell_leak() {
    replaced_under_a_reader("epoch: cell, leak", Fault::Leak);
}

/// Treiber's stack.
struct Stack {
    head: Atomic<Node>,
    drops: Arc<AtomicUsize>,
    fault: Fault,
}

struct Node {
    payload: Payload,
    next: Atomic<Node>,
}

impl Stack {
    fn new(fault: Fault) -> Self {
        Self { head: Atomic::null(), drops: Arc::default(), fault }
    }

    fn push(&self, value: usize) {
        let guard = pin();
        let mut node =
            Owned::new(Node { payload: Payload::new(value, &self.drops), next: Atomic::null() });
        let order = self.fault.weakens(Fault::RelaxedPublish, Release);
        loop {
            let head = self.head.load(Relaxed, &guard);
            node.next.store(head, Relaxed);
            match self.head.compare_exchange(head, node, order, Relaxed, &guard) {
                Ok(_) => return,
                Err(lost) => node = lost.new,
            }
        }
    }

    fn pop(&self) -> Option<usize> {
        let guard = pin();
        loop {
            let head = self.head.load(Acquire, &guard);
            // SAFETY: pinned, and nodes are retired after they are unlinked.
            let node = unsafe { head.as_ref() }?;
            let next = node.next.load(Relaxed, &guard);
            if self.head.compare_exchange(head, next, Relaxed, Relaxed, &guard).is_ok() {
                let value = node.payload.value();
                self.retire(head, &guard);
                return Some(value);
            }
        }
    }

    fn retire(&self, node: Shared<'_, Node>, guard: &Guard) {
        let guard = match self.fault {
            Fault::Leak => return,
            // SAFETY: none, this is the fault.
            Fault::FreedAtOnce => unsafe { unprotected() },
            _ => guard,
        };
        // SAFETY: unlinked, by this thread alone.
        unsafe { guard.defer_destroy(node) };
    }
}

fn stack(name: &'static str, bound: Bound, poppers: usize, fault: Fault) {
    model(name, bound, move || {
        let stack = Arc::new(Stack::new(fault));
        stack.push(1);
        let threads = (0..poppers).map(|_| {
            let stack = Arc::clone(&stack);
            thread::spawn(move || stack.pop().into_iter().sum::<usize>())
        });
        let threads: Vec<_> = threads.collect();
        stack.push(2);
        let popped: usize = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
        let left: usize = std::iter::from_fn(|| stack.pop()).sum();
        assert_eq!(popped + left, 3, "each value once");
    });
}

#[test]
fn stack_two_threads() {
    stack("epoch: stack, push || pop", Bound::Exhaustive, 1, Fault::None);
}

#[test]
fn stack_three_threads() {
    stack("epoch: stack, push || pop || pop", Bound::Preemptions(3), 2, Fault::None);
}

#[test]
#[should_panic(expected = "Causality violation")]
fn stack_relaxed_publish() {
    stack("epoch: stack, Relaxed publish", Bound::Exhaustive, 1, Fault::RelaxedPublish);
}

#[test]
#[should_panic(expected = "Causality violation")]
fn stack_freed_at_once() {
    stack("epoch: stack, freed at once", Bound::Preemptions(3), 2, Fault::FreedAtOnce);
}

#[test]
#[should_panic(expected = "objects leaked")]
fn stack_leak() {
    stack("epoch: stack, leak", Bound::Exhaustive, 1, Fault::Leak);
}

#[test]
fn nested_pins_hold_the_outermost() {
    model("epoch: nested pins", Bound::Exhaustive, || {
        let cell = Arc::new(Cell::new(Fault::None));
        let writer = thread::spawn({
            let cell = Arc::clone(&cell);
            move || cell.replace(1)
        });
        let outer = pin();
        // SAFETY: pinned.
        let found = unsafe { cell.current.load(Acquire, &outer).deref() };
        cell.read();
        found.value();
        drop(outer);
        writer.join().unwrap();
    });
}
