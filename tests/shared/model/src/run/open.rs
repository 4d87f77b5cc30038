//! Opening, duplicating, and putting a file where another one is.

use super::{File, Run, errno, fd, flags};
use crate::op::{Num, Place, Then};
use crate::reference::{EBADF, EINVAL, Tag};
use fdtable::Descriptor;

impl Run {
    pub(super) fn open(&mut self, task: usize, place: Place, bits: u8) {
        let (placed, placement) = self.placement(task, place);
        let expected = self.model.table(task).place(placed);
        let expected = expected.and_then(|place| self.model.room().map(|()| place));
        let file = self.new_file();
        let tag = file.tag;
        let given = Self::rejected(self.load(task).open(placement, file, flags(bits)), tag);
        match (expected, given) {
            (Ok(place), Ok(given)) => {
                let number = self.placed(task, place, given);
                self.stored(task, number, tag, bits);
            }
            (expected, given) => assert_eq!(given.err(), expected.err(), "open({placement:?})"),
        }
    }

    pub(super) fn dup(&mut self, task: usize, old: Num, place: Place, bits: u8) {
        let old = self.number(task, old);
        let (placed, placement) = self.placement(task, place);
        let table = self.model.table(task);
        let file = table.open(old).ok_or(EBADF);
        let expected = file.and_then(|(file, _)| Ok((file, table.place(placed)?)));
        let given = errno(self.load(task).dup(fd(old), placement, flags(bits)));
        match (expected, given) {
            (Ok((file, place)), Ok(given)) => {
                let number = self.placed(task, place, given);
                self.model.table_mut(task).put(number, file, bits);
            }
            (expected, given) => {
                assert_eq!(given.err(), expected.err(), "dup({old}, {placement:?})")
            }
        }
    }

    /// What an operation displaced, against what was there.
    pub(super) fn displaced(
        &mut self,
        expected: Result<Option<(Tag, u8)>, i32>,
        given: Result<Option<Descriptor<'_, File>>, i32>,
        then: Then,
    ) {
        let seen = given.as_ref().map(|was| was.as_ref().map(|was| (was.tag, was.flags.bits())));
        assert_eq!(seen.map_err(|errno| *errno), expected, "what was displaced");
        if let Ok(Some(displaced)) = given {
            self.keep(displaced.file, then);
        }
    }

    pub(super) fn dup2(&mut self, task: usize, old: Num, new: Num, then: Then) {
        let (old, new) = (self.number(task, old), self.number(task, new));
        let model = self.model.table_mut(task);
        let expected = if old == new {
            model.open(old).map(|_| None).ok_or(EBADF)
        } else {
            model.dup_onto(old, new, 0)
        };
        let table = self.load(task);
        self.displaced(expected, errno(table.dup2(fd(old), fd(new))), then);
    }

    pub(super) fn dup3(&mut self, task: usize, old: Num, new: Num, bits: u8, then: Then) {
        let (old, new) = (self.number(task, old), self.number(task, new));
        let model = self.model.table_mut(task);
        let expected = if old == new { Err(EINVAL) } else { model.dup_onto(old, new, bits) };
        let table = self.load(task);
        self.displaced(expected, errno(table.dup3(fd(old), fd(new), flags(bits))), then);
    }

    pub(super) fn replace(&mut self, task: usize, num: Num, bits: u8, then: Then) {
        let number = self.number(task, num);
        let possible = self.model.table(task).can_be_put_on(number);
        // A number that no limit allows is refused first, a reserved one last.
        let expected = match possible {
            Err(EBADF) => Err(EBADF),
            later => self.model.room().and(later),
        };
        let expected = expected.map(|()| self.model.table(task).open(number));
        let (table, file) = (self.load(task), self.new_file());
        let tag = file.tag;
        let given = table.replace(fd(number), file, flags(bits));
        if expected.is_ok() && given.is_ok() {
            self.stored(task, number, tag, bits);
        }
        let given = Self::rejected(given, tag);
        self.displaced(expected, given, then);
    }

    pub(super) fn replace_if(
        &mut self,
        task: usize,
        num: Num,
        id: Option<usize>,
        bits: u8,
        then: Then,
    ) {
        let number = self.number(task, num);
        let Some((wanted, id)) = self.id(task, number, id) else {
            return;
        };
        let here = self.model.table(task).open(number);
        let expected = if here.is_some_and(|(file, _)| file == wanted) {
            self.model.room().map(|()| here)
        } else {
            Err(EBADF)
        };
        let (table, file) = (self.load(task), self.new_file());
        let tag = file.tag;
        let given = table.replace_if(fd(number), id, file, flags(bits));
        if expected.is_ok() && given.is_ok() {
            self.stored(task, number, tag, bits);
        }
        let given = Self::rejected(given, tag).map(Some);
        self.displaced(expected, given, then);
    }
}
