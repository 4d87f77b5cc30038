//! The spare chunk: no empty chunk is forgotten, whichever threads empty which chunks. Two chunks,
//! by their words alone, are reclaimed as the gap does it.

use std::sync::Arc;

use super::{
    Bound::{Exhaustive, Preemptions},
    support::{both, check, three},
};
use crate::{
    sync::Ordering,
    table::{
        number::Number,
        occupancy::Occupancy,
        spare::{Emptied, Spare},
    },
};

/// The chunks of the numbers 4 and 5, 6 and 7.
struct Chunks {
    spare: Spare,
    claims: [Occupancy; 2],
}

impl Chunks {
    /// With the bits of 4 and 6 claimed. The chunk of 4 has been left empty twice, and has stayed.
    fn new() -> Arc<Self> {
        let chunks = Self { spare: Spare::none(), claims: [Occupancy::new(1), Occupancy::new(1)] };
        assert_eq!(chunks.spare.emptied(Number(4)), Emptied::Goes(None));
        assert_eq!(chunks.spare.emptied(Number(4)), Emptied::Stays);
        Arc::new(chunks)
    }

    fn claims(&self, chunk: u32) -> &Occupancy {
        &self.claims[chunk as usize / 2 - 2]
    }

    fn release(&self, number: u32) {
        let (chunk, slot) = (number & !1, number as usize % 2);
        if self.claims(chunk).release(slot).left_empty() {
            self.emptied(chunk);
        }
    }

    fn emptied(&self, chunk: u32) {
        if let Emptied::Goes(spare) = self.spare.emptied(Number(chunk)) {
            self.claims(chunk).kill();
            spare.into_iter().for_each(|Number(chunk)| _ = self.claims(chunk).kill());
        }
    }

    /// Claims the bit of a number, unless the chunk is dead, and releases it.
    fn use_once(&self, number: u32) {
        let claimed = self.claims(number & !1).claim(number as usize % 2);
        if claimed.is_ok() {
            self.release(number);
        }
    }

    /// Reclaims the spare chunk, as the next one that empties does: then no empty one is left.
    fn finish(&self) {
        let is_forgotten = |claims: &Occupancy| {
            let state = claims.load(Ordering::Acquire);
            !state.is_dead() && state.first_set(0).is_none()
        };
        let empty = self.claims.iter().filter(|claims| is_forgotten(claims)).count();
        assert!(empty <= 1, "one stays at the most");
        if let Emptied::Goes(Some(Number(spare))) = self.spare.emptied(Number(64)) {
            self.claims(spare).kill();
        }
        assert!(!self.claims.iter().any(is_forgotten), "an empty chunk is forgotten");
    }
}

#[test]
fn emptied_against_another() {
    check("spare: release in the spare || release in another", Exhaustive, || {
        let chunks = Chunks::new();
        both(&chunks, |c| c.release(4), |c| c.release(6));
        chunks.finish();
    });
}

/// The empty spare chunk is used once more while another chunk empties.
#[test]
fn used_against_another() {
    check("spare: claim, release in the spare || release in another", Exhaustive, || {
        let chunks = Chunks::new();
        chunks.release(4);
        both(&chunks, |c| c.use_once(5), |c| c.release(6));
        chunks.finish();
    });
}

#[test]
fn emptied_and_used_against_another() {
    check("spare: release || claim, release in the spare || release", Preemptions(3), || {
        let chunks = Chunks::new();
        three(&chunks, |c| c.release(4), |c| c.use_once(5), |c| c.release(6));
        chunks.finish();
    });
}
