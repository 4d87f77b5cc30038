//! Histories of eight real threads that call on four numbers. Each is checked for an order of its
//! calls in which a plain table gives the same answers: linearizability, relaxed in the documented
//! points alone. The same check must find out broken tables.
//!
//! `FDTABLE_ROUNDS` multiplies the histories. `FDTABLE_SEED` repeats the programs of a run, though
//! not its schedule.

/// What is called, and which steps of a plain table each answer stands for.
mod call;
/// Makes the calls.
mod caller;
/// Finds an order of the steps of a history.
mod check;
/// Calls at random.
mod draw;
/// Histories written by hand: what the check allows, and what not.
mod examples;
/// What threads did, in the form that the check wants.
mod history;
/// Runs threads and writes down what they saw.
mod record;
/// Stops threads in the middle of their calls.
mod stall;
/// Four broken tables.
mod subject;
/// Ends a run that stands still.
mod watchdog;

use std::{
    collections::hash_map::RandomState,
    env,
    hash::{BuildHasher, Hasher},
};

use caller::{Real, Subject, Table, Tier};
use fastrand::Rng;
use fdtable::{
    CloseRangeFlags, Descriptor, Error, FdFlags, FdTable, FileId, Placement, RawFd, Reservation,
};
use history::History;
use record::{Beside, record};
use subject::{DupInTwoSteps, ForkInOnePass, LateNumber, StaleRead};

/// Histories at a time: so many tables exist at once.
const BATCH: usize = 50;

/// Numbers 30 to 33, in two chunks: the threads fill the first one and make room in it. Every
/// number below is open.
const LOW: Tier = Tier { base: 30, filled: true };
/// Numbers 1022 to 1025: from the low hot range into the gap.
const BORDER: Tier = Tier { base: 1022, filled: true };
/// Numbers 20030 to 20033, alone in the gap: chunks and nodes come and go with them.
const GAP: Tier = Tier { base: 20_030, filled: false };
/// Numbers 36862 to 36865: from the high hot range into the gap.
const HIGH: Tier = Tier { base: 36_862, filled: false };

fn seed() -> u64 {
    let given = env::var("FDTABLE_SEED").ok().map(|v| v.parse().expect("FDTABLE_SEED"));
    let seed = given.unwrap_or_else(|| RandomState::new().build_hasher().finish());
    println!("FDTABLE_SEED={seed}");
    seed
}

fn rounds(n: usize) -> usize {
    n * env::var("FDTABLE_ROUNDS").map_or(1, |v| v.parse().expect("FDTABLE_ROUNDS"))
}

/// The first of `batches` batches of histories that has one without an order.
fn first_wrong<S: Subject + From<Table>>(
    tier: Tier,
    beside: Beside,
    batches: usize,
) -> Option<History> {
    let mut random = Rng::with_seed(seed());
    let (mut calls, mut overlaps) = (0, 0);
    for _ in 0..batches {
        for history in record::<S>(tier, beside, &mut random, BATCH) {
            calls += history.len();
            overlaps += history.overlapping();
            if !check::has_an_order(&history) {
                return Some(history);
            }
        }
    }
    println!("{} histories, {calls} calls, {overlaps} of them beside others", batches * BATCH);
    assert!(overlaps > 0, "the threads ran one after the other: nothing was tested");
    None
}

fn assert_linearizable(tier: Tier, beside: Beside) {
    if let Some(history) = first_wrong::<Real>(tier, beside, rounds(30)) {
        panic!("no order of these calls explains their answers:\n{history}");
    }
}

fn assert_found_out<S: Subject + From<Table>>(tier: Tier) {
    let wrong = first_wrong::<S>(tier, Beside::Nothing, rounds(200))
        .expect("a broken table passed the check");
    println!("found out by:\n{wrong}");
}

#[test]
fn numbers_on_both_sides_of_a_chunk_border_are_linearizable() {
    assert_linearizable(LOW, Beside::Nothing);
}

#[test]
fn numbers_on_both_sides_of_the_low_border_are_linearizable() {
    assert_linearizable(BORDER, Beside::Nothing);
}

#[test]
fn numbers_of_the_gap_are_linearizable() {
    assert_linearizable(GAP, Beside::Nothing);
}

#[test]
fn numbers_on_both_sides_of_the_high_border_are_linearizable() {
    assert_linearizable(HIGH, Beside::Nothing);
}

#[test]
fn copies_beside_changes_without_a_pause_are_linearizable() {
    assert_linearizable(BORDER, Beside::Changes);
}

#[test]
fn a_copy_in_one_pass_is_found_out() {
    assert_found_out::<ForkInOnePass>(LOW);
}

#[test]
fn a_dup2_that_closes_and_then_opens_is_found_out() {
    assert_found_out::<DupInTwoSteps>(LOW);
}

#[test]
fn a_lookup_that_remembers_is_found_out() {
    assert_found_out::<StaleRead>(LOW);
}

#[test]
fn a_number_given_back_after_its_close_returned_is_found_out() {
    assert_found_out::<LateNumber>(GAP);
}
