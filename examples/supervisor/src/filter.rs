//! The BPF program: which system calls are intercepted, decided by number and by the descriptors
//! among the arguments.
//!
//! The fewer calls are intercepted the better, not only for speed: a signal that arrives before a
//! handler has received the notification interrupts the call. So calls on the kernel's own
//! descriptors, below [`KERNEL_END`], are never intercepted, and nor are `fork` and `exit`.

use std::collections::BTreeMap;

use libc::{
    BPF_ABS, BPF_JA, BPF_JEQ, BPF_JGE, BPF_JMP, BPF_JSET, BPF_K, BPF_LD, BPF_RET, BPF_W,
    SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO, SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_USER_NOTIF,
    sock_filter,
};

use super::{call::Syscall, numbers::KERNEL_END};

const AUDIT_ARCH_X86_64: u32 = 0xc000_003e;
/// System calls of the x32 ABI have this bit.
const X32: u32 = 0x4000_0000;
/// The first number that is negative as an `int`: `AT_FDCWD` is one.
const NEGATIVE: u32 = 1 << 31;

/// Offsets in `struct seccomp_data`.
const NUMBER: u32 = 0;
const ARCH: u32 = 4;
const ARGUMENTS: u32 = 16;

/// When a system call is intercepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    Always,
    /// One of these arguments is a number at which there can be no descriptor.
    Served(&'static [u32]),
    /// One of these arguments is a number of the table.
    Table(&'static [u32]),
    /// As `Served` of the first argument, and `Table` of the second.
    Dup2,
    /// As `Served` of the first argument; or a number of the table is marked, or a duplicate asked
    /// for at one.
    Fcntl,
    /// As `Served` of the first argument; or a number of the table is marked.
    Ioctl,
    /// The mapping is of a file at a number where there can be no descriptor.
    Mmap,
    /// The argument is one of these.
    Is(u32, &'static [u32]),
    /// The argument is at least this, unsigned.
    AtLeast(u32, u32),
    /// The argument has one of these bits.
    Has(u32, u32),
    /// The flags of `clone` have one of these bits. Or it makes a thread with descriptors of its
    /// own.
    Clone(u32),
    /// Never: the call fails.
    Fails(i32),
}

const fn instruction(code: u32, jt: u8, jf: u8, k: u32) -> sock_filter {
    sock_filter { code: code as u16, jt, jf, k }
}

const fn load(offset: u32) -> sock_filter {
    instruction(BPF_LD | BPF_W | BPF_ABS, 0, 0, offset)
}

/// The low half of an argument, which is all that a descriptor has.
const fn load_argument(index: u32) -> sock_filter {
    load(ARGUMENTS + 8 * index)
}

const fn jump(comparison: u32, k: u32, jt: u8, jf: u8) -> sock_filter {
    instruction(BPF_JMP | comparison | BPF_K, jt, jf, k)
}

const fn skip(count: usize) -> sock_filter {
    instruction(BPF_JMP | BPF_JA, 0, 0, count as u32)
}

const fn ret(action: u32) -> sock_filter {
    instruction(BPF_RET | BPF_K, 0, 0, action)
}

const NOTIFY: sock_filter = ret(SECCOMP_RET_USER_NOTIF);
const ALLOW: sock_filter = ret(SECCOMP_RET_ALLOW);

const fn fail(errno: i32) -> sock_filter {
    ret(SECCOMP_RET_ERRNO | errno as u32)
}

/// The program that intercepts these system calls, where the hard `RLIMIT_NOFILE` is `hard`.
pub(crate) fn program(syscalls: &[Syscall], hard: u64) -> Vec<sock_filter> {
    // There is no number from the first negative one on.
    let hard = hard.min(NEGATIVE.into()) as u32;
    let mut program = vec![
        load(ARCH),
        jump(BPF_JEQ, AUDIT_ARCH_X86_64, 1, 0),
        ret(SECCOMP_RET_KILL_PROCESS),
        load(NUMBER),
        jump(BPF_JGE, X32, 0, 1),
        fail(libc::ENOSYS),
    ];
    let (ranges, bodies) = ranges(syscalls, hard);
    program.extend(search(&ranges, 0));
    program.extend(bodies);
    program
}

/// System call numbers from one on, up to the next range.
struct Range {
    first: u32,
    /// Where the code for them starts, among all bodies.
    body: usize,
}

/// All numbers there are, and the bodies.
fn ranges(syscalls: &[Syscall], hard: u32) -> (Vec<Range>, Vec<sock_filter>) {
    const ALLOWED: usize = 0;
    let (mut bodies, mut starts) = (vec![ALLOW], Vec::<(When, usize)>::new());
    let mut ranges = BTreeMap::from([(0, ALLOWED)]);
    let mut sorted = syscalls.to_vec();
    sorted.sort_by_key(|syscall| syscall.number);
    for Syscall { number, when, .. } in sorted {
        let known = starts.iter().find(|(other, _)| *other == when).map(|(_, start)| *start);
        let start = known.unwrap_or_else(|| {
            starts.push((when, bodies.len()));
            bodies.extend(body(when, hard));
            starts[starts.len() - 1].1
        });
        ranges.insert(number as u32, start);
        ranges.insert(number as u32 + 1, ALLOWED);
    }
    let mut ranges: Vec<_> =
        ranges.into_iter().map(|(first, body)| Range { first, body }).collect();
    ranges.dedup_by_key(|range| range.body);
    (ranges, bodies)
}

/// Finds the range of the number that is loaded, and goes to its body; the bodies begin `behind`
/// instructions after this. A search by halves: at the start the kernel tries every number, to know
/// those that are always allowed, and a list would have it compare a hundred thousand times.
fn search(ranges: &[Range], behind: usize) -> Vec<sock_filter> {
    if let [range] = ranges {
        return vec![skip(behind + range.body)];
    }
    let (low, high) = ranges.split_at(ranges.len() / 2);
    let high_code = search(high, behind);
    let low_code = search(low, behind + high_code.len());
    let first = high[0].first;
    let choice = match u8::try_from(low_code.len()) {
        Ok(near) => vec![jump(BPF_JGE, first, near, 0)],
        Err(_) => vec![jump(BPF_JGE, first, 0, 1), skip(low_code.len())],
    };
    [choice, low_code, high_code].concat()
}

/// What is done with a system call of its kind: always ends.
fn body(when: When, hard: u32) -> Vec<sock_filter> {
    let table = KERNEL_END as u32;
    match when {
        When::Always => vec![NOTIFY],
        When::Fails(errno) => vec![fail(errno)],
        When::Served(arguments) => notify_if_any(arguments, hard),
        When::Table(arguments) => notify_if_any(arguments, table),
        When::Dup2 => [&notify_from(0, hard)[..], &notify_from(1, table), &[ALLOW]].concat(),
        When::Fcntl => [&notify_from(0, hard)[..], &fcntl(table)].concat(),
        When::Ioctl => [&notify_from(0, hard)[..], &ioctl(table)].concat(),
        When::Mmap => {
            let anonymous = jump(BPF_JSET, libc::MAP_ANONYMOUS as u32, 4, 0);
            [&[load_argument(3), anonymous], &notify_from(4, hard)[..], &[ALLOW]].concat()
        }
        When::Is(argument, values) => notify_if(argument, values),
        When::AtLeast(argument, min) => {
            let test = jump(BPF_JGE, min, 0, 1);
            vec![load_argument(argument), test, NOTIFY, ALLOW]
        }
        When::Clone(bits) => clone(bits).to_vec(),
        When::Has(argument, bits) => {
            let test = jump(BPF_JSET, bits, 0, 1);
            vec![load_argument(argument), test, NOTIFY, ALLOW]
        }
    }
}

/// Notifies if the argument is one of these; always ends.
fn notify_if(argument: u32, values: &[u32]) -> Vec<sock_filter> {
    let mut code = vec![load_argument(argument)];
    for value in values {
        code.extend([jump(BPF_JEQ, *value, 0, 1), NOTIFY]);
    }
    code.push(ALLOW);
    code
}

/// Notifies if one of the arguments is a descriptor at or above `first`; always ends.
fn notify_if_any(arguments: &[u32], first: u32) -> Vec<sock_filter> {
    let mut code: Vec<_> = arguments.iter().flat_map(|a| notify_from(*a, first)).collect();
    code.push(ALLOW);
    code
}

/// Notifies if the argument is a descriptor at or above `first`; goes on behind if not.
fn notify_from(argument: u32, first: u32) -> [sock_filter; 4] {
    let is_negative = jump(BPF_JGE, NEGATIVE, 1, 0);
    [load_argument(argument), jump(BPF_JGE, first, 0, 2), is_negative, NOTIFY]
}

/// The commands that mark a descriptor, or ask for a duplicate.
fn fcntl(table: u32) -> Vec<sock_filter> {
    let command = [
        load_argument(1),
        jump(BPF_JEQ, libc::F_SETFD as u32, 3, 0),
        jump(BPF_JEQ, libc::F_DUPFD as u32, 7, 0),
        jump(BPF_JEQ, libc::F_DUPFD_CLOEXEC as u32, 6, 0),
        ALLOW,
    ];
    let minimum = [load_argument(2), jump(BPF_JGE, table, 0, 1), NOTIFY, ALLOW];
    [&command[..], &notify_from(0, table), &[ALLOW], &minimum].concat()
}

/// The commands that mark a descriptor.
fn ioctl(table: u32) -> Vec<sock_filter> {
    let command = [
        load_argument(1),
        jump(BPF_JEQ, libc::FIOCLEX as u32, 1, 0),
        jump(BPF_JEQ, libc::FIONCLEX as u32, 0, 4),
    ];
    [&command[..], &notify_from(0, table), &[ALLOW]].concat()
}

fn clone(bits: u32) -> [sock_filter; 7] {
    [
        load_argument(0),
        jump(BPF_JSET, bits, 0, 1),
        NOTIFY,
        jump(BPF_JSET, libc::CLONE_THREAD as u32, 0, 2),
        jump(BPF_JSET, libc::CLONE_FILES as u32, 1, 0),
        NOTIFY,
        ALLOW,
    ]
}
