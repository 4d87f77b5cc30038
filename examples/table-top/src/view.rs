//! One frame.

use ratatui::{
    Frame,
    layout::{Constraint, Layout, Rect},
    style::{Color, Stylize},
    text::{Line, Span},
    widgets::{Block, Sparkline},
};

use super::{
    load::Op,
    sample::{COLUMNS, Sample, Tier},
};

pub(crate) const WIDTH: u16 = COLUMNS as u16 + 2;
pub(crate) const HEIGHT: u16 = 3 * 4 + 5;

pub(crate) fn draw(frame: &mut Frame<'_>, sample: &Sample) {
    let rows = Layout::vertical([4, 4, 4, 5].map(Constraint::Length)).split(frame.area());
    for ((tier, name), area) in Tier::ALL.into_iter().zip(rows.iter()) {
        draw_tier(frame, sample, tier, name, *area);
    }
    draw_calls(frame, sample, rows[3]);
}

fn draw_tier(frame: &mut Frame<'_>, sample: &Sample, tier: Tier, name: &str, area: Rect) {
    let (columns, reserved) = (&sample.open[tier as usize], sample.reserved[tier as usize]);
    let open: u64 = columns.iter().sum();
    let most = match tier {
        Tier::Low => 1024 / COLUMNS as u64,
        Tier::High => 4096 / COLUMNS as u64,
        Tier::Gap => *columns.iter().max().expect("there are columns"),
    };
    let title = format!(" {name}: {open} open, {reserved} reserved ");
    let map = Sparkline::default().data(columns).max(most).fg(Color::Cyan);
    frame.render_widget(map.block(Block::bordered().title(title)), area);
}

fn draw_calls(frame: &mut Frame<'_>, sample: &Sample, area: Rect) {
    let title = format!(" frame {}: {} KiB in use, calls/s ", sample.frame, sample.memory / 1024);
    let block = Block::bordered().title(title);
    let rows = Layout::vertical([1, 2].map(Constraint::Length)).split(block.inner(area));
    let rates = Op::ALL.map(|(op, name)| {
        [
            Span::from(format!("{name} ")).dim(),
            Span::from(format!("{}  ", short(sample.rates[op as usize]))).bold(),
        ]
    });
    frame.render_widget(block, area);
    frame.render_widget(Line::from_iter(rates.into_iter().flatten()), rows[0]);
    let history = Sparkline::default().data(&sample.history).fg(Color::Green);
    frame.render_widget(history, rows[1]);
}

/// A rate in four characters or so.
fn short(rate: f64) -> String {
    match rate {
        1e6.. => format!("{:.1}M", rate / 1e6),
        1e3.. => format!("{:.0}k", rate / 1e3),
        _ => format!("{rate:.0}"),
    }
}
