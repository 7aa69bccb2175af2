//! Where text lives: files, byte spans, and the way from an offset to a line and column.
//!
//! Nothing here knows what the text means.

mod lines;
mod map;
pub mod neighbours;
pub mod read;
mod span;

pub use lines::{LineIndex, Position};
pub use map::{Source, SourceMap};
pub use span::{FileId, Span, Spanned};
