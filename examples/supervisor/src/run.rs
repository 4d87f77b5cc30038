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
    dispatch::Dispatcher,
    file, filter,
    handlers::Handlers,
    launch::{self, Launched},
    listener::Listener,
    numbers::{self, NR_OPEN},
    options::{self, Options},
    reaper::Reaper,
    registry::Registry,
    stats::Stats,
    supervisor::Supervisor,
    sys,
    syscalls::{self, SYSCALLS},
    table_factory::{GuestLimits, TableFactory},
    watcher::{self, Reporter},
};

/// The least hard `RLIMIT_NOFILE` that leaves room for the table's numbers.
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
    sys::reset_sigchld();
    let reporter = watcher::fork().map_err(context("cannot start"))?;
    let own = raise_own_limit()?;
    let kernel_hard = own.rlim_max;
    let base = options.base.unwrap_or(numbers::BASE);
    let limits = match options.nofile {
        Some(soft) => GuestLimits { soft, hard: kernel_hard.max(NR_OPEN.into()) },
        None => GuestLimits { soft: own.rlim_cur.min(1 << 31) as u32, hard: kernel_hard },
    };
    let table_factory = TableFactory::new(base, limits);
    let files = table_factory.for_first_process()?;
    let filter = filter::program(SYSCALLS, kernel_hard);
    let program = mem::take(&mut options.program);
    let launched = launch::launch(program, &filter, kernel_hard)?;
    run(&options, launched, reporter, table_factory, files, kernel_hard)
        .inspect_err(|_| watcher::kill_children())
}

/// Makes ready while the first guest puts itself under the filter, and then serves all guests.
fn run(
    options: &Options,
    launched: Launched,
    reporter: Reporter,
    table_factory: TableFactory,
    files: Files<file::File>,
    kernel_hard: u64,
) -> Result<i32, String> {
    ignore_terminal_signals();
    sys::set_umask(0);
    let first = launched.pid;
    let keeps_output = options.trace || options.stats;
    let reaper = Reaper::new(first, reporter, keeps_output).map_err(context("cannot start"))?;
    let supervisor = Arc::new(supervisor(options, launched, table_factory, kernel_hard)?);
    let dispatcher = dispatcher(options, &supervisor);
    let handlers = Handlers::new(dispatcher, options.handlers).map_err(context("cannot start"))?;
    let own = if options.stats { count_descriptors() } else { 0 };
    supervisor.registry.register_first(first, files).map_err(context("pidfd_open"))?;
    let watched = reaper.watch(&supervisor.registry).and_then(|()| handlers.start());
    watched.map_err(context("cannot start"))?;
    let code = reaper.run(&supervisor, first);
    if options.stats {
        print_stats(&supervisor, options.handlers, own);
    }
    reaper.end(code);
    Ok(code)
}

fn supervisor(
    options: &Options,
    launched: Launched,
    table_factory: TableFactory,
    kernel_hard: u64,
) -> Result<Supervisor, String> {
    let placeholder = File::open("/dev/null").map_err(|e| e.to_string())?.into();
    let registry = Registry::new(kernel_hard, table_factory, placeholder);
    Ok(Supervisor {
        registry: registry.map_err(context("/proc"))?,
        stats: Stats::new(SYSCALLS.iter().map(|syscall| (syscall.number, syscall.name))),
        first: launched.pid,
        kernel_hard,
        serve_all: options.serve_all,
        listener: Listener::new(launched.listener()?)?,
    })
}

fn dispatcher(options: &Options, supervisor: &Arc<Supervisor>) -> Dispatcher {
    Dispatcher {
        supervisor: Arc::clone(supervisor),
        syscalls: syscalls::Index::new(),
        trace: options.trace,
        time: options.stats,
        inject_panic: options.inject_panic.clone(),
    }
}

/// Prints the statistics; we had `own` descriptors before the first guest.
fn print_stats(supervisor: &Supervisor, handlers: usize, own: usize) {
    supervisor.registry.apply_exits_and_execs();
    let lines = supervisor.stats.table(handlers, own)
        + &format!("{} descriptors of guests left open\n", count_left(own));
    let _ = std::io::stderr().write_all(lines.as_bytes());
}

/// How many descriptors more than before the first guest we have open. A handler may still be about
/// to give up what it did for a guest that was killed.
fn count_left(own: usize) -> isize {
    const TRIES: usize = 1000;
    let left = || count_descriptors() as isize - own as isize;
    for _ in 0..TRIES {
        if left() == 0 {
            break;
        }
        thread::sleep(Duration::from_millis(1));
    }
    left()
}

/// Says what an error is about.
fn context(what: &'static str) -> impl Fn(sys::Errno) -> String {
    move |errno| format!("{what}: {}", std::io::Error::from(errno))
}

/// Lets us have as many descriptors as we may; the limits that we had.
fn raise_own_limit() -> Result<libc::rlimit64, String> {
    let own = sys::nofile(0).map_err(context("RLIMIT_NOFILE"))?;
    let hard = own.rlim_max;
    if hard < LEAST_LIMIT {
        return Err(format!(
            "the hard RLIMIT_NOFILE is {hard}, but must be {LEAST_LIMIT} at least"
        ));
    }
    sys::set_nofile(0, hard, hard).map_err(context("RLIMIT_NOFILE"))?;
    Ok(own)
}

/// How many descriptors we have open ourselves.
fn count_descriptors() -> usize {
    fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
}

/// Signals that the terminal or the kernel sends for what the guests do.
fn ignore_terminal_signals() {
    for signal in [libc::SIGTSTP, libc::SIGTTIN, libc::SIGTTOU, libc::SIGPIPE, libc::SIGXFSZ] {
        sys::ignore_signal(signal);
    }
}
