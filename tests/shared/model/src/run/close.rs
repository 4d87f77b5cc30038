//! Closing: a number, one that is still the same file, a range.

use super::{Run, errno, fd};
use crate::op::{Num, Then};
use crate::reference::{EBADF, Slot};
use fdtable::CloseRangeFlags;

impl Run {
    pub(super) fn close(&mut self, task: usize, num: Num, then: Then) {
        let number = self.number(task, num);
        let expected = self.model.table_mut(task).close(number).map(Some);
        let table = self.load(task);
        self.displaced(expected, errno(table.close(fd(number)).map(Some)), then);
    }

    pub(super) fn close_if(&mut self, task: usize, num: Num, id: Option<usize>, then: Then) {
        let number = self.number(task, num);
        let Some((wanted, id)) = self.id(task, number, id) else {
            return;
        };
        let model = self.model.table_mut(task);
        let expected = match model.open(number) {
            Some((here, _)) if here == wanted => model.close(number).map(Some),
            _ => Err(EBADF),
        };
        let table = self.load(task);
        self.displaced(expected, errno(table.close_if(fd(number), id).map(Some)), then);
    }

    pub(super) fn take(&mut self, task: usize, num: Num, file: Then, place: Then) {
        let number = self.number(task, num);
        let expected = self.model.table_mut(task).close(number);
        let table = self.load(task);
        let (given, parked) = match place {
            Then::Drop => (table.take(fd(number)).map(|(taken, one)| (taken, one.fd())), None),
            Then::Keep => match table.take_owned(fd(number)) {
                Ok((taken, one)) => (Ok((taken, one.fd())), Some(one)),
                Err(error) => (Err(error), None),
            },
        };
        let given = errno(given);
        let tags = given.as_ref().map(|(taken, fd)| (taken.tag, taken.flags.bits(), (*fd).into()));
        let expected = expected.map(|(tag, bits)| (tag, bits, number));
        assert_eq!(tags.map_err(|errno| *errno), expected, "take({number})");
        if let Ok((taken, _)) = given {
            self.keep(taken.file, file);
        }
        if let Some(one) = parked {
            self.model.table_mut(task).slots.insert(number, Slot::Reserved);
            self.park(task, one);
        }
    }

    pub(super) fn close_range(
        &mut self,
        task: usize,
        range: (Num, Num),
        bits: u32,
        of_files: bool,
    ) {
        let number = |num| self.number(task, num) as i32 as u32;
        let (first, last) = (number(range.0), number(range.1));
        let expected = self.model.close_range(task, (first, last), bits, of_files);
        let flags = CloseRangeFlags::from_bits_retain(bits);
        let given = if of_files {
            self.tasks[task].close_range(first, last, flags)
        } else {
            self.tasks[task].load().close_range(first, last, flags)
        };
        assert_eq!(errno(given), expected, "close_range({first}, {last}, {bits:#x})");
    }

    pub(super) fn drain(&mut self, task: usize, first: Num, last: Num, consumed: usize) {
        let number = |num| self.number(task, num) as i32 as u32;
        let (first, last) = (number(first), number(last));
        let table = self.load(task);
        let Ok(mut drain) = table.drain(first, last) else {
            return assert!(first > last, "drain({first}, {last}) refused");
        };
        assert!(first <= last, "drain({first}, {last}) allowed");
        let before = self.model.table(task).opened().len();
        let expected = self.model.table_mut(task).drain(first.into(), last.into());
        for (number, file, bits) in expected.iter().take(consumed) {
            let given = drain.next().expect("another");
            assert_eq!((i64::from(given.fd), given.flags.bits()), (*number, *bits), "drain");
            assert_eq!(given.tag, *file);
        }
        assert_eq!(table.len(), before - consumed.min(expected.len()), "closed ahead of its turn");
    }
}
