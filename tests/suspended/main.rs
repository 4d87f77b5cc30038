//! A thread stopped by a signal at whatever instruction it has come to, in the middle of a call:
//! every other thread goes on, and at worst the number of that call answers EBUSY. The same harness
//! finds out that a mutex does hold others up.
//!
//! `FDTABLE_ROUNDS` multiplies the stops.

mod goes_on;
mod locked;
mod recycler;
mod stops;
mod world;

use std::{
    env,
    sync::atomic::Ordering::{Relaxed, SeqCst},
};

use locked::Locked;
use stops::stop_often;
use world::{CALLS, LIVE, World};

const STOPS: usize = 4_000;

fn stops() -> usize {
    STOPS * env::var("FDTABLE_ROUNDS").map_or(1, |v| v.parse().expect("FDTABLE_ROUNDS"))
}

#[test]
fn a_thread_suspended_anywhere_holds_up_at_most_its_own_number() {
    let w = World::new();
    let stops = stops();
    w.busy_beside(|| stop_often(&w, |so_far| so_far < stops));
    let held_up = w.held_up.load(Relaxed);
    println!("{stops} stops, {held_up} numbers held up");
    for (i, times) in w.suspended_in.iter().enumerate() {
        let (call, times) = (i.checked_sub(1).map(|call| CALLS[call]), times.load(Relaxed));
        println!("suspended in {}: {times}", call.unwrap_or("no call"));
        assert!(times > 0, "never in {call:?}");
    }
    assert!(held_up > 0, "never in the middle of an open or a close");
    drop(w);
    assert_eq!(LIVE.load(SeqCst), 0);
}

/// Else the other test would say nothing.
#[test]
fn a_thread_suspended_with_a_mutex_is_found_out() {
    let locked = Locked::default();
    stop_often(&locked, |_| locked.held_up.load(SeqCst) < 3);
}
