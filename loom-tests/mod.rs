//! Model checks of the crate's own code: `cargo test --features loom`.
//!
//! loom runs each model in every order of its atomic operations that matters, and with every value
//! that a load may return. Each model prints how many executions that took and how long; one that
//! is cut short fails.

mod backoff;
mod backoff_calls;
mod conditional;
mod duplicates;
mod endings;
mod epoch_tests;
mod execs;
mod files;
mod flags;
mod free_blocks;
mod full_bits;
mod gap;
mod gap_full;
mod gap_nodes;
mod gap_numbers;
mod gap_spare;
mod linearizability;
mod matrix;
mod numbers;
mod references;
mod reservations;
mod scene;
mod snapshots;
mod spare;
mod subject;
mod support;
mod tasks;
mod watched;

// The specification is that of the histories of real threads.
#[path = "../tests/histories/call.rs"]
mod call;
#[allow(dead_code, reason = "calls at random ask for what is known")]
#[path = "../tests/histories/caller.rs"]
mod caller;
#[path = "../tests/histories/check.rs"]
mod check;
#[allow(dead_code, reason = "every execution has its overlaps")]
#[path = "../tests/histories/history.rs"]
mod history;

use std::{
    io::{self, Write},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

// What the specification's files call on.
use crate::{
    CloseRangeFlags, Descriptor, Error, FdFlags, FdTable, FileId, Placement, RawFd, Reservation,
    sync::epoch,
};

/// A model that takes longer is too large to be run with the tests.
const LIMIT: Duration = Duration::from_secs(300);

/// How much of a model is explored.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Bound {
    /// Everything: for two threads.
    Exhaustive,
    /// Every execution with at most this many preemptions: for three threads, and never below 2 (a
    /// bound of 1 misses real faults).
    Preemptions(usize),
}

/// Checks `f`, in which every thread that it spawns must be joined. Returns the number of
/// executions.
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
    let report = Report::new(name, bound);
    report.explore(f);
    report.executions()
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
        // crossbeam's epoch has more steps than can be tried in every order.
        _ if cfg!(crossbeam_loom) => Some(2),
        Bound::Exhaustive => None,
        Bound::Preemptions(most) => Some(most),
    };
    // More is an endless loop: loom panics.
    builder.max_branches = 10_000;
    builder.checkpoint_interval = 1_000;
    // At these limits loom ends as if all were well, so they are not for the environment to set;
    // `model` has its own.
    builder.max_permutations = None;
    builder.max_duration = None;
    builder
}

/// Says at the end, good or bad, how far a model came, or many small ones together.
struct Report {
    name: &'static str,
    bound: Bound,
    started: Instant,
    executions: Arc<AtomicUsize>,
    programs: usize,
}

impl Report {
    fn new(name: &'static str, bound: Bound) -> Self {
        Self { name, bound, started: Instant::now(), executions: Arc::default(), programs: 0 }
    }

    fn explore(&self, f: impl Fn() + Send + Sync + 'static) {
        let (started, executions) = (Instant::now(), Arc::clone(&self.executions));
        builder(self.bound).check(move || {
            let earlier = executions.fetch_add(1, Relaxed);
            assert!(started.elapsed() < LIMIT, "cut short after {earlier} executions");
            epoch::scope(&f);
        });
    }

    fn executions(&self) -> usize {
        self.executions.load(Relaxed)
    }
}

impl Drop for Report {
    fn drop(&mut self) {
        let (executions, seconds) = (self.executions(), self.started.elapsed().as_secs_f64());
        let programs = match self.programs {
            0 => String::new(),
            programs => format!("{programs} programs, "),
        };
        let end = if std::thread::panicking() { ", then a fault" } else { "" };
        let line = format!(
            "loom: {}: {programs}{executions} executions ({:?}), {seconds:.2} s{end}\n",
            self.name, self.bound
        );
        // Not `print!`, which the test harness keeps to itself: the figures are part of the result.
        let _ = io::stderr().write_all(line.as_bytes());
    }
}
