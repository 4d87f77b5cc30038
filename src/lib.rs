//! Skeleton: the surface, without the table behind it.
#![allow(missing_docs, unused, missing_debug_implementations, clippy::all)]
use std::{fmt, marker::PhantomData, ops::Deref, sync::Arc};
pub use std::os::fd::RawFd;

bitflags::bitflags! {
    /// Per-descriptor flags: FD_CLOEXEC and seven bits of the user's own.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct FdFlags: u8 {
        const CLOEXEC = 1;
        const USER_1 = 1 << 1; const USER_2 = 1 << 2; const USER_3 = 1 << 3; const USER_4 = 1 << 4;
        const USER_5 = 1 << 5; const USER_6 = 1 << 6; const USER_7 = 1 << 7;
    }
    /// The flags of close_range(2), with Linux's values.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct CloseRangeFlags: u32 { const UNSHARE = 2; const CLOEXEC = 4; }
}
impl FdFlags {
    /// The flags argument of dup3(2), pipe2(2)...: O_CLOEXEC or nothing; anything else is EINVAL.
    pub fn from_dup3(raw: i32) -> Result<Self, Error> { todo!() }
}
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Error {
    /// EBADF
    BadFd,
    /// EBUSY
    Busy,
    /// EINVAL
    Invalid,
    /// EMFILE
    TooManyOpenFiles,
    /// ENFILE
    FileTableOverflow,
}
impl Error { pub fn errno(self) -> i32 { todo!() } }
impl fmt::Display for Error { fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { todo!() } }
impl std::error::Error for Error {}
impl From<Error> for std::io::Error { fn from(e: Error) -> Self { todo!() } }

/// An error of an operation that was given something to store, which it gives back.
pub struct Rejected<F> { pub error: Error, pub file: F }
impl<F> From<Rejected<F>> for Error { fn from(r: Rejected<F>) -> Error { r.error } }
impl<F> From<Rejected<F>> for std::io::Error { fn from(r: Rejected<F>) -> Self { r.error.into() } }
impl<F> fmt::Debug for Rejected<F> { fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { todo!() } }
impl<F> fmt::Display for Rejected<F> { fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { todo!() } }
impl<F> std::error::Error for Rejected<F> {}

/// Where a new descriptor goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Placement {
    /// POSIX: the lowest free number.
    Lowest,
    /// F_DUPFD: the lowest free number at or above this one. EINVAL when negative or not below the limit.
    From(RawFd),
    /// The lowest free number at or above the table's `auto_base`.
    Auto,
    /// Any free number: threads spread out.
    Any,
    /// Exactly this one: EBADF when negative or not below the limit, EBUSY when it is open or reserved.
    At(RawFd),
}

/// The system-wide open file table: holds the descriptions. A cheap handle (clone = another handle on the same table).
pub struct OpenFileTable<T>(Arc<PhantomData<T>>);
impl<T> Clone for OpenFileTable<T> { fn clone(&self) -> Self { todo!() } }
impl<T> OpenFileTable<T> {
    pub fn new() -> Self { todo!() }
    /// At most `max_files` open file descriptions at once, then ENFILE.
    pub fn with_limit(max_files: u32) -> Self { todo!() }
    /// A description that no descriptor refers to yet (as a file in flight in an SCM_RIGHTS message).
    pub fn insert(&self, file: T) -> Result<OwnedFileRef<T>, Rejected<T>> { todo!() }
}

/// Names one open file description for ever: slab index and generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId(u64);
impl FileId { pub fn as_u64(self) -> u64 { self.0 } }

/// A counted reference to an open file description; borrowed from its table. Deref to T. Dropping the last one drops T at once, here.
pub struct FileRef<'a, T>(&'a T);
impl<T> Deref for FileRef<'_, T> { type Target = T; fn deref(&self) -> &T { todo!() } }
impl<T> Clone for FileRef<'_, T> { fn clone(&self) -> Self { todo!() } }
impl<T> FileRef<'_, T> {
    pub fn id(&self) -> FileId { todo!() }
    /// Keeps the open file table alive: 'static, Send.
    pub fn into_owned(self) -> OwnedFileRef<T> { todo!() }
}
pub struct OwnedFileRef<T>(Arc<T>);
impl<T> Deref for OwnedFileRef<T> { type Target = T; fn deref(&self) -> &T { todo!() } }
impl<T> Clone for OwnedFileRef<T> { fn clone(&self) -> Self { todo!() } }
impl<T> OwnedFileRef<T> {
    pub fn id(&self) -> FileId { todo!() }
    /// The same reference, borrowed from its own handle: no count is touched.
    pub fn as_ref(&self) -> FileRef<'_, T> { todo!() }
}

/// A number taken but not open. Dropping it gives the number back.
pub struct Reservation<'a, T>(&'a FdTable<T>);
impl<T> Reservation<'_, T> {
    pub fn fd(&self) -> RawFd { todo!() }
    /// Opens the number on a new description. ENFILE gives `file` back; the number is then free again.
    pub fn install(self, file: T, flags: FdFlags) -> Result<RawFd, Rejected<T>> { todo!() }
    /// Opens the number on an existing description of the same open file table (else EINVAL).
    pub fn install_ref(self, file: OwnedFileRef<T>, flags: FdFlags) -> Result<RawFd, Rejected<OwnedFileRef<T>>> { todo!() }
    /// A reservation that keeps the table alive instead of borrowing it. `table` must be the reservation's own (else it panics).
    pub fn into_owned(self, table: &Arc<FdTable<T>>) -> Reservation<'static, T> where T: 'static { todo!() }
}
impl<T> Drop for Reservation<'_, T> { fn drop(&mut self) {} }

/// The file descriptor table of one process.
pub struct FdTable<T>(PhantomData<T>, OpenFileTable<T>);
pub struct Builder<'a, T>(&'a OpenFileTable<T>);
impl<'a, T> Builder<'a, T> {
    /// Where `Placement::Auto` starts and the high range lies: 32768 unless told; a multiple of 32 from 1024 to 2^31-4096.
    pub fn auto_base(self, base: u32) -> Self { todo!() }
    /// RLIMIT_NOFILE: 2^20 unless told; more than 2^31 counts as 2^31.
    pub fn limit(self, limit: u32) -> Self { todo!() }
    /// EINVAL for an auto_base out of its range.
    pub fn build(self) -> Result<FdTable<T>, Error> { todo!() }
}
impl<T> FdTable<T> {
    pub fn new(files: &OpenFileTable<T>) -> Self { todo!() }
    pub fn builder(files: &OpenFileTable<T>) -> Builder<'_, T> { todo!() }
    pub fn files(&self) -> &OpenFileTable<T> { todo!() }
    pub fn auto_base(&self) -> u32 { todo!() }
    pub fn limit(&self) -> u32 { todo!() }
    pub fn set_limit(&self, limit: u32) { todo!() }
    // lookup
    pub fn get(&self, fd: RawFd) -> Option<FileRef<'_, T>> { todo!() }
    pub fn contains(&self, fd: RawFd) -> bool { todo!() }
    pub fn flags(&self, fd: RawFd) -> Option<FdFlags> { todo!() }
    /// All eight bits at once; returns the previous ones. EBADF.
    pub fn set_flags(&self, fd: RawFd, flags: FdFlags) -> Result<FdFlags, Error> { todo!() }
    /// F_SETFD: FD_CLOEXEC alone, the user's bits stay. EBADF.
    pub fn set_cloexec(&self, fd: RawFd, cloexec: bool) -> Result<(), Error> { todo!() }
    // open
    pub fn open(&self, placement: Placement, file: T, flags: FdFlags) -> Result<RawFd, Rejected<T>> { todo!() }
    pub fn reserve(&self, placement: Placement) -> Result<Reservation<'_, T>, Error> { todo!() }
    /// All N or none.
    pub fn reserve_many<const N: usize>(&self, placement: Placement) -> Result<[Reservation<'_, T>; N], Error> { todo!() }
    // dup: EBADF first, then the placement's errors. The new number has exactly `flags`.
    pub fn dup(&self, old: RawFd, placement: Placement, flags: FdFlags) -> Result<RawFd, Error> { todo!() }
    /// dup2(2). What `new` referred to before comes back (None: it was free, or old == new).
    pub fn dup2(&self, old: RawFd, new: RawFd) -> Result<Option<FileRef<'_, T>>, Error> { todo!() }
    /// dup3(2): old == new is EINVAL.
    pub fn dup3(&self, old: RawFd, new: RawFd, flags: FdFlags) -> Result<Option<FileRef<'_, T>>, Error> { todo!() }
    /// dup3 with a new file instead of an old descriptor: puts `file` at `fd`, whatever was there. EBADF (fd not below the limit), EBUSY, ENFILE.
    pub fn replace(&self, fd: RawFd, file: T, flags: FdFlags) -> Result<Option<FileRef<'_, T>>, Rejected<T>> { todo!() }
    /// `replace`, if `fd` still refers to `id`; else EBADF. Returns the displaced file.
    pub fn replace_if(&self, fd: RawFd, id: FileId, file: T, flags: FdFlags) -> Result<FileRef<'_, T>, Rejected<T>> { todo!() }
    // close: the table's reference goes to the caller, whose drop of it is the release
    pub fn close(&self, fd: RawFd) -> Result<FileRef<'_, T>, Error> { todo!() }
    /// Closes `fd` if it still refers to `id`; else EBADF.
    pub fn close_if(&self, fd: RawFd, id: FileId) -> Result<FileRef<'_, T>, Error> { todo!() }
    /// close that keeps the number reserved: the first half of a two-phase close.
    pub fn take(&self, fd: RawFd) -> Result<(FileRef<'_, T>, Reservation<'_, T>), Error> { todo!() }
    /// close_range(2) on this table: flags empty or CLOEXEC (UNSHARE is `Files::close_range`'s: EINVAL here).
    pub fn close_range(&self, first: u32, last: u32, flags: CloseRangeFlags) -> Result<(), Error> { todo!() }
    /// close_range that hands out each closed file, lowest first; what is not consumed is closed when the iterator drops. EINVAL when first > last.
    pub fn drain(&self, first: u32, last: u32) -> Result<Drain<'_, T>, Error> { todo!() }
    // looking over the whole table: ascending, weakly consistent
    pub fn iter(&self) -> Iter<'_, T> { todo!() }
    pub fn fds_of<'a>(&'a self, file: &FileRef<'_, T>) -> impl Iterator<Item = RawFd> + 'a { std::iter::empty() }
    pub fn len(&self) -> usize { todo!() }
    pub fn is_empty(&self) -> bool { todo!() }
    /// A point-in-time copy, as fork makes: reserved numbers left out, flags kept.
    pub fn fork(&self) -> FdTable<T> { todo!() }
}
impl<T> fmt::Debug for FdTable<T> { fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { todo!() } }
/// Yields (fd, flags, file).
pub struct Iter<'a, T>(&'a FdTable<T>);
impl<'a, T> Iterator for Iter<'a, T> { type Item = (RawFd, FdFlags, FileRef<'a, T>); fn next(&mut self) -> Option<Self::Item> { todo!() } }
/// Yields (fd, flags, file).
pub struct Drain<'a, T>(&'a FdTable<T>);
impl<'a, T> Iterator for Drain<'a, T> { type Item = (RawFd, FdFlags, FileRef<'a, T>); fn next(&mut self) -> Option<Self::Item> { todo!() } }
impl<T> Drop for Drain<'_, T> { fn drop(&mut self) {} }

/// What a task holds: its (possibly shared) file descriptor table.
pub struct Files<T>(Arc<FdTable<T>>);
/// A loaded table: Deref to `Arc<FdTable<T>>` (so to FdTable<T>); cheap, short-lived. `Arc::clone(&guard)` for longer.
pub struct FilesGuard<T>(Arc<FdTable<T>>);
impl<T> Deref for FilesGuard<T> { type Target = Arc<FdTable<T>>; fn deref(&self) -> &Arc<FdTable<T>> { todo!() } }
impl<T> Files<T> {
    pub fn new(table: FdTable<T>) -> Self { todo!() }
    pub fn load(&self) -> FilesGuard<T> { todo!() }
    /// CLONE_FILES: another task on the same table.
    pub fn share(&self) -> Files<T> { todo!() }
    /// fork(2): another task with a copy.
    pub fn fork(&self) -> Files<T> { todo!() }
    pub fn is_shared(&self) -> bool { todo!() }
    /// unshare(CLONE_FILES): a copy of its own if the table is shared, else nothing.
    pub fn unshare(&self) { todo!() }
    /// The table after a successful exec, made ready: a point-in-time copy without the FD_CLOEXEC descriptors.
    pub fn prepare_exec(&self) -> ExecPlan<'_, T> { todo!() }
    /// close_range(2), with UNSHARE and CLOEXEC.
    pub fn close_range(&self, first: u32, last: u32, flags: CloseRangeFlags) -> Result<(), Error> { todo!() }
}
/// Dropping it is the roll-back: nothing has happened.
pub struct ExecPlan<'a, T>(&'a Files<T>);
impl<T> ExecPlan<'_, T> {
    /// What the table will be.
    pub fn table(&self) -> &FdTable<T> { todo!() }
    /// The exec succeeded: the task's table is now the plan's; siblings keep the old one.
    pub fn commit(self) { todo!() }
}
