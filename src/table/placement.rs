//! Where a new descriptor goes, and taking a number there.

use std::os::fd::RawFd;

use crate::{Error, FdFlags, FdTable, Rejected, Reservation, sync::thread_index};

use super::{number::Number, tiers::HOT_CHUNKS};

/// An odd step through the chunks of the hot ranges that keeps neighbouring threads apart.
const STRIDE: usize = 61;

/// Where a new descriptor goes.
///
/// *Lowest* never skips a number that was free during the whole call, where a number counts as free
/// again when the call that closed it has returned. Every placement stays below the limit that it
/// finds when it begins.
///
/// ```
/// use fdtable::{Error, FdFlags, FdTable, OpenFileTable, Placement};
///
/// let table = FdTable::new(&OpenFileTable::new());
/// let none = FdFlags::empty();
/// assert_eq!(table.open(Placement::Lowest, 'a', none)?, 0);
/// assert_eq!(table.open(Placement::From(1025), 'b', none)?, 1025);
/// assert_eq!(table.open(Placement::Auto, 'c', none)?, 32768);
/// assert_eq!(table.open(Placement::At(20_000), 'd', none)?, 20_000);
/// assert_eq!(table.open(Placement::At(20_000), 'e', none).unwrap_err().error, Error::Busy);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Placement {
    /// The lowest free number, as POSIX asks. `EMFILE` when none is free below the limit.
    Lowest,
    /// The lowest free number at or above this one, as `F_DUPFD`. `EINVAL` when it is negative or
    /// not below the limit, else `EMFILE`.
    From(RawFd),
    /// The lowest free number at or above the table's [`auto_base`](crate::FdTable::auto_base).
    /// `EMFILE` when none is free below the limit.
    Auto,
    /// Some free number: no order is promised, and threads that place at once keep out of each
    /// other's way. `EMFILE` when none is free.
    Any,
    /// This number. `EBADF` when it is negative or not below the limit, `EBUSY` when it is open or
    /// reserved.
    At(RawFd),
}

impl<T> FdTable<T> {
    /// Opens a number on a new description of `file`, with exactly `flags`.
    ///
    /// Linearizes when the slot is filled: before, the number is reserved, and other calls answer
    /// as for a reserved one.
    ///
    /// # Errors
    ///
    /// Those of the [`Placement`], then `ENFILE`; each gives `file` back.
    ///
    /// ```
    /// use fdtable::{FdFlags, FdTable, OpenFileTable, Placement};
    ///
    /// let table = FdTable::new(&OpenFileTable::new());
    /// let fd = table.open(Placement::Lowest, "file", FdFlags::CLOEXEC)?;
    /// assert_eq!((fd, table.flags(fd)), (0, Some(FdFlags::CLOEXEC)));
    /// # Ok::<(), fdtable::Error>(())
    /// ```
    pub fn open(
        &self,
        placement: Placement,
        file: T,
        flags: FdFlags,
    ) -> Result<RawFd, Rejected<T>> {
        let number = match self.claim(placement) {
            Ok(number) => number,
            Err(error) => return Err(Rejected::new(error, file)),
        };
        match self.files.create(file) {
            Ok(file) => Ok(self.fill(number, file.into_index(), flags)),
            Err(rejected) => {
                self.tiers.release(number);
                Err(rejected)
            }
        }
    }

    /// Takes a number without opening it: it is neither open nor free until the reservation is
    /// installed or dropped.
    ///
    /// For work in two phases, where the number must be known before the file exists. To every
    /// other call the number is not open (`EBADF`), `dup2` onto it is `EBUSY`, and copies of the
    /// table leave it out.
    ///
    /// # Errors
    ///
    /// Those of the [`Placement`].
    ///
    /// ```
    /// use fdtable::{Error, FdFlags, FdTable, OpenFileTable, Placement};
    ///
    /// let table = FdTable::new(&OpenFileTable::new());
    /// let reserved = table.reserve(Placement::Lowest)?;
    /// assert!(!table.contains(reserved.fd()));
    /// assert_eq!(table.open(Placement::Lowest, 'b', FdFlags::empty())?, 1);
    /// assert_eq!(reserved.install('a', FdFlags::empty())?, 0);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn reserve(&self, placement: Placement) -> Result<Reservation<'_, T>, Error> {
        self.claim(placement).map(|number| Reservation::new(self, number))
    }

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
        let mut taken = [const { None }; N];
        for reservation in &mut taken {
            *reservation = Some(self.reserve(placement)?);
        }
        Ok(taken.map(|reservation| reservation.expect("each was taken above")))
    }

    /// Claims a number; the claim is the caller's to fill or to release.
    #[inline]
    pub(crate) fn claim(&self, placement: Placement) -> Result<Number, Error> {
        let limit = self.limit();
        let number = match placement {
            Placement::Lowest => self.tiers.claim_lowest(0, limit),
            Placement::Auto => self.tiers.claim_lowest(self.auto_base(), limit),
            Placement::From(min) => {
                let min = Number::below(min, limit).ok_or(Error::Invalid)?;
                self.tiers.claim_lowest(min.get(), limit)
            }
            Placement::Any => self.claim_any(limit),
            Placement::At(fd) => {
                let number = Number::below(fd, limit).ok_or(Error::BadFd)?;
                return self.tiers.claim(number).then_some(number).ok_or(Error::Busy);
            }
        };
        number.ok_or(Error::TooManyOpenFiles)
    }

    /// Goes through the chunks of the hot ranges from the thread's own one on, and only then to the
    /// lowest free number of all.
    fn claim_any(&self, limit: u32) -> Option<Number> {
        let home = thread_index().wrapping_mul(STRIDE) % HOT_CHUNKS;
        let mut chunks = (home..HOT_CHUNKS).chain(0..home);
        let claimed = chunks.find_map(|chunk| self.tiers.claim_in_hot_chunk(chunk, limit));
        claimed.or_else(|| self.tiers.claim_lowest(0, limit))
    }
}
