//! The handler threads: all serve one listener, and one more waits for guests to die. They end with
//! the process.

use std::{
    os::fd::{AsFd, OwnedFd},
    sync::Arc,
    thread,
};

use super::{
    guardian,
    listener::Listener,
    live,
    supervisor::Supervisor,
    sys::{self, Epoll, Errno, Result},
};

/// What they wait on.
pub(crate) struct Handlers {
    epolls: Vec<Arc<Epoll>>,
    guardian: OwnedFd,
    /// Readable when a user asks what the guests have open.
    questions: OwnedFd,
}

impl Handlers {
    pub(crate) fn new(listener: &Listener, count: usize) -> Result<Self> {
        let epoll = |_| {
            let epoll = Epoll::new()?;
            // Exclusive: a notification wakes one handler, and not all that are idle.
            epoll.add(listener.as_fd(), libc::EPOLLIN | libc::EPOLLEXCLUSIVE, 0)?;
            Ok(Arc::new(epoll))
        };
        Ok(Self {
            epolls: (0..count).map(epoll).collect::<Result<_>>()?,
            guardian: guardian::pidfd()?,
            questions: sys::signalfd(libc::SIGUSR1)?,
        })
    }

    /// Starts the threads.
    pub(crate) fn start(self, supervisor: &Arc<Supervisor>) -> Result<()> {
        supervisor.directory.watch(&self.guardian, &self.questions)?;
        for epoll in &self.epolls {
            let (supervisor, epoll) = (Arc::clone(supervisor), Arc::clone(epoll));
            thread::spawn(move || handle(&supervisor, &epoll));
        }
        let supervisor = Arc::clone(supervisor);
        thread::spawn(move || self.bury(&supervisor));
        Ok(())
    }

    fn bury(self, supervisor: &Supervisor) -> ! {
        loop {
            if supervisor.directory.bury() {
                live::answer(supervisor, &self.questions);
            }
            guardian::check_guarded();
        }
    }
}

/// Until there is no guest any more.
fn handle(supervisor: &Supervisor, epoll: &Epoll) {
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
            // ENOENT: the guest is gone.
            if let Ok(notif) = supervisor.listener.receive() {
                supervisor.serve(&notif);
            }
        }
    }
}
