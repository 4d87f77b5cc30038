//! Both sides in step: each call on the table and in the kernel, and everything compared.

use super::oracle::{Bounds, Oracle};
use super::step::{Identity, Outcome, Reply, Step, View, ZERO};
use super::world::World;
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

/// A step, and what the table gave.
#[derive(Clone, Copy)]
struct Done {
    task: usize,
    step: Step,
    outcome: Outcome,
    views: [Option<View<u64>>; 3],
}

/// How often each call gave each errno (0: success).
pub(crate) type Tally = BTreeMap<(&'static str, i32), u64>;

pub(crate) struct Lockstep {
    /// How to come here again.
    name: String,
    pub(crate) bounds: Bounds,
    pub(crate) base: u32,
    pub(crate) world: World,
    kernel: Oracle,
    /// The kernel's name of each file, learnt when it is opened.
    files: HashMap<u64, Identity>,
    known: HashSet<Identity>,
    /// The last steps, for the report.
    history: VecDeque<Done>,
    /// Done on the table, not yet in the kernel.
    begun: Vec<Done>,
    /// The table's limit before them.
    limit: u32,
    /// Being done on the table.
    current: Option<(usize, Step)>,
    steps: u64,
    compared: u64,
    pub(crate) tally: Tally,
}

impl Lockstep {
    pub(crate) fn boot(name: String, bounds: Bounds, base: u32) -> Lockstep {
        Lockstep {
            name,
            bounds,
            base,
            world: World::new(base, bounds.soft),
            kernel: Oracle::boot(bounds),
            files: HashMap::new(),
            known: HashSet::new(),
            history: VecDeque::new(),
            begun: Vec::new(),
            limit: bounds.soft,
            current: None,
            steps: 0,
            compared: 0,
            tally: Tally::new(),
        }
    }

    pub(crate) fn steps(&self) -> u64 {
        self.steps
    }

    pub(crate) fn summary(&self) -> String {
        let Lockstep { steps, compared, base, .. } = self;
        let files = self.files.len();
        format!("base {base}: {steps} steps, {files} files, {compared} numbers compared")
    }

    /// Runs the steps on both sides and compares each.
    pub(crate) fn run(&mut self, task: usize, steps: &[Step]) {
        for step in steps {
            self.begin(task, *step);
        }
        self.finish(task);
    }

    /// Runs the step on the table. The next one can be drawn from what the table has then.
    pub(crate) fn begin(&mut self, task: usize, step: Step) {
        self.current = Some((task, step));
        if self.begun.is_empty() {
            self.limit = self.world.limit(task);
        }
        let done = self.on_the_table(task, step);
        self.current = None;
        self.begun.push(done);
    }

    /// Runs what `task` has begun in the kernel too, and compares.
    pub(crate) fn finish(&mut self, task: usize) {
        let expected = std::mem::take(&mut self.begun);
        // The kernel keeps the limit in the process, and not in the table that a sharer changed.
        let limit = Step::SetLimit { limit: self.limit };
        let steps: Vec<Step> =
            std::iter::once(limit).chain(expected.iter().map(|done| done.step)).collect();
        let replies = self.kernel.run(task, &steps);
        assert_eq!(replies[0].outcome, ZERO, "{limit}");
        // What failed is then the last step told.
        for (done, reply) in expected.iter().zip(&replies[1..]) {
            self.remember(*done);
            self.compare(done, reply);
        }
    }

    /// Looks at numbers on both sides: no step, and not part of the story.
    fn look(&mut self, task: usize, looks: &[Step]) -> Vec<Done> {
        let expected: Vec<Done> = looks.iter().map(|look| self.on_the_table(task, *look)).collect();
        let replies = self.kernel.run(task, looks);
        for (done, reply) in expected.iter().zip(&replies) {
            self.compare(done, reply);
        }
        expected
    }

    fn on_the_table(&mut self, task: usize, step: Step) -> Done {
        let outcome = self.world.perform(task, step);
        let look = |fd| self.world.view(task, fd);
        let alive = step != Step::Exit;
        let views = step.touched(outcome).map(|fd| if alive { look(fd) } else { None });
        Done { task, step, outcome, views }
    }

    fn remember(&mut self, done: Done) {
        self.steps += 1;
        let errno = done.outcome.err().unwrap_or(0);
        *self.tally.entry((done.step.name(), errno)).or_default() += 1;
        self.history.push_back(done);
        if self.history.len() > 30 {
            self.history.pop_front();
        }
    }

    fn compare(&mut self, done: &Done, reply: &Reply) {
        let Done { task, step, outcome, views } = done;
        assert_eq!(
            *outcome, reply.outcome,
            "task {task}: {step}: the table's result (left) is not the kernel's"
        );
        if outcome.is_ok() && matches!(step, Step::Open { .. } | Step::Pipe { .. }) {
            self.learn(views, reply);
        }
        for ((fd, ours), theirs) in step.touched(*outcome).iter().zip(views).zip(&reply.views) {
            let ours = ours.map(|view| self.in_kernels_words(view));
            assert_eq!(
                ours, *theirs,
                "task {task}: {fd} after {step}: the table's (left) is not the kernel's"
            );
            self.compared += 1;
        }
    }

    fn in_kernels_words(&self, view: View<u64>) -> View<Identity> {
        View { cloexec: view.cloexec, file: self.files[&view.file] }
    }

    /// A new file: neither side may have met it before.
    fn learn(&mut self, ours: &[Option<View<u64>>; 3], reply: &Reply) {
        for (ours, theirs) in ours.iter().zip(&reply.views) {
            let (Some(ours), Some(theirs)) = (ours, theirs) else {
                continue;
            };
            assert!(self.known.insert(theirs.file), "the kernel reused {:?}", theirs.file);
            let before = self.files.insert(ours.file, theirs.file);
            assert_eq!(before, None, "the table gave an old file to a new open");
        }
    }

    /// Every number open in the task: the set of them, their flags and files.
    pub(crate) fn check_task(&mut self, task: usize) -> HashSet<u64> {
        self.world.check(task);
        let numbers = self.world.open_numbers(task);
        assert_eq!(numbers, self.kernel.open_numbers(task), "the numbers open in task {task}");
        let look = |fds: &[i32]| {
            let mut three = [-1; 3];
            three[..fds.len()].copy_from_slice(fds);
            Step::Look { fds: three }
        };
        let looks: Vec<Step> = numbers.chunks(3).map(look).collect();
        let expected = self.look(task, &looks);
        let views = expected.iter().flat_map(|done| done.views);
        views.flatten().map(|view| view.file).collect()
    }

    /// Every task; and no file lives that none of them has open.
    pub(crate) fn check_all(&mut self) {
        let mut open = HashSet::new();
        for task in self.world.tasks() {
            open.extend(self.check_task(task));
        }
        assert_eq!(
            self.world.alive(),
            open.len(),
            "files alive in the table, and open in the kernel"
        );
    }

    /// The other tasks look at the numbers that the last steps of `task` touched.
    pub(crate) fn check_siblings(&mut self, task: usize, last: usize) {
        let recent = self.history.iter().rev().take(last);
        let looks: Vec<Step> =
            recent.map(|done| Step::Look { fds: done.step.touched(done.outcome) }).collect();
        for sibling in self.world.tasks() {
            if sibling != task {
                self.look(sibling, &looks);
            }
        }
    }
}

/// A failed assertion, here or in the library, tells how it came about.
impl Drop for Lockstep {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        println!("{}; base {}; failed at step {}", self.name, self.base, self.steps);
        for Done { task, step, outcome, .. } in self.history.iter().chain(&self.begun) {
            match outcome {
                Ok([n, -1]) => println!("  task {task}: {step} = {n}"),
                Ok(ends) => println!("  task {task}: {step} = {ends:?}"),
                Err(errno) => println!("  task {task}: {step} = errno {errno}"),
            }
        }
        if let Some((task, step)) = self.current {
            println!("  task {task}: {step} did not return");
        }
    }
}
