//! The model: an ordered map of numbers for each table, written from the man pages. Files are tags,
//! numbers are i64 so that nothing wraps, and what is alive is what can be reached.

use std::collections::{BTreeMap, BTreeSet};

pub(crate) const EBADF: i32 = 9;
pub(crate) const EBUSY: i32 = 16;
pub(crate) const EINVAL: i32 = 22;
pub(crate) const ENFILE: i32 = 23;
pub(crate) const EMFILE: i32 = 24;

pub(crate) const CLOEXEC: u8 = 1;
/// POSIX.1-2024's `FD_CLOFORK`.
const CLOFORK: u8 = 1 << 7;
const RANGE_UNSHARE: u32 = 2;
const RANGE_CLOEXEC: u32 = 4;

pub(crate) type Tag = usize;
pub(crate) type TableId = usize;

/// What a taken number is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Slot {
    Reserved,
    Open { file: Tag, flags: u8 },
}

impl Slot {
    fn has(&self, flag: u8) -> bool {
        matches!(self, Slot::Open { flags, .. } if flags & flag != 0)
    }
}

/// A placement with its number.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Placed {
    Lowest,
    From(i64),
    /// From the first number up to the second.
    Within(i64, i64),
    FromBase,
    Any,
    At(i64),
}

/// Where a placement leads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Where {
    Exactly(i64),
    /// One that is free and below the limit.
    AnyFree,
}

#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub(crate) slots: BTreeMap<i64, Slot>,
    pub(crate) limit: i64,
    pub(crate) base: i64,
}

impl Table {
    pub(crate) fn new(base: u32, limit: u32) -> Table {
        let mut table = Table { slots: BTreeMap::new(), limit: 0, base: base.into() };
        table.set_limit(limit);
        table
    }

    pub(crate) fn set_limit(&mut self, limit: u32) {
        self.limit = i64::from(limit).min(1 << 31);
    }

    pub(crate) fn lowest_free(&self, min: i64) -> i64 {
        let mut free = min;
        for taken in self.slots.range(min..).map(|(number, _)| *number) {
            if taken != free {
                break;
            }
            free += 1;
        }
        free
    }

    fn lowest_below_the_limit(&self, min: i64) -> Result<Where, i32> {
        self.lowest_below(min, self.limit)
    }

    fn lowest_below(&self, min: i64, end: i64) -> Result<Where, i32> {
        let free = self.lowest_free(min);
        if free < end.min(self.limit) { Ok(Where::Exactly(free)) } else { Err(EMFILE) }
    }

    pub(crate) fn allowed(&self, number: i64) -> bool {
        (0..self.limit).contains(&number)
    }

    pub(crate) fn place(&self, placed: Placed) -> Result<Where, i32> {
        match placed {
            Placed::Lowest => self.lowest_below_the_limit(0),
            Placed::From(min) if !self.allowed(min) => Err(EINVAL),
            Placed::Within(min, end) if !self.allowed(min) || min >= end => Err(EINVAL),
            Placed::Within(min, end) => self.lowest_below(min, end),
            Placed::From(min) => self.lowest_below_the_limit(min),
            Placed::FromBase => self.lowest_below_the_limit(self.base),
            Placed::Any => self.lowest_below_the_limit(0).map(|_| Where::AnyFree),
            Placed::At(number) if !self.allowed(number) => Err(EBADF),
            Placed::At(number) if self.slots.contains_key(&number) => Err(EBUSY),
            Placed::At(number) => Ok(Where::Exactly(number)),
        }
    }

    pub(crate) fn open(&self, number: i64) -> Option<(Tag, u8)> {
        match self.slots.get(&number)? {
            Slot::Reserved => None,
            Slot::Open { file, flags } => Some((*file, *flags)),
        }
    }

    pub(crate) fn opened(&self) -> Vec<(i64, Tag, u8)> {
        let open = |number: &i64| self.open(*number).map(|(file, flags)| (*number, file, flags));
        self.slots.keys().filter_map(open).collect()
    }

    pub(crate) fn numbers(&self, wanted: impl Fn(&Slot) -> bool) -> Vec<i64> {
        let wanted = self.slots.iter().filter(|(_, slot)| wanted(slot));
        wanted.map(|(number, _)| *number).collect()
    }

    pub(crate) fn put(&mut self, number: i64, file: Tag, flags: u8) {
        self.slots.insert(number, Slot::Open { file, flags });
    }

    pub(crate) fn close(&mut self, number: i64) -> Result<(Tag, u8), i32> {
        let closed = self.open(number).ok_or(EBADF)?;
        self.slots.remove(&number);
        Ok(closed)
    }

    /// dup2 and dup3 of different numbers: what was there.
    pub(crate) fn dup_onto(
        &mut self,
        old: i64,
        new: i64,
        flags: u8,
    ) -> Result<Option<(Tag, u8)>, i32> {
        let (file, _) = self.open(old).ok_or(EBADF)?;
        self.can_be_put_on(new)?;
        let before = self.open(new);
        self.put(new, file, flags);
        Ok(before)
    }

    pub(crate) fn can_be_put_on(&self, number: i64) -> Result<(), i32> {
        if !self.allowed(number) {
            return Err(EBADF);
        }
        if self.slots.get(&number) == Some(&Slot::Reserved) { Err(EBUSY) } else { Ok(()) }
    }

    /// What is open in the range, and taken out of the table.
    pub(crate) fn drain(&mut self, first: i64, last: i64) -> Vec<(i64, Tag, u8)> {
        let open = self.opened();
        let inside = open.into_iter().filter(|(number, ..)| (first..=last).contains(number));
        let drained: Vec<_> = inside.collect();
        for (number, ..) in &drained {
            self.slots.remove(number);
        }
        drained
    }

    fn mark(&mut self, first: i64, last: i64) {
        for (_, slot) in self.slots.range_mut(first..=last) {
            if let Slot::Open { flags, .. } = slot {
                *flags |= CLOEXEC;
            }
        }
    }

    /// Reserved numbers are not copied.
    pub(crate) fn copy(&self) -> Table {
        let mut copy = self.clone();
        copy.slots.retain(|_, slot| *slot != Slot::Reserved);
        copy
    }

    /// What a new process gets of it.
    pub(crate) fn fork(&self) -> Table {
        let mut copy = self.copy();
        copy.slots.retain(|_, slot| !slot.has(CLOFORK));
        copy
    }

    /// The copy that an exec leaves.
    pub(crate) fn after_exec(&self) -> Table {
        let mut copy = self.copy();
        copy.exec();
        copy
    }

    fn exec(&mut self) {
        self.slots.retain(|_, slot| !slot.has(CLOEXEC));
        for slot in self.slots.values_mut() {
            if let Slot::Open { flags, .. } = slot {
                *flags &= !CLOFORK;
            }
        }
    }
}

/// Tables, the tasks on them, and what else refers to tables and files.
#[derive(Debug)]
pub(crate) struct Reference {
    pub(crate) tables: BTreeMap<TableId, Table>,
    pub(crate) tasks: Vec<TableId>,
    pub(crate) reservations: Vec<(TableId, i64)>,
    pub(crate) held: Vec<Tag>,
    max_files: Option<u32>,
    next_table: TableId,
}

impl Reference {
    pub(crate) fn new(table: Table, max_files: Option<u32>) -> Reference {
        let mut reference = Reference {
            tables: BTreeMap::new(),
            tasks: Vec::new(),
            reservations: Vec::new(),
            held: Vec::new(),
            max_files,
            next_table: 0,
        };
        let id = reference.add(table);
        reference.tasks.push(id);
        reference
    }

    pub(crate) fn add(&mut self, table: Table) -> TableId {
        self.next_table += 1;
        self.tables.insert(self.next_table, table);
        self.next_table
    }

    pub(crate) fn table(&self, task: usize) -> &Table {
        &self.tables[&self.tasks[task]]
    }

    pub(crate) fn table_mut(&mut self, task: usize) -> &mut Table {
        self.tables.get_mut(&self.tasks[task]).expect("a task's table")
    }

    pub(crate) fn is_shared(&self, task: usize) -> bool {
        self.tasks.iter().filter(|id| **id == self.tasks[task]).count() > 1
    }

    /// The task leaves its table for this one.
    pub(crate) fn swap(&mut self, task: usize, table: Table) {
        self.tasks[task] = self.add(table);
    }

    pub(crate) fn unshare(&mut self, task: usize) {
        if self.is_shared(task) {
            let copy = self.table(task).copy();
            self.swap(task, copy);
        }
    }

    /// A task that shares its table with none keeps it, and what is reserved there.
    pub(crate) fn exec(&mut self, task: usize) {
        if self.is_shared(task) {
            let after = self.table(task).after_exec();
            self.swap(task, after);
        } else {
            self.table_mut(task).exec();
        }
    }

    /// A table lives while a task or a reservation refers to it, a file while a number or a
    /// reference does.
    pub(crate) fn alive(&mut self) -> BTreeSet<Tag> {
        let reserved = self.reservations.iter().map(|(id, _)| *id);
        let used: BTreeSet<TableId> = self.tasks.iter().copied().chain(reserved).collect();
        self.tables.retain(|id, _| used.contains(id));
        let open = self.tables.values().flat_map(Table::opened).map(|(_, file, _)| file);
        open.chain(self.held.iter().copied()).collect()
    }

    /// Room for another file.
    pub(crate) fn room(&mut self) -> Result<(), i32> {
        let alive = self.alive().len();
        if self.max_files.is_some_and(|max| alive >= max as usize) { Err(ENFILE) } else { Ok(()) }
    }

    /// `close_range` of a task (`of_files`) or of its table.
    pub(crate) fn close_range(
        &mut self,
        task: usize,
        range: (u32, u32),
        flags: u32,
        of_files: bool,
    ) -> Result<(), i32> {
        let (first, last) = (i64::from(range.0), i64::from(range.1));
        let known = RANGE_CLOEXEC | if of_files { RANGE_UNSHARE } else { 0 };
        if first > last || flags & !known != 0 {
            return Err(EINVAL);
        }
        if flags & RANGE_UNSHARE != 0 {
            self.unshare(task);
        }
        if flags & RANGE_CLOEXEC != 0 {
            self.table_mut(task).mark(first, last);
        } else {
            self.table_mut(task).drain(first, last);
        }
        Ok(())
    }
}
