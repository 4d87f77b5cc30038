//! What goes over the whole table, with 1,000 descriptors open.

use std::{
    hint::black_box,
    sync::Arc,
    time::{Duration, Instant},
};

use fdtable::Placement;

use crate::peers::{CLOEXEC, File, Peer, kernel::Kernel};

use super::{Row, every_peer};

const OPEN: usize = 1000;

pub(super) fn rows() -> Vec<Row> {
    vec![fork(), fork_exit(), exec(), close_range()]
}

/// A table with `OPEN` descriptors; each second one is `CLOEXEC`.
fn full<P: Peer>() -> P {
    let peer = P::new();
    fill(&peer);
    peer
}

fn fill<P: Peer>(peer: &P) {
    for i in 0..OPEN {
        peer.open(Placement::From(3), if i % 2 == 0 { CLOEXEC } else { 0 });
    }
}

/// Times `op`, but neither what comes before it nor what comes after.
fn timed<I, O>(iters: u64, before: impl Fn() -> I, op: impl Fn(I) -> O) -> Duration {
    let one = |_| {
        let input = before();
        let begin = Instant::now();
        let output = black_box(op(input));
        let time = begin.elapsed();
        drop(output);
        time
    };
    (0..iters).map(one).sum()
}

/// The copy alone; and the least that it could be.
fn fork() -> Row {
    fn subject<P: Peer>(row: &mut Row) {
        row.timed(P::NAME, || {
            let peer: P = full();
            move |iters| timed(iters, || (), |()| black_box(&peer).fork())
        });
    }
    let mut row = Row::new("fork/1000 open", 1);
    row.timed("clone of Vec<Option<Arc>>", || {
        let entries: Vec<_> = (0..OPEN).map(|_| Some(Arc::new(File::new()))).collect();
        move |iters| timed(iters, || (), |()| black_box(&entries).clone())
    });
    every_peer!(subject(&mut row));
    row
}

/// The copy and its end.
fn fork_exit() -> Row {
    fn subject<P: Peer>(row: &mut Row) {
        row.timed(P::NAME, || {
            let peer: P = full();
            move |iters| timed(iters, || (), |()| drop(black_box(&peer).fork()))
        });
    }
    let mut row = Row::new("fork+exit/1000 open", 1);
    every_peer!(subject(&mut row));
    row
}

fn exec() -> Row {
    fn subject<P: Peer>(row: &mut Row) {
        row.timed(P::NAME, || {
            let peer: P = full();
            move |iters| timed(iters, || peer.fork(), P::exec)
        });
    }
    let mut row = Row::new("exec/1000 open, 500 CLOEXEC", 1);
    every_peer!(subject(&mut row));
    row
}

fn close_range() -> Row {
    fn subject<P: Peer>(row: &mut Row) {
        row.timed(P::NAME, || {
            let peer = P::new();
            move |iters| timed(iters, || fill(&peer), |()| peer.close_from(3))
        });
    }
    let mut row = Row::new("close_range/1000 open", 1);
    every_peer!(subject(&mut row), Kernel);
    row
}
