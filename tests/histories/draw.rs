//! Calls at random.

use super::{
    call::{NUMBERS, Number, Op, Place, Tag},
    caller::{Caller, Subject},
};

/// Steele and Vigna's SplitMix64.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, n: u8) -> u8 {
        (self.next() % u64::from(n)) as u8
    }

    fn number(&mut self) -> Number {
        self.below(NUMBERS)
    }

    fn place(&mut self) -> Place {
        match self.below(8) {
            0..4 => Place::Lowest,
            4 => Place::Any,
            _ => Place::At(self.number()),
        }
    }

    pub(crate) fn flags(&mut self) -> u8 {
        self.below(4)
    }
}

/// The next call of a thread. A reserved number is used or given back at the next call but for a few.
pub(crate) fn draw<S: Subject>(random: &mut Random, caller: &Caller<'_, S>, tag: Tag) -> Op {
    let (n, flags) = (random.number(), random.flags());
    if let Some(reserved) = caller.reserved() {
        match random.below(4) {
            0 | 1 => return Op::GiveBack(reserved),
            2 => return Op::Install(reserved, tag, flags),
            _ => {}
        }
    }
    match random.below(24) {
        0..3 => Op::Get(n),
        3 => look(random, n),
        4 => set_flags(random, n, caller.known()),
        5..9 => Op::Open(random.place(), tag, flags),
        9..12 => Op::Close(n),
        12 => caller.known().map_or(Op::Close(n), |known| Op::CloseIf(n, known)),
        13 | 14 => Op::Dup(n, random.place(), flags),
        15 | 16 => Op::Dup2(n, random.number()),
        17 => Op::Replace(n, tag, flags),
        18 => Op::Reserve(random.place()),
        19 => Op::Take(n),
        20 => caller.known().map_or(Op::Get(n), |known| Op::ReplaceIf(n, known, tag, flags)),
        21 => Op::Fork,
        22 => match random.below(3) {
            0 => Op::Drain,
            1 => Op::MarkAll,
            _ => Op::Walk,
        },
        _ => Op::Dup3(n, (n + 1 + random.below(NUMBERS - 1)) % NUMBERS, flags),
    }
}

fn look(random: &mut Random, n: Number) -> Op {
    if random.below(2) == 0 { Op::Flags(n) } else { Op::Descriptor(n) }
}

fn set_flags(random: &mut Random, n: Number, known: Option<Tag>) -> Op {
    let flags = random.flags();
    match (random.below(4), known) {
        (0, _) => Op::SetFlags(n, flags),
        (1, _) => Op::SetCloexec(n),
        (2, Some(known)) => Op::ToggleIf(n, known, flags),
        _ => Op::Toggle(n, flags),
    }
}
