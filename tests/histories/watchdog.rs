//! Calls that never return, or a thread that panics while others wait for it, end the process.

use std::{
    process,
    sync::mpsc::{self, RecvTimeoutError, Sender},
    thread,
    time::Duration,
};

/// For one batch, which takes well under a second.
const PATIENCE: Duration = Duration::from_secs(60);

/// Ends the process if it lives for longer than that.
pub(crate) struct Watchdog(#[allow(dead_code, reason = "its drop ends the watch")] Sender<()>);

impl Watchdog {
    pub(crate) fn new() -> Self {
        let (alive, dropped) = mpsc::channel();
        thread::spawn(move || {
            if dropped.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
                eprintln!("a batch of histories has not ended in {PATIENCE:?}");
                process::abort();
            }
        });
        Self(alive)
    }
}
