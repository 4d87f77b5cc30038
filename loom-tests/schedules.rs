//! Schedules too long for loom: four threads with ten calls each, at random, held against the same
//! specification. shuttle runs the threads one at a time and sequentially consistent, so it sees no
//! ordering that is too weak.
//!
//! A history that has no order says its seed; `FDTABLE_SEED` repeats it, `FDTABLE_ROUNDS`
//! multiplies the histories.

#[path = "../tests/histories/call.rs"]
mod call;
#[path = "../tests/histories/caller.rs"]
mod caller;
#[path = "../tests/histories/check.rs"]
mod check;
#[path = "../tests/histories/draw.rs"]
mod draw;
#[allow(dead_code, reason = "every execution has its overlaps")]
#[path = "../tests/histories/history.rs"]
mod history;
#[allow(dead_code, reason = "programs that are written down are for the models")]
mod scene;
mod subject;
mod watched;

use std::{
    env,
    io::{self, Write},
    sync::Arc,
};

use fastrand::Rng;
use shuttle::{
    Config, Runner,
    scheduler::{PctScheduler, RandomScheduler, Scheduler},
};

use self::{
    call::NUMBERS,
    caller::Tier,
    scene::{Scene, Start},
    watched::{forget_files, undropped},
};
// What the specification's files call on.
use crate::{
    CloseRangeFlags, Descriptor, Error, FdFlags, FdTable, FileId, Placement, RawFd, Reservation,
    sync::epoch,
};

const THREADS: usize = 4;
const CALLS: u8 = 10;
/// How many preemptions PCT places.
const DEPTH: usize = 4;

fn variable(name: &str, otherwise: u64) -> u64 {
    env::var(name).map_or(otherwise, |value| value.parse().expect(name))
}

/// One history: the start, the calls and the schedule come from the seed.
fn history(tier: Tier, seed: u64) {
    let mut random = Rng::with_seed(seed);
    forget_files();
    let open = std::array::from_fn::<_, { NUMBERS as usize }, _>(|_| random.bool());
    let scene = Scene::new(Start { tier, open });
    let threads: Vec<_> = (0..THREADS)
        .map(|thread| {
            let (scene, mut random) = (Arc::clone(&scene), random.fork());
            shuttle::thread::spawn(move || scene.run_at_random(thread, CALLS, &mut random))
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    scene.finish();
}

fn run(scheduler: impl Scheduler + 'static, tier: Tier, seed: u64) {
    Runner::new(scheduler, Config::new()).run(move || {
        let failed = Failed(seed);
        epoch::scope(|| history(tier, seed));
        assert_eq!(undropped(), 0, "files leaked");
        std::mem::forget(failed);
    });
}

/// Says the seed of a history that panics.
struct Failed(u64);

impl Drop for Failed {
    fn drop(&mut self) {
        eprintln!("FDTABLE_SEED={}", self.0);
    }
}

fn check(tier: Tier) {
    let (first, rounds) = (variable("FDTABLE_SEED", 1), variable("FDTABLE_ROUNDS", 1));
    let histories = if env::var_os("FDTABLE_SEED").is_some() { 1 } else { 4000 } * rounds;
    for seed in first..first + histories {
        run(RandomScheduler::new_from_seed(seed, 1), tier, seed);
        run(PctScheduler::new_from_seed(seed, DEPTH, 1), tier, seed);
    }
    let line = format!("shuttle: {} histories from seed {first}\n", 2 * histories);
    // Not `println!`, which the test harness keeps to itself: the figures are part of the result.
    let _ = io::stderr().write_all(line.as_bytes());
}

#[test]
fn long_histories_in_the_hot_range_have_an_order() {
    check(Tier { base: 0, filled: true });
}

#[test]
fn long_histories_in_the_gap_have_an_order() {
    check(Tier { base: 4, filled: false });
}
