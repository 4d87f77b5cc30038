//! Other bases, and machines that lack something.

use super::harness::{Dir, Outcome, SUPERVISOR, can_run, command, prints, run, supervised};

const PROGRAM: &str = include_str!("guests/bases/any_base_that_the_kernel_can_reach.py");

#[test]
fn any_base_that_the_kernel_can_reach() {
    for base in [1056, 2048, 4096, 8192, 16384, 19968 - 4096] {
        let [second, sixth] = [base + 1, base + 5];
        let expected = format!(
            "{base} {second} b'012' 1024 19999 {sixth}\n\
             b'child' b'0123456789' 0 shell\n\n9 {base}\n"
        );
        let text = base.to_string();
        for options in [&["--base", &text][..], &["--base", &text, "--serve-all"]] {
            prints(
                &["python3", "cat"],
                options,
                &["/usr/bin/env", "python3", "-c", PROGRAM],
                &expected,
            );
        }
    }
}

#[test]
fn a_base_beyond_the_kernels_numbers() {
    // Nothing there can be mapped, waited for or passed on; what the supervisor does itself works.
    let program = include_str!("guests/bases/a_base_beyond_the_kernels_numbers.py");
    let expected = |base: u32| {
        let far = base + 7;
        format!("{base} b'234' b'01' 10 {far} True None 5\nb'0' 2\n0 b'0child'\n9\n19\n")
    };
    for base in [1 << 20, 1 << 24] {
        let text = base.to_string();
        let options = ["--base", &text, "--nofile", "1073741824"];
        prints(&["python3"], &options, &["python3", "-c", program], &expected(base));
    }
}

#[test]
fn bases_that_cannot_be() {
    if !can_run(&["true"]) {
        return;
    }
    for base in ["0", "1000", "1023", "1025", "2147483648", "4294967296", "-32", "x"] {
        let outcome = run(command(supervised(&["--base", base], &["true"]), &Dir::new()));
        assert!(
            outcome.code != 0 && outcome.stderr.starts_with("supervisor: "),
            "{base}: {outcome:?}"
        );
    }
}

/// What the guests of the next test need, for a user without rights.
fn write_for_all(dir: &Dir) {
    std::fs::copy(SUPERVISOR, dir.0.join("supervisor")).unwrap();
    // The child is silent until its parent has changed the table: only the counter, or what stands
    // in for it, shows it in time.
    let silent = include_str!("guests/bases/silent.pl");
    for (name, text) in [("silent.pl", silent), ("f", "abc"), ("g", "xyz")] {
        std::fs::write(dir.0.join(name), text).unwrap();
        let all = std::os::unix::fs::PermissionsExt::from_mode(0o666);
        std::fs::set_permissions(dir.0.join(name), all).unwrap();
    }
}

#[test]
fn without_the_kernels_counter_of_process_ids() {
    // Hidden behind an unreadable file, which only a user without rights cannot read.
    if !can_run(&["unshare", "mount", "setpriv", "bash", "perl"]) {
        return;
    }
    let dir = Dir::new();
    write_for_all(&dir);
    let hide = "touch hidden && chmod 0 hidden && mount --bind hidden /proc/sys/kernel/ns_last_pid";
    let as_nobody = "exec setpriv --reuid=65534 --regid=65534 --clear-groups";
    let forks = include_str!("guests/bases/forks.sh");
    let script = format!("{hide} || exit 77; {as_nobody} ./supervisor --stats bash -c '{forks}'");
    let outcome = run(command(["unshare", "-m", "bash", "-c", &script], &dir));
    if matches!(outcome.code, 1 | 77)
        && outcome.stdout.is_empty()
        && !outcome.stderr.contains("guests left")
    {
        super::harness::skip("nothing may be mounted here");
        return;
    }
    let Outcome { stdout, stderr, code } = outcome;
    assert_eq!((stdout.as_str(), code), ("150\n174\n00000\nend\n", 0), "{stderr}");
    assert!(stderr.ends_with("\n0 descriptors of guests left open\n"), "{stderr}");
}
