//! Where numbers outside the hot ranges go: the answers of [`kbox`](crate::peers::kbox), on one
//! thread without a lock and as several threads would share them, and this crate's.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use fdtable::FdTable;

use crate::peers::{
    File, Peer,
    kbox::{ArraysAndMap, Locked, OneArray, Plain},
};

use super::{GAP, LOW, Row, each_peer, opened};

/// Looked up in turn.
const OPEN: i32 = 16;

pub(super) fn rows() -> Vec<Row> {
    vec![
        look_up("kbox/hot lookup", LOW),
        look_up("kbox/gap lookup", GAP),
        dup2("kbox/dup2+close in the gap"),
        init("kbox/new table"),
    ]
}

fn look_up(name: &str, start: i32) -> Row {
    let mut row = Row::new(name, 1);
    look_up_alone::<OneArray>(&mut row, start);
    look_up_alone::<ArraysAndMap>(&mut row, start);
    each_peer!(
        look_up_shared(&mut row, start):
        Locked<OneArray>, Locked<ArraysAndMap>, FdTable<File>
    );
    row
}

fn look_up_alone<S: Plain>(row: &mut Row, start: i32) {
    row.timed(S::NAME, move || {
        let mut table = plain::<S>();
        for fd in start + 1..start + OPEN {
            drop(table.dup2(LOW, fd));
        }
        drop(table.dup2(LOW, start));
        move |iters| {
            repeat(iters, |i| {
                let file = table.file(black_box(start + i as i32 % OPEN));
                assert_eq!(file.map(|file| black_box(file.id)), Some(7));
            })
        }
    });
}

fn look_up_shared<P: Peer>(row: &mut Row, start: i32) {
    row.threaded(P::NAME, move || {
        let peer = P::new();
        opened(&peer, start..start + OPEN);
        move |_, i| {
            let id = peer.read(black_box(start + i as i32 % OPEN));
            assert_eq!(black_box(id), Some(7));
        }
    });
}

fn dup2(name: &str) -> Row {
    fn alone<S: Plain>(row: &mut Row) {
        row.timed(S::NAME, || {
            let mut table = plain::<S>();
            move |iters| {
                repeat(iters, |_| {
                    assert!(table.dup2(black_box(LOW), black_box(GAP)).is_some());
                    assert!(table.take(black_box(GAP)).is_some());
                })
            }
        });
    }
    fn shared<P: Peer>(row: &mut Row) {
        row.threaded(P::NAME, || {
            let peer = P::new();
            opened(&peer, LOW..LOW + 1);
            move |_, _| {
                assert!(peer.dup2(black_box(LOW), black_box(GAP)));
                assert!(peer.close(black_box(GAP)));
            }
        });
    }
    let mut row = Row::new(name, 1);
    alone::<OneArray>(&mut row);
    alone::<ArraysAndMap>(&mut row);
    each_peer!(shared(&mut row): Locked<OneArray>, Locked<ArraysAndMap>, FdTable<File>);
    row
}

/// Making a table and dropping it again.
fn init(name: &str) -> Row {
    fn alone<S: Plain>(row: &mut Row) {
        row.timed(S::NAME, || |iters| repeat(iters, |_| drop(black_box(S::new()))));
    }
    fn shared<P: Peer>(row: &mut Row) {
        row.timed(P::NAME, || {
            // A table beside others: what all processes share is there already.
            let other = P::new();
            move |iters| repeat(iters, |_| drop(black_box(other.fork())))
        });
    }
    let mut row = Row::new(name, 1);
    alone::<OneArray>(&mut row);
    alone::<ArraysAndMap>(&mut row);
    each_peer!(shared(&mut row): Locked<OneArray>, Locked<ArraysAndMap>, FdTable<File>);
    row
}

/// With one open number.
fn plain<S: Plain>() -> S {
    let mut table = S::new();
    table.open_at(LOW);
    table
}

fn repeat(iters: u64, op: impl FnMut(u64)) -> Duration {
    let begin = Instant::now();
    (0..iters).for_each(op);
    begin.elapsed()
}
