//! Four handler threads serve the calls of a simulated guest of three threads through one `Files`,
//! while it is forked again and again: what a seccomp supervisor does, without the seccomp.
//!
//! A file that is opened gets a *twin*, a descriptor of the guest's own kernel at the same number.
//! The number is reserved while the kernel opens it, which may fail, and stays so after a close
//! until the kernel has closed it. The simulated kernel and each fork find out what gets this
//! wrong.

use std::{
    collections::BTreeSet,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
        mpsc::{Receiver, Sender, channel},
    },
    thread,
};

use fdtable::{Error, FdFlags, FdTable, Files, OpenFileTable, Placement, RawFd, Reservation};

const HANDLERS: usize = 4;
const GUESTS: usize = 3;
const ROUNDS: usize = 2000;
/// The most descriptors that the guest's kernel has: too few for all threads at once.
const TWINS: usize = 2;
/// The guest's kernel has a descriptor at the same number.
const TWIN: FdFlags = FdFlags::USER_1;

static CLOSED: AtomicUsize = AtomicUsize::new(0);

struct File;

impl Drop for File {
    fn drop(&mut self) {
        CLOSED.fetch_add(1, Relaxed);
    }
}

enum Call {
    Open,
    Dup2(RawFd, RawFd),
    Close(RawFd),
}

/// How a call is answered.
enum Answer {
    Return(Result<RawFd, Error>),
    /// The guest's kernel carries the call out, too.
    Continue,
}

struct Notification {
    thread: usize,
    call: Call,
    answer: Sender<Answer>,
}

/// The guest's kernel: the numbers of its own descriptors.
#[derive(Default)]
struct Kernel {
    twins: Mutex<BTreeSet<RawFd>>,
}

impl Kernel {
    fn open(&self, fd: RawFd) -> Result<(), Error> {
        let mut twins = self.twins.lock().unwrap();
        if twins.len() == TWINS {
            return Err(Error::TooManyOpenFiles);
        }
        assert!(twins.insert(fd), "{fd} is still open in the kernel");
        Ok(())
    }

    fn close(&self, fd: RawFd) -> RawFd {
        assert!(self.twins.lock().unwrap().remove(&fd), "{fd} is not open in the kernel");
        0
    }
}

struct Supervisor {
    files: Files<File>,
    kernel: Kernel,
    notifications: Mutex<Receiver<Notification>>,
    /// For each thread of the guest, the number whose twin the kernel is closing.
    closing: [Mutex<Option<Reservation<'static, File>>>; GUESTS],
}

impl Supervisor {
    fn handle(&self) {
        loop {
            let received = self.notifications.lock().unwrap().recv();
            let Ok(Notification { thread, call, answer }) = received else { return };
            // It calls again, so its kernel has closed the twin: the number is free.
            drop(self.closing[thread].lock().unwrap().take());
            let result = match call {
                Call::Open => Answer::Return(self.open()),
                Call::Dup2(old, new) => Answer::Return(self.dup2(old, new)),
                Call::Close(fd) => self.close(thread, fd),
            };
            // The guest does not wait if it has ended.
            let _ = answer.send(result);
        }
    }

    fn open(&self) -> Result<RawFd, Error> {
        let table = self.files.load();
        let number = table.reserve(Placement::FromBase)?;
        self.kernel.open(number.fd())?; // else the number is given back, never seen open
        Ok(number.install(File, TWIN)?)
    }

    fn dup2(&self, old: RawFd, new: RawFd) -> Result<RawFd, Error> {
        let displaced = self.files.load().dup2(old, new)?.is_some();
        assert!(!displaced, "the guest has open numbers of its own for it");
        Ok(new)
    }

    fn close(&self, thread: usize, fd: RawFd) -> Answer {
        let table = self.files.load();
        let (closed, number) = match table.take_owned(fd) {
            Ok(taken) => taken,
            Err(error) => return Answer::Return(Err(error)),
        };
        if !closed.flags.contains(TWIN) {
            return Answer::Return(Ok(0));
        }
        *self.closing[thread].lock().unwrap() = Some(number);
        drop(closed); // before the answer: then the guest finds its file released
        Answer::Continue
    }
}

/// One thread of the guest; all its calls go to the supervisor first.
struct Guest<'a> {
    thread: usize,
    kernel: &'a Kernel,
    notify: Sender<Notification>,
}

impl Guest<'_> {
    fn call(&self, call: Call) -> Result<RawFd, Error> {
        let closes = if let Call::Close(fd) = call { Some(fd) } else { None };
        let (answer, answered) = channel();
        self.notify.send(Notification { thread: self.thread, call, answer }).unwrap();
        match answered.recv().expect("a handler has panicked") {
            Answer::Return(result) => result,
            Answer::Continue => Ok(self.kernel.close(closes.expect("only a close is continued"))),
        }
    }

    /// Opens and closes, and carries one file to and fro between two numbers of the gap. How often
    /// it could open.
    fn run(&self) -> Result<usize, Error> {
        let (mut here, mut there, mut opened) =
            (heirloom(self.thread), heirloom(self.thread) + 1, 0);
        for _ in 0..ROUNDS {
            let fd = self.call(Call::Open);
            self.call(Call::Dup2(here, there))?;
            self.call(Call::Close(here))?;
            (here, there) = (there, here);
            match fd {
                Ok(fd) => self.call(Call::Close(fd))?,
                Err(Error::TooManyOpenFiles) => continue,
                Err(error) => return Err(error),
            };
            opened += 1;
        }
        Ok(opened)
    }
}

/// Where the file of a thread is that is never closed: here, or at the next number.
fn heirloom(thread: usize) -> RawFd {
    1025 + 100 * thread as RawFd
}

/// Forks the guest until its threads have ended: each copy has each heirloom, in one place or both,
/// and no file without a twin.
fn fork(files: &Files<File>, running: impl Fn() -> bool) -> usize {
    let mut forks = 0;
    while running() {
        let child = files.fork();
        let table = child.load();
        for thread in 0..GUESTS {
            let (here, there) = (heirloom(thread), heirloom(thread) + 1);
            assert!(table.contains(here) || table.contains(there), "lost in a fork: {table:?}");
        }
        let twins = table.iter().filter(|open| open.flags.contains(TWIN)).count();
        assert!(twins <= TWINS, "open without a twin: {table:?}");
        forks += 1;
    }
    forks
}

fn main() -> Result<(), Error> {
    let files = Files::new(FdTable::new(&OpenFileTable::new()));
    for thread in 0..GUESTS {
        files.load().open(Placement::At(heirloom(thread)), File, FdFlags::empty())?;
    }
    let (notify, notifications) = channel();
    let (kernel, notifications) = (Kernel::default(), Mutex::new(notifications));
    let supervisor = Supervisor { files, kernel, notifications, closing: Default::default() };
    let (opened, forks) = thread::scope(|scope| {
        let supervisor = &supervisor;
        for _ in 0..HANDLERS {
            scope.spawn(|| supervisor.handle());
        }
        let guests = std::array::from_fn::<_, GUESTS, _>(|thread| {
            let guest = Guest { thread, kernel: &supervisor.kernel, notify: notify.clone() };
            scope.spawn(move || guest.run().expect("no other call fails"))
        });
        drop(notify);
        let forks = fork(&supervisor.files, || guests.iter().any(|guest| !guest.is_finished()));
        (guests.map(|guest| guest.join().unwrap()).iter().sum::<usize>(), forks)
    });
    println!("opened {opened} of {}, {forks} forks: {:?}", ROUNDS * GUESTS, supervisor.files);
    assert_eq!(supervisor.files.load().len(), GUESTS);
    assert_eq!(CLOSED.load(Relaxed), opened);
    assert!(supervisor.kernel.twins.lock().unwrap().is_empty());
    Ok(())
}
