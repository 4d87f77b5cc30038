//! Charts as SVG: bars with their spread, or quantiles on a logarithmic scale. Readable on light
//! and on dark backgrounds.

use std::fmt::Write;

use super::{samples::Spread, terminal::time};

pub struct Chart {
    pub title: &'static str,
    pub panels: Vec<Panel>,
}

pub struct Panel {
    pub title: String,
    pub lines: Vec<Line>,
    pub scale: Scale,
}

/// What is shown of a peer. Its colour says whether it is this crate.
pub struct Line {
    pub name: String,
    pub ours: bool,
    /// Of bars: the quartiles. On the logarithmic scale: what the marks stand at.
    pub at: Spread,
}

#[derive(Clone, Copy, PartialEq)]
pub enum Scale {
    Bars,
    Logarithmic,
}

const WIDTH: f64 = 760.0;
const LEFT: f64 = 200.0;
const RIGHT: f64 = 170.0;
const ROW: f64 = 20.0;
const HEAD: f64 = 34.0;

const STYLE: &str = "\
text{font:12px system-ui,sans-serif;fill:#1f2328}\
.title{font-size:15px;font-weight:600}\
.head{font-weight:600}\
.value{fill:#59636e}\
.other{fill:#9aa4af;stroke:#9aa4af}\
.ours{fill:#1a7f37;stroke:#1a7f37}\
.spread{stroke:#1f2328;fill:none}\
@media (prefers-color-scheme:dark){\
text{fill:#e6edf3}\
.value{fill:#9198a1}\
.other{fill:#656c76;stroke:#656c76}\
.ours{fill:#3fb950;stroke:#3fb950}\
.spread{stroke:#e6edf3}}";

pub fn draw(chart: &Chart) -> String {
    let mut body = String::new();
    let mut y = HEAD;
    for panel in &chart.panels {
        y = draw_panel(&mut body, panel, y);
    }
    let title = escaped(chart.title);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {y}\" width=\"{WIDTH}\" \
         role=\"img\">\n<title>{title}</title>\n<style>{STYLE}</style>\n\
         <text class=\"title\" x=\"8\" y=\"20\">{title}</text>\n{body}</svg>\n"
    )
}

/// Below `y`; says where it ends.
fn draw_panel(body: &mut String, panel: &Panel, mut y: f64) -> f64 {
    let unit = match panel.scale {
        Scale::Bars => "ns",
        Scale::Logarithmic => "ns, logarithmic: median, 99 %, 99.9 %",
    };
    push(
        body,
        format_args!("<text class=\"head\" x=\"8\" y=\"{}\">{}", y + 16.0, escaped(&panel.title)),
    );
    push(body, format_args!(" <tspan class=\"value\">({unit})</tspan></text>\n"));
    y += HEAD - 8.0;
    let x = Axis::of(panel);
    for line in &panel.lines {
        let name = escaped(&line.name);
        push(
            body,
            format_args!(
                "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{name}</text>\n",
                LEFT - 8.0,
                y + 14.0
            ),
        );
        match panel.scale {
            Scale::Bars => draw_bar(body, line, &x, y),
            Scale::Logarithmic => draw_marks(body, line, &x, y),
        }
        y += ROW;
    }
    y + 12.0
}

fn draw_bar(body: &mut String, line: &Line, x: &Axis, y: f64) {
    let Spread { low, median, high } = line.at;
    let (class, end, middle) = (line.class(), x.at(median), y + ROW / 2.0);
    push(
        body,
        format_args!(
            "<rect class=\"{class}\" x=\"{LEFT}\" y=\"{}\" width=\"{:.1}\" height=\"{}\"/>\n",
            y + 3.0,
            end - LEFT,
            ROW - 6.0
        ),
    );
    push(
        body,
        format_args!(
            "<path class=\"spread\" d=\"M{:.1} {middle}H{:.1}\"/>\n",
            x.at(low),
            x.at(high)
        ),
    );
    for at in [low, high] {
        push(
            body,
            format_args!("<path class=\"spread\" d=\"M{:.1} {}v6\"/>\n", x.at(at), middle - 3.0),
        );
    }
    draw_value(body, &time(median), x.at(high), y);
}

fn draw_marks(body: &mut String, line: &Line, x: &Axis, y: f64) {
    let Spread { low, median, high } = line.at;
    let (class, middle) = (line.class(), y + ROW / 2.0);
    push(
        body,
        format_args!(
            "<path class=\"{class}\" stroke-width=\"3\" d=\"M{:.1} {middle}H{:.1}\"/>\n",
            x.at(low),
            x.at(high)
        ),
    );
    for (at, radius) in [(low, 3), (median, 4), (high, 6)] {
        push(
            body,
            format_args!(
                "<circle class=\"{class}\" cx=\"{:.1}\" cy=\"{middle}\" r=\"{radius}\"/>\n",
                x.at(at)
            ),
        );
    }
    let value = format!("{}, {}, {}", time(low), time(median), time(high));
    draw_value(body, &value, x.at(high) + 4.0, y);
}

fn draw_value(body: &mut String, value: &str, x: f64, y: f64) {
    push(
        body,
        format_args!(
            "<text class=\"value\" x=\"{:.1}\" y=\"{}\">{value}</text>\n",
            x + 6.0,
            y + 14.0
        ),
    );
}

impl Line {
    fn class(&self) -> &'static str {
        if self.ours { "ours" } else { "other" }
    }
}

/// Where a time is drawn.
struct Axis {
    scale: Scale,
    from: f64,
    to: f64,
}

impl Axis {
    fn of(panel: &Panel) -> Self {
        let all = || panel.lines.iter();
        let from = all().map(|line| line.at.low).fold(f64::MAX, f64::min);
        let to = all().map(|line| line.at.high).fold(1.0, f64::max);
        Self { scale: panel.scale, from: from * 0.8, to }
    }

    fn at(&self, value: f64) -> f64 {
        let part = match self.scale {
            Scale::Bars => value / self.to,
            Scale::Logarithmic => (value / self.from).ln() / (self.to / self.from).ln(),
        };
        LEFT + part * (WIDTH - LEFT - RIGHT)
    }
}

fn push(body: &mut String, text: std::fmt::Arguments<'_>) {
    body.write_fmt(text).expect("a string takes all");
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
