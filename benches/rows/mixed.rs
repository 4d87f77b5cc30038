//! A guest's mix: 90 in 100 lookups, 8 open and close, 2 `dup2` onto an open number.

use std::hint::black_box;

use criterion::Criterion;
use fdtable::{FdTable, Placement};

use crate::peers::{
    File, Peer, arc_swap_array::ArcSwapArray, buckets::Buckets, dashmap::Dash, mutex_map::MutexMap,
    numbered::Numbered, papaya::Papaya, rwlock_vec::RwLockVec, scc::Scc,
};

use super::{LOW, THREADS, each_peer, open_close, opened, threaded};

/// Each thread has descriptors of its own; all threads share the table and its lowest free number.
const OWN: usize = 16;

pub fn rows(c: &mut Criterion) {
    each_peer!(
        row(c, "mixed/90 read, 8 open+close, 2 dup2"):
        FdTable<File>, RwLockVec, MutexMap, Numbered<ArcSwapArray<true>>, Numbered<ArcSwapArray<false>>, Numbered<Dash>, Numbered<Papaya>,
        Numbered<Scc>, Numbered<Buckets>
    );
}

fn row<P: Peer>(c: &mut Criterion, name: &str) {
    let peer = P::new();
    let fds = opened(&peer, LOW..LOW + 4 * OWN as i32);
    for threads in THREADS {
        threaded(c, name, &peer, threads, |peer, thread, i| {
            let own = |i: u64| fds[thread * OWN + i as usize % OWN];
            // 37 has no common factor with 100: the kinds come in turn, and not in runs.
            match i * 37 % 100 {
                ..90 => assert!(black_box(peer.read(black_box(own(i)))).is_some()),
                90..98 => open_close(peer, Placement::Lowest),
                _ => assert!(peer.dup2(black_box(own(i)), black_box(own(i + 1)))),
            }
        });
    }
}
