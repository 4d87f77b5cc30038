//! `execve` and `execveat`. Whether they succeed is not notified: before, the guest gets a
//! close-on-exec descriptor, the token, which is gone then.

use std::{os::fd::AsFd, sync::atomic::Ordering};

use super::{
    call::{Call, EBADF},
    exec_state::Caller,
    image::Image,
    listener::Reply,
    numbers::EXEC_TOKEN,
    sys::{self, Result},
};

/// `execve` and `execveat`.
pub(crate) fn execve(call: &Call<'_>) -> Result<Reply> {
    let process = &call.task.process;
    // No process that has ended or executed another program may keep this one open for writing.
    call.supervisor.registry.apply_exits_and_execs();
    // The first process shares our own descriptors until it has executed its program.
    if process.tgid == call.supervisor.first
        && sys::share_files(process.tgid, std::process::id() as i32)
    {
        return Ok(Reply::Continue);
    }
    let mut caller = process.exec.caller.lock();
    let image = match put_token(call) {
        Ok(()) => None,
        // An exec also lays the program out anew.
        Err(errno) => Some(Image::of(call.task.tid).ok_or(errno)?),
    };
    *caller = Some(Caller { tid: call.task.tid, files: call.task.files(), image });
    // Release: pairs with `Process::settle`.
    process.exec.pending.store(true, Ordering::Release);
    Ok(Reply::Continue)
}

/// Fails where the token would not do, or the guest's limit may not be set for it.
fn put_token(call: &Call<'_>) -> Result<()> {
    let process = &call.task.process;
    // Relaxed: a thread that distrusts it after this finds the exec pending, by the lock of the
    // caller.
    let exec = &process.exec;
    if exec.is_token_unreliable.load(Ordering::Relaxed) || process.unshared.has_own_files() {
        return Err(EBADF);
    }
    if exec.token_left.load(Ordering::Relaxed) {
        return Ok(());
    }
    exec.may_have_token.store(true, Ordering::Relaxed);
    call.place(call.supervisor.registry.placeholder.as_fd(), EXEC_TOKEN, true)
}

/// The guest may close the token, or one of its threads may have other files than those with the
/// token. If another thread executes a program meanwhile, only the image can tell how that goes.
pub(crate) fn distrust_token(call: &Call<'_>) {
    let process = &call.task.process;
    let exec = &process.exec;
    exec.token_left.store(false, Ordering::Relaxed);
    if process.is_single_threaded() {
        return;
    }
    exec.is_token_unreliable.store(true, Ordering::Relaxed);
    let mut caller = exec.caller.lock();
    if let Some(caller) = caller.as_mut().filter(|caller| caller.image.is_none()) {
        let image = Image::of(call.task.tid);
        // As long as this thread is there, the old program is.
        caller.image = image.filter(|_| call.supervisor.listener.is_valid(call.id));
    }
}
