//! The blocks of the open file table: handed out once, found again when they are free, in buckets
//! that grow.

use std::sync::Arc;

use super::{
    Bound::{Exhaustive, Preemptions},
    support::{File, Flag, NONE, both, check, three, undropped, used},
};
use crate::{
    error::Error,
    file::{file_ref::FileRef, free_list::FreeLists, open_file_table::OpenFileTable},
    sync::AtomicU32,
    table::{backoff::Permit, lookup::acquire, slot::Slot},
};

/// Free lists over blocks that are nothing but their links.
struct Blocks {
    free: FreeLists,
    links: [AtomicU32; 3],
}

impl Blocks {
    /// With the blocks 2, 1 and 0 pushed in this order, on the stack of the model's main thread.
    fn new() -> Arc<Self> {
        let blocks =
            Self { free: FreeLists::new(), links: std::array::from_fn(|_| AtomicU32::new(0)) };
        (0..3).rev().for_each(|index| blocks.push(index));
        Arc::new(blocks)
    }

    fn push(&self, index: u32) {
        self.free.push(index, |index| &self.links[index as usize]);
    }

    fn pop(&self) -> Option<u32> {
        self.free.pop(false, |index| &self.links[index as usize])
    }

    /// Each block is either among those popped or still there, once.
    fn finish(&self, popped: &[Option<u32>]) {
        let left = std::iter::from_fn(|| self.pop());
        let mut all: Vec<_> = popped.iter().copied().flatten().chain(left).collect();
        all.sort_unstable();
        assert_eq!(all, [0, 1, 2], "popped: {popped:?}");
    }
}

#[test]
fn pop_against_pop() {
    check("pop || pop", Exhaustive, || {
        let blocks = Blocks::new();
        let (one, two) = both(&blocks, Blocks::pop, Blocks::pop);
        assert!(one.is_some() && two.is_some());
        blocks.finish(&[one, two]);
    });
}

/// The first block is popped and pushed back over another first: the other thread's reading of its
/// link is stale.
#[test]
fn pop_against_a_block_that_comes_back() {
    check("pop || pop, pop, push (ABA)", Exhaustive, || {
        let blocks = Blocks::new();
        let (one, two) = both(&blocks, Blocks::pop, |blocks| {
            let (first, second) = (blocks.pop(), blocks.pop());
            first.into_iter().for_each(|index| blocks.push(index));
            second
        });
        blocks.finish(&[one, two]);
    });
}

/// Threads 0 and 2 have the same stack.
#[test]
fn push_against_push() {
    check("pop, push || pop, push || pop", Preemptions(3), || {
        let blocks = Blocks::new();
        let again = |blocks: &Blocks| blocks.push(blocks.pop().unwrap());
        let (popped, (), ()) = three(&blocks, Blocks::pop, again, again);
        blocks.finish(&[popped]);
    });
}

struct Slots {
    files: OpenFileTable<File>,
    slot: Slot,
    freed: Flag,
}

fn slots(files: OpenFileTable<File>) -> Arc<Slots> {
    let (slot, freed) = (Slot::empty(), Flag::new());
    Arc::new(Slots { files, slot, freed })
}

fn create(files: &OpenFileTable<File>, value: u32) -> Result<FileRef<'_, File>, Error> {
    let index = files.slab.create(File::new(value))?;
    Ok(FileRef::adopt(&files.slab, index))
}

fn create_and_use(files: &OpenFileTable<File>, value: u32) -> Result<u32, Error> {
    create(files, value).map(used)
}

/// Both indices are in a bucket that is not there yet.
#[test]
fn growth_against_growth() {
    check("create || create in one fresh bucket", Exhaustive, || {
        let files = Arc::new(OpenFileTable::new());
        let first = files.insert(File::new(0)).unwrap();
        let add = |value| {
            move |files: &OpenFileTable<File>| {
                let file = files.insert(File::new(value)).unwrap();
                assert_eq!(file.value(), value);
                file
            }
        };
        let (one, two) = both(&files, add(1), add(2));
        assert!(one.id() != two.id() && one.id() != first.id() && two.id() != first.id());
        assert_eq!((one.value(), two.value()), (1, 2));
    });
}

/// The thread that finds the bucket of another one passes it on to a third.
#[test]
fn growth_passed_on() {
    check("create || create, open || get", Preemptions(3), || {
        let slots = slots(OpenFileTable::new());
        let first = slots.files.insert(File::new(0)).unwrap();
        let ((), created, got) = three(
            &slots,
            |s| {
                let file = create(&s.files, 1).unwrap();
                s.slot.open(&Permit::unasked(), file.into_index(), NONE);
            },
            |s| create_and_use(&s.files, 2),
            |s| acquire(&s.files.slab, &s.slot).ok().map(|(_, file)| used(file)),
        );
        assert_eq!(created, Ok(2));
        assert!(matches!(got, None | Some(1)), "{got:?}");
        drop(first);
        close(&slots);
    });
}

fn close(slots: &Slots) -> Option<u32> {
    let word = slots.slot.clear(&Permit::unasked())?;
    Some(used(FileRef::adopt(&slots.files.slab, word.index().unwrap())))
}

/// A block comes through a free list from another thread: its bucket, and the end of the life
/// before.
#[test]
fn recycled_by_another_thread() {
    check("create, drop || create", Exhaustive, || {
        let files = Arc::new(OpenFileTable::new());
        let create = |value| move |files: &OpenFileTable<File>| create_and_use(files, value);
        let both = both(&files, create(1), create(2));
        assert_eq!(both, (Ok(1), Ok(2)));
        assert_eq!(undropped(), 0);
    });
}

/// The popping thread's CAS fails, and what it failed on is a block of a bucket that it has never
/// seen.
#[test]
fn recycled_while_another_is_popped() {
    check("create, create, drop, drop || create", Exhaustive, || {
        let files = Arc::new(OpenFileTable::new());
        create_and_use(&files, 0).unwrap();
        let ((), created) = both(
            &files,
            |files| assert_eq!(create_and_use(files, 1), Ok(1)),
            |files| {
                let one = create(files, 2).unwrap();
                let two = create(files, 3).unwrap();
                assert_eq!((used(one), used(two)), (2, 3));
            },
        );
        created
    });
}

/// Two threads want one block.
#[test]
fn one_block_for_two() {
    check("create || create, one block", Exhaustive, || {
        let files = Arc::new(OpenFileTable::with_limit(1));
        let keep = |files: &OpenFileTable<File>| files.insert(File::new(1)).map_err(|r| r.error);
        let (one, two) = both(&files, keep, keep);
        let full = Some(Error::FileTableOverflow);
        assert!(one.is_ok() != two.is_ok(), "one of them");
        assert_eq!(one.as_ref().err().or(two.as_ref().err()).copied(), full);
        drop((one, two));
        assert_eq!(create_and_use(&files, 2), Ok(2));
    });
}

/// A block that was given back earlier in real time is found, also by a thread that is not ordered
/// after that.
#[test]
fn freed_block_is_found() {
    check("drop, tell || see, create, one block", Exhaustive, || {
        let slots = slots(OpenFileTable::with_limit(1));
        let file = slots.files.insert(File::new(1)).unwrap();
        let (created, ()) = both(
            &slots,
            |s| s.freed.is_up().then(|| create_and_use(&s.files, 2)),
            |s| {
                drop(file);
                s.freed.raise();
            },
        );
        assert!(matches!(created, None | Some(Ok(2))), "{created:?}");
    });
}
