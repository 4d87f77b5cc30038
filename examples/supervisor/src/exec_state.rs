//! An exec of a process that may be under way.
//!
//! Whether it succeeds is not notified. So the supervisor puts a close-on-exec descriptor into the
//! guest before, the *token*, and looks whether it is gone.

use std::{
    fs, io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use fdtable::Files;
use parking_lot::Mutex;

use super::{file::File, image::Image, numbers::EXEC_TOKEN};

#[derive(Debug, Default)]
pub(crate) struct ExecState {
    pub(crate) caller: Mutex<Option<Caller>>,
    /// Whether there is a caller.
    pub(crate) pending: AtomicBool,
    /// The token of an exec that failed is still there.
    pub(crate) token_left: AtomicBool,
    /// The process may have a token, of its own exec or of its parent's.
    pub(crate) may_have_token: AtomicBool,
    /// A thread may not have the token while another executes a program.
    pub(crate) is_token_unreliable: AtomicBool,
}

/// The thread that has called exec.
#[derive(Debug)]
pub(crate) struct Caller {
    pub(crate) tid: i32,
    /// Its files, which the process will have.
    pub(crate) files: Arc<Files<File>>,
    /// The image of the process at the call, where it stands in for a token.
    pub(crate) image: Option<Image>,
}

impl ExecState {
    pub(crate) fn is_pending(&self) -> bool {
        // Relaxed: only tells where to look; `Process::settle` looks again.
        self.pending.load(Ordering::Relaxed)
    }

    /// Whether the guest may have the token, which it must not see.
    pub(crate) fn may_have_token(&self) -> bool {
        // Relaxed: set before there is one, and so before a child can have it.
        self.may_have_token.load(Ordering::Relaxed)
    }

    /// For a child, which has the token if its parent has.
    pub(crate) fn inherited(&self) -> Self {
        let may_have_token = AtomicBool::new(self.may_have_token());
        Self { may_have_token, ..Self::default() }
    }
}

/// Whether a thread has the token. A program whose `/proc` files may not be read
/// (`PR_SET_DUMPABLE`) is still the one that has called exec.
pub(crate) fn has_token(tgid: i32, tid: i32) -> bool {
    let token = fs::symlink_metadata(format!("/proc/{tgid}/task/{tid}/fd/{EXEC_TOKEN}"));
    token.is_ok() || token.is_err_and(|error| error.kind() == io::ErrorKind::PermissionDenied)
}
