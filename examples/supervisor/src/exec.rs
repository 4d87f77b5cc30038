//! Whether an exec has succeeded, which nobody tells us: by a close-on-exec descriptor that we put
//! into the guest before.

use std::{
    fs, io,
    os::fd::AsFd,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use fdtable::{FdFlags, Files};
use parking_lot::Mutex;

use super::{
    call::{Call, EBADF},
    close::prepare_close,
    file::File,
    listener::Reply,
    numbers::EXEC_TOKEN,
    orphans::Image,
    process::Process,
    sys::{self, Result},
};

/// An exec of a process that may be under way.
#[derive(Debug, Default)]
pub(crate) struct ExecWatch {
    caller: Mutex<Option<Caller>>,
    /// Whether there is one.
    pending: AtomicBool,
    /// The token of an exec that failed is still there.
    token_left: AtomicBool,
    /// The process may have a token, of its own exec or of its parent's.
    may_have_token: AtomicBool,
    /// A thread may not have the token while another executes a program.
    is_doubtful: AtomicBool,
}

/// The thread that has called exec.
#[derive(Debug)]
struct Caller {
    tid: i32,
    /// Its files, which the process will have.
    files: Arc<Files<File>>,
    /// The image of the process as it calls, where that must do for a token.
    image: Option<Image>,
}

impl ExecWatch {
    pub(crate) fn is_pending(&self) -> bool {
        // Relaxed: only tells where to look; `settle` looks again.
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

impl Process {
    /// Finds out how a pending exec went, when `tid` of this process shows up; true if the process
    /// runs another program now.
    pub(crate) fn settle_exec(&self, tid: i32) -> bool {
        self.settle(|caller| {
            let is_as_before = match caller.image {
                Some(image) => Image::of(tid) == Some(image),
                None => has_token(self.tgid, tid),
            };
            match is_as_before {
                false => Some(true),
                true => (caller.tid == tid).then_some(false),
            }
        })
    }

    /// The same without being asked by a thread of it: whether all its threads have lost the token.
    pub(crate) fn settle_exec_from_outside(&self) -> bool {
        self.settle(|caller| {
            if let Some(image) = caller.image {
                return Image::of(self.tgid).filter(|now| *now != image).map(|_| true);
            }
            let threads = fs::read_dir(format!("/proc/{}/task", self.tgid)).ok()?;
            let tids = threads.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
            (!self.has_exited() && !tids.into_iter().any(|tid| has_token(self.tgid, tid)))
                .then_some(true)
        })
    }

    /// Settles a pending exec by what `outcome` says of its caller: whether it has succeeded, if
    /// that is known.
    fn settle(&self, outcome: impl FnOnce(&Caller) -> Option<bool>) -> bool {
        let exec = &self.exec;
        // Acquire: pairs with `begin`, whose reply let the guest run.
        if !exec.pending.load(Ordering::Acquire) {
            return false;
        }
        let mut pending = exec.caller.lock();
        let Some(caller) = &*pending else {
            return false;
        };
        let Some(succeeded) = outcome(caller) else {
            return false;
        };
        let has_token = !succeeded && caller.image.is_none();
        if succeeded {
            caller.files.prepare_exec().commit();
            self.files.store(Arc::clone(&caller.files));
            self.split.end();
            exec.is_doubtful.store(false, Ordering::Relaxed);
            exec.may_have_token.store(false, Ordering::Relaxed);
            *self.image.lock() = Image::of(self.tgid);
        }
        *pending = None;
        exec.token_left.store(has_token, Ordering::Relaxed);
        exec.pending.store(false, Ordering::Release);
        succeeded
    }
}

/// A program that lets nobody look (`PR_SET_DUMPABLE`) is still the one that did not.
fn has_token(tgid: i32, tid: i32) -> bool {
    let token = fs::symlink_metadata(format!("/proc/{tgid}/task/{tid}/fd/{EXEC_TOKEN}"));
    token.is_ok() || token.is_err_and(|error| error.kind() == io::ErrorKind::PermissionDenied)
}

/// `execve`.
pub(crate) fn execve(call: &Call<'_>) -> Result<Reply> {
    if let Some(named) = call.named(call.args[0]) {
        call.promote_named(named)?;
    }
    begin(call)
}

/// `execveat`.
pub(crate) fn execveat(call: &Call<'_>) -> Result<Reply> {
    call.promote(call.fd(0))?;
    begin(call)
}

fn begin(call: &Call<'_>) -> Result<Reply> {
    let process = &call.task.process;
    // Nobody who is dead or has executed something else must keep the program open for writing.
    call.supervisor.registry.apply_exits_and_execs();
    // The first process shares our own descriptors until it has executed its program.
    if process.tgid == call.supervisor.first
        && sys::share_files(process.tgid, std::process::id() as i32)
    {
        return Ok(Reply::Continue);
    }
    let table = call.task.table();
    let closing = table.iter().filter(|open| open.flags.contains(FdFlags::CLOEXEC));
    let closing: Vec<_> = closing.map(|open| open.fd).collect();
    closing.into_iter().for_each(|fd| prepare_close(call, fd));
    let mut caller = process.exec.caller.lock();
    let image = match put_token(call) {
        Ok(()) => None,
        // An exec also lays the program out anew.
        Err(errno) => Some(Image::of(call.task.tid).ok_or(errno)?),
    };
    *caller = Some(Caller { tid: call.task.tid, files: call.task.files(), image });
    // Release: pairs with `settle_exec`.
    process.exec.pending.store(true, Ordering::Release);
    Ok(Reply::Continue)
}

/// Fails where the token would not do, or the guest's limit may not be set for it.
fn put_token(call: &Call<'_>) -> Result<()> {
    let process = &call.task.process;
    // Relaxed: whoever doubts it after this finds the exec pending, by the lock of the caller.
    if process.exec.is_doubtful.load(Ordering::Relaxed) || process.split.is() {
        return Err(EBADF);
    }
    if process.exec.token_left.load(Ordering::Relaxed) {
        return Ok(());
    }
    process.exec.may_have_token.store(true, Ordering::Relaxed);
    let twins = process.twins.lock();
    call.inject(call.supervisor.registry.token.as_fd(), EXEC_TOKEN, true, &twins)
}

/// The guest may close the token, or one of its threads may have other files than that where it is.
/// If another thread executes a program meanwhile, only the image can tell how that goes.
pub(crate) fn doubt_token(call: &Call<'_>) {
    let process = &call.task.process;
    let exec = &process.exec;
    exec.token_left.store(false, Ordering::Relaxed);
    if process.is_single_threaded() {
        return;
    }
    exec.is_doubtful.store(true, Ordering::Relaxed);
    let mut caller = exec.caller.lock();
    if let Some(caller) = caller.as_mut().filter(|caller| caller.image.is_none()) {
        let image = Image::of(call.task.tid);
        // As long as this thread is there, the old program is.
        caller.image = image.filter(|_| call.supervisor.listener.is_valid(call.id));
    }
}
