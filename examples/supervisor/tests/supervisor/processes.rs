//! fork, exec and exit: whose table is whose.

use std::ffi::OsString;

use super::harness::{Dir, can_run, command, run, same, same_bash, same_python, skip, supervised};

#[test]
fn a_script_is_never_busy() {
    // What still has it open for writing when the guest goes on would make it ETXTBSY.
    same_bash(&["sh", "chmod"], include_str!("guests/processes/a_script_is_never_busy.sh"));
}

#[test]
fn two_hundred_forks_with_open_files() {
    same_python(include_str!("guests/processes/two_hundred_forks_with_open_files.py"));
    same_bash(&["cat"], include_str!("guests/processes/two_hundred_forks_with_open_files.sh"));
}

#[test]
fn a_childs_close_is_its_own() {
    same_python(include_str!("guests/processes/a_childs_close_is_its_own.py"));
}

#[test]
fn exec_closes_what_is_close_on_exec() {
    same_bash(&["python3"], include_str!("guests/processes/exec_closes_what_is_close_on_exec.sh"));
}

#[test]
fn a_failed_exec_closes_nothing() {
    same_python(include_str!("guests/processes/a_failed_exec_closes_nothing.py"));
}

#[test]
fn nobody_sees_by_what_the_supervisor_sees_an_exec() {
    same_python(include_str!(
        "guests/processes/nobody_sees_by_what_the_supervisor_sees_an_exec.py"
    ));
}

#[test]
fn what_is_ignored_stays_so() {
    // The supervisor itself must not ignore the end of its children, and Rust ignores the other.
    if !can_run(&["bash", "grep"]) {
        return;
    }
    let guest = ["bash", "-c", "grep SigIgn /proc/self/status; exit 3"];
    for signals in ["CHLD PIPE", "CHLD", "PIPE", "USR2"] {
        let ignoring = |guest: Vec<OsString>| {
            let script = format!("trap '' {signals}; exec \"$@\"");
            let shell = ["bash", "-c", &script, "bash"].map(OsString::from);
            run(command(shell.into_iter().chain(guest), &Dir::new()))
        };
        let natively = ignoring(guest.map(OsString::from).to_vec());
        assert_eq!(natively, ignoring(supervised(&[], &guest)), "{signals}");
        assert_eq!(natively.code, 3);
    }
}

#[test]
fn what_is_closed_stays_so() {
    if !can_run(&["bash", "cat"]) {
        return;
    }
    let guest = ["bash", "-c", include_str!("guests/processes/what_is_closed_stays_so.sh")];
    for closed in ["<&-", ">&-", "2>&-", "<&- >&-", "<&- >&- 2>&-"] {
        let without = |guest: Vec<OsString>| {
            let script = format!("\"$@\" {closed}");
            let shell = ["bash", "-c", &script, "bash"].map(OsString::from);
            run(command(shell.into_iter().chain(guest), &Dir::new()))
        };
        let natively = without(guest.map(OsString::from).to_vec());
        assert_eq!(without(supervised(&[], &guest)), natively, "{closed}");
        assert_eq!(natively.code, 4);
    }
}

#[test]
fn an_exec_while_another_thread_closes_all_numbers() {
    // Also the one by which the supervisor sees how an exec goes.
    same_python(include_str!(
        "guests/processes/an_exec_while_another_thread_closes_all_numbers.py"
    ));
}

#[test]
fn an_exec_while_another_thread_has_files_of_its_own() {
    // Such a thread does not have the descriptor by which the supervisor sees how an exec goes, or
    // has one that was its own exec's.
    for own_exec in ["pass", "libc.execv(b'/no/such', argv)"] {
        same_python(
            &include_str!("guests/processes/an_exec_while_another_thread_has_files_of_its_own.py")
                .replace("OWN_EXEC", own_exec),
        );
    }
}

#[test]
fn the_last_close_is_seen_at_once() {
    // flock goes with the open file description: held until the last descriptor of any process is
    // gone.
    same_python(include_str!("guests/processes/the_last_close_is_seen_at_once.py"));
}

#[test]
fn a_successful_exec_lets_go_at_once() {
    // The program makes no call that is intercepted. Popen returns when a close-on-exec pipe says
    // that the exec has succeeded: from then on the child does not have the script open any more.
    same_bash(
        &["gcc", "python3"],
        include_str!("guests/processes/a_successful_exec_lets_go_at_once.sh"),
    );
}

#[test]
fn a_child_has_what_was_open_at_the_fork() {
    // The child is seen only by its effects: it makes its first call on the file long after its
    // parent has changed the table.
    same_python(include_str!("guests/processes/a_child_has_what_was_open_at_the_fork.py"));
}

#[test]
fn what_was_placed_is_closed_by_exec_too() {
    same_python(include_str!("guests/processes/what_was_placed_is_closed_by_exec_too.py"));
}

#[test]
fn orphans_keep_their_files() {
    // The process between has often ended before anybody has seen it.
    same_bash(&["cat"], include_str!("guests/processes/orphans_keep_their_files.sh"));
}

#[test]
fn a_child_with_the_id_of_a_thread_that_has_ended() {
    if !can_run(&["python3", "unshare"]) {
        return;
    }
    // In a namespace of their own, as they set the id that is the next: some day it comes round.
    let program =
        include_str!("guests/processes/a_child_with_the_id_of_a_thread_that_has_ended.py");
    let guest = ["python3", "-c", program];
    let alone = |words: Vec<OsString>| {
        let unshare = ["unshare", "--pid", "--fork", "--mount-proc"].map(OsString::from);
        run(command(unshare.into_iter().chain(words), &Dir::new()))
    };
    let natively = alone(guest.map(OsString::from).to_vec());
    if natively.stdout.is_empty() {
        return skip(&natively.stderr);
    }
    assert_eq!(natively.stdout, "True 7 f\n");
    // One handler: a further one, which starts when it is needed, could take the id.
    assert_eq!(alone(supervised(&["--handlers", "1"], &guest)), natively);
}

#[test]
fn vfork_and_spawn() {
    same_python(include_str!("guests/processes/vfork_and_spawn.py"));
}

#[test]
fn threads_fork_and_exec_at_once() {
    same_python(include_str!("guests/processes/threads_fork_and_exec_at_once.py"));
}

#[test]
fn signals_during_system_calls() {
    same_python(include_str!("guests/processes/signals_during_system_calls.py"));
}

#[test]
fn a_program_by_descriptor() {
    same_python(include_str!("guests/processes/a_program_by_descriptor.py"));
    same(&["sh"], &["sh", "-c", "exec sh -c 'exec sh -c \"exit 5\"'"], 5);
}
