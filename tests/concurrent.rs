//! Many threads on one table, every tier: what each sees at every instant, and that at rest every
//! file was dropped once and every number is free. FDTABLE_ROUNDS multiplies the rounds.

#[path = "concurrent/churn.rs"]
mod churn;
#[path = "concurrent/copies.rs"]
mod copies;
#[path = "concurrent/harness.rs"]
mod harness;
#[path = "concurrent/releases.rs"]
mod releases;
#[path = "semantics/support.rs"]
#[allow(dead_code, reason = "what only the other test binary uses")]
mod support;
#[path = "concurrent/targets.rs"]
mod targets;
