//! What developers run: git, compilers, make, cargo.

use super::super::harness::{same, same_bash};

#[test]
fn git_works() {
    same_bash(&["git"], include_str!("../guests/development/git_works.sh"));
}

#[test]
fn a_compiler_and_what_it_made() {
    same_bash(&["gcc"], include_str!("../guests/development/a_compiler_and_what_it_made.sh"));
}

#[test]
fn make_runs_jobs() {
    same_bash(&["make", "gcc"], include_str!("../guests/development/make_runs_jobs.sh"));
}

#[test]
fn perl_reads_and_writes() {
    same(
        &["perl"],
        &["perl", "-e", include_str!("../guests/development/perl_reads_and_writes.pl")],
        0,
    );
}
#[test]
fn git_packs_and_clones() {
    same_bash(&["git"], include_str!("../guests/development/git_packs_and_clones.sh"));
}

#[test]
fn git_rewrites_and_searches() {
    same_bash(&["git"], include_str!("../guests/development/git_rewrites_and_searches.sh"));
}

#[test]
fn make_builds_a_library_in_parallel() {
    same_bash(
        &["make", "gcc", "ar"],
        include_str!("../guests/development/make_builds_a_library_in_parallel.sh"),
    );
}

#[test]
fn a_compiler_complains_and_links() {
    same_bash(
        &["gcc", "ld"],
        include_str!("../guests/development/a_compiler_complains_and_links.sh"),
    );
}

#[test]
fn cargo_builds_a_crate() {
    // The very toolchain that runs this test, not a wrapper that looks for one at home.
    let cargo = env!("CARGO");
    let script = include_str!("../guests/development/cargo_builds_a_crate.sh");
    let script = format!("set -e; {script}");
    same(&["bash", "gcc"], &["bash", "-c", &script, "bash", cargo], 0);
}

#[test]
fn perl_in_every_way() {
    same_bash(&["perl"], include_str!("../guests/development/perl_in_every_way.sh"));
}

#[test]
fn other_interpreters() {
    same(
        &["lua5.4"],
        &["lua5.4", "-e", include_str!("../guests/development/other_interpreters.lua")],
        0,
    );
    same_bash(&["node"], include_str!("../guests/development/node_runs.sh"));
    same_bash(&["bc", "m4"], include_str!("../guests/development/bc_and_m4_run.sh"));
}

#[test]
fn a_tracer_traces_a_guest() {
    same_bash(&["strace"], include_str!("../guests/development/a_tracer_traces_a_guest.sh"));
}

#[test]
fn a_terminal_is_a_terminal() {
    same_bash(&["script"], include_str!("../guests/development/a_terminal_is_a_terminal.sh"));
}
