//! Makes descriptor tables: one open file table for all guests, and a descriptor table for each
//! process that does not inherit one.

use std::fs;

use fdtable::{FdFlags, FdTable, Files, OpenFileTable, Placement};

use super::{file::File, numbers, sys};

/// The `RLIMIT_NOFILE` that a guest sees at first.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GuestLimits {
    pub(crate) soft: u32,
    pub(crate) hard: u64,
}

pub(crate) struct TableFactory {
    open_files: OpenFileTable<File>,
    base: u32,
    pub(crate) limits: GuestLimits,
}

impl TableFactory {
    /// `base` must be one that a table can have, as [`Self::for_first_process`] finds out.
    pub(crate) fn new(base: u32, limits: GuestLimits) -> Self {
        Self { open_files: OpenFileTable::new(), base, limits }
    }

    fn empty(&self) -> Result<FdTable<File>, fdtable::Error> {
        let table = FdTable::builder(&self.open_files);
        let table = table.base(self.base).limit(self.limits.soft).build()?;
        numbers::reserve_token(&table);
        Ok(table)
    }

    /// The files of the first process: what it inherits from us, at numbers of the table.
    pub(crate) fn for_first_process(&self) -> Result<Files<File>, String> {
        let table = self.empty();
        let table = table.map_err(|_| format!("{} cannot be the base", self.base))?;
        for fd in inherited_numbers() {
            let opened = table.open(Placement::At(fd), File::Placed, FdFlags::empty());
            opened.map_err(|e| format!("descriptor {fd}: {e}"))?;
        }
        Ok(Files::new(table))
    }

    /// The files of a process of which we know nothing.
    pub(crate) fn for_unknown_process(&self) -> Files<File> {
        Files::new(self.empty().expect("the base was one for the first table"))
    }
}

fn inherited_numbers() -> Vec<i32> {
    let entries = fs::read_dir("/proc/self/fd").into_iter().flatten();
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|fd| numbers::is_in_table(*fd) && sys::is_inherited(*fd))
        .collect()
}
