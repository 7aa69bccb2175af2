//! What is said behind the rules of an exception: why, and until when.

use jiff::civil::Date;

use crate::source::{FileId, Span, Spanned};

/// Why a finding is excepted, and for how long.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Terms {
    /// Empty when nothing is said.
    pub(super) reason: String,
    /// The last day on which it counts.
    pub(super) until: Option<Spanned<Date>>,
    /// What stands for a date and is none.
    pub(super) no_date: Option<Spanned<String>>,
}

/// Reads `until 2027-01-31 reason`, `reason, until 2027-01-31` or `reason`; `at` is the offset of the text in its file.
pub(super) fn read(text: &str, file: FileId, at: usize) -> Terms {
    let mut terms = Terms::default();
    let Some((from, to, date)) = deadline(text) else {
        terms.reason = text.trim().to_string();
        return terms;
    };
    let (before, behind) = (text[..from].trim(), text[to..].trim());
    let (before, behind) = (before.trim_end_matches(SIGNS), behind.trim_start_matches(SIGNS));
    terms.reason = if before.is_empty() { behind } else { before }.trim().to_string();
    let start = at + (date.as_ptr() as usize - text.as_ptr() as usize);
    let span = Span::new(file, start as u32, (start + date.len()) as u32);
    match date.parse() {
        Ok(day) => terms.until = Some(Spanned::new(day, span)),
        Err(_) => terms.no_date = Some(Spanned::new(date.to_string(), span)),
    }
    terms
}

/// What may stand between a date and the reason.
const SIGNS: [char; 10] = [' ', ',', ';', ':', '.', '-', '–', '—', '(', ')'];

/// `until` and something like a date at the start or the end of a text: where both begin and end, and the date.
fn deadline(text: &str) -> Option<(usize, usize, &str)> {
    const WORD: &str = "until";
    text.match_indices(WORD).find_map(|(from, _)| {
        let before = &text[..from];
        let rest = &text[from + WORD.len()..];
        let is_word = !before.ends_with(char::is_alphanumeric) && rest.starts_with(char::is_whitespace);
        let date = rest.trim_start();
        let len =
            date.find(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '/').unwrap_or(date.len());
        let date = date[..len].trim_end_matches('-');
        // "until replaced" is a reason; a date begins with its year.
        let is_date = is_word && date.starts_with(|c: char| c.is_ascii_digit()) && date.len() >= 6;
        let to = text.len() - rest.trim_start().len() + date.len();
        let is_outside = before.trim_matches(SIGNS).is_empty() || text[to..].trim_matches(SIGNS).is_empty();
        (is_date && is_outside).then_some((from, to, date))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A text, then its reason, its date and what is no date.
    fn check(text: &str, reason: &str, until: &str, no_date: &str) {
        let terms = read(text, FileId(0), 0);
        let day = terms.until.map(|until| until.value.to_string()).unwrap_or_default();
        let wrong = terms.no_date.as_ref().map(|date| date.value.as_str()).unwrap_or_default();
        assert_eq!((terms.reason.as_str(), day.as_str(), wrong), (reason, until, no_date), "{text}");
        for span in terms.until.iter().map(|it| it.span).chain(terms.no_date.iter().map(|it| it.span)) {
            assert!(text[span.range()].starts_with(|c: char| c.is_ascii_digit()), "{text}");
        }
    }

    #[test]
    fn reasons_and_dates() {
        check("agreed", "agreed", "", "");
        check(" ", "", "", "");
        check("until 2027-01-31 replaced in OPS-1", "replaced in OPS-1", "2027-01-31", "");
        check("until 2027-01-31: replaced", "replaced", "2027-01-31", "");
        check("until 2027-01-31 -- replaced", "replaced", "2027-01-31", "");
        check("replaced in OPS-1, until 2027-01-31", "replaced in OPS-1", "2027-01-31", "");
        check("replaced (until 2027-01-31).", "replaced", "2027-01-31", "");
        check("until 2027-01-31", "", "2027-01-31", "");
        check("kept until 2027-01-31 or the release", "kept until 2027-01-31 or the release", "", "");
        check("kept until OPS-1 is done", "kept until OPS-1 is done", "", "");
        check("until 2027-02-30 replaced", "replaced", "", "2027-02-30");
        check("until 31/01/2027 replaced", "replaced", "", "31/01/2027");
        check("until 3 pods are left", "until 3 pods are left", "", "");
    }
}
