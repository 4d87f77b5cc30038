//! A lock-free file descriptor table.
#![deny(unsafe_code)]

#[allow(unsafe_code, reason = "counts who may touch a file (I2, I3)")]
mod description;
mod error;
#[cfg(not(all(test, feature = "loom")))]
mod files;
mod flags;
mod free_list;
#[allow(unsafe_code, reason = "turns indices into blocks (I1)")]
mod open_files;
#[allow(unsafe_code, reason = "cells and zeroed memory")]
mod sync;
mod table;

pub use std::os::fd::RawFd;

pub use error::{Error, Rejected};
#[cfg(not(all(test, feature = "loom")))]
pub use files::{ExecPlan, Files, FilesGuard};
pub use flags::{CloseRangeFlags, FdFlags};
pub use open_files::{FileId, FileRef, OpenFileTable, OwnedFileRef};
pub use table::{Builder, Drain, FdTable, Iter, Placement, Reservation};
