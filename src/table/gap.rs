//! Every number in neither hot range: radix trees whose chunks and nodes come with the first claim
//! and go with the last.
//!
//! ```text
//! roots     one a size class: the numbers of bit length 11..=15, 16..=20, 21..=25, 26..=30, and 31
//!   |
//! node      32 links, one for each value of five bits of the number, and what is taken below them
//!   |       (two nodes on the way down in the first class, five in the last)
//! chunk     32 numbers
//! ```
//!
//! A tree's height is in its type (`Node<Node<Chunk>>`), so no node carries a level and no root
//! ever has to grow.
//!
//! How chunks and nodes are born and die is in [`tree`](super::tree).

use std::cell::Cell;

use crate::sync::{
    AtomicU64, Ordering,
    epoch::{self, Atomic, Guard},
};

use super::{
    chunk::{Chunk, Found, Search, chunk_start, slot_of},
    occupancy::{Above, FAN_BITS, Occupancy, State},
    spare::{Emptied, Spare},
    tree::{Link, Node, Place, Visit},
};

type Node10 = Node<Chunk>;
type Node15 = Node<Node10>;
type Node20 = Node<Node15>;
type Node25 = Node<Node20>;
type Node30 = Node<Node25>;

/// The first number of the gap: those below are the low range's.
pub(crate) const GAP_START: u32 = 1 << (2 * FAN_BITS);
/// The numbers are 31 bits (7 in the model checker's small table).
pub(crate) const NUMBERS: u32 = 1 << (6 * FAN_BITS + 1);
const CLASSES: usize = 5;

/// The tier.
pub(crate) struct Gap {
    /// The place above the roots; it never dies.
    roots: Place,
    class15: Atomic<Node15>,
    class20: Atomic<Node20>,
    class25: Atomic<Node25>,
    class30: Atomic<Node30>,
    /// Numbers of the full 31 bits: their highest bit is known, so five nodes do.
    class31: Atomic<Node30>,
    /// Raised before a dead chunk or node is unlinked. Read by: copies of the table.
    deaths: AtomicU64,
    spare: Spare,
}

/// The class of a number: its bit length in steps of five.
fn class_of(number: u32) -> usize {
    debug_assert!(number < NUMBERS);
    ((number.ilog2() - 2 * FAN_BITS) / FAN_BITS) as usize
}

/// The first number past a class.
fn class_end(class: usize) -> u32 {
    if class + 1 == CLASSES { NUMBERS } else { GAP_START << ((class + 1) as u32 * FAN_BITS) }
}

/// Runs `$body` with `$link` on the root of a class, whatever its type.
macro_rules! on_root {
    ($gap:expr, $class:expr, |$link:ident| $body:expr) => {
        match $class {
            0 => {
                let $link = $gap.root(0, &$gap.class15);
                $body
            }
            1 => {
                let $link = $gap.root(1, &$gap.class20);
                $body
            }
            2 => {
                let $link = $gap.root(2, &$gap.class25);
                $body
            }
            3 => {
                let $link = $gap.root(3, &$gap.class30);
                $body
            }
            _ => {
                let $link = $gap.root(4, &$gap.class31);
                $body
            }
        }
    };
}

impl Gap {
    pub(crate) fn new() -> Self {
        // The first guard of a process builds the epoch's collector, under a lock: here, before
        // another thread can have the table and wait for it.
        drop(epoch::pin());
        Self {
            roots: Place::empty(),
            class15: Atomic::null(),
            class20: Atomic::null(),
            class25: Atomic::null(),
            class30: Atomic::null(),
            class31: Atomic::null(),
            deaths: AtomicU64::new(0),
            spare: Spare::none(),
        }
    }

    fn root<'a, C>(&'a self, class: usize, child: &'a Atomic<C>) -> Link<'a, C> {
        Link::new(&self.roots, class, child, None)
    }

    /// How many deaths of chunks and nodes were counted, each before it was unlinked.
    pub(crate) fn deaths(&self) -> u64 {
        // Acquire: a copy that finds a chunk missing sees its death; pairs with the Release in
        // `Visit::count_death`.
        self.deaths.load(Ordering::Acquire)
    }

    /// Runs `f` on the chunk of `number`, if it is there.
    #[inline(never)]
    pub(crate) fn with_chunk<R>(
        &self,
        number: u32,
        f: impl FnOnce(&Chunk) -> Option<R>,
    ) -> Option<R> {
        // Else it would be taken for a number of the last class.
        if number >= NUMBERS {
            return None;
        }
        let guard = epoch::pin();
        f(on_root!(self, class_of(number), |root| root.chunk(number, &guard))?)
    }

    pub(crate) fn claim_lowest(&self, search: Search, visit: &Visit<'_>) -> Found {
        let mut from = search.from;
        while from < search.to {
            let class = class_of(from);
            let part = Search { from, to: search.to.min(class_end(class)), ..search };
            match on_root!(self, class, |root| root.claim_lowest(part, visit)) {
                Found::Full => from = class_end(class),
                found => return found,
            }
        }
        Found::Full
    }

    /// What has to follow [`Chunk::release`], which has found the state `before`.
    pub(crate) fn released(&self, number: u32, before: State) {
        if before.is_marked() {
            self.tell_freed(number);
        }
        if before.is_only(slot_of(number)) {
            self.emptied(chunk_start(number));
        }
    }

    fn emptied(&self, chunk: u32) {
        if let Emptied::Goes(spare) = self.spare.emptied(chunk) {
            self.reclaim(chunk);
            spare.into_iter().for_each(|chunk| self.reclaim(chunk));
        }
    }

    /// Reclaims the chunk of `number`, if it is there and empty, and the nodes that this empties.
    #[cold]
    fn reclaim(&self, number: u32) {
        self.changing(|visit| {
            on_root!(self, class_of(number), |root| root.reclaim(number, visit));
        });
    }

    #[cold]
    fn tell_freed(&self, number: u32) {
        self.with_path(number, &mut |chunk, above| above.freed(chunk));
    }

    /// Tells the nodes above the chunk of `number` that it is full, if it is.
    pub(crate) fn note_if_full(&self, number: u32) {
        self.with_path(number, &mut |chunk, above| above.note_if_full(chunk));
    }

    fn with_path(&self, number: u32, f: &mut dyn FnMut(&Occupancy, &Above<'_>)) {
        let guard = epoch::pin();
        on_root!(self, class_of(number), |root| root.with_path(number, &guard, f));
    }

    /// Runs `f` under a guard, and then gives back what memory it has retired.
    #[inline]
    pub(crate) fn changing<R>(&self, f: impl FnOnce(&Visit<'_>) -> R) -> R {
        let guard = epoch::pin();
        let visit = Visit { guard: &guard, deaths: &self.deaths, retired: Cell::new(false) };
        let result = f(&visit);
        if visit.retired.get() {
            drop(guard);
            self.give_memory_back();
        }
        result
    }

    /// What this thread retires stays with it until something moves it on. Once hands it to the
    /// other threads; twice frees it, unless one of them holds a guard, and does when the gap is
    /// empty, as nobody may come by any more.
    #[cold]
    fn give_memory_back(&self) {
        epoch::pin().flush();
        if self.roots.is_empty() {
            epoch::pin().flush();
        }
    }

    /// The first chunk that has numbers at or above `from`, and the first of those numbers.
    pub(crate) fn next_chunk<'g>(
        &'g self,
        mut from: u32,
        guard: &'g Guard,
    ) -> Option<(u32, &'g Chunk)> {
        while from < NUMBERS {
            let class = class_of(from);
            let chunk = on_root!(self, class, |root| root.next_chunk(from, guard));
            if chunk.is_some() {
                return chunk;
            }
            from = class_end(class);
        }
        None
    }
}

impl Drop for Gap {
    fn drop(&mut self) {
        for class in 0..CLASSES {
            on_root!(self, class, |root| root.tear_down());
        }
    }
}
