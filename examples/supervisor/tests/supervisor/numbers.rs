//! Numbers that no ordinary supervisor's table reaches: between the low ones and the automatic
//! ones, and above the kernel's own limit.

use super::harness::{
    Dir, SUPERVISOR, can_run, command, prints, run, same, same_bash, same_python,
};

/// More numbers than the kernel may have.
const LARGE: &[&str] = &["--nofile", "65536"];

#[test]
fn bash_redirects_to_1025() {
    same_bash(&["cat"], "exec 1025>out; echo hi >&1025; exec 1025>&-; cat out");
}

#[test]
fn bash_copies_sorts_and_reads_many_files() {
    same_bash(
        &["cp", "sort", "md5sum", "seq", "cat"],
        include_str!("guests/numbers/bash_copies_sorts_and_reads_many_files.sh"),
    );
}

#[test]
fn python_duplicates_to_20000() {
    // Where the hard limit is lower, no kernel can do it natively: so what one with a larger limit
    // prints.
    let program = include_str!("guests/numbers/python_duplicates_to_20000.py");
    prints(&["python3"], LARGE, &["python3", "-c", program], "b'vm-1'\nb''\n");
}

#[test]
fn every_part_of_the_table_has_numbers() {
    // The edges: the first of the table, around bases and hot ranges, and the far end of the limit.
    let program = include_str!("guests/numbers/every_part_of_the_table_has_numbers.py");
    prints(&["python3"], LARGE, &["python3", "-c", program], "9\n10\n");
}

#[test]
fn the_lowest_number_at_or_above_a_minimum_is_found() {
    let program =
        include_str!("guests/numbers/the_lowest_number_at_or_above_a_minimum_is_found.py");
    let expected = "5000 5001 5002\n5001\n[True, True, True]\n7000 7001\n22\n22\n";
    prints(&["python3"], LARGE, &["python3", "-c", program], expected);
}

#[test]
fn pipes_and_sockets_above_1023() {
    same_bash(&["cat"], include_str!("guests/numbers/pipes_and_sockets_above_1023.sh"));
    same_python(include_str!("guests/numbers/pipes_and_sockets_above_1023.py"));
}

#[test]
fn inherited_numbers_are_kept() {
    if !can_run(&["bash", "cat"]) {
        return;
    }
    // The supervisor itself is started with 1500 open.
    let script = include_str!("guests/numbers/inherited_numbers_are_kept.sh");
    let outcome = run(command(["bash", "-c", script, "bash", SUPERVISOR], &Dir::new()));
    assert_eq!(outcome.stdout, "kept\nclosed\n", "{}", outcome.stderr);
}

#[test]
fn a_shared_offset_is_shared_with_low_numbers() {
    same_bash(
        &["cat", "head"],
        include_str!("guests/numbers/a_shared_offset_is_shared_with_low_numbers.sh"),
    );
}

#[test]
fn the_limit_is_the_tables() {
    same_python(include_str!("guests/numbers/the_limit_is_the_tables.py"));
}

#[test]
fn a_closed_standard_number_is_the_next() {
    same_python(include_str!("guests/numbers/a_closed_standard_number_is_the_next.py"));
    same(
        &["perl"],
        &["perl", "-e", include_str!("guests/numbers/a_closed_standard_number_is_the_next.pl")],
        0,
    );
    same_bash(&["cat"], include_str!("guests/numbers/a_closed_standard_number_is_the_next.sh"));
}

#[test]
fn open_numbers_are_listed() {
    same_python(include_str!("guests/numbers/open_numbers_are_listed.py"));
}

#[test]
fn a_number_has_one_spelling() {
    same_python(include_str!("guests/numbers/a_number_has_one_spelling.py"));
}

#[test]
fn a_file_can_be_duplicated_when_the_kernel_has_no_numbers_left() {
    // Also one that the kernel has, too.
    same_python(include_str!(
        "guests/numbers/a_file_can_be_duplicated_when_the_kernel_has_no_numbers_left.py"
    ));
}
