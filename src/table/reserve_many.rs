//! Reserving several numbers in one call, which looks for a copy's request once.

use crate::error::Error;
use crate::table::backoff::Permit;
use crate::table::fd_table::FdTable;
use crate::table::open::Placement;
use crate::table::reservation::{Reservation, Table};

impl<T> FdTable<T> {
    /// Takes `N` numbers, or none: as for `pipe`, `socketpair` or a message with descriptors.
    ///
    /// The numbers are taken one after the other, each by the placement. On failure those taken are
    /// given back, and none was ever open.
    ///
    /// # Errors
    ///
    /// Those of the [`Placement`].
    ///
    /// ```
    /// use fdtable::{Error, FdTable, OpenFileTable, Placement};
    ///
    /// let table = FdTable::<()>::builder(&OpenFileTable::new()).limit(3).build()?;
    /// let [read, write] = table.reserve_many(Placement::Lowest)?;
    /// assert_eq!((read.fd(), write.fd()), (0, 1));
    /// let two = table.reserve_many::<2>(Placement::Lowest);
    /// assert_eq!(two.unwrap_err(), Error::TooManyOpenFiles);
    /// assert_eq!(table.reserve(Placement::Lowest)?.fd(), 2);
    /// # Ok::<(), Error>(())
    /// ```
    #[doc(alias("pipe", "socketpair"))]
    pub fn reserve_many<const N: usize>(
        &self,
        placement: Placement,
    ) -> Result<[Reservation<'_, T>; N], Error> {
        let permit = self.begin_change();
        let (mut taken, mut n) = ([const { None }; N], 0);
        let keep = |reserved| {
            taken[n] = Some(reserved);
            n += 1;
        };
        if let Err(error) = self.reserve_each(&permit, placement, N, keep) {
            free_all(taken.into_iter().flatten(), &permit);
            return Err(error);
        }
        Ok(taken.map(|reserved| reserved.expect("each was taken above")))
    }

    /// [`reserve_many`](Self::reserve_many) where the number of numbers is known only at run time.
    ///
    /// # Errors
    ///
    /// Those of the [`Placement`].
    ///
    /// ```
    /// use fdtable::{Error, FdTable, OpenFileTable, Placement};
    ///
    /// let table = FdTable::<()>::builder(&OpenFileTable::new()).limit(3).build()?;
    /// let three = table.reserve_n(Placement::Lowest, 3)?;
    /// assert!(three.iter().map(|reserved| reserved.fd()).eq(0..3));
    /// drop(three);
    /// assert_eq!(table.reserve_n(Placement::Lowest, 4).unwrap_err(), Error::TooManyOpenFiles);
    /// assert_eq!(table.reserve(Placement::Lowest)?.fd(), 0);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn reserve_n(
        &self,
        placement: Placement,
        n: usize,
    ) -> Result<Vec<Reservation<'_, T>>, Error> {
        let (permit, mut taken) = (self.begin_change(), Vec::new());
        if let Err(error) = self.reserve_each(&permit, placement, n, |one| taken.push(one)) {
            free_all(taken, &permit);
            return Err(error);
        }
        Ok(taken)
    }

    /// Takes numbers up to `n`, as many as there are: as for a message whose descriptors do not all
    /// find a number. As a `write`, it gives less than was asked for rather than an error.
    ///
    /// # Errors
    ///
    /// Those of the [`Placement`], if it takes none of at least one.
    ///
    /// ```
    /// use fdtable::{Error, FdFlags, FdTable, OpenFileTable, Placement};
    ///
    /// let system = OpenFileTable::new();
    /// let receiver = FdTable::builder(&system).limit(2).build()?;
    /// let message = [system.insert('a')?, system.insert('b')?, system.insert('c')?];
    /// let numbers = receiver.reserve_up_to(Placement::Lowest, message.len())?;
    /// let truncated = numbers.len() < message.len(); // MSG_CTRUNC
    /// for (number, file) in numbers.into_iter().zip(message) {
    ///     number.install_ref(file, FdFlags::CLOEXEC)?;
    /// }
    /// assert_eq!((receiver.len(), truncated), (2, true));
    /// let none = receiver.reserve_up_to(Placement::Lowest, 1);
    /// assert_eq!(none.unwrap_err(), Error::TooManyOpenFiles);
    /// # Ok::<(), Error>(())
    /// ```
    #[doc(alias("SCM_RIGHTS"))]
    pub fn reserve_up_to(
        &self,
        placement: Placement,
        n: usize,
    ) -> Result<Vec<Reservation<'_, T>>, Error> {
        let (permit, mut taken) = (self.begin_change(), Vec::new());
        match self.reserve_each(&permit, placement, n, |one| taken.push(one)) {
            Err(error) if taken.is_empty() => Err(error),
            _ => Ok(taken),
        }
    }

    /// Reserves up to `n` numbers, one after the other, and passes each to `keep`; `Err` is why it
    /// has ended before.
    fn reserve_each<'a>(
        &'a self,
        permit: &Permit,
        placement: Placement,
        n: usize,
        mut keep: impl FnMut(Reservation<'a, T>),
    ) -> Result<(), Error> {
        (0..n).try_for_each(|_| {
            let number = self.reserve_number(permit, placement)?;
            keep(Reservation::new(Table::Borrowed(self), number));
            Ok(())
        })
    }
}

/// Frees the numbers without another look for a request.
fn free_all<'a, T: 'a>(taken: impl IntoIterator<Item = Reservation<'a, T>>, permit: &Permit) {
    taken.into_iter().for_each(|reserved| reserved.free(permit));
}
