//! What threads did to a table: when each call began, when it returned, and what it gave.

use std::fmt;

use super::call::{Answer, NUMBERS, Op, Step, Tag, steps};

/// The most threads of a history.
pub(crate) const THREADS: usize = 8;

/// What a number of the plain table is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Slot {
    Free,
    Reserved,
    Open(Tag, u8),
}

pub(crate) type Slots = [Slot; NUMBERS as usize];

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
