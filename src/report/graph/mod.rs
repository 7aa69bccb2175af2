//! The ways of the traffic as a picture: a tree for people, Mermaid and DOT for what draws them.
//!
//! All three show the same hops with the same words; what stands in files is made harmless for each syntax.

mod dot;
mod mermaid;
mod tree;

use std::io::{self, Write};

use super::Options;
use super::neutral::neutral;
use super::text::Styles;
use crate::engine::{Analysis, Hop, Stage, Traffic};

/// The syntaxes in which a graph can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GraphFormat {
    /// A tree of lines, for people.
    Text,
    /// A Mermaid flowchart, which GitHub and GitLab draw in Markdown.
    Mermaid,
    /// Graphviz.
    Dot,
}

impl GraphFormat {
    /// All formats with their names.
    pub const ALL: [(&'static str, GraphFormat); 3] =
        [("text", GraphFormat::Text), ("mermaid", GraphFormat::Mermaid), ("dot", GraphFormat::Dot)];
}

/// Writes the traffic of an analysis.
pub fn write(
    format: GraphFormat,
    analysis: &Analysis,
    out: &mut dyn Write,
    options: &Options,
) -> io::Result<()> {
    match format {
        GraphFormat::Text => tree::write(analysis, out, options),
        GraphFormat::Mermaid => mermaid::write(analysis, out),
        GraphFormat::Dot => dot::write(analysis, out),
    }
}

/// Writes the ways of one project as a tree of lines without colours.
pub(super) fn write_ways(traffic: &Traffic, analysis: &Analysis, out: &mut dyn Write) -> io::Result<()> {
    tree::ways(traffic, analysis, out, &Styles::new(false))
}

/// The projects that have something to show.
pub(super) fn shown(analysis: &Analysis) -> impl Iterator<Item = &Traffic> {
    analysis.traffic.iter().filter(|traffic| !traffic.hops.is_empty())
}

/// The files of a project in one line.
pub(super) fn title(traffic: &Traffic, analysis: &Analysis) -> String {
    let mut paths = traffic.files.iter().map(|file| analysis.sources.get(*file).path.as_str());
    let first = paths.next().unwrap_or_default();
    match paths.count() {
        0 => neutral(first).into_owned(),
        1 => format!("{} and 1 more file", neutral(first)),
        n => format!("{} and {n} more files", neutral(first)),
    }
}

/// What a hop is, in lines: its kind and name, what matters of it, and whether it serves gRPC.
pub(super) fn words(hop: &Hop) -> Vec<String> {
    let stage = hop.stage.as_str();
    let name = neutral(&hop.name);
    let mut lines = vec![if name == stage { stage.to_string() } else { format!("{stage} {name}") }];
    // Names that a controller gives say what the facts would repeat.
    let facts: Vec<String> =
        hop.facts.iter().filter(|fact| **fact != hop.name).map(|fact| neutral(fact).into_owned()).collect();
    if !facts.is_empty() {
        lines.push(facts.join(", "));
    }
    // Only the ends of a way say why they are taken for gRPC; between them it would be said five times.
    if matches!(hop.stage, Stage::TargetGroup | Stage::Port) {
        lines.extend(grpc(hop));
    }
    lines
}

/// Whether a hop serves gRPC, in words.
fn grpc(hop: &Hop) -> Option<String> {
    let (level, evidence) = hop.grpc.as_ref()?;
    let sure = match level.as_str() {
        "definite" => "gRPC",
        "likely" => "probably gRPC",
        "possible" => "perhaps gRPC",
        _ => return None,
    };
    Some(if evidence.is_empty() { sure.to_string() } else { format!("{sure}: {}", neutral(evidence)) })
}
