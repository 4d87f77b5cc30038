//! Two ways to make threads meet: one watches what the other does, or both call at the same time.

use std::{
    hint, process,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

struct SetOnDrop<'a>(&'a AtomicBool);

impl Drop for SetOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, SeqCst);
    }
}

/// Runs `body` while another thread calls `watch` over and over, from before its first
/// instruction to after its last.
pub fn watched<R>(watch: impl Fn() + Sync, body: impl FnOnce() -> R) -> R {
    let (started, stop) = (AtomicBool::new(false), AtomicBool::new(false));
    thread::scope(|s| {
        s.spawn(|| {
            let _started = SetOnDrop(&started);
            while !stop.load(SeqCst) {
                watch();
                started.store(true, SeqCst);
            }
        });
        // Also when `body` panics: the scope would wait for the watcher for ever.
        let _stop = SetOnDrop(&stop);
        wait_for(|| started.load(SeqCst));
        body()
    })
}

/// Ends the process after a minute: a thread whose call never returns could not be joined.
fn wait_for(condition: impl Fn() -> bool) {
    let (start, mut spins) = (Instant::now(), 0_u32);
    while !condition() {
        spins = spins.wrapping_add(1);
        if spins & 63 == 0 {
            if start.elapsed() > Duration::from_secs(60) {
                eprintln!("the other thread has not got on for a minute");
                process::abort();
            }
            thread::yield_now();
        }
        hint::spin_loop();
    }
}

/// What two threads share that call at the same time, round by round.
struct Rounds<A> {
    /// The round that may begin.
    go: AtomicUsize,
    /// The round that the other thread has ended, and what its call gave.
    done: AtomicUsize,
    result: Mutex<Option<A>>,
    /// The first thread has ended, after the last round or by a panic.
    quit: AtomicBool,
    /// The other thread has ended, likewise.
    dead: AtomicBool,
}

impl<A> Rounds<A> {
    fn new() -> Self {
        Self {
            go: AtomicUsize::new(0),
            done: AtomicUsize::new(0),
            result: Mutex::new(None),
            quit: AtomicBool::new(false),
            dead: AtomicBool::new(false),
        }
    }

    /// The other thread's part of all rounds.
    fn serve(&self, rounds: usize, a: impl Fn() -> A) {
        let _dead = SetOnDrop(&self.dead);
        for round in 1..=rounds {
            wait_for(|| self.go.load(SeqCst) == round || self.quit.load(SeqCst));
            if self.quit.load(SeqCst) {
                return;
            }
            pause(round % 16);
            let a = a();
            *self.result.lock().unwrap() = Some(a);
            self.done.store(round, SeqCst);
        }
    }

    /// The first thread's part of one round, and what both calls gave.
    fn meet<B>(&self, round: usize, b: impl Fn() -> B) -> (A, B) {
        self.go.store(round, SeqCst);
        pause(round / 16 % 16);
        let b = b();
        wait_for(|| self.done.load(SeqCst) == round || self.dead.load(SeqCst));
        let a = self.result.lock().unwrap().take();
        (a.expect("the other thread panicked"), b)
    }
}

/// Runs `a` and `b` at the same time, `rounds` times over, shifted against each other by a
/// different amount in each; `before` and `after` run alone, between the rounds.
pub fn race<A: Send, B>(
    rounds: usize,
    before: impl Fn(),
    a: impl Fn() -> A + Sync,
    b: impl Fn() -> B,
    after: impl Fn(A, B),
) {
    let shared = Rounds::new();
    thread::scope(|s| {
        s.spawn(|| shared.serve(rounds, &a));
        let _quit = SetOnDrop(&shared.quit);
        for round in 1..=rounds {
            before();
            let (a, b) = shared.meet(round, &b);
            after(a, b);
        }
    });
}

/// A moment, without leaving the processor.
pub fn pause(spins: usize) {
    for _ in 0..spins * 4 {
        hint::spin_loop();
    }
}
