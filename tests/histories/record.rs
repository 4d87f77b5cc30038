//! Threads that call at random, and write down when each call began, when it returned, and what it
//! gave.

use std::{
    array, hint,
    sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst},
    thread,
};

use fastrand::Rng;
use fdtable::{Placement, RawFd};

use crate::{
    call::{NUMBERS, Op, Tag},
    caller::{Caller, Subject, Table, Tier, bits},
    draw::{draw, flags},
    history::{Entry, History, Slot, Slots, THREADS},
    stall::Stalls,
    subject::{File, table},
    watchdog::Watchdog,
};

/// The calls of a thread in a history, but for giving back what it has reserved.
const CALLS: u8 = 5;
/// How often a thread looks for another one to call beside it.
const PATIENCE: u32 = 500;
/// The name of the file that fills what lies below a tier.
const FILLER: Tag = Tag::MAX;

/// What goes on beside the threads of a history.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Beside {
    Nothing,
    /// A further thread changes the flags of number 0 without a pause. Many copies then ask for
    /// quiet, and the calls of the history back off.
    Changes,
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

impl<S: Subject + From<Table>> Scene<S> {
    fn new(tier: Tier, random: &mut Rng) -> Self {
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
            if random.bool() {
                return Slot::Free;
            }
            let (tag, flags) = (tag(THREADS, n as u8), flags(random));
            open(tier.base + n as RawFd, tag, flags);
            Slot::Open(tag, flags)
        });
        Self {
            tier,
            subject: S::from(table),
            slots,
            clock: AtomicU64::new(1),
            met: AtomicUsize::new(0),
        }
    }
}

impl<S> Scene<S> {
    /// Time for other threads, none, or the next call at the same moment as another thread's.
    fn pause(&self, random: &mut Rng) {
        match random.u8(..8) {
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

/// One thread in one scene.
struct Recorder<'a, S> {
    scene: &'a Scene<S>,
    thread: usize,
    caller: Caller<'a, S>,
    entries: Vec<Entry>,
}

impl<S: Subject + From<Table>> Recorder<'_, S> {
    fn call(&mut self, op: Op) {
        let tick = || self.scene.clock.fetch_add(1, SeqCst);
        let invoked = tick();
        let answer = self.caller.perform(op);
        let returned = self.scene.clock.fetch_add(1, SeqCst);
        self.entries.push(Entry { thread: self.thread, invoked, returned, op, answer });
    }

    fn run(mut self, random: &mut Rng) -> Vec<Entry> {
        for call in 0..CALLS {
            self.scene.pause(random);
            let op = draw(random, &self.caller, tag(self.thread, call));
            self.call(op);
        }
        while let Some(reserved) = self.caller.reserved() {
            self.call(Op::GiveBack(reserved));
        }
        self.entries
    }
}

/// `n` histories of the same threads, each on a table of its own.
pub(crate) fn record<S: Subject + From<Table>>(
    tier: Tier,
    beside: Beside,
    random: &mut Rng,
    n: usize,
) -> Vec<History> {
    let scenes: Vec<Scene<S>> = (0..n).map(|_| Scene::new(tier, random)).collect();
    let arrived = AtomicUsize::new(0);
    let _watchdog = Watchdog::new();
    let recorded: [Vec<Vec<Entry>>; THREADS] = thread::scope(|scope| {
        let (scenes, arrived) = (&scenes, &arrived);
        if beside == Beside::Changes {
            scope.spawn(|| change_without_a_pause(scenes, arrived));
        }
        let threads = array::from_fn::<_, THREADS, _>(|thread| {
            let random = random.fork();
            scope.spawn(move || visit(scenes, thread, arrived, random))
        });
        threads.map(|thread| thread.join().expect("a thread that called"))
    });
    let history = |(round, scene): (usize, &Scene<S>)| {
        let entries = recorded.iter().flat_map(|rounds| rounds[round].iter().cloned());
        History::new(scene.slots, entries.collect())
    };
    scenes.iter().enumerate().map(history).collect()
}

/// Changes, in the scene that the threads have come to, a number that no history is about.
fn change_without_a_pause<S: Subject>(scenes: &[Scene<S>], arrived: &AtomicUsize) {
    let came_last = || arrived.load(SeqCst).saturating_sub(1) / THREADS;
    while let Some(scene) = scenes.get(came_last()) {
        scene.subject.table().set_flags(0, bits(0)).expect("it is open");
    }
}

/// One thread's calls in every scene; in each, all threads start together.
fn visit<S: Subject + From<Table>>(
    scenes: &[Scene<S>],
    thread: usize,
    arrived: &AtomicUsize,
    mut random: Rng,
) -> Vec<Vec<Entry>> {
    let _stalls = Stalls::of_this_thread();
    let mut rounds = Vec::with_capacity(scenes.len());
    for (round, scene) in scenes.iter().enumerate() {
        arrived.fetch_add(1, SeqCst);
        while arrived.load(SeqCst) < (round + 1) * THREADS {
            thread::yield_now();
        }
        let caller = Caller::new(&scene.subject, scene.tier);
        let entries = Vec::with_capacity(16);
        rounds.push(Recorder { scene, thread, caller, entries }.run(&mut random));
    }
    // Behind the last scene.
    arrived.fetch_add(1, SeqCst);
    rounds
}
