//! Whose table is whose within a process, what goes into it, and how a person sees it.

use std::ffi::OsString;

use super::harness::{
    Dir, NOFILE, can_run, command, run, same, same_bash, same_python, supervised,
};

/// Python: `locked`, which is 0 if another process may lock `f`, or the errno.
const LOCKED: &str = include_str!("guests/tables/locked.py");

#[test]
fn threads_with_files_of_their_own() {
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/supervisor/guests/tables/threads.c");
    same_bash(&["gcc"], &format!("gcc -w -pthread -o threads {source}; ./threads"));
}

#[test]
fn a_lock_through_a_small_number_goes_with_a_close_in_the_table() {
    // What is only read has a number of the kernel's, and what is written one of the table's: the
    // lock is the process's, however the number in the table is closed.
    let program = include_str!(
        "guests/tables/a_lock_through_a_small_number_goes_with_a_close_in_the_table.py"
    );
    same_python(&[LOCKED, program].concat());
}

#[test]
fn a_lock_goes_with_a_close_on_exec() {
    for stays in ["True", "False"] {
        let program = include_str!("guests/tables/a_lock_goes_with_a_close_on_exec.py");
        same_python(&[LOCKED, &program.replace("STAYS", stays)].concat());
    }
}

#[test]
fn who_has_given_up_rights_has_none_to_what_is_open() {
    // As root: who is not has none to give up.
    same_python(include_str!("guests/tables/who_has_given_up_rights_has_none_to_what_is_open.py"));
}

#[test]
fn what_another_thread_has_closed_is_free_at_once() {
    // Though it makes no call after that, nor is told to.
    same_python(include_str!("guests/tables/what_another_thread_has_closed_is_free_at_once.py"));
}

#[test]
fn a_new_file_has_the_rights_that_its_directory_gives() {
    // A default ACL: then the umask does not count. Where there are none, it does.
    same_python(include_str!(
        "guests/tables/a_new_file_has_the_rights_that_its_directory_gives.py"
    ));
}

#[test]
fn an_open_that_waits_for_a_lease_can_be_interrupted() {
    // The kernel would let it wait for 45 seconds, and a handler with it.
    for path in ["'f'", "'/proc/self/fd/%d' % w"] {
        same_python(
            &include_str!("guests/tables/an_open_that_waits_for_a_lease_can_be_interrupted.py")
                .replace("PATH", path),
        );
    }
}

#[test]
fn who_may_set_whose_limits() {
    same_python(include_str!("guests/tables/who_may_set_whose_limits.py"));
}

#[test]
fn limits_of_processes_in_a_namespace_of_their_own() {
    // Their ids differ from those that the supervisor sees. Without the right to make a namespace,
    // the script prints the error.
    same_bash(
        &["unshare", "python3"],
        include_str!("guests/tables/limits_of_processes_in_a_namespace_of_their_own.sh"),
    );
}

#[test]
fn a_program_without_all_that_root_can_have() {
    // It has lost it by its exec, from the bounding set and by SECBIT_NOROOT.
    for drop in ["[libc.prctl(24, n, 0, 0, 0) for n in range(64)]", "libc.prctl(28, 1, 0, 0, 0)"] {
        same_python(
            &include_str!("guests/tables/a_program_without_all_that_root_can_have.py")
                .replace("DROP", drop),
        );
    }
}

#[test]
fn a_file_size_limit_is_one_of_ftruncate_too() {
    let program = include_str!("guests/tables/a_file_size_limit_is_one_of_ftruncate_too.py");
    same(&["python3"], &["python3", "-c", program, "own"], 0);
    if !can_run(&["bash", "python3"]) {
        return;
    }
    // And of one that the supervisor itself was started with.
    let limited = |words: Vec<OsString>| {
        let shell = ["bash", "-c", "ulimit -f 2; exec \"$@\"", "bash"].map(OsString::from);
        run(command(shell.into_iter().chain(words), &Dir::new()))
    };
    let guest = ["python3", "-c", program];
    assert_eq!(limited(supervised(&[], &guest)), limited(guest.map(Into::into).to_vec()));
}

#[test]
fn another_users_file_in_a_sticky_directory() {
    // Where fs.protected_regular is set, O_CREAT is EACCES there. As root: who is not has no file
    // of another.
    same_python(include_str!("guests/tables/another_users_file_in_a_sticky_directory.py"));
}

#[test]
fn whose_limits_nobody_may_set_can_execute_programs() {
    // As root without all that root can have: then nobody is the owner of such a process.
    same_python(include_str!("guests/tables/whose_limits_nobody_may_set_can_execute_programs.py"));
}

#[test]
fn a_thread_may_ask_for_its_limits_by_its_own_id() {
    same_python(include_str!("guests/tables/a_thread_may_ask_for_its_limits_by_its_own_id.py"));
}

#[test]
fn when_the_kernel_has_no_numbers_left_the_table_has() {
    if !can_run(&["python3"]) {
        return;
    }
    let program =
        include_str!("guests/tables/when_the_kernel_has_no_numbers_left_the_table_has.py");
    let words = supervised(&["--nofile", &NOFILE, "--stats"], &["python3", "-c", program]);
    let outcome = run(command(words, &Dir::new()));
    assert_eq!((outcome.stdout.as_str(), outcome.code), ("100\nTrue\n", 0), "{outcome:?}");
    assert!(outcome.stderr.ends_with("\n0 descriptors of guests left open\n"), "{outcome:?}");
}

#[test]
fn a_signal_dumps_the_tables() {
    if !can_run(&["bash", "cat", "grep", "sleep"]) {
        return;
    }
    // Sent to the supervisor and to its stand-in, which is the one that a user knows.
    let watcher = "$(cut -d' ' -f4 /proc/$PPID/stat)";
    let stand_in = format!("$(cut -d' ' -f4 /proc/{watcher}/stat)");
    for receiver in ["$PPID", &stand_in] {
        let guest = include_str!("guests/tables/a_signal_dumps_the_tables.sh")
            .replace("RECEIVER", receiver);
        let words = supervised(&[], &["bash", "-c", &guest]);
        let dir = Dir::new();
        let mut script = command(["bash", "-c", "exec \"$@\" 2>err", "bash"], &dir);
        script.args(words);
        let outcome = run(script);
        assert_eq!(outcome.code, 5, "{outcome:?}");
        let has = |start, part| {
            outcome.stdout.lines().any(|line| line.starts_with(start) && line.contains(part))
        };
        assert!(has("l-wx------   1025 -> ", "/out"), "{outcome:?}");
        assert!(has("lrwx------   1026 -> ", "/both"), "{outcome:?}");
        assert!(has("lr-x------   1027 -> ", "/dev/null"), "{outcome:?}");
    }
}
