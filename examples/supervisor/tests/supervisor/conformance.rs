//! The system calls that name descriptors, each with its result or its errno: the same natively and
//! supervised.

use std::{fs, path::Path, process::Command};

use super::harness::{Dir, NOFILE, Outcome, SUPERVISOR, can_run, command, run};

/// The program in `conformance/`: every call on every kind of descriptor with good and bad
/// arguments, as root and as a user with no rights.
#[test]
fn every_call_for_root() {
    conforms(None);
}

#[test]
fn every_call_for_an_ordinary_user() {
    if run(command(["id", "-u"], &Dir::new())).stdout == "0\n" {
        conforms(Some("65534"));
    }
}

fn conforms(user: Option<&str>) {
    if !can_run(&["gcc", "setpriv"]) {
        return;
    }
    // The build directory may be closed to others.
    let programs = Dir::new();
    let (guest, supervisor) = (programs.0.join("conformance"), programs.0.join("supervisor"));
    compile(&guest);
    fs::copy(SUPERVISOR, &supervisor).unwrap();
    let (guest, supervisor) = (guest.to_str().unwrap(), supervisor.to_str().unwrap());
    let native = run_as(user, &[guest]);
    assert!(native.stdout.ends_with("\nend\n") && native.code == 0, "{native:?}");
    let lines = native.stdout.lines().count();
    assert!(lines > 8000, "{lines} lines");
    for options in [
        &["4"][..],
        &["1", "--serve-all"],
        &["2", "--serve-all"],
        &["4", "--serve-all"],
        &["8", "--serve-all"],
    ] {
        let words =
            [&[supervisor, "--nofile", &NOFILE, "--handlers"], options, &["--", guest]].concat();
        assert_alike(&run_as(user, &words), &native, options);
    }
}

fn run_as(user: Option<&str>, words: &[&str]) -> Outcome {
    let mut user_words = Vec::new();
    let options = user.map(|uid| [format!("--reuid={uid}"), format!("--regid={uid}")]);
    if let Some(options) = &options {
        user_words.extend(["setpriv", &options[0], &options[1], "--clear-groups"]);
    }
    user_words.extend(words);
    run(command(user_words, &Dir::new()))
}

fn compile(program: &Path) {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/supervisor/conformance");
    let sources = fs::read_dir(sources).unwrap().map(|entry| entry.unwrap().path());
    let sources = sources.filter(|path| path.extension().is_some_and(|extension| extension == "c"));
    // No warnings: to pass what no program should pass is its purpose.
    let flags = ["-w", "-D_GNU_SOURCE", "-O1", "-o"];
    let status = Command::new("gcc").args(flags).arg(program).args(sources).status().unwrap();
    assert!(status.success());
}

/// A duplicate of an `O_PATH` descriptor at a number of the table: see `differences`.
fn is_placed_path(line: &str) -> bool {
    let call = line.split(':').next().unwrap_or_default();
    let (name, descriptor) = call.split_once('(').unwrap_or_default();
    ["dupfd_at", "dupfd_cloexec", "dup2_far", "dup3_far"].contains(&name)
        && ["path)", "dir path)"].contains(&descriptor)
}

/// Shows the first lines that differ only: there are thousands.
fn assert_alike(supervised: &Outcome, native: &Outcome, options: &[&str]) {
    let pairs = supervised.stdout.lines().zip(native.stdout.lines());
    let differ = pairs.filter(|(left, right)| left != right && !is_placed_path(left));
    let differ: Vec<_> = differ.take(10).collect();
    let ends =
        |outcome: &Outcome| (outcome.stdout.lines().count(), outcome.code, outcome.stderr.clone());
    assert!(
        differ.is_empty() && ends(supervised) == ends(native),
        "with handlers {options:?}: supervised and native differ: {differ:#?}\n{:?}\n{:?}",
        ends(supervised),
        ends(native)
    );
}
