//! What changes the tasks: fork, share, unshare, exec, exit.

use super::{File, Run};
use crate::op::{Act, Place};
use fdtable::{Descriptor, Files};
use std::rc::Rc;

/// Tasks alive at once, at most.
const TASKS: usize = 5;

impl Run {
    pub(super) fn task_step(&mut self, task: usize, act: Act) {
        match act {
            Act::Fork => self.fork(task, |files| files.fork()),
            Act::ForkTable => self.fork(task, |files| Files::new(files.load().fork())),
            Act::Share if self.tasks.len() < TASKS => {
                self.model.tasks.push(self.model.tasks[task]);
                self.tasks.push(Rc::new(self.tasks[task].share()));
            }
            Act::Share => {}
            Act::Unshare => {
                self.model.unshare(task);
                self.tasks[task].unshare();
            }
            Act::ExecNow => {
                self.model.exec(task);
                self.tasks[task].exec();
            }
            Act::Exec { meanwhile, commit } => self.exec(task, meanwhile, commit),
            Act::Exit if self.tasks.len() > 1 => {
                self.model.tasks.remove(task);
                drop(self.tasks.remove(task));
            }
            Act::Exit => {}
            _ => unreachable!("{act:?} is no task's step"),
        }
    }

    fn fork(&mut self, task: usize, fork: impl Fn(&Files<File>) -> Files<File>) {
        if self.tasks.len() < TASKS {
            let copy = self.model.table(task).fork();
            let id = self.model.add(copy);
            self.model.tasks.push(id);
            self.tasks.push(Rc::new(fork(&self.tasks[task])));
        }
    }

    /// What is opened between the plan and its commit is not in the plan.
    fn exec(&mut self, task: usize, meanwhile: bool, commit: bool) {
        let after = self.model.table(task).after_exec();
        let files = Rc::clone(&self.tasks[task]);
        let plan = files.prepare_exec();
        let entry = |Descriptor { fd, flags, file }: Descriptor<'_, File>| {
            (i64::from(fd), file.tag, flags.bits())
        };
        let planned: Vec<_> = plan.table().iter().map(entry).collect();
        assert_eq!(planned, after.opened(), "the plan");
        if meanwhile {
            self.open(task, Place::Lowest, 0);
        }
        if commit {
            plan.commit();
            self.model.swap(task, after);
        }
    }
}
