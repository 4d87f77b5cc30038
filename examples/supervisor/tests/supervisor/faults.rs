//! What goes wrong, in the guest or in the supervisor, stays small.

use std::{
    ffi::OsString,
    fs,
    os::unix::process::CommandExt,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use super::harness::{BEYOND, Dir, Outcome, can_run, command, run, supervised};

#[test]
fn a_handler_that_panics_is_an_io_error() {
    if !can_run(&["python3"]) {
        return;
    }
    let program = include_str!("guests/faults/a_handler_that_panics_is_an_io_error.py");
    let words = supervised(
        &[&["--inject-panic", "ftruncate"], BEYOND].concat(),
        &["python3", "-c", program],
    );
    let Outcome { stdout, stderr, .. } = run(command(words, &Dir::new()));
    assert_eq!(stdout, format!("{}b'alive'\n", "5 ".repeat(9)));
    assert!(stderr.contains("injected into ftruncate"));
}

#[test]
fn guests_die_with_their_supervisor() {
    if !can_run(&["bash", "sleep"]) {
        return;
    }
    // Whichever of the three processes goes, the guests go: also grandchildren, and those in other
    // sessions. A signal to the whole process group takes two of them at once.
    for victim in ["stand-in", "watcher", "supervisor", "group"] {
        let dir = Dir::new();
        let script = include_str!("guests/faults/guests_die_with_their_supervisor.sh");
        let words = supervised(&[], &["bash", "-c", script]);
        let mut started = command(words, &dir);
        let mut child = started.stderr(Stdio::null()).process_group(0).spawn().unwrap();
        let pid = |name: &str| -> Option<u32> {
            fs::read_to_string(dir.0.join(name)).ok()?.trim().parse().ok()
        };
        wait_until("the guests to start", || pid("grandchild").is_some());
        let stand_in = i64::from(child.id());
        let victim = match victim {
            "stand-in" => stand_in,
            "group" => -stand_in,
            process => pid(process).unwrap().into(),
        };
        let kill = Command::new("kill").args(["-9", "--", &victim.to_string()]).status();
        assert!(kill.unwrap().success());
        child.wait().unwrap();
        let grandchild = pid("grandchild").unwrap();
        wait_until("the grandchild to die", || !is_running(grandchild));
    }
}

#[test]
fn a_programs_end_is_reported_at_once() {
    if !can_run(&["bash", "sleep"]) {
        return;
    }
    // Though it leaves a job in the background, which goes on being served: and whoever reads what
    // the program prints sees its end.
    let dir = Dir::new();
    let script = include_str!("guests/faults/a_programs_end_is_reported_at_once.sh");
    let started = Instant::now();
    let outcome = run(command(supervised(&[], &["bash", "-c", script]), &dir));
    let expected = Outcome { stdout: "printed\n".into(), stderr: String::new(), code: 7 };
    assert_eq!(outcome, expected);
    assert!(started.elapsed() < Duration::from_secs(20), "it has waited for the job");
    fs::write(dir.0.join("go"), "").unwrap();
    let written = || fs::read_to_string(dir.0.join("out")).unwrap_or_default();
    wait_until("the job to write", || written() == "still served\n");
}

#[test]
fn signals_are_the_programs() {
    if !can_run(&["bash", "setsid", "sleep"]) {
        return;
    }
    // In a session of its own: some of these go to everybody there.
    let alone = |script: &str, words: Vec<OsString>| {
        let shell = ["setsid", "-w", "bash", "-c", script, "bash"].map(OsString::from);
        run(command(shell.into_iter().chain(words), &Dir::new()))
    };
    let all = include_str!("guests/faults/signals_are_the_programs.sh");
    // Another process says that it is ready: the signal finds the shell in no call of its own.
    let one = "trap 'echo got; exit 3' TERM HUP USR2; mkdir ready; while :; do sleep 0.01; done";
    let send = |signal| include_str!("guests/faults/sends_a_signal.sh").replace("SIGNAL", signal);
    let plain = "\"$@\"".to_owned();
    for (script, guest) in
        [(plain, all), (send("TERM"), one), (send("HUP"), one), (send("USR2"), one)]
    {
        let guest = ["bash", "-c", guest];
        let natively = alone(&script, guest.map(OsString::from).to_vec());
        assert!(natively.code == 0 && !natively.stdout.is_empty(), "{natively:?}");
        assert_eq!(alone(&script, supervised(&[], &guest)), natively, "{script}");
    }
}

fn is_running(pid: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // A zombie is dead: its new parent has only not waited for it yet.
    !status.is_empty() && !status.contains(") Z ")
}

pub(crate) fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !condition() {
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn guests_killed_in_the_middle_leave_nothing() {
    if !can_run(&["bash", "python3"]) {
        return;
    }
    let script = include_str!("guests/faults/guests_killed_in_the_middle_leave_nothing.sh");
    let words = supervised(&["--stats"], &["bash", "-c", script]);
    let Outcome { stdout, stderr, code } = run(command(words, &Dir::new()));
    assert_eq!((stdout.as_str(), code), ("137\n".repeat(6).as_str(), 0), "{stderr}");
    assert!(stderr.ends_with("\n0 descriptors of guests left open\n"), "{stderr}");
}

#[test]
fn an_unprivileged_user_can_supervise() {
    if !can_run(&["bash", "setpriv", "id"]) {
        return;
    }
    let script = "id -u; exec 1025>out; echo hi >&1025; exec 1025>&-; cat out; (exit 3) | cat";
    let [native, supervised] = unprivileged(&["bash", "-c", script]);
    assert_eq!(supervised, native);
    assert!(native.stdout.ends_with("\nhi\n") && native.code == 0, "{native:?}");
}

/// The outcomes of the words, natively and supervised, of a user who is not root.
fn unprivileged(words: &[&str]) -> [Outcome; 2] {
    let dir = Dir::new();
    // The build directory may be closed to others.
    let copy = dir.0.join("supervisor");
    fs::copy(super::harness::SUPERVISOR, &copy).unwrap();
    let user: &[&str] = match run(command(["id", "-u"], &dir)).stdout.as_str() {
        "0\n" => &["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"],
        _ => &[],
    };
    [&[][..], &[copy.to_str().unwrap(), "--"]].map(|supervisor| {
        let outcome = run(command([user, supervisor, words].concat(), &dir));
        for file in ["f", "g"] {
            let _ = fs::remove_file(dir.0.join(file));
        }
        outcome
    })
}

#[test]
fn a_program_that_lets_nobody_look_is_served_too() {
    if !can_run(&["perl", "setpriv", "id"]) {
        return;
    }
    // By PR_SET_DUMPABLE, as one with secrets does. Perl's files are close-on-exec.
    let program = include_str!("guests/faults/a_program_that_lets_nobody_look_is_served_too.pl");
    let [native, supervised] = unprivileged(&["perl", "-e", program]);
    assert_eq!(supervised, native);
    assert!(native.stdout.ends_with("closed\n") && native.code == 0, "{native:?}");
}

#[test]
fn any_number_of_handlers_and_any_base_will_do() {
    if !can_run(&["bash"]) {
        return;
    }
    let script =
        "exec 1025>out 5>&1025; for i in 1 2 3; do (echo $i >&1025) & done; wait; sort out";
    for options in [
        ["--handlers", "1"],
        ["--handlers", "16"],
        ["--base", "1024"],
        ["--base", "16384"],
        ["--base", "1048544"],
    ] {
        let words = supervised(&options, &["bash", "-c", script]);
        let Outcome { stdout, stderr, code } = run(command(words, &Dir::new()));
        assert_eq!((stdout.as_str(), code), ("1\n2\n3\n", 0), "{options:?}: {stderr}");
    }
}

#[test]
fn the_trace_shows_what_was_served() {
    if !can_run(&["bash"]) {
        return;
    }
    let words = supervised(&["--trace"], &["bash", "-c", "exec 1025>out; ! exec 1027>&1026"]);
    let Outcome { stdout, stderr, code } = run(command(words, &Dir::new()));
    assert_eq!((stdout.as_str(), code), ("", 0), "{stderr}");
    let shows =
        |parts: &[&str]| stderr.lines().any(|line| parts.iter().all(|part| line.contains(part)));
    assert!(
        shows(&["] openat(AT_FDCWD, \"out\", O_WRONLY|O_CREAT|O_TRUNC, 0666) = ", "/out>"]),
        "{stderr}"
    );
    assert!(shows(&["] dup2(", "/out>, 1025) = 1025<", "/out>"]), "{stderr}");
    assert!(shows(&["] dup2(1026, 1027) = -1 EBADF (Bad file descriptor)"]), "{stderr}");
}

#[test]
fn bad_options_are_refused() {
    for options in
        [&["--handlers", "0", "true"][..], &["--base", "1000", "true"], &["--no-such"], &[]]
    {
        let mut words = supervised(&[], &[]);
        words.pop();
        words.extend(options.iter().map(Into::into));
        let Outcome { stdout, stderr, code } = run(command(words, &Dir::new()));
        assert!(code != 0 && stderr.starts_with("supervisor: "), "{options:?}: {stdout} {stderr}");
    }
}
