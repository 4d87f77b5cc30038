//! Putting a file onto a given number, or onto the lowest from a minimum on.

use std::hint::black_box;

use crate::peers::{Peer, kernel::Kernel};

use super::{GAP, LOW, Row, every_peer, opened, threads};

/// From one descriptor to another.
const OLD: i32 = LOW;
const OPEN: i32 = LOW + 3;
const FREE: i32 = LOW + 600;

pub(super) fn rows() -> Vec<Row> {
    let mut rows: Vec<Row> = threads().map(onto_open).collect();
    for (name, start) in [("dup2+close/free number", FREE), ("dup2+close/free gap number", GAP)] {
        rows.extend(threads().map(|threads| onto_free(name, start, threads)));
    }
    rows.push(beside_open());
    rows.push(from_minimum());
    rows
}

/// A table with the first numbers open.
fn with_open<P: Peer>(end: i32) -> P {
    let peer = P::new();
    opened(&peer, 0..end);
    peer
}

fn onto_open(threads: usize) -> Row {
    fn subject<P: Peer>(row: &mut Row) {
        let threads = row.threads as i32;
        row.threaded(P::NAME, move || {
            let peer: P = with_open(OPEN + threads);
            move |thread, _| {
                assert!(peer.dup2(black_box(OLD), black_box(OPEN + thread as i32)));
            }
        });
    }
    let mut row = Row::new("dup2/open number", threads);
    every_peer!(subject(&mut row), Kernel);
    row
}

fn onto_free(name: &str, start: i32, threads: usize) -> Row {
    fn subject<P: Peer>(row: &mut Row, start: i32) {
        row.threaded(P::NAME, move || {
            let peer: P = with_open(8);
            move |thread, _| dup2_close(&peer, start + 64 * thread as i32)
        });
    }
    let mut row = Row::new(name, threads);
    every_peer!(subject(&mut row, start), Kernel);
    row
}

/// A free number of the gap, where another one close by is open.
fn beside_open() -> Row {
    fn subject<P: Peer>(row: &mut Row) {
        row.threaded(P::NAME, || {
            let peer: P = with_open(8);
            assert!(peer.dup2(OLD, GAP + 1));
            move |_, _| dup2_close(&peer, GAP)
        });
    }
    let mut row = Row::new("dup2+close/free gap number, another open", 1);
    every_peer!(subject(&mut row), Kernel);
    row
}

fn from_minimum() -> Row {
    fn subject<P: Peer>(row: &mut Row) {
        row.threaded(P::NAME, || {
            let peer: P = with_open(600);
            move |_, _| {
                let fd = peer.dup_from(black_box(OLD), black_box(500));
                assert!(peer.close(fd));
            }
        });
    }
    let mut row = Row::new("F_DUPFD+close/from 500, 600 open", 1);
    every_peer!(subject(&mut row), Kernel);
    row
}

fn dup2_close<P: Peer>(peer: &P, new: i32) {
    assert!(peer.dup2(black_box(OLD), black_box(new)));
    assert!(peer.close(black_box(new)));
}
