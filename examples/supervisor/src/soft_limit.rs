//! The soft `RLIMIT_NOFILE` that the kernel knows for a guest. It keeps the kernel from handing out
//! the table's numbers, and is raised while a descriptor is placed at one of them.

use std::sync::Arc;

use parking_lot::Mutex;

use super::{
    numbers::KERNEL_END,
    process::Process,
    sys::{self, Result},
};

#[derive(Debug)]
pub(crate) struct SoftLimit(Mutex<State>);

#[derive(Debug)]
struct State {
    /// The limit while nothing is placed.
    soft: u64,
    /// How many descriptors are being placed.
    placing: u32,
    /// The limit meanwhile: above the highest of them.
    raised: u64,
}

/// A process, and the hard limit that the kernel knows for it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Whose {
    pub(crate) tgid: i32,
    pub(crate) hard: u64,
}

/// The limit is high enough for one number; dropping it lowers the limit when it is the last.
#[derive(Debug)]
pub(crate) struct Raised {
    process: Arc<Process>,
    hard: u64,
}

impl SoftLimit {
    pub(crate) fn new(soft: u64) -> Self {
        Self(Mutex::new(State { soft, placing: 0, raised: soft }))
    }

    /// Of a child, which has the limit of its parent, but is not raised.
    pub(crate) fn inherited(&self) -> Self {
        Self::new(self.get())
    }

    /// The limit while nothing is placed.
    pub(crate) fn get(&self) -> u64 {
        self.0.lock().soft
    }

    /// Sets the limit that a guest asks for, as far as the kernel's numbers go.
    pub(crate) fn set(&self, whose: Whose, limit: u64) -> Result<()> {
        let mut state = self.0.lock();
        state.soft = limit.min(KERNEL_END as u64);
        match state.placing {
            0 => sys::set_nofile(whose.tgid, state.soft, whose.hard),
            _ => Ok(()),
        }
    }

    /// Makes the kernel accept `number`, below the hard limit.
    pub(crate) fn raise(process: &Arc<Process>, hard: u64, number: u64) -> Result<Raised> {
        let mut state = process.soft_limit.0.lock();
        if state.placing == 0 {
            state.raised = state.soft;
        }
        if number >= state.raised {
            sys::set_nofile(process.tgid, number + 1, hard)?;
            state.raised = number + 1;
        }
        state.placing += 1;
        Ok(Raised { process: Arc::clone(process), hard })
    }
}

impl Drop for Raised {
    fn drop(&mut self) {
        let mut state = self.process.soft_limit.0.lock();
        state.placing -= 1;
        // Another process may have the id of one that is gone.
        if state.placing == 0 && !self.process.has_exited() {
            let _ = sys::set_nofile(self.process.tgid, state.soft, self.hard);
        }
    }
}
