//! Looking a descriptor up: a counted reference is taken, used and given up.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion};
use fdtable::{FdTable, Placement};

use crate::peers::{
    File, Peer, arc_swap_array::ArcSwapArray, buckets::Buckets, dashmap::Dash, mutex_map::MutexMap,
    numbered::Numbered, papaya::Papaya, rwlock_vec::RwLockVec, scc::Scc, sharded_slab::ShardedSlab,
};

use super::{GAP, HIGH, LOW, THREADS, beside, each_peer, open_close, opened, threaded};

/// Each thread looks up this many descriptors of its own, or all threads one.
const OWN: usize = 16;

macro_rules! peers {
    ($row:ident($($arg:expr),*)) => {
        each_peer!(
            $row($($arg),*):
            FdTable<File>, Numbered<ArcSwapArray<false>>, Numbered<ArcSwapArray<true>>, RwLockVec, MutexMap, Numbered<Dash>, Numbered<Papaya>,
            Numbered<Scc>, Numbered<Buckets>, ShardedSlab
        )
    };
}

pub fn rows(c: &mut Criterion) {
    for (name, start) in [("low", LOW), ("high", HIGH), ("gap", GAP)] {
        let name = &format!("lookup/own/{name}");
        peers!(own(c, name, start));
    }
    peers!(shared(c, "lookup/one shared"));
    peers!(beside_writer(c, "lookup/beside a writer"));
}

fn own<P: Peer>(c: &mut Criterion, name: &str, start: i32) {
    let peer = P::new();
    let fds = opened(&peer, start..start + 4 * OWN as i32);
    for threads in THREADS {
        threaded(c, name, &peer, threads, |peer, thread, i| {
            look_up(peer, fds[thread * OWN + i as usize % OWN]);
        });
    }
}

fn shared<P: Peer>(c: &mut Criterion, name: &str) {
    let peer = P::new();
    let fd = opened(&peer, LOW..LOW + 1)[0];
    for threads in THREADS {
        threaded(c, name, &peer, threads, |peer, _, _| look_up(peer, fd));
    }
}

/// While another thread opens and closes all the time.
fn beside_writer<P: Peer>(c: &mut Criterion, name: &str) {
    let peer = P::new();
    let fds = opened(&peer, LOW..LOW + OWN as i32);
    c.benchmark_group(name).bench_function(BenchmarkId::new(P::NAME, 1), |b| {
        let write = || open_close(&peer, Placement::Lowest);
        b.iter_custom(|iters| beside(&write, iters, &|i| look_up(&peer, fds[i as usize % OWN])));
    });
}

fn look_up<P: Peer>(peer: &P, fd: i32) {
    let id = peer.read(black_box(fd));
    assert!(black_box(id).is_some());
}
