//! What each case gives: Linux's result and errno, over every tier, and what is dropped when.
//! docs/SEMANTICS.md says which test shows which case; `documentation` holds it to that.

#[path = "semantics/callbacks.rs"]
mod callbacks;
#[path = "semantics/close_range.rs"]
mod close_range;
#[path = "semantics/documentation.rs"]
mod documentation;
#[path = "semantics/exec_fork.rs"]
mod exec_fork;
#[path = "semantics/limits.rs"]
mod limits;
#[path = "semantics/races.rs"]
mod races;
#[path = "semantics/reserve.rs"]
mod reserve;
#[path = "semantics/same_number.rs"]
mod same_number;
#[path = "semantics/support.rs"]
mod support;
