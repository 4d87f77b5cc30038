//! All that was measured.

use super::{
    forks::Beside,
    memory::Weight,
    programs::Ran,
    samples::Measured,
    supervised::{Rate, Supervised},
    tails::Tail,
};

#[derive(Default)]
pub struct Results {
    pub rows: Vec<Measured>,
    pub tails: Vec<Tail>,
    pub forks: Vec<Beside>,
    pub weights: Vec<Weight>,
    pub supervised: Vec<Supervised>,
    pub rates: Vec<Rate>,
    pub programs: Vec<Ran>,
    /// Why there is nothing about supervisors, if so.
    pub unsupervised: Option<String>,
}
