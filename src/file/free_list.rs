//! The free blocks of the slab: a few stacks of indices, so that threads do not meet on one cache
//! line.
//!
//! Each is a Treiber stack whose links lie in the blocks themselves; that a block never changes its
//! type makes reading a stale link harmless, and a tag in the head, raised by every push, makes
//! acting on one impossible (but for 2^32 pushes in between).

use crate::sync::{AtomicU32, AtomicU64, Ordering, thread_index};

const STACKS: usize = if cfg!(all(test, feature = "loom")) { 2 } else { 16 };

/// Free blocks by thread: a thread that frees a block finds it again, in its cache; one that finds
/// none looks at the others' before the slab grows.
pub(crate) struct FreeLists {
    stacks: [Stack; STACKS],
}

/// Written by: `push` and `pop`, by CAS on the whole word.
#[repr(align(128))]
struct Stack(AtomicU64);

/// The head of a stack: the index of its first block plus one (0: empty) | tag.
#[derive(Clone, Copy)]
struct Head(u64);

impl Head {
    fn first(self) -> Option<u32> {
        (self.0 as u32).checked_sub(1)
    }

    /// The link to the same block, as it is kept in `next_free`.
    fn link(self) -> u32 {
        self.0 as u32
    }

    fn pushed(self, index: u32) -> Self {
        let tag = (self.0 >> 32).wrapping_add(1);
        Self(tag << 32 | u64::from(index + 1))
    }

    fn popped(self, next: u32) -> Self {
        Self(self.0 & !u64::from(u32::MAX) | u64::from(next))
    }
}

impl FreeLists {
    pub(crate) fn new() -> Self {
        Self { stacks: std::array::from_fn(|_| Stack(AtomicU64::new(0))) }
    }

    /// Gives a block back. `link` finds the `next_free` of a block.
    pub(crate) fn push<'a>(&self, index: u32, link: impl Fn(u32) -> &'a AtomicU32) {
        let Stack(stack) = &self.stacks[thread_index() % STACKS];
        let mut head = Head(stack.load(Ordering::Relaxed));
        loop {
            // Relaxed: published by the CAS below.
            link(index).store(head.link(), Ordering::Relaxed);
            // Release: publishes the link, and the end of the block's last life; pairs with the
            // Acquire in `pop_from`.
            match stack.compare_exchange_weak(
                head.0,
                head.pushed(index).0,
                Ordering::Release,
                Ordering::Relaxed,
            ) {
                Ok(_) => return,
                Err(now) => head = Head(now),
            }
        }
    }

    /// Takes a block, of this thread's stack if it has one. With `confirm`, `None` says that an RMW
    /// has found each stack empty.
    pub(crate) fn pop<'a>(
        &self,
        confirm: bool,
        link: impl Fn(u32) -> &'a AtomicU32,
    ) -> Option<u32> {
        let home = thread_index() % STACKS;
        let elsewhere = || {
            (1..STACKS).find_map(|i| pop_from(&self.stacks[(home + i) % STACKS], confirm, &link))
        };
        pop_from(&self.stacks[home], confirm, &link).or_else(elsewhere)
    }
}

fn pop_from<'a>(
    Stack(stack): &Stack,
    confirm: bool,
    link: impl Fn(u32) -> &'a AtomicU32,
) -> Option<u32> {
    // Acquire: sees the link and the end of the block's last life; pairs with the Release in
    // `push`.
    let read =
        if confirm { stack.fetch_or(0, Ordering::Acquire) } else { stack.load(Ordering::Acquire) };
    let mut head = Head(read);
    loop {
        let index = head.first()?;
        // Relaxed: garbage if the block has been popped meanwhile, but then the CAS fails.
        let next = link(index).load(Ordering::Relaxed);
        // Relaxed on success: `head` was read with Acquire and has not changed since. Acquire on
        // failure: as the first reading.
        match stack.compare_exchange_weak(
            head.0,
            head.popped(next).0,
            Ordering::Relaxed,
            Ordering::Acquire,
        ) {
            Ok(_) => return Some(index),
            Err(now) => head = Head(now),
        }
    }
}

#[cfg(all(test, not(feature = "loom")))]
mod tests {
    use super::*;

    /// A head comes back after 2^32 pushes: each bit of the tag carries into the next one.
    #[test]
    fn the_tag_has_32_bits() {
        let tag = |tag: u64| Head(tag << 32).pushed(7).popped(0).0 >> 32;
        for bit in 0..32 {
            assert_eq!(tag((1 << bit) - 1), 1 << bit);
        }
        assert_eq!(tag(u64::from(u32::MAX)), 0);
    }

    /// An index plus one has 31 bits.
    #[test]
    fn a_head_holds_any_index() {
        for index in (0..31).map(|bit| (1 << bit) - 1) {
            let head = Head(u64::MAX).pushed(index);
            assert_eq!(
                (head.first(), head.popped(head.link()).first()),
                (Some(index), Some(index))
            );
        }
    }
}
