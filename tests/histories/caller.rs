//! One thread's calls on a table.

use std::sync::Arc;

use super::{
    CloseRangeFlags, Descriptor, Error, FdFlags, FdTable, FileId, Placement, RawFd, Reservation,
    call::{Answer, NUMBERS, Number, Op, Opened, Place, Row, Tag},
    subject::File,
};

/// The numbers of a history: from `base` on, with all below open or nothing.
#[derive(Clone, Copy)]
pub(crate) struct Tier {
    pub(crate) base: RawFd,
    pub(crate) filled: bool,
}

pub(crate) fn bits(flags: u8) -> FdFlags {
    FdFlags::from_bits(flags).expect("all eight bits are flags")
}

pub(crate) type Table = Arc<FdTable<File>>;
pub(crate) type Named = (Tag, FileId);

/// A table, or what is like one but for a fault; what is not broken goes to the table.
pub(crate) trait Subject: Sync {
    fn table(&self) -> &Table;

    fn get(&self, fd: RawFd) -> Option<Named> {
        self.table().get(fd).map(|file| (file.tag(), file.id()))
    }

    fn close(&self, fd: RawFd) -> Result<Opened, Error> {
        self.table().close(fd).map(opened)
    }

    fn dup2(&self, old: RawFd, new: RawFd) -> Result<Option<Opened>, Error> {
        Ok(self.table().dup2(old, new)?.map(opened))
    }

    fn fork(&self) -> FdTable<File> {
        self.table().fork()
    }
}

/// Nothing is broken.
pub(crate) struct Real(Table);

impl From<Table> for Real {
    fn from(table: Table) -> Self {
        Self(table)
    }
}

impl Subject for Real {
    fn table(&self) -> &Table {
        &self.0
    }
}

/// A thread, and what it has of the table.
pub(crate) struct Caller<'a, S> {
    subject: &'a S,
    tier: Tier,
    reserved: Vec<Reservation<'a, File>>,
    /// Files whose ids it knows, the one it learnt last at the end.
    known: Vec<Named>,
}

impl<'a, S: Subject> Caller<'a, S> {
    pub(crate) fn new(subject: &'a S, tier: Tier) -> Self {
        Self { subject, tier, reserved: Vec::new(), known: Vec::new() }
    }

    /// Learns the ids of files.
    pub(crate) fn learn(&mut self, known: &[Named]) {
        self.known.extend(known);
    }

    /// The number that it reserved last.
    pub(crate) fn reserved(&self) -> Option<Number> {
        self.reserved.last().map(|reserved| self.number(reserved.fd()))
    }

    /// The file whose id it learnt last.
    pub(crate) fn known(&self) -> Option<Tag> {
        self.known.last().map(|(tag, _)| *tag)
    }

    pub(crate) fn perform(&mut self, op: Op) -> Answer {
        self.tried(op).unwrap_or_else(|error| Answer::Errno(error.errno()))
    }

    fn fd(&self, number: Number) -> RawFd {
        self.tier.base + RawFd::from(number)
    }

    fn number(&self, fd: RawFd) -> Number {
        Number::try_from(fd - self.tier.base).expect("a number of this history")
    }

    fn placement(&self, place: Place) -> Placement {
        match place {
            Place::At(number) => Placement::At(self.fd(number)),
            Place::Within(from, to) => {
                Placement::Within { min: self.fd(from), end: self.fd(to) as u32 }
            }
            Place::Any if self.tier.filled => Placement::Any,
            Place::Lowest if self.tier.filled => Placement::Lowest,
            // What is free below the tier is none of the history's numbers.
            Place::Any | Place::Lowest => Placement::From(self.tier.base),
        }
    }

    fn id(&self, tag: Tag) -> FileId {
        let known = self.known.iter().rev().find(|(known, _)| *known == tag);
        known.expect("called with a file that is known").1
    }

    fn tried(&mut self, op: Op) -> Result<Answer, Error> {
        let table: &'a FdTable<File> = self.subject.table();
        match op {
            Op::Get(_) | Op::Flags(_) | Op::Descriptor(_) => Ok(self.look(table, op)),
            Op::Open(..) | Op::Close(_) | Op::CloseIf(..) => self.open_or_close(table, op),
            Op::Dup(..) | Op::Dup2(..) | Op::Dup3(..) => self.duplicate(table, op),
            Op::Replace(..) | Op::ReplaceIf(..) => self.replace(table, op),
            Op::SetFlags(..) | Op::Toggle(..) | Op::ToggleIf(..) | Op::SetCloexec(_) => {
                self.set_flags(table, op)
            }
            Op::Reserve(_) | Op::Take(_) | Op::Install(..) | Op::GiveBack(_) => {
                self.reserve(table, op)
            }
            Op::Fork | Op::Walk | Op::Drain | Op::MarkAll => self.all(table, op),
        }
    }

    fn look(&mut self, table: &FdTable<File>, op: Op) -> Answer {
        match op {
            Op::Get(n) => {
                let file = self.subject.get(self.fd(n));
                self.learn(file.as_slice());
                Answer::File(file.map(|(tag, _)| tag))
            }
            Op::Flags(n) => Answer::Flags(table.flags(self.fd(n)).map(|flags| flags.bits())),
            Op::Descriptor(n) => Answer::Open(table.descriptor(self.fd(n)).map(opened)),
            _ => unreachable!("no call that looks: {op:?}"),
        }
    }

    fn open_or_close(&self, table: &FdTable<File>, op: Op) -> Result<Answer, Error> {
        let closed = match op {
            Op::Open(place, tag, flags) => {
                let fd = table.open(self.placement(place), File::new(tag), bits(flags))?;
                return Ok(Answer::Number(self.number(fd)));
            }
            Op::Close(n) => self.subject.close(self.fd(n))?,
            Op::CloseIf(n, tag) => opened(table.close_if(self.fd(n), self.id(tag))?),
            _ => unreachable!("no call that opens or closes: {op:?}"),
        };
        Ok(Answer::Open(Some(closed)))
    }

    fn duplicate(&self, table: &FdTable<File>, op: Op) -> Result<Answer, Error> {
        let displaced = match op {
            Op::Dup(n, place, flags) => {
                let fd = table.dup(self.fd(n), self.placement(place), bits(flags))?;
                return Ok(Answer::Number(self.number(fd)));
            }
            Op::Dup2(old, new) => self.subject.dup2(self.fd(old), self.fd(new))?,
            Op::Dup3(old, new, flags) => {
                table.dup3(self.fd(old), self.fd(new), bits(flags))?.map(opened)
            }
            _ => unreachable!("no call that duplicates: {op:?}"),
        };
        Ok(Answer::Open(displaced))
    }

    fn replace(&self, table: &FdTable<File>, op: Op) -> Result<Answer, Error> {
        let displaced = match op {
            Op::Replace(n, tag, flags) => {
                table.replace(self.fd(n), File::new(tag), bits(flags))?.map(opened)
            }
            Op::ReplaceIf(n, old, new, flags) => {
                let (id, new) = (self.id(old), File::new(new));
                Some(opened(table.replace_if(self.fd(n), id, new, bits(flags))?))
            }
            _ => unreachable!("no call that replaces: {op:?}"),
        };
        Ok(Answer::Open(displaced))
    }

    fn set_flags(&self, table: &FdTable<File>, op: Op) -> Result<Answer, Error> {
        let before = match op {
            Op::SetFlags(n, flags) => table.set_flags(self.fd(n), bits(flags))?,
            Op::Toggle(n, mask) => table.update_flags(self.fd(n), |flags| flags ^ bits(mask))?,
            Op::ToggleIf(n, tag, mask) => {
                table.update_flags_if(self.fd(n), self.id(tag), |flags| flags ^ bits(mask))?
            }
            Op::SetCloexec(n) => {
                table.set_cloexec(self.fd(n), true)?;
                return Ok(Answer::Done);
            }
            _ => unreachable!("no call that sets flags: {op:?}"),
        };
        Ok(Answer::Flags(Some(before.bits())))
    }

    /// The calls of reservations.
    fn reserve(&mut self, table: &'a FdTable<File>, op: Op) -> Result<Answer, Error> {
        let answer = match op {
            Op::Reserve(place) => {
                let reserved = table.reserve(self.placement(place))?;
                let number = self.number(reserved.fd());
                self.reserved.push(reserved);
                Answer::Number(number)
            }
            Op::Take(n) => {
                let (taken, reserved) = table.take(self.fd(n))?;
                self.reserved.push(reserved);
                Answer::Open(Some(opened(taken)))
            }
            Op::Install(_, tag, flags) => {
                let reserved = self.reserved.pop().expect("called with a reservation");
                Answer::Number(self.number(reserved.install(File::new(tag), bits(flags))?))
            }
            Op::GiveBack(_) => {
                drop(self.reserved.pop());
                Answer::Done
            }
            _ => unreachable!("no call of reservations: {op:?}"),
        };
        Ok(answer)
    }

    /// The calls on all numbers.
    fn all(&self, table: &FdTable<File>, op: Op) -> Result<Answer, Error> {
        let first = self.fd(0) as u32;
        let last = first + u32::from(NUMBERS) - 1;
        let row = match op {
            Op::Fork => self.row(self.subject.fork().iter()),
            Op::Walk => self.row(table.iter_from(first)),
            Op::Drain => self.row(table.drain(first, last)?),
            Op::MarkAll => {
                table.close_range(first, last, CloseRangeFlags::CLOEXEC)?;
                return Ok(Answer::Done);
            }
            _ => unreachable!("no call on all numbers: {op:?}"),
        };
        Ok(Answer::Row(row))
    }

    /// What a walk has met, without what only fills the tier.
    fn row<'t>(&self, met: impl Iterator<Item = Descriptor<'t, File>>) -> Row {
        let mut row = Row::default();
        for descriptor in met.filter(|descriptor| descriptor.fd >= self.tier.base) {
            let number = self.number(descriptor.fd);
            let before = row[usize::from(number)].replace(opened(descriptor));
            assert_eq!(before, None, "no number twice");
        }
        row
    }
}

/// A descriptor's file and flags; lets it go.
pub(crate) fn opened(descriptor: Descriptor<'_, File>) -> Opened {
    (descriptor.tag(), descriptor.flags.bits())
}
