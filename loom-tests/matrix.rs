//! Every two calls of the surface on one number, at once: their answers, and what is open, free and
//! referred to afterwards.

use super::{
    call::{Op, Place, Tag},
    caller::Tier,
    linearizability::{Calls, check_part},
    scene::Start,
};

/// Every call on number 0, and the two of a reservation. Number 1 is open on another file.
fn calls(start: Start, tag: Tag) -> Vec<Calls> {
    let first = start.file(0);
    [
        lookups_and_flags(first),
        opens_and_closes(first, tag),
        duplicates_and_replacements(first, tag),
        reservations(tag),
        whole_table(),
    ]
    .concat()
}

fn lookups_and_flags(first: Tag) -> Vec<Calls> {
    vec![
        vec![Op::Get(0)],
        vec![Op::Flags(0)],
        vec![Op::Descriptor(0)],
        vec![Op::SetFlags(0, 4)],
        vec![Op::Toggle(0, 8)],
        vec![Op::ToggleIf(0, first, 16)],
        vec![Op::SetCloexec(0)],
    ]
}

fn opens_and_closes(first: Tag, tag: Tag) -> Vec<Calls> {
    vec![
        vec![Op::Open(Place::Lowest, tag, 32)],
        vec![Op::Open(Place::At(0), tag, 32)],
        vec![Op::Open(Place::Any, tag, 32)],
        vec![Op::Open(Place::Within(0, 1), tag, 32)],
        vec![Op::Close(0)],
        vec![Op::CloseIf(0, first)],
    ]
}

fn duplicates_and_replacements(first: Tag, tag: Tag) -> Vec<Calls> {
    vec![
        vec![Op::Dup(0, Place::Lowest, 64)],
        vec![Op::Dup(1, Place::At(0), 64)],
        vec![Op::Dup2(0, 0)],
        vec![Op::Dup2(0, 1)],
        vec![Op::Dup2(1, 0)],
        vec![Op::Dup3(1, 0, 128)],
        vec![Op::Replace(0, tag, 64)],
        vec![Op::ReplaceIf(0, first, tag, 64)],
    ]
}

fn reservations(tag: Tag) -> Vec<Calls> {
    vec![
        vec![Op::Reserve(Place::At(0)), Op::Install(0, tag, 32)],
        vec![Op::Reserve(Place::At(0)), Op::GiveBack(0)],
        vec![Op::Take(0), Op::Install(0, tag, 32)],
        vec![Op::Take(0), Op::GiveBack(0)],
    ]
}

fn whole_table() -> Vec<Calls> {
    vec![vec![Op::Fork], vec![Op::Walk], vec![Op::Drain], vec![Op::MarkAll]]
}

fn check(name: &'static str, tier: Tier, is_open: bool, part: u64) {
    let start = Start { tier, open: [is_open, true, false, false] };
    let (one, two) = (calls(start, 10), calls(start, 20));
    let pairs = (0..one.len()).flat_map(|i| (0..=i).map(move |j| (i, j)));
    let programs = pairs.map(|(i, j)| vec![one[i].clone(), two[j].clone()]).collect();
    check_part(name, start, programs, part);
}

const LOW: Tier = Tier { base: 0, filled: true };
const GAP: Tier = Tier { base: 4, filled: false };

#[test]
fn on_an_open_number() {
    check("matrix: on an open number", LOW, true, 1);
}

#[test]
fn on_a_free_number() {
    check("matrix: on a free number", LOW, false, 1);
}

/// The other number keeps the chunk.
#[test]
fn on_an_open_number_of_the_gap() {
    check("matrix: on an open number of the gap", GAP, true, 8);
}

#[test]
fn on_a_free_number_of_the_gap() {
    check("matrix: on a free number of the gap", GAP, false, 8);
}
