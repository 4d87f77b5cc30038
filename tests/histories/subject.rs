//! What is called on: the table, and tables that are broken each in one way, with a pause where it shows.

use std::{
    array,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    thread,
};

use fdtable::{Error, FdFlags, FdTable, FileId, OpenFileTable, Placement, RawFd, Reservation};

use crate::call::{NUMBERS, Tag};

/// A file that knows its name, and that it is no file any more.
#[derive(Debug)]
pub(crate) struct File {
    tag: AtomicU64,
}

const DROPPED: u64 = u64::MAX;

impl File {
    pub(crate) fn new(tag: Tag) -> Self {
        Self { tag: AtomicU64::new(tag.into()) }
    }

    pub(crate) fn tag(&self) -> Tag {
        Tag::try_from(self.tag.load(SeqCst)).expect("a file that was not dropped")
    }
}

impl Drop for File {
    fn drop(&mut self) {
        assert_ne!(self.tag.swap(DROPPED, SeqCst), DROPPED, "dropped twice");
    }
}

pub(crate) type Table = Arc<FdTable<File>>;
type Named = (Tag, FileId);

/// A table; what is not broken goes to the real one.
pub(crate) trait Subject: Sync {
    fn new(table: Table) -> Self;

    fn table(&self) -> &Table;

    fn get(&self, fd: RawFd) -> Option<Named> {
        self.table().get(fd).map(|file| (file.tag(), file.id()))
    }

    fn close(&self, fd: RawFd) -> Result<Tag, Error> {
        self.table().close(fd).map(|file| file.tag())
    }

    fn dup2(&self, old: RawFd, new: RawFd) -> Result<Option<Tag>, Error> {
        self.table().dup2(old, new).map(|file| file.map(|file| file.tag()))
    }
}

/// An empty table for the numbers below `limit`.
pub(crate) fn table(limit: u32) -> Table {
    let table = FdTable::builder(&OpenFileTable::new()).limit(limit).build();
    Arc::new(table.expect("the usual base is in its range"))
}

/// Nothing is broken.
pub(crate) struct Real(Table);

impl Subject for Real {
    fn new(table: Table) -> Self {
        Self(table)
    }

    fn table(&self) -> &Table {
        &self.0
    }
}

/// dup2 closes its target and then opens it: a reader finds nothing in between.
pub(crate) struct DupInTwoSteps(Table);

impl Subject for DupInTwoSteps {
    fn new(table: Table) -> Self {
        Self(table)
    }

    fn table(&self) -> &Table {
        &self.0
    }

    fn dup2(&self, old: RawFd, new: RawFd) -> Result<Option<Tag>, Error> {
        if old == new || !self.0.contains(old) {
            return self.0.dup2(old, new).map(|_| None);
        }
        let displaced = self.0.close(new).ok().map(|file| file.tag());
        thread::yield_now();
        self.0.dup(old, Placement::At(new), FdFlags::empty())?;
        Ok(displaced)
    }
}

/// A lookup remembers for every thread, and a close makes it forget only when the number has been given back.
pub(crate) struct StaleRead {
    table: Table,
    remembered: [Mutex<Option<Named>>; NUMBERS as usize],
}

impl StaleRead {
    fn remembered(&self, fd: RawFd) -> &Mutex<Option<Named>> {
        &self.remembered[fd as usize % usize::from(NUMBERS)]
    }
}

impl Subject for StaleRead {
    fn new(table: Table) -> Self {
        Self { table, remembered: array::from_fn(|_| Mutex::new(None)) }
    }

    fn table(&self) -> &Table {
        &self.table
    }

    fn get(&self, fd: RawFd) -> Option<Named> {
        let mut remembered = self.remembered(fd).lock().expect("no holder panics");
        if remembered.is_none() {
            *remembered = self.table.get(fd).map(|file| (file.tag(), file.id()));
        }
        *remembered
    }

    fn close(&self, fd: RawFd) -> Result<Tag, Error> {
        let closed = self.table.close(fd).map(|file| file.tag());
        thread::yield_now();
        *self.remembered(fd).lock().expect("no holder panics") = None;
        closed
    }
}

/// A number is given back when the next one is closed.
pub(crate) struct LateNumber {
    table: Table,
    late: Mutex<Option<Reservation<'static, File>>>,
}

impl Subject for LateNumber {
    fn new(table: Table) -> Self {
        Self { table, late: Mutex::new(None) }
    }

    fn table(&self) -> &Table {
        &self.table
    }

    fn close(&self, fd: RawFd) -> Result<Tag, Error> {
        let (file, number) = self.table.take(fd)?;
        *self.late.lock().expect("no holder panics") = Some(number.into_owned(&self.table));
        Ok(file.tag())
    }
}
