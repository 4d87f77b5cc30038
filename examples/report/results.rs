//! All that was measured.

use super::{memory::Weight, samples::Measured, tails::Tail};

pub struct Results {
    pub rows: Vec<Measured>,
    pub tails: Vec<Tail>,
    pub weights: Vec<Weight>,
}
