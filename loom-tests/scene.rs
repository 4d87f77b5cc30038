//! A table that threads call on, and the history of their calls.

use std::{cell::RefCell, sync::Arc};

#[cfg(feature = "shuttle")]
use super::draw::draw;
use super::{
    call::{NUMBERS, Number, Op, Tag},
    caller::{Caller, Named, Real, Tier, bits},
    check::has_an_order,
    history::{Entry, History, Slot, Slots},
    subject::File,
};
use crate::{
    FdTable, OpenFileTable, Placement,
    sync::{AtomicU32, Ordering},
};

/// The thread that looks at the table in the end.
const LAST: usize = super::history::THREADS - 1;
/// The name of the file that was closed before the history begins.
pub(super) const STALE: Tag = 200;
/// The first of those opened in the end.
const FILLER: Tag = 201;

// All threads of a model run on one thread of the machine. Neither is borrowed across an operation
// that the checker sees.
thread_local! {
    static ENTRIES: RefCell<Vec<Entry>> = const { RefCell::new(Vec::new()) };
    static CLOCK: RefCell<u64> = const { RefCell::new(0) };
}

fn tick() -> u64 {
    CLOCK.with_borrow_mut(|clock| {
        *clock += 1;
        *clock
    })
}

/// How a history begins: what its numbers are open on, the file `n + 1` with the flags `n` on
/// number `n`.
#[derive(Clone, Copy)]
pub(super) struct Start {
    pub(super) tier: Tier,
    pub(super) open: [bool; NUMBERS as usize],
}

impl Start {
    /// The file that a number is open on at first; where there is none, one that is gone.
    pub(super) fn file(&self, n: Number) -> Tag {
        if self.open[usize::from(n)] { n + 1 } else { STALE }
    }

    fn slots(&self) -> Slots {
        let slot = |n: Number| match self.open[usize::from(n)] {
            true => Slot::Open(n + 1, n),
            false => Slot::Free,
        };
        std::array::from_fn(|n| slot(n as Number))
    }
}

pub(super) struct Scene {
    start: Start,
    subject: Real,
    known: Vec<Named>,
    /// How many calls have returned.
    returned: AtomicU32,
}

impl Scene {
    pub(super) fn new(start: Start) -> Arc<Self> {
        ENTRIES.take();
        CLOCK.set(0);
        let limit = start.tier.base as u32 + u32::from(NUMBERS);
        let table = FdTable::builder(&OpenFileTable::new()).base(16).limit(limit).build();
        let table = Arc::new(table.unwrap());
        let known = prepare(&table, start);
        let returned = AtomicU32::new(0);
        Arc::new(Self { start, subject: Real::from(table), known, returned })
    }

    /// Makes the calls of one thread.
    pub(super) fn run(&self, thread: usize, ops: &[Op]) {
        let mut caller = Caller::new(&self.subject, self.start.tier);
        caller.learn(&self.known);
        for op in ops {
            if let Some(op) = about_reserved(*op, caller.reserved()) {
                self.call(thread, op, &mut caller);
            }
        }
    }

    /// Makes calls at random, and frees at the end what it has reserved.
    #[cfg(feature = "shuttle")]
    pub(super) fn run_at_random(&self, thread: usize, calls: u8, random: &mut fastrand::Rng) {
        let mut caller = Caller::new(&self.subject, self.start.tier);
        caller.learn(&self.known);
        for call in 0..calls {
            let op = draw(random, &caller, 10 + thread as Tag * calls + call);
            self.call(thread, op, &mut caller);
        }
        while let Some(reserved) = caller.reserved() {
            self.call(thread, Op::GiveBack(reserved), &mut caller);
        }
    }

    /// One call. It is ordered after each call that has returned before, as if the threads had told
    /// each other, and after nothing else.
    fn call(&self, thread: usize, op: Op, caller: &mut Caller<'_, Real>) {
        // Acquire, and an RMW, which does not read what was true before: pairs with the Release
        // below.
        self.returned.fetch_or(0, Ordering::Acquire);
        let invoked = tick();
        let answer = caller.perform(op);
        // Release: as above. No other thread runs between an RMW and the tick after it.
        self.returned.fetch_add(1, Ordering::Release);
        let returned = tick();
        let entry = Entry { thread, invoked, returned, op, answer };
        ENTRIES.with_borrow_mut(|entries| entries.push(entry));
    }

    /// Looks at all that there is when the threads are through, and whether an order of the calls
    /// explains it: what is open, and by opening what is free, that no claim was left over and no
    /// number lost.
    pub(super) fn finish(self: Arc<Self>) {
        let mut caller = Caller::new(&self.subject, self.start.tier);
        let looks = (0..NUMBERS).map(Op::Descriptor);
        let opens = (0..=NUMBERS).map(|n| Op::Open(super::call::Place::Lowest, FILLER + n, 0));
        for op in looks.chain(opens) {
            let (invoked, answer, returned) = (tick(), caller.perform(op), tick());
            let entry = Entry { thread: LAST, invoked, returned, op, answer };
            ENTRIES.with_borrow_mut(|entries| entries.push(entry));
        }
        let history = History::new(self.start.slots(), ENTRIES.take());
        assert!(
            has_an_order(&history),
            "no order of these calls explains their answers:\n{history}"
        );
    }
}

/// Opens what is open at first. Its ids are known, and the id of one more file that is closed.
fn prepare(table: &FdTable<File>, start: Start) -> Vec<Named> {
    let mut known = Vec::new();
    let mut open = |n: Number, tag, flags| {
        let fd = start.tier.base + i32::from(n);
        assert!(table.open(Placement::At(fd), File::new(tag), bits(flags)).is_ok());
        known.push((tag, table.get(fd).unwrap().id()));
        fd
    };
    let closed = open(0, STALE, 0);
    drop(table.close(closed));
    (0..NUMBERS).filter(|n| start.open[usize::from(*n)]).for_each(|n| _ = open(n, n + 1, n));
    known
}

/// A call about the number that the thread has reserved, if it has one.
fn about_reserved(op: Op, reserved: Option<Number>) -> Option<Op> {
    match op {
        Op::Install(_, tag, flags) => Some(Op::Install(reserved?, tag, flags)),
        Op::GiveBack(_) => Some(Op::GiveBack(reserved?)),
        op => Some(op),
    }
}
