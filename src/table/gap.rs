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
//! A chunk is linked with its first claim set, a node with its first child. Who empties one makes
//! it dead by CAS, from a word that says both empty and unmarked, then unlinks it and hands it to
//! the epoch; who meets a dead one helps unlink it and starts again. A guard is held while a link
//! is followed and what it shows is used: what was unlinked is freed when all guards of that time
//! are gone.

use crate::sync::{
    Ordering,
    epoch::{self, Atomic, Guard, Owned, Shared},
};

use super::{
    chunk::{Chunk, Found, Search},
    occupancy::{Above, FAN, FAN_BITS, Occupancy, State},
    slot::{Slot, SlotWord},
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
    roots: Occupancy,
    class15: Atomic<Node15>,
    class20: Atomic<Node20>,
    class25: Atomic<Node25>,
    class30: Atomic<Node30>,
    /// Numbers of the full 31 bits: their highest bit is known, so five nodes do.
    class31: Atomic<Node30>,
}

/// A node above children of type `C`.
struct Node<C> {
    /// Which children are full, and how many there are.
    full: Occupancy,
    children: [Atomic<C>; FAN],
}

/// Where a child hangs: the link, and the place that holds it.
struct Link<'a, C> {
    child: &'a Atomic<C>,
    above: Above<'a>,
}

/// The class of a number: its bit length in steps of five.
fn class_of(number: u32) -> usize {
    ((number.ilog2() - 2 * FAN_BITS) / FAN_BITS) as usize
}

/// The first number past a class.
fn class_end(class: usize) -> u32 {
    if class + 1 == CLASSES {
        NUMBERS
    } else {
        GAP_START << ((class + 1) as u32 * FAN_BITS)
    }
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
        Self {
            roots: Occupancy::empty(),
            class15: Atomic::null(),
            class20: Atomic::null(),
            class25: Atomic::null(),
            class30: Atomic::null(),
            class31: Atomic::null(),
        }
    }

    fn root<'a, C>(&'a self, class: usize, child: &'a Atomic<C>) -> Link<'a, C> {
        Link {
            child,
            above: Above {
                word: &self.roots,
                child: class,
                above: None,
            },
        }
    }

    /// Runs `f` on the slot of `number`, if its chunk is there.
    #[inline]
    pub(crate) fn with_slot<R>(&self, number: u32, f: impl FnOnce(&Slot) -> R) -> Option<R> {
        let guard = epoch::pin();
        let chunk = on_root!(self, class_of(number), |root| root.chunk(number, &guard))?;
        Some(f(chunk.slot(number)))
    }

    pub(crate) fn claim_lowest(&self, search: Search) -> Found {
        let guard = epoch::pin();
        let mut from = search.from;
        while from < search.to {
            let class = class_of(from);
            let part = Search {
                from,
                to: search.to.min(class_end(class)),
                ..search
            };
            match on_root!(self, class, |root| root.claim_lowest(part, &guard)) {
                Found::Full => from = class_end(class),
                found => return found,
            }
        }
        Found::Full
    }

    pub(crate) fn release(&self, number: u32) {
        let guard = epoch::pin();
        let emptied = on_root!(self, class_of(number), |root| root.release(number, &guard));
        drop(guard);
        if emptied {
            give_memory_back();
        }
    }

    /// The first chunk that has numbers at or above `from`, and the first of those numbers.
    pub(crate) fn next_chunk<'g>(
        &self,
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

    /// Opens, for a table that nobody else sees yet, what is open in `words`, of which `first` is
    /// one.
    pub(crate) fn plant(&self, first: u32, words: &[SlotWord; FAN]) {
        let guard = epoch::pin();
        on_root!(self, class_of(first), |root| root
            .plant(first, words, &guard));
    }
}

/// What was retired last stays with the epoch until something moves it on; twice does, unless
/// another thread holds a guard.
#[cold]
fn give_memory_back() {
    epoch::pin().flush();
    epoch::pin().flush();
}

impl Drop for Gap {
    fn drop(&mut self) {
        for class in 0..CLASSES {
            on_root!(self, class, |root| tear_down(root.child));
        }
    }
}

/// A chunk, or a node with all that hangs below it. A number is always whole: each level looks at
/// its own bits of it.
trait Tree: Sized + 'static {
    /// log2 of the numbers it spans.
    const BITS: u32;
    /// A tree in which only `number` is claimed.
    fn with_claim(number: u32) -> Self;
    /// The word that says what is taken in it.
    fn taken(&self) -> &Occupancy;
    /// Whether there is nothing left in it that would keep it.
    fn is_empty(state: State) -> bool;
    fn chunk<'g>(&'g self, number: u32, guard: &'g Guard) -> Option<&'g Chunk>;
    fn next_chunk<'g>(&'g self, from: u32, guard: &'g Guard) -> Option<(u32, &'g Chunk)>;
    fn claim_lowest(&self, search: Search, above: &Above<'_>, guard: &Guard) -> Found;
    /// Gives a claim back; true if that may have left the tree empty.
    fn release(&self, number: u32, above: &Above<'_>, guard: &Guard) -> bool;
    fn plant(&self, first: u32, words: &[SlotWord; FAN], above: &Above<'_>, guard: &Guard);
    /// Frees what hangs below, which nobody else sees.
    fn tear_down(&self);
}

impl Tree for Chunk {
    const BITS: u32 = FAN_BITS;

    fn with_claim(number: u32) -> Self {
        Self::with_claim(number)
    }
    fn taken(&self) -> &Occupancy {
        &self.claims
    }
    fn is_empty(state: State) -> bool {
        state.has_no_claims()
    }
    fn chunk<'g>(&'g self, _number: u32, _guard: &'g Guard) -> Option<&'g Chunk> {
        Some(self)
    }
    fn next_chunk<'g>(&'g self, from: u32, _guard: &'g Guard) -> Option<(u32, &'g Chunk)> {
        Some((from, self))
    }
    fn claim_lowest(&self, search: Search, above: &Above<'_>, _guard: &Guard) -> Found {
        self.claim_lowest(search, above)
    }
    fn release(&self, number: u32, above: &Above<'_>, _guard: &Guard) -> bool {
        self.release(number, above)
    }
    fn plant(&self, _first: u32, words: &[SlotWord; FAN], above: &Above<'_>, _guard: &Guard) {
        self.plant(words, above);
    }
    fn tear_down(&self) {}
}

impl<C: Tree> Node<C> {
    /// Which child a number is in.
    fn place(number: u32) -> usize {
        (number >> C::BITS) as usize % FAN
    }

    /// The first number of child `i`, in the node that spans `number`.
    fn start_of(number: u32, i: usize) -> u32 {
        number >> Self::BITS << Self::BITS | (i as u32) << C::BITS
    }

    fn link<'a>(&'a self, i: usize, above: Option<&'a Above<'a>>) -> Link<'a, C> {
        Link {
            child: &self.children[i],
            above: Above {
                word: &self.full,
                child: i,
                above,
            },
        }
    }
}

impl<C: Tree> Tree for Node<C> {
    const BITS: u32 = C::BITS + FAN_BITS;

    fn with_claim(number: u32) -> Self {
        let child = |i| {
            if i == Self::place(number) {
                Owned::new(C::with_claim(number)).into()
            } else {
                Atomic::null()
            }
        };
        Self {
            full: Occupancy::with_child(),
            children: std::array::from_fn(child),
        }
    }

    fn taken(&self) -> &Occupancy {
        &self.full
    }

    fn is_empty(state: State) -> bool {
        state.has_no_children()
    }

    fn chunk<'g>(&'g self, number: u32, guard: &'g Guard) -> Option<&'g Chunk> {
        follow(&self.children[Self::place(number)], guard)?.chunk(number, guard)
    }

    fn next_chunk<'g>(&'g self, from: u32, guard: &'g Guard) -> Option<(u32, &'g Chunk)> {
        (Self::place(from)..FAN).find_map(|i| {
            let child = follow(&self.children[i], guard)?;
            child.next_chunk(from.max(Self::start_of(from, i)), guard)
        })
    }

    fn claim_lowest(&self, search: Search, above: &Above<'_>, guard: &Guard) -> Found {
        let mut from = search.from;
        let mut i = Self::place(from);
        while let Some(free) = self.full.read(search.reading).first_clear(i, FAN) {
            from = from.max(Self::start_of(from, free));
            if from >= search.to {
                return Found::Full;
            }
            match self
                .link(free, Some(above))
                .claim_lowest(Search { from, ..search }, guard)
            {
                Found::Full => i = free + 1,
                found => return found,
            }
        }
        above.note_if_full(&self.full);
        Found::Full
    }

    fn release(&self, number: u32, above: &Above<'_>, guard: &Guard) -> bool {
        self.link(Self::place(number), Some(above))
            .release(number, guard)
    }

    fn plant(&self, first: u32, words: &[SlotWord; FAN], above: &Above<'_>, guard: &Guard) {
        self.link(Self::place(first), Some(above))
            .plant(first, words, guard);
    }

    fn tear_down(&self) {
        self.children.iter().for_each(tear_down);
    }
}

impl<C: Tree> Link<'_, C> {
    fn chunk<'g>(&self, number: u32, guard: &'g Guard) -> Option<&'g Chunk> {
        follow(self.child, guard)?.chunk(number, guard)
    }

    fn next_chunk<'g>(&self, from: u32, guard: &'g Guard) -> Option<(u32, &'g Chunk)> {
        follow(self.child, guard)?.next_chunk(from, guard)
    }

    /// Claims the lowest free number of the search in the child, which `search.from` is in. A
    /// missing child is free.
    fn claim_lowest(&self, search: Search, guard: &Guard) -> Found {
        loop {
            let found = match follow(self.child, guard) {
                Some(child) => child.claim_lowest(search, &self.above, guard),
                None if !self.above.word.add_child() => return Found::Dead,
                None if self.insert(search.from, guard) => return Found::Claimed(search.from),
                None => continue,
            };
            if found != Found::Dead {
                return found;
            }
            self.unlink_dead(guard);
        }
    }

    /// Links a child, which was counted in, with `number` claimed; false if another thread was
    /// first.
    #[cold]
    fn insert(&self, number: u32, guard: &Guard) -> bool {
        let tree = Owned::new(C::with_claim(number));
        // Release: publishes the tree's words; pairs with the Acquire in `follow`.
        let inserted = self.child.compare_exchange(
            Shared::null(),
            tree,
            Ordering::Release,
            Ordering::Relaxed,
            guard,
        );
        if let Err(lost) = &inserted {
            lost.new.tear_down();
            self.above.word.remove_child();
        }
        inserted.is_ok()
    }

    fn release(&self, number: u32, guard: &Guard) -> bool {
        // The claim keeps the tree linked.
        let Some(child) = follow(self.child, guard) else {
            return false;
        };
        child.release(number, &self.above, guard) && self.reap(child, guard)
    }

    /// Kills and unlinks an empty child; true if that may have left the place above empty.
    #[cold]
    fn reap(&self, child: &C, guard: &Guard) -> bool {
        loop {
            // Acquire: pairs with the Release of `remove_child`.
            let state = child.taken().load(Ordering::Acquire);
            if state.is_dead() || !C::is_empty(state) {
                return false;
            }
            if state.is_marked() {
                // A dead place must leave no bit above it, nor one that can still be set.
                self.above.freed(child.taken());
            } else if child.taken().kill(state) {
                self.unlink_dead(guard);
                return self.above.word.load(Ordering::Relaxed).has_no_children();
            }
        }
    }

    /// Unlinks the child if it is dead; who does, retires it.
    #[cold]
    fn unlink_dead(&self, guard: &Guard) {
        let child = self.child.load(Ordering::Acquire, guard);
        // SAFETY: I5 - as in `follow`.
        let dead = unsafe { child.as_ref() }
            .is_some_and(|tree| tree.taken().load(Ordering::Relaxed).is_dead());
        if !dead {
            return;
        }
        // Relaxed: null publishes nothing.
        let unlinked = self.child.compare_exchange(
            child,
            Shared::null(),
            Ordering::Relaxed,
            Ordering::Relaxed,
            guard,
        );
        if unlinked.is_ok() {
            self.above.word.remove_child();
            // SAFETY: I5 - this thread alone unlinked it, nothing links to it any more, and being
            // dead it links to nothing.
            unsafe { guard.defer_destroy(child) };
        }
    }

    fn plant(&self, first: u32, words: &[SlotWord; FAN], guard: &Guard) {
        if follow(self.child, guard).is_none() {
            self.above.word.add_child();
            self.insert(first, guard);
        }
        if let Some(child) = follow(self.child, guard) {
            child.plant(first, words, &self.above, guard);
        }
    }
}

/// Follows a link.
#[inline]
fn follow<'g, C>(link: &Atomic<C>, guard: &'g Guard) -> Option<&'g C> {
    // Acquire: sees the words of what was linked; pairs with the Release in `Link::insert`.
    let child = link.load(Ordering::Acquire, guard);
    // SAFETY: I5 - what a link shows is freed only after it was unlinked and every guard that may
    // have seen it is gone.
    unsafe { child.as_ref() }
}

/// Frees a tree that nobody else sees.
fn tear_down<C: Tree>(link: &Atomic<C>) {
    // SAFETY: I5 - nobody else sees the tree.
    let guard = unsafe { epoch::unprotected() };
    // Relaxed: as above.
    let child = link.load(Ordering::Relaxed, guard);
    if !child.is_null() {
        // SAFETY: I5 - as above; and what is linked was not retired.
        let tree = unsafe { child.into_owned() };
        tree.tear_down();
    }
}
