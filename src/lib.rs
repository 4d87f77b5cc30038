// The first definition of a link counts: files in the repository are modules here.
#![doc = "[design]: crate::design"]
#![doc = "[semantics]: crate::semantics"]
#![doc = "[migrating]: crate::migrating"]
#![doc = "[verification]: crate::verification"]
#![doc = "[supervisor]: crate::supervisor"]
#![doc = "[benchmarks]: crate::benchmarks"]
#![doc = "\n"]
#![doc = include_str!("../README.md")]
//!
//! # Consistency
//!
//! * What one call does to one number is atomic, and linearizable against every other call on that
//!   number. Each method says where.
//! * A number counts as given back when the call that closed it returns. A racing placement may
//!   pass it by until then, and a racing `dup2` onto it may answer `EBUSY`.
//! * *Lowest* placement never skips a number that was free during the whole call.
//! * [`FdTable::fork`], and all that copies a table, copies one instant of it.
//! * [`FdTable::iter`], [`FdTable::close_range`] and what else walks over many numbers does to each
//!   what it does at an instant of its own.
//! * The last reference to go drops the file, on the thread and at the moment it goes. Only memory
//!   may be given back later. A lookup that races with the close of its number may be the last one
//!   for an instant, between its two readings, and drops the file then.
//!
//! # Progress
//!
//! No call waits for another thread. `contains` and `flags` are wait-free in the hot ranges;
//! everything else is lock-free: a call that tries again does so because another call got on. A thread stopped
//! anywhere holds up one number at the most, to which `dup2` answers `EBUSY`. Copies of a table
//! look again while it changes, so a table that other threads change without pause can keep a
//! `fork` busy.
//!
//! # Features
//!
//! * `loom`: for this crate's own tests, which check the interleavings of the code above with
//!   [loom](https://docs.rs/loom). It changes nothing else.
#![deny(unsafe_code)]

#[allow(unsafe_code, reason = "counts who may touch a file (I2, I3)")]
mod description;
mod error;
// arc-swap is invisible to loom.
#[cfg(not(all(test, feature = "loom")))]
mod files;
mod flags;
mod free_list;
#[allow(unsafe_code, reason = "turns indices into blocks (I1)")]
mod open_files;
mod sync;
mod table;

pub use std::os::fd::RawFd;

pub use error::{Error, Rejected};
#[cfg(not(all(test, feature = "loom")))]
pub use files::{ExecPlan, Files, FilesGuard};
pub use flags::{CloseRangeFlags, FdFlags};
pub use open_files::{FileId, FileRef, OpenFileTable, OwnedFileRef};
pub use table::{Builder, Descriptor, Drain, FdTable, Iter, Placement, Reservation};

#[doc = include_str!("../docs/BENCHMARKS.md")]
pub mod benchmarks {}

#[doc = include_str!("../docs/DESIGN.md")]
pub mod design {}

#[doc = include_str!("../docs/MIGRATING.md")]
pub mod migrating {}

#[doc = include_str!("../docs/SEMANTICS.md")]
pub mod semantics {}

#[doc = include_str!("../docs/SUPERVISOR.md")]
pub mod supervisor {}

#[doc = "[the semantics]: crate::semantics\n"]
#[doc = include_str!("../docs/VERIFICATION.md")]
pub mod verification {}

#[cfg(doctest)]
#[doc = include_str!("../tests/forbidden.md")]
mod forbidden {}

#[cfg(all(test, feature = "loom", not(feature = "shuttle")))]
#[allow(unsafe_code, reason = "the models of unsafe code call it")]
#[allow(clippy::arc_with_non_send_sync, reason = "all threads of a model run on one thread")]
#[path = "../loom-tests/mod.rs"]
mod loom_tests;

#[cfg(all(test, feature = "shuttle"))]
#[allow(unsafe_code, reason = "the watched files are")]
#[path = "../loom-tests/schedules.rs"]
mod schedules;
