//! The results as tables on the terminal.

use comfy_table::{Cell, CellAlignment, Color, Table, presets};

use super::{
    samples::{Measured, Spread},
    targets::Verdict,
};

pub fn rows(rows: &[Measured]) {
    for row in rows {
        let ours = row.subject("fdtable");
        let mut table = table(&["", "ns", "middle half", "fdtable is x"]);
        for subject in &row.subjects {
            let spread = subject.spread();
            let ratio =
                ours.map_or(String::new(), |ours| format!("{:.2}", ours.ratio(subject).median));
            table.add_row([
                Cell::new(&subject.name),
                right(time(spread.median)),
                right(format!("{}..{}", time(spread.low), time(spread.high))),
                right(ratio),
            ]);
        }
        println!("\n{}, threads: {}\n{table}", row.name, row.threads);
    }
}

pub fn targets(verdicts: &[Verdict]) {
    let mut table = table(&["target", "against", "at most", "is", "middle half", ""]);
    for verdict in verdicts {
        let (word, color) =
            if verdict.met() { ("met", Color::Green) } else { ("missed", Color::Red) };
        let Spread { low, median, high } = verdict.ratio;
        table.add_row([
            Cell::new(&verdict.what),
            Cell::new(&verdict.against),
            right(format!("{:.2}", verdict.bound)),
            right(format!("{median:.2}")),
            right(format!("{low:.2}..{high:.2}")),
            Cell::new(word).fg(color),
        ]);
    }
    println!("\n{table}");
}

/// Three digits.
pub fn time(ns: f64) -> String {
    match ns {
        ..10.0 => format!("{ns:.2}"),
        ..100.0 => format!("{ns:.1}"),
        _ => format!("{ns:.0}"),
    }
}

fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY).set_header(header);
    table
}

fn right(text: String) -> Cell {
    Cell::new(text).set_alignment(CellAlignment::Right)
}
