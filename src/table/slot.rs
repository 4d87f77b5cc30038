//! One slot: what a number refers to, in a single atomic word.

use crate::flags::FdFlags;
use crate::sync::{AtomicU64, Ordering};
use crate::table::backoff::Permit;

/// Index + 1 of the description (0: empty) in bits 0..32.
const INDEX: u64 = 0xffff_ffff;
/// The descriptor's flags in bits 32..40.
const FLAGS_SHIFT: u32 = 32;
/// A sequence in bits 40..64, raised by every change of the slot, so that a word does not come back
/// (but for a multiple of 2^24 changes).
const SEQUENCE_ONE: u64 = 1 << 40;
const SEQUENCE: u64 = !(SEQUENCE_ONE - 1);

/// The word of a slot, as read at one instant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct SlotWord(u64);

/// A slot of a chunk. An open one owns one reference to its description.
///
/// Written by: the owner of the number's claim, from empty to open; any thread, by CAS, from open
/// to open or to empty; each for a call that has a [`Permit`]. Read by: any thread.
pub(crate) struct Slot(AtomicU64);

impl SlotWord {
    /// An empty slot that never was anything else.
    pub(crate) const EMPTY: Self = Self(0);

    /// The description, if the slot is open.
    #[inline]
    pub(crate) fn index(self) -> Option<u32> {
        ((self.0 & INDEX) as u32).checked_sub(1)
    }

    #[inline]
    pub(crate) fn flags(self) -> FdFlags {
        FdFlags::from_bits_retain((self.0 >> FLAGS_SHIFT) as u8)
    }

    /// Whether the slot is open, with at least these flags.
    #[inline]
    pub(crate) fn is_open_with(self, flags: FdFlags) -> bool {
        self.index().is_some() && self.flags().contains(flags)
    }

    /// The word after this one in which the slot is open on `index`.
    #[inline]
    pub(crate) fn opened(self, index: u32, flags: FdFlags) -> Self {
        Self(self.next_sequence() | u64::from(flags.bits()) << FLAGS_SHIFT | u64::from(index + 1))
    }

    #[inline]
    fn cleared(self) -> Self {
        Self(self.next_sequence())
    }

    fn with_flags(self, flags: FdFlags) -> Self {
        Self(self.next_sequence() | u64::from(flags.bits()) << FLAGS_SHIFT | self.0 & INDEX)
    }

    #[inline]
    fn next_sequence(self) -> u64 {
        (self.0 & SEQUENCE).wrapping_add(SEQUENCE_ONE)
    }
}

impl Slot {
    pub(crate) fn empty() -> Self {
        Self(AtomicU64::new(SlotWord::EMPTY.0))
    }

    /// Sets the word, in a table that no other thread sees yet.
    pub(crate) fn init(&self, word: SlotWord) {
        // Relaxed: published with the table.
        self.0.store(word.0, Ordering::Relaxed);
    }

    #[inline]
    pub(crate) fn load(&self) -> SlotWord {
        // Acquire: sees the bucket of the description's block; pairs with the Release of `open` and
        // `change`. For a copy of the table it also keeps this reading before the later ones
        // (`table::copy`).
        SlotWord(self.0.load(Ordering::Acquire))
    }

    /// Whether the slot holds `word` still, for a reader that has counted itself in the block that
    /// `word` shows.
    #[inline]
    pub(crate) fn still_holds(&self, word: SlotWord) -> bool {
        // Acquire: a word that has come back after 2^24 changes may mean another life, whose file
        // the reader is about to see; pairs with the Release of `open` and `change`.
        self.0.load(Ordering::Acquire) == word.0
    }

    /// Opens an empty slot; for the owner of the number's claim.
    #[inline]
    pub(crate) fn open(&self, _: &Permit, index: u32, flags: FdFlags) {
        // Relaxed: only the owner of the claim changes an empty slot, and the claim's Acquire has
        // shown us the last change.
        let word = SlotWord(self.0.load(Ordering::Relaxed));
        debug_assert_eq!(word.index(), None);
        // Release: passes on the bucket of the block; pairs with the Acquire of `load`.
        self.0.store(word.opened(index, flags).0, Ordering::Release);
    }

    /// Empties an open slot; the reference that the returned word stood for is the caller's. `None`
    /// for an empty slot.
    #[inline]
    pub(crate) fn clear(&self, permit: &Permit) -> Option<SlotWord> {
        self.clear_with(permit, FdFlags::empty())
    }

    /// [`clear`](Self::clear), if the slot is open with at least these flags.
    #[inline]
    pub(crate) fn clear_with(&self, permit: &Permit, flags: FdFlags) -> Option<SlotWord> {
        let mut word = self.load();
        while word.is_open_with(flags) {
            match self.clear_if(permit, word) {
                Ok(()) => return Some(word),
                Err(now) => word = now,
            }
        }
        None
    }

    /// Opens an open slot on another description; the reference that the returned word stood for is
    /// the caller's. `None` for an empty slot.
    #[inline]
    pub(crate) fn replace(&self, permit: &Permit, index: u32, flags: FdFlags) -> Option<SlotWord> {
        let mut word = self.load();
        loop {
            word.index()?;
            match self.replace_if(permit, word, index, flags) {
                Ok(()) => return Some(word),
                Err(now) => word = now,
            }
        }
    }

    /// Changes the flags of an open slot to what `flags` makes of them; the word before, or `None`
    /// for an empty slot.
    pub(crate) fn update_flags(
        &self,
        permit: &Permit,
        flags: impl Fn(FdFlags) -> FdFlags,
    ) -> Option<SlotWord> {
        let mut word = self.load();
        loop {
            word.index()?;
            match self.set_flags_if(permit, word, flags(word.flags())) {
                Ok(()) => return Some(word),
                Err(now) => word = now,
            }
        }
    }

    /// Empties the slot if it holds `word`, which must be open; otherwise says what it holds.
    #[inline]
    pub(crate) fn clear_if(&self, permit: &Permit, word: SlotWord) -> Result<(), SlotWord> {
        self.change(permit, word, word.cleared())
    }

    /// Opens the slot on `index` if it holds `word`, which must be open; otherwise says what it
    /// holds.
    #[inline]
    pub(crate) fn replace_if(
        &self,
        permit: &Permit,
        word: SlotWord,
        index: u32,
        flags: FdFlags,
    ) -> Result<(), SlotWord> {
        self.change(permit, word, word.opened(index, flags))
    }

    /// Sets the flags if the slot holds `word`, which must be open; otherwise says what it holds.
    pub(crate) fn set_flags_if(
        &self,
        permit: &Permit,
        word: SlotWord,
        flags: FdFlags,
    ) -> Result<(), SlotWord> {
        self.change(permit, word, word.with_flags(flags))
    }

    #[inline]
    fn change(&self, _: &Permit, from: SlotWord, to: SlotWord) -> Result<(), SlotWord> {
        // Release: passes on the bucket of the block; pairs with the Acquire of `load`. Acquire: as
        // `still_holds`. Relaxed on failure: the word found is only what the next try expects.
        let changed = self.0.compare_exchange(from.0, to.0, Ordering::AcqRel, Ordering::Relaxed);
        changed.map(drop).map_err(SlotWord)
    }
}

#[cfg(all(test, feature = "loom", not(feature = "shuttle")))]
impl Slot {
    /// Opens an empty slot, as the last of 2^24 changes does.
    pub(crate) fn open_as(&self, word: SlotWord) {
        self.change(&Permit::unasked(), self.load(), word).expect("nobody else changes it");
    }
}

#[cfg(all(test, not(feature = "loom")))]
mod tests {
    use super::*;

    /// After how many changes a word comes back.
    fn period(change: impl Fn(SlotWord) -> SlotWord) -> u64 {
        let first = change(SlotWord::EMPTY);
        let later = std::iter::successors(Some(change(first)), |word| Some(change(*word)));
        1 + later.take_while(|word| *word != first).count() as u64
    }

    #[test]
    fn a_word_comes_back_after_2_to_the_24_changes() {
        let flags = FdFlags::USER_1;
        assert_eq!(period(SlotWord::cleared), 1 << 24);
        assert_eq!(period(|word| word.opened(7, flags)), 1 << 24);
        assert_eq!(period(|word| word.with_flags(flags)), 1 << 24);
    }

    /// An index plus one has 31 bits, the flags have 8.
    #[test]
    fn a_word_holds_any_index_and_any_flags() {
        for (index, flags) in (0..31).map(|bit| ((1 << bit) - 1, FdFlags::from_bits_retain(bit))) {
            let opened = SlotWord::EMPTY.cleared().opened(index, flags);
            assert_eq!((opened.index(), opened.flags()), (Some(index), flags));
            let marked = opened.with_flags(!flags);
            assert_eq!((marked.index(), marked.flags()), (Some(index), !flags));
        }
    }
}
