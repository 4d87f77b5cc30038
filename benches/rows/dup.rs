//! Putting a file onto a given number, or onto the lowest from a minimum on.

use std::hint::black_box;

use criterion::Criterion;
use fdtable::FdTable;

use crate::peers::{
    File, Peer, arc_swap_array::ArcSwapArray, buckets::Buckets, dashmap::Dash, kernel::Kernel,
    mutex_map::MutexMap, numbered::Numbered, papaya::Papaya, rwlock_vec::RwLockVec, scc::Scc,
};

use super::{GAP, LOW, THREADS, each_peer, opened, threaded};

/// From one descriptor to another.
const OLD: i32 = LOW;
const OPEN: i32 = LOW + 3;
const FREE: i32 = LOW + 600;

macro_rules! peers {
    ($row:ident($($arg:expr),*)) => {
        each_peer!(
            $row($($arg),*):
            FdTable<File>, RwLockVec, MutexMap, Numbered<ArcSwapArray<true>>, Numbered<Dash>, Numbered<Papaya>, Numbered<Scc>,
            Numbered<Buckets>, Kernel
        )
    };
}

pub fn rows(c: &mut Criterion) {
    peers!(onto_open(c, "dup2/onto an open number"));
    peers!(onto_free(c, "dup2+close/onto a free number", FREE, &THREADS));
    peers!(onto_free(c, "dup2+close/onto a lone gap number", GAP, &THREADS));
    peers!(beside_open(c, "dup2+close/onto a gap number beside an open one"));
    peers!(from_minimum(c, "F_DUPFD+close/from 500, all open up to 600"));
}

/// A table with the first numbers open.
fn with_open<P: Peer>(end: i32) -> P {
    let peer = P::new();
    opened(&peer, 0..end);
    peer
}

fn onto_open<P: Peer>(c: &mut Criterion, name: &str) {
    let peer: P = with_open(8);
    for threads in THREADS {
        threaded(c, name, &peer, threads, |peer, thread, _| {
            assert!(peer.dup2(black_box(OLD), black_box(OPEN + thread as i32)));
        });
    }
}

fn onto_free<P: Peer>(c: &mut Criterion, name: &str, start: i32, threads: &[usize]) {
    let peer: P = with_open(8);
    for &threads in threads {
        threaded(c, name, &peer, threads, |peer, thread, _| {
            dup2_close(peer, start + 64 * thread as i32);
        });
    }
}

fn beside_open<P: Peer>(c: &mut Criterion, name: &str) {
    let peer: P = with_open(8);
    assert!(peer.dup2(OLD, GAP + 1));
    threaded(c, name, &peer, 1, |peer, _, _| dup2_close(peer, GAP));
}

fn from_minimum<P: Peer>(c: &mut Criterion, name: &str) {
    let peer: P = with_open(600);
    threaded(c, name, &peer, 1, |peer, _, _| {
        let fd = peer.dup_from(black_box(OLD), black_box(500));
        assert!(peer.close(fd));
    });
}

fn dup2_close<P: Peer>(peer: &P, new: i32) {
    assert!(peer.dup2(black_box(OLD), black_box(new)));
    assert!(peer.close(black_box(new)));
}
