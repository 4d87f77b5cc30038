//! A guest's mix: 90 in 100 lookups, 8 open and close, 2 `dup2` onto an open number.

use std::hint::black_box;

use fdtable::Placement;

use crate::peers::{Peer, arc_swap_array::ArcSwapArray, numbered::Numbered};

use super::{LOW, Row, every_peer, open_close, opened, threads};

/// Each thread has descriptors of its own; all share the table and its lowest free number.
const OWN: usize = 16;

pub(super) fn rows() -> Vec<Row> {
    threads().map(row).collect()
}

fn row(threads: usize) -> Row {
    let mut row = Row::new("mixed/90 lookup, 8 open+close, 2 dup2", threads);
    every_peer!(subject(&mut row), Numbered<ArcSwapArray<false>>);
    row
}

fn subject<P: Peer>(row: &mut Row) {
    let threads = row.threads;
    row.threaded(P::NAME, move || {
        let peer = P::new();
        let fds = opened(&peer, LOW..LOW + (threads * OWN) as i32);
        let (fds, _) = fds.as_chunks::<OWN>();
        let fds = fds.to_vec();
        move |thread, i| {
            let own = |i: u64| fds[thread][i as usize % OWN];
            // 37 has no common factor with 100: the kinds come in turn, and not in runs.
            match i * 37 % 100 {
                ..90 => assert!(black_box(peer.read(black_box(own(i)))).is_some()),
                90..98 => open_close(&peer, Placement::Lowest),
                _ => assert!(peer.dup2(black_box(own(i)), black_box(own(i + 1)))),
            }
        }
    });
}
