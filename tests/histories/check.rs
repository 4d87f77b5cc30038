//! The search for an order, after Wing and Gong, with Lowe's memory of where it has been.
//!
//! A position is how far each thread has got and what the plain table holds. A thread may take its
//! next step if its call began before any unfinished call returned. A step that only looks is taken
//! as soon as it finds what it must have found. It changes nothing: where an order exists in which
//! it comes later, one exists in which it comes now.

use std::collections::HashSet;

use super::{
    call::{CLOEXEC, CLOFORK, NUMBERS, Number, Opened, Source, Step, Tag},
    history::{Event, History, Slot, Slots, THREADS},
};

/// How far a thread has got.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
struct Progress {
    call: u8,
    step: u8,
    /// The numbers that this step, `Passes`, has seen taken so far.
    passed: u8,
    /// What this call's `LookUp` has found.
    found: Tag,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Position {
    threads: [Progress; THREADS],
    slots: Slots,
}

/// Whether some order of the steps explains every answer of the history.
pub(crate) fn has_an_order(history: &History) -> bool {
    let Some(events) = &history.events else {
        return false;
    };
    let mut start = Position { threads: Default::default(), slots: history.slots };
    start.look(events);
    let (mut seen, mut open) = (HashSet::new(), vec![start]);
    while let Some(position) = open.pop() {
        if position.is_end(events) {
            return true;
        }
        for thread in 0..THREADS {
            let next = position.after(events, thread);
            open.extend(next.filter(|next| seen.insert(next.clone())));
        }
    }
    false
}

type Events = [Vec<Event>; THREADS];

impl Position {
    fn is_end(&self, events: &Events) -> bool {
        (0..THREADS).all(|thread| self.event(events, thread).is_none())
    }

    /// The call that a thread is to begin or to finish.
    fn event<'a>(&self, events: &'a Events, thread: usize) -> Option<&'a Event> {
        events[thread].get(usize::from(self.threads[thread].call))
    }

    /// A thread's next step, if it may be next of all.
    fn step(&self, events: &Events, thread: usize) -> Option<Step> {
        let event = self.event(events, thread)?;
        let others = (0..THREADS).filter_map(|other| self.event(events, other));
        let first_return = others.map(|other| other.returned).min()?;
        let may = event.invoked < first_return;
        may.then(|| event.steps[usize::from(self.threads[thread].step)])
    }

    fn advance(&mut self, events: &Events, thread: usize) {
        let steps = self.event(events, thread).map_or(0, |event| event.steps.len());
        let progress = &mut self.threads[thread];
        progress.passed = 0;
        progress.step += 1;
        if usize::from(progress.step) == steps {
            *progress = Progress { call: progress.call + 1, ..Progress::default() };
        }
    }

    /// Takes every step that only looks and finds what it must, until there is none.
    fn look(&mut self, events: &Events) {
        while (0..THREADS).any(|thread| self.looks(events, thread)) {}
    }

    fn looks(&mut self, events: &Events, thread: usize) -> bool {
        let Some(step) = self.step(events, thread) else {
            return false;
        };
        if let Step::Passes(_) = step {
            self.threads[thread].passed |= self.taken();
        }
        let sees = self.sees(step, self.threads[thread].passed);
        if sees {
            self.advance(events, thread);
        }
        sees
    }

    fn at(&self, number: Number) -> Slot {
        self.slots[usize::from(number)]
    }

    fn open(&self, number: Number) -> Option<Opened> {
        match self.at(number) {
            Slot::Open(tag, flags) => Some((tag, flags)),
            Slot::Free | Slot::Reserved => None,
        }
    }

    /// What a copy has of it.
    fn forked(&self, number: Number) -> Option<Opened> {
        self.open(number).filter(|(_, flags)| flags & CLOFORK == 0)
    }

    /// The numbers that are not free, as a mask.
    fn taken(&self) -> u8 {
        (0..NUMBERS).filter(|n| self.at(*n) != Slot::Free).fold(0, |mask, n| mask | 1 << n)
    }

    /// Whether a step that only looks finds what it must.
    fn sees(&self, step: Step, passed: u8) -> bool {
        match step {
            Step::IsOpenOn(n, file) => self.open(n).map(|(tag, _)| tag) == file,
            Step::Holds(n, opened) => self.open(n) == opened,
            Step::HoldsAll(row) => (0..NUMBERS).all(|n| self.forked(n) == row[usize::from(n)]),
            Step::HasFlags(n, flags) => self.open(n).map(|(_, flags)| flags) == flags,
            Step::IsOpen(n) => self.open(n).is_some(),
            Step::IsNotOpen(n) => self.open(n).is_none(),
            Step::IsNotOpenOn(n, file) => self.open(n).is_none_or(|(tag, _)| tag != file),
            Step::IsReserved(n) => self.at(n) == Slot::Reserved,
            Step::IsTaken(n) => self.at(n) != Slot::Free,
            Step::Passes(mask) => passed & mask == mask,
            _ => false,
        }
    }

    /// The position after a thread's next step, if that step changes something and can be taken.
    fn after(&self, events: &Events, thread: usize) -> Option<Self> {
        let step = self.step(events, thread)?;
        let mut next = self.clone();
        next.change(step, thread).then(|| {
            next.advance(events, thread);
            next.look(events);
            next
        })
    }

    /// The file that a number is opened on, with its flags.
    fn opened(&self, source: Source, flags: u8, thread: usize) -> Slot {
        let tag = match source {
            Source::New(tag) => tag,
            Source::Found => self.threads[thread].found,
        };
        Slot::Open(tag, flags)
    }

    fn look_up(&mut self, number: Number, thread: usize) -> bool {
        let found = self.open(number).map(|(tag, _)| tag);
        self.threads[thread].found = found.unwrap_or_default();
        found.is_some()
    }

    fn change(&mut self, step: Step, thread: usize) -> bool {
        match step {
            Step::LookUp(n) => self.look_up(n, thread),
            Step::Claim(n) => self.set(n, Slot::Reserved, |slot| slot == Slot::Free),
            Step::Release(n) => self.set(n, Slot::Free, |slot| slot == Slot::Reserved),
            Step::Fill(n, source, flags) => {
                let opened = self.opened(source, flags, thread);
                self.set(n, opened, |slot| slot == Slot::Reserved)
            }
            Step::Swap { number, displaced: (tag, before), source, flags } => {
                let opened = self.opened(source, flags, thread);
                self.set(number, opened, |slot| slot == Slot::Open(tag, before))
            }
            Step::Vacate(n, (tag, flags)) => {
                self.set(n, Slot::Reserved, |slot| slot == Slot::Open(tag, flags))
            }
            Step::SetFlags { number, file, before, after } => {
                self.set_flags(number, file, |flags| (flags == before).then_some(after))
            }
            Step::Mark(n) => self.set_flags(n, None, |flags| Some(flags | CLOEXEC)),
            Step::MarkIfOpen(n) => {
                self.set_flags(n, None, |flags| Some(flags | CLOEXEC));
                true
            }
            _ => false,
        }
    }

    fn set_flags(
        &mut self,
        number: Number,
        file: Option<Tag>,
        flags: impl Fn(u8) -> Option<u8>,
    ) -> bool {
        let open = self.open(number).filter(|(tag, _)| file.is_none_or(|file| *tag == file));
        let changed = open.and_then(|(tag, before)| Some(Slot::Open(tag, flags(before)?)));
        changed.is_some_and(|slot| self.set(number, slot, |_| true))
    }

    fn set(&mut self, number: Number, to: Slot, from: impl Fn(Slot) -> bool) -> bool {
        let slot = &mut self.slots[usize::from(number)];
        let allowed = from(*slot);
        if allowed {
            *slot = to;
        }
        allowed
    }
}
