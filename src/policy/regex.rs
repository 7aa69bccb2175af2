//! Regular expressions in the flavour of cfn-guard: the crate `fancy-regex`, bypassed where `regex` says the same.

use std::sync::{Arc, OnceLock};

/// How often a pattern with look-around may go back in one text; the default of the crate.
const MAX_BACKTRACKS: usize = 1_000_000;

/// How many bytes a compiled pattern may take; the default of the crate.
const MAX_COMPILED: usize = 10 << 20;

/// A pattern that compiles.
#[derive(Clone)]
pub(crate) struct Regex(Arc<Inner>);

struct Inner {
    text: String,
    /// What is looked for, where the pattern is as simple as that.
    words: Option<Words>,
    engine: OnceLock<Engine>,
}

enum Engine {
    Plain(::regex::Regex),
    /// Look-around, back-references, possessive quantifiers.
    Fancy(fancy_regex::Regex),
}

impl std::fmt::Debug for Regex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "/{}/", self.0.text)
    }
}

impl Engine {
    /// Compiles a pattern; the error is one line of words.
    fn new(pattern: &str) -> Result<Self, String> {
        match (is_fancy(pattern), plain(pattern)) {
            (false, Ok(regex)) => Ok(Engine::Plain(regex)),
            (_, plain) => fancy(pattern).map(Engine::Fancy).map_err(|error| {
                let error = plain.err().map_or_else(|| error.to_string(), |error| error.to_string());
                last_line(&error)
            }),
        }
    }
}

/// A text without signs of a pattern, but for those that bind it to the start or the end.
struct Words {
    text: String,
    at_start: bool,
    at_end: bool,
}

impl Words {
    /// Reads a pattern; `None` when it takes an engine.
    fn read(pattern: &str) -> Option<Self> {
        let (rest, at_start) = pattern.strip_prefix('^').map_or((pattern, false), |rest| (rest, true));
        let bound = rest.strip_suffix('$').filter(|rest| !rest.ends_with('\\'));
        let (rest, at_end) = bound.map_or((rest, false), |rest| (rest, true));
        let mut text = String::with_capacity(rest.len());
        let mut signs = rest.chars();
        while let Some(sign) = signs.next() {
            match sign {
                '\\' => text.push(signs.next().filter(|sign| "./-+*?()|[]{}^$\\".contains(*sign))?),
                '.' | '+' | '*' | '?' | '(' | ')' | '|' | '[' | ']' | '{' | '}' | '^' | '$' => return None,
                sign => text.push(sign),
            }
        }
        Some(Self { text, at_start, at_end })
    }

    fn is_match(&self, text: &str) -> bool {
        match (self.at_start, self.at_end) {
            (true, true) => text == self.text,
            (true, false) => text.starts_with(&self.text),
            (false, true) => text.ends_with(&self.text),
            (false, false) => text.contains(&self.text),
        }
    }
}

impl Regex {
    /// Compiles a pattern; the error is one line of words.
    pub(super) fn new(pattern: &str) -> Result<Self, String> {
        let regex = Self::known(pattern);
        if regex.0.words.is_some() {
            return Ok(regex);
        }
        let (words, engine) = (None, OnceLock::from(Engine::new(pattern)?));
        Ok(Self(Arc::new(Inner { text: pattern.to_string(), words, engine })))
    }

    /// A pattern that is known to compile, which it does when it is first matched.
    pub(super) fn known(pattern: &str) -> Self {
        let words = Words::read(pattern);
        Self(Arc::new(Inner { text: pattern.to_string(), words, engine: OnceLock::new() }))
    }

    fn engine(&self) -> &Engine {
        let compile = || Engine::new(&self.0.text).expect("internal error: a known pattern does not compile");
        self.0.engine.get_or_init(compile)
    }

    /// The pattern.
    pub(super) fn text(&self) -> &str {
        &self.0.text
    }

    /// Whether it is found anywhere in `text`; an error when the search had to be given up.
    pub(super) fn is_match(&self, text: &str) -> Result<bool, String> {
        if let Some(words) = &self.0.words {
            return Ok(words.is_match(text));
        }
        match self.engine() {
            Engine::Plain(regex) => Ok(regex.is_match(text)),
            Engine::Fancy(regex) => regex.is_match(text).map_err(|error| given_up(&error)),
        }
    }

    /// Every match replaced by the expansion of `template`, and the text between the matches dropped, as cfn-guard has it.
    pub(super) fn expand_matches(&self, text: &str, template: &str) -> Result<String, String> {
        let mut out = String::new();
        match self.engine() {
            Engine::Plain(regex) => {
                for captures in regex.captures_iter(text) {
                    captures.expand(template, &mut out);
                }
            }
            Engine::Fancy(regex) => {
                for captures in regex.captures_iter(text) {
                    captures.map_err(|error| given_up(&error))?.expand(template, &mut out);
                }
            }
        }
        Ok(out)
    }
}

fn plain(pattern: &str) -> Result<::regex::Regex, ::regex::Error> {
    ::regex::RegexBuilder::new(pattern).size_limit(MAX_COMPILED).build()
}

fn fancy(pattern: &str) -> Result<fancy_regex::Regex, Box<fancy_regex::Error>> {
    fancy_regex::RegexBuilder::new(pattern)
        .backtrack_limit(MAX_BACKTRACKS)
        .delegate_size_limit(MAX_COMPILED)
        .build()
        .map_err(Box::new)
}

/// Why a search ended early.
fn given_up(error: &fancy_regex::Error) -> String {
    match error {
        fancy_regex::Error::RuntimeError(fancy_regex::RuntimeError::BacktrackLimitExceeded) => {
            format!("a regular expression goes back more than {MAX_BACKTRACKS} times")
        }
        other => last_line(&other.to_string()),
    }
}

/// Whether `fancy-regex` gives the pattern another meaning than `regex` does.
fn is_fancy(pattern: &str) -> bool {
    ["++", "*+", "?+", "}+", "(?>", "(?=", "(?!", "(?<"].iter().any(|sign| pattern.contains(sign))
}

fn last_line(error: &str) -> String {
    let line = error.lines().rfind(|line| !line.trim().is_empty()).unwrap_or(error);
    line.trim().trim_start_matches("error: ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_words_match_as_the_engine_has_it() {
        let patterns = [
            "", "^", "$", "^$", "a.b", r"a\.b", r"^a\.b", r"a\.b$", r"^a\.b$", r"a\$", r"a\\$", r"a\\\$",
            "^^a", "a$$", r"\ba", r"a\-b", "a|b", "é$", "(?i)a", r"a\/b", "a{2}", r"\<a", "a#b", "a b",
        ];
        let texts = [
            "", "a", "b", "a.b", "xa.b", "a.bx", "xa.bx", "axb", "a$", r"a\", r"a\$", "a-b", "a/b", "é", "éa",
        ];
        for pattern in patterns {
            let (own, engine) = (Regex::new(pattern), Engine::new(pattern));
            assert_eq!(own.as_ref().err(), engine.as_ref().err(), "{pattern}");
            let (Ok(own), Ok(Engine::Plain(engine))) = (own, engine) else { continue };
            for text in texts {
                assert_eq!(own.is_match(text), Ok(engine.is_match(text)), "{pattern:?} in {text:?}");
            }
        }
        assert!(Words::read(r"^orders\.$").is_some() && Words::read("orders.*").is_none());
    }
}
