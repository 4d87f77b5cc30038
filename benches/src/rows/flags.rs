//! `F_GETFD`, and whether a number is open: one load, or what else it takes.

use std::hint::black_box;

use crate::peers::{Peer, flat::Flat, kernel::Kernel};

use super::{GAP, HIGH, LOW, Row, every_peer, opened, threads};

const OPEN: usize = 64;

pub(super) fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for (range, start) in [("low", LOW), ("high", HIGH), ("gap", GAP)] {
        rows.push(flags(&format!("flags/{range}"), start, 1));
        rows.push(contains(&format!("contains/{range}"), start, 1));
    }
    rows.extend(threads().skip(1).map(|threads| flags("flags/low", LOW, threads)));
    rows
}

fn flags(name: &str, start: i32, threads: usize) -> Row {
    fn subject<P: Peer>(row: &mut Row, start: i32) {
        asked::<P, _>(row, start, |peer, fd| peer.flags(fd));
    }
    let mut row = Row::new(name, threads);
    every_peer!(subject(&mut row, start), Flat, Kernel);
    row
}

fn contains(name: &str, start: i32, threads: usize) -> Row {
    fn subject<P: Peer>(row: &mut Row, start: i32) {
        asked::<P, _>(row, start, |peer, fd| peer.contains(fd));
    }
    let mut row = Row::new(name, threads);
    every_peer!(subject(&mut row, start), Flat);
    row
}

fn asked<P: Peer, R>(
    row: &mut Row,
    start: i32,
    ask: impl Fn(&P, i32) -> R + Copy + Sync + 'static,
) {
    if start + OPEN as i32 > P::limit() {
        return;
    }
    row.threaded(P::NAME, move || {
        let peer = P::new();
        let fds: [_; OPEN] = opened(&peer, start..start + OPEN as i32).try_into().expect("as many");
        move |_, i| {
            black_box(ask(&peer, black_box(fds[i as usize % OPEN])));
        }
    });
}
