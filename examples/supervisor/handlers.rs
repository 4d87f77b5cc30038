//! The handler threads: all serve one listener, and one more waits for guests to die.

use std::{
    io::Write,
    os::fd::{AsFd, OwnedFd},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI32, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use super::{
    guardian,
    supervisor::Supervisor,
    sys::{self, Epoll, Errno, Result},
};

const STOP: u64 = 0;
const NOTIFICATION: u64 = 1;
/// Interrupts a handler that waits in the kernel for a notification that another handler has got.
const INTERRUPT: i32 = libc::SIGUSR2;

/// The running threads.
pub(crate) struct Handlers {
    stop: Arc<Stop>,
    threads: Vec<(Arc<AtomicI32>, JoinHandle<()>)>,
    undertaker: JoinHandle<()>,
}

struct Stop {
    event: OwnedFd,
    stopping: AtomicBool,
}

impl Handlers {
    pub(crate) fn start(supervisor: &Arc<Supervisor>, count: usize) -> Result<Self> {
        sys::make_interrupting(INTERRUPT);
        let stop = Arc::new(Stop { event: sys::eventfd()?, stopping: AtomicBool::new(false) });
        let guardian = guardian::pidfd()?;
        supervisor.directory.stop_on(&stop.event, &guardian)?;
        let mut threads = Vec::new();
        for _ in 0..count {
            threads.push(start_handler(supervisor, &stop)?);
        }
        let mourner = Arc::clone(supervisor);
        // Also ends the guests when the process that guards us is gone.
        let undertaker = thread::spawn(move || {
            let _guardian = guardian;
            while mourner.directory.bury() {
                guardian::check_guarded();
            }
        });
        Ok(Self { stop, threads, undertaker })
    }

    /// Ends the threads; there is no guest any more.
    pub(crate) fn stop(self) {
        self.stop.stopping.store(true, Ordering::SeqCst);
        // The counter cannot be full.
        let _ = std::fs::File::from(self.stop.event.try_clone().expect("an eventfd"))
            .write(&1u64.to_ne_bytes());
        for (tid, handler) in self.threads {
            let mut patience = Duration::from_micros(50);
            while !handler.is_finished() {
                thread::sleep(patience);
                // Again and again: the handler may have been on its way into the kernel.
                sys::tgkill_self(tid.load(Ordering::SeqCst), INTERRUPT);
                patience *= 2;
            }
            let _ = handler.join();
        }
        let _ = self.undertaker.join();
    }
}

fn start_handler(
    supervisor: &Arc<Supervisor>,
    stop: &Arc<Stop>,
) -> Result<(Arc<AtomicI32>, JoinHandle<()>)> {
    let epoll = Epoll::new()?;
    epoll.add(stop.event.as_fd(), libc::EPOLLIN, STOP)?;
    // Exclusive: a notification wakes one handler, and not all that are idle.
    let events = libc::EPOLLIN | libc::EPOLLEXCLUSIVE;
    epoll.add(supervisor.listener.as_fd(), events, NOTIFICATION)?;
    let (supervisor, stop) = (Arc::clone(supervisor), Arc::clone(stop));
    let tid = Arc::new(AtomicI32::new(0));
    let own_tid = Arc::clone(&tid);
    let handler = thread::spawn(move || {
        own_tid.store(sys::gettid(), Ordering::SeqCst);
        handle(&supervisor, &epoll, &stop);
    });
    Ok((tid, handler))
}

fn handle(supervisor: &Supervisor, epoll: &Epoll, stop: &Stop) {
    let mut ready = Vec::new();
    while !stop.stopping.load(Ordering::SeqCst) {
        match epoll.wait(-1, &mut ready) {
            Ok(()) | Err(Errno(libc::EINTR)) => {}
            Err(_) => return,
        }
        for (data, events) in ready.drain(..) {
            if data != NOTIFICATION {
                return;
            }
            if events & libc::EPOLLIN as u32 != 0 {
                // ENOENT: the guest is gone. EINTR: we shall stop.
                if let Ok(notif) = supervisor.listener.receive() {
                    supervisor.serve(&notif);
                }
            } else {
                // Hung up: there is no guest any more.
                return;
            }
        }
    }
}
