//! From the command line to the exit status: puts the pieces together.

use std::{
    fs::{self, File},
    io::Write,
    mem,
    process::ExitCode,
    sync::Arc,
    thread,
    time::Duration,
};

use fdtable::Files;

use super::{
    file, filter, guardian,
    handlers::Handlers,
    launch::{self, Launched},
    listener::Listener,
    numbers,
    options::{self, Options},
    reaper::Reaper,
    registry::Registry,
    stats,
    supervisor::Supervisor,
    sys, syscalls,
    tables::Tables,
};

/// The least hard `RLIMIT_NOFILE` that leaves room for twins.
const LEAST_LIMIT: u64 = 4096;

/// Supervises the program that the command line names; its exit status.
pub fn main() -> ExitCode {
    let options = match options::parse() {
        Ok(options) => options,
        Err(error) => return fail(&error.to_string(), 2),
    };
    if options.program.is_empty() {
        print!("{}", options::HELP);
        return ExitCode::SUCCESS;
    }
    match supervise(options) {
        Ok(code) => ExitCode::from(code as u8),
        Err(error) => fail(&error, 1),
    }
}

fn fail(error: &str, code: u8) -> ExitCode {
    eprintln!("supervisor: {error}");
    ExitCode::from(code)
}

/// Runs the program to its end, and all that it has started; its exit code.
fn supervise(mut options: Options) -> Result<i32, String> {
    sys::mind_children();
    guardian::fork().map_err(told("cannot start"))?;
    let kernel_hard = raise_own_limit()?;
    let base = options.base.unwrap_or_else(|| numbers::base_for(kernel_hard));
    let tables = Tables::new(base, options.nofile, kernel_hard);
    let files = tables.first()?;
    let filter = filter::program(&syscalls::told(options.poll));
    let program = mem::take(&mut options.program);
    let launched = launch::launch(program, &filter, kernel_hard)?;
    attend(&options, launched, tables, files, kernel_hard)
        .inspect_err(|_| guardian::kill_children())
}

/// Makes ready while the first guest puts itself under the filter, and then attends to all guests.
fn attend(
    options: &Options,
    launched: Launched,
    tables: Tables,
    files: Files<file::File>,
    kernel_hard: u64,
) -> Result<i32, String> {
    become_quiet();
    let first = launched.pid;
    let reaper = Reaper::new(first).map_err(told("cannot start"))?;
    let token = File::open("/dev/null").map_err(|e| e.to_string())?.into();
    let supervisor = Arc::new(Supervisor {
        registry: Registry::new(kernel_hard, tables, token).map_err(told("/proc"))?,
        syscalls: syscalls::Index::new(),
        stats: stats::Stats::new(),
        first,
        kernel_hard,
        serve_all: options.serve_all,
        trace: options.trace,
        time: options.stats,
        inject_panic: options.inject_panic.clone(),
        listener: Listener::new(launched.listener()?)?,
    });
    let handlers = Handlers::new(&supervisor, options.handlers).map_err(told("cannot start"))?;
    let idle = if options.stats { own_files() } else { 0 };
    let registry = &supervisor.registry;
    registry.register_first(first, files).map_err(told("pidfd_open"))?;
    reaper.watch(registry).and_then(|()| handlers.start()).map_err(told("cannot start"))?;
    let code = reaper.run(&supervisor, first);
    if options.stats {
        print_stats(&supervisor, options.handlers, idle);
    }
    Ok(code)
}

fn print_stats(supervisor: &Supervisor, handlers: usize, idle: usize) {
    supervisor.registry.apply_exits_and_execs();
    let lines = supervisor.stats.table(handlers, idle)
        + &format!("{} descriptors of guests left open\n", left(idle));
    let _ = std::io::stderr().write_all(lines.as_bytes());
}

/// How many descriptors more than before the first guest we have open. A handler may still be about
/// to give up what it did for a guest that was killed.
fn left(before: usize) -> isize {
    const PATIENCE: usize = 1000;
    let left = || own_files() as isize - before as isize;
    for _ in 0..PATIENCE {
        if left() == 0 {
            break;
        }
        thread::sleep(Duration::from_millis(1));
    }
    left()
}

fn told(what: &'static str) -> impl Fn(sys::Errno) -> String {
    move |errno| format!("{what}: {}", std::io::Error::from(errno))
}

/// Lets us have as many descriptors as we may; the hard limit.
fn raise_own_limit() -> Result<u64, String> {
    let hard = sys::nofile(0).map_err(told("RLIMIT_NOFILE"))?.rlim_max;
    if hard < LEAST_LIMIT {
        return Err(format!(
            "the hard RLIMIT_NOFILE is {hard}, but must be {LEAST_LIMIT} at least"
        ));
    }
    sys::set_nofile(0, hard, hard).map_err(told("RLIMIT_NOFILE"))?;
    Ok(hard)
}

/// How many descriptors we have open ourselves.
fn own_files() -> usize {
    fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
}

/// What is meant for the guests does not touch us: signals of the terminal, and ours is no mask of
/// theirs.
fn become_quiet() {
    for signal in [libc::SIGTSTP, libc::SIGTTIN, libc::SIGTTOU, libc::SIGPIPE, libc::SIGXFSZ] {
        sys::ignore_signal(signal);
    }
    sys::set_umask(0);
}
