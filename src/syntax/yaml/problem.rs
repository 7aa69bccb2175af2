//! What granit's errors mean to the person who wrote the file, and the place to look at.

use granit_parser::{ErrorKind, ScanError};

use super::openings;
use crate::diagnostic::{Diagnostic, Label};
use crate::source::{FileId, Span};
use crate::syntax::tree::{Collection, too_deep};
use crate::syntax::{char_span, shown, syntax_error};

/// What is known where the parser stopped.
pub(super) struct Context<'t> {
    pub(super) file: FileId,
    pub(super) text: &'t str,
    /// Behind the last token that became part of the tree; the parser itself may have gone further.
    pub(super) cursor: usize,
    /// The innermost open collection and its start.
    pub(super) innermost: Option<(Collection, u32)>,
}

impl Context<'_> {
    /// The diagnostic for an error of granit.
    pub(super) fn describe(&self, error: &ScanError) -> Diagnostic {
        let at = error.marker().byte_offset().unwrap_or(self.cursor).min(self.text.len());
        if let Some(tab) = self.indenting_tab(at) {
            return syntax_error(char_span(self.file, self.text, tab), "the line is indented with a tab")
                .with_help("indent with spaces; YAML does not allow tabs there");
        }
        if let Some(opening) = self.open_bracket(error.kind(), at) {
            return self.unclosed_bracket(opening, Some(at));
        }
        match error.kind() {
            ErrorKind::RecursionLimitExceeded => too_deep(char_span(self.file, self.text, at)),
            ErrorKind::UnclosedFlowCollection { .. } => self.unclosed_bracket(at, None),
            ErrorKind::MismatchedFlowCollectionEnd { open, close } => self.mismatched(at, *open, *close),
            ErrorKind::UnclosedQuotedScalar
            | ErrorKind::InvalidQuotedScalarIndent
            | ErrorKind::DocumentIndicatorInQuotedScalar => self.unclosed_quote(at),
            ErrorKind::UnknownQuotedScalarEscape
            | ErrorKind::InvalidQuotedScalarHexEscape
            | ErrorKind::InvalidLowSurrogateHexEscape
            | ErrorKind::InvalidLowSurrogate
            | ErrorKind::MissingLowSurrogate
            | ErrorKind::UnpairedLowSurrogate
            | ErrorKind::InvalidUnicodeEscape => self.bad_escape(at),
            ErrorKind::MappingValueNotAllowed => self.second_colon(at),
            ErrorKind::ExpectedBlockMappingKey | ErrorKind::ExpectedBlockSequenceEntry => {
                self.misindented(at)
            }
            ErrorKind::SimpleKeyExpected => self.no_colon(at),
            ErrorKind::MissingAnchorOrAliasName => self.no_name(at),
            kind => self.in_words(kind, at),
        }
    }

    /// The errors that need no more than a sentence.
    fn in_words(&self, kind: &ErrorKind, at: usize) -> Diagnostic {
        let (message, help) = match kind {
            ErrorKind::MisplacedFlowCollectionEnd => (format!("{} closes nothing", self.found(at)), None),
            ErrorKind::ExpectedFlowMappingSeparator => (
                format!("expected `,` or `}}`, found {}", self.found(at)),
                Some("put a comma between two entries"),
            ),
            ErrorKind::ExpectedFlowSequenceSeparator => (
                format!("expected `,` or `]`, found {}", self.found(at)),
                Some("put a comma between two items"),
            ),
            ErrorKind::InvalidColonPlacement
            | ErrorKind::FlowMappingValueAdjacentCollection
            | ErrorKind::InvalidMappingValueWhitespace => {
                ("`:` cannot stand here".to_string(), Some("put a space after the colon, or quote the text"))
            }
            ErrorKind::ExpectedDocumentStart | ErrorKind::MissingDocumentEndBeforeDirective => (
                "the document has ended before this line".to_string(),
                Some("indent the line like its neighbours, or start another document with `---`"),
            ),
            ErrorKind::InvalidSimpleKey => ("a key must stand on one line with its colon".to_string(), None),
            ErrorKind::BlockSequenceEntryNotAllowed | ErrorKind::BlockEntryInFlowCollection => {
                ("a list item cannot start here".to_string(), Some("put `- ` on a line of its own"))
            }
            ErrorKind::PlainScalarStartsWithDashFlowIndicator | ErrorKind::InvalidBlockEntryWhitespace => {
                ("`-` cannot stand here".to_string(), Some("put a space after the dash, or quote the text"))
            }
            ErrorKind::MappingKeyNotAllowed => ("a key cannot start here".to_string(), None),
            ErrorKind::InvalidIndentation | ErrorKind::InvalidFlowScalarIndent => {
                ("the indentation of this line fits nothing above it".to_string(), None)
            }
            ErrorKind::InvalidTrailingSingleQuotedScalar | ErrorKind::InvalidTrailingDoubleQuotedScalar => (
                "text follows the closing quote".to_string(),
                Some("quote the whole value, or put what follows on a line of its own"),
            ),
            ErrorKind::UndeclaredTagHandle => (
                "the tag's prefix is not declared".to_string(),
                Some("to write text that starts with `!`, quote it"),
            ),
            ErrorKind::InvalidTagTerminator
            | ErrorKind::MissingTagUri
            | ErrorKind::ExpectedTagBang
            | ErrorKind::InvalidGlobalTagCharacter
            | ErrorKind::UnclosedVerbatimTag
            | ErrorKind::InvalidTagEscape
            | ErrorKind::InvalidTagUtf8LeadingByte
            | ErrorKind::InvalidTagUtf8TrailingByte
            | ErrorKind::InvalidTagUtf8 => (
                "the tag is not valid".to_string(),
                Some("put a space after the tag; to write text that starts with `!`, quote it"),
            ),
            ErrorKind::InvalidBlockScalarHeader => (
                "the text of a block scalar starts on the next line".to_string(),
                Some("move the text below `|` or `>`"),
            ),
            ErrorKind::ZeroBlockScalarIndent => {
                ("the indentation of a block scalar is 1 to 9".to_string(), None)
            }
            ErrorKind::InvalidBlockScalarIndent => (
                "the line is indented less than the block scalar that it is in".to_string(),
                Some("indent all lines of the text alike"),
            ),
            ErrorKind::CommentNotSeparated => (
                "`#` needs a space before it to start a comment".to_string(),
                Some("put a space before `#`, or quote the text"),
            ),
            ErrorKind::CommentInterceptedScalar => (
                "a comment stands within a value that goes on below".to_string(),
                Some("move the comment, or quote the value"),
            ),
            ErrorKind::BomInsideDocument => (
                "a byte order mark (U+FEFF) stands within the text".to_string(),
                Some("remove the invisible character"),
            ),
            ErrorKind::TabNotAllowed
            | ErrorKind::TabInBlockIndentation
            | ErrorKind::TabInIndentation
            | ErrorKind::TabInPlainScalar
            | ErrorKind::TabAtBlockScalarStart => ("a tab cannot stand here".to_string(), Some("use spaces")),
            ErrorKind::UnsupportedYamlMajorVersion => ("only YAML 1 is supported".to_string(), None),
            ErrorKind::DuplicateVersionDirective | ErrorKind::DuplicateTagDirective => {
                ("the directive is written twice".to_string(), None)
            }
            _ => return self.unexpected(at),
        };
        let problem = syntax_error(char_span(self.file, self.text, at), message);
        match help {
            Some(help) => problem.with_help(help),
            None => problem,
        }
    }

    fn unexpected(&self, at: usize) -> Diagnostic {
        let span = char_span(self.file, self.text, at);
        match self.text[at..].chars().next() {
            None | Some('\n' | '\r') => syntax_error(span, "a value is missing here"),
            Some(c) if c.is_control() || c == '\u{feff}' => {
                syntax_error(span, format!("the control character U+{:04X} is not allowed", u32::from(c)))
                    .with_help("remove the character, or write it as an escape in double quotes")
            }
            Some(_) => syntax_error(span, format!("a value cannot start with {}", self.found(at)))
                .with_help("put the value in quotes"),
        }
    }

    /// A tab in the indentation of the failing line or the one after it.
    fn indenting_tab(&self, at: usize) -> Option<usize> {
        let line_start = self.line_start(at);
        let mut start = line_start;
        for line in self.text[line_start..].split_inclusive('\n').take(2) {
            let content = line.trim_start_matches([' ', '\t']);
            let indentation = line.len() - content.len();
            let is_blank = content.trim_end().is_empty();
            if let Some(tab) = line[..indentation].find('\t').filter(|_| !is_blank) {
                return Some(start + tab);
            }
            start += line.len();
        }
        None
    }

    /// The bracket whose missing end explains an error on a later line.
    fn open_bracket(&self, kind: &ErrorKind, at: usize) -> Option<usize> {
        let is_about_flow = matches!(
            kind,
            ErrorKind::InvalidColonPlacement
                | ErrorKind::ExpectedFlowMappingSeparator
                | ErrorKind::ExpectedFlowSequenceSeparator
                | ErrorKind::BlockEntryInFlowCollection
                | ErrorKind::InvalidFlowScalarIndent
                | ErrorKind::UnexpectedEofFlowMapping
                | ErrorKind::UnexpectedEofFlowSequence
                | ErrorKind::UnexpectedEofImplicitFlowMapping
        );
        if !is_about_flow {
            return None;
        }
        let from = self.innermost.map_or(self.cursor, |(_, start)| start as usize).min(self.cursor);
        let opening = openings::open_bracket(self.text, from, at)?;
        (self.line_start(opening) != self.line_start(at)).then_some(opening)
    }

    fn unclosed_bracket(&self, opening: usize, noticed: Option<usize>) -> Diagnostic {
        let span = char_span(self.file, self.text, opening);
        let problem = syntax_error(span, format!("{} is not closed", self.found(opening)));
        match noticed {
            Some(at) => {
                let span = char_span(self.file, self.text, at);
                problem.with_related(Label::new(span, "this cannot stand within the brackets"))
            }
            None => problem,
        }
    }

    fn mismatched(&self, opening: usize, open: char, close: char) -> Diagnostic {
        let span = char_span(self.file, self.text, opening);
        let problem = syntax_error(span, format!("`{open}` is closed by `{close}`"));
        match openings::first_mismatch(self.text, opening) {
            Some(at) => problem.with_related(Label::new(char_span(self.file, self.text, at), "closed here")),
            None => problem,
        }
    }

    fn unclosed_quote(&self, at: usize) -> Diagnostic {
        let opening = openings::open_quote(self.text, self.cursor.min(at), at).unwrap_or(at);
        let span = char_span(self.file, self.text, opening);
        let problem = syntax_error(span, "the quote is not closed");
        if self.line_start(opening) == self.line_start(at) || at == self.text.len() {
            return problem;
        }
        let noticed = char_span(self.file, self.text, at);
        problem
            .with_related(Label::new(noticed, "this line ends the quoted text"))
            .with_help("close the quote, or indent the following lines of the text deeper than its key")
    }

    fn bad_escape(&self, at: usize) -> Diagnostic {
        let opening = openings::open_quote(self.text, self.cursor.min(at), at).unwrap_or(at);
        let from = openings::bad_escape(self.text, opening).unwrap_or(at);
        let end = self.text[from..].char_indices().nth(2).map_or(self.text.len(), |(n, _)| from + n);
        let span = Span::new(self.file, from as u32, end as u32);
        let shown = self.text[span.range()].escape_debug().to_string().replace("\\\\", "\\");
        syntax_error(span, format!("`{shown}` is no valid escape sequence"))
            .with_help("write a backslash in double quotes as `\\\\`, or use single quotes")
    }

    /// A colon in a place where no key can be.
    fn second_colon(&self, at: usize) -> Diagnostic {
        let line_start = self.line_start(at);
        let before = &self.text[line_start..at];
        if before.contains(": ") || before.contains("- ") && self.cursor > line_start {
            let span = char_span(self.file, self.text, at);
            return syntax_error(span, "an unquoted value cannot contain a colon and a space")
                .with_help("put the value in quotes, or the key on a line of its own");
        }
        let key = line_start + (before.len() - before.trim_start().len());
        let span = Span::new(self.file, key as u32, at as u32);
        let problem = syntax_error(span, "a key cannot stand here: the line continues the value above it");
        let above = self.text[..line_start].trim_end().rsplit('\n').next().unwrap_or_default();
        if above.contains(':') && !above.contains(": ") && !above.trim_end().ends_with(':') {
            return problem.with_help("put a space after the colon in the line above");
        }
        problem.with_help("indent the key like the keys beside it")
    }

    /// A line whose indentation fits none of the open collections.
    fn misindented(&self, at: usize) -> Diagnostic {
        let at = self.leading_dash(at).unwrap_or(at);
        let span = char_span(self.file, self.text, at);
        let Some((collection, start)) = self.innermost else {
            return syntax_error(span, "the indentation of this line fits nothing above it");
        };
        let (what, others) = match collection {
            Collection::Mapping => ("a key", "the keys beside it start here"),
            Collection::Sequence => ("`- `", "the list starts here"),
        };
        let problem = if self.column(at) != self.column(start as usize) {
            syntax_error(span, "the indentation of this line fits nothing above it")
        } else {
            syntax_error(span, format!("expected {what}, found {}", self.found(at)))
        };
        problem.with_related(Label::new(char_span(self.file, self.text, start as usize), others))
    }

    /// A line that should be a key.
    fn no_colon(&self, at: usize) -> Diagnostic {
        let rest = &self.text[at..];
        let line = rest.split(['\n', '\r']).next().unwrap_or_default().trim_end();
        let span = Span::new(self.file, at as u32, (at + line.len()) as u32);
        let problem = syntax_error(span, "expected a key followed by `: `");
        let above = self.text[..self.line_start(at)].trim_end();
        let above = above.rsplit('\n').next().unwrap_or_default();
        if above.ends_with(['|', '>']) || above.ends_with("|-") || above.ends_with(">-") {
            return problem.with_help("indent the text of the block scalar deeper than its key");
        }
        if line.contains(':') {
            return problem.with_help("put a space after the colon");
        }
        problem.with_help("if the line continues the value above it, indent it deeper than that value's key")
    }

    fn no_name(&self, at: usize) -> Diagnostic {
        let sign = if self.text[at..].starts_with('*') { '*' } else { '&' };
        let what = if sign == '*' { "an alias" } else { "an anchor" };
        syntax_error(
            char_span(self.file, self.text, at),
            format!("`{sign}` starts {what}, which needs a name"),
        )
        .with_help(format!("if it is meant as text, write it in quotes: `\"{sign}\"`"))
    }

    /// What stands at `at`, in words.
    fn found(&self, at: usize) -> String {
        match self.text[at..].chars().next() {
            None => "the end of the file".to_string(),
            Some('\n' | '\r') => "the end of the line".to_string(),
            Some(c) => shown(c),
        }
    }

    fn line_start(&self, at: usize) -> usize {
        self.text[..at].rfind('\n').map_or(0, |newline| newline + 1)
    }

    /// The dash of the list item that starts on the line of `at`, if nothing else stands before `at`:
    /// granit's mark is behind it.
    fn leading_dash(&self, at: usize) -> Option<usize> {
        let line_start = self.line_start(at);
        let before = self.text[line_start..at].trim_end();
        before.trim_start().eq("-").then(|| line_start + before.len() - 1)
    }

    fn column(&self, at: usize) -> usize {
        at - self.line_start(at)
    }
}
