//! Flags and the limit.

use super::{Run, errno, fd, flags};
use crate::op::{Act, Limit, Num};
use crate::reference::{CLOEXEC, EBADF};

impl Run {
    pub(super) fn set(&mut self, task: usize, act: Act) {
        match act {
            Act::SetFlags(num, bits) => self.set_flags(task, num, bits),
            Act::SetCloexec(num, on) => self.set_cloexec(task, num, on),
            Act::SetLimit(limit) => self.set_limit(task, limit),
            _ => unreachable!("{act:?} sets neither flags nor the limit"),
        }
    }

    fn set_flags(&mut self, task: usize, num: Num, bits: u8) {
        let number = self.number(task, num);
        let before = self.model.table(task).open(number);
        let given = errno(self.tasks[task].load().set_flags(fd(number), flags(bits)));
        assert_eq!(given.map(|flags| flags.bits()), before.map(|(_, bits)| bits).ok_or(EBADF));
        if let Some((file, _)) = before {
            self.model.table_mut(task).put(number, file, bits);
        }
    }

    fn set_cloexec(&mut self, task: usize, num: Num, on: bool) {
        let number = self.number(task, num);
        let before = self.model.table(task).open(number);
        let given = errno(self.tasks[task].load().set_cloexec(fd(number), on));
        assert_eq!(given, before.map(|_| ()).ok_or(EBADF), "set_cloexec({number})");
        if let Some((file, bits)) = before {
            let bits = bits & !CLOEXEC | if on { CLOEXEC } else { 0 };
            self.model.table_mut(task).put(number, file, bits);
        }
    }

    fn set_limit(&mut self, task: usize, limit: Limit) {
        let limit = match limit {
            Limit::Raw(limit) => limit,
            Limit::Lowest(more) => self.model.table(task).lowest_free(0) as u32 + more,
            Limit::Edge(k, beside) => self.edge(task, k, beside).max(0) as u32,
        };
        self.model.table_mut(task).set_limit(limit);
        self.tasks[task].load().set_limit(limit);
    }
}
