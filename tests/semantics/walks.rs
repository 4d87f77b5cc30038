//! Where walks and copies begin and end: at the borders and in the middle of chunks, nodes and
//! trees, of which some were never made, and some have only reserved numbers in them.

use std::{collections::BTreeSet, mem};

use fdtable::{CloseRangeFlags, Files, Placement, RawFd};
use test_support::{CLOEXEC, EDGES, File, NO_LIMIT, NONE, World, arg, numbers};

/// Where a tier, or a size class of the gap, begins.
const STARTS: [i64; 8] = [0, 1 << 10, 1 << 15, 36_864, 1 << 16, 1 << 20, 1 << 25, 1 << 30];

/// How many numbers a slot, a chunk and each height of node have.
const SIZES: [i64; 6] = [1, 1 << 5, 1 << 10, 1 << 15, 1 << 20, 1 << 25];

/// The edges; and in each tier and size class, of every size, the beginning and the inside of two
/// parts with others between.
fn points() -> Vec<RawFd> {
    let part = |(start, size): (i64, i64)| {
        // The same slot, and the same child of every node, which is not the first.
        let inside = 20 * (size - 1) / 31;
        [3, 7].into_iter().flat_map(move |nth| {
            [0, inside].map(|within| RawFd::try_from(start + nth * size + within).unwrap())
        })
    };
    let all = STARTS.into_iter().flat_map(|start| SIZES.map(|size| (start, size)));
    let points: BTreeSet<_> = all.flat_map(part).chain(EDGES).collect();
    points.into_iter().collect()
}

/// A table, and what is open in it.
struct Layout {
    files: Files<File>,
    open: BTreeSet<RawFd>,
}

impl Layout {
    fn new(w: &World, open: &[RawFd], reserved: &[RawFd]) -> Self {
        let files = Files::new(w.table());
        let table = files.load();
        open.iter().for_each(|fd| _ = w.open(&table, *fd));
        reserved.iter().for_each(|fd| mem::forget(table.reserve(Placement::At(*fd))));
        drop(table);
        Self { files, open: open.iter().copied().collect() }
    }

    /// What every walk and every copy of `first..=last` comes to, and what it leaves.
    fn check(&self, first: RawFd, last: RawFd) {
        let (met, left): (Vec<_>, Vec<_>) =
            self.open.iter().copied().partition(|fd| (first..=last).contains(fd));
        let (table, range) = (self.files.load(), format!("{first}..={last}"));

        let from = table.iter_from(arg(first)).map(|open| open.fd);
        assert!(from.take_while(|fd| *fd <= last).eq(met.iter().copied()), "met: {range}");

        let by_close = table.fork();
        by_close.close_range(arg(first), arg(last), CloseRangeFlags::empty()).unwrap();
        assert_eq!(numbers(&by_close), left, "closed: {range}");

        let by_drain = table.fork();
        let drained = by_drain.drain(arg(first), arg(last)).unwrap().map(|closed| closed.fd);
        assert_eq!(drained.collect::<Vec<_>>(), met, "drained: {range}");
        assert_eq!(numbers(&by_drain), left, "not drained: {range}");

        let sibling = self.files.share();
        sibling.close_range(arg(first), arg(last), CloseRangeFlags::UNSHARE).unwrap();
        assert_eq!(numbers(&sibling.load()), left, "unshared: {range}");

        table.close_range(arg(first), arg(last), CloseRangeFlags::CLOEXEC).unwrap();
        let marked = table.iter().filter(|open| open.flags == CLOEXEC).map(|open| open.fd);
        assert_eq!(marked.collect::<Vec<_>>(), met, "marked: {range}");
        assert_eq!(numbers(self.files.prepare_exec().table()), left, "after exec: {range}");
        met.iter().for_each(|fd| _ = table.set_flags(*fd, NONE).unwrap());
    }

    /// A walk over everything.
    fn check_whole(&self) {
        let table = self.files.load();
        assert!(numbers(&table).iter().eq(&self.open));
        assert_eq!((table.len(), table.is_empty()), (self.open.len(), self.open.is_empty()));
        let ids = table.iter().map(|open| (open.fd, open.file.id()));
        ids.for_each(|(fd, id)| assert!(table.fds_of(id).eq([fd])));
    }
}

#[test]
fn a_walk_begins_and_ends_anywhere_beside_one_open_number() {
    let (w, points) = (World::new(), points());
    for open in &points {
        let layout = Layout::new(&w, &[*open], &[]);
        layout.check_whole();
        layout.check(0, (open - 1).max(0));
        layout.check(open.saturating_add(1), RawFd::MAX);
        for end in &points {
            layout.check(*end, RawFd::MAX);
            layout.check(0, *end);
        }
    }
    assert_eq!(w.live(), 0);
}

/// As a caller goes that keeps nothing but the number that it has met last.
#[test]
fn a_walk_that_begins_anew_for_each_number_meets_each_once() {
    let (w, points) = (World::new(), points());
    let table = w.table();
    points.iter().for_each(|fd| _ = w.open(&table, *fd));
    let (mut met, mut first) = (Vec::new(), 0);
    while let Some(open) = table.iter_from(first).next() {
        met.push(open.fd);
        first = arg(open.fd) + 1;
    }
    assert_eq!(met, points);
    assert!(table.iter_from(NO_LIMIT).chain(table.iter_from(u32::MAX)).next().is_none());
}

#[test]
fn a_walk_begins_and_ends_anywhere_among_open_and_reserved_numbers() {
    let (w, points) = (World::new(), points());
    for (every, offset) in [(2, 0), (2, 1), (5, 0), (5, 3), (11, 4), (23, 9)] {
        let which = |offset| points.iter().skip(offset).step_by(every).copied();
        let open: Vec<_> = which(offset).collect();
        let layout = Layout::new(&w, &open, &which((offset + 1) % every).collect::<Vec<_>>());
        layout.check_whole();
        for (i, first) in points.iter().enumerate() {
            let lasts = points[i..].iter().step_by(37).chain(points.last());
            lasts.for_each(|last| layout.check(*first, *last));
        }
    }
    assert_eq!(w.live(), 0);
}
