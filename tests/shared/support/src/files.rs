//! Files that record their drop, and the tables that hold them.

use std::sync::atomic::{
    AtomicU8, AtomicUsize,
    Ordering::{Relaxed, SeqCst},
};

use fdtable::{FdFlags, FdTable, OpenFileTable, Placement, RawFd};

use crate::{EDGES, NO_LIMIT, NONE};

/// A file that knows which number it was opened for, and whose drop is recorded.
pub struct File {
    pub tag: usize,
    pub home: RawFd,
    drops: &'static [AtomicU8],
}

impl Drop for File {
    fn drop(&mut self) {
        let before = self.drops[self.tag].fetch_add(1, SeqCst);
        assert_eq!(before, 0, "file {} was dropped twice", self.tag);
    }
}

/// An open file table and the record of every file made for it.
pub struct World {
    pub files: OpenFileTable<File>,
    /// How often each file was dropped. It is never freed: a file dropped twice must be seen,
    /// not be undefined.
    drops: &'static [AtomicU8],
    made: AtomicUsize,
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

impl World {
    /// A world for a hundred thousand files or so.
    pub fn new() -> Self {
        Self::with(OpenFileTable::new(), 1 << 17)
    }

    /// A world for at most `capacity` files, over a table of open files of the caller's.
    pub fn with(files: OpenFileTable<File>, capacity: usize) -> Self {
        let drops = (0..capacity).map(|_| AtomicU8::new(0)).collect::<Vec<_>>();
        Self { files, drops: drops.leak(), made: AtomicUsize::new(0) }
    }

    /// A table in which every edge may be open.
    pub fn table(&self) -> FdTable<File> {
        self.limited(NO_LIMIT)
    }

    pub fn limited(&self, limit: u32) -> FdTable<File> {
        FdTable::builder(&self.files).limit(limit).build().unwrap()
    }

    /// A new file, meant for the number `home`.
    pub fn file(&self, home: RawFd) -> File {
        let tag = self.made.fetch_add(1, Relaxed);
        assert!(tag < self.drops.len(), "the world is too small");
        File { tag, home, drops: self.drops }
    }

    /// Opens a new file at `fd`, without flags; its tag.
    pub fn open(&self, table: &FdTable<File>, fd: RawFd) -> usize {
        self.open_with(table, fd, NONE)
    }

    pub fn open_with(&self, table: &FdTable<File>, fd: RawFd, flags: FdFlags) -> usize {
        let file = self.file(fd);
        let tag = file.tag;
        assert_eq!(table.open(Placement::At(fd), file, flags).unwrap(), fd);
        tag
    }

    /// The tags of all files dropped so far.
    pub fn dropped(&self) -> Vec<usize> {
        let made = self.made.load(SeqCst);
        (0..made)
            .filter(|&tag| match self.drops[tag].load(SeqCst) {
                0 => false,
                1 => true,
                n => panic!("file {tag} was dropped {n} times"),
            })
            .collect()
    }

    /// Whether this one file is dropped.
    pub fn dropped_one(&self, tag: usize) -> bool {
        self.drops[tag].load(SeqCst) == 1
    }

    /// Closes all that is open in the only table of this world, and sees that nothing was lost: no
    /// file, none of the `room` for so many, and no number.
    #[track_caller]
    pub fn assert_whole(&self, table: &FdTable<File>, room: usize) {
        drop(table.drain(0, u32::MAX));
        assert_eq!(self.live(), 0, "files that are still there");
        let inserted: Vec<_> = (0..room).map(|_| self.files.insert(self.file(-1))).collect();
        assert!(inserted.iter().all(Result::is_ok), "room for files is lost");
        for fd in EDGES {
            assert!(table.reserve(Placement::At(fd)).is_ok(), "{fd} is lost");
        }
    }

    /// How many files are not dropped yet.
    pub fn live(&self) -> usize {
        self.made.load(SeqCst) - self.dropped().len()
    }
}

/// Every open number of a table, ascending.
pub fn numbers(table: &FdTable<File>) -> Vec<RawFd> {
    table.iter().map(|open| open.fd).collect()
}

/// The file at `fd`, by its tag.
pub fn tag_at(table: &FdTable<File>, fd: RawFd) -> Option<usize> {
    table.get(fd).map(|file| file.tag)
}
