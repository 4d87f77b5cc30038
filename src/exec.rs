//! What an exec does to the files of a task: at once, or planned and then committed.

use std::fmt;

use crate::files::Files;
use crate::flags::FdFlags;
use crate::table::fd_table::FdTable;

/// What a task's table will be after an exec; dropping it is the roll-back, after which nothing has
/// happened. Made by [`Files::prepare_exec`].
///
/// ```
/// # use fdtable::{FdFlags, FdTable, Files, OpenFileTable, Placement};
/// # fn load_program(path: &str) -> Option<()> { (!path.is_empty()).then_some(()) }
/// let files = Files::new(FdTable::new(&OpenFileTable::new()));
/// files.load().open(Placement::Lowest, 'a', FdFlags::CLOEXEC)?;
/// for (path, left) in [("", 1), ("/bin/true", 0)] {
///     // The task has no other thread now.
///     let plan = files.prepare_exec();
///     if load_program(path).is_some() {
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
    /// `execve(2)` has succeeded: closes what is `FD_CLOEXEC`, as the kernel does behind the point
    /// of no return. What stays open loses its [`CLOFORK`](FdFlags::CLOFORK).
    ///
    /// A task that shares its table with none keeps it. Each number is closed on its own, lowest
    /// first, and free before its file is dropped, as by `close_range`; a number that loses its
    /// flag before its turn stays open. A task that shares its table gets a copy of one instant
    /// instead, without what is close-on-exec, and its siblings keep theirs.
    ///
    /// The kernel has ended the other threads of the task by then. If calls of theirs are still
    /// under way in the supervisor:
    ///
    /// * A lookup finds a number that is to be closed until its turn comes, also in a table that
    ///   was loaded before. A number that is to stay is found all the time.
    /// * A [`fork`](Self::fork) copies an instant of the table, which may lie in the sweep.
    /// * A task that begins to [`share`](Self::share) has the table before the exec, or the one
    ///   that the exec closes in. The exec may then have closed in part what the new task finds,
    ///   and closes what either opens close-on-exec until it returns.
    /// * An [`unshare`](Self::unshare) or a [`close_range`](Self::close_range) with `UNSHARE` of
    ///   this task may bring back what the exec closes: its copy is of an instant before or within
    ///   the sweep.
    /// * Of two execs, both close: each file once.
    ///
    /// For an exec that can still fail, or has to be one instant to others, see
    /// [`prepare_exec`](Self::prepare_exec).
    ///
    /// ```
    /// # use fdtable::{FdFlags, FdTable, Files, OpenFileTable, Placement};
    /// let files = Files::new(FdTable::new(&OpenFileTable::new()));
    /// let kept = files.load().open(Placement::Lowest, "kept", FdFlags::empty())?;
    /// let closed = files.load().open(Placement::Lowest, "closed", FdFlags::CLOEXEC)?;
    /// let sibling = files.share();
    /// files.exec();
    /// assert!(files.load().contains(kept) && !files.load().contains(closed));
    /// assert!(sibling.load().contains(closed));
    /// # Ok::<(), fdtable::Error>(())
    /// ```
    #[doc(alias("execve", "FD_CLOEXEC"))]
    pub fn exec(&self) {
        self.change(after_exec, |table| {
            // First, as the drop of a file that is closed may panic.
            table.clear_flag(FdFlags::CLOFORK);
            table.close_all_with(FdFlags::CLOEXEC);
        });
    }

    /// Makes ready what a successful `execve(2)` does to the files: a copy of the table at one
    /// instant, without its `FD_CLOEXEC` descriptors.
    ///
    /// For a supervisor that carries out the exec itself: it prepares while the exec can still
    /// fail, and commits when it cannot any more; to others that is one step. Nothing is closed
    /// before [`ExecPlan::commit`], and what changes in the table between the two is not in the
    /// plan: so the other threads of the task must have stopped before. Where the kernel carries
    /// the exec out, and the supervisor learns that it has succeeded, [`exec`](Self::exec) needs no
    /// copy.
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
    pub fn prepare_exec(&self) -> ExecPlan<'_, T> {
        ExecPlan { files: self, table: after_exec(&self.load()) }
    }
}

/// A copy as an exec leaves it.
fn after_exec<T>(table: &FdTable<T>) -> FdTable<T> {
    let copy = table.copy(|_, flags| !flags.contains(FdFlags::CLOEXEC));
    copy.clear_flag(FdFlags::CLOFORK);
    copy
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
