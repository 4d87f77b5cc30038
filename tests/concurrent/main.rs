//! Many threads on one table, every tier: what each sees at every instant, and that at rest every
//! file was dropped once and every number is free. FDTABLE_ROUNDS multiplies the rounds.

mod churn;
mod copies;
mod harness;
mod releases;
mod targets;
mod tasks;
