//! What each case gives: Linux's result and errno, over every tier, and what is dropped when.
//! docs/SEMANTICS.md says which test shows which case; `documentation` holds it to that.

mod bad_numbers;
mod callbacks;
mod clofork;
mod close_range;
mod closes;
mod copies;
mod documentation;
mod exec_fork;
mod failures;
mod handles;
mod limits;
mod lowered_limit;
mod new_numbers;
mod open_files;
mod panics;
mod races;
mod reserve;
mod reserve_many;
mod same_number;
mod walks;
