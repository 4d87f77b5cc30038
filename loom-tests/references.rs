//! One slot and the descriptions: a reader adds its count, then validates, while the slot is
//! cleared, changed and opened again, and the block comes back as another file.

use std::sync::Arc;

use super::{
    Bound::{Exhaustive, Preemptions},
    support::{File, NONE, both, check, three, undropped, used},
};
use crate::{
    file::{file_ref::FileRef, open_file_table::OpenFileTable, owned_file_ref::OwnedFileRef},
    table::{backoff::Permit, lookup::acquire, slot::Slot},
};

struct Slots {
    files: OpenFileTable<File>,
    slots: [Slot; 2],
}

impl Slots {
    /// Two slots, the first open on a file if there is a value for it.
    fn new(value: Option<u32>) -> Arc<Self> {
        let slots = Self { files: OpenFileTable::new(), slots: [Slot::empty(), Slot::empty()] };
        if let Some(value) = value {
            slots.open(0, value);
        }
        Arc::new(slots)
    }

    fn create(&self, value: u32) -> FileRef<'_, File> {
        let index = self.files.slab.create(File::new(value)).ok().unwrap();
        FileRef::adopt(&self.files.slab, index)
    }

    fn open(&self, slot: usize, value: u32) {
        let permit = Permit::unasked();
        self.slots[slot].open(&permit, self.create(value).into_index(), NONE);
    }

    fn get(&self, slot: usize) -> Option<u32> {
        let (_, file) = acquire(&self.files.slab, &self.slots[slot]).ok()?;
        Some(used(file))
    }

    fn close(&self, slot: usize) -> Option<u32> {
        let word = self.slots[slot].clear(&Permit::unasked())?;
        Some(used(FileRef::adopt(&self.files.slab, word.index().unwrap())))
    }

    /// Puts another file in an open slot; the value of the one before.
    fn replace(&self, slot: usize, value: u32) -> Option<u32> {
        let file = self.create(value);
        let permit = Permit::unasked();
        let displaced = self.slots[slot].replace(&permit, file.index(), NONE)?.index()?;
        file.into_index();
        Some(used(FileRef::adopt(&self.files.slab, displaced)))
    }

    /// Closes both slots, after which no file is left.
    fn finish(&self) {
        self.close(0);
        self.close(1);
        assert_eq!(undropped(), 0, "the last reference to go drops the file");
    }
}

#[test]
fn get_against_close() {
    check("get || close", Exhaustive, || {
        let slots = Slots::new(Some(1));
        let (got, closed) = both(&slots, |s| s.get(0), |s| s.close(0));
        assert!(got.is_none_or(|value| value == 1), "{got:?}");
        assert_eq!(closed, Some(1));
        assert_eq!(undropped(), 0, "the last reference to go drops the file");
    });
}

/// As above: it gives up the file that is there now.
#[test]
fn close_of_a_word_that_has_come_back() {
    check("close || close, open in the same block with the same word", Exhaustive, || {
        let slots = Slots::new(Some(1));
        let (closed, ()) = both(
            &slots,
            |s| s.close(0),
            |s| {
                let word = s.slots[0].load();
                let closed = s.close(0);
                let file = s.create(2);
                if closed.is_some() && Some(file.index()) == word.index() {
                    file.into_index();
                    s.slots[0].open_as(word);
                }
            },
        );
        assert!(matches!(closed, None | Some(1 | 2)), "{closed:?}");
        slots.finish();
    });
}

/// One of the two gets the file itself.
#[test]
fn file_of_the_last_reference() {
    check("into_inner || close, into_inner", Exhaustive, || {
        let slots = Slots::new(Some(1));
        let (_, file) = acquire(&slots.files.slab, &slots.slots[0]).ok().unwrap();
        let file = file.into_owned();
        let inner = |file: Option<File>| file.map(|file| file.value());
        let (first, second) = both(
            &slots,
            move |_| inner(file.into_inner()),
            move |s| {
                let index = s.slots[0].clear(&Permit::unasked())?.index()?;
                inner(FileRef::adopt(&s.files.slab, index).into_inner())
            },
        );
        assert!(matches!((first, second), (Some(1), None) | (None, Some(1))));
        slots.open(0, 2);
        assert_eq!(slots.slots[0].load().index(), Some(0), "the block is given back");
        slots.finish();
    });
}

/// The reader finds its word again, as after 2^24 changes of the slot: it gets the file that is
/// there now.
#[test]
fn get_of_a_word_that_has_come_back() {
    check("get || close, open in the same block with the same word", Exhaustive, || {
        let slots = Slots::new(Some(1));
        let (got, ()) = both(
            &slots,
            |s| s.get(0),
            |s| {
                let word = s.slots[0].load();
                assert_eq!(s.close(0), Some(1));
                let file = s.create(2);
                if Some(file.index()) == word.index() {
                    file.into_index();
                    s.slots[0].open_as(word);
                }
            },
        );
        assert!(matches!(got, None | Some(1 | 2)), "{got:?}");
        slots.finish();
    });
}

#[test]
fn two_gets_against_close() {
    check("get || get || close", Preemptions(3), || {
        let slots = Slots::new(Some(1));
        let (one, two, closed) = three(&slots, |s| s.get(0), |s| s.get(0), |s| s.close(0));
        assert!(one.is_none_or(|value| value == 1), "{one:?}");
        assert!(two.is_none_or(|value| value == 1), "{two:?}");
        assert_eq!(closed, Some(1));
        assert_eq!(undropped(), 0, "the last reference to go drops the file");
    });
}

#[test]
fn close_against_close() {
    check("close || close", Exhaustive, || {
        let slots = Slots::new(Some(1));
        let closed = both(&slots, |s| s.close(0), |s| s.close(0));
        assert!(matches!(closed, (Some(1), None) | (None, Some(1))), "{closed:?}");
    });
}

/// The block comes back as another file in the same slot.
#[test]
fn get_against_reuse_of_the_slot() {
    check("get || close, open there", Exhaustive, || {
        let slots = Slots::new(Some(1));
        let (got, ()) = both(
            &slots,
            |s| s.get(0),
            |s| {
                s.close(0);
                s.open(0, 2);
            },
        );
        assert!(matches!(got, None | Some(1 | 2)), "{got:?}");
        slots.finish();
    });
}

/// The block comes back as another file in another slot.
#[test]
fn get_against_reuse_of_the_block() {
    check("get, get || close, open elsewhere", Exhaustive, || {
        let slots = Slots::new(Some(1));
        let (got, ()) = both(
            &slots,
            |s| s.get(0),
            |s| {
                s.close(0);
                s.open(1, 2);
            },
        );
        assert!(matches!(got, None | Some(1)), "{got:?}");
        slots.finish();
    });
}

/// A reader of the first life is the last to drop its count in the second.
#[test]
fn late_reader_of_an_earlier_life() {
    check("get || close, open elsewhere, close", Exhaustive, || {
        let slots = Slots::new(Some(1));
        let (got, closed) = both(
            &slots,
            |s| s.get(0),
            |s| {
                s.close(0);
                s.open(1, 2);
                s.close(1)
            },
        );
        assert!(matches!(got, None | Some(1)), "{got:?}");
        assert_eq!(closed, Some(2));
        assert_eq!(undropped(), 0, "the last reference to go drops the file");
    });
}

#[test]
fn two_gets_against_reuse() {
    check("get || get there || close, open elsewhere", Preemptions(3), || {
        let slots = Slots::new(Some(1));
        let (one, two, ()) = three(
            &slots,
            |s| s.get(0),
            |s| s.get(1),
            |s| {
                s.close(0);
                s.open(1, 2);
            },
        );
        assert!(matches!(one, None | Some(1)), "{one:?}");
        assert!(matches!(two, None | Some(2)), "{two:?}");
        slots.finish();
    });
}

/// The bucket is published, and the life of the block begins, while the slot can be read already:
/// nothing but the slot orders the two.
#[test]
fn get_through_a_fresh_bucket() {
    check("get || open in a fresh bucket", Exhaustive, || {
        let slots = Slots::new(None);
        let (got, ()) = both(&slots, |s| s.get(0), |s| s.open(0, 1));
        assert!(matches!(got, None | Some(1)), "{got:?}");
        slots.finish();
    });
}

#[test]
fn get_of_a_replacement_in_a_fresh_bucket() {
    check("get || replace from a fresh bucket", Exhaustive, || {
        let slots = Slots::new(Some(1));
        let (got, displaced) = both(&slots, |s| s.get(0), |s| s.replace(0, 2));
        assert!(matches!(got, Some(1 | 2)), "{got:?}");
        assert_eq!(displaced, Some(1));
        slots.finish();
    });
}

/// The closer's CAS fails, and what it failed on leads to the fresh bucket.
#[test]
fn close_of_a_replacement_in_a_fresh_bucket() {
    check("close || replace from a fresh bucket", Exhaustive, || {
        let slots = Slots::new(Some(1));
        let (closed, displaced) = both(
            &slots,
            |s| s.close(0),
            |s| {
                let displaced = s.replace(0, 2);
                if displaced.is_none() {
                    assert_eq!(undropped(), 0, "what found no slot is dropped");
                }
                displaced
            },
        );
        assert!(
            matches!((closed, displaced), (Some(1), None) | (Some(2), Some(1))),
            "{closed:?} {displaced:?}"
        );
        slots.finish();
    });
}

#[test]
fn replace_against_replace() {
    check("replace || replace", Exhaustive, || {
        let slots = Slots::new(Some(1));
        let displaced = both(&slots, |s| s.replace(0, 2), |s| s.replace(0, 3));
        assert!(
            matches!(
                (displaced, slots.get(0)),
                ((Some(1), Some(2)), Some(3)) | ((Some(3), Some(1)), Some(2))
            ),
            "{displaced:?}"
        );
        slots.finish();
    });
}

/// A reader adds its count in a life that no slot ever shows: the file is handed back untouched.
#[test]
fn withdrawal_against_a_late_reader() {
    check("get || close, create, withdraw, open", Exhaustive, || {
        let slots = Slots::new(Some(1));
        let (got, value) = both(
            &slots,
            |s| s.get(0),
            |s| {
                s.close(0);
                let file = s.create(2);
                // SAFETY: it was created here, and no slot has held it.
                let value = unsafe { file.withdraw() }.value();
                s.open(1, 3);
                value
            },
        );
        assert!(matches!(got, None | Some(1)), "{got:?}");
        assert_eq!(value, 2);
        slots.finish();
    });
}

/// References that stand for no slot: each is used until it goes, and the last one drops the file.
#[test]
fn owned_references() {
    check("drop || clone, drop", Exhaustive, || {
        let files = OpenFileTable::new();
        let file = Arc::new(files.insert(File::new(1)).unwrap());
        drop(files);
        let ours = (*file).clone();
        let (value, ()) = both(
            &file,
            move |_| {
                let value = ours.value();
                drop(ours);
                value
            },
            |file| {
                let another = file.clone();
                assert_eq!(another.value(), 1);
            },
        );
        assert_eq!((value, undropped()), (1, 1));
        drop(file);
        assert_eq!(undropped(), 0);
    });
}

/// As above, where the last of three is any of them.
#[test]
fn last_of_three_references() {
    check("drop || drop || drop", Exhaustive, || {
        let file = OpenFileTable::new().insert(File::new(1)).unwrap();
        let use_up = |file: OwnedFileRef<File>| {
            let value = file.value();
            drop(file);
            value
        };
        let (one, two) = (file.clone(), file.clone());
        let one = loom::thread::spawn(move || use_up(one));
        let two = loom::thread::spawn(move || use_up(two));
        assert_eq!(use_up(file), 1);
        assert_eq!((one.join().unwrap(), two.join().unwrap()), (1, 1));
        assert_eq!(undropped(), 0);
    });
}
