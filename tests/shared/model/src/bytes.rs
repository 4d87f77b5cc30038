//! Programs from bytes, as a fuzzer makes them. Every string of bytes is a program, and a byte
//! changed changes one word of it. Files in `tests/corpus` are in this format: what is added goes
//! to the end of a list, or they lose their sense.

use crate::op::{Act, Limit, Num, Op, Place, Setting, Then};

/// Longer programs are cut: each operation may make two of the files that a run has room for.
const OPERATIONS: usize = 90;

/// The bytes that are left; past the end all are 0.
struct Bytes<'a>(&'a [u8]);

pub fn program(bytes: &[u8]) -> (Setting, Vec<Op>) {
    let mut bytes = Bytes(bytes);
    let setting = bytes.setting();
    let mut ops = Vec::new();
    while !bytes.0.is_empty() && ops.len() < OPERATIONS {
        ops.push(bytes.op());
    }
    (setting, ops)
}

impl Bytes<'_> {
    fn byte(&mut self) -> u8 {
        self.0.split_off_first().copied().unwrap_or(0)
    }

    fn nth(&mut self) -> usize {
        self.byte().into()
    }

    fn flag(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    fn setting(&mut self) -> Setting {
        let base = match self.byte() {
            0 => 32_768,
            1 => 1024,
            2 => 1056,
            3 => (1 << 31) - 4096,
            n => 1024 + u32::from(n) * 32,
        };
        let limit = match self.byte() {
            0 => 1 << 20,
            1 => 1 << 31,
            2 => u32::MAX,
            n if n < 128 => u32::from(n) - 3,
            n => u32::from(n) << (n % 23),
        };
        let max_files = u32::from(self.byte()).checked_sub(128);
        Setting { base, limit, max_files }
    }

    /// A kind and what it is about. Of the high bits, five are a distance or a shift.
    fn num(&mut self) -> Num {
        let (kind, value) = (self.byte(), self.byte());
        let high = kind >> 3;
        match kind & 7 {
            0..=2 => Num::Open(value.into()),
            3 => Num::Reserved(value.into()),
            4 | 5 => Num::Edge(value.into(), i32::from(high % 5) - 2),
            6 => Num::Raw(value.into()),
            _ => Num::Raw((u32::from(value) << high) as i32),
        }
    }

    fn place(&mut self) -> Place {
        let kind = self.byte();
        match kind % 8 {
            0..=2 => Place::Lowest,
            4 if kind >= 128 => Place::Within(self.num(), self.num()),
            3 | 4 => Place::From(self.num()),
            5 => Place::FromBase,
            6 => Place::Any,
            _ => Place::At(self.num()),
        }
    }

    fn then(&mut self) -> Then {
        if self.flag() { Then::Keep } else { Then::Drop }
    }

    fn id(&mut self) -> Option<usize> {
        self.nth().checked_sub(128)
    }

    fn limit(&mut self) -> Limit {
        let (kind, value) = (self.byte(), self.byte());
        match kind & 3 {
            0 => Limit::Raw(u32::from(value)),
            1 => Limit::Raw(u32::from(value) << (kind >> 3)),
            2 => Limit::Lowest(u32::from(value % 4)),
            _ => Limit::Edge(value.into(), i32::from((kind >> 3) % 5) - 2),
        }
    }

    fn op(&mut self) -> Op {
        Op { task: self.nth(), act: self.act() }
    }

    fn act(&mut self) -> Act {
        match self.byte() % 32 {
            kind @ ..12 => self.act_on_files(kind),
            kind @ 12..24 => self.act_on_numbers(kind),
            kind => self.act_of_tasks(kind),
        }
    }

    /// Opens, reserves, or keeps a reference.
    fn act_on_files(&mut self, kind: u8) -> Act {
        use Act::*;
        match kind {
            0 => Open(self.place(), self.byte()),
            1 => Reserve(self.place(), self.then()),
            2 => ReserveTwo(self.place(), self.then()),
            3 => ReserveThree(self.place(), self.then()),
            4 => Install(self.nth(), self.byte()),
            5 => InstallRef(self.nth(), self.nth(), self.byte()),
            6 => InstallForeign(self.nth()),
            7 => DropReservation(self.nth()),
            8 => Insert,
            9 => Hold(self.num()),
            10 => CloneHeld(self.nth()),
            _ => DropHeld(self.nth()),
        }
    }

    /// Changes numbers that are open.
    fn act_on_numbers(&mut self, kind: u8) -> Act {
        use Act::*;
        match kind {
            12 => Dup(self.num(), self.place(), self.byte()),
            13 => Dup2(self.num(), self.num(), self.then()),
            14 => Dup3(self.num(), self.num(), self.byte(), self.then()),
            15 => Replace(self.num(), self.byte(), self.then()),
            16 => ReplaceIf(self.num(), self.id(), self.byte(), self.then()),
            17 => CloseIf(self.num(), self.id(), self.then()),
            18 => Close(self.num(), self.then()),
            19 => Take(self.num(), self.then(), self.then()),
            20 => SetFlags(self.num(), self.byte()),
            21 => SetCloexec(self.num(), self.flag()),
            22 => CloseRange(self.num(), self.num(), u32::from(self.byte() % 9), self.flag()),
            _ => Drain(self.num(), self.num(), self.nth() % 6),
        }
    }

    fn act_of_tasks(&mut self, kind: u8) -> Act {
        use Act::*;
        match kind {
            24 => SetLimit(self.limit()),
            25 => Fork,
            26 => ForkTable,
            27 => Share,
            28 => Unshare,
            29 => Exec { meanwhile: self.flag(), commit: self.flag() },
            30 => Exit,
            _ => ExecNow,
        }
    }
}
