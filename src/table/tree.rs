//! The radix trees of the gap: nodes of 32 links, and how a number's bits lead through them.
//!
//! A number is always whole: each level looks at its own bits of it. A tree's height is in its type
//! (`Node<Node<Chunk>>`), so no node carries a level and no root ever has to grow. How chunks and
//! nodes are born and die is in [`link`](crate::table::link).

use crate::sync::epoch::{Atomic, Guard, Owned};
use crate::table::chunk::{Chunk, Entered, Tell, Visited};
use crate::table::full_bits::Parent;
use crate::table::link::{At, Entry, Link, NodeHeader, Search, Tree, follow, tear_down};
use crate::table::number::Number;
use crate::table::occupancy::{FAN, FAN_BITS, Occupancy};

/// A node above children of type `C`.
pub(crate) struct Node<C> {
    header: NodeHeader,
    children: [Atomic<C>; FAN],
}

impl Tree for Chunk {
    const BITS: u32 = FAN_BITS;

    fn around(number: Number) -> Self {
        Self::with_claim(number.slot())
    }

    fn occupancy(&self) -> &Occupancy {
        &self.claims
    }

    fn is_dead(&self) -> bool {
        self.claims.is_dead()
    }

    fn kill(&self) -> bool {
        self.claims.kill()
    }

    fn chunk<'g>(&'g self, _number: Number, _guard: &'g Guard) -> Option<&'g Chunk> {
        Some(self)
    }

    fn next_chunk<'g>(&'g self, from: Number, _guard: &'g Guard) -> Option<(Number, &'g Chunk)> {
        Some((from, self))
    }

    fn claim_in(&self, search: Search, at: At<'_>) -> Visited<Option<Number>> {
        let start = search.from.chunk_start();
        let (from, len) = (search.from.slot(), (search.to.0 - start.0) as usize);
        let tell = || at.parent.note_if_full(&self.claims);
        let slot = self.claims.claim_lowest(from, len, search.reading, tell)?;
        Ok(slot.map(|slot| start.plus(slot)))
    }

    fn enter(&self, entry: &mut Entry<'_>, at: At<'_>) -> Visited<bool> {
        let (slot, made) = (entry.number.slot(), entry.made);
        (entry.f)(Entered { chunk: self, slot, made, parent: at.parent })
    }

    fn tell_parent(&self, _number: Number, at: At<'_>, tell: Tell) {
        tell(at.parent, &self.claims);
    }

    fn reclaim(&self, _number: Number, _at: At<'_>) -> bool {
        true
    }

    fn tear_down(&self) {}
}

impl<C: Tree> Node<C> {
    /// Which child a number is in.
    fn child_of(number: Number) -> usize {
        (number.0 >> C::BITS) as usize % FAN
    }

    /// The first number of child `i`, in the node that spans `number`.
    fn start_of(number: Number, i: usize) -> Number {
        Number(number.0 >> Self::BITS << Self::BITS | (i as u32) << C::BITS)
    }

    fn link<'a>(&'a self, i: usize, parent: &'a Parent<'a>) -> Link<'a, C> {
        Link::new(&self.header, i, &self.children[i], Some(parent))
    }

    fn link_to<'a>(&'a self, number: Number, parent: &'a Parent<'a>) -> Link<'a, C> {
        self.link(Self::child_of(number), parent)
    }
}

impl<C: Tree> Tree for Node<C> {
    const BITS: u32 = C::BITS + FAN_BITS;

    fn around(number: Number) -> Self {
        let mut children = std::array::from_fn(|_| Atomic::null());
        children[Self::child_of(number)] = Owned::new(C::around(number)).into();
        Self { header: NodeHeader::with_children(1), children }
    }

    fn occupancy(&self) -> &Occupancy {
        &self.header.full
    }

    fn is_dead(&self) -> bool {
        self.header.is_dead()
    }

    fn kill(&self) -> bool {
        self.header.kill()
    }

    fn chunk<'g>(&'g self, number: Number, guard: &'g Guard) -> Option<&'g Chunk> {
        follow(&self.children[Self::child_of(number)], guard)?.chunk(number, guard)
    }

    fn next_chunk<'g>(&'g self, from: Number, guard: &'g Guard) -> Option<(Number, &'g Chunk)> {
        (Self::child_of(from)..FAN).find_map(|i| {
            let child = follow(&self.children[i], guard)?;
            child.next_chunk(from.max(Self::start_of(from, i)), guard)
        })
    }

    fn claim_in(&self, search: Search, at: At<'_>) -> Visited<Option<Number>> {
        let (mut from, mut i) = (search.from, Self::child_of(search.from));
        while let Some(free) = self.header.full.read(search.reading).first_clear(i) {
            from = from.max(Self::start_of(from, free));
            if from >= search.to {
                return Ok(None);
            }
            let link = self.link(free, at.parent);
            let claimed = link.claim_in(Search { from, ..search }, at.visit)?;
            if claimed.is_some() {
                return Ok(claimed);
            }
            i = free + 1;
        }
        at.parent.note_if_full(&self.header.full);
        Ok(None)
    }

    fn enter(&self, entry: &mut Entry<'_>, at: At<'_>) -> Visited<bool> {
        self.link_to(entry.number, at.parent).enter(entry, at.visit)
    }

    fn tell_parent(&self, number: Number, at: At<'_>, tell: Tell) {
        self.link_to(number, at.parent).tell_parent(number, at.visit, tell);
    }

    fn reclaim(&self, number: Number, at: At<'_>) -> bool {
        self.link_to(number, at.parent).reclaim(number, at.visit)
    }

    fn tear_down(&self) {
        self.children.iter().for_each(tear_down);
    }
}
