//! The ways of the traffic as a picture: stations in columns from clients to ports, what leads where as curves.
//!
//! The layout is that of a tidy tree: a station stands in the middle of what is behind it, and what has its column to
//! itself is as high as need be. Ways that meet again push later ones down.

use std::fmt::Write as _;

use super::super::graph::{self, title, words};
use super::{counted, escaped, short};
use crate::diagnostic::Diagnostic;
use crate::engine::{Analysis, Hop, Stage, Traffic};

const WIDTH: i32 = 160;
const HEIGHT: i32 = 74;
const GAP_X: i32 = 26;
const GAP_Y: i32 = 16;
/// Pictures with more stations are not read by anybody.
const MOST: usize = 300;
/// Characters that fit into a station.
const NAME: usize = 17;
const FACT: usize = 24;

/// The picture of one project, with the same in words. `files` are the numbers of its files on the page, `id` gives the number of a finding on the page. A single station
/// without a finding is no way.
pub(super) fn draw(
    traffic: &Traffic,
    analysis: &Analysis,
    files: &[usize],
    id: impl Fn(&Diagnostic) -> Option<usize>,
) -> Option<String> {
    let findings = traffic.findings(&analysis.diagnostics);
    if traffic.hops.len() < 2 && findings.iter().all(Vec::is_empty) {
        return None;
    }
    let files: Vec<String> = files.iter().map(usize::to_string).collect();
    let mut html = format!(
        "<details class=\"card picture\" data-files=\"{}\" open><summary>{}</summary>\n",
        files.join(" "),
        escaped(&title(traffic, analysis))
    );
    if traffic.hops.len() > MOST {
        let n = traffic.hops.len();
        html.push_str(&format!("<p>{n} stations are too many for a picture; <code>grpc-guard graph</code> lists them.</p></details>"));
        return Some(html);
    }
    let laid = Layout::of(traffic);
    html.push_str(&laid.svg(traffic, analysis, &findings, id));
    let mut text = Vec::new();
    graph::write_ways(traffic, analysis, &mut text).expect("memory takes all");
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<String> = text.lines().map(escaped).collect();
    write!(
        html,
        "<details class=\"words\"><summary>In words</summary><pre>{}</pre></details></details>",
        lines.join("\n")
    )
    .expect("a string takes all text");
    Some(html)
}

/// Where each station stands.
struct Layout {
    /// Left upper corners.
    at: Vec<(i32, i32)>,
    width: i32,
    height: i32,
}

impl Layout {
    fn of(traffic: &Traffic) -> Self {
        let stages: Vec<Stage> = Stage::ALL
            .into_iter()
            .filter(|stage| traffic.hops.iter().any(|hop| hop.stage == *stage))
            .collect();
        let column = |hop: &Hop| stages.iter().position(|stage| *stage == hop.stage).unwrap_or(0);
        let mut placing = Placing {
            traffic,
            columns: traffic.hops.iter().map(column).collect(),
            y: vec![None; traffic.hops.len()],
            next_free: vec![0; stages.len()],
        };
        for root in traffic.roots() {
            placing.place(root);
        }
        let y: Vec<i32> = placing.y.iter().map(|y| y.unwrap_or(0)).collect();
        let at: Vec<(i32, i32)> = placing
            .columns
            .iter()
            .zip(&y)
            .map(|(column, y)| (*column as i32 * (WIDTH + GAP_X) + 2, y + 2))
            .collect();
        Self {
            width: stages.len() as i32 * (WIDTH + GAP_X) - GAP_X + 12,
            height: y.iter().max().map_or(0, |y| y + HEIGHT) + 4,
            at,
        }
    }

    fn svg(
        &self,
        traffic: &Traffic,
        analysis: &Analysis,
        findings: &[Vec<&Diagnostic>],
        id: impl Fn(&Diagnostic) -> Option<usize>,
    ) -> String {
        let (width, height) = (self.width, self.height);
        let name = escaped(&title(traffic, analysis));
        let mut svg = format!(
            "<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Picture of the traffic of {name}\">\
             <svg width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\">\n"
        );
        for (idx, hop) in traffic.hops.iter().enumerate() {
            for next in &hop.next {
                svg.push_str(&self.edge(idx, *next));
            }
        }
        for (idx, hop) in traffic.hops.iter().enumerate() {
            svg.push_str(&self.station(idx, hop, &findings[idx], &id));
        }
        svg.push_str("</svg></div>\n");
        svg
    }

    fn edge(&self, from: usize, to: usize) -> String {
        let ((x1, y1), (x2, y2)) = (self.at[from], self.at[to]);
        let (x1, y1, x2, y2) = (x1 + WIDTH, y1 + HEIGHT / 2, x2, y2 + HEIGHT / 2);
        let bend = (x2 - x1) / 2;
        format!(
            "<path class=\"edge\" d=\"M{x1} {y1}C{} {y1} {} {y2} {} {y2}\"/><path class=\"tip\" d=\"M{x2} {y2}l-7 -4v8z\"/>\n",
            x1 + bend,
            x2 - bend,
            x2 - 5
        )
    }

    fn station(
        &self,
        idx: usize,
        hop: &Hop,
        findings: &[&Diagnostic],
        id: impl Fn(&Diagnostic) -> Option<usize>,
    ) -> String {
        let (x, y) = self.at[idx];
        let worst = findings.iter().map(|found| found.severity).max();
        let mut class = String::from("hop");
        if let Some(severity) = worst {
            class.push(' ');
            class.push_str(severity.as_str());
        }
        if hop.grpc.is_some() {
            class.push_str(" grpc");
        }
        let all = words(hop);
        let mut tip: Vec<String> = all.iter().map(|line| escaped(line)).collect();
        if hop.is_open {
            tip.push("leads on where the files do not settle".to_string());
        }
        tip.extend(
            findings.iter().map(|found| escaped(&format!("{}: {}", found.severity.as_str(), found.message))),
        );
        let stage = if hop.name == hop.stage.as_str() { "" } else { hop.stage.as_str() };
        let mut svg = format!(
            "<g class=\"{class}\" transform=\"translate({x} {y})\"><title>{}</title>",
            tip.join("\n")
        );
        let link = findings.iter().find_map(|found| id(found).filter(|_| Some(found.severity) == worst));
        if let Some(number) = link {
            let says = escaped(&format!("{}: {}", hop.name, counted(findings.len(), "finding")));
            write!(svg, "<a href=\"#f{number}\" aria-label=\"{says}\">").expect("a string takes all text");
        }
        write!(svg, "<rect class=\"box\" width=\"{WIDTH}\" height=\"{HEIGHT}\" rx=\"9\"/>")
            .expect("a string takes all text");
        let mut line = |class: &str, y: i32, text: &str| {
            write!(svg, "<text class=\"{class}\" x=\"11\" y=\"{y}\">{}</text>", escaped(text))
                .expect("a string takes all text");
        };
        line("stage", 16, stage);
        line("name", 33, &both_ends(&hop.name, NAME));
        let facts: Vec<&String> = all.iter().skip(1).collect();
        for (at, fact) in wrapped(&facts).iter().take(2).enumerate() {
            line("fact", 49 + 15 * at as i32, fact);
        }
        if hop.is_open {
            let (x, y) = (WIDTH, HEIGHT / 2);
            write!(svg, "<path class=\"edge open\" d=\"M{x} {y}h22\"/>").expect("a string takes all text");
        }
        if worst.is_some() {
            let (x, n) = (WIDTH - 14, findings.len());
            write!(svg, "<circle class=\"badge\" cx=\"{x}\" cy=\"14\" r=\"8.5\"/><text class=\"count\" x=\"{x}\" y=\"17.8\">{n}</text>")
                .expect("a string takes all text");
        }
        svg.push_str(if link.is_some() { "</a></g>\n" } else { "</g>\n" });
        svg
    }
}

/// At most `most` characters of a name, of which the end tells as much as the beginning.
fn both_ends(name: &str, most: usize) -> String {
    let chars: Vec<char> = name.chars().collect();
    if chars.len() <= most {
        return name.to_string();
    }
    let head = (most - 1) / 2;
    let tail = chars.len() - (most - 1 - head);
    chars[..head].iter().chain(&['…']).chain(&chars[tail..]).collect()
}

/// Facts in lines that fit into a station, broken at commas.
fn wrapped(facts: &[&String]) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for fact in facts {
        let mut line = String::new();
        for part in fact.split(", ") {
            if !line.is_empty() && line.chars().count() + part.chars().count() + 2 > FACT {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push_str(", ");
            }
            line.push_str(part);
        }
        lines.push(line);
    }
    lines.iter().map(|line| short(line, FACT).into_owned()).collect()
}

struct Placing<'t> {
    traffic: &'t Traffic,
    columns: Vec<usize>,
    y: Vec<Option<i32>>,
    /// The first free height of each column.
    next_free: Vec<i32>,
}

impl Placing<'_> {
    /// Places a station behind what it leads to, and gives its height. No deeper than there are stages.
    fn place(&mut self, idx: usize) -> i32 {
        if let Some(y) = self.y[idx] {
            return y;
        }
        let column = self.columns[idx];
        let behind: Vec<i32> = self.traffic.hops[idx].next.iter().map(|next| self.place(*next)).collect();
        let middle = match (behind.iter().min(), behind.iter().max()) {
            (Some(first), Some(last)) => (first + last) / 2,
            // Each end of a way has a row to itself.
            _ => self.next_free.iter().copied().max().unwrap_or(0),
        };
        let y = middle.max(self.next_free[column]);
        self.y[idx] = Some(y);
        self.next_free[column] = y + HEIGHT + GAP_Y;
        y
    }
}
