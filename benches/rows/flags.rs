//! `F_GETFD`: one load, or what else it takes.

use std::hint::black_box;

use criterion::Criterion;
use fdtable::FdTable;

use crate::peers::{
    File, Peer, arc_swap_array::ArcSwapArray, buckets::Buckets, dashmap::Dash, flat::Flat,
    kernel::Kernel, mutex_map::MutexMap, numbered::Numbered, papaya::Papaya, rwlock_vec::RwLockVec,
    scc::Scc,
};

use super::{GAP, HIGH, LOW, each_peer, opened, reaches, threaded};

const OPEN: usize = 64;

pub fn rows(c: &mut Criterion) {
    for (name, start) in [("low", LOW), ("high", HIGH), ("gap", GAP)] {
        let name = &format!("flags/{name}");
        each_peer!(
            row(c, name, start, &[1]):
            Flat, FdTable<File>, RwLockVec, MutexMap, Numbered<ArcSwapArray<false>>, Numbered<Dash>, Numbered<Papaya>, Numbered<Scc>,
            Numbered<Buckets>, Kernel
        );
    }
    each_peer!(row(c, "flags/low", LOW, &[2, 4]): Flat, FdTable<File>, RwLockVec, Numbered<Buckets>, Kernel);
}

fn row<P: Peer>(c: &mut Criterion, name: &str, start: i32, threads: &[usize]) {
    let peer = P::new();
    if !reaches(&peer, name, start + OPEN as i32) {
        return;
    }
    let fds = opened(&peer, start..start + OPEN as i32);
    for &threads in threads {
        threaded(c, name, &peer, threads, |peer, _, i| {
            black_box(peer.flags(black_box(fds[i as usize % OPEN])));
        });
    }
}
