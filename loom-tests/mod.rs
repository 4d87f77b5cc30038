//! Model checks of the crate's own code: `cargo test --features loom`.
//!
//! loom runs each model in every order of its atomic operations that matters, and with every value that a load may return.
//! Each model prints how many executions that took and how long; one that is cut short fails.

mod conditional;
mod duplicates;
mod endings;
mod epoch_tests;
mod flags;
mod free_blocks;
mod full_bits;
mod gap;
mod numbers;
mod references;
mod reservations;
mod snapshots;
mod support;

use std::{
    io::{self, Write},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use crate::sync::epoch;

/// A model that takes longer is too large to be run with the tests.
const LIMIT: Duration = Duration::from_secs(300);

/// How much of a model is explored.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Bound {
    /// Everything: for two threads.
    Exhaustive,
    /// Every execution with at most this many preemptions: for three threads, and never below 2 (a bound of 1 misses real faults).
    Preemptions(usize),
}

/// Checks `f`, in which every thread that it spawns must be joined. Returns the number of executions.
pub(crate) fn model(
    name: &'static str,
    bound: Bound,
    f: impl Fn() + Send + Sync + 'static,
) -> usize {
    let executions = explore(name, bound, f);
    assert_explored(executions);
    executions
}

/// `model`, where one execution may be all there is.
fn explore(name: &'static str, bound: Bound, f: impl Fn() + Send + Sync + 'static) -> usize {
    let report = Report { name, bound, started: Instant::now(), executions: Arc::default() };
    let (started, executions) = (report.started, Arc::clone(&report.executions));
    builder(bound).check(move || {
        let earlier = executions.fetch_add(1, Relaxed);
        assert!(started.elapsed() < LIMIT, "cut short after {earlier} executions");
        epoch::scope(&f);
    });
    report.executions.load(Relaxed)
}

fn assert_explored(executions: usize) {
    assert!(
        executions > 1,
        "loom saw nothing to explore: are the atomics its own, and is there a second thread?"
    );
}

fn builder(bound: Bound) -> loom::model::Builder {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = match bound {
        Bound::Exhaustive => None,
        Bound::Preemptions(most) => Some(most),
    };
    // More is an endless loop: loom panics.
    builder.max_branches = 10_000;
    builder.checkpoint_interval = 1_000;
    // At these limits loom ends as if all were well, so they are not for the environment to set; `model` has its own.
    builder.max_permutations = None;
    builder.max_duration = None;
    builder
}

/// Says at the end, good or bad, how far a model came.
struct Report {
    name: &'static str,
    bound: Bound,
    started: Instant,
    executions: Arc<AtomicUsize>,
}

impl Drop for Report {
    fn drop(&mut self) {
        let (executions, seconds) =
            (self.executions.load(Relaxed), self.started.elapsed().as_secs_f64());
        let end = if std::thread::panicking() { ", then a fault" } else { "" };
        let line = format!(
            "loom: {}: {executions} executions ({:?}), {seconds:.2} s{end}\n",
            self.name, self.bound
        );
        // Not `print!`, which the test harness keeps to itself: the figures are part of the result.
        let _ = io::stderr().write_all(line.as_bytes());
    }
}
