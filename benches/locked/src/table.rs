//! The part of the table's surface that the supervisor uses, over a hash map and a bitmap behind
//! one mutex. Files are dropped when it is free again.

use std::{
    marker::PhantomData,
    ops::Deref,
    os::fd::RawFd,
    sync::{Arc, atomic::AtomicUsize},
    vec,
};

use fdtable::{CloseRangeFlags, Error, FdFlags, Placement, Rejected};
use parking_lot::Mutex;
use rustc_hash::FxHashMap;

use super::{
    numbers::Numbers,
    reservation::{Reservation, Table},
};

/// What all tables share: nothing, as files are counted by `Arc`.
pub struct OpenFileTable<T>(PhantomData<fn(T)>);

pub struct Builder<T> {
    base: u32,
    limit: u32,
    files: PhantomData<fn(T)>,
}

pub struct FdTable<T> {
    state: Mutex<State<T>>,
    base: u32,
    pub(crate) tasks: AtomicUsize,
}

struct State<T> {
    open: FxHashMap<RawFd, Open<T>>,
    /// What is open, and what is reserved.
    taken: Numbers,
    reserved: Vec<RawFd>,
    limit: u32,
}

struct Open<T> {
    flags: FdFlags,
    file: Arc<T>,
}

pub struct FileRef<'a, T>(Arc<T>, PhantomData<&'a ()>);

pub type OwnedFileRef<T> = FileRef<'static, T>;

/// A file's address, which is its own while somebody has a reference.
#[derive(Clone, Copy, PartialEq)]
pub struct FileId(usize);

pub struct Descriptor<'a, T> {
    pub fd: RawFd,
    pub flags: FdFlags,
    pub file: FileRef<'a, T>,
}

impl<T> OpenFileTable<T> {
    #[expect(clippy::new_without_default, reason = "the surface of fdtable, as far as it is used")]
    pub fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T> Builder<T> {
    pub fn base(self, base: u32) -> Self {
        Self { base, ..self }
    }

    pub fn limit(self, limit: u32) -> Self {
        Self { limit, ..self }
    }

    pub fn build(self) -> Result<FdTable<T>, Error> {
        Ok(FdTable::new(State::new(self.limit), self.base))
    }
}

impl<T> State<T> {
    fn new(limit: u32) -> Self {
        let (open, taken) = (FxHashMap::default(), Numbers::default());
        Self { open, taken, reserved: Vec::new(), limit }
    }

    fn claim(&mut self, placement: Placement, base: u32) -> Result<RawFd, Error> {
        let min = match placement {
            Placement::At(fd) if !self.is_number(fd) => return Err(Error::BadFd),
            Placement::At(fd) if !self.taken.claim(fd) => return Err(Error::Busy),
            Placement::At(fd) => return Ok(fd),
            Placement::FromBase => base as RawFd,
            Placement::From(min) => min,
            Placement::Lowest | Placement::Any => 0,
            _ => return Err(Error::Invalid),
        };
        let fd = self.taken.claim_from(min);
        if self.is_number(fd) {
            return Ok(fd);
        }
        self.taken.release(fd);
        Err(Error::TooManyOpenFiles)
    }

    fn is_number(&self, fd: RawFd) -> bool {
        u32::try_from(fd).is_ok_and(|fd| fd < self.limit)
    }

    fn file(&self, fd: RawFd) -> Result<Arc<T>, Error> {
        self.open.get(&fd).map(|open| Arc::clone(&open.file)).ok_or(Error::BadFd)
    }

    /// Makes a number ready to be opened, be it free or open.
    fn make_ready(&mut self, fd: RawFd) -> Result<(), Error> {
        match () {
            () if !self.is_number(fd) => Err(Error::BadFd),
            () if self.taken.claim(fd) || self.open.contains_key(&fd) => Ok(()),
            () => Err(Error::Busy),
        }
    }

    fn vacate(&mut self, fd: RawFd) -> Result<Open<T>, Error> {
        self.open.remove(&fd).ok_or(Error::BadFd)
    }

    fn remove_range(&mut self, first: u32, last: u32) -> Vec<Open<T>> {
        let taken = &mut self.taken;
        let removed = self.open.extract_if(|fd, _| (first..=last).contains(&(*fd as u32)));
        removed
            .map(|(fd, open)| {
                taken.release(fd);
                open
            })
            .collect()
    }
}

impl<T> FdTable<T> {
    fn new(state: State<T>, base: u32) -> Self {
        Self { state: Mutex::new(state), base, tasks: AtomicUsize::new(0) }
    }

    pub fn builder(_files: &OpenFileTable<T>) -> Builder<T> {
        Builder { base: 32768, limit: 1 << 20, files: PhantomData }
    }

    pub fn base(&self) -> u32 {
        self.base
    }

    pub fn limit(&self) -> u32 {
        self.state.lock().limit
    }

    pub fn set_limit(&self, limit: u32) {
        self.state.lock().limit = limit;
    }

    pub fn len(&self) -> usize {
        self.state.lock().open.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn get(&self, fd: RawFd) -> Option<FileRef<'_, T>> {
        self.state.lock().file(fd).ok().map(FileRef::new)
    }

    pub fn flags(&self, fd: RawFd) -> Option<FdFlags> {
        Some(self.state.lock().open.get(&fd)?.flags)
    }

    pub fn descriptor(&self, fd: RawFd) -> Option<Descriptor<'_, T>> {
        Some(self.state.lock().open.get(&fd)?.descriptor(fd))
    }

    /// As of one instant: the lock is not held while one goes through it.
    pub fn iter(&self) -> vec::IntoIter<Descriptor<'_, T>> {
        let state = self.state.lock();
        let all: Vec<_> = state.open.iter().map(|(fd, open)| open.descriptor(*fd)).collect();
        all.into_iter()
    }

    pub fn update_flags(
        &self,
        fd: RawFd,
        change: impl Fn(FdFlags) -> FdFlags,
    ) -> Result<FdFlags, Error> {
        let mut state = self.state.lock();
        let open = state.open.get_mut(&fd).ok_or(Error::BadFd)?;
        let changed = change(open.flags);
        Ok(std::mem::replace(&mut open.flags, changed))
    }

    pub fn update_flags_if(
        &self,
        fd: RawFd,
        id: FileId,
        change: impl Fn(FdFlags) -> FdFlags,
    ) -> Result<FdFlags, Error> {
        let mut state = self.state.lock();
        let open = state.open.get_mut(&fd).filter(|open| FileId::of(&open.file) == id);
        let open = open.ok_or(Error::BadFd)?;
        let changed = change(open.flags);
        Ok(std::mem::replace(&mut open.flags, changed))
    }

    pub fn set_cloexec(&self, fd: RawFd, cloexec: bool) -> Result<(), Error> {
        let set = |mut flags: FdFlags| {
            flags.set(FdFlags::CLOEXEC, cloexec);
            flags
        };
        self.update_flags(fd, set).map(drop)
    }

    pub fn open(
        &self,
        placement: Placement,
        file: T,
        flags: FdFlags,
    ) -> Result<RawFd, Rejected<T>> {
        match self.reserve(placement) {
            Ok(number) => number.install(file, flags),
            Err(error) => Err(Rejected { error, file }),
        }
    }

    pub fn reserve(&self, placement: Placement) -> Result<Reservation<'_, T>, Error> {
        let mut state = self.state.lock();
        let fd = state.claim(placement, self.base)?;
        state.reserved.push(fd);
        Ok(Reservation::new(Table::Borrowed(self), fd))
    }

    /// Opens a reserved number.
    pub(crate) fn fill(&self, fd: RawFd, file: OwnedFileRef<T>, flags: FdFlags) {
        let file = file.0;
        let mut state = self.state.lock();
        state.reserved.retain(|reserved| *reserved != fd);
        state.open.insert(fd, Open { flags, file });
    }

    /// Gives a reserved number back.
    pub(crate) fn release(&self, fd: RawFd) {
        let mut state = self.state.lock();
        state.reserved.retain(|reserved| *reserved != fd);
        state.taken.release(fd);
    }

    pub fn dup(&self, old: RawFd, placement: Placement, flags: FdFlags) -> Result<RawFd, Error> {
        let mut state = self.state.lock();
        let file = state.file(old)?;
        let fd = state.claim(placement, self.base)?;
        state.open.insert(fd, Open { flags, file });
        Ok(fd)
    }

    pub fn dup3(
        &self,
        old: RawFd,
        new: RawFd,
        flags: FdFlags,
    ) -> Result<Option<Descriptor<'_, T>>, Error> {
        if old == new {
            return Err(Error::Invalid);
        }
        let mut state = self.state.lock();
        let file = state.file(old)?;
        state.make_ready(new)?;
        let displaced = state.open.insert(new, Open { flags, file });
        Ok(displaced.map(|open| open.descriptor(new)))
    }

    pub fn replace(
        &self,
        fd: RawFd,
        file: T,
        flags: FdFlags,
    ) -> Result<Option<Descriptor<'_, T>>, Rejected<T>> {
        let mut state = self.state.lock();
        if let Err(error) = state.make_ready(fd) {
            return Err(Rejected { error, file });
        }
        let displaced = state.open.insert(fd, Open { flags, file: Arc::new(file) });
        Ok(displaced.map(|open| open.descriptor(fd)))
    }

    pub fn close(&self, fd: RawFd) -> Result<Descriptor<'_, T>, Error> {
        let mut state = self.state.lock();
        let open = state.vacate(fd)?;
        state.taken.release(fd);
        Ok(open.descriptor(fd))
    }

    pub fn take_owned(
        self: &Arc<Self>,
        fd: RawFd,
    ) -> Result<(Descriptor<'_, T>, Reservation<'static, T>), Error>
    where
        T: 'static,
    {
        let mut state = self.state.lock();
        let open = state.vacate(fd)?;
        state.reserved.push(fd);
        Ok((open.descriptor(fd), Reservation::new(Table::Owned(Arc::clone(self)), fd)))
    }

    pub fn close_range(&self, first: u32, last: u32, flags: CloseRangeFlags) -> Result<(), Error> {
        let mut state = self.state.lock();
        if flags.contains(CloseRangeFlags::CLOEXEC) {
            for (_, open) in
                state.open.iter_mut().filter(|(fd, _)| (first..=last).contains(&(**fd as u32)))
            {
                open.flags |= FdFlags::CLOEXEC;
            }
            return Ok(());
        }
        let removed = state.remove_range(first, last);
        drop(state);
        drop(removed);
        Ok(())
    }

    /// A copy of what `keep` keeps.
    pub(crate) fn copy(&self, keep: impl Fn(u32, FdFlags) -> bool) -> Self {
        let state = self.state.lock();
        let mut copy = State::new(state.limit);
        copy.taken = state.taken.clone();
        for fd in &state.reserved {
            copy.taken.release(*fd);
        }
        copy.open.reserve(state.open.len());
        for (fd, open) in &state.open {
            if keep(*fd as u32, open.flags) {
                copy.open.insert(*fd, Open { flags: open.flags, file: Arc::clone(&open.file) });
            } else {
                copy.taken.release(*fd);
            }
        }
        drop(state);
        Self::new(copy, self.base)
    }
}

impl<T> Open<T> {
    fn descriptor<'a>(&self, fd: RawFd) -> Descriptor<'a, T> {
        Descriptor { fd, flags: self.flags, file: FileRef::new(Arc::clone(&self.file)) }
    }
}

impl<'a, T> IntoIterator for &'a FdTable<T> {
    type Item = Descriptor<'a, T>;
    type IntoIter = vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl FileId {
    fn of<T>(file: &Arc<T>) -> Self {
        Self(Arc::as_ptr(file).addr())
    }
}

impl<T> FileRef<'_, T> {
    pub(crate) fn new(file: Arc<T>) -> Self {
        Self(file, PhantomData)
    }

    pub fn id(&self) -> FileId {
        FileId::of(&self.0)
    }

    pub fn into_owned(self) -> OwnedFileRef<T> {
        FileRef::new(self.0)
    }
}

impl<T> Deref for FileRef<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> Deref for Descriptor<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.file
    }
}
