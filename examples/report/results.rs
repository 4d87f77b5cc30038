//! All that was measured.

use super::{memory::Weight, samples::Measured, supervised::Supervised, tails::Tail};

pub struct Results {
    pub rows: Vec<Measured>,
    pub tails: Vec<Tail>,
    pub weights: Vec<Weight>,
    /// Or why not.
    pub supervised: Result<Vec<Supervised>, String>,
}
