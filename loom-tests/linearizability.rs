//! Small programs, all of them, each in every interleaving of at most two preemptions: two threads
//! with two steps each, three with one. The history of every execution is held against the
//! specification of tests/histories, which allows what docs/SEMANTICS.md promises, and no more.
//!
//! A part of the programs is run with the tests, chosen by their numbers; `FDTABLE_PROGRAMS=all`
//! runs the whole.

use std::{env, sync::Arc};

use super::{
    Bound::Preemptions,
    Report,
    call::{Number, Op, Place, Tag},
    caller::Tier,
    scene::{Scene, Start},
    support::{both, execution, three},
};

/// Calls of one thread.
pub(super) type Calls = Vec<Op>;

/// What each thread of a program calls.
pub(super) type Program = Vec<Calls>;

/// How programs begin, and the two numbers that they call on.
struct Class {
    start: Start,
    a: Number,
    b: Number,
}

/// What a thread may do in one step of a program: a call, or the two of a reservation.
fn choices(class: &Class, tag: Tag) -> Vec<Calls> {
    let (a, b, first) = (class.a, class.b, class.start.file(class.a));
    vec![
        vec![Op::Descriptor(a)],
        vec![Op::SetFlags(a, 4)],
        vec![Op::Open(Place::Lowest, tag, 16)],
        vec![Op::Open(Place::At(a), tag, 16)],
        vec![Op::Close(a)],
        vec![Op::Close(b)],
        vec![Op::CloseIf(a, first)],
        vec![Op::ReplaceIf(a, first, tag, 32)],
        vec![Op::Dup2(a, b)],
        vec![Op::Dup2(b, a)],
        vec![Op::Dup(a, Place::Lowest, 64)],
        vec![Op::Take(a), Op::GiveBack(a)],
        vec![Op::Reserve(Place::Lowest), Op::GiveBack(a)],
        vec![Op::Reserve(Place::Lowest), Op::Install(a, tag, 32)],
    ]
}

/// All threads of `steps` steps.
fn threads(class: &Class, steps: u32, tag: Tag) -> Vec<Calls> {
    let none = vec![Calls::new()];
    (0..steps).fold(none, |threads, step| {
        let step = choices(class, tag + step as Tag);
        let longer = |calls: &Calls| step.iter().map(|next| [&calls[..], next].concat()).collect();
        threads.iter().flat_map(|calls| -> Vec<Calls> { longer(calls) }).collect()
    })
}

/// All programs of two threads with two steps each. Two that differ in which thread is which are
/// one.
fn two_by_two(class: &Class) -> Vec<Program> {
    let (one, two) = (threads(class, 2, 10), threads(class, 2, 20));
    let pairs = (0..one.len()).flat_map(|i| (0..=i).map(move |j| (i, j)));
    pairs.map(|(i, j)| vec![one[i].clone(), two[j].clone()]).collect()
}

/// All programs of a thread with two steps and one with one.
fn two_by_one(class: &Class) -> Vec<Program> {
    let (one, two) = (threads(class, 2, 10), threads(class, 1, 20));
    let beside =
        |calls: &Calls| two.iter().map(|other| vec![calls.clone(), other.clone()]).collect();
    one.iter().flat_map(|calls| -> Vec<Program> { beside(calls) }).collect()
}

/// All programs of three threads with one step each.
fn three_by_one(class: &Class) -> Vec<Program> {
    let [one, two, three] = [10, 20, 30].map(|tag| threads(class, 1, tag));
    let pairs = (0..one.len()).flat_map(|i| (0..=i).map(move |j| (i, j)));
    let triples = pairs.flat_map(|(i, j)| (0..=j).map(move |k| (i, j, k)));
    let program =
        |(i, j, k): (usize, usize, usize)| vec![one[i].clone(), two[j].clone(), three[k].clone()];
    triples.map(program).collect()
}

/// A copy of the table beside two steps.
fn copy_beside_two(class: &Class) -> Vec<Program> {
    threads(class, 2, 10).into_iter().map(|calls| vec![vec![Op::Fork], calls]).collect()
}

/// Vigna's mixing of a number.
fn mixed(number: u64) -> u64 {
    let z = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Runs a program, with the last thread on loom's own, or the first if `reverse`.
fn explore(report: &Report, start: Start, program: Program, reverse: bool) {
    let program = Arc::new(program);
    report.explore(execution(reverse, move || {
        let scene = Scene::new(start);
        let run = |thread| {
            let program = Arc::clone(&program);
            move |s: &Scene| s.run(thread, &program[thread])
        };
        match program.len() {
            2 => _ = both(&scene, run(0), run(1)),
            _ => _ = three(&scene, run(0), run(1), run(2)),
        }
        scene.finish();
    }));
}

/// Of the programs, one of `part`; all of them if asked for. Every second one is run in reverse:
/// see `support::check`.
pub(super) fn check_part(name: &'static str, start: Start, programs: Vec<Program>, part: u64) {
    let all = env::var_os("FDTABLE_PROGRAMS").is_some_and(|programs| programs == "all");
    let part = if all { 1 } else { part };
    let mut report = Report::new(name, Preemptions(2));
    let numbered = (1..).map(mixed).zip(programs);
    for (number, program) in numbered.filter(|(number, _)| number % part == 0) {
        report.programs += 1;
        explore(&report, start, program, number / part % 2 == 1);
    }
    assert!(report.executions() > report.programs, "loom saw nothing to explore");
}

const LOW: Tier = Tier { base: 0, filled: true };
const GAP: Tier = Tier { base: 4, filled: false };

const fn class(tier: Tier, open: [bool; 4], a: Number, b: Number) -> Class {
    Class { start: Start { tier, open }, a, b }
}

const BOTH_OPEN: Class = class(LOW, [true, true, false, false], 0, 1);
const ONE_OPEN: Class = class(LOW, [true, false, false, false], 0, 1);
const NONE_OPEN: Class = class(LOW, [false; 4], 0, 1);
const FULL: Class = class(LOW, [true; 4], 1, 2);
/// The second chunk is not there yet.
const TWO_CHUNKS: Class = class(LOW, [true, true, false, false], 1, 2);
/// The chunk dies with the last number.
const IN_THE_GAP: Class = class(GAP, [true, false, false, false], 0, 1);
/// One chunk may be born as the other dies.
const ACROSS_THE_GAP: Class = class(GAP, [true, false, false, false], 0, 2);

macro_rules! classes {
    ($($test:ident: $class:expr, $programs:expr, 1 of $part:literal;)*) => {$(
        #[test]
        fn $test() {
            check_part(stringify!($test), $class.start, $programs(&$class), $part);
        }
    )*};
}

classes! {
    two_by_two_both_open: BOTH_OPEN, two_by_two, 1 of 250;
    two_by_two_one_open: ONE_OPEN, two_by_two, 1 of 300;
    two_by_two_none_open: NONE_OPEN, two_by_two, 1 of 300;
    two_by_two_full: FULL, two_by_two, 1 of 400;
    two_by_two_in_two_chunks: TWO_CHUNKS, two_by_two, 1 of 300;
    two_by_one_in_the_gap: IN_THE_GAP, two_by_one, 1 of 400;
    two_by_one_across_the_gap: ACROSS_THE_GAP, two_by_one, 1 of 400;
    three_by_one_both_open: BOTH_OPEN, three_by_one, 1 of 35;
    three_by_one_one_open: ONE_OPEN, three_by_one, 1 of 35;
    copy_beside_two_both_open: BOTH_OPEN, copy_beside_two, 1 of 4;
    copy_beside_two_in_two_chunks: TWO_CHUNKS, copy_beside_two, 1 of 4;
}
