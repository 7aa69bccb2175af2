//! Keys by which other systems recognise a finding in the next run.

use std::collections::HashMap;

use crate::diagnostic::Diagnostic;

/// How many characters a line's hash looks ahead.
const WINDOW: usize = 100;
const FACTOR: u64 = 37;

/// GitHub's `primaryLocationLineHash` of the given 1-based lines, sorted: exactly what its upload action computes, which
/// warns about every other value.
///
/// A rolling hash over the hundred UTF-16 units from the line's start, blanks skipped, line ends as LF, closed by 0xFFFF;
/// then the number of times that the hash has been seen in the file.
pub(super) fn line_hashes(text: &str, lines: &[u32]) -> HashMap<u32, String> {
    let mut hashes = LineHashes::new(lines);
    let mut after_cr = false;
    for unit in text.encode_utf16().chain([0xffff]) {
        // Plans of 100 MB are one line, and its first hundred units say it all.
        if hashes.found.len() == lines.len() {
            return hashes.found;
        }
        if unit == 0x20 || unit == 0x09 || (after_cr && unit == 0x0a) {
            after_cr = false;
            continue;
        }
        after_cr = unit == 0x0d;
        hashes.take(if after_cr { 0x0a } else { unit });
    }
    for _ in 0..WINDOW {
        hashes.flush();
        hashes.roll(0);
    }
    hashes.found
}

struct LineHashes<'l> {
    wanted: &'l [u32],
    found: HashMap<u32, String>,
    /// How often each hash was seen.
    seen: HashMap<u64, u32>,
    units: [u16; WINDOW],
    /// The line that began at each unit of the window.
    begun: [Option<u32>; WINDOW],
    at: usize,
    hash: u64,
    line: u32,
    at_line_start: bool,
    last_factor: u64,
}

impl<'l> LineHashes<'l> {
    fn new(wanted: &'l [u32]) -> Self {
        Self {
            wanted,
            found: HashMap::new(),
            seen: HashMap::new(),
            units: [0; WINDOW],
            begun: [None; WINDOW],
            at: 0,
            hash: 0,
            line: 0,
            at_line_start: true,
            last_factor: (0..WINDOW).fold(1, |power: u64, _| power.wrapping_mul(FACTOR)),
        }
    }

    fn take(&mut self, unit: u16) {
        self.flush();
        if self.at_line_start {
            self.at_line_start = false;
            self.line += 1;
            self.begun[self.at] = Some(self.line);
        }
        self.at_line_start = unit == 0x0a;
        self.roll(unit);
    }

    /// Writes down the line that leaves the window.
    fn flush(&mut self) {
        let Some(line) = self.begun[self.at].take() else { return };
        let seen = self.seen.entry(self.hash).or_insert(0);
        *seen += 1;
        if self.wanted.binary_search(&line).is_ok() {
            self.found.insert(line, format!("{:x}:{seen}", self.hash));
        }
    }

    fn roll(&mut self, unit: u16) {
        let out = u64::from(self.units[self.at]);
        self.units[self.at] = unit;
        self.hash = FACTOR
            .wrapping_mul(self.hash)
            .wrapping_add(u64::from(unit))
            .wrapping_sub(self.last_factor.wrapping_mul(out));
        self.at = (self.at + 1) % WINDOW;
    }
}

/// Line-free keys: they stay when the file grows above the finding.
#[derive(Debug, Default)]
pub(super) struct Fingerprints {
    seen: HashMap<u128, u32>,
}

impl Fingerprints {
    /// The key of the next finding; repetitions are numbered, so that each is unique in a report.
    pub(super) fn next(&mut self, path: &str, diagnostic: &Diagnostic) -> String {
        let resource = diagnostic.resource.as_deref().unwrap_or_default();
        // Without a resource, the message is what tells two findings apart.
        let what = if resource.is_empty() { diagnostic.message.as_str() } else { resource };
        let mut key = fnv(&[&diagnostic.rule, path, what]);
        let repetition = self.seen.entry(key).or_insert(0);
        *repetition += 1;
        if *repetition > 1 {
            key = fnv(&[&diagnostic.rule, path, what, &repetition.to_string()]);
        }
        format!("{key:032x}")
    }
}

/// FNV-1a of 128 bits: the same on every machine and in every version, and no secret depends on it.
fn fnv(parts: &[&str]) -> u128 {
    const BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    let bytes = parts.iter().flat_map(|part| part.bytes().chain([0]));
    bytes.fold(BASIS, |hash, byte| (hash ^ u128::from(byte)).wrapping_mul(PRIME))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let lines: Vec<u32> = (1..=expected.len() as u32).collect();
        let found = line_hashes(text, &lines);
        let found: Vec<&str> = lines.iter().map(|line| found[line].as_str()).collect();
        assert_eq!(found, expected, "{text:?}");
    }

    /// The vectors of GitHub's own tests.
    #[test]
    fn line_hashes_are_those_of_github() {
        check("", &["c129715d7a2bc9a3:1"]);
        check(
            " a\nb\n  \t\tc\n d",
            &["271789c17abda88f:1", "54703d4cd895b18:1", "180aee12dab6264:1", "a23a3dc5e078b07b:1"],
        );
        check(
            " hello; \t\nworld!!!\r\n\n\r  \t\tGreetings\r End\r\n",
            &[
                "e9496ae3ebfced30:1",
                "fb7c023a8b9ccb3f:1",
                "ce8ba1a563dcdaca:1",
                "e20e36e16fcb0cc8:1",
                "b3edc88f2938467e:1",
                "c8e28b0b4002a3a0:1",
                "c129715d7a2bc9a3:1",
            ],
        );
        let mut expected: Vec<String> = (1..=6).map(|n| format!("a7f2ff13bc495cf2:{n}")).collect();
        expected.extend(
            ["a7f2ff1481e87703:1", "a9cf91f7bbf1862b:1", "55ec222b86bcae53:1", "cc97dc7b1d7d8f7b:1"]
                .map(str::to_string),
        );
        expected.push("c129715d7a2bc9a3:1".to_string());
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        check(&"Lorem ipsum dolor sit amet.\n".repeat(10), &expected);
    }

    #[test]
    fn repetitions_have_keys_of_their_own() {
        let span = crate::source::Span::new(crate::source::FileId(0), 0, 1);
        let diagnostic = Diagnostic::new("a-rule", crate::diagnostic::Severity::Error, span, "message");
        let mut fingerprints = Fingerprints::default();
        let first = fingerprints.next("a.yaml", &diagnostic);
        let second = fingerprints.next("a.yaml", &diagnostic);
        assert_ne!(first, second);
        assert_eq!(first, Fingerprints::default().next("a.yaml", &diagnostic));
    }
}
