//! The BPF program: which system calls are intercepted, decided by number and by the descriptors
//! among the arguments.
//!
//! The fewer calls are intercepted the better, not only for speed: a signal that arrives before a
//! handler has received the notification interrupts the call. So calls on the kernel's own
//! descriptors, below [`KERNEL_END`], are never intercepted, and nor are `fork` and `exit`.

use std::collections::BTreeMap;

use libc::{
    BPF_ABS, BPF_JA, BPF_JEQ, BPF_JGE, BPF_JMP, BPF_JSET, BPF_K, BPF_LD, BPF_RET, BPF_W,
    SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO, SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_USER_NOTIF, c_long,
    sock_filter,
};

use super::{numbers::KERNEL_END, sys::F_DUPFD_QUERY};

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
    /// One of these arguments is a number that is not the kernel's.
    Fd(&'static [u32]),
    /// As `Fd` of the first, or a duplicate is asked for at a number that is not the kernel's, or
    /// whether such a number is one.
    Fcntl,
    /// As `Fd` of the first, or the command is one of these.
    Ioctl(&'static [u32]),
    /// The mapping is of a file whose number is not the kernel's.
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

/// The program that intercepts these system calls, by their numbers.
pub(crate) fn program(syscalls: &[(c_long, When)]) -> Vec<sock_filter> {
    let mut program = vec![
        load(ARCH),
        jump(BPF_JEQ, AUDIT_ARCH_X86_64, 1, 0),
        ret(SECCOMP_RET_KILL_PROCESS),
        load(NUMBER),
        jump(BPF_JGE, X32, 0, 1),
        fail(libc::ENOSYS),
    ];
    let (ranges, bodies) = ranges(syscalls);
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
fn ranges(syscalls: &[(c_long, When)]) -> (Vec<Range>, Vec<sock_filter>) {
    const ALLOWED: usize = 0;
    let (mut bodies, mut starts) = (vec![ALLOW], Vec::<(When, usize)>::new());
    let mut ranges = BTreeMap::from([(0, ALLOWED)]);
    let mut sorted = syscalls.to_vec();
    sorted.sort_by_key(|(number, _)| *number);
    for (number, when) in sorted {
        let known = starts.iter().find(|(other, _)| *other == when).map(|(_, start)| *start);
        let start = known.unwrap_or_else(|| {
            starts.push((when, bodies.len()));
            bodies.extend(body(when));
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
fn body(when: When) -> Vec<sock_filter> {
    match when {
        When::Always => vec![NOTIFY],
        When::Fails(errno) => vec![fail(errno)],
        When::Fd(arguments) => {
            let mut code: Vec<_> =
                arguments.iter().flat_map(|a| notify_if_table_number(*a)).collect();
            code.push(ALLOW);
            code
        }
        When::Fcntl => fcntl(),
        When::Ioctl(commands) => [&notify_if_table_number(0)[..], &notify_if(1, commands)].concat(),
        When::Mmap => {
            let anonymous = jump(BPF_JSET, libc::MAP_ANONYMOUS as u32, 4, 0);
            [&[load_argument(3), anonymous], &notify_if_table_number(4)[..], &[ALLOW]].concat()
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

fn fcntl() -> Vec<sock_filter> {
    let command = [
        load_argument(1),
        jump(BPF_JEQ, libc::F_DUPFD as u32, 2, 0),
        jump(BPF_JEQ, libc::F_DUPFD_CLOEXEC as u32, 1, 0),
        jump(BPF_JEQ, F_DUPFD_QUERY as u32, 0, 3),
        load_argument(2),
        jump(BPF_JGE, KERNEL_END as u32, 0, 1),
        NOTIFY,
        ALLOW,
    ];
    [&notify_if_table_number(0)[..], &command].concat()
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

/// Notifies if the argument is a number from `KERNEL_END` on; goes on behind if not.
fn notify_if_table_number(argument: u32) -> [sock_filter; 4] {
    [
        load_argument(argument),
        jump(BPF_JGE, KERNEL_END as u32, 0, 2),
        jump(BPF_JGE, NEGATIVE, 1, 0),
        NOTIFY,
    ]
}
