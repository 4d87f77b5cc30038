//! What an exec does to the files of a task, planned and then committed.

use std::fmt;

use crate::files::Files;
use crate::flags::FdFlags;
use crate::table::fd_table::FdTable;

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
    /// the old one held is released here (or when the last loaded [`FilesGuard`](crate::FilesGuard)
    /// of it goes).
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
        self.files.swap(self.table);
    }
}

impl<T> fmt::Debug for ExecPlan<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ExecPlan").field(&self.table).finish()
    }
}
