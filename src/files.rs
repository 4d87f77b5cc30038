//! What a task holds: a file descriptor table that it may share with other tasks, and may swap for
//! one of its own.

use std::{fmt, ops::Deref, ptr};

use crate::error::Error;
use crate::flags::CloseRangeFlags;
use crate::sync::arc_swap::{ArcSwap, Guard};
use crate::sync::{Arc, AtomicUsize, Ordering};
use crate::table::descriptor::Descriptor;
use crate::table::fd_table::FdTable;
use crate::table::iter::Iter;

/// The files of a task: shared with another task by `CLONE_FILES`, copied by `fork`, split by
/// `unshare`, swept by `exec`.
///
/// One `Files` stands for one task (or one thread group, whose threads share it anyway); the
/// handler threads that serve the task all use it by reference. Which table it has can change under
/// them: [`load`](Self::load) it once for each system call.
///
/// ```
/// use fdtable::{FdFlags, FdTable, Files, OpenFileTable, Placement};
///
/// let parent = Files::new(FdTable::new(&OpenFileTable::new()));
/// let thread = parent.share();
/// let child = parent.fork();
/// let fd = parent.load().open(Placement::Lowest, "file", FdFlags::empty())?;
/// assert!(thread.load().contains(fd));
/// assert!(!child.load().contains(fd));
/// # Ok::<(), fdtable::Error>(())
/// ```
pub struct Files<T> {
    /// Invariant: this `Files` is counted in `tasks` of what it holds.
    shared: ArcSwap<Shared<T>>,
}

/// A table, and how many tasks hold it.
struct Shared<T> {
    table: Arc<FdTable<T>>,
    tasks: AtomicUsize,
}

/// A loaded table: derefs to `Arc<FdTable>`, and so to the table. Made by [`Files::load`], for one
/// system call; clone the `Arc` to keep it longer.
///
/// ```
/// # use std::sync::Arc;
/// # use fdtable::{FdFlags, FdTable, Files, OpenFileTable, Placement};
/// let files = Files::new(FdTable::new(&OpenFileTable::new()));
/// let table: Arc<FdTable<char>> = Arc::clone(&files.load());
/// table.open(Placement::Lowest, 'a', FdFlags::empty())?;
/// assert!(files.load().contains(0));
/// for fdtable::Descriptor { fd, file, .. } in &files.load() {
///     assert_eq!((fd, *file), (0, 'a'));
/// }
/// # Ok::<(), fdtable::Error>(())
/// ```
pub struct FilesGuard<T> {
    shared: Guard<Arc<Shared<T>>>,
}

impl<T> Files<T> {
    /// The files of a first task.
    ///
    /// ```
    /// # use fdtable::{FdTable, Files, OpenFileTable};
    /// let files = Files::new(FdTable::<()>::new(&OpenFileTable::new()));
    /// assert!(!files.is_shared());
    /// ```
    #[must_use]
    pub fn new(table: FdTable<T>) -> Self {
        Self { shared: ArcSwap::new(Shared::by_one(table)) }
    }

    /// The table at this instant. It stays what was loaded when the task gets another one, as by an
    /// unshare; an [`exec`](Self::exec) of a task that shares with none closes in this one.
    ///
    /// ```
    /// # use fdtable::{FdTable, Files, OpenFileTable};
    /// let files = Files::new(FdTable::<()>::new(&OpenFileTable::new()));
    /// assert!(files.load().get(0).is_none());
    /// ```
    #[inline]
    #[must_use]
    pub fn load(&self) -> FilesGuard<T> {
        FilesGuard { shared: self.shared.load() }
    }

    /// `clone(CLONE_FILES)`: the files of another task, on the same table.
    ///
    /// ```
    /// # use fdtable::{FdTable, Files, OpenFileTable};
    /// let files = Files::new(FdTable::<()>::new(&OpenFileTable::new()));
    /// let thread = files.share();
    /// assert!(files.is_shared() && thread.is_shared());
    /// drop(thread);
    /// assert!(!files.is_shared());
    /// ```
    #[must_use]
    #[doc(alias = "CLONE_FILES")]
    pub fn share(&self) -> Self {
        Self { shared: ArcSwap::new(self.joined()) }
    }

    /// Gives this task the table of `other`, as [`share`](Self::share) gives it to a new one; the
    /// table that it had is left, as by a drop. Nothing happens if both are one `Files`.
    ///
    /// For a task that others use by reference while it comes to share with another, or to have
    /// what was that one's: as a process whose files are, after an exec, those of the thread that
    /// has called it. Two steps: the table of `other` is looked up, then this task gets it in one
    /// step. What happens to the table of `other` in between does not matter. A task must not come
    /// back to a table that it has left while another thread of it is in an exec or an unshare: the
    /// table of the siblings may be changed then.
    ///
    /// ```
    /// # use fdtable::{FdFlags, FdTable, Files, OpenFileTable, Placement};
    /// let process = Files::new(FdTable::new(&OpenFileTable::new()));
    /// let thread = process.fork(); // it has unshared its files
    /// let fd = thread.load().open(Placement::Lowest, "file", FdFlags::empty())?;
    /// thread.exec();
    /// process.adopt(&thread);
    /// drop(thread);
    /// assert!(process.load().contains(fd) && !process.is_shared());
    /// # Ok::<(), fdtable::Error>(())
    /// ```
    pub fn adopt(&self, other: &Self) {
        // To count itself in would make siblings of one that has none: they would copy its table.
        if !ptr::eq(self, other) {
            self.give(other.joined());
        }
    }

    /// The table, with another task counted in.
    fn joined(&self) -> Arc<Shared<T>> {
        loop {
            let shared = self.shared.load_full();
            shared.join();
            // The task held the table when the new one was counted in.
            if Arc::ptr_eq(&shared, &self.shared.load()) {
                return shared;
            }
            // Otherwise a sibling may have found itself alone in it, with nothing to unshare.
            shared.leave();
        }
    }

    /// `fork(2)`: the files of another task, on a copy of the table at one instant; see
    /// [`FdTable::fork`].
    ///
    /// ```
    /// # use fdtable::{FdFlags, FdTable, Files, OpenFileTable, Placement};
    /// let parent = Files::new(FdTable::new(&OpenFileTable::new()));
    /// let fd = parent.load().open(Placement::Lowest, 'a', FdFlags::empty())?;
    /// let child = parent.fork();
    /// parent.load().close(fd)?;
    /// assert!(child.load().contains(fd));
    /// # Ok::<(), fdtable::Error>(())
    /// ```
    #[must_use]
    pub fn fork(&self) -> Self {
        Self::new(self.load().fork())
    }

    /// Whether another task holds the same table.
    ///
    /// A task that joins or leaves the table may be counted as long as its call is going on.
    ///
    /// ```
    /// # use fdtable::{FdTable, Files, OpenFileTable};
    /// assert!(!Files::new(FdTable::<()>::new(&OpenFileTable::new())).is_shared());
    /// ```
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.shared.load().is_shared()
    }

    /// `unshare(CLONE_FILES)`: from now on this task has a copy of the table, taken at one instant;
    /// nothing if it does not share it.
    ///
    /// ```
    /// # use fdtable::{FdFlags, FdTable, Files, OpenFileTable, Placement};
    /// let files = Files::new(FdTable::new(&OpenFileTable::new()));
    /// let thread = files.share();
    /// thread.unshare();
    /// let fd = thread.load().open(Placement::Lowest, 'a', FdFlags::empty())?;
    /// assert!(!files.load().contains(fd));
    /// # Ok::<(), fdtable::Error>(())
    /// ```
    pub fn unshare(&self) {
        self.change(FdTable::copy_all, |_| ());
    }

    /// `close_range(2)`: closes `first..=last`, or with `CLOEXEC` marks it; with `UNSHARE` in a
    /// table of this task's own, which siblings do not see.
    ///
    /// With `UNSHARE` on a shared table, the task gets a copy of one instant, without what would be
    /// closed, or marked: no other thread of the task sees it half done. Otherwise it behaves as
    /// [`FdTable::close_range`], also for a task that begins to share the table during the call.
    ///
    /// # Errors
    ///
    /// `EINVAL`, with no effect, if `first > last` or for an unknown flag.
    ///
    /// ```
    /// # use fdtable::{CloseRangeFlags, FdFlags, FdTable, Files, OpenFileTable, Placement};
    /// let files = Files::new(FdTable::new(&OpenFileTable::new()));
    /// let fd = files.load().open(Placement::Lowest, 'a', FdFlags::empty())?;
    /// let sibling = files.share();
    /// files.close_range(0, u32::MAX, CloseRangeFlags::UNSHARE)?;
    /// assert!(files.load().is_empty());
    /// assert!(sibling.load().contains(fd));
    /// # Ok::<(), fdtable::Error>(())
    /// ```
    pub fn close_range(&self, first: u32, last: u32, flags: CloseRangeFlags) -> Result<(), Error> {
        if first > last || !CloseRangeFlags::all().contains(flags) {
            return Err(Error::Invalid);
        }
        let range_flags = flags - CloseRangeFlags::UNSHARE;
        let in_place = |table: &FdTable<T>| {
            table.close_range(first, last, range_flags).expect("the arguments are good");
        };
        let copy = |table: &FdTable<T>| {
            if range_flags.is_empty() {
                return table.copy(|number, _| !(first..=last).contains(&number.0));
            }
            let copy = table.copy_all();
            in_place(&copy);
            copy
        };
        match flags.contains(CloseRangeFlags::UNSHARE) {
            true => self.change(copy, in_place),
            false => in_place(&self.load()),
        }
        Ok(())
    }

    /// Gives the task a table of its own.
    pub(crate) fn swap(&self, table: FdTable<T>) {
        self.give(Shared::by_one(table));
    }

    /// Gives the task a table in which it is counted.
    fn give(&self, shared: Arc<Shared<T>>) {
        self.shared.swap(shared).leave();
    }

    /// Changes the task's table and no sibling's: as long as it is shared, the task gets what
    /// `copy` makes of it instead; one that is not shared is changed `in_place`.
    pub(crate) fn change(
        &self,
        copy: impl Fn(&FdTable<T>) -> FdTable<T>,
        in_place: impl FnOnce(&FdTable<T>),
    ) {
        loop {
            let old = self.shared.load();
            if old.is_shared() {
                let copy = Shared::by_one(copy(&old.table));
                if Arc::ptr_eq(&self.shared.compare_and_swap(&*old, copy), &old) {
                    return old.leave();
                }
            } else if Arc::ptr_eq(&self.shared.load(), &old) {
                // This task still holds the table, so it is the one that is counted.
                return in_place(&old.table);
            }
            // Otherwise another thread has given the task another table, which may be shared too.
        }
    }
}

impl<T> Shared<T> {
    /// A table that one task holds.
    fn by_one(table: FdTable<T>) -> Arc<Self> {
        Arc::new(Self { table: Arc::new(table), tasks: AtomicUsize::new(1) })
    }

    /// Counts a task in.
    fn join(&self) {
        // Acquire: if a task was counted out before, the next look at it finds its new table
        // (`share`); pairs with the Release in `leave`.
        self.tasks.fetch_add(1, Ordering::Acquire);
    }

    /// Counts a task out, which holds another table by now, or none.
    fn leave(&self) {
        // Release: passes on that the task holds another table to `join` and `is_shared`.
        self.tasks.fetch_sub(1, Ordering::Release);
    }

    fn is_shared(&self) -> bool {
        // Acquire: a thread that finds its task counted out finds it at its new table from then on
        // (`unshare`); pairs with the Release in `leave`.
        self.tasks.load(Ordering::Acquire) > 1
    }
}

impl<T> Drop for Files<T> {
    fn drop(&mut self) {
        self.shared.load().leave();
    }
}

impl<T> Deref for FilesGuard<T> {
    type Target = Arc<FdTable<T>>;

    #[inline]
    fn deref(&self) -> &Self::Target {
        &self.shared.table
    }
}

/// As [`FdTable::iter`].
impl<'a, T> IntoIterator for &'a FilesGuard<T> {
    type Item = Descriptor<'a, T>;
    type IntoIter = Iter<'a, T>;

    fn into_iter(self) -> Iter<'a, T> {
        self.iter()
    }
}

impl<T> fmt::Debug for Files<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Files").field(&**self.load()).finish()
    }
}

impl<T> fmt::Debug for FilesGuard<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("FilesGuard").field(&***self).finish()
    }
}
