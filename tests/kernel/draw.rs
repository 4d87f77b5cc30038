//! What to do next: numbers drawn with weight on what is open and on every edge.

use fastrand::Rng;

use super::lockstep::Lockstep;
use super::step::Step;

/// Beyond so many open numbers a table is rather closed than filled.
const CROWDED: usize = 300;

/// Steps of one task, then a look from the others; after a sweep, and now and then, at everything.
pub(crate) fn round(rng: &mut Rng, lockstep: &mut Lockstep) {
    let task = rng.choice(lockstep.world.tasks()).expect("a task");
    let count = rng.usize(1..=32);
    let mut last = None;
    // Each draw sees the table after the step before it; the kernel does them all in one go.
    for _ in 0..count {
        let step = Draw::of(rng, lockstep, task).step();
        lockstep.begin(task, step);
        last = Some(step);
        if step.sweeps() {
            break;
        }
    }
    lockstep.finish(task);
    let last = last.expect("at least one step");
    if last.ends_a_batch() || rng.u8(..16) == 0 {
        return lockstep.check_all();
    }
    if last.sweeps() {
        lockstep.check_task(task);
    }
    lockstep.check_siblings(task, count.min(8));
}

struct Draw<'a> {
    rng: &'a mut Rng,
    lockstep: &'a Lockstep,
    task: usize,
    open: Vec<i32>,
}

impl<'a> Draw<'a> {
    fn of(rng: &'a mut Rng, lockstep: &'a Lockstep, task: usize) -> Self {
        let open = lockstep.world.open_numbers(task);
        Draw { rng, lockstep, task, open }
    }

    fn step(&mut self) -> Step {
        let crowded = self.open.len() > CROWDED && self.rng.u8(..4) > 0;
        match self.rng.u16(..1000) {
            0..160 if crowded => Step::Close { fd: self.old() },
            0..130 => Step::Open { cloexec: self.rng.bool() },
            130..160 => Step::Pipe { cloexec: self.rng.bool() },
            160..240 => Step::Dup { old: self.old() },
            240..390 => Step::Dup2 { old: self.old(), new: self.number() },
            390..480 => self.dup3(),
            480..630 => self.dup_from(),
            630..670 => Step::GetFd { fd: self.number() },
            670..750 => self.set_fd(),
            750..910 => Step::Close { fd: self.old() },
            910..945 => self.close_range(),
            945..988 => self.set_limit(),
            _ => self.task_step(),
        }
    }

    /// A number that is likely open.
    fn old(&mut self) -> i32 {
        match self.rng.choice(&self.open) {
            Some(&open) if self.rng.u8(..7) > 0 => open,
            _ => self.number(),
        }
    }

    /// Any number.
    fn number(&mut self) -> i32 {
        match (self.rng.u8(..100), self.rng.choice(&self.open)) {
            (0..35, Some(open)) => *open,
            (35..50, Some(open)) => open.saturating_add(self.rng.choice([-1, 1]).unwrap()),
            (75..85, _) => self.rng.i32(0..70),
            (85..98, _) => self.of_any_size(self.lockstep.bounds.cap) as i32,
            (98.., _) => self.rng.i32(..),
            _ => self.edge(),
        }
    }

    /// Beside the boundaries of the tiers, of the bitmaps' words on both sides, and of the limits.
    fn edge(&mut self) -> i32 {
        let (base, cap) = (self.lockstep.base as i32, self.lockstep.bounds.cap as i32);
        let limit = self.lockstep.world.limit(self.task) as i32;
        let edges = [0, 32, 64, 256, 1024, base, base + 4096, 32_768, 36_864, 65_536, limit, cap];
        let ends = [i32::MIN, -1, i32::MAX, -libc::EBADF, libc::AT_FDCWD, 1 << 30];
        if self.rng.u8(..12) == 0 {
            return self.rng.choice(ends).unwrap();
        }
        // The limit is the edge that moves.
        let edge = if self.rng.u8(..4) == 0 { limit } else { self.rng.choice(edges).unwrap() };
        edge + self.rng.choice([-2, -1, -1, 0, 0, 1]).unwrap()
    }

    /// Below `end`, every number of bits as likely.
    fn of_any_size(&mut self, end: u32) -> u32 {
        let zeros = self.rng.u32(end.leading_zeros()..u32::BITS);
        self.rng.u32(..=(u32::MAX >> zeros).min(end - 1))
    }

    fn dup3(&mut self) -> Step {
        let odd = [1, libc::O_CLOEXEC | 1, libc::O_NONBLOCK, -1, i32::MIN];
        let (odd, usual) = (self.rng.choice(odd), self.rng.choice([0, libc::O_CLOEXEC]));
        let flags = if self.rng.u8(..10) == 0 { odd } else { usual }.unwrap();
        Step::Dup3 { old: self.old(), new: self.number(), flags }
    }

    fn dup_from(&mut self) -> Step {
        Step::DupFrom { old: self.old(), min: self.number(), cloexec: self.rng.bool() }
    }

    /// Bits other than FD_CLOEXEC must count for nothing.
    fn set_fd(&mut self) -> Step {
        let arg = self.rng.choice([0, 1, 1, 2, 3, -1, -2, i32::MIN, 0x80000]).unwrap();
        Step::SetFd { fd: self.old(), arg }
    }

    fn close_range(&mut self) -> Step {
        let first = self.number() as u32;
        let last = match self.rng.u8(..100) {
            0..70 => first.saturating_add(self.of_any_size(64)),
            70..80 => self.number() as u32,
            80..88 => first.wrapping_sub(1),
            88..94 => first,
            _ => u32::MAX,
        };
        Step::CloseRange { first, last, flags: self.range_flags() }
    }

    fn range_flags(&mut self) -> u32 {
        let (unshare, cloexec) = (libc::CLOSE_RANGE_UNSHARE, libc::CLOSE_RANGE_CLOEXEC);
        match self.rng.u8(..20) {
            0 => self.rng.choice([1, 8, 1 << 31, u32::MAX, unshare | 1, cloexec | 16]).unwrap(),
            1..=2 => unshare,
            3..=4 => unshare | cloexec,
            5..=10 => cloexec,
            _ => 0,
        }
    }

    /// Half of the time all there is, or the far numbers would hardly ever be had.
    fn set_limit(&mut self) -> Step {
        let cap = self.lockstep.bounds.cap;
        let limit = match self.rng.u8(..100) {
            0..50 => cap,
            50..75 => self.number().max(0) as u32,
            // Just above what is taken, so that it is soon all taken.
            75..90 => self.open.len() as u32 + self.rng.u32(..4),
            90..95 => self.of_any_size(cap),
            95..97 => 0,
            _ => cap - 1,
        };
        Step::SetLimit { limit: limit.min(cap) }
    }

    fn task_step(&mut self) -> Step {
        let alone = self.lockstep.world.tasks().len() == 1;
        match (self.lockstep.world.free_task(), self.rng.u8(..12)) {
            (Some(task), 0..3) => Step::Fork { task },
            (Some(task), 3..6) => Step::Share { task },
            (_, 6..9) => Step::Exec,
            (_, 9) => Step::FailedExec,
            (_, 10) if self.lockstep.bounds.unshare => Step::Unshare,
            _ if !alone => Step::Exit,
            _ => Step::Exec,
        }
    }
}
