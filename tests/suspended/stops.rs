//! Stops a thread by a signal at whatever instruction it has come to, lets another one do all it
//! may want, and lets the first go on; many times. A watchdog sees when the other one does not get
//! on.

use std::{
    ptr,
    sync::{
        Mutex, PoisonError,
        atomic::{
            AtomicBool, AtomicU64, AtomicUsize,
            Ordering::{Relaxed, SeqCst},
        },
    },
    thread,
    time::{Duration, Instant},
};

use fastrand::Rng;
use test_support::pause;

/// What is called on both sides.
pub(crate) trait Subject: Sync {
    /// How long the thread that goes on may take for all it does beside one stopped thread.
    const PATIENCE: Duration;

    /// Some calls of the thread that is stopped.
    fn call_anything(&self, random: &mut Rng);

    /// All that another thread may want, while it is stopped.
    fn everything_goes_on(&self);

    /// Patience is at an end: the stopped thread holds the other one up.
    fn held_up(&self);
}

/// Whether the thread stands in the signal handler, and how often it was let go again. One harness
/// runs at a time.
static SUSPENDED: AtomicBool = AtomicBool::new(false);
static RESUMED: AtomicU64 = AtomicU64::new(0);
static TURN: Mutex<()> = Mutex::new(());

extern "C" fn stand_still(_signal: libc::c_int) {
    let before = RESUMED.load(SeqCst);
    SUSPENDED.store(true, SeqCst);
    while RESUMED.load(SeqCst) == before {
        // SAFETY: both are allowed in a signal handler; nanosleep reads the time given.
        unsafe {
            let moment = libc::timespec { tv_sec: 0, tv_nsec: 10_000 };
            libc::nanosleep(&raw const moment, ptr::null_mut());
        }
    }
    SUSPENDED.store(false, SeqCst);
}

fn on_signal(signal: libc::c_int, handler: extern "C" fn(libc::c_int)) {
    // SAFETY: an all-zero sigaction is a valid one, and the handler calls nothing that is not
    // allowed in one.
    let set = unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handler as *const () as libc::sighandler_t;
        action.sa_flags = libc::SA_RESTART;
        libc::sigaction(signal, &raw const action, ptr::null_mut())
    };
    assert_eq!(set, 0);
}

/// Whether the thread stands where it was stopped.
pub(crate) fn is_suspended() -> bool {
    SUSPENDED.load(SeqCst)
}

/// Lets the thread go on.
pub(crate) fn resume() {
    RESUMED.fetch_add(1, SeqCst);
}

fn wait_until(condition: impl Fn() -> bool) {
    while !condition() {
        thread::yield_now();
    }
}

/// Also when a check fails: the scope waits for its threads.
struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, SeqCst);
        resume();
    }
}

/// Tells the subject when `progress` stands still.
fn watch_over<S: Subject>(subject: &S, progress: &AtomicUsize, end: &AtomicBool) {
    let mut last = (progress.load(SeqCst), Instant::now());
    while !end.load(SeqCst) {
        thread::sleep(S::PATIENCE.min(Duration::from_millis(20)));
        let now = progress.load(SeqCst);
        if now != last.0 {
            last = (now, Instant::now());
        } else if last.1.elapsed() > S::PATIENCE {
            subject.held_up();
            last.1 = Instant::now();
        }
    }
}

fn stop_once(subject: &impl Subject, victim: libc::pthread_t) {
    // SAFETY: the thread runs until the end of the scope.
    assert_eq!(unsafe { libc::pthread_kill(victim, libc::SIGUSR1) }, 0);
    wait_until(is_suspended);
    subject.everything_goes_on();
    resume();
    wait_until(|| !is_suspended());
}

/// Stops a thread that calls without pause, as long as `more` of the stops so far.
pub(crate) fn stop_often<S: Subject>(subject: &S, more: impl Fn(usize) -> bool) {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    on_signal(libc::SIGUSR1, stand_still);
    let (end, progress) = (AtomicBool::new(false), AtomicUsize::new(0));
    let handle = AtomicU64::new(0);
    thread::scope(|s| {
        let _end = End(&end);
        s.spawn(|| watch_over(subject, &progress, &end));
        s.spawn(|| {
            // SAFETY: it has no obligation.
            handle.store(unsafe { libc::pthread_self() }, SeqCst);
            let mut random = Rng::with_seed(7);
            while !end.load(Relaxed) {
                subject.call_anything(&mut random);
            }
        });
        wait_until(|| handle.load(SeqCst) != 0);
        let mut random = Rng::with_seed(8);
        for stop in (0..).take_while(|&stop| more(stop)) {
            // Or it would be stopped before it has left the place of the last time.
            pause(random.usize(..200));
            stop_once(subject, handle.load(SeqCst));
            progress.store(stop + 1, SeqCst);
        }
    });
}
