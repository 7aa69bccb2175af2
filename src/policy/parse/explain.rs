//! Syntax errors in the words of somebody who writes rules.
//!
//! The generated parser knows how far it got. What stands there, and before it, mostly tells what was meant.

use pest::error::{Error, ErrorVariant, InputLocation};

use super::POLICY_SYNTAX;
use super::grammar::Rule;
use super::nesting::{self, Open};
use crate::diagnostic::{Diagnostic, Label, Severity};
use crate::source::{FileId, Span};

/// Operators of one value and of two, for "did you mean".
const OPERATORS: [&str; 12] = [
    "exists",
    "empty",
    "in",
    "not",
    "or",
    "when",
    "is_string",
    "is_list",
    "is_struct",
    "is_bool",
    "is_int",
    "is_null",
];

/// A syntax error at the place where the parser got no further.
pub(super) fn syntax_error(file: FileId, text: &str, error: &Error<Rule>) -> Diagnostic {
    let at = match error.location {
        InputLocation::Pos(at) | InputLocation::Span((at, _)) => at,
    };
    let place = Place::new(file, text, at);
    if let ErrorVariant::CustomError { message } = &error.variant {
        let found = diagnostic(place.word, "rule file is too complex to be read");
        return found.with_help(format!("simplify it ({message})"));
    }
    unclosed(&place)
        .or_else(|| after_operator(&place))
        .or_else(|| word(&place))
        .or_else(|| sign(&place))
        .unwrap_or_else(|| expected(&place, error))
}

fn diagnostic(span: Span, message: impl Into<String>) -> Diagnostic {
    Diagnostic::new(POLICY_SYNTAX, Severity::Error, span, message)
}

/// Where the parser stopped.
struct Place<'t> {
    text: &'t str,
    at: usize,
    /// The word or sign there.
    word: Span,
    /// What comes from there on.
    rest: &'t str,
    /// What comes before, trailing blanks left out.
    before: &'t str,
}

impl<'t> Place<'t> {
    fn new(file: FileId, text: &'t str, at: usize) -> Self {
        let mut start = at.min(text.len());
        while !text.is_char_boundary(start) {
            start -= 1;
        }
        let rest = &text[start..];
        let skipped = rest.len() - rest.trim_start().len();
        let at = if rest.trim_start().is_empty() { start } else { start + skipped };
        let rest = &text[at..];
        let word: usize = rest.chars().take_while(|c| is_word(*c)).map(char::len_utf8).sum();
        let sign = rest.chars().next().filter(|c| *c != '\n').map_or(0, char::len_utf8);
        let span = Span::new(file, at as u32, (at + word.max(sign)) as u32);
        Self { text, at, word: span, rest, before: text[..at].trim_end() }
    }

    fn span(&self, start: usize, end: usize) -> Span {
        Span::new(self.word.file, start as u32, end as u32)
    }

    fn word(&self) -> &'t str {
        &self.text[self.word.range()]
    }

    /// The word that ends where the parser stopped, or just before it.
    fn last_word(&self) -> &'t str {
        let start = self
            .before
            .rfind(|c: char| !is_word(c))
            .map_or(0, |at| at + self.before[at..].chars().next().map_or(1, char::len_utf8));
        &self.before[start..]
    }

    /// The signs of an unquoted key around a place: letters, digits and what does not belong there.
    fn wide_word(&self) -> Span {
        let is_part = |c: char| is_word(c) || matches!(c, '-' | '$' | '/');
        let start = self.text[..self.at]
            .rfind(|c: char| !is_part(c))
            .map_or(0, |at| at + self.text[at..].chars().next().map_or(1, char::len_utf8));
        let length: usize = self.rest.chars().take_while(|c| is_part(*c)).map(char::len_utf8).sum();
        self.span(start, self.at + length)
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Something that was opened and never closed.
fn unclosed(place: &Place<'_>) -> Option<Diagnostic> {
    let open = nesting::unclosed(place.text)?;
    let at_end = place.rest.trim().is_empty();
    Some(match open {
        Open::Message(at) => {
            diagnostic(place.span(at, at + 2), "message is never closed").with_help("end it with `>>`")
        }
        Open::Text(at) => {
            let found = diagnostic(place.span(at, at + 1), "text is never closed");
            found.with_help(
                "close it with the same kind of quote; a backslash in front of a quote keeps it open",
            )
        }
        Open::Bracket(at) if at_end => {
            let bracket = &place.text[at..=at];
            let close = match bracket {
                "[" => "]",
                "{" => "}",
                _ => ")",
            };
            diagnostic(place.span(at, at + 1), format!("`{bracket}` is never closed"))
                .with_help(format!("add the missing `{close}`"))
                .with_related(Label::new(place.word, "the file ends here"))
        }
        Open::Bracket(_) => return None,
    })
}

/// A sign that other languages have.
fn sign(place: &Place<'_>) -> Option<Diagnostic> {
    let rest = place.rest;
    let signs = |n: usize| place.span(place.at, place.at + n);
    let touches_word = place.text[..place.at].ends_with(is_word);
    let found = match rest.as_bytes() {
        [b'=', b'>' | b'<' | b'~', ..] => {
            diagnostic(signs(2), format!("there is no operator `{}`", &rest[..2]))
                .with_help("write `>=`, `<=` or `==`")
        }
        [b'=', next, ..] if *next != b'=' => {
            diagnostic(signs(1), "`=` does not compare").with_help("write `==`, or `let name = …` to assign")
        }
        [b'=', b'=', b'=', ..] => diagnostic(signs(3), "there is no operator `===`").with_help("write `==`"),
        [b'&', b'&', ..] => diagnostic(signs(2), "there is no `&&`")
            .with_help("leave it out: clauses that stand one after the other must all hold"),
        [b'|', b'|', ..] => diagnostic(signs(2), "there is no `||`").with_help("write `or`"),
        [b';' | b',', ..] => diagnostic(signs(1), format!("clauses are not separated by `{}`", &rest[..1]))
            .with_help("leave it out, and best begin a new line"),
        [b'!', b' ' | b'\t' | b'\n' | b'\r', ..] => {
            diagnostic(signs(1), "`!` must touch what follows").with_help("write `!exists`, or `not`")
        }
        [b'<', b'<', ..] => diagnostic(signs(2), "message is not where it can be read")
            .with_help("put it behind a whole clause; behind the name of a rule it must be on the same line"),
        [b'-' | b'$' | b':', ..] if touches_word => quoted_key(place),
        [b'_' | b'$', ..] => quoted_key(place),
        [b'(', ..] if touches_word => {
            let name = place.last_word();
            diagnostic(place.word, format!("`{name}(…)` cannot stand here"))
                .with_help(format!("assign it first, `let value = {name}(…)`, and compare `%value`"))
        }
        [b'(', ..] => diagnostic(signs(1), "clauses cannot be grouped by parentheses")
            .with_help("join alternatives with `or`; each line of them must hold"),
        _ if place.before.ends_with('!') && place.before.len() < place.at => {
            let end = place.before.len();
            diagnostic(place.span(end - 1, end), "`!` must touch what follows")
                .with_help("write `!exists`, or `not`")
        }
        [b']', ..] if blank_before_key(place).is_some() => {
            let at = blank_before_key(place).unwrap_or(place.at);
            diagnostic(place.span(at, at + 1), "no blank may stand between `[` and the quote of a key")
                .with_help("write `['key']`")
        }
        [b'=' | b'!' | b'<' | b'>', ..] if place.before.ends_with(')') => left_call(place)?,
        [b'/' | b'0'..=b'9', ..] if at_clause_start(place) => left_literal(place),
        [b'}', ..] if place.before.ends_with(is_word) && !place.before.ends_with("exists") => {
            let name = place.last_word();
            let end = place.before.len();
            diagnostic(place.span(end - name.len(), end), format!("`{name}` is no clause"))
                .with_help("a property needs an operator behind it, and the name of a rule must end its line")
        }
        [b'}', ..] if place.before.ends_with('{') => {
            diagnostic(signs(1), "block is empty").with_help("a block needs at least one clause")
        }
        _ => return None,
    };
    Some(found)
}

/// The quote of a key behind `[` and a blank, when its closing quote is the last sign.
fn blank_before_key(place: &Place<'_>) -> Option<usize> {
    let quote = place.before.chars().last().filter(|c| matches!(c, '\'' | '"'))?;
    let inner = &place.before[..place.before.len() - 1];
    let at = inner.rfind(quote)?;
    let before = &inner[..at];
    (before.trim_end().ends_with('[') && before.ends_with([' ', '\t'])).then_some(at)
}

/// A call in front of an operator.
fn left_call(place: &Place<'_>) -> Option<Diagnostic> {
    let open = place.before.rfind('(')?;
    let before = &place.before[..open];
    let start = before
        .rfind(|c: char| !is_word(c))
        .map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8));
    let call = &place.before[start..];
    let found = diagnostic(place.span(start, place.before.len()), "a call cannot stand on the left");
    (start < open)
        .then(|| found.with_help(format!("assign it first, `let value = {call}`, and compare `%value`")))
}

fn quoted_key(place: &Place<'_>) -> Diagnostic {
    let span = place.wide_word();
    let key = &place.text[span.range()];
    let sign = &place.rest[..1];
    diagnostic(span, format!("`{sign}` cannot stand in a key without quotes"))
        .with_help(format!("write `'{key}'`"))
}

fn at_clause_start(place: &Place<'_>) -> bool {
    place.before.is_empty() || place.before.ends_with(['{', '}', '\n']) || line_is_blank_before(place)
}

fn line_is_blank_before(place: &Place<'_>) -> bool {
    let line = place.text[..place.at].rfind('\n').map_or(0, |at| at + 1);
    place.text[line..place.at].trim().is_empty()
}

fn left_literal(place: &Place<'_>) -> Diagnostic {
    diagnostic(place.word, "a clause starts with a query, not with a value")
        .with_help("put the value on the right side")
}

/// An operator whose right side cannot be read.
fn after_operator(place: &Place<'_>) -> Option<Diagnostic> {
    let operators = ["==", "!=", ">=", "<=", ">", "<", " in", " IN"];
    let operator = operators.into_iter().find(|operator| place.before.ends_with(operator))?.trim();
    if place.before.ends_with(">>") {
        return None;
    }
    let ends_here = place.rest.is_empty() || place.rest.starts_with('}');
    Some(match place.rest.as_bytes() {
        _ if ends_here => diagnostic(place.word, format!("a value is missing behind `{operator}`")),
        [b'0'..=b'9' | b'-', ..] => {
            let length = place.rest.find(|c: char| c.is_whitespace() || c == '}').unwrap_or(place.rest.len());
            let span = place.span(place.at, place.at + length);
            diagnostic(span, format!("`{}` is no number", &place.rest[..length]))
                .with_help("put text into quotes")
        }
        [b'/', ..] => diagnostic(place.word, "regular expression is never closed")
            .with_help("end it with `/`; it cannot end in an escaped slash"),
        _ => return None,
    })
}

/// A word where another one is expected: the one at which the parser stopped, or the one before, which it took for
/// the beginning of a clause.
fn word(place: &Place<'_>) -> Option<Diagnostic> {
    let last = place.last_word();
    let end = place.before.len();
    foreign(last, place.span(end - last.len(), end)).or_else(|| {
        let word = place.word();
        foreign(word, place.word).or_else(|| match word {
            "let" => {
                let found = diagnostic(place.word, "`let` needs a name, `=` and a value");
                Some(found.with_help("write `let name = …`"))
            }
            "when" | "WHEN" => {
                let found = diagnostic(place.word, "`when` needs conditions and a block");
                Some(found.with_help("write `when condition { … }`"))
            }
            "true" | "false" | "null" if at_clause_start(place) => Some(left_literal(place)),
            _ => None,
        })
    })
}

/// A word of another language, or a misspelt one of this.
fn foreign(word: &str, span: Span) -> Option<Diagnostic> {
    let found = diagnostic(span, format!("there is no `{word}`"));
    Some(match word {
        "and" | "AND" | "And" => {
            found.with_help("leave it out: clauses that stand one after the other must all hold")
        }
        "Or" => found.with_help("write `or`"),
        "if" | "else" | "then" => found.with_help("write `when condition { … }`; there is no other branch"),
        _ if word.starts_with(char::is_lowercase) && !OPERATORS.contains(&word) => {
            let scores = OPERATORS.iter().map(|known| (strsim::jaro_winkler(word, known), *known));
            let (_, known) = scores.filter(|(score, _)| *score > 0.85).max_by(|a, b| a.0.total_cmp(&b.0))?;
            let found = diagnostic(span, format!("there is no operator `{word}`"));
            found.with_help(format!("did you mean `{known}`?"))
        }
        _ => return None,
    })
}

/// What would have been understood.
fn expected(place: &Place<'_>, error: &Error<Rule>) -> Diagnostic {
    let positives: &[Rule] = match &error.variant {
        ErrorVariant::ParsingError { positives, .. } => positives,
        ErrorVariant::CustomError { .. } => &[],
    };
    let mut words: Vec<&str> = positives.iter().filter_map(|rule| in_words(*rule)).collect();
    words.sort_unstable();
    words.dedup();
    let what = match place.word() {
        "" => "the file ends too early".to_string(),
        word => format!("`{word}` cannot stand here"),
    };
    let found = diagnostic(place.word, what);
    match words.as_slice() {
        [] => found,
        [only] => found.with_help(format!("{only} is expected")),
        [first @ .., last] => found.with_help(format!("{} or {last} is expected", first.join(", "))),
    }
}

fn in_words(rule: Rule) -> Option<&'static str> {
    Some(match rule {
        Rule::binary_op
        | Rule::unary_op
        | Rule::in_kw
        | Rule::exists_kw
        | Rule::empty_kw
        | Rule::type_test => "an operator such as `==`, `in` or `exists`",
        Rule::value
        | Rule::string
        | Rule::int
        | Rule::float
        | Rule::regex
        | Rule::list
        | Rule::map
        | Rule::rhs => "a value",
        Rule::query
        | Rule::clause
        | Rule::plain_clause
        | Rule::access_clause
        | Rule::or_clauses
        | Rule::clauses
        | Rule::conditions
        | Rule::or_conds
        | Rule::condition
        | Rule::rule_line
        | Rule::rule_item => "a clause",
        Rule::block | Rule::rule_body | Rule::ref_block => "a block in braces",
        Rule::name | Rule::variable => "a name",
        Rule::named_rule | Rule::parameterized_rule | Rule::type_block => "a rule",
        Rule::bare_key | Rule::map_entry => "a key",
        Rule::EOI => "the end of the file",
        _ => return None,
    })
}
