//! Looking a descriptor up: a counted reference is taken, used and given up.

use std::hint::black_box;

use fdtable::{FdTable, Placement};

use crate::peers::{
    File, Peer, arc_swap_array::ArcSwapArray, numbered::Numbered, sharded_slab::ShardedSlab,
};

use super::{GAP, HIGH, LOW, Row, beside, every_peer, open_close, opened, threads};

/// Each thread looks up this many descriptors of its own, or all threads one.
const OWN: usize = 16;

type Borrowed = Numbered<ArcSwapArray<false>>;

pub(super) fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for (range, start) in [("low", LOW), ("high", HIGH), ("gap", GAP)] {
        rows.extend(threads().map(|threads| own(&format!("lookup/{range}"), start, threads)));
    }
    rows.extend(threads().map(shared));
    rows.push(beside_writer("lookup/low, beside a writer", LOW));
    rows.push(beside_writer("lookup/gap, beside a writer", GAP));
    rows
}

/// Descriptors that no other thread looks up.
fn own(name: &str, start: i32, threads: usize) -> Row {
    fn subject<P: Peer>(row: &mut Row, name: &str, start: i32) {
        let threads = row.threads;
        row.threaded(name, move || {
            let peer = P::new();
            let fds = opened(&peer, start..start + (threads * OWN) as i32);
            let (fds, _) = fds.as_chunks::<OWN>();
            let fds = fds.to_vec();
            move |thread, i| look_up(&peer, fds[thread][i as usize % OWN])
        });
    }
    fn named<P: Peer>(row: &mut Row, start: i32) {
        subject::<P>(row, P::NAME, start);
    }
    let mut row = Row::new(name, threads);
    every_peer!(named(&mut row, start), Borrowed, ShardedSlab);
    if start == GAP {
        subject::<FdTable<File>>(&mut row, "fdtable, low", LOW);
    }
    row
}

fn shared(threads: usize) -> Row {
    fn subject<P: Peer>(row: &mut Row) {
        row.threaded(P::NAME, || {
            let peer = P::new();
            let fd = opened(&peer, LOW..LOW + 1)[0];
            move |_, _| look_up(&peer, fd)
        });
    }
    let mut row = Row::new("lookup/one shared", threads);
    every_peer!(subject(&mut row), Borrowed, ShardedSlab);
    row
}

/// While another thread opens and closes all the time.
fn beside_writer(name: &str, start: i32) -> Row {
    fn subject<P: Peer>(row: &mut Row, start: i32) {
        row.timed(P::NAME, move || {
            let peer = P::new();
            let fds: [_; OPEN] =
                opened(&peer, start..start + OPEN as i32).try_into().expect("as many");
            move |iters| {
                let write = || open_close(&peer, Placement::From(start));
                beside(&write, iters, &|i| look_up(&peer, fds[i as usize % OPEN]))
            }
        });
    }
    const OPEN: usize = OWN;
    let mut row = Row::new(name, 1);
    every_peer!(subject(&mut row, start), Borrowed, ShardedSlab);
    row
}

fn look_up<P: Peer>(peer: &P, fd: i32) {
    let id = peer.read(black_box(fd));
    assert!(black_box(id).is_some());
}
