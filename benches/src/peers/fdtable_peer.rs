//! This crate.

use std::os::fd::RawFd;

use fdtable::{CloseRangeFlags, FdFlags, FdTable, Files, OpenFileTable, Placement};

use super::{File, Peer};

impl Peer for FdTable<File> {
    const NAME: &'static str = "fdtable";

    fn new() -> Self {
        FdTable::new(&OpenFileTable::new())
    }

    fn open(&self, placement: Placement, flags: u8) -> RawFd {
        self.open(placement, File::new(), FdFlags::from_bits_retain(flags)).expect("not full")
    }

    fn close(&self, fd: RawFd) -> bool {
        self.close(fd).is_ok()
    }

    fn read(&self, fd: RawFd) -> Option<u64> {
        Some(self.get(fd)?.id)
    }

    fn flags(&self, fd: RawFd) -> Option<u8> {
        Some(self.flags(fd)?.bits())
    }

    fn set_flags(&self, fd: RawFd, flags: u8) -> bool {
        self.set_flags(fd, FdFlags::from_bits_retain(flags)).is_ok()
    }

    fn dup2(&self, old: RawFd, new: RawFd) -> bool {
        self.dup2(old, new).is_ok()
    }

    fn dup_from(&self, old: RawFd, min: RawFd) -> RawFd {
        self.dup(old, Placement::From(min), FdFlags::empty()).expect("open, and not full")
    }

    fn close_from(&self, first: RawFd) {
        self.close_range(first as u32, u32::MAX, CloseRangeFlags::empty())
            .expect("first is not past last");
    }

    fn fork(&self) -> Self {
        self.fork()
    }

    fn exec(self) -> impl Sized {
        let files = Files::new(self);
        files.exec();
        files
    }
}
