//! `RLIMIT_NOFILE` as the guests see it: the table's. The kernel's own stays at what belongs to the
//! kernel.

use std::{
    fs,
    sync::{Arc, atomic::Ordering},
};

use super::{
    call::{Call, EFAULT, EINVAL, EPERM},
    listener::Reply,
    numbers::NR_OPEN,
    process::Process,
    soft_limit::Whose,
    sys::{self, Result},
};

pub(crate) const NOFILE: u32 = libc::RLIMIT_NOFILE;
pub(crate) const FSIZE: u32 = libc::RLIMIT_FSIZE;

pub(crate) fn getrlimit(call: &Call<'_>) -> Result<Reply> {
    require_address(call.args[1])?;
    change(call, &call.task.process, call.args[0], 0, call.args[1])
}

pub(crate) fn setrlimit(call: &Call<'_>) -> Result<Reply> {
    require_address(call.args[1])?;
    change(call, &call.task.process, call.args[0], call.args[1], 0)
}

/// Only `prlimit` takes a NULL, and does without.
fn require_address(address: u64) -> Result<()> {
    if address == 0 { Err(EFAULT) } else { Ok(()) }
}

pub(crate) fn prlimit64(call: &Call<'_>) -> Result<Reply> {
    let tid = call.task.tid;
    let process = match call.int(0) {
        0 => Some((Arc::clone(&call.task.process), tid)),
        id => call.supervisor.registry.process_by_id(id, tid),
    };
    match process {
        Some((process, id)) if may_access_limits_of(tid, id) => {
            change(call, &process, call.args[1], call.args[2], call.args[3])
        }
        Some(_) => Err(EPERM),
        None => Ok(Reply::Continue),
    }
}

/// Whether a thread may ask for the limits of another: it is itself, or all ids of that are its
/// real ones.
fn may_access_limits_of(tid: i32, other: i32) -> bool {
    let ids = |id: i32| {
        let status = sys::read_proc(&format!("/proc/{id}/status"))?;
        Some(["Uid", "Gid"].map(|field| {
            let ids = sys::status_field(&status, field).unwrap_or_default();
            ids.split_whitespace().take(3).map(str::to_owned).collect::<Vec<_>>()
        }))
    };
    let is_owner = || {
        let (own, others) = ids(tid).zip(ids(other))?;
        let mut pairs = own.iter().zip(&others);
        Some(pairs.all(|(own, other)| other.iter().all(|id| Some(id) == own.first())))
    };
    tid == other || is_owner() == Some(true) || has_cap_sys_resource(tid)
}

/// Whether a thread has `CAP_SYS_RESOURCE`, and not only in a user namespace of its own.
fn has_cap_sys_resource(tid: i32) -> bool {
    const CAP_SYS_RESOURCE: u64 = 1 << 24;
    /// The one that the kernel has from the start.
    const FIRST_NAMESPACE: &str = "user:[4026531837]";
    let effective = sys::status(tid, "CapEff");
    let effective = effective.and_then(|set| u64::from_str_radix(&set, 16).ok()).unwrap_or(0);
    let namespace = || fs::read_link(format!("/proc/{tid}/ns/user"));
    effective & CAP_SYS_RESOURCE != 0
        && namespace().is_ok_and(|namespace| namespace.as_os_str() == FIRST_NAMESPACE)
}

/// `poll` and `ppoll` of more entries than the kernel's soft limit. It is raised until the thread
/// makes its next call.
pub(crate) fn poll(call: &Call<'_>) -> Result<Reply> {
    let count = call.args[1] as u32;
    if count > call.task.table().limit() {
        return Err(EINVAL);
    }
    call.task.raise_limit(call.supervisor.kernel_hard, u64::from(count) - 1)?;
    Ok(Reply::Continue)
}

/// Sets what is at the address `new` and writes what was to `old`; 0 is neither.
fn change(
    call: &Call<'_>,
    process: &Arc<Process>,
    resource: u64,
    new: u64,
    old: u64,
) -> Result<Reply> {
    if resource as u32 == FSIZE {
        if new != 0 {
            process.diverged.file_size_limit.store(true, Ordering::Relaxed);
        }
        return Ok(Reply::Continue);
    }
    let before = nofile(process);
    if new != 0 {
        set_nofile(call, process, before, call.memory().read(new)?)?;
    }
    if old != 0 {
        call.memory().write(old, &before)?;
    }
    Ok(Reply::Value(0))
}

fn nofile(process: &Process) -> libc::rlimit64 {
    libc::rlimit64 {
        rlim_cur: process.files.load().limit().into(),
        rlim_max: process.hard_limit.load(Ordering::Relaxed),
    }
}

fn set_nofile(
    call: &Call<'_>,
    process: &Arc<Process>,
    before: libc::rlimit64,
    new: libc::rlimit64,
) -> Result<()> {
    if new.rlim_cur > new.rlim_max {
        return Err(EINVAL);
    }
    let may_raise = || new.rlim_max <= u64::from(NR_OPEN) && has_cap_sys_resource(call.task.tid);
    if new.rlim_max > before.rlim_max && !may_raise() {
        return Err(EPERM);
    }
    let whose = Whose { tgid: process.tgid, hard: call.supervisor.kernel_hard };
    process.soft_limit.set(whose, new.rlim_cur)?;
    process.hard_limit.store(new.rlim_max, Ordering::Relaxed);
    call.supervisor.registry.set_limit(process, new.rlim_cur as u32);
    Ok(())
}
