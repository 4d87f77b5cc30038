//! What a task holds: a file descriptor table that it may share with other tasks, and may swap for
//! one of its own.

use std::{fmt, ops::Deref, sync::Arc};

use arc_swap::{ArcSwap, Guard};

use crate::{CloseRangeFlags, Error, FdFlags, FdTable, sync::Ordering};

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
    /// Invariant: this `Files` is counted in the `tasks` of the table.
    table: ArcSwap<FdTable<T>>,
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
/// # Ok::<(), fdtable::Error>(())
/// ```
pub struct FilesGuard<T> {
    table: Guard<Arc<FdTable<T>>>,
}

/// What a task's table will be after an exec; dropping it is the roll-back, after which nothing has
/// happened. Made by [`Files::prepare_exec`].
///
/// ```
/// # use fdtable::{FdFlags, FdTable, Files, OpenFileTable, Placement};
/// # fn execve(path: &str) -> Result<(), ()> { if path.is_empty() { Err(()) } else { Ok(()) } }
/// let files = Files::new(FdTable::new(&OpenFileTable::new()));
/// files.load().open(Placement::Lowest, 'a', FdFlags::CLOEXEC)?;
/// for (path, left) in [("", 1), ("/bin/true", 0)] {
///     let plan = files.prepare_exec();
///     if execve(path).is_ok() {
///         plan.commit();
///     }
///     assert_eq!(files.load().len(), left);
/// }
/// # Ok::<(), fdtable::Error>(())
/// ```
#[must_use = "an exec that is not committed closes nothing"]
pub struct ExecPlan<'a, T> {
    files: &'a Files<T>,
    table: FdTable<T>,
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
        Self::joined(Arc::new(table))
    }

    /// The table at this instant. An exec or unshare of the same task does not change what was
    /// loaded before it.
    ///
    /// ```
    /// # use fdtable::{FdTable, Files, OpenFileTable};
    /// let files = Files::new(FdTable::<()>::new(&OpenFileTable::new()));
    /// assert!(files.load().get(0).is_none());
    /// ```
    #[inline]
    #[must_use]
    pub fn load(&self) -> FilesGuard<T> {
        FilesGuard { table: self.table.load() }
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
        Self::joined(self.table.load_full())
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
    /// ```
    /// # use fdtable::{FdTable, Files, OpenFileTable};
    /// assert!(!Files::new(FdTable::<()>::new(&OpenFileTable::new())).is_shared());
    /// ```
    #[must_use]
    pub fn is_shared(&self) -> bool {
        shared(&self.load())
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
        self.unshare_keeping(|_, _| true);
    }

    /// Makes ready what a successful `execve(2)` does to the files: a copy of the table at one
    /// instant, without its `FD_CLOEXEC` descriptors.
    ///
    /// Nothing is closed before [`ExecPlan::commit`]. What changes in the table between the two is
    /// not in the plan: the kernel has ended the other threads of the task before it closes, so
    /// prepare when they are gone.
    ///
    /// ```
    /// # use fdtable::{FdFlags, FdTable, Files, OpenFileTable, Placement};
    /// let files = Files::new(FdTable::new(&OpenFileTable::new()));
    /// let fd = files.load().open(Placement::Lowest, "file", FdFlags::CLOEXEC)?;
    /// drop(files.prepare_exec()); // the exec failed
    /// assert!(files.load().contains(fd));
    /// files.prepare_exec().commit();
    /// assert!(!files.load().contains(fd));
    /// # Ok::<(), fdtable::Error>(())
    /// ```
    #[doc(alias = "execve")]
    pub fn prepare_exec(&self) -> ExecPlan<'_, T> {
        let table = self.load().copy(|_, flags| !flags.contains(FdFlags::CLOEXEC));
        ExecPlan { files: self, table }
    }

    /// `close_range(2)`: closes `first..=last`, or with `CLOEXEC` marks it; with `UNSHARE` in a
    /// table of this task's own, which siblings do not see.
    ///
    /// With `UNSHARE` on a shared table, the copy is made at one instant, without what would be
    /// closed. Else as [`FdTable::close_range`].
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
        let closing = !flags.contains(CloseRangeFlags::CLOEXEC);
        if flags.contains(CloseRangeFlags::UNSHARE) {
            self.unshare_keeping(|number, _| !(closing && (first..=last).contains(&number)));
        }
        self.load().close_range(first, last, flags - CloseRangeFlags::UNSHARE)
    }

    fn joined(table: Arc<FdTable<T>>) -> Self {
        join(&table);
        Self { table: ArcSwap::new(table) }
    }

    /// Swaps a shared table for a copy of what `keep` keeps of it.
    fn unshare_keeping(&self, keep: impl Fn(u32, FdFlags) -> bool) {
        loop {
            let old = self.load();
            if !shared(&old) {
                return;
            }
            let copy = Arc::new(old.copy(&keep));
            join(&copy);
            let found = self.table.compare_and_swap(&*old, Arc::clone(&copy));
            if Arc::ptr_eq(&found, &old) {
                leave(&found);
                return;
            }
            // Another thread of this task has swapped the table meanwhile, and may have changed it.
        }
    }
}

/// Counts a task in.
fn join<T>(table: &FdTable<T>) {
    // Relaxed: a count that orders nothing; the table itself is in an `Arc`.
    table.tasks.fetch_add(1, Ordering::Relaxed);
}

/// Counts a task out.
fn leave<T>(table: &FdTable<T>) {
    // Relaxed: as in `join`.
    table.tasks.fetch_sub(1, Ordering::Relaxed);
}

fn shared<T>(table: &FdTable<T>) -> bool {
    // Relaxed: as in `join`; a task that joins or leaves meanwhile is before or after.
    table.tasks.load(Ordering::Relaxed) > 1
}

impl<T> ExecPlan<'_, T> {
    /// The table after the exec.
    ///
    /// ```
    /// # use fdtable::{FdFlags, FdTable, Files, OpenFileTable, Placement};
    /// let files = Files::new(FdTable::new(&OpenFileTable::new()));
    /// files.load().open(Placement::At(2), "stderr", FdFlags::empty())?;
    /// files.load().open(Placement::At(3), "secret", FdFlags::CLOEXEC)?;
    /// assert_eq!(format!("{:?}", files.prepare_exec().table()), "{2 -> #0}");
    /// # Ok::<(), fdtable::Error>(())
    /// ```
    #[must_use]
    pub fn table(&self) -> &FdTable<T> {
        &self.table
    }

    /// The exec has succeeded: the task has the plan's table from now on, in one step. Tasks that
    /// shared the old one keep it, `FD_CLOEXEC` descriptors and all; if there are none, what only
    /// the old one held is released here (or when the last loaded [`FilesGuard`] of it goes).
    ///
    /// ```
    /// # use fdtable::{FdFlags, FdTable, Files, OpenFileTable, Placement};
    /// let files = Files::new(FdTable::new(&OpenFileTable::new()));
    /// let sibling = files.share();
    /// let fd = files.load().open(Placement::Lowest, "file", FdFlags::CLOEXEC)?;
    /// files.prepare_exec().commit();
    /// assert!(!files.load().contains(fd) && sibling.load().contains(fd));
    /// # Ok::<(), fdtable::Error>(())
    /// ```
    pub fn commit(self) {
        let table = Arc::new(self.table);
        join(&table);
        leave(&self.files.table.swap(table));
    }
}

impl<T> Drop for Files<T> {
    fn drop(&mut self) {
        leave(&self.load());
    }
}

impl<T> Deref for FilesGuard<T> {
    type Target = Arc<FdTable<T>>;

    #[inline]
    fn deref(&self) -> &Self::Target {
        &self.table
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

impl<T> fmt::Debug for ExecPlan<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ExecPlan").field(&self.table).finish()
    }
}
