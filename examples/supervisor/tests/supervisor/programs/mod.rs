//! Ordinary programs, natively and supervised.

mod databases;
mod development;
mod files;
mod python;
mod shells;
