//! A table behind a mutex: what the harness must notice.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use fastrand::Rng;
use fdtable::RawFd;

use crate::stops::{Subject, is_suspended, resume};

#[derive(Default)]
pub(crate) struct Locked {
    open: Mutex<BTreeMap<RawFd, u64>>,
    /// The thread that is stopped has the lock.
    inside: AtomicBool,
    /// How often the other one waited for it, until its patience was at an end.
    pub(crate) held_up: AtomicUsize,
}

impl Subject for Locked {
    const PATIENCE: Duration = Duration::from_millis(100);

    fn call_anything(&self, random: &mut Rng) {
        let fd = random.i32(0..3);
        let mut open = self.open.lock().expect("nobody panics with it");
        self.inside.store(true, SeqCst);
        if open.remove(&fd).is_none() {
            open.insert(fd, 7);
        }
        self.inside.store(false, SeqCst);
    }

    /// Another number than the stopped thread's.
    fn everything_goes_on(&self) {
        self.open.lock().expect("nobody panics with it").insert(9, 9);
    }

    fn held_up(&self) {
        if is_suspended() && self.inside.load(SeqCst) {
            self.held_up.fetch_add(1, SeqCst);
        }
        resume();
    }
}
