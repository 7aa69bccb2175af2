//! Workflow commands, which GitHub Actions shows as annotations: `::error file=…,line=…::message`.
//!
//! Ten errors and ten warnings are shown for a step, in the order of printing: the worst come first.

use std::cmp::Reverse;
use std::io::{self, Write};

use super::location::{Location, relative};
use super::neutral::is_harmful;
use super::{Options, open};
use crate::diagnostic::Severity;
use crate::engine::Analysis;

pub(super) fn write(analysis: &Analysis, out: &mut dyn Write, options: &Options) -> io::Result<()> {
    let mut found: Vec<_> = open(analysis).collect();
    found.sort_by_key(|diagnostic| Reverse(diagnostic.severity));
    for diagnostic in found {
        let Location { path, start, end } = Location::of(&analysis.sources, diagnostic.primary.span);
        let command = match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "notice",
        };
        let file = property(&relative(path, options.root.as_deref()));
        let title = property(&diagnostic.rule);
        // GitHub refuses columns of a range over several lines.
        let columns = match start.line == end.line {
            true => format!(
                ",col={},endColumn={}",
                start.column_utf16,
                end.column_utf16.max(start.column_utf16 + 1)
            ),
            false => String::new(),
        };
        let mut message = diagnostic.message.clone();
        if let Some(help) = &diagnostic.help {
            message.push_str("\nhelp: ");
            message.push_str(help);
        }
        let (line, end_line, message) = (start.line, end.line, data(&message));
        writeln!(
            out,
            "::{command} title={title},file={file},line={line},endLine={end_line}{columns}::{message}"
        )?;
    }
    Ok(())
}

/// The escapes of a command's message.
fn data(text: &str) -> String {
    let harmless: String = text.chars().map(|c| if c != '\n' && is_harmful(c) { ' ' } else { c }).collect();
    harmless.replace('%', "%25").replace('\n', "%0A").replace("##", "#♯")
}

/// The escapes of a command's property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_ends_the_command() {
        assert_eq!(data("50% of\r\n::error::x"), "50%25 of %0A::error::x");
        assert_eq!(property("a:b,c%d"), "a%3Ab%2Cc%25d");
    }
}
