//! The part of the library's surface that the supervisor uses, over a hash map and a bitmap behind
//! one mutex: for the benchmarks to compare with.

#![deny(unsafe_code)]
#![allow(
    missing_docs,
    missing_debug_implementations,
    reason = "the surface is that of fdtable, which has both"
)]

mod files;
mod numbers;
mod reservation;
mod table;

pub use fdtable::{CloseRangeFlags, Error, FdFlags, Placement, Rejected};
pub use files::{Files, FilesGuard};
pub use numbers::Numbers;
pub use reservation::Reservation;
pub use table::{Builder, Descriptor, FdTable, FileId, FileRef, OpenFileTable, OwnedFileRef};
