//! One program on both sides at once: the model says what must come, the table must give it.

mod check;
mod close;
mod flags;
mod held;
mod open;
mod reserve;
mod tasks;

use crate::op::{Act, Num, Op, Place, Setting, Then};
use crate::reference::{self as map, Placed, Reference, Slot, Tag, Where};
use fdtable::{
    Error, FdFlags, FdTable, FileId, FileRef, Files, OpenFileTable, OwnedFileRef, Placement,
    Rejected, Reservation,
};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// Enough for any program: an operation makes two files at most.
const FILES: usize = 200;

/// A file that counts its drops.
pub(crate) struct File {
    pub(crate) tag: Tag,
    drops: Arc<[AtomicU32; FILES]>,
}

impl Drop for File {
    fn drop(&mut self) {
        self.drops[self.tag].fetch_add(1, Relaxed);
    }
}

pub(crate) type Table = Arc<FdTable<File>>;

pub(crate) struct Run {
    pub(crate) model: Reference,
    /// Same order as the model's.
    pub(crate) tasks: Vec<Rc<Files<File>>>,
    reservations: Vec<Reservation<'static, File>>,
    held: Vec<OwnedFileRef<File>>,
    open_files: OpenFileTable<File>,
    /// The id of each file that was ever stored.
    ids: Vec<Option<FileId>>,
    drops: Arc<[AtomicU32; FILES]>,
}

pub(crate) fn flags(bits: u8) -> FdFlags {
    FdFlags::from_bits(bits).expect("all eight bits are flags")
}

/// A number as the surface takes it.
pub(crate) fn fd(number: i64) -> i32 {
    i32::try_from(number).expect("an i32")
}

/// The kth of those that there are.
fn nth<T: Copy>(all: &[T], k: usize) -> Option<T> {
    (!all.is_empty()).then(|| all[k % all.len()])
}

pub(crate) fn errno<R>(result: Result<R, Error>) -> Result<R, i32> {
    result.map_err(Error::errno)
}

impl Run {
    pub(crate) fn new(setting: Setting) -> Run {
        let Setting { base, limit, max_files } = setting;
        let open_files = match max_files {
            Some(max) => OpenFileTable::with_limit(max),
            None => OpenFileTable::new(),
        };
        let builder = FdTable::builder(&open_files).base(base).limit(limit);
        let table = builder.build().expect("base is in its range");
        Run {
            model: Reference::new(map::Table::new(base, limit), max_files),
            tasks: vec![Rc::new(Files::new(table))],
            reservations: Vec::new(),
            held: Vec::new(),
            open_files,
            ids: Vec::new(),
            drops: Arc::new([const { AtomicU32::new(0) }; FILES]),
        }
    }

    pub(crate) fn step(&mut self, op: &Op) {
        let task = op.task % self.tasks.len();
        match op.act {
            Act::Open(place, bits) => self.open(task, place, bits),
            Act::Reserve(place, then) => self.reserve::<1>(task, place, then),
            Act::ReserveTwo(place, then) => self.reserve::<2>(task, place, then),
            Act::ReserveThree(place, then) => self.reserve::<3>(task, place, then),
            Act::Install(k, bits) => self.install(k, bits),
            Act::InstallRef(k, held, bits) => self.install_ref(k, held, bits),
            Act::InstallForeign(k) => self.install_foreign(k),
            Act::DropReservation(k) => drop(self.pick_reservation(k)),
            Act::Insert | Act::Hold(_) | Act::CloneHeld(_) | Act::DropHeld(_) => {
                self.reference_step(task, op.act);
            }
            Act::Dup(old, place, bits) => self.dup(task, old, place, bits),
            Act::Dup2(old, new, then) => self.dup2(task, old, new, then),
            Act::Dup3(old, new, bits, then) => self.dup3(task, old, new, bits, then),
            Act::Replace(num, bits, then) => self.replace(task, num, bits, then),
            Act::ReplaceIf(num, id, bits, then) => self.replace_if(task, num, id, bits, then),
            Act::CloseIf(num, id, then) => self.close_if(task, num, id, then),
            Act::Close(num, then) => self.close(task, num, then),
            Act::Take(num, file, number) => self.take(task, num, file, number),
            Act::SetFlags(..) | Act::SetCloexec(..) | Act::SetLimit(_) => self.set(task, op.act),
            Act::Drain(first, last, consumed) => self.drain(task, first, last, consumed),
            Act::CloseRange(first, last, bits, of_files) => {
                self.close_range(task, (first, last), bits, of_files);
            }
            of_tasks => self.task_step(task, of_tasks),
        }
    }

    fn edge(&self, task: usize, k: usize, beside: i32) -> i64 {
        let table = self.model.table(task);
        let base = table.base;
        let edges = [
            0,
            32,
            1024,
            32_768,
            base,
            base + 4096,
            65_536,
            1 << 20,
            table.limit,
            (1 << 31) - 1,
            -1,
        ];
        let edge = edges[k % edges.len()] + i64::from(beside);
        edge.clamp(i32::MIN.into(), i32::MAX.into())
    }

    pub(crate) fn number(&self, task: usize, num: Num) -> i64 {
        let table = self.model.table(task);
        let some = |numbers: Vec<i64>, k| nth(&numbers, k).unwrap_or(k as i64 % 5);
        match num {
            Num::Open(k) => some(table.numbers(|slot| *slot != Slot::Reserved), k),
            Num::Reserved(k) => some(table.numbers(|slot| *slot == Slot::Reserved), k),
            Num::Edge(k, beside) => self.edge(task, k, beside),
            Num::Raw(number) => number.into(),
        }
    }

    fn placement(&self, task: usize, place: Place) -> (Placed, Placement) {
        let number = |num| self.number(task, num);
        match place {
            Place::Lowest => (Placed::Lowest, Placement::Lowest),
            Place::FromBase => (Placed::FromBase, Placement::FromBase),
            Place::Any => (Placed::Any, Placement::Any),
            Place::From(num) => (Placed::From(number(num)), Placement::From(fd(number(num)))),
            Place::Within(min, end) => {
                // As an unsigned argument: behind all numbers, if it is negative.
                let (min, end) = (number(min), fd(number(end)) as u32);
                (Placed::Within(min, end.into()), Placement::Within { min: fd(min), end })
            }
            Place::At(num) => (Placed::At(number(num)), Placement::At(fd(number(num)))),
        }
    }

    fn load(&self, task: usize) -> Table {
        Arc::clone(&self.tasks[task].load())
    }

    pub(crate) fn new_file(&mut self) -> File {
        let tag = self.ids.len();
        self.ids.push(None);
        File { tag, drops: Arc::clone(&self.drops) }
    }

    /// A file has been stored: its id is no other's.
    fn learn(&mut self, tag: Tag, id: FileId) {
        assert!(!self.ids.contains(&Some(id)), "{id:?} is an older file's");
        self.ids[tag] = Some(id);
    }

    /// The id of the file there, or of any file ever; and the file.
    fn id(&self, task: usize, number: i64, k: Option<usize>) -> Option<(Tag, FileId)> {
        let here = self.model.table(task).open(number).map(|(tag, _)| tag);
        let stored = |tag: &Tag| self.ids[*tag].is_some();
        let all: Vec<Tag> = (0..self.ids.len()).filter(stored).collect();
        let tag = match k {
            None => here.or_else(|| all.last().copied())?,
            Some(k) => nth(&all, k)?,
        };
        self.ids[tag].map(|id| (tag, id))
    }

    fn keep(&mut self, file: FileRef<'_, File>, then: Then) {
        if let Then::Keep = then {
            self.model.held.push(file.tag);
            self.held.push(file.into_owned());
        }
    }

    /// The number that a placement gave, checked; Any's is the table's choice.
    fn placed(&self, task: usize, expected: Where, given: i32) -> i64 {
        let given = i64::from(given);
        let table = self.model.table(task);
        match expected {
            Where::Exactly(number) => assert_eq!(given, number, "the number placed"),
            Where::AnyFree => {
                assert!(table.allowed(given), "{given} is not below the limit");
                assert!(!table.slots.contains_key(&given), "{given} was taken");
            }
        }
        given
    }

    /// A refusal gives back the file that it was given.
    fn rejected<R>(result: Result<R, Rejected<File>>, tag: Tag) -> Result<R, i32> {
        result.map_err(|Rejected { error, file }| {
            assert_eq!(file.tag, tag, "the file given back");
            assert_eq!(file.drops[tag].load(Relaxed), 0, "dropped, and given back");
            error.errno()
        })
    }

    fn stored(&mut self, task: usize, number: i64, tag: Tag, bits: u8) {
        self.model.table_mut(task).put(number, tag, bits);
        let id = self.load(task).get(fd(number)).expect("just opened").id();
        self.learn(tag, id);
    }
}
