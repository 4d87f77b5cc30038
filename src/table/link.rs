//! A link of the gap's trees: how what hangs on it is born, and how it dies.
//!
//! A chunk is linked with its first claim set, a node with its first child: a missing path is built
//! aside and linked by one CAS. The thread that leaves one empty kills it by CAS, from a word that
//! says so, unlinks it, and hands it to the epoch; a thread that meets a dead one unlinks it
//! likewise and starts again. No bit above a dead chunk or node says full, nor can one still be
//! set, so its successor on the same link starts clean. A guard is held while a link is followed
//! and what it shows is used: what was unlinked is freed when all guards of that time are gone.

use std::cell::Cell;

use crate::sync::epoch::{Atomic, Guard, Owned, Shared, unprotected};
use crate::sync::{AtomicU32, AtomicU64, Ordering};
use crate::table::chunk::{Chunk, OnEntered, Tell, Visited};
use crate::table::full_bits::Parent;
use crate::table::number::Number;
use crate::table::occupancy::{Dead, Occupancy, Reading};

/// In `NodeHeader::count`: nothing will be linked here any more.
const DEAD: u32 = 1 << 31;

/// What is known of the children of a node, or of the roots.
pub(crate) struct NodeHeader {
    /// Which children are full.
    pub(crate) full: Occupancy,
    /// How many children are linked, or are about to be; DEAD when there are none and will be none.
    count: AtomicU32,
}

/// Where a child hangs: the link, and the node or the roots that hold it.
pub(crate) struct Link<'a, C> {
    child: &'a Atomic<C>,
    header: &'a NodeHeader,
    parent: Parent<'a>,
}

/// A visit, and the parent of what it has reached.
#[derive(Clone, Copy)]
pub(crate) struct At<'a> {
    pub(crate) parent: &'a Parent<'a>,
    pub(crate) visit: &'a Visit<'a>,
}

/// A walk down a tree that may change it.
pub(crate) struct Visit<'a> {
    pub(crate) guard: &'a Guard,
    /// Raised before a dead chunk or node is unlinked.
    pub(crate) deaths: &'a AtomicU64,
    /// Whether something was retired on the way.
    pub(crate) retired: Cell<bool>,
}

/// Where to look for the lowest free number: `from <= number < to`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Search {
    pub(crate) from: Number,
    pub(crate) to: Number,
    pub(crate) reading: Reading,
}

/// A number, and what is to be done in its chunk, which is made if it is missing.
pub(crate) struct Entry<'f> {
    pub(crate) number: Number,
    /// The chunk was made on the way, with the number claimed.
    pub(crate) made: bool,
    pub(crate) f: &'f mut OnEntered<'f>,
}

/// What can hang on a link: a chunk, or a node with all that hangs below it.
pub(crate) trait Tree: Sized + 'static {
    /// log2 of the numbers it spans.
    const BITS: u32;
    /// A tree around a chunk in which only `number` is claimed.
    fn around(number: Number) -> Self;
    /// Its header's word: claims, or full children.
    fn occupancy(&self) -> &Occupancy;
    fn is_dead(&self) -> bool;
    /// Makes it dead if it is empty; false if it is not, or is dead already.
    fn kill(&self) -> bool;
    fn chunk<'g>(&'g self, number: Number, guard: &'g Guard) -> Option<&'g Chunk>;
    /// The first chunk that has numbers at or above `from`, and the first of those numbers.
    fn next_chunk<'g>(&'g self, from: Number, guard: &'g Guard) -> Option<(Number, &'g Chunk)>;
    /// Claims the lowest free number of the search; `None` if none was free during the whole call.
    fn claim_in(&self, search: Search, at: At<'_>) -> Visited<Option<Number>>;
    /// Runs `entry.f` on the chunk of its number, unless that is dead.
    fn enter(&self, entry: &mut Entry<'_>, at: At<'_>) -> Visited<bool>;
    /// Tells the parent of the chunk of `number`, if that is there; nothing is made.
    fn tell_parent(&self, number: Number, at: At<'_>, tell: Tell);
    /// Reclaims what is empty on the way to `number`; true if the tree may now be empty.
    fn reclaim(&self, number: Number, at: At<'_>) -> bool;
    /// Frees what hangs below, which no other thread sees.
    fn tear_down(&self);
}

impl NodeHeader {
    pub(crate) fn with_children(children: u32) -> Self {
        Self { full: Occupancy::new(0), count: AtomicU32::new(children) }
    }

    /// Whether no child is linked; an instant's answer.
    pub(crate) fn is_empty(&self) -> bool {
        // Relaxed: a hint.
        self.count.load(Ordering::Relaxed) == 0
    }

    /// Counts a child in before it is linked; false if the node is dead.
    fn add_child(&self) -> bool {
        let add = |children| (children != DEAD).then(|| children + 1);
        // Relaxed: the count alone decides.
        self.count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add).is_ok()
    }

    /// Counts a child out after it was unlinked, or was not linked; true if it was the last one.
    fn remove_child(&self) -> bool {
        // Release: the link is null before the node may die; pairs with the Acquire in `kill`.
        // Acquire: the thread that removes the last child sees all links null, also if it goes on
        // here; pairs with the Release of the others.
        self.count.fetch_sub(1, Ordering::AcqRel) == 1
    }

    pub(crate) fn kill(&self) -> bool {
        // Acquire: sees the links null and the children's deaths; pairs with the Release in
        // `remove_child`.
        self.count.compare_exchange(0, DEAD, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    pub(crate) fn is_dead(&self) -> bool {
        // Acquire: as in `kill`, from which only RMWs separate it.
        self.count.load(Ordering::Acquire) == DEAD
    }
}

impl Visit<'_> {
    /// Counts a death, which the caller has seen, before it unlinks what is dead.
    fn count_death(&self) {
        // Release: a thread that sees the count sees the death; pairs with the Acquire in
        // `Gap::deaths`.
        self.deaths.fetch_add(1, Ordering::Release);
    }
}

impl<'a, C> Link<'a, C> {
    pub(crate) fn new(
        header: &'a NodeHeader,
        i: usize,
        child: &'a Atomic<C>,
        parent: Option<&'a Parent<'a>>,
    ) -> Self {
        Self { child, header, parent: Parent { word: &header.full, child: i, parent } }
    }
}

impl<'a, C: Tree> Link<'a, C> {
    /// The child, if there is one.
    #[inline]
    pub(crate) fn follow<'g>(&self, guard: &'g Guard) -> Option<&'g C>
    where
        'a: 'g,
    {
        follow(self.child, guard)
    }

    /// As [`Tree::claim_in`], in the child, which `search.from` is in. A missing child is free.
    pub(crate) fn claim_in(&self, search: Search, visit: &Visit<'_>) -> Visited<Option<Number>> {
        self.in_child(search.from, visit, |child, made| match made {
            true => Ok(Some(search.from)),
            false => child.claim_in(search, self.at(visit)),
        })
    }

    /// As [`Tree::enter`]. A missing chunk is made, with the number claimed.
    pub(crate) fn enter(&self, entry: &mut Entry<'_>, visit: &Visit<'_>) -> Visited<bool> {
        self.in_child(entry.number, visit, |child, made| {
            entry.made |= made;
            child.enter(entry, self.at(visit))
        })
    }

    /// As [`Tree::tell_parent`].
    pub(crate) fn tell_parent(&self, number: Number, visit: &Visit<'_>, tell: Tell) {
        if let Some(child) = self.follow(visit.guard) {
            child.tell_parent(number, self.at(visit), tell);
        }
    }

    /// Reclaims the chunk of `number`, if it is there and empty; true if that has left the node
    /// empty.
    pub(crate) fn reclaim(&self, number: Number, visit: &Visit<'_>) -> bool {
        let Some(child) = self.follow(visit.guard) else { return false };
        child.reclaim(number, self.at(visit)) && child.kill() && self.unlink_dead(visit)
    }

    fn at<'v>(&'v self, visit: &'v Visit<'v>) -> At<'v> {
        At { parent: &self.parent, visit }
    }

    /// Runs `f` on the child, and again on the next one if it has died. Where there is none, links
    /// a tree around a chunk in which `number` is claimed, which `f` is told.
    #[inline]
    fn in_child<R>(
        &self,
        number: Number,
        visit: &Visit<'_>,
        mut f: impl FnMut(&C, bool) -> Visited<R>,
    ) -> Visited<R> {
        let mut made = false;
        loop {
            match self.follow(visit.guard) {
                Some(child) => match f(child, made) {
                    Err(Dead) => _ = self.unlink_dead(visit),
                    done => return done,
                },
                None if self.header.add_child() => made = self.insert(number, visit),
                None => return Err(Dead),
            }
        }
    }

    /// Links a child in which `number` is claimed, and which was counted in; false if another
    /// thread was first, and the child is counted out.
    #[cold]
    fn insert(&self, number: Number, visit: &Visit<'_>) -> bool {
        let (none, tree) = (Shared::null(), Owned::new(C::around(number)));
        // Release: publishes the tree's words; pairs with the Acquire in `follow`.
        let (success, failure) = (Ordering::Release, Ordering::Relaxed);
        let inserted = self.child.compare_exchange(none, tree, success, failure, visit.guard);
        if let Err(lost) = &inserted {
            lost.new.tear_down();
            // That may have been the last one, if the winner's child has gone already; but the
            // caller tries again and counts another in.
            self.header.remove_child();
        }
        inserted.is_ok()
    }

    /// Unlinks the child if it is dead, and retires it; true if that has left the node empty.
    #[cold]
    fn unlink_dead(&self, visit: &Visit<'_>) -> bool {
        let child = self.child.load(Ordering::Acquire, visit.guard);
        // SAFETY: I5 - as in `follow`.
        let Some(tree) = (unsafe { child.as_ref() }).filter(|tree| tree.is_dead()) else {
            return false;
        };
        self.parent.note_freed(tree.occupancy());
        visit.count_death();
        // Release: a thread that finds the link null sees the death counted; pairs with the Acquire
        // in `follow`.
        let (none, success, failure) = (Shared::null(), Ordering::Release, Ordering::Relaxed);
        if self.child.compare_exchange(child, none, success, failure, visit.guard).is_err() {
            return false;
        }
        visit.retired.set(true);
        // SAFETY: I5 - this thread alone unlinked it, nothing links to it any more, and being dead
        // it links to nothing.
        unsafe { visit.guard.defer_destroy(child) };
        self.header.remove_child()
    }

    /// Frees the child, which no other thread sees.
    pub(crate) fn tear_down(&self) {
        tear_down(self.child);
    }
}

/// Follows a link.
#[inline]
pub(crate) fn follow<'g, C>(link: &'g Atomic<C>, guard: &'g Guard) -> Option<&'g C> {
    // Acquire: sees the words of what was linked; pairs with the Release in `Link::insert`.
    let child = link.load(Ordering::Acquire, guard);
    // SAFETY: I5 - what a link shows is freed only after it was unlinked and every guard that may
    // have seen it is gone.
    unsafe { child.as_ref() }
}

/// Frees a tree that no other thread sees.
pub(crate) fn tear_down<C: Tree>(link: &Atomic<C>) {
    // SAFETY: I5 - no other thread sees the tree.
    let guard = unsafe { unprotected() };
    // Relaxed: as above.
    let child = link.load(Ordering::Relaxed, guard);
    if !child.is_null() {
        // SAFETY: I5 - as above; and what is linked was not retired.
        let tree = unsafe { child.into_owned() };
        tree.tear_down();
    }
}
