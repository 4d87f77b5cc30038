//! Databases: maps, locks, synchronization, forks of a snapshot.

use super::super::harness::{same_bash, same_python};

#[test]
fn sqlite_in_every_journal_mode() {
    same_bash(&["sqlite3"], include_str!("../guests/databases/sqlite_in_every_journal_mode.sh"));
}

#[test]
fn sqlite_has_parallel_writers() {
    same_bash(&["sqlite3"], include_str!("../guests/databases/sqlite_has_parallel_writers.sh"));
    same_python(include_str!("../guests/databases/sqlite_has_parallel_writers.py"));
}

#[test]
fn sqlite_recovers_what_a_killed_writer_left() {
    same_bash(
        &["sqlite3", "python3"],
        include_str!("../guests/databases/sqlite_recovers_what_a_killed_writer_left.sh"),
    );
}

#[test]
fn redis_appends_rewrites_and_restarts() {
    same_bash(
        &["redis-server", "redis-cli"],
        include_str!("../guests/databases/redis_appends_rewrites_and_restarts.sh"),
    );
}

#[test]
fn redis_serves_many_clients() {
    same_bash(
        &["redis-server", "redis-cli", "redis-benchmark"],
        include_str!("../guests/databases/redis_serves_many_clients.sh"),
    );
}
