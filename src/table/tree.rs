//! The radix trees of the gap: how their chunks and nodes are found, born and reclaimed.
//!
//! A chunk is linked with its first claim set, a node with its first child: a missing path is built
//! aside and linked by one CAS. Who leaves one empty makes it dead by CAS, from a word that says
//! so, unlinks it, and hands it to the epoch; who meets a dead one unlinks it likewise and starts
//! again. What is dead has no bit above it that says full, nor one that can still be set, so what
//! comes after it in its place starts clean. A guard is held while a link is followed and what it
//! shows is used: what was unlinked is freed when all guards of that time are gone.

use std::cell::Cell;

use crate::sync::{
    AtomicU32, AtomicU64, Ordering,
    epoch::{self, Atomic, Guard, Owned, Shared},
};

use super::{
    chunk::{Chunk, Found, Search},
    occupancy::{Above, FAN, FAN_BITS, Occupancy},
};

/// In `Place::children`: nothing will be linked here any more.
const DEAD: u32 = 1 << 31;

/// What holds links: a node, or the roots.
pub(crate) struct Place {
    /// Which children are full.
    full: Occupancy,
    /// How many children are linked, or are about to be; DEAD when there are none and will be none.
    children: AtomicU32,
}

/// A node above children of type `C`.
pub(crate) struct Node<C> {
    place: Place,
    children: [Atomic<C>; FAN],
}

/// Where a child hangs: the link, and the place that holds it.
pub(crate) struct Link<'a, C> {
    child: &'a Atomic<C>,
    place: &'a Place,
    above: Above<'a>,
}

/// A walk down a tree that may change it.
pub(crate) struct Visit<'a> {
    pub(crate) guard: &'a Guard,
    /// Raised before a dead chunk or node is unlinked.
    pub(crate) deaths: &'a AtomicU64,
    /// Whether something was retired on the way.
    pub(crate) retired: Cell<bool>,
}

/// What is done about a chunk's word and the places above it.
pub(crate) type OnPath<'f> = &'f mut dyn FnMut(&Occupancy, &Above<'_>);

/// A chunk, or a node with all that hangs below it. A number is always whole: each level looks at
/// its own bits of it.
pub(crate) trait Tree: Sized + 'static {
    /// log2 of the numbers it spans.
    const BITS: u32;
    /// A tree around a chunk in which only `number` is claimed.
    fn around(number: u32) -> Self;
    /// The word that says what is taken in it.
    fn taken(&self) -> &Occupancy;
    fn is_dead(&self) -> bool;
    /// Makes it dead if it is empty; false if it is not, or is dead already.
    fn kill(&self) -> bool;
    fn chunk<'g>(&'g self, number: u32, guard: &'g Guard) -> Option<&'g Chunk>;
    fn next_chunk<'g>(&'g self, from: u32, guard: &'g Guard) -> Option<(u32, &'g Chunk)>;
    fn claim_lowest(&self, search: Search, above: &Above<'_>, visit: &Visit<'_>) -> Found;
    /// Reclaims what is empty on the way to `number`; true if the tree is too, for all that is
    /// known.
    fn reclaim(&self, number: u32, above: &Above<'_>, visit: &Visit<'_>) -> bool;
    /// Calls `f` with what is taken in the chunk of `number`, if it is there, and what is above it.
    fn with_path(&self, number: u32, above: &Above<'_>, guard: &Guard, f: OnPath<'_>);
    /// Frees what hangs below, which nobody else sees.
    fn tear_down(&self);
}

impl Tree for Chunk {
    const BITS: u32 = FAN_BITS;

    fn around(number: u32) -> Self {
        Self::with_claim(number)
    }
    fn taken(&self) -> &Occupancy {
        &self.claims
    }
    fn is_dead(&self) -> bool {
        self.claims.is_dead()
    }
    fn kill(&self) -> bool {
        self.claims.kill()
    }
    fn chunk<'g>(&'g self, _number: u32, _guard: &'g Guard) -> Option<&'g Chunk> {
        Some(self)
    }
    fn next_chunk<'g>(&'g self, from: u32, _guard: &'g Guard) -> Option<(u32, &'g Chunk)> {
        Some((from, self))
    }
    fn claim_lowest(&self, search: Search, above: &Above<'_>, _visit: &Visit<'_>) -> Found {
        self.claim_lowest(search, above)
    }
    fn reclaim(&self, _number: u32, _above: &Above<'_>, _visit: &Visit<'_>) -> bool {
        true
    }
    fn with_path(&self, _number: u32, above: &Above<'_>, _guard: &Guard, f: OnPath<'_>) {
        f(&self.claims, above);
    }
    fn tear_down(&self) {}
}

impl Place {
    pub(crate) fn empty() -> Self {
        Self::with_children(0)
    }

    fn with_children(children: u32) -> Self {
        Self { full: Occupancy::empty(), children: AtomicU32::new(children) }
    }

    /// Whether no child is linked; an instant's answer.
    pub(crate) fn is_empty(&self) -> bool {
        // Relaxed: nothing is concluded from it that would have to be true later.
        self.children.load(Ordering::Relaxed) == 0
    }

    /// Counts a child in before it is linked; false if the place is dead.
    fn add_child(&self) -> bool {
        let add = |children| (children != DEAD).then(|| children + 1);
        // Relaxed: the count alone decides.
        self.children.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add).is_ok()
    }

    /// Counts a child out after it was unlinked, or was not linked; true if it was the last one.
    fn remove_child(&self) -> bool {
        // Release: the link is null before the place may die; pairs with the Acquire in `kill`.
        // Acquire: who was the last sees all links null, also if it goes on here; pairs with the
        // Release of the others.
        self.children.fetch_sub(1, Ordering::AcqRel) == 1
    }

    fn kill(&self) -> bool {
        // Acquire: sees the links null and the children's deaths; pairs with the Release in
        // `remove_child`.
        self.children.compare_exchange(0, DEAD, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    fn is_dead(&self) -> bool {
        // Acquire: as in `kill`, from which nothing but RMWs separates it.
        self.children.load(Ordering::Acquire) == DEAD
    }
}

impl Visit<'_> {
    /// Counts a death, which the caller has seen, before it unlinks what is dead.
    fn count_death(&self) {
        // Release: who sees the count sees the death; pairs with the Acquire in `Gap::deaths`.
        self.deaths.fetch_add(1, Ordering::Release);
    }
}

impl<C: Tree> Node<C> {
    /// Which child a number is in.
    fn place_of(number: u32) -> usize {
        (number >> C::BITS) as usize % FAN
    }

    /// The first number of child `i`, in the node that spans `number`.
    fn start_of(number: u32, i: usize) -> u32 {
        number >> Self::BITS << Self::BITS | (i as u32) << C::BITS
    }

    fn link<'a>(&'a self, i: usize, above: Option<&'a Above<'a>>) -> Link<'a, C> {
        Link::new(&self.place, i, &self.children[i], above)
    }
}

impl<C: Tree> Tree for Node<C> {
    const BITS: u32 = C::BITS + FAN_BITS;

    fn around(number: u32) -> Self {
        let mut children = std::array::from_fn(|_| Atomic::null());
        children[Self::place_of(number)] = Owned::new(C::around(number)).into();
        Self { place: Place::with_children(1), children }
    }

    fn taken(&self) -> &Occupancy {
        &self.place.full
    }

    fn is_dead(&self) -> bool {
        self.place.is_dead()
    }

    fn kill(&self) -> bool {
        self.place.kill()
    }

    fn chunk<'g>(&'g self, number: u32, guard: &'g Guard) -> Option<&'g Chunk> {
        follow(&self.children[Self::place_of(number)], guard)?.chunk(number, guard)
    }

    fn next_chunk<'g>(&'g self, from: u32, guard: &'g Guard) -> Option<(u32, &'g Chunk)> {
        (Self::place_of(from)..FAN).find_map(|i| {
            let child = follow(&self.children[i], guard)?;
            child.next_chunk(from.max(Self::start_of(from, i)), guard)
        })
    }

    fn claim_lowest(&self, search: Search, above: &Above<'_>, visit: &Visit<'_>) -> Found {
        let mut from = search.from;
        let mut i = Self::place_of(from);
        while let Some(free) = self.place.full.read(search.reading).first_clear(i, FAN) {
            from = from.max(Self::start_of(from, free));
            if from >= search.to {
                return Found::Full;
            }
            match self.link(free, Some(above)).claim_lowest(Search { from, ..search }, visit) {
                Found::Full => i = free + 1,
                found => return found,
            }
        }
        above.note_if_full(&self.place.full);
        Found::Full
    }

    fn reclaim(&self, number: u32, above: &Above<'_>, visit: &Visit<'_>) -> bool {
        self.link(Self::place_of(number), Some(above)).reclaim(number, visit)
    }

    fn with_path(&self, number: u32, above: &Above<'_>, guard: &Guard, f: OnPath<'_>) {
        self.link(Self::place_of(number), Some(above)).with_path(number, guard, f);
    }

    fn tear_down(&self) {
        self.children.iter().for_each(tear_down);
    }
}

impl<'a, C> Link<'a, C> {
    pub(crate) fn new(
        place: &'a Place,
        i: usize,
        child: &'a Atomic<C>,
        above: Option<&'a Above<'a>>,
    ) -> Self {
        Self { child, place, above: Above { word: &place.full, child: i, above } }
    }
}

impl<'a, C: Tree> Link<'a, C> {
    pub(crate) fn chunk(&self, number: u32, guard: &'a Guard) -> Option<&'a Chunk> {
        follow(self.child, guard)?.chunk(number, guard)
    }

    pub(crate) fn next_chunk(&self, from: u32, guard: &'a Guard) -> Option<(u32, &'a Chunk)> {
        follow(self.child, guard)?.next_chunk(from, guard)
    }

    /// Claims the lowest free number of the search in the child, which `search.from` is in. A
    /// missing child is free.
    pub(crate) fn claim_lowest(&self, search: Search, visit: &Visit<'_>) -> Found {
        loop {
            let found = match follow(self.child, visit.guard) {
                Some(child) => child.claim_lowest(search, &self.above, visit),
                None if !self.place.add_child() => return Found::Dead,
                None if self.insert(search.from, visit) => {
                    return Found::Claimed(search.from);
                }
                None => continue,
            };
            if found != Found::Dead {
                return found;
            }
            self.unlink_dead(visit);
        }
    }

    /// Links a child in which `number` is claimed, and which was counted in; false if another
    /// thread was first, and the child is counted out.
    #[cold]
    fn insert(&self, number: u32, visit: &Visit<'_>) -> bool {
        let (none, tree) = (Shared::null(), Owned::new(C::around(number)));
        // Release: publishes the tree's words; pairs with the Acquire in `follow`.
        let (success, failure) = (Ordering::Release, Ordering::Relaxed);
        let inserted = self.child.compare_exchange(none, tree, success, failure, visit.guard);
        if let Err(lost) = &inserted {
            lost.new.tear_down();
            // That may have been the last one, if the winner's child has gone already; but the
            // caller tries again and counts another in.
            self.place.remove_child();
        }
        inserted.is_ok()
    }

    /// Reclaims the chunk of `number`, if it is there and empty; true if that has left the place
    /// empty.
    pub(crate) fn reclaim(&self, number: u32, visit: &Visit<'_>) -> bool {
        let Some(child) = follow(self.child, visit.guard) else { return false };
        child.reclaim(number, &self.above, visit) && child.kill() && self.unlink_dead(visit)
    }

    /// Calls `f` with what is taken in the chunk of `number`, if it is there, and what is above it.
    pub(crate) fn with_path(&self, number: u32, guard: &Guard, f: OnPath<'_>) {
        if let Some(child) = follow(self.child, guard) {
            child.with_path(number, &self.above, guard, f);
        }
    }

    /// Unlinks the child if it is dead, and retires it; true if that has left the place empty.
    #[cold]
    fn unlink_dead(&self, visit: &Visit<'_>) -> bool {
        let child = self.child.load(Ordering::Acquire, visit.guard);
        // SAFETY: I5 - as in `follow`.
        let Some(tree) = (unsafe { child.as_ref() }).filter(|tree| tree.is_dead()) else {
            return false;
        };
        self.above.freed(tree.taken());
        visit.count_death();
        // Release: who finds the link null sees the death counted; pairs with the Acquire in
        // `follow`.
        let (none, success, failure) = (Shared::null(), Ordering::Release, Ordering::Relaxed);
        if self.child.compare_exchange(child, none, success, failure, visit.guard).is_err() {
            return false;
        }
        visit.retired.set(true);
        // SAFETY: I5 - this thread alone unlinked it, nothing links to it any more, and being dead
        // it links to nothing.
        unsafe { visit.guard.defer_destroy(child) };
        self.place.remove_child()
    }

    pub(crate) fn tear_down(&self) {
        tear_down(self.child);
    }
}

/// Follows a link.
#[inline]
fn follow<'g, C>(link: &'g Atomic<C>, guard: &'g Guard) -> Option<&'g C> {
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
