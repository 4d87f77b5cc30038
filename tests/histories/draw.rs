//! Calls at random.

use fastrand::Rng;

use super::{
    call::{CLOEXEC, CLOFORK, NUMBERS, Number, Op, Place, Tag},
    caller::{Caller, Subject},
};

fn place(random: &mut Rng) -> Place {
    match random.u8(..8) {
        0..4 => Place::Lowest,
        4 => Place::Any,
        5 => {
            let (a, b) = (random.u8(..NUMBERS), random.u8(..NUMBERS));
            Place::Within(a.min(b), a.max(b) + 1)
        }
        _ => Place::At(random.u8(..NUMBERS)),
    }
}

pub(crate) fn flags(random: &mut Rng) -> u8 {
    [0, CLOEXEC, 2, CLOFORK | 3][usize::from(random.u8(..4))]
}

/// The next call of a thread. Three times in four, it uses a reserved number or gives it back.
pub(crate) fn draw<S: Subject>(random: &mut Rng, caller: &Caller<'_, S>, tag: Tag) -> Op {
    let (n, flags) = (random.u8(..NUMBERS), flags(random));
    if let Some(reserved) = caller.reserved() {
        match random.u8(..4) {
            0 | 1 => return Op::GiveBack(reserved),
            2 => return Op::Install(reserved, tag, flags),
            _ => {}
        }
    }
    match random.u8(..24) {
        0..3 => Op::Get(n),
        3 => look(random, n),
        4 => set_flags(random, n, caller.known()),
        5..9 => Op::Open(place(random), tag, flags),
        9..12 => Op::Close(n),
        12 => caller.known().map_or(Op::Close(n), |known| Op::CloseIf(n, known)),
        13 | 14 => Op::Dup(n, place(random), flags),
        15 | 16 => Op::Dup2(n, random.u8(..NUMBERS)),
        17 => Op::Replace(n, tag, flags),
        18 => Op::Reserve(place(random)),
        19 => Op::Take(n),
        20 => caller.known().map_or(Op::Get(n), |known| Op::ReplaceIf(n, known, tag, flags)),
        21 => Op::Fork,
        22 => sweep(random),
        _ => Op::Dup3(n, (n + 1 + random.u8(..NUMBERS - 1)) % NUMBERS, flags),
    }
}

fn sweep(random: &mut Rng) -> Op {
    match random.u8(..3) {
        0 => Op::Drain,
        1 => Op::MarkAll,
        _ => Op::Walk,
    }
}

fn look(random: &mut Rng, n: Number) -> Op {
    if random.bool() { Op::Flags(n) } else { Op::Descriptor(n) }
}

fn set_flags(random: &mut Rng, n: Number, known: Option<Tag>) -> Op {
    let flags = flags(random);
    match (random.u8(..4), known) {
        (0, _) => Op::SetFlags(n, flags),
        (1, _) => Op::SetCloexec(n),
        (2, Some(known)) => Op::ToggleIf(n, known, flags),
        _ => Op::Toggle(n, flags),
    }
}
