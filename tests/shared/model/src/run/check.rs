//! What must hold between any two operations, and at the end.

use super::{File, Run, fd};
use crate::reference::{Slot, Tag};
use fdtable::Descriptor;
use std::collections::BTreeSet;
use std::sync::atomic::Ordering::Relaxed;

impl Run {
    pub(crate) fn check(&mut self) {
        for task in 0..self.tasks.len() {
            self.check_table(task);
        }
        let alive = self.model.alive();
        self.check_drops(&alive);
    }

    fn check_table(&self, task: usize) {
        let (table, model) = (self.load(task), self.model.table(task));
        assert_eq!(i64::from(table.limit()), model.limit);
        assert_eq!(i64::from(table.base()), model.base);
        assert_eq!(self.tasks[task].is_shared(), self.model.is_shared(task));
        let expected = model.opened();
        let entry = |Descriptor { fd, flags, file }: Descriptor<'_, File>| {
            (i64::from(fd), file.tag, flags.bits())
        };
        assert_eq!(table.iter().map(entry).collect::<Vec<_>>(), expected, "task {task}");
        assert_eq!((table.len(), table.is_empty()), (expected.len(), expected.is_empty()));
        for (number, tag, bits) in &expected {
            let file = table.get(fd(*number)).expect("open");
            assert_eq!((file.tag, Some(file.id())), (*tag, self.ids[*tag].or(Some(file.id()))));
            assert_eq!(table.flags(fd(*number)).map(|flags| flags.bits()), Some(*bits));
        }
        for number in model.numbers(|slot| *slot == Slot::Reserved) {
            assert!(!table.contains(fd(number)) && table.get(fd(number)).is_none());
            assert_eq!(table.flags(fd(number)), None);
        }
    }

    /// Each file lives as long as something refers to it, and is dropped once.
    fn check_drops(&self, alive: &BTreeSet<Tag>) {
        for tag in 0..self.ids.len() {
            let expected = u32::from(!alive.contains(&tag));
            assert_eq!(self.drops[tag].load(Relaxed), expected, "drops of file {tag}");
        }
    }

    fn check_fds_of(&self, task: usize) {
        let table = self.load(task);
        for (tag, id) in self.ids.iter().enumerate() {
            let Some(id) = id else { continue };
            let opened = self.model.table(task).opened().into_iter();
            let expected = opened.filter(|(_, file, _)| *file == tag).map(|(number, ..)| number);
            assert!(table.fds_of(*id).map(i64::from).eq(expected), "fds_of file {tag}");
        }
    }

    /// The end of the program: everything goes, in the order that leaves reservations and
    /// references for last.
    pub(crate) fn finish(mut self) {
        for task in 0..self.tasks.len() {
            self.check_fds_of(task);
        }
        self.tasks.clear();
        self.model.tasks.clear();
        let alive = self.model.alive();
        self.check_drops(&alive);
        self.reservations.clear();
        self.model.reservations.clear();
        let alive = self.model.alive();
        self.check_drops(&alive);
        self.held.clear();
        self.check_drops(&BTreeSet::new());
    }
}
