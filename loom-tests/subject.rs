//! The file of a history, watched by loom.

use super::{call::Tag, watched};

pub(crate) struct File(watched::File);

// SAFETY: read by every thread, and written by the one that drops it, alone; loom reports anything
// else.
unsafe impl Sync for File {}

impl File {
    pub(crate) fn new(tag: Tag) -> Self {
        Self(watched::File::new(tag.into()))
    }

    pub(crate) fn tag(&self) -> Tag {
        Tag::try_from(self.0.value()).expect("a file of a history")
    }
}
