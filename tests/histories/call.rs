//! Calls, their answers, and the steps that an answer stands for.
//!
//! Most calls are one step. The documented exceptions are more than one, in this order, anywhere between the call and its
//! return: a close empties its number and then gives it back; an open takes its number and then opens it; a dup looks its file
//! up first; a search has seen each number that it passes by taken at some instant of its own.

/// One of the numbers of a history, from its base on.
pub(crate) type Number = u8;
/// Names a file, within one history.
pub(crate) type Tag = u8;

/// How many numbers a history is about.
pub(crate) const NUMBERS: u8 = 4;
/// All of them, as a mask.
const ALL: u8 = (1 << NUMBERS) - 1;

pub(crate) const EBADF: i32 = 9;
pub(crate) const EBUSY: i32 = 16;
pub(crate) const EMFILE: i32 = 24;

#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    Lowest,
    At(Number),
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Op {
    Get(Number),
    Flags(Number),
    SetFlags(Number, u8),
    Open(Place, Tag, u8),
    Close(Number),
    CloseIf(Number, Tag),
    Dup(Number, Place, u8),
    Dup2(Number, Number),
    Replace(Number, Tag, u8),
    Reserve(Place),
    Take(Number),
    /// The two ends of a reservation of the same thread.
    Install(Number, Tag, u8),
    GiveBack(Number),
}

/// What a call gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Done,
    Number(Number),
    File(Option<Tag>),
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
        displaced: Tag,
        source: Source,
        flags: u8,
    },
    SetFlags {
        number: Number,
        before: u8,
        after: u8,
    },
    Vacate(Number, Tag),
    Release(Number),
}

/// The steps of a call that gave this answer; `None` if it can never give it.
pub(crate) fn steps(op: Op, answer: Answer) -> Option<Vec<Step>> {
    use Answer::{Done, Errno, File, Flags};
    let steps = match (op, answer) {
        (Op::Get(n), File(file)) => vec![Step::IsOpenOn(n, file)],
        (Op::Flags(n), Flags(flags)) => vec![Step::HasFlags(n, flags)],
        (Op::SetFlags(n, after), Flags(Some(before))) => {
            vec![Step::SetFlags { number: n, before, after }]
        }
        (Op::Close(n) | Op::CloseIf(n, _), File(Some(tag))) => {
            vec![Step::Vacate(n, tag), Step::Release(n)]
        }
        (Op::Take(n), File(Some(tag))) => vec![Step::Vacate(n, tag)],
        (Op::SetFlags(n, _) | Op::Close(n) | Op::Take(n), Errno(EBADF)) => vec![Step::IsNotOpen(n)],
        (Op::CloseIf(n, tag), Errno(EBADF)) => vec![Step::IsNotOpenOn(n, tag)],
        (Op::Install(n, tag, flags), Answer::Number(m)) if n == m => {
            vec![Step::Fill(n, Source::New(tag), flags)]
        }
        (Op::GiveBack(n), Done) => vec![Step::Release(n)],
        (Op::Reserve(place), _) => claims(place, answer)?,
        (Op::Open(place, tag, flags), _) => opens(place, answer, Source::New(tag), flags)?,
        (Op::Replace(n, tag, flags), _) => lands(n, answer, Source::New(tag), flags)?,
        (Op::Dup(old, ..) | Op::Dup2(old, _), Errno(EBADF)) => vec![Step::IsNotOpen(old)],
        (Op::Dup(old, place, flags), _) => {
            looked_up(old, answer, opens(place, answer, Source::Found, flags)?)
        }
        (Op::Dup2(old, new), File(None)) if old == new => vec![Step::IsOpen(old)],
        (Op::Dup2(old, new), _) if old != new => {
            looked_up(old, answer, lands(new, answer, Source::Found, 0)?)
        }
        _ => return None,
    };
    Some(steps)
}

/// A lookup before the other steps; what a call that fails has found is of no use to it.
fn looked_up(old: Number, answer: Answer, mut then: Vec<Step>) -> Vec<Step> {
    let failed = matches!(answer, Answer::Errno(_));
    then.insert(0, if failed { Step::IsOpen(old) } else { Step::LookUp(old) });
    then
}

/// A placement takes a number, or none.
fn claims(place: Place, answer: Answer) -> Option<Vec<Step>> {
    match (place, answer) {
        (Place::At(n), Answer::Number(m)) if n == m => Some(vec![Step::Claim(n)]),
        (Place::At(n), Answer::Errno(EBUSY)) => Some(vec![Step::IsTaken(n)]),
        (Place::Lowest, Answer::Number(n)) if n < NUMBERS => {
            Some(vec![Step::Passes((1 << n) - 1), Step::Claim(n)])
        }
        (Place::Lowest, Answer::Errno(EMFILE)) => Some(vec![Step::Passes(ALL)]),
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
        Answer::File(None) => Some(vec![Step::Claim(number), Step::Fill(number, source, flags)]),
        Answer::File(Some(displaced)) => {
            Some(vec![Step::Swap { number, displaced, source, flags }])
        }
        Answer::Errno(EBUSY) => Some(vec![Step::IsReserved(number)]),
        _ => None,
    }
}
