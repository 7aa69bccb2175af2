//! Values of a configuration, each read strictly: what does not fit is a diagnostic at its place, with a suggestion.

use super::suggest;
use crate::diagnostic::{Diagnostic, Severity};
use crate::document::{EntryRef, Kind, NodeRef, Schema, Typed};
use crate::source::{Span, Spanned};

use super::INVALID_CONFIG;

/// What was wrong so far.
#[derive(Debug, Default)]
pub(super) struct Reader {
    pub(super) diagnostics: Vec<Diagnostic>,
}

impl Reader {
    pub(super) fn wrong(&mut self, span: Span, message: impl Into<String>, help: Option<String>) {
        let mut diagnostic = Diagnostic::new(INVALID_CONFIG, Severity::Error, span, message);
        diagnostic.help = help;
        self.diagnostics.push(diagnostic);
    }

    /// A key that nobody knows.
    pub(super) fn unknown(&mut self, entry: EntryRef, of: &str, known: &[&str]) {
        let message = format!("there is no key `{}` in {of}", entry.name());
        self.wrong(entry.key.span(), message, Some(meant(entry.name(), known)));
    }

    /// One of several words.
    pub(super) fn choice<T: Copy>(&mut self, entry: EntryRef, choices: &[(&str, T)]) -> Option<T> {
        let text = entry.value.text().unwrap_or_default();
        if let Some((_, choice)) = choices.iter().find(|(word, _)| *word == text) {
            return Some(*choice);
        }
        let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
        let message = match text {
            "" => format!("`{}` has no value", entry.name()),
            _ => format!("`{}` cannot be `{text}`", entry.name()),
        };
        self.wrong(place(entry), message, Some(meant(text, &words)));
        None
    }

    pub(super) fn flag(&mut self, entry: EntryRef) -> Option<bool> {
        let typed = entry.value.scalar().map(|scalar| scalar.typed(Schema::Core));
        let Some(Typed::Bool(flag)) = typed else {
            self.wrong(place(entry), format!("`{}` is `true` or `false`", entry.name()), None);
            return None;
        };
        Some(flag)
    }

    /// A text that is not empty.
    pub(super) fn text(&mut self, entry: EntryRef) -> Option<Spanned<String>> {
        match entry.value.text().filter(|text| !text.is_empty() && !is_null(entry.value)) {
            Some(text) => Some(Spanned::new(text.to_string(), entry.value.span())),
            None => {
                self.wrong(place(entry), format!("`{}` is a text", entry.name()), None);
                None
            }
        }
    }

    /// A list of texts.
    pub(super) fn texts(&mut self, entry: EntryRef) -> Vec<Spanned<String>> {
        let text = |item: NodeRef| Some(Spanned::new(item.text()?.to_string(), item.span()));
        let texts: Option<Vec<Spanned<String>>> = match entry.value.kind() {
            Kind::Sequence => entry.value.items().map(text).collect(),
            _ => None,
        };
        texts.unwrap_or_else(|| {
            let help = format!("write `{}: [first, second]`", entry.name());
            self.wrong(place(entry), format!("`{}` is a list of texts", entry.name()), Some(help));
            Vec::new()
        })
    }

    /// The maps of a list.
    pub(super) fn maps<'d>(&mut self, entry: EntryRef<'d>, example: &str) -> Vec<NodeRef<'d>> {
        let is_list = entry.value.kind() == Kind::Sequence;
        if !is_list || entry.value.items().any(|item| item.kind() != Kind::Mapping) {
            let wrong = entry.value.items().find(|item| item.kind() != Kind::Mapping);
            let span = wrong.filter(|_| is_list).map_or_else(|| place(entry), |item| item.span());
            let message = format!("`{}` is a list of maps", entry.name());
            self.wrong(span, message, Some(format!("write `- {example}`")));
            return Vec::new();
        }
        entry.value.items().collect()
    }
}

/// The value; the key when there is none.
pub(super) fn place(entry: EntryRef) -> Span {
    let span = entry.value.span();
    if span.start == span.end { entry.key.span() } else { span }
}

pub(super) fn is_null(node: NodeRef) -> bool {
    matches!(node.scalar().map(|scalar| scalar.typed(Schema::Core)), Some(Typed::Null))
}

pub(super) fn meant(word: &str, choices: &[&str]) -> String {
    match suggest(word, choices.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("use {}", listed(choices)),
    }
}

/// `a`, `b` or `c`.
pub(super) fn listed(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}
