//! What a table costs in heap, and when it allocates: counted by this binary's own allocator.
//! One test function, so that no other thread allocates while it counts.

use std::{iter, mem, slice, sync::Barrier, thread};

use fastrand::Rng;
use fdtable::{
    CloseRangeFlags, FdFlags, FdTable, Files, OpenFileTable, OwnedFileRef, Placement, RawFd,
};
use test_support::{
    CLOEXEC, NONE,
    heap::{Counting, allocations, live, say, small},
};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What an empty table may cost, and what one number far from all others may.
const FEW: isize = 2048;

/// The bytes that `f` leaves allocated.
fn kept<R>(f: impl FnOnce() -> R) -> (R, isize) {
    let before = live();
    let result = f();
    (result, live() - before)
}

/// What is live when the epoch has freed all it can, as it is late by nature: bytes in small
/// blocks, and in all. The epoch's own queue keeps a few large nodes, more or less of them from
/// one time to the next, whatever the tables do.
fn settled() -> (isize, isize) {
    let flush = |_| {
        reclaim_one_chunk();
        (small(), live())
    };
    (0..32).map(flush).min().unwrap()
}

/// A table that reclaims its last chunk flushes the epoch, twice.
fn reclaim_one_chunk() {
    let t = FdTable::new(&OpenFileTable::new());
    let fd = t.open(Placement::At(20_000), 0_u64, NONE).unwrap();
    drop(t.close(fd).unwrap());
}

/// The epoch's own queue, at most.
const QUEUE: isize = 16 << 10;

#[track_caller]
fn assert_back_to((small, all): (isize, isize)) {
    let now = settled();
    assert_eq!(now.0, small, "bytes in small blocks");
    assert!(now.1 - all <= QUEUE, "{} bytes in all", now.1 - all);
}

type Table = FdTable<u64>;

fn table(files: &OpenFileTable<u64>) -> Table {
    FdTable::builder(files).limit(1 << 31).build().unwrap()
}

/// Opens `fd` without a new description: that would be the open file table's cost.
fn open(t: &Table, fd: RawFd, file: &OwnedFileRef<u64>) {
    let reserved = t.reserve(Placement::At(fd)).unwrap();
    assert!(reserved.install_ref(file.clone(), NONE).is_ok());
}

fn open_and_close(t: &Table, fd: RawFd, file: &OwnedFileRef<u64>) {
    open(t, fd, file);
    drop(t.close(fd).unwrap());
}

/// Numbers of the gap, all over it; the same ones each time.
fn far_numbers() -> impl Iterator<Item = RawFd> {
    let mut random = Rng::with_seed(1);
    iter::repeat_with(move || {
        // Each size class as likely, not only the last, in which half of all numbers are.
        let shift = random.u32(..15);
        random.i32(1024..=RawFd::MAX >> shift)
    })
    .filter(|fd| !(32768..36864).contains(fd))
}

fn edges_and_powers() -> impl Iterator<Item = RawFd> {
    let powers = (0..31).map(|shift| 1_i32 << shift);
    let around = powers.flat_map(|n| [n - 1, n, n + 1]);
    around.chain([RawFd::MAX - 1, RawFd::MAX, 32767, 36863, 36864])
}

fn an_empty_table_is_small(files: &OpenFileTable<u64>) {
    let (t, new) = kept(|| table(files));
    say(format_args!("an empty table: {new} bytes of heap, {} inline", size_of::<Table>()));
    assert!(new + size_of::<Table>() as isize <= FEW);
    let (shared, files) = kept(|| Files::new(t));
    assert!(new + files <= FEW, "{files}");
    let (_, freed) = kept(|| drop(shared));
    assert_eq!(freed, -(new + files), "all of it is freed");
}

fn one_isolated_number_is_small(files: &OpenFileTable<u64>, file: &OwnedFileRef<u64>) {
    let mut most = 0;
    for fd in edges_and_powers().chain(far_numbers().take(2_000)) {
        let t = table(files);
        let ((), cost) = kept(|| open(&t, fd, file));
        assert!(cost <= FEW, "{cost} bytes for {fd}");
        most = most.max(cost);
        let (child, copy) = kept(|| t.fork());
        assert!(copy <= 2 * FEW, "{copy} bytes for a copy with {fd}");
        drop((t, child));
    }
    settled();
    say(format_args!("one isolated number: at most {most} bytes"));
}

/// The calls that a guest makes all the time, with `fd` open before and after.
fn hot_calls(t: &Table, fd: RawFd, other: RawFd) {
    assert!(t.get(fd).is_some() && t.contains(fd) && t.get(fd ^ 1).is_none());
    assert_eq!(t.set_flags(fd, FdFlags::USER_1), Ok(NONE));
    t.set_cloexec(fd, true).unwrap();
    assert_eq!(t.flags(fd), Some(FdFlags::USER_1 | CLOEXEC));
    assert!(t.dup2(other, fd).unwrap().is_some());
    assert!(t.dup3(other, fd, CLOEXEC).unwrap().is_some());
    assert!(t.replace(fd, 5, NONE).unwrap().is_some());
    let id = t.get(fd).unwrap().id();
    assert!(t.replace_if(fd, id, 6, NONE).is_ok());
    assert!(t.close_if(fd, id).is_err());
}

fn nothing_hot_allocates(files: &OpenFileTable<u64>, file: &OwnedFileRef<u64>) {
    for fd in [2, 1022, 32768, 36862, 1024, 30_000, 65_536, 1 << 20, RawFd::MAX - 1] {
        let t = table(files);
        let (other, neighbour) = (5, fd + if fd % 32 == 0 { 2 } else { -2 });
        open(&t, other, file);
        open(&t, fd, file);
        open(&t, neighbour, file);
        // Once before: what a thread has for itself it gets with its first call.
        hot_calls(&t, fd, other);
        assert_eq!(allocations(|| hot_calls(&t, fd, other)), 0, "{fd}");
        let close = || drop(t.close(fd).unwrap());
        assert_eq!(allocations(close), 0, "close of {fd} beside {neighbour}");
        // Where there is a chunk, opening does not allocate either.
        let reopen = || assert_eq!(t.dup(other, Placement::At(fd), NONE), Ok(fd));
        assert_eq!(allocations(reopen), 0, "{fd}");
        let take = || drop(t.take(fd).unwrap());
        assert_eq!(allocations(take), 0, "{fd}");
        let bad = || assert!(t.close(fd).is_err() && t.get(-1).is_none());
        assert_eq!(allocations(bad), 0, "{fd}");
    }
}

fn closing_gives_all_gap_memory_back(files: &OpenFileTable<u64>, file: &OwnedFileRef<u64>) {
    let t = table(files);
    // What the epoch itself keeps it has by then.
    churn_far(&t, file, far_numbers().take(1_000));
    let empty = settled();
    for by_range in [false, true] {
        let mut fds: Vec<_> = far_numbers().take(10_000).collect();
        fds.sort_unstable();
        fds.dedup();
        fds.iter().for_each(|&fd| open(&t, fd, file));
        say(format_args!("{} gap numbers: {} bytes", fds.len(), live() - empty.1));
        assert!(live() - empty.1 > 1 << 20);
        if by_range {
            t.close_range(0, u32::MAX, CloseRangeFlags::empty()).unwrap();
        } else {
            fds.iter().for_each(|&fd| drop(t.close(fd).unwrap()));
        }
        drop(fds);
        assert_back_to(empty);
    }
}

/// Opens and closes far numbers, a few open at a time.
fn churn_far(t: &Table, file: &OwnedFileRef<u64>, numbers: impl Iterator<Item = RawFd>) {
    let mut last = [None; 8];
    for (round, fd) in numbers.enumerate() {
        if let Some(old) = last[round % 8].take() {
            drop(t.close(old).unwrap());
        }
        if !t.contains(fd) {
            open(t, fd, file);
            last[round % 8] = Some(fd);
        }
    }
    for fd in last.into_iter().flatten() {
        drop(t.close(fd).unwrap());
    }
}

fn many_far_numbers_do_not_grow_the_heap(
    rounds: usize,
    files: &OpenFileTable<u64>,
    file: &OwnedFileRef<u64>,
) {
    let t = table(files);
    churn_far(&t, file, far_numbers().take(1_000));
    let empty = settled();
    let (mut most, mut numbers) = (0, far_numbers());
    for _ in 0..rounds {
        churn_far(&t, file, numbers.by_ref().take(10_000));
        // Not settled: what the table leaves to the epoch by itself.
        most = most.max(live() - empty.1);
    }
    say(format_args!("{rounds} times 10,000 far numbers: at most {most} bytes not given back yet"));
    assert!(most <= 64 << 10, "{most}");
    assert_back_to(empty);
}

/// What one reclaimed chunk of the gap costs while it cannot be freed: six blocks, and its place in
/// the epoch's queue.
const NOT_FREED: isize = 2 * FEW;

/// Runs `f` while another thread is stopped in a call in the gap, about `fd`.
fn beside_a_stopped_thread<R>(t: &Table, fd: RawFd, f: impl FnOnce() -> R) -> R {
    let (stopped, goes_on) = (Barrier::new(2), Barrier::new(2));
    let stop = |flags| {
        stopped.wait();
        goes_on.wait();
        flags
    };
    thread::scope(|s| {
        s.spawn(|| t.update_flags(fd, stop).unwrap());
        stopped.wait();
        let result = f();
        goes_on.wait();
        result
    })
}

/// A stopped thread holds a guard: what others reclaim piles up, by so much for each chunk and no
/// more, until its call goes on.
fn a_stopped_thread_keeps_what_others_reclaim(
    files: &OpenFileTable<u64>,
    file: &OwnedFileRef<u64>,
) {
    let t = table(files);
    let stopped_at = 20_000;
    open(&t, stopped_at, file);
    let before = settled();
    let chunks = 10_000;
    let ((), bytes) = beside_a_stopped_thread(&t, stopped_at, || {
        let others = far_numbers().filter(|fd| fd / 32 != stopped_at / 32);
        kept(|| others.take(chunks).for_each(|fd| open_and_close(&t, fd, file)))
    });
    let each = bytes / chunks as isize;
    say(format_args!("beside a stopped thread: {each} bytes for each chunk reclaimed"));
    assert!(each <= NOT_FREED, "{each}");
    // A call that reclaims a chunk frees eight and more of those that have piled up.
    (0..chunks / 8).for_each(|_| reclaim_one_chunk());
    assert_back_to(before);
}

/// One number again and again: its chunk may stay, until another one empties.
fn one_chunk_may_stay_empty(files: &OpenFileTable<u64>, file: &OwnedFileRef<u64>) {
    let t = table(files);
    churn_far(&t, file, far_numbers().take(1_000));
    let empty = settled();
    let again = |fd, times| (0..times).for_each(|_| open_and_close(&t, fd, file));
    again(RawFd::MAX, 1);
    assert_back_to(empty);
    again(RawFd::MAX, 3);
    let spare = settled().0 - empty.0;
    say(format_args!("the spare chunk: {spare} bytes"));
    assert!((1..=FEW).contains(&spare), "{spare}");
    assert_eq!(allocations(|| again(RawFd::MAX, 100)), 0, "that is what it is for");
    again(1 << 20, 1);
    assert_back_to(empty);
}

/// A number in each size class of the gap, and the first behind the high hot range.
const CLASSES: [RawFd; 7] = [1024, 36_864, 1 << 16, 1 << 20, 1 << 25, 1 << 30, RawFd::MAX];

/// A number in each hot range.
const HOT: [RawFd; 2] = [0, 36_863];

/// A way to keep something in a table.
type Keep<'a> = &'a dyn Fn(&Table, RawFd);

/// Whatever a table has when it ends, all of it is given back there and then.
fn the_end_of_a_table_gives_all_back(files: &OpenFileTable<u64>, file: &OwnedFileRef<u64>) {
    let keep_open = |t: &Table, fd| open(t, fd, file);
    let keep_reserved = |t: &Table, fd| mem::forget(t.reserve(Placement::At(fd)));
    let keep_spare = |t: &Table, fd| (0..3).for_each(|_| open_and_close(t, fd, file));
    let keeps: [Keep<'_>; 3] = [&keep_open, &keep_reserved, &keep_spare];
    for (i, keep) in keeps.iter().enumerate() {
        let each = CLASSES.iter().chain(&HOT).map(slice::from_ref);
        for fds in each.chain([&CLASSES[..]]) {
            let (before, _) = settled();
            let t = table(files);
            fds.iter().for_each(|fd| keep(&t, *fd));
            drop(t);
            assert_eq!(small(), before, "kept by way {i}: {fds:?}");
        }
    }
}

/// The last handle frees what all of them share: here it is that of a reference.
fn the_end_of_an_open_file_table_gives_all_back() {
    let ((), left) = kept(|| {
        let files = OpenFileTable::new();
        let t = table(&files);
        open(&t, 0, &files.insert(0).unwrap());
        // So many that the blocks lie in several buckets.
        (1..100).for_each(|n| assert!(t.open(Placement::Lowest, n, NONE).is_ok()));
        let last = t.get(0).unwrap().into_owned().into_raw();
        drop((files, t));
        // SAFETY: it comes from `into_raw`, and is taken back once.
        let last = unsafe { OwnedFileRef::from_raw(last) };
        assert_eq!(*last, 0);
    });
    assert_eq!(left, 0);
}

/// Frees the only number of the gap, in each way that there is.
fn free_in_every_way(t: &Table, fd: RawFd, file: &OwnedFileRef<u64>, freed: impl Fn(&str)) {
    let id = file.id();
    let free: [(&str, &dyn Fn()); 6] = [
        ("close", &|| drop(t.close(fd))),
        ("close_if", &|| drop(t.close_if(fd, id))),
        ("close_range", &|| t.close_range(1, u32::MAX, CloseRangeFlags::empty()).unwrap()),
        ("drain", &|| drop(t.drain(fd as u32, fd as u32).unwrap().next())),
        ("take", &|| drop(t.take(fd))),
        ("take, and freed", &|| drop(t.take(fd).unwrap().1)),
    ];
    for (name, free) in free {
        open(t, fd, file);
        free();
        assert!(!t.contains(fd));
        freed(name);
        // Otherwise the chunk would stay, as the spare one.
        open_and_close(t, if fd == 1024 { 1056 } else { 1024 }, file);
    }
    drop(t.reserve(Placement::At(fd)));
    freed("reserve");
    open_and_close(t, if fd == 1024 { 1056 } else { 1024 }, file);
    assert!(t.reserve_many::<2>(Placement::At(fd)).is_err());
    freed("reserve_many, which fails");
}

/// No later call has to come for that.
fn the_last_number_gives_its_memory_back_at_once(
    files: &OpenFileTable<u64>,
    file: &OwnedFileRef<u64>,
) {
    for fd in CLASSES {
        let t = table(files);
        open_and_close(&t, 0, file);
        let (empty, _) = settled();
        free_in_every_way(&t, fd, file, |name| {
            assert_eq!(small(), empty, "{fd}, freed by {name}");
        });
    }
}

#[test]
fn the_heap_is_bounded_and_comes_back() {
    let files = OpenFileTable::new();
    // Everything that exists once: the first blocks, the thread's part of the epoch, the output.
    let file = files.insert(0).unwrap();
    let t = table(&files);
    churn_far(&t, &file, far_numbers().take(1_000));
    open(&t, 2, &file);
    open(&t, 5, &file);
    hot_calls(&t, 2, 5);
    drop(Files::new(t).load());
    settled();

    an_empty_table_is_small(&files);
    one_isolated_number_is_small(&files, &file);
    nothing_hot_allocates(&files, &file);
    closing_gives_all_gap_memory_back(&files, &file);
    one_chunk_may_stay_empty(&files, &file);
    the_end_of_a_table_gives_all_back(&files, &file);
    the_end_of_an_open_file_table_gives_all_back();
    the_last_number_gives_its_memory_back_at_once(&files, &file);
    many_far_numbers_do_not_grow_the_heap(100, &files, &file);
    a_stopped_thread_keeps_what_others_reclaim(&files, &file);
    // A guard of another crate of the process keeps nothing of this one's.
    let _stranger = crossbeam_epoch::pin();
    many_far_numbers_do_not_grow_the_heap(20, &files, &file);
}
