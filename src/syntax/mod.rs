//! Text to documents: never fails, never panics.
//!
//! What is wrong with the text comes back as diagnostics beside the part that could be read: a
//! document with a syntax error contributes no root, the other documents of its stream do.
//! Knows no dialects.

mod detect;
mod hcl;
mod json;
mod keys;
mod template;
mod tree;
mod yaml;

pub use detect::format_of;
pub use hcl::{closing_brace, heredoc_length, runs as hcl_runs};

use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Severity};
use crate::document::{Document, DocumentBuilder, Format};
use crate::source::{FileId, Span};

/// How many collections may stand inside each other.
pub const MAX_DEPTH: usize = 256;

/// How many nodes one file may have; a Terraform plan of 100 MB has about 8 million.
pub const MAX_NODES: usize = 8_000_000;

/// How many entries the merge keys of one file may bring, counted before overridden ones are left out.
pub const MAX_MERGED: usize = 1_000_000;

/// How many repeated keys, and how many broken documents, are reported for one file.
pub const MAX_REPORTED: usize = 100;

/// Parses a file. The document holds what could be read; diagnostics are `syntax-error`, `duplicate-key`,
/// `unrendered-template` and `limit-reached`.
pub fn parse(file: FileId, format: Format, text: &Arc<str>) -> (Document, Vec<Diagnostic>) {
    if u32::try_from(text.len()).is_err() {
        let nothing = DocumentBuilder::new(file, format, Arc::from("")).finish();
        let problem = limit_reached(Span::new(file, 0, 0), "the file is larger than 4 GiB");
        return (nothing, vec![problem]);
    }
    match format {
        Format::Yaml => yaml::read(file, text),
        Format::Json => json::read(file, text),
        Format::Hcl => hcl::read(file, text),
    }
}

/// Reads YAML as [`parse`] does, but always with the full parser: the yardstick for the fast reader
/// of common YAML that [`parse`] tries first.
pub fn parse_yaml_fully(file: FileId, text: &Arc<str>) -> (Document, Vec<Diagnostic>) {
    yaml::read_fully(file, text)
}

/// Why reading a document ended early; boxed because it is rare and large.
type Stop = Box<Diagnostic>;

fn syntax_error(span: Span, message: impl Into<String>) -> Diagnostic {
    Diagnostic::new("syntax-error", Severity::Error, span, message)
}

fn limit_reached(span: Span, message: impl Into<String>) -> Diagnostic {
    Diagnostic::new("limit-reached", Severity::Error, span, message)
}

/// The span of the character at `at`; empty at the end of the text.
fn char_span(file: FileId, text: &str, at: usize) -> Span {
    let mut start = at.min(text.len());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    let length = text[start..].chars().next().filter(|c| !matches!(c, '\n' | '\r')).map_or(0, char::len_utf8);
    Span::new(file, start as u32, (start + length) as u32)
}

/// A character in a message: in backticks, readable whatever it is.
fn shown(c: char) -> String {
    match c {
        '`' => "a backtick".to_string(),
        '\'' | '"' => format!("`{c}`"),
        _ => format!("`{}`", c.escape_debug()),
    }
}

#[cfg(test)]
mod dump;
