//! Shells: redirections, pipelines, jobs, and how they end.

use super::super::harness::{same, same_bash, same_dash};

#[test]
fn shell_redirections_pipelines_and_jobs() {
    for shell in ["sh", "bash"] {
        let script =
            include_str!("../guests/shells/shell_redirections_pipelines_and_jobs_of_any.sh");
        same(&[shell], &[shell, "-c", script], 0);
    }
    same_bash(&["diff"], include_str!("../guests/shells/shell_redirections_pipelines_and_jobs.sh"));
}

#[test]
fn exit_statuses() {
    for (script, code) in [
        ("exit 7", 7),
        ("false", 1),
        ("kill -9 $$", 137),
        ("kill -TERM $$", 143),
        ("no-such-program", 127),
    ] {
        same(&["bash"], &["bash", "-c", script], code);
    }
}

#[test]
fn bash_redirects_in_every_way() {
    same_bash(&["cat"], include_str!("../guests/shells/bash_redirects_in_every_way.sh"));
}

#[test]
fn bash_moves_far_descriptors() {
    same_bash(&["cat", "seq"], include_str!("../guests/shells/bash_moves_far_descriptors.sh"));
}

#[test]
fn here_documents_of_all_sizes() {
    same_bash(&["seq", "md5sum"], include_str!("../guests/shells/here_documents_of_all_sizes.sh"));
}

#[test]
fn process_substitution_both_ways() {
    same_bash(
        &["tee", "paste", "sort", "diff"],
        include_str!("../guests/shells/process_substitution_both_ways.sh"),
    );
}

#[test]
fn background_jobs_and_coprocesses() {
    same_bash(&["sleep"], include_str!("../guests/shells/background_jobs_and_coprocesses.sh"));
}

#[test]
fn long_pipelines() {
    same_bash(&["cat", "seq", "head", "tr"], include_str!("../guests/shells/long_pipelines.sh"));
    same_dash(include_str!("../guests/shells/long_pipelines_dash.sh"));
}

#[test]
fn dash_redirects() {
    same_dash(include_str!("../guests/shells/dash_redirects_dash.sh"));
}

#[test]
fn statuses_of_signals() {
    // 128 + n, from whichever depth the signal comes.
    for (signal, code) in [
        ("HUP", 129),
        ("ABRT", 134),
        ("KILL", 137),
        ("SEGV", 139),
        ("PIPE", 141),
        ("ALRM", 142),
        ("USR2", 140),
    ] {
        let script = format!("ulimit -c 0; kill -{signal} $$");
        same(&["bash"], &["bash", "-c", &script], code);
        let script = format!("bash -c 'ulimit -c 0; kill -{signal} $$' 2>/dev/null; echo $?");
        same(&["dash", "bash"], &["dash", "-c", &script], 0);
    }
    same(&["dash"], &["dash", "-c", "exec /etc/passwd"], 126);
    same(&["dash"], &["dash", "-c", "exec no-such-program"], 127);
}

#[test]
fn scripts_and_interpreters() {
    same_bash(
        &["cat", "chmod", "env"],
        include_str!("../guests/shells/scripts_and_interpreters.sh"),
    );
}

#[test]
fn zsh_works() {
    same(&["zsh"], &["zsh", "-f", "-c", include_str!("../guests/shells/zsh_works.zsh")], 0);
}
