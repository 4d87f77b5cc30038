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
//! # A handler
//!
//! One task of the guest has one [`Files`], whatever the number of handlers. A handler loads the
//! task's table once for a call, does it, drops what that has returned, and answers. A descriptor
//! is the low half of an argument, `args[0] as RawFd`; one that cannot be is `EBADF`.
//!
//! ```
//! use fdtable::{CloseRangeFlags, Error, FdFlags, FdTable, Files, OpenFileTable, Placement, RawFd};
//! # #[derive(Debug, PartialEq)]
//! # struct File(&'static str);
//!
//! enum Call {
//!     Open(File, FdFlags),
//!     Read(RawFd),
//!     Dup(RawFd),
//!     Dup2(RawFd, RawFd),
//!     Dup3(RawFd, RawFd, i32),
//!     DupFd(RawFd, RawFd), // fcntl(F_DUPFD)
//!     SetFd(RawFd, i32),   // fcntl(F_SETFD)
//!     Close(RawFd),
//!     CloseRange(u32, u32, u32),
//! }
//!
//! /// What the call returns to the guest.
//! fn serve(files: &Files<File>, call: Call) -> i64 {
//!     answer(files, call).unwrap_or_else(|error| -i64::from(error.errno()))
//! }
//!
//! fn answer(files: &Files<File>, call: Call) -> Result<i64, Error> {
//!     let (table, none) = (files.load(), FdFlags::empty());
//!     let fd = match call {
//!         Call::Open(file, flags) => table.open(Placement::Lowest, file, flags)?,
//!         Call::Read(fd) => {
//!             let file = table.get(fd).ok_or(Error::BadFd)?;
//!             return Ok(file.0.len() as i64); // and copy it to the guest
//!         }
//!         Call::Dup(fd) => table.dup(fd, Placement::Lowest, none)?,
//!         Call::Dup2(old, new) => {
//!             table.dup2(old, new)?; // what `new` was open on is released here
//!             new
//!         }
//!         Call::Dup3(old, new, flags) => {
//!             table.dup3(old, new, FdFlags::from_dup3(flags)?)?;
//!             new
//!         }
//!         Call::DupFd(fd, min) => table.dup(fd, Placement::From(min), none)?,
//!         Call::SetFd(fd, flags) => {
//!             table.set_cloexec(fd, flags & 1 != 0)?;
//!             0
//!         }
//!         Call::Close(fd) => {
//!             table.close(fd)?;
//!             0
//!         }
//!         Call::CloseRange(first, last, flags) => {
//!             // May swap the task's table, and is therefore a call of `Files`.
//!             files.close_range(first, last, CloseRangeFlags::from_bits_retain(flags))?;
//!             0
//!         }
//!     };
//!     Ok(fd.into())
//! }
//!
//! let guest = Files::new(FdTable::new(&OpenFileTable::new()));
//! assert_eq!(serve(&guest, Call::Open(File("text"), FdFlags::CLOEXEC)), 0);
//! assert_eq!(serve(&guest, Call::Dup2(0, 1025)), 1025); // exec 1025>&0
//! assert_eq!(serve(&guest, Call::Close(0)), 0);
//! assert_eq!(serve(&guest, Call::Read(1025)), 4);
//! assert_eq!(serve(&guest, Call::Read(0)), -9); // EBADF
//!
//! let child = guest.fork(); // at its fork
//! assert_eq!(serve(&child, Call::SetFd(1025, 1)), 0);
//! child.exec(); // once its exec has succeeded
//! assert_eq!(serve(&child, Call::Read(1025)), -9);
//! assert_eq!(serve(&guest, Call::CloseRange(3, u32::MAX, 0)), 0);
//! assert!(guest.load().is_empty());
//! ```
//!
//! What takes two steps, as a descriptor that is injected or a close that the guest's kernel has
//! still to make, goes by a [`Reservation`] ([`FdTable::reserve`], [`FdTable::take`]). A decision
//! about a file, carried out later, goes by its [`FileId`] ([`FdTable::close_if`],
//! [`FdTable::replace_if`], [`FdTable::update_flags_if`]). What a supervisor knows of a number, and
//! not of its file, goes into the user's [`FdFlags`]. [`semantics`](crate::semantics) has each
//! system call, its method, and what that gives.
//!
//! # Consistency
//!
//! What a call does to one number is atomic, and each method says at which instant. *Lowest* skips
//! no number that was free during the whole call. What copies a table copies one instant of it;
//! what walks over a table comes to each number at an instant of its own. The last reference to go
//! drops the file, there and then. All of it: [what is promised when calls
//! race](crate::semantics#what-is-promised-when-calls-race).
//!
//! # Progress
//!
//! No call waits for another thread to go on. `contains` and `flags` are wait-free in the hot
//! ranges, everything else is lock-free. A thread stopped anywhere holds up one number at the most
//! (where it reserves several, those it has taken), to which `dup2` answers `EBUSY`.
//!
//! A `fork` that has found the table changed twice asks the threads that change it to back off. A
//! call then pauses once, as a rule for 50 µs at the most with 1,000 numbers open in a row and for
//! 1 ms with 60,000, and the `fork` ends after a few more passes. A thread stopped in a `fork`
//! costs the others 64 such pauses in all. [The bounds, and the
//! exceptions](crate::design#progress).
//!
//! # Threads
//!
//! Everything here is `Send` and `Sync` if the file `T` is both, and `UnwindSafe` if it is
//! `RefUnwindSafe`.
//!
//! A [`FileRef`] is one too, so a future may hold it across an `.await`; but it borrows its table,
//! which a task that an executor spawns cannot. Such a task holds an [`OwnedFileRef`]
//! ([`FileRef::into_owned`]), which keeps the open file table. Either keeps the file itself: if its
//! descriptors are closed meanwhile, it is dropped when the future has done with it, or is dropped.
//! What only concerns the number should be held as a number, a [`FileId`] or a [`Reservation`].
//!
//! ```
//! use std::{future::{Future, ready}, pin::pin, task::{Context, Poll, Waker}};
//!
//! use fdtable::{Error, FdFlags, FdTable, Files, OpenFileTable, Placement};
//!
//! /// What an executor asks of a task.
//! fn spawned<F: Future + Send + 'static>(task: F) -> F {
//!     task
//! }
//!
//! let files = Files::new(FdTable::new(&OpenFileTable::new()));
//! let fd = files.load().open(Placement::Lowest, String::from("text"), FdFlags::NONE)?;
//!
//! let file = files.load().get(fd).ok_or(Error::BadFd)?.into_owned();
//! let read = spawned(async move {
//!     let count = ready(2).await; // of bytes that have arrived
//!     file[..count].to_owned()
//! });
//! files.load().close(fd)?;
//! let polled = pin!(read).poll(&mut Context::from_waker(Waker::noop()));
//! assert_eq!(polled, Poll::Ready("te".into()));
//! # Ok::<(), Error>(())
//! ```
//!
//! # Features
//!
//! None is on by default, none changes what a dependent crate gets, and any may be on with any
//! other.
//!
//! * `loom`: for this crate's own tests, which check the interleavings of its code with
//!   [loom](https://docs.rs/loom).
//! * `shuttle`: the same with [shuttle](https://docs.rs/shuttle), in schedules at random.
#![deny(unsafe_code)]

mod error;
mod exec;
mod file;
mod files;
mod flags;
mod sync;
mod table;

pub use std::os::fd::RawFd;

pub use error::{Error, Rejected};
pub use exec::ExecPlan;
pub use file::{
    file_id::FileId, file_ref::FileRef, open_file_table::OpenFileTable,
    owned_file_ref::OwnedFileRef,
};
pub use files::{Files, FilesGuard};
pub use flags::{CloseRangeFlags, FdFlags};
pub use table::{
    builder::Builder, close_range::Drain, descriptor::Descriptor, fd_table::FdTable, iter::Iter,
    open::Placement, reservation::Reservation,
};

#[doc = include_str!("../docs/BENCHMARKS.md")]
pub mod benchmarks {}

#[doc = include_str!("../docs/DESIGN.md")]
pub mod design {}

#[doc = include_str!("../docs/MIGRATING.md")]
pub mod migrating {}

#[doc = include_str!("../docs/SEMANTICS.md")]
pub mod semantics {}

#[doc = "[benchmarks]: crate::benchmarks#whole-programs\n"]
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
