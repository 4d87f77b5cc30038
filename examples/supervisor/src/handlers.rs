//! The handler threads: all serve one listener. They end with the process.
//!
//! They are a leader and its followers. The leader waits in the receiving call itself, which the
//! kernel wakes on the core of the guest that calls. So a guest that makes one call after the other
//! is served where it runs. While the leader serves, an epoll is armed that wakes one of the
//! followers if another call comes. So a thread is always there to receive, and no thread is woken
//! for nothing.

use std::{
    os::fd::AsFd,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

use super::{
    dispatch::Dispatcher,
    sys::{self, Epoll, Errno, Result},
};

/// Followers are started when they are needed: many a guest ends before all would run.
pub(crate) struct Handlers {
    dispatcher: Dispatcher,
    /// How many there may be, with the leader.
    count: usize,
    started: AtomicUsize,
    /// How many followers wait.
    waiting: AtomicUsize,
    /// The leader serves, so that the epoll has to be armed.
    is_leader_busy: AtomicBool,
    /// What the followers wait on: the listener, if it is armed, and then once.
    epoll: Epoll,
}

// Relaxed, for all of it: the counts order nothing, and a follower that is woken because the leader
// is busy has been woken after that was stored.
const RELAXED: Ordering = Ordering::Relaxed;

const DISARMED: i32 = libc::EPOLLONESHOT;
const ARMED: i32 = libc::EPOLLIN | libc::EPOLLONESHOT;

impl Handlers {
    pub(crate) fn new(dispatcher: Dispatcher, count: usize) -> Result<Arc<Self>> {
        let epoll = Epoll::new()?;
        epoll.add(dispatcher.supervisor.listener.as_fd(), DISARMED, 0)?;
        Ok(Arc::new(Self {
            dispatcher,
            count,
            started: AtomicUsize::new(0),
            waiting: AtomicUsize::new(0),
            is_leader_busy: AtomicBool::new(false),
            epoll,
        }))
    }

    pub(crate) fn start(self: &Arc<Self>) -> Result<()> {
        self.start_one(Self::lead)?;
        self.start_one(Self::follow)
    }

    /// Starts one more, unless there are all.
    fn start_one(self: &Arc<Self>, handle: fn(&Arc<Self>)) -> Result<()> {
        let more = |started| (started < self.count).then_some(started + 1);
        if self.started.fetch_update(RELAXED, RELAXED, more).is_err() {
            return Ok(());
        }
        let handlers = Arc::clone(self);
        let started = thread::Builder::new().spawn(move || handle(&handlers));
        started.map(drop).map_err(|error| Errno(error.raw_os_error().unwrap_or(libc::EAGAIN)))
    }

    fn lead(self: &Arc<Self>) {
        let listener = &self.dispatcher.supervisor.listener;
        loop {
            match listener.receive() {
                Ok(notif) => self.serve_as_leader(&notif),
                Err(_) if sys::has_hung_up(listener.as_fd()) => return,
                // This guest is gone.
                Err(_) => {}
            }
        }
    }

    fn serve_as_leader(&self, notif: &libc::seccomp_notif) {
        self.is_leader_busy.store(true, RELAXED);
        self.set_epoll(ARMED);
        self.dispatcher.serve(notif, || {
            // Before the reply: the guest's next call is the leader's again.
            self.is_leader_busy.store(false, RELAXED);
            self.set_epoll(DISARMED);
        });
    }

    fn follow(self: &Arc<Self>) {
        loop {
            self.waiting.fetch_add(1, RELAXED);
            // Interrupted, there is nothing to serve.
            let _ = self.epoll.wait(-1, &mut Vec::new());
            if self.waiting.fetch_sub(1, RELAXED) == 1 {
                // A follower has to be there for the call after this one. If there can be no more
                // threads, these have to do.
                let _ = self.start_one(Self::follow);
            }
            self.serve_pending();
            self.arm_beside_leader();
        }
    }

    /// Serves until there is nothing to receive.
    fn serve_pending(&self) {
        let listener = &self.dispatcher.supervisor.listener;
        while sys::is_readable(listener.as_fd()) {
            // Waits for another one, if another handler was faster.
            if let Ok(notif) = listener.receive() {
                self.arm_beside_leader();
                self.dispatcher.serve(&notif, || {});
            }
        }
    }

    /// While the leader receives, no follower need wait beside it. A stale flag does no harm: a
    /// leader that has just become busy arms the epoll itself, and one that has just ceased to be
    /// has a follower woken beside it, once.
    fn arm_beside_leader(&self) {
        if self.is_leader_busy.load(RELAXED) {
            self.set_epoll(ARMED);
        }
    }

    fn set_epoll(&self, events: i32) {
        if self.count > 1 {
            // It is there: that cannot fail.
            let _ = self.epoll.modify(self.dispatcher.supervisor.listener.as_fd(), events, 0);
        }
    }
}
