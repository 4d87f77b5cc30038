//! The handler threads: all serve one listener. They end with the process.

use std::{
    os::fd::AsFd,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use super::{
    supervisor::Supervisor,
    sys::{Epoll, Errno, Result},
};

/// How many there are from the start: the one that serves is not the one that waits.
const FIRST: usize = 2;

/// They are started when they are needed: many a guest ends before all would run.
pub(crate) struct Handlers {
    supervisor: Arc<Supervisor>,
    /// What each waits on.
    epolls: Vec<Epoll>,
    started: AtomicUsize,
    /// How many of them are ready for a call.
    ready: AtomicUsize,
}

// Relaxed, for both: counts that order nothing.
const RELAXED: Ordering = Ordering::Relaxed;

impl Handlers {
    pub(crate) fn new(supervisor: &Arc<Supervisor>, count: usize) -> Result<Arc<Self>> {
        Ok(Arc::new(Self {
            supervisor: Arc::clone(supervisor),
            epolls: (0..count).map(|_| Epoll::new()).collect::<Result<_>>()?,
            started: AtomicUsize::new(0),
            ready: AtomicUsize::new(0),
        }))
    }

    pub(crate) fn start(self: &Arc<Self>) -> Result<()> {
        (0..FIRST.min(self.epolls.len())).try_for_each(|_| self.start_one())
    }

    /// Starts one more, unless there are all.
    fn start_one(self: &Arc<Self>) -> Result<()> {
        let more = |started| (started < self.epolls.len()).then_some(started + 1);
        let Ok(index) = self.started.fetch_update(RELAXED, RELAXED, more) else {
            return Ok(());
        };
        // Exclusive: a notification wakes one handler, and not all that are idle.
        let events = libc::EPOLLIN | libc::EPOLLEXCLUSIVE;
        self.epolls[index].add(self.supervisor.listener.as_fd(), events, 0)?;
        self.ready.fetch_add(1, RELAXED);
        let handlers = Arc::clone(self);
        let handle = move || handlers.handle(&handlers.epolls[index]);
        thread::Builder::new().spawn(handle).map(drop).map_err(|error| {
            self.ready.fetch_sub(1, RELAXED);
            Errno(error.raw_os_error().unwrap_or(libc::EAGAIN))
        })
    }

    /// Until there is no guest any more.
    fn handle(self: &Arc<Self>, epoll: &Epoll) {
        let mut ready = Vec::new();
        loop {
            match epoll.wait(-1, &mut ready) {
                Ok(()) | Err(Errno(libc::EINTR)) => {}
                Err(_) => return,
            }
            for (_, events) in ready.drain(..) {
                if events & libc::EPOLLIN as u32 == 0 {
                    return;
                }
                self.serve_next();
            }
        }
    }

    fn serve_next(self: &Arc<Self>) {
        // ENOENT: the guest is gone.
        let Ok(notif) = self.supervisor.listener.receive() else {
            return;
        };
        if self.ready.fetch_sub(1, RELAXED) == 1 {
            // Somebody has to be there for the next call. If there can be no more threads, these
            // have to do.
            let _ = self.start_one();
        }
        self.supervisor.serve(&notif);
        self.ready.fetch_add(1, RELAXED);
    }
}
