//! Messages with `{query}` in them.
//!
//! cfn-guard leaves such words as they are, so a text in braces that is no query stays text.

use rustc_hash::FxHashMap;

use super::ast::{Clause, File, Names, Query, Visitor};
use super::eval::{self, Subject};
use super::parse;
use crate::model::ValueId;
use crate::source::Span;

/// A text with gaps.
#[derive(Debug, Default)]
pub(crate) struct Template {
    pieces: Vec<Piece>,
}

#[derive(Debug)]
enum Piece {
    Text(String),
    /// A query, and the braces with what is in them.
    Query(Query, String),
}

impl Template {
    /// Finds the gaps of a text that starts at `at`; `None` when there are none.
    pub(super) fn new(names: &mut Names, text: &str, at: Span) -> Option<Self> {
        let mut pieces = Vec::new();
        let (mut done, mut from) = (0, 0);
        while let Some(open) = text[from..].find('{').map(|found| from + found) {
            let Some(close) = closing_brace(text, open) else { break };
            let inner = &text[open + 1..close];
            let start = (at.start as usize + open + 1) as u32;
            let span = Span::new(at.file, start, start + inner.len() as u32);
            match parse::parse_query(names, inner, span) {
                Ok(query) => {
                    pieces.push(Piece::Text(text[done..open].to_string()));
                    pieces.push(Piece::Query(query, text[open..=close].to_string()));
                    done = close + 1;
                    from = done;
                }
                Err(_) => from = open + 1,
            }
        }
        if pieces.is_empty() {
            return None;
        }
        pieces.push(Piece::Text(text[done..].to_string()));
        Some(Self { pieces })
    }

    /// The queries, for checks.
    pub(super) fn queries(&self) -> impl Iterator<Item = &Query> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Query(query, _) => Some(query),
            Piece::Text(_) => None,
        })
    }

    /// Fills the gaps in from a resource; a query that begins with `this` starts at the value of the block. Where a query
    /// finds nothing, the text says so; without a resource the braces stay.
    pub(super) fn render(
        &self,
        file: &File,
        subject: &Subject<'_>,
        resource: Option<ValueId>,
        block: Option<ValueId>,
    ) -> String {
        let mut out = String::new();
        for piece in &self.pieces {
            let (query, braces) = match piece {
                Piece::Text(text) => {
                    out.push_str(text);
                    continue;
                }
                Piece::Query(query, braces) => (query, braces),
            };
            match if query.is_of_block() { block.or(resource) } else { resource } {
                None => out.push_str(braces),
                Some(from) => match eval::words(file, query, subject, from) {
                    Some(words) => out.push_str(&words),
                    None => out.push_str("(not set)"),
                },
            }
        }
        out.replace("`(not set)`", "(not set)").replace("`(unknown)`", "(unknown)")
    }
}

impl File {
    /// The template of a message that stands at `at`; they are made when the first message is asked for.
    pub(super) fn template(&self, at: Span) -> Option<&Template> {
        self.templates.get_or_init(|| of_messages(self, &mut self.names.clone())).get(&at)
    }
}

/// The templates of all messages of a file that have gaps, by where they stand.
pub(super) fn of_messages(file: &File, names: &mut Names) -> FxHashMap<Span, Template> {
    let mut messages = Messages { names, templates: FxHashMap::default() };
    for rule in file.rules.iter().chain(&file.parameterized) {
        messages.walk_block(&rule.body);
    }
    messages.templates
}

struct Messages<'n> {
    names: &'n mut Names,
    templates: FxHashMap<Span, Template>,
}

impl Visitor for Messages<'_> {
    fn clause(&mut self, clause: &Clause) {
        let Some(message) = &clause.message else { return };
        if let Some(template) = Template::new(self.names, &message.value, message.span) {
            self.templates.insert(message.span, template);
        }
    }
}

/// The brace that closes the one at `open`; strings may hold braces.
fn closing_brace(text: &str, open: usize) -> Option<usize> {
    let mut quote = None;
    for (at, c) in text[open + 1..].char_indices() {
        match (quote, c) {
            (None, '\'' | '"') => quote = Some(c),
            (None, '}') => return Some(open + 1 + at),
            (None, '{' | '\n') => return None,
            (Some(open), c) if c == open => quote = None,
            _ => {}
        }
    }
    None
}
