//! A table under load, live in the terminal: what is open and reserved in each tier, the memory it
//! takes, and how many calls a second are made. Any key ends it.
//!
//! ```sh
//! cargo run --release -p table-top
//! cargo run --release -p table-top -- --frames 3 | cat    # plain text, as in CI
//! ```

use std::{
    alloc::System,
    error::Error,
    io::{self, IsTerminal},
    thread,
    time::{Duration, Instant},
};

use cap::Cap;
use lexopt::prelude::*;
use ratatui::{
    DefaultTerminal, Terminal,
    backend::TestBackend,
    buffer::Cell,
    crossterm::event::{self, Event},
};

mod load;
mod sample;
mod view;

use load::Load;
use sample::Sampler;

/// Tells how much memory there is in use.
#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, usize::MAX);

const USAGE: &str = "usage: table-top [--threads N] [--frames N] [--interval MILLISECONDS]

  --threads   how many threads use the table: 2
  --frames    end after so many: until a key is pressed, or 3 if the output is no terminal
  --interval  from one frame to the next: 250";

struct Options {
    threads: usize,
    frames: Option<u64>,
    interval: Duration,
}

impl Options {
    fn from_env() -> Result<Self, lexopt::Error> {
        let (mut threads, mut frames, mut interval) = (2, None, 250);
        let mut args = lexopt::Parser::from_env();
        while let Some(arg) = args.next()? {
            match arg {
                Long("threads") => threads = args.value()?.parse()?,
                Long("frames") => frames = Some(args.value()?.parse()?),
                Long("interval") => interval = args.value()?.parse()?,
                other => return Err(other.unexpected()),
            }
        }
        Ok(Self { threads, frames, interval: Duration::from_millis(interval) })
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::from_env().map_err(|error| format!("{error}\n\n{USAGE}"))?;
    let load = Load::new(options.threads);
    let mut sampler = Sampler::new(&load);
    thread::scope(|scope| {
        load.start(scope);
        let shown = if io::stdout().is_terminal() {
            let shown = live(&mut ratatui::init(), &options, &mut sampler);
            ratatui::restore();
            shown
        } else {
            plain(&options, &mut sampler)
        };
        load.stop();
        shown
    })?;
    load.check();
    Ok(())
}

fn live(
    terminal: &mut DefaultTerminal,
    options: &Options,
    sampler: &mut Sampler<'_>,
) -> io::Result<()> {
    for _ in 0..options.frames.unwrap_or(u64::MAX) {
        let due = Instant::now() + options.interval;
        while event::poll(due.saturating_duration_since(Instant::now()))? {
            if matches!(event::read()?, Event::Key(_)) {
                return Ok(());
            }
        }
        let sample = sampler.take();
        terminal.draw(|frame| view::draw(frame, sample))?;
    }
    Ok(())
}

/// The same frames, one below the other.
fn plain(options: &Options, sampler: &mut Sampler<'_>) -> io::Result<()> {
    let Ok(mut terminal) = Terminal::new(TestBackend::new(view::WIDTH, view::HEIGHT));
    for _ in 0..options.frames.unwrap_or(3) {
        thread::sleep(options.interval);
        let sample = sampler.take();
        let Ok(_) = terminal.draw(|frame| view::draw(frame, sample));
        for row in terminal.backend().buffer().content().chunks(usize::from(view::WIDTH)) {
            println!("{}", row.iter().map(Cell::symbol).collect::<String>().trim_end());
        }
    }
    Ok(())
}
