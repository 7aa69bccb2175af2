//! Text to documents: never fails, never panics.
//!
//! What is wrong with the text comes back as diagnostics beside the part that could be read.
//! Knows no dialects.

mod duplicates;
mod yaml;

use std::sync::Arc;

use crate::diagnostic::Diagnostic;
use crate::document::{Document, Format};
use crate::source::FileId;

/// Parses a file. The document holds what could be read; diagnostics are `syntax-error`, `duplicate-key`,
/// `unrendered-template` and `limit-reached`.
pub fn parse(file: FileId, format: Format, text: &Arc<str>) -> (Document, Vec<Diagnostic>) {
    // JSON is read as YAML, whose flow style it is, until it has a reader of its own.
    let _ = format;
    yaml::parse(file, text)
}

/// The notation of a file, from its name and its first character; `None` for names that are neither.
pub fn format_of(path: &str, text: &str) -> Option<Format> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    let is_json = text.trim_start_matches('\u{feff}').trim_start().starts_with(['{', '[']);
    match extension.to_ascii_lowercase().as_str() {
        "json" => Some(Format::Json),
        "yaml" | "yml" => Some(Format::Yaml),
        _ => Some(if is_json { Format::Json } else { Format::Yaml }),
    }
}
