//! References that the program keeps: they hold a file as a number does.

use super::{Run, fd};
use crate::op::{Act, Num, Then};

impl Run {
    pub(super) fn reference_step(&mut self, task: usize, act: Act) {
        match act {
            Act::Insert => self.insert(),
            Act::Hold(num) => self.hold(task, num),
            Act::CloneHeld(k) => self.clone_held(k),
            Act::DropHeld(k) => self.drop_held(k),
            _ => unreachable!("{act:?} is no reference's step"),
        }
    }

    fn insert(&mut self) {
        let expected = self.model.room();
        let file = self.new_file();
        let tag = file.tag;
        let given = Self::rejected(self.open_files.insert(file), tag);
        assert_eq!(given.as_ref().map(|file| file.tag), expected.map(|()| tag).as_ref().copied());
        if let Ok(file) = given {
            self.learn(tag, file.id());
            self.model.held.push(tag);
            self.held.push(file);
        }
    }

    fn hold(&mut self, task: usize, num: Num) {
        let number = self.number(task, num);
        let expected = self.model.table(task).open(number).map(|(file, _)| file);
        let table = self.load(task);
        let given = table.get(fd(number));
        assert_eq!(given.as_ref().map(|file| file.tag), expected, "get({number})");
        if let Some(file) = given {
            self.keep(file.clone(), Then::Keep);
        }
    }

    fn clone_held(&mut self, k: usize) {
        if let Some(k) = k.checked_rem(self.held.len()) {
            self.model.held.push(self.model.held[k]);
            self.held.push(self.held[k].clone());
        }
    }

    fn drop_held(&mut self, k: usize) {
        if let Some(k) = k.checked_rem(self.held.len()) {
            let tag = self.model.held.swap_remove(k);
            assert_eq!(self.held.swap_remove(k).tag, tag);
        }
    }
}
