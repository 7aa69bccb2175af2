//! The spanned tree that YAML, JSON and HCL share: an arena, not boxes.
//!
//! Every key and every value carries a byte span. Knows nothing of dialects: tags, merge keys and
//! aliases are kept as they were written, scalars are text until somebody asks for a type.

mod comments;
mod node;
mod scalar;
mod secrets;

pub use comments::Comment;
pub use node::{DocumentBuilder, EntryRef, Kind, NodeId, NodeRef, Tag};
pub use scalar::{Scalar, ScalarStyle, Schema, Typed};
pub use secrets::{Secret, is_secret_name, masked, may_hold_secrets, secrets, secrets_within, without};

use std::sync::Arc;

use crate::source::FileId;

/// The notation of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// YAML 1.2, read so that YAML 1.1 documents keep their meaning.
    Yaml,
    /// JSON (RFC 8259).
    Json,
    /// HCL, the native syntax of Terraform.
    Hcl,
}

/// One parsed file; a YAML stream has one root for each document in it.
#[derive(Debug)]
pub struct Document {
    /// The file.
    pub file: FileId,
    /// Its notation.
    pub format: Format,
    /// All comments in order.
    pub comments: Vec<Comment>,
    text: Arc<str>,
    nodes: Vec<node::Node>,
    items: Vec<NodeId>,
    entries: Vec<node::Entry>,
    decoded: String,
    tags: Vec<(u32, u32)>,
    merged: Vec<node::Entries>,
    /// The positions in `entries` of merge keys (`<<`) whose values follow as merged entries, in order.
    merge_keys: Vec<u32>,
    roots: Vec<NodeId>,
    aliases: Vec<NodeId>,
    /// Where nodes of another file begin, in rising order; empty in all that a parser makes.
    origins: Vec<node::NodeOrigin>,
}

impl Document {
    /// The roots: one for each document of a YAML stream, at most one for JSON.
    pub fn roots(&self) -> impl Iterator<Item = NodeRef<'_>> {
        self.roots.iter().map(|id| self.node(*id))
    }

    /// All aliases, those of documents that turned out to be broken included.
    pub fn aliases(&self) -> impl Iterator<Item = NodeRef<'_>> {
        self.aliases.iter().map(|id| self.node(*id))
    }

    /// The node of an id that this document gave.
    pub fn node(&self, id: NodeId) -> NodeRef<'_> {
        NodeRef::new(self, id)
    }

    /// Whether the children of each collection stand in the order of the text, and none overlaps another.
    fn is_in_order(&self) -> bool {
        matches!(self.format, Format::Yaml | Format::Json) && self.origins.is_empty()
    }

    /// The text that was parsed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// How many nodes there are, aliases not expanded.
    pub fn n_nodes(&self) -> usize {
        self.nodes.len()
    }
}
