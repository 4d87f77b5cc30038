//! Threads that call at random and write down when each call began, when it returned, and what it gave.

use std::{
    array, fmt, hint,
    sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst},
    thread,
};

use fdtable::{Error, FdFlags, FileId, Placement, RawFd, Reservation};

use crate::{
    call::{Answer, NUMBERS, Number, Op, Place, Step, Tag, steps},
    check::{Slot, Slots},
    stall::Stalls,
    subject::{File, Subject, table},
};

pub(crate) const THREADS: usize = 8;
/// The calls of a thread in a history, but for giving back what it has reserved.
const CALLS: u8 = 5;
/// How often a thread looks for another one to call beside it.
const PATIENCE: u32 = 500;
/// The name of the file that fills what lies below a tier.
const FILLER: Tag = Tag::MAX;

/// The numbers of a history: from `base` on, with all below open or nothing.
#[derive(Clone, Copy)]
pub(crate) struct Tier {
    pub(crate) base: RawFd,
    pub(crate) filled: bool,
}

/// A call as it was written down; `invoked` and `returned` are ticks of one clock.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) thread: usize,
    pub(crate) invoked: u64,
    pub(crate) returned: u64,
    pub(crate) op: Op,
    pub(crate) answer: Answer,
}

/// A call as the check wants it.
pub(crate) struct Event {
    pub(crate) invoked: u64,
    pub(crate) returned: u64,
    pub(crate) steps: Vec<Step>,
}

/// What threads did to a table that began with these slots.
pub(crate) struct History {
    pub(crate) slots: Slots,
    entries: Vec<Entry>,
    /// By thread; `None` if there is an answer that its call can never give.
    pub(crate) events: Option<[Vec<Event>; THREADS]>,
}

impl History {
    pub(crate) fn new(slots: Slots, mut entries: Vec<Entry>) -> Self {
        entries.sort_by_key(|entry| entry.invoked);
        let mut events: [Vec<Event>; THREADS] = Default::default();
        let mut all = true;
        for Entry { thread, invoked, returned, op, answer } in entries.iter().cloned() {
            match steps(op, answer) {
                Some(steps) => events[thread].push(Event { invoked, returned, steps }),
                None => all = false,
            }
        }
        Self { slots, entries, events: all.then_some(events) }
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// How many calls began before another one had returned.
    pub(crate) fn overlapping(&self) -> usize {
        let mut last_return = 0;
        let overlaps = self.entries.iter().filter(|entry| {
            let overlaps = entry.invoked < last_return;
            last_return = last_return.max(entry.returned);
            overlaps
        });
        overlaps.count()
    }
}

impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "from {:?}", self.slots)?;
        for Entry { thread, invoked, returned, op, answer } in &self.entries {
            writeln!(f, "{invoked:4} to {returned:4}, thread {thread}: {op:?} gave {answer:?}")?;
        }
        Ok(())
    }
}

/// Steele and Vigna's SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: u8) -> u8 {
        (self.next() % u64::from(n)) as u8
    }

    fn number(&mut self) -> Number {
        self.below(NUMBERS)
    }

    fn place(&mut self) -> Place {
        if self.below(2) == 0 { Place::Lowest } else { Place::At(self.number()) }
    }

    fn flags(&mut self) -> u8 {
        self.below(4)
    }
}

/// A table, what it began with, and the clock of its history.
struct Scene<S> {
    tier: Tier,
    subject: S,
    slots: Slots,
    clock: AtomicU64,
    /// How many have come to a meeting.
    met: AtomicUsize,
}

impl<S: Subject> Scene<S> {
    fn new(tier: Tier, random: &mut Random) -> Self {
        let limit = tier.base as u32 + u32::from(NUMBERS);
        let table = table(limit);
        let open = |fd, tag, flags| {
            let opened = table.open(Placement::At(fd), File::new(tag), bits(flags));
            assert_eq!(opened.map_err(|rejected| rejected.error), Ok(fd));
        };
        for fd in (0..tier.base).filter(|_| tier.filled) {
            open(fd, FILLER, 0);
        }
        let slots = array::from_fn(|n| {
            if random.below(2) == 0 {
                return Slot::Free;
            }
            let (tag, flags) = (tag(THREADS, n as u8), random.flags());
            open(tier.base + n as RawFd, tag, flags);
            Slot::Open(tag, flags)
        });
        Self {
            tier,
            subject: S::new(table),
            slots,
            clock: AtomicU64::new(1),
            met: AtomicUsize::new(0),
        }
    }
}

impl<S> Scene<S> {
    /// Time for other threads, none, or the next call at the same moment as another thread's.
    fn pause(&self, random: &mut Random) {
        match random.below(8) {
            0 => thread::yield_now(),
            1 => {}
            _ => self.meet(),
        }
    }

    /// Every second one lets the one before it go on, who does not wait long.
    fn meet(&self) {
        let came = self.met.fetch_add(1, SeqCst);
        if came.is_multiple_of(2) {
            let alone = |_: &u32| self.met.load(SeqCst) == came + 1;
            (0..PATIENCE).take_while(alone).for_each(|_| hint::spin_loop());
        }
    }
}

/// The name of the file that a thread makes in its nth call.
fn tag(thread: usize, call: u8) -> Tag {
    thread as u8 * (CALLS + 1) + call
}

fn bits(flags: u8) -> FdFlags {
    FdFlags::from_bits(flags).expect("all eight bits are flags")
}

/// One thread in one scene.
struct Caller<'a, S> {
    scene: &'a Scene<S>,
    thread: usize,
    entries: Vec<Entry>,
    reserved: Vec<Reservation<'a, File>>,
    /// The file that it last looked up.
    known: Option<(Tag, FileId)>,
}

impl<'a, S: Subject> Caller<'a, S> {
    fn fd(&self, number: Number) -> RawFd {
        self.scene.tier.base + RawFd::from(number)
    }

    fn number(&self, fd: RawFd) -> Answer {
        let number = Number::try_from(fd - self.scene.tier.base);
        Answer::Number(number.expect("a number of this history"))
    }

    fn placement(&self, place: Place) -> Placement {
        match place {
            Place::At(number) => Placement::At(self.fd(number)),
            Place::Lowest if self.scene.tier.filled => Placement::Lowest,
            Place::Lowest => Placement::From(self.scene.tier.base),
        }
    }

    /// A reserved number is used or given back at the next call but for a few.
    fn draw(&self, random: &mut Random, call: u8) -> Op {
        let (n, tag, flags) = (random.number(), tag(self.thread, call), random.flags());
        if let Some(reserved) = self.reserved.last() {
            let reserved = (reserved.fd() - self.scene.tier.base) as u8;
            match random.below(4) {
                0 | 1 => return Op::GiveBack(reserved),
                2 => return Op::Install(reserved, tag, flags),
                _ => {}
            }
        }
        match random.below(20) {
            0..3 => Op::Get(n),
            3 => Op::Flags(n),
            4 => Op::SetFlags(n, flags),
            5..9 => Op::Open(random.place(), tag, flags),
            9..12 => Op::Close(n),
            12 => self.known.map_or(Op::Close(n), |(tag, _)| Op::CloseIf(n, tag)),
            13 | 14 => Op::Dup(n, random.place(), flags),
            15 | 16 => Op::Dup2(n, random.number()),
            17 => Op::Replace(n, tag, flags),
            18 => Op::Reserve(random.place()),
            _ => Op::Take(n),
        }
    }

    fn call(&mut self, op: Op) {
        let tick = || self.scene.clock.fetch_add(1, SeqCst);
        let invoked = tick();
        let answer = self.perform(op).unwrap_or_else(|error| Answer::Errno(error.errno()));
        let returned = self.scene.clock.fetch_add(1, SeqCst);
        self.entries.push(Entry { thread: self.thread, invoked, returned, op, answer });
    }

    fn perform(&mut self, op: Op) -> Result<Answer, Error> {
        let scene = self.scene;
        let (subject, table) = (&scene.subject, scene.subject.table());
        let answer = match op {
            Op::Get(n) => {
                let file = subject.get(self.fd(n));
                self.known = file.or(self.known);
                Answer::File(file.map(|(tag, _)| tag))
            }
            Op::Flags(n) => Answer::Flags(table.flags(self.fd(n)).map(|flags| flags.bits())),
            Op::SetFlags(n, flags) => {
                Answer::Flags(Some(table.set_flags(self.fd(n), bits(flags))?.bits()))
            }
            Op::Open(place, tag, flags) => {
                self.number(table.open(self.placement(place), File::new(tag), bits(flags))?)
            }
            Op::Close(n) => Answer::File(Some(subject.close(self.fd(n))?)),
            Op::CloseIf(n, _) => {
                let (_, id) = self.known.expect("drawn with a file that is known");
                Answer::File(Some(table.close_if(self.fd(n), id)?.tag()))
            }
            Op::Dup(n, place, flags) => {
                self.number(table.dup(self.fd(n), self.placement(place), bits(flags))?)
            }
            Op::Dup2(old, new) => Answer::File(subject.dup2(self.fd(old), self.fd(new))?),
            Op::Replace(n, tag, flags) => {
                let displaced = table.replace(self.fd(n), File::new(tag), bits(flags))?;
                Answer::File(displaced.map(|file| file.tag()))
            }
            Op::Reserve(place) => {
                let reserved = table.reserve(self.placement(place))?;
                self.reserved.push(reserved);
                self.number(self.reserved[self.reserved.len() - 1].fd())
            }
            Op::Take(n) => {
                let (file, reserved) = table.take(self.fd(n))?;
                self.reserved.push(reserved);
                Answer::File(Some(file.tag()))
            }
            Op::Install(_, tag, flags) => {
                let reserved = self.reserved.pop().expect("drawn with a reservation");
                self.number(reserved.install(File::new(tag), bits(flags))?)
            }
            Op::GiveBack(_) => {
                drop(self.reserved.pop());
                Answer::Done
            }
        };
        Ok(answer)
    }

    fn run(mut self, random: &mut Random) -> Vec<Entry> {
        for call in 0..CALLS {
            self.scene.pause(random);
            let op = self.draw(random, call);
            self.call(op);
        }
        while let Some(reserved) = self.reserved.last() {
            self.call(Op::GiveBack((reserved.fd() - self.scene.tier.base) as u8));
        }
        self.entries
    }
}

/// `n` histories of the same threads, each on a table of its own.
pub(crate) fn record<S: Subject>(tier: Tier, seed: u64, n: usize) -> Vec<History> {
    let mut random = Random(seed);
    let scenes: Vec<Scene<S>> = (0..n).map(|_| Scene::new(tier, &mut random)).collect();
    let arrived = AtomicUsize::new(0);
    let seeds: [u64; THREADS] = array::from_fn(|_| random.next());
    let recorded: [Vec<Vec<Entry>>; THREADS] = thread::scope(|scope| {
        let (scenes, arrived) = (&scenes, &arrived);
        let threads = array::from_fn::<_, THREADS, _>(|thread| {
            scope.spawn(move || visit(scenes, thread, arrived, Random(seeds[thread])))
        });
        threads.map(|thread| thread.join().expect("a thread that called"))
    });
    let history = |(round, scene): (usize, &Scene<S>)| {
        let entries = recorded.iter().flat_map(|rounds| rounds[round].iter().cloned());
        History::new(scene.slots, entries.collect())
    };
    scenes.iter().enumerate().map(history).collect()
}

/// One thread's calls in every scene; in each, all threads start together.
fn visit<S: Subject>(
    scenes: &[Scene<S>],
    thread: usize,
    arrived: &AtomicUsize,
    mut random: Random,
) -> Vec<Vec<Entry>> {
    let _stalls = Stalls::of_this_thread();
    let mut rounds = Vec::with_capacity(scenes.len());
    for (round, scene) in scenes.iter().enumerate() {
        arrived.fetch_add(1, SeqCst);
        while arrived.load(SeqCst) < (round + 1) * THREADS {
            thread::yield_now();
        }
        let (entries, reserved) = (Vec::with_capacity(16), Vec::new());
        let caller = Caller { scene, thread, entries, reserved, known: None };
        rounds.push(caller.run(&mut random));
    }
    rounds
}
