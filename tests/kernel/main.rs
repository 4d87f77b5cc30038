//! The kernel as oracle: random and scripted sequences of descriptor calls run on `fdtable`, and as
//! real system calls in processes of the test's own. After every step both sides are compared:
//! number, errno, FD_CLOEXEC and the file itself.
//!
//! `FDTABLE_STEPS` sets the number of random steps, `FDTABLE_SEED` replays a run.
#![cfg(target_os = "linux")]

mod channel;
mod draw;
mod lockstep;
mod oracle;
mod step;
mod subject;
mod sys;
mod world;

use std::mem;

use fastrand::Rng;
use lockstep::{Lockstep, Tally};
use oracle::Bounds;
use step::Step;

const STEPS: u64 = 120_000;
/// A run is made of walks: each starts from an empty table, with its own place for the high range.
const WALK: u64 = 10_000;

/// A number from the environment, decimal or 0x...: a mistyped one must not turn into a default.
fn environment(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    let number = match text.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16),
        None => text.parse(),
    };
    Some(number.unwrap_or_else(|e| panic!("{name}={text}: {e}")))
}

fn fresh_seed() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(std::process::id())
}

/// Where the high range lies in each walk: at its default, or lower where the hard limit keeps the
/// kernel from following.
fn bases(cap: u32) -> Vec<u32> {
    let fits = |base: &u32| cap > base + 4096 + 32;
    let mut bases: Vec<u32> =
        [32_768, 1024, 2048, 8192, 12_000 / 32 * 32].into_iter().filter(fits).collect();
    if bases.is_empty() {
        bases.push(1024);
    }
    bases
}

/// Draws at least so many steps, and gives what they gave.
fn walk(walk: u64, mut lockstep: Lockstep, steps: u64, rng: &mut Rng) -> Tally {
    while lockstep.steps() < steps {
        draw::round(rng, &mut lockstep);
    }
    lockstep.check_all();
    println!("walk {walk}: {}", lockstep.summary());
    mem::take(&mut lockstep.tally)
}

#[test]
fn random_steps_give_what_the_kernel_gives() {
    let steps = environment("FDTABLE_STEPS").unwrap_or(STEPS);
    let seed = environment("FDTABLE_SEED").unwrap_or_else(fresh_seed);
    let bounds = Bounds::of_this_process();
    let bases = bases(bounds.cap);
    println!("FDTABLE_SEED={seed:#x} FDTABLE_STEPS={steps}, {bounds:?}, base one of {bases:?}");
    let mut left = steps;
    let mut walks = Rng::with_seed(seed);
    let mut tally = Tally::new();
    for (walk, base) in (0..).zip(bases.iter().cycle()) {
        if left == 0 {
            break;
        }
        let name = format!("walk {walk}; replay: FDTABLE_SEED={seed:#x} FDTABLE_STEPS={steps}");
        let lockstep = Lockstep::boot(name, bounds, *base);
        let end = left.min(WALK);
        left -= end;
        for (call, count) in self::walk(walk, lockstep, end, &mut walks.fork()) {
            *tally.entry(call).or_default() += count;
        }
    }
    println!("{tally:?}");
    if steps >= STEPS {
        assert_every_case_was_met(&tally, bounds.unshare);
    }
}

/// The draw must not quietly lose a case: every errno that a call can give was given.
fn assert_every_case_was_met(tally: &Tally, unshare: bool) {
    use libc::{EBADF, EINVAL, EMFILE, ENOENT};
    let cases: [(&str, &[i32]); 17] = [
        ("open", &[0, EMFILE]),
        ("pipe2", &[0, EMFILE]),
        ("dup", &[0, EBADF, EMFILE]),
        ("dup2", &[0, EBADF]),
        ("dup3", &[0, EBADF, EINVAL]),
        ("F_DUPFD", &[0, EBADF, EINVAL, EMFILE]),
        ("F_DUPFD_CLOEXEC", &[0, EBADF, EINVAL, EMFILE]),
        ("F_GETFD", &[0, EBADF]),
        ("F_SETFD", &[0, EBADF]),
        ("close", &[0, EBADF]),
        ("close_range", &[0, EINVAL]),
        ("setrlimit", &[0]),
        ("fork", &[0]),
        ("clone(CLONE_FILES)", &[0]),
        ("execve", &[0, ENOENT]),
        ("exit", &[0]),
        ("unshare", if unshare { &[0] } else { &[] }),
    ];
    for (call, errnos) in cases {
        for errno in errnos {
            assert!(tally.contains_key(&(call, *errno)), "{call} never gave errno {errno}");
        }
    }
}

/// EMFILE comes after the last number of every tier, holes are found lowest first, and a swept
/// table is the kernel's.
#[test]
fn every_number_below_the_limit_is_taken_in_the_kernels_order() {
    let bounds = Bounds::of_this_process();
    let cap = bounds.cap.min(70_000);
    let bounds = Bounds { cap, ..bounds };
    let base = bases(cap)[0];
    let mut lockstep = Lockstep::boot("fill".into(), bounds, base);
    lockstep.run(0, &[Step::SetLimit { limit: cap }, Step::Open { cloexec: false }]);
    let dup = |count: u32| vec![Step::Dup { old: 0 }; count as usize];
    lockstep.run(0, &dup(cap + 1));
    let holes = [cap - 1, base + 4096, base + 4095, base + 1, base, base - 1, 1024, 1023, 64, 1];
    let close = holes.map(|fd| Step::Close { fd: fd as i32 });
    lockstep.run(0, &close);
    lockstep.run(0, &dup(holes.len() as u32 + 1));
    lockstep.check_all();
    let marked =
        Step::CloseRange { first: 1000, last: base + 40, flags: libc::CLOSE_RANGE_CLOEXEC };
    let closed = Step::CloseRange { first: base + 4000, last: cap - 10, flags: 0 };
    lockstep.run(0, &[marked, closed]);
    lockstep.check_all();
    lockstep.run(0, &[Step::Exec]);
    lockstep.check_all();
    lockstep.run(0, &dup(cap));
    lockstep.check_all();
    println!("{}", lockstep.summary());
}
