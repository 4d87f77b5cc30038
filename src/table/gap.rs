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

use std::cell::Cell;

use crate::sync::epoch::{Atomic, Guard, pin};
use crate::sync::{AtomicU64, Ordering};
use crate::table::chunk::{Chunk, OnEntered, Tell, Visited};
use crate::table::link::{Entry, Link, NodeHeader, Search, Tree, Visit};
use crate::table::number::{LOW_END, NUMBERS, Number};
use crate::table::occupancy::{Dead, FAN_BITS, Released};
use crate::table::spare::{Emptied, Spare};
use crate::table::tree::Node;

type Node10 = Node<Chunk>;
type Node15 = Node<Node10>;
type Node20 = Node<Node15>;
type Node25 = Node<Node20>;
type Node30 = Node<Node25>;

const CLASSES: usize = 5;

/// The tier.
pub(crate) struct Gap {
    /// The parent of all roots; it never dies.
    roots: NodeHeader,
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
fn class_of(number: Number) -> usize {
    debug_assert!(number < Number::END);
    ((number.0.ilog2() - 2 * FAN_BITS) / FAN_BITS) as usize
}

/// The first number past a class.
fn class_end(class: usize) -> Number {
    Number(match class + 1 {
        CLASSES => NUMBERS,
        next => LOW_END << (next as u32 * FAN_BITS),
    })
}

/// Runs `$body` with `$link` on the root of a class, whatever its type.
macro_rules! on_root {
    ($gap:expr, $class:expr, |$link:ident| $body:expr) => {{
        let gap = $gap;
        match $class {
            0 => gap.root(0, &gap.class15, |$link| $body),
            1 => gap.root(1, &gap.class20, |$link| $body),
            2 => gap.root(2, &gap.class25, |$link| $body),
            3 => gap.root(3, &gap.class30, |$link| $body),
            _ => gap.root(4, &gap.class31, |$link| $body),
        }
    }};
}

impl Gap {
    pub(crate) fn new() -> Self {
        // The first guard of a process registers what a fork has to do, under a lock of the C
        // library: here, before another thread can have the table and wait for it.
        drop(pin());
        Self {
            roots: NodeHeader::with_children(0),
            class15: Atomic::null(),
            class20: Atomic::null(),
            class25: Atomic::null(),
            class30: Atomic::null(),
            class31: Atomic::null(),
            deaths: AtomicU64::new(0),
            spare: Spare::none(),
        }
    }

    #[inline(always)]
    fn root<'a, C, R>(
        &'a self,
        class: usize,
        root: &'a Atomic<C>,
        f: impl FnOnce(Link<'a, C>) -> R,
    ) -> R {
        f(Link::new(&self.roots, class, root, None))
    }

    /// How many deaths of chunks and nodes were counted, each before it was unlinked.
    pub(crate) fn deaths(&self) -> u64 {
        // Acquire: a copy that finds a chunk missing sees its death; pairs with the Release in
        // `Visit::count_death`.
        self.deaths.load(Ordering::Acquire)
    }

    /// Runs `f` under a guard on the chunk of `number` and its slot, if the chunk is there.
    #[inline(never)]
    pub(crate) fn with_chunk<R>(
        &self,
        number: Number,
        f: impl FnOnce(&Chunk, usize) -> Option<R>,
    ) -> Option<R> {
        // Otherwise it would be taken for a number of the last class.
        if number >= Number::END {
            return None;
        }
        let guard = pin();
        let found = on_root!(self, class_of(number), |root| root
            .follow(&guard)
            .and_then(|tree| tree.chunk(number, &guard)));
        f(found?, number.slot())
    }

    /// Runs `f` under a guard on the chunk of `number`. A missing chunk is made.
    pub(crate) fn enter(&self, number: Number, f: &mut OnEntered<'_>) -> Visited<bool> {
        let mut entry = Entry { number, made: false, f };
        self.visit(|visit| on_root!(self, class_of(number), |root| root.enter(&mut entry, visit)))
    }

    /// Claims the lowest free number of the search; `None` if none was free during the whole call.
    pub(crate) fn claim_in(&self, search: Search, visit: &Visit<'_>) -> Option<Number> {
        let mut from = search.from;
        while from < search.to {
            let class = class_of(from);
            let part = Search { from, to: search.to.min(class_end(class)), ..search };
            match on_root!(self, class, |root| root.claim_in(part, visit)) {
                Ok(None) => from = class_end(class),
                Ok(claimed) => return claimed,
                // The roots never die.
                Err(Dead) => {}
            }
        }
        None
    }

    /// What has to follow the release of a number.
    pub(crate) fn after_release(&self, number: Number, released: Released) {
        if released.was_marked() {
            self.tell_parent(number, |parent, child| parent.note_freed(child));
        }
        if released.left_empty() {
            self.reclaim_unless_spare(number.chunk_start());
        }
    }

    /// Tells the parent of the chunk of `number`, if that is there.
    #[cold]
    pub(crate) fn tell_parent(&self, number: Number, tell: Tell) {
        self.visit(|visit| {
            on_root!(self, class_of(number), |root| root.tell_parent(number, visit, tell));
        });
    }

    fn reclaim_unless_spare(&self, chunk: Number) {
        if let Emptied::Goes(spare) = self.spare.emptied(chunk) {
            self.reclaim(chunk);
            spare.into_iter().for_each(|chunk| self.reclaim(chunk));
        }
    }

    /// Reclaims the chunk of `number`, if it is there and empty, and the nodes that this empties.
    #[cold]
    fn reclaim(&self, number: Number) {
        self.visit(|visit| {
            on_root!(self, class_of(number), |root| root.reclaim(number, visit));
        });
    }

    /// Runs `f` under a guard, and then gives back what memory it has retired.
    #[inline]
    pub(crate) fn visit<R>(&self, f: impl FnOnce(&Visit<'_>) -> R) -> R {
        let guard = pin();
        let visit = Visit { guard: &guard, deaths: &self.deaths, retired: Cell::new(false) };
        let result = f(&visit);
        if visit.retired.get() {
            drop(guard);
            self.give_memory_back();
        }
        result
    }

    /// Retired memory stays in this thread's bag. One flush hands it to the collector; a second
    /// usually frees it, and is made when the gap is empty, as no later call may flush it.
    #[cold]
    fn give_memory_back(&self) {
        pin().flush();
        if self.roots.is_empty() {
            pin().flush();
        }
    }

    /// The first chunk that has numbers at or above `from`, and the first of those numbers.
    pub(crate) fn next_chunk<'g>(
        &'g self,
        mut from: Number,
        guard: &'g Guard,
    ) -> Option<(Number, &'g Chunk)> {
        while from < Number::END {
            let class = class_of(from);
            let chunk = on_root!(self, class, |root| root
                .follow(guard)
                .and_then(|tree| tree.next_chunk(from, guard)));
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
        let gap = &*self;
        for class in 0..CLASSES {
            on_root!(gap, class, |root| root.tear_down());
        }
    }
}

#[cfg(all(test, not(feature = "loom")))]
mod tests {
    use super::*;
    use crate::table::full_bits::tests::filled_in_every_way;
    use crate::table::link::follow;

    #[test]
    fn full_chunks_show_in_the_nodes_above() {
        filled_in_every_way(1024..2048, |t| {
            let guard = pin();
            let node = follow(&t.tiers.gap.class15, &guard).unwrap();
            assert!(node.occupancy().load(Ordering::Relaxed).has(1));
        });
    }
}
