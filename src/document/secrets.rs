//! Values that must not leave the machine: passwords, keys and tokens, told by the names that stand in front of them.
//!
//! Two ways to find them: the tree knows what belongs to a name, and patterns find what the tree does not show, such as JSON
//! inside a string or the lines of a broken file. What merely names a secret (an ARN, a reference, a `{{resolve:…}}`) is none.

use std::cmp::Reverse;
use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use memchr::memmem;
use regex::Regex;

use super::{Document, Kind, NodeRef, Scalar, ScalarStyle, Schema, Typed};

/// A value that must not be shown.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Secret {
    /// Offset of its first byte in the file, a quote left out.
    pub start: usize,
    /// Offset behind its last byte.
    pub end: usize,
    /// The value, escapes resolved.
    pub text: String,
}

/// The words at the end of a name whose value is a secret; dashes, dots, underscores and capitals do not count.
const NAMES: [&str; 17] = [
    "password",
    "passwd",
    "pwd",
    "passphrase",
    "secret",
    "secretstring",
    "secretbinary",
    "secretkey",
    "secretaccesskey",
    "token",
    "apikey",
    "authkey",
    "accountkey",
    "privatekey",
    "credential",
    "connectionstring",
    "encryptionkey",
];

/// The same names as a pattern.
const PATTERN: &str = "(?:pass(?:word|wd|phrase)|pwd|secret(?:[_.-]?(?:string|binary|(?:access[_.-]?)?key))?|token|\
    (?:api|auth|account|private|encryption)[_.-]?key|credential|connection[_.-]?string)s?";

/// Whether the value under a name is a secret. Looks at the name from its end, where the word stands.
pub fn is_secret_name(name: &str) -> bool {
    let letters = name.bytes().rev().filter(u8::is_ascii_alphanumeric).map(|byte| byte.to_ascii_lowercase());
    let is_plural = letters.clone().next() == Some(b's');
    let letters = letters.skip(usize::from(is_plural));
    NAMES.iter().any(|word| letters.clone().take(word.len()).eq(word.bytes().rev()))
}

/// Whether a text has words that make it worth to look for secrets.
pub fn may_hold_secrets(text: &str) -> bool {
    // Every run asks this, and to compile a pattern would cost more than all else that a small run does.
    static WORDS: LazyLock<AhoCorasick> = LazyLock::new(|| {
        let parts =
            ["api key", "auth key", "account key", "private key", "encryption key", "connection string"];
        let joined = parts.iter().flat_map(|part| ["", "_", ".", "-"].map(|sign| part.replace(' ', sign)));
        let words = ["password", "passwd", "passphrase", "pwd", "secret", "token", "credential"];
        let others = ["noecho", "sensitive", "-----BEGIN "];
        let all = words.into_iter().chain(others).map(str::to_string).chain(joined);
        let automaton = AhoCorasick::builder().ascii_case_insensitive(true).build(all);
        automaton.expect("internal error: the words are few")
    });
    // A name and password in front of the host.
    let names_user = |at: usize| {
        let rest = text[at + "://".len()..].split(['/', ' ', '\t', '\r', '\n']).next();
        rest.is_some_and(|authority| authority.contains('@'))
    };
    WORDS.is_match(text) || memmem::find_iter(text.as_bytes(), "://").any(names_user)
}

/// All secrets of a file that [may hold some](may_hold_secrets), by place, none inside another.
pub fn secrets(document: &Document) -> Vec<Secret> {
    let mut found = Vec::new();
    for root in document.roots() {
        Search { text: document.text(), found: &mut found }.node(root, 0);
    }
    by_pattern(document.text(), 0..document.text().len(), &mut found);
    in_order(found)
}

/// The secrets that patterns show in parts of a text, for files that are too large to be searched whole.
pub fn secrets_within(text: &str, parts: impl Iterator<Item = Range<usize>>) -> Vec<Secret> {
    let mut found = Vec::new();
    for part in parts {
        let (start, end) = (text.floor_char_boundary(part.start), text.ceil_char_boundary(part.end));
        if may_hold_secrets(&text[start..end]) {
            by_pattern(text, start..end, &mut found);
        }
    }
    in_order(found)
}

fn in_order(mut found: Vec<Secret>) -> Vec<Secret> {
    found.sort_by_key(|secret| (secret.start, Reverse(secret.end)));
    let mut end = 0;
    found.retain_mut(|secret| {
        let is_new = secret.end > end;
        secret.start = secret.start.max(end);
        end = end.max(secret.end);
        is_new
    });
    found
}

/// Deeper than any template; the parsers stop at a depth of their own.
const MAX_DEPTH: usize = 256;

struct Search<'s> {
    text: &'s str,
    found: &'s mut Vec<Secret>,
}

impl Search<'_> {
    fn node(&mut self, node: NodeRef<'_>, depth: usize) {
        // An alias repeats what was searched at its anchor.
        if depth > MAX_DEPTH || node.is_alias() {
            return;
        }
        match node.kind() {
            Kind::Scalar => {}
            Kind::Sequence => node.items().for_each(|item| self.node(item, depth + 1)),
            Kind::Mapping => self.mapping(node, depth),
        }
    }

    fn mapping(&mut self, node: NodeRef<'_>, depth: usize) {
        let is_kubernetes_secret =
            node.get("kind").and_then(NodeRef::text) == Some("Secret") && node.get("apiVersion").is_some();
        for entry in node.written_entries() {
            let name = entry.name();
            let is_secret = is_secret_name(name);
            if is_secret {
                self.value(entry.value);
            }
            if is_kubernetes_secret && matches!(name, "data" | "stringData") {
                entry.value.written_entries().for_each(|entry| self.value(entry.value));
            }
            if is_secret || is_marked(entry.value) {
                // A parameter, a variable, an output.
                for key in ["Default", "default", "value", "Value"] {
                    entry.value.get(key).into_iter().for_each(|value| self.value(value));
                }
            }
            self.node(entry.value, depth + 1);
        }
        // Few mappings are pairs of a name and a value, and most of them lack the second.
        for (value, names) in [
            ("value", &["name", "key"][..]),
            ("Value", &["Name", "Key"]),
            ("ParameterValue", &["ParameterKey"]),
        ] {
            let Some(value) = node.get(value) else { continue };
            let is_named = |name: &&str| node.get(name).and_then(NodeRef::text).is_some_and(is_secret_name);
            if names.iter().any(is_named) {
                self.value(value);
            }
        }
    }

    /// The value of a secret name: a scalar, the scalars of a list, the text of a function.
    fn value(&mut self, node: NodeRef<'_>) {
        if node.is_alias() {
            return;
        }
        if let Some(scalar) = node.scalar() {
            let refers = node.tag().is_some_and(|tag| !matches!(tag.text, "!Sub" | "!Base64" | "!!str"));
            if !refers && is_literal(scalar) {
                self.push(node, scalar);
            }
            return;
        }
        match node.kind() {
            Kind::Sequence => node.items().for_each(|item| self.value(item)),
            _ => {
                for function in ["Fn::Sub", "Fn::Base64", "Fn::Join"] {
                    node.get(function).into_iter().for_each(|value| self.value(value));
                }
            }
        }
    }

    fn push(&mut self, node: NodeRef<'_>, scalar: Scalar<'_>) {
        let (start, end) = (node.span().start as usize, node.span().end as usize);
        let quotes = usize::from(matches!(scalar.style, ScalarStyle::Single | ScalarStyle::Double));
        if start + quotes < end.saturating_sub(quotes)
            && self.text.get(start + quotes..end - quotes).is_some()
        {
            let text = scalar.text.trim().to_string();
            self.found.push(Secret { start: start + quotes, end: end - quotes, text });
        }
    }
}

/// Whether a declaration says that its value is secret.
fn is_marked(node: NodeRef<'_>) -> bool {
    let says = |key: &str| {
        node.get(key).and_then(NodeRef::text).is_some_and(|text| text.eq_ignore_ascii_case("true"))
    };
    node.kind() == Kind::Mapping && (says("NoEcho") || says("sensitive"))
}

/// Whether a scalar is the secret itself and not the name of one.
fn is_literal(scalar: Scalar<'_>) -> bool {
    let text = scalar.text.trim();
    let is_typed = matches!(scalar.typed(Schema::Core), Typed::Null | Typed::Bool(_));
    let is_one_expression = |open: &str, close: &str| {
        text.strip_prefix(open)
            .and_then(|rest| rest.strip_suffix(close))
            .is_some_and(|inner| !inner.contains(&close[..1]) && !inner.is_empty())
    };
    let refers = text.starts_with("{{") || text.starts_with("arn:") || is_one_expression("${", "}");
    !text.is_empty() && !is_typed && !refers
}

/// What patterns show: `NAME: value` on a line, `"name": "value"` in JSON inside a string, pairs of a name and a value, keys in
/// PEM, passwords in URLs.
fn by_pattern(text: &str, part: Range<usize>, found: &mut Vec<Secret>) {
    let own = &text[part.clone()];
    for pattern in PATTERNS.iter().filter(|pattern| own.contains(pattern.needs)) {
        for captures in pattern.regex.captures_iter(own) {
            let Some(value) = captures.get(1) else { continue };
            let words = value.as_str().trim();
            let is_word = matches!(words, "" | "true" | "false" | "null" | "~");
            let refers = ["{{", "${", "arn:"].iter().any(|sign| words.starts_with(sign));
            if !is_word && !refers {
                let (start, end) = (part.start + value.start(), part.start + value.end());
                found.push(Secret { start, end, text: words.to_string() });
            }
        }
    }
}

/// A pattern, compiled when a text first has what every match of it holds: most texts have the first pattern's only.
struct Pattern {
    needs: &'static str,
    regex: LazyLock<Regex>,
}

impl Pattern {
    const fn new(needs: &'static str, regex: fn() -> Regex) -> Self {
        Self { needs, regex: LazyLock::new(regex) }
    }
}

static PATTERNS: [Pattern; 6] = [
    Pattern::new("", || {
        compiled(&format!(
            r#"(?im)^[ \t]*(?:- +)?["']?{NAME}{PATTERN}["']? *[:=] *["']?([^\s"'{{}}\[\]!&*|>$,#][^\s"',#]*)"#
        ))
    }),
    Pattern::new("\"", || compiled(&format!(r#"(?i)\\*"{NAME}{PATTERN}\\*"\s*:\s*{QUOTED}"#))),
    Pattern::new("\"", || {
        compiled(&format!(
            r#"(?i)\\*"name\\*"\s*:\s*\\*"{NAME}{PATTERN}\\*"\s*,\s*\\*"value\\*"\s*:\s*{QUOTED}"#
        ))
    }),
    Pattern::new("\"", || {
        compiled(&format!(
            r#"(?i)\\*"value\\*"\s*:\s*{QUOTED}\s*,\s*\\*"name\\*"\s*:\s*\\*"{NAME}{PATTERN}\\*""#
        ))
    }),
    Pattern::new("-----BEGIN ", || compiled(r"-----BEGIN [A-Z ]*PRIVATE KEY-----([A-Za-z0-9+/=\s\\]+)")),
    Pattern::new("://", || compiled(r#"://[^/\s:@"']*:([^@\s/"'$]+)@"#)),
];

/// What may stand in front of the word that makes a name one of a secret.
const NAME: &str = r"[\w./-]*";

/// A value in JSON, perhaps inside a string.
const QUOTED: &str = r#"\\*"((?:[^"\\\n]|\\[^"\n])+)\\*""#;

fn compiled(pattern: &str) -> Regex {
    Regex::new(pattern).expect("internal error: the pattern is well-formed")
}

/// The text with a sign of the same size in place of every character of the secrets, so that no place in it moves.
pub fn masked(text: &str, secrets: &[Secret]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for secret in secrets {
        let (Some(before), Some(hidden)) = (text.get(at..secret.start), text.get(secret.start..secret.end))
        else {
            continue;
        };
        out.push_str(before);
        out.extend(hidden.chars().map(|c| match c.len_utf8() {
            _ if c.is_whitespace() => c,
            1 => '*',
            2 => '·',
            3 => '•',
            _ => '🔒',
        }));
        at = secret.end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

/// A sentence without the secrets that it quotes. Short ones are words that may mean something else, and count only where they
/// are quoted whole.
pub fn without(sentence: &str, secrets: &[Secret]) -> Option<String> {
    const LONG: usize = 6;
    let mut new: Option<String> = None;
    for Secret { text, .. } in secrets {
        let sentence = new.as_deref().unwrap_or(sentence);
        if !sentence.contains(text.as_str()) {
            continue;
        }
        let mut changed = None;
        if text.chars().count() >= LONG {
            changed = Some(sentence.replace(text.as_str(), "***"));
        } else {
            for quoted in [format!("`{text}`"), format!("\"{text}\""), format!("'{text}'")] {
                let sentence = changed.as_deref().unwrap_or(sentence);
                if sentence.contains(&quoted) {
                    let quote = &quoted[..1];
                    changed = Some(sentence.replace(&quoted, &format!("{quote}***{quote}")));
                }
            }
        }
        new = changed.or(new);
    }
    new
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for name in [
            "Password",
            "MasterUserPassword",
            "DB_PASSWORD",
            "client-secret",
            "apiKey",
            "AUTH_TOKEN",
            "secrets",
            "private_key",
        ] {
            assert!(is_secret_name(name), "{name}");
        }
        for name in [
            "SecretArn",
            "secretName",
            "TokenEndpoint",
            "KeyId",
            "PasswordPolicyName",
            "Tokens per second",
            "key",
        ] {
            assert!(!is_secret_name(name), "{name}");
        }
    }

    /// What stays of a text of which only patterns are known.
    fn check(text: &str, expected: &str) {
        assert!(may_hold_secrets(text), "{text}");
        assert_eq!(masked(text, &secrets_within(text, std::iter::once(0..text.len()))), expected);
    }

    #[test]
    fn patterns() {
        check("  password: hunter2 # why", "  password: ******* # why");
        check("DB_PASSWORD=\"hunter2\"\n", "DB_PASSWORD=\"*******\"\n");
        check("password: !Ref Password", "password: !Ref Password");
        check("password: '{{resolve:ssm:x}}'", "password: '{{resolve:ssm:x}}'");
        check("token: ö名🦀x", "token: ·•🔒*");
        check(r#"[{\"name\":\"TOKEN\",\"value\":\"abc\"}]"#, r#"[{\"name\":\"TOKEN\",\"value\":\"***\"}]"#);
        check(r#"{"value":"abc","name":"API_KEY"}"#, r#"{"value":"***","name":"API_KEY"}"#);
        check("url: postgres://me:hunter2@db/x", "url: postgres://me:*******@db/x");
        check(
            "k: |\n  -----BEGIN RSA PRIVATE KEY-----\n  MIIE\n  -----END RSA PRIVATE KEY-----",
            "k: |\n  -----BEGIN RSA PRIVATE KEY-----\n  ****\n  -----END RSA PRIVATE KEY-----",
        );
    }

    #[test]
    fn sentences() {
        let secrets =
            ["hunter2hunter2", "abc"].map(|text| Secret { start: 0, end: 0, text: text.to_string() });
        assert_eq!(without("is hunter2hunter2!", &secrets).as_deref(), Some("is ***!"));
        assert_eq!(without("is `abc`, abcd", &secrets).as_deref(), Some("is `***`, abcd"));
        assert_eq!(without("is abcd", &secrets), None);
    }
}
