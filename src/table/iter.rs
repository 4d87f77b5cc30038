//! Looking over the whole table, lowest number first; weakly consistent.

use std::{fmt, iter::FusedIterator, os::fd::RawFd};

use crate::file::file_id::FileId;
use crate::flags::FdFlags;
use crate::table::descriptor::Descriptor;
use crate::table::fd_table::FdTable;
use crate::table::number::Number;

/// Iterates over the open numbers, lowest first; made by [`FdTable::iter`] and
/// [`FdTable::iter_from`], and by a `for` loop over a `&FdTable`.
///
/// ```
/// # use fdtable::{FdFlags, FdTable, OpenFileTable, Placement};
/// let table = FdTable::new(&OpenFileTable::new());
/// table.open(Placement::FromBase, 'b', FdFlags::empty())?;
/// table.open(Placement::Lowest, 'a', FdFlags::CLOEXEC)?;
/// let mut listing = String::new();
/// for open in &table {
///     listing += &format!("{open:?}\n");
/// }
/// assert_eq!(listing, "0 -> #1 CLOEXEC\n32768 -> #0\n");
/// for fdtable::Descriptor { fd, flags, .. } in &table {
///     assert_eq!(flags.contains(FdFlags::CLOEXEC), fd == 0);
/// }
/// # Ok::<(), fdtable::Error>(())
/// ```
#[must_use = "iterators are lazy"]
pub struct Iter<'a, T> {
    table: &'a FdTable<T>,
    next: Number,
}

impl<T> FdTable<T> {
    /// The open numbers with their flags and files, lowest first.
    ///
    /// Each is read at its own instant: a number that is open during the whole iteration is met,
    /// one that is opened or closed meanwhile may be. For one instant of the whole table, iterate
    /// over a [`fork`](Self::fork), which has all but what is [`CLOFORK`](FdFlags::CLOFORK).
    ///
    /// ```
    /// # use fdtable::{FdFlags, FdTable, OpenFileTable, Placement};
    /// let table = FdTable::new(&OpenFileTable::new());
    /// table.open(Placement::At(1025), 'b', FdFlags::empty())?;
    /// table.open(Placement::Lowest, 'a', FdFlags::CLOEXEC)?;
    /// let open: Vec<_> = table.iter().map(|open| (open.fd, open.flags, *open.file)).collect();
    /// assert_eq!(open, [(0, FdFlags::CLOEXEC, 'a'), (1025, FdFlags::empty(), 'b')]);
    /// # Ok::<(), fdtable::Error>(())
    /// ```
    pub fn iter(&self) -> Iter<'_, T> {
        self.iter_from(0)
    }

    /// [`iter`](Self::iter) from a number on, which need not be open.
    ///
    /// It begins at that number, and comes to the next open one without a look at those before. So
    /// a caller that keeps no iterator, as one in another language, may begin anew for each number.
    ///
    /// ```
    /// # use fdtable::{FdFlags, FdTable, OpenFileTable, Placement};
    /// let table = FdTable::new(&OpenFileTable::new());
    /// for fd in [3, 1025, 20_000] {
    ///     table.open(Placement::At(fd), 'a', FdFlags::empty())?;
    /// }
    /// let (mut met, mut first) = (Vec::new(), 4);
    /// while let Some(open) = table.iter_from(first).next() {
    ///     met.push(open.fd);
    ///     first = open.fd as u32 + 1;
    /// }
    /// assert_eq!(met, [1025, 20_000]);
    /// # Ok::<(), fdtable::Error>(())
    /// ```
    pub fn iter_from(&self, first: u32) -> Iter<'_, T> {
        Iter { table: self, next: Number(first) }
    }

    /// The numbers open on the description with this id, lowest first; each read at its own
    /// instant.
    ///
    /// ```
    /// # use fdtable::{FdFlags, FdTable, OpenFileTable, Placement};
    /// let table = FdTable::new(&OpenFileTable::new());
    /// let fd = table.open(Placement::Lowest, 'a', FdFlags::empty())?;
    /// table.dup2(fd, 20_000)?;
    /// let id = table.get(fd).unwrap().id();
    /// assert!(table.fds_of(id).eq([0, 20_000]));
    /// # Ok::<(), fdtable::Error>(())
    /// ```
    pub fn fds_of(&self, id: FileId) -> impl Iterator<Item = RawFd> + '_ {
        self.iter().filter(move |open| open.file.id() == id).map(|open| open.fd)
    }

    /// How many numbers are open; each read at its own instant, so exact when no call is under way.
    ///
    /// ```
    /// # use fdtable::{FdFlags, FdTable, OpenFileTable, Placement};
    /// let table = FdTable::new(&OpenFileTable::new());
    /// table.open(Placement::Any, 'a', FdFlags::empty())?;
    /// assert_eq!(table.len(), 1);
    /// # Ok::<(), fdtable::Error>(())
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.open_numbers().count()
    }

    /// Whether no number is open.
    ///
    /// ```
    /// # use fdtable::{FdTable, OpenFileTable};
    /// assert!(FdTable::<()>::new(&OpenFileTable::new()).is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.open_numbers().next().is_none()
    }

    fn open_numbers(&self) -> impl Iterator<Item = Number> + '_ {
        let mut from = Number::MIN;
        std::iter::from_fn(move || {
            let number = self.tiers.next_open(from, Number::END, FdFlags::empty())?;
            from = number.plus(1);
            Some(number)
        })
    }
}

impl<'a, T> Iterator for Iter<'a, T> {
    type Item = Descriptor<'a, T>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let next = self.table.tiers.next_open(self.next, Number::END, FdFlags::empty());
            // At the end for good: what is opened behind it now is not met by a later call.
            self.next = next.map_or(Number::END, |number| number.plus(1));
            // Not if it has been closed meanwhile.
            if let Some(descriptor) = self.table.descriptor_of(next?) {
                return Some(descriptor);
            }
        }
    }
}

impl<T> FusedIterator for Iter<'_, T> {}

impl<'a, T> IntoIterator for &'a FdTable<T> {
    type Item = Descriptor<'a, T>;
    type IntoIter = Iter<'a, T>;

    fn into_iter(self) -> Iter<'a, T> {
        self.iter()
    }
}

impl<T> fmt::Debug for FdTable<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut set = f.debug_set();
        set.entries(self).finish()
    }
}

impl<T> fmt::Debug for Iter<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Iter").field("next", &self.next.0).finish_non_exhaustive()
    }
}
