//! The messages; each looks at what stands at the reader's place.

use super::Reader;
use crate::diagnostic::Label;
use crate::source::Span;
use crate::syntax::{Stop, char_span, shown, syntax_error};

impl Reader<'_> {
    pub(super) fn fail(&self, message: impl Into<String>) -> Stop {
        Box::new(syntax_error(char_span(self.file, self.text, self.at), message))
    }

    /// What stands here, in words.
    pub(super) fn found(&self) -> String {
        match self.text.get(self.at..).and_then(|rest| rest.chars().next()) {
            None => "the end of the file".to_string(),
            Some('\n' | '\r') => "the end of the line".to_string(),
            Some(c) if c.is_alphanumeric() => {
                let rest = &self.text[self.at..];
                let word: String =
                    rest.chars().take_while(|c| c.is_alphanumeric() || "_-".contains(*c)).take(40).collect();
                format!("`{word}`")
            }
            Some(c) => shown(c),
        }
    }

    /// The file ends within something that was opened.
    pub(super) fn not_closed(&self, opened: usize, what: &str) -> Stop {
        let problem = self.fail(format!("the {what} is not closed"));
        let opening = Span::new(self.file, opened as u32, opened as u32 + 1);
        Box::new(problem.with_related(Label::new(opening, format!("the {what} starts here"))))
    }

    pub(super) fn not_separated(&self, opened: usize, wanted: &str, what: &str) -> Stop {
        let problem = self.fail(format!("expected {wanted} in the {what}, found {}", self.found()));
        if self.peek().is_some() {
            return problem;
        }
        let opening = Span::new(self.file, opened as u32, opened as u32 + 1);
        Box::new(problem.with_related(Label::new(opening, format!("the {what} starts here"))))
    }

    pub(super) fn not_an_argument(&self) -> Stop {
        match self.peek() {
            Some(b'}') => self.fail("unexpected `}`: no block is open here"),
            Some(b'"') => Box::new(
                self.fail(format!("expected an argument or a block, found {}", self.found()))
                    .with_help("write the names of arguments without quotes"),
            ),
            _ => self.fail(format!("expected an argument or a block, found {}", self.found())),
        }
    }

    pub(super) fn neither_argument_nor_block(&self, start: usize) -> Stop {
        let name: String = self.text[start..self.at].split_whitespace().next().unwrap_or_default().into();
        let problem = self.fail(format!("expected `=` or `{{` after `{name}`, found {}", self.found()));
        match self.peek() {
            Some(b':') => Box::new(problem.with_help("write `=` between an argument and its value")),
            _ => problem,
        }
    }

    pub(super) fn not_a_value(&self) -> Stop {
        let problem = self.fail(format!("expected a value, found {}", self.found()));
        match self.peek() {
            Some(b'\'') => Box::new(problem.with_help("write strings in double quotes")),
            _ => problem,
        }
    }

    pub(super) fn quotes_not_closed(&self, start: usize) -> Stop {
        let opening = Span::new(self.file, start as u32, start as u32 + 1);
        let problem = syntax_error(opening, "the string is not closed on its line");
        Box::new(problem.with_help("close it with `\"`, or write a text of several lines as `<<EOF`"))
    }
}
