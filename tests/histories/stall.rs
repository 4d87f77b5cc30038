//! Stops threads for a moment at whatever instruction they have come to, so that other threads call
//! in the middle of their calls.

use std::{
    io,
    marker::PhantomData,
    mem,
    ptr::{self, null_mut},
    sync::Once,
};

/// How often a thread is stopped, in nanoseconds. The kernel's timer slack makes the shortest sleep
/// last about 50 us.
const PERIOD: i64 = 150_000;
const SIGNAL: i32 = libc::SIGUSR1;

/// The calling thread is stopped now and then as long as this lives.
pub(crate) struct Stalls {
    timer: libc::timer_t,
    /// The timer is this thread's.
    here: PhantomData<*const ()>,
}

extern "C" fn sleep(_: i32) {
    // SAFETY: the thread's own errno, which the sleep may change between a call and its check.
    let errno = unsafe { *libc::__errno_location() };
    let moment = libc::timespec { tv_sec: 0, tv_nsec: 1 };
    // SAFETY: nanosleep may be called in a signal handler, and wants no answer here.
    unsafe {
        libc::nanosleep(&raw const moment, null_mut());
        *libc::__errno_location() = errno;
    }
}

fn install_handler() {
    // SAFETY: all zero is a valid sigaction; the handler calls what may be called in one.
    unsafe {
        let mut action: libc::sigaction = mem::zeroed();
        action.sa_sigaction = sleep as extern "C" fn(i32) as usize;
        action.sa_flags = libc::SA_RESTART;
        succeeded(libc::sigaction(SIGNAL, &raw const action, null_mut()));
    }
}

fn succeeded(result: i32) {
    assert_eq!(result, 0, "{}", io::Error::last_os_error());
}

impl Stalls {
    pub(crate) fn of_this_thread() -> Self {
        static HANDLER: Once = Once::new();
        HANDLER.call_once(install_handler);
        let mut timer = null_mut();
        let every = libc::timespec { tv_sec: 0, tv_nsec: PERIOD };
        let times = libc::itimerspec { it_interval: every, it_value: every };
        // SAFETY: all zero is a valid sigevent; the pointers are to locals that outlive the calls.
        unsafe {
            let mut event: libc::sigevent = mem::zeroed();
            event.sigev_notify = libc::SIGEV_THREAD_ID;
            event.sigev_signo = SIGNAL;
            event.sigev_notify_thread_id = libc::gettid();
            let clock = libc::CLOCK_MONOTONIC;
            succeeded(libc::timer_create(clock, &raw mut event, &raw mut timer));
            succeeded(libc::timer_settime(timer, 0, &raw const times, ptr::null_mut()));
        }
        Self { timer, here: PhantomData }
    }
}

impl Drop for Stalls {
    fn drop(&mut self) {
        // SAFETY: the timer was made by this value.
        succeeded(unsafe { libc::timer_delete(self.timer) });
    }
}
