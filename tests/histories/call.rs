//! Calls, their answers, and the steps that an answer stands for.
//!
//! Most calls are one step. The documented exceptions are several steps, in this order, anywhere
//! between the call and its return. A close empties its number and then gives it back; an open
//! takes its number and then opens it; a dup looks its file up first. A search has seen each number
//! that it passes by taken, each at an instant of its own.

/// One of the numbers of a history, from its base on.
pub(crate) type Number = u8;
/// Names a file, within one history.
pub(crate) type Tag = u8;
/// A file and the flags of its number.
pub(crate) type Opened = (Tag, u8);
/// What each number is open on.
pub(crate) type Row = [Option<Opened>; NUMBERS as usize];

/// How many numbers a history is about.
pub(crate) const NUMBERS: u8 = 4;
/// All of them, as a mask.
const ALL: u8 = (1 << NUMBERS) - 1;

/// `FD_CLOEXEC`, among the flags.
pub(crate) const CLOEXEC: u8 = 1;
/// `FD_CLOFORK`, among the flags.
pub(crate) const CLOFORK: u8 = 1 << 7;

pub(crate) const EBADF: i32 = 9;
pub(crate) const EBUSY: i32 = 16;
pub(crate) const EMFILE: i32 = 24;

#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    Lowest,
    /// The lowest of a range.
    Within(Number, Number),
    At(Number),
    Any,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Op {
    Get(Number),
    Flags(Number),
    Descriptor(Number),
    SetFlags(Number, u8),
    /// Turns these flags over.
    Toggle(Number, u8),
    ToggleIf(Number, Tag, u8),
    SetCloexec(Number),
    Open(Place, Tag, u8),
    Close(Number),
    CloseIf(Number, Tag),
    Dup(Number, Place, u8),
    Dup2(Number, Number),
    /// `dup3`: with flags.
    Dup3(Number, Number, u8),
    Replace(Number, Tag, u8),
    /// Where the first file is, the second.
    ReplaceIf(Number, Tag, Tag, u8),
    Reserve(Place),
    Take(Number),
    /// The two ends of a reservation of the same thread.
    Install(Number, Tag, u8),
    GiveBack(Number),
    /// On all numbers: what a copy of the table has, what a walk meets, what a drain closes, and a
    /// `close_range` that marks.
    Fork,
    Walk,
    Drain,
    MarkAll,
}

/// What a call gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Done,
    Number(Number),
    File(Option<Tag>),
    Open(Option<Opened>),
    Row(Row),
    Flags(Option<u8>),
    Errno(i32),
}

/// The file that a number is opened on.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Source {
    New(Tag),
    /// What `LookUp` of the same call has found.
    Found,
}

/// One step of a plain table, and what it must have found.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    IsOpenOn(Number, Option<Tag>),
    Holds(Number, Option<Opened>),
    HoldsAll(Row),
    HasFlags(Number, Option<u8>),
    IsOpen(Number),
    IsNotOpen(Number),
    IsNotOpenOn(Number, Tag),
    IsReserved(Number),
    IsTaken(Number),
    /// Each number of the mask was taken, at some instant.
    Passes(u8),
    LookUp(Number),
    Claim(Number),
    Fill(Number, Source, u8),
    Swap {
        number: Number,
        displaced: Opened,
        source: Source,
        flags: u8,
    },
    /// `file`: on this file alone.
    SetFlags {
        number: Number,
        file: Option<Tag>,
        before: u8,
        after: u8,
    },
    /// Sets `FD_CLOEXEC`.
    Mark(Number),
    /// The same, if the number is open.
    MarkIfOpen(Number),
    Vacate(Number, Opened),
    Release(Number),
}

/// The steps of a call that gave this answer; `None` if it can never give it.
pub(crate) fn steps(op: Op, answer: Answer) -> Option<Vec<Step>> {
    use Answer::{Done, Errno, Open};
    let steps = match (op, answer) {
        (Op::Close(n), Open(Some(opened))) => vec![Step::Vacate(n, opened), Step::Release(n)],
        (Op::CloseIf(n, tag), Open(Some(opened))) if opened.0 == tag => {
            vec![Step::Vacate(n, opened), Step::Release(n)]
        }
        (Op::Take(n), Open(Some(opened))) => vec![Step::Vacate(n, opened)],
        (Op::Close(n) | Op::Take(n), Errno(EBADF)) => vec![Step::IsNotOpen(n)],
        (
            Op::CloseIf(n, tag) | Op::ReplaceIf(n, tag, ..) | Op::ToggleIf(n, tag, _),
            Errno(EBADF),
        ) => vec![Step::IsNotOpenOn(n, tag)],
        (Op::Install(n, tag, flags), Answer::Number(m)) if n == m => {
            vec![Step::Fill(n, Source::New(tag), flags)]
        }
        (Op::GiveBack(n), Done) => vec![Step::Release(n)],
        (Op::Reserve(place), _) => claims(place, answer)?,
        (Op::Open(place, tag, flags), _) => opens(place, answer, Source::New(tag), flags)?,
        (Op::Replace(n, tag, flags), _) => lands(n, answer, Source::New(tag), flags)?,
        (Op::ReplaceIf(n, old, new, flags), Open(Some((tag, _)))) if tag == old => {
            lands(n, answer, Source::New(new), flags)?
        }
        (Op::Fork | Op::Walk | Op::Drain | Op::MarkAll, _) => of_all(op, answer)?,
        (Op::Dup(..) | Op::Dup2(..) | Op::Dup3(..), _) => duplicates(op, answer)?,
        _ => vec![looks(op, answer).or_else(|| sets_flags(op, answer))?],
    };
    Some(steps)
}

fn looks(op: Op, answer: Answer) -> Option<Step> {
    match (op, answer) {
        (Op::Get(n), Answer::File(file)) => Some(Step::IsOpenOn(n, file)),
        (Op::Flags(n), Answer::Flags(flags)) => Some(Step::HasFlags(n, flags)),
        (Op::Descriptor(n), Answer::Open(opened)) => Some(Step::Holds(n, opened)),
        _ => None,
    }
}

fn sets_flags(op: Op, answer: Answer) -> Option<Step> {
    use Answer::{Done, Errno, Flags};
    let set = |number, file, before, after| Step::SetFlags { number, file, before, after };
    match (op, answer) {
        (Op::SetFlags(n, after), Flags(Some(before))) => Some(set(n, None, before, after)),
        (Op::Toggle(n, mask), Flags(Some(before))) => Some(set(n, None, before, before ^ mask)),
        (Op::ToggleIf(n, file, mask), Flags(Some(before))) => {
            Some(set(n, Some(file), before, before ^ mask))
        }
        (Op::SetCloexec(n), Done) => Some(Step::Mark(n)),
        (Op::SetFlags(n, _) | Op::Toggle(n, _) | Op::SetCloexec(n), Errno(EBADF)) => {
            Some(Step::IsNotOpen(n))
        }
        _ => None,
    }
}

/// A copy is of one instant; what else comes to all numbers comes to each on its own, lowest first.
fn of_all(op: Op, answer: Answer) -> Option<Vec<Step>> {
    let row = match (op, answer) {
        (Op::MarkAll, Answer::Done) => return Some((0..NUMBERS).map(Step::MarkIfOpen).collect()),
        (Op::Fork, Answer::Row(row)) => return Some(vec![Step::HoldsAll(row)]),
        (Op::Walk | Op::Drain, Answer::Row(row)) => row,
        _ => return None,
    };
    let each = (0..NUMBERS).zip(row).flat_map(|(n, opened)| match (op, opened) {
        (Op::Drain, Some(opened)) => vec![Step::Vacate(n, opened), Step::Release(n)],
        _ => vec![Step::Holds(n, opened)],
    });
    Some(each.collect())
}

fn duplicates(op: Op, answer: Answer) -> Option<Vec<Step>> {
    match (op, answer) {
        (Op::Dup(old, ..) | Op::Dup2(old, _) | Op::Dup3(old, ..), Answer::Errno(EBADF)) => {
            Some(vec![Step::IsNotOpen(old)])
        }
        (Op::Dup(old, place, flags), _) => {
            Some(looked_up(old, answer, opens(place, answer, Source::Found, flags)?))
        }
        (Op::Dup2(old, new), Answer::Open(None)) if old == new => Some(vec![Step::IsOpen(old)]),
        (Op::Dup2(old, new), _) if old != new => {
            Some(looked_up(old, answer, lands(new, answer, Source::Found, 0)?))
        }
        (Op::Dup3(old, new, flags), _) if old != new => {
            Some(looked_up(old, answer, lands(new, answer, Source::Found, flags)?))
        }
        _ => None,
    }
}

/// A lookup before the other steps; what a call that fails has found is of no use to it.
fn looked_up(old: Number, answer: Answer, mut then: Vec<Step>) -> Vec<Step> {
    let failed = matches!(answer, Answer::Errno(_));
    then.insert(0, if failed { Step::IsOpen(old) } else { Step::LookUp(old) });
    then
}

/// A range, as a mask.
fn numbers(from: Number, to: Number) -> u8 {
    (1 << to) - (1 << from)
}

/// A placement takes a number, or none.
fn claims(place: Place, answer: Answer) -> Option<Vec<Step>> {
    match (place, answer) {
        (Place::At(n), Answer::Number(m)) if n == m => Some(vec![Step::Claim(n)]),
        (Place::Any, Answer::Number(n)) if n < NUMBERS => Some(vec![Step::Claim(n)]),
        (Place::At(n), Answer::Errno(EBUSY)) => Some(vec![Step::IsTaken(n)]),
        (Place::Within(from, to), Answer::Number(n)) if (from..to).contains(&n) => {
            Some(vec![Step::Passes(numbers(from, n)), Step::Claim(n)])
        }
        (Place::Within(from, to), Answer::Errno(EMFILE)) => {
            Some(vec![Step::Passes(numbers(from, to))])
        }
        (Place::Lowest, Answer::Number(n)) if n < NUMBERS => {
            Some(vec![Step::Passes(numbers(0, n)), Step::Claim(n)])
        }
        (Place::Lowest | Place::Any, Answer::Errno(EMFILE)) => Some(vec![Step::Passes(ALL)]),
        _ => None,
    }
}

/// A placement that opens what it takes.
fn opens(place: Place, answer: Answer, source: Source, flags: u8) -> Option<Vec<Step>> {
    let mut steps = claims(place, answer)?;
    if let Answer::Number(n) = answer {
        steps.push(Step::Fill(n, source, flags));
    }
    Some(steps)
}

/// A file is put on a number, open or not.
fn lands(number: Number, answer: Answer, source: Source, flags: u8) -> Option<Vec<Step>> {
    match answer {
        Answer::Open(None) => Some(vec![Step::Claim(number), Step::Fill(number, source, flags)]),
        Answer::Open(Some(displaced)) => {
            Some(vec![Step::Swap { number, displaced, source, flags }])
        }
        Answer::Errno(EBUSY) => Some(vec![Step::IsReserved(number)]),
        _ => None,
    }
}
