//! What works on files: the core utilities, archives and filters.

use super::super::harness::same_bash;

#[test]
fn coreutils() {
    same_bash(
        &["cat", "cp", "ls", "mv", "wc", "sort", "head", "tail", "dd", "stat"],
        include_str!("../guests/files/coreutils.sh"),
    );
}

#[test]
fn grep_sed_and_awk() {
    same_bash(
        &["grep", "sed", "awk", "find", "xargs"],
        include_str!("../guests/files/grep_sed_and_awk.sh"),
    );
}

#[test]
fn tar_and_gzip_round_trip() {
    same_bash(&["tar", "gzip"], include_str!("../guests/files/tar_and_gzip_round_trip.sh"));
}

#[test]
fn coreutils_on_directories() {
    same_bash(
        &[
            "install", "rmdir", "ln", "readlink", "realpath", "touch", "chmod", "du", "truncate",
            "mktemp",
        ],
        include_str!("../guests/files/coreutils_on_directories.sh"),
    );
}

#[test]
fn coreutils_on_text() {
    same_bash(
        &[
            "cut", "paste", "join", "comm", "split", "csplit", "tac", "shuf", "od", "tee", "uniq",
            "tr", "nl", "fold",
        ],
        include_str!("../guests/files/coreutils_on_text.sh"),
    );
}

#[test]
fn dd_seeks_truncates_and_synchronizes() {
    same_bash(&["dd"], include_str!("../guests/files/dd_seeks_truncates_and_synchronizes.sh"));
}

#[test]
fn copies_by_reference_and_of_holes() {
    same_bash(
        &["cp", "stat", "fallocate"],
        include_str!("../guests/files/copies_by_reference_and_of_holes.sh"),
    );
}

#[test]
fn tar_keeps_everything() {
    same_bash(&["tar", "find"], include_str!("../guests/files/tar_keeps_everything.sh"));
}

#[test]
fn compressors_round_trip() {
    same_bash(&["gzip", "xz", "tar"], include_str!("../guests/files/compressors_round_trip.sh"));
}

#[test]
fn more_archivers() {
    same_bash(&["bzip2", "zstd", "cpio"], include_str!("../guests/files/more_archivers.sh"));
}

#[test]
fn find_looks_everywhere() {
    same_bash(&["find", "xargs", "grep"], include_str!("../guests/files/find_looks_everywhere.sh"));
}

#[test]
fn sed_and_awk_write_files() {
    same_bash(&["sed", "awk"], include_str!("../guests/files/sed_and_awk_write_files.sh"));
}

#[test]
fn grep_reads_all_kinds() {
    same_bash(&["grep"], include_str!("../guests/files/grep_reads_all_kinds.sh"));
}

#[test]
fn patch_and_diff() {
    same_bash(&["patch", "diff", "cmp"], include_str!("../guests/files/patch_and_diff.sh"));
}

#[test]
fn a_static_program() {
    same_bash(&["busybox"], include_str!("../guests/files/a_static_program.sh"));
}

#[test]
fn a_log_is_followed_and_rotated() {
    same_bash(
        &["tail", "timeout"],
        include_str!("../guests/files/a_log_is_followed_and_rotated.sh"),
    );
}

#[test]
fn locks_between_processes() {
    same_bash(&["flock"], include_str!("../guests/files/locks_between_processes.sh"));
}

#[test]
fn vim_edits_and_jq_filters() {
    same_bash(&["vim"], include_str!("../guests/files/vim_edits.sh"));
    same_bash(&["jq"], include_str!("../guests/files/jq_filters.sh"));
}
