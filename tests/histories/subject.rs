//! What is called on besides the table itself: tables each broken in one way, with a pause where it
//! shows.

use std::{
    array,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    thread,
};

use fdtable::{Descriptor, Error, FdFlags, FdTable, OpenFileTable, Placement, RawFd, Reservation};

use crate::{
    call::{NUMBERS, Opened, Tag},
    caller::{Named, Subject, Table, opened},
};

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

/// An empty table for the numbers below `limit`.
pub(crate) fn table(limit: u32) -> Table {
    let table = FdTable::builder(&OpenFileTable::new()).limit(limit).build();
    Arc::new(table.expect("the usual base is in its range"))
}

/// dup2 closes its target and then opens it: a reader finds nothing in between.
pub(crate) struct DupInTwoSteps(Table);

impl From<Table> for DupInTwoSteps {
    fn from(table: Table) -> Self {
        Self(table)
    }
}

impl Subject for DupInTwoSteps {
    fn table(&self) -> &Table {
        &self.0
    }

    fn dup2(&self, old: RawFd, new: RawFd) -> Result<Option<Opened>, Error> {
        if old == new || !self.0.contains(old) {
            return self.0.dup2(old, new).map(|_| None);
        }
        let displaced = self.0.close(new).ok().map(opened);
        thread::yield_now();
        self.0.dup(old, Placement::At(new), FdFlags::empty())?;
        Ok(displaced)
    }
}

/// A lookup remembers its file for every thread. A close makes it forget only when the number has
/// been given back.
pub(crate) struct StaleRead {
    table: Table,
    remembered: [Mutex<Option<Named>>; NUMBERS as usize],
}

impl StaleRead {
    fn remembered(&self, fd: RawFd) -> &Mutex<Option<Named>> {
        &self.remembered[fd as usize % usize::from(NUMBERS)]
    }
}

impl From<Table> for StaleRead {
    fn from(table: Table) -> Self {
        Self { table, remembered: array::from_fn(|_| Mutex::new(None)) }
    }
}

impl Subject for StaleRead {
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

    fn close(&self, fd: RawFd) -> Result<Opened, Error> {
        let closed = self.table.close(fd).map(opened);
        thread::yield_now();
        *self.remembered(fd).lock().expect("no holder panics") = None;
        closed
    }
}

/// A copy reads each number once.
pub(crate) struct ForkInOnePass(Table);

impl From<Table> for ForkInOnePass {
    fn from(table: Table) -> Self {
        Self(table)
    }
}

impl Subject for ForkInOnePass {
    fn table(&self) -> &Table {
        &self.0
    }

    fn fork(&self) -> FdTable<File> {
        let copy = FdTable::new(self.0.open_files());
        for Descriptor { fd, file, flags } in self.0.iter() {
            let number = copy.reserve(Placement::At(fd)).expect("it is free");
            number.install_ref(file.into_owned(), flags).expect("a file of the same system");
            thread::yield_now();
        }
        copy
    }
}

/// A number is given back when the next one is closed.
pub(crate) struct LateNumber {
    table: Table,
    late: Mutex<Option<Reservation<'static, File>>>,
}

impl From<Table> for LateNumber {
    fn from(table: Table) -> Self {
        Self { table, late: Mutex::new(None) }
    }
}

impl Subject for LateNumber {
    fn table(&self) -> &Table {
        &self.table
    }

    fn close(&self, fd: RawFd) -> Result<Opened, Error> {
        let (taken, number) = self.table.take_owned(fd)?;
        *self.late.lock().expect("no holder panics") = Some(number);
        Ok(opened(taken))
    }
}
