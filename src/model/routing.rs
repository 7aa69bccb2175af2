//! What a listener rule matches: whether an RPC can meet its conditions, and which earlier rule takes its requests.
//!
//! Facts: "Listener rules" of the Application Load Balancer guide: `*` stands for any text, also across slashes, `?` for one
//! character; all conditions must hold, one value of each. An RPC is `POST /package.Service/Method` without a query string.

use super::build::{Draft, Link};
use super::graph::{Graph, RULE};
use super::{Data, Place, ResourceIdx, Unknown, ValueId, Values};
use crate::source::Span;

/// The longest path pattern that a rule may have.
const MAX_PATTERN: usize = 128;

/// One condition: what it looks at, and the values of which one must fit.
#[derive(Debug)]
struct Condition {
    /// `path-pattern`, `host-header`, `http-request-method`, `query-string`, `source-ip`, or `http-header:name`.
    field: String,
    /// `None` when the files do not settle them.
    values: Option<Vec<ValueId>>,
}

/// The conditions of a rule; `None` when not even their number is settled.
fn conditions(values: &Values, properties: ValueId) -> Option<Vec<Condition>> {
    let Some(list) = values.get(properties, "Conditions") else { return Some(Vec::new()) };
    if !matches!(values.data(list), Data::List(_)) {
        return None;
    }
    values.items(list).iter().map(|item| condition(values, *item)).collect()
}

/// The blocks of a condition, and the field that each is about.
const CONFIGS: [(&str, &str); 5] = [
    ("PathPatternConfig", "path-pattern"),
    ("HostHeaderConfig", "host-header"),
    ("HttpRequestMethodConfig", "http-request-method"),
    ("QueryStringConfig", "query-string"),
    ("SourceIpConfig", "source-ip"),
];

fn condition(values: &Values, item: ValueId) -> Option<Condition> {
    if !matches!(values.data(item), Data::Map(_)) {
        return None;
    }
    let settled = |list: Option<ValueId>| match list.map(|list| values.data(list)) {
        Some(Data::List(items)) => items.iter().all(|item| !values.is_unknown(*item)).then(|| items.to_vec()),
        Some(Data::Text(_)) => list.map(|single| vec![single]),
        _ => None,
    };
    if let Some(header) = values.get(item, "HttpHeaderConfig") {
        let name = values.get(header, "HttpHeaderName").and_then(|name| values.as_text(name))?;
        let field = format!("http-header:{}", name.to_ascii_lowercase());
        return Some(Condition { field, values: settled(values.get(header, "Values")) });
    }
    for (key, field) in CONFIGS {
        if let Some(config) = values.get(item, key) {
            return Some(Condition {
                field: field.to_string(),
                values: settled(values.get(config, "Values")),
            });
        }
    }
    let field = values.get(item, "Field").and_then(|field| values.as_text(field))?;
    Some(Condition { field: field.to_string(), values: settled(values.get(item, "Values")) })
}

/// Whether a path pattern can be met by the path of an RPC: by each, by some, by none, or only by one that nobody writes.
fn reach(pattern: &str) -> &'static str {
    if pattern.len() > MAX_PATTERN {
        return "none";
    }
    if matches!(pattern, "*" | "/*" | "/*/*") {
        return "every";
    }
    let slashes = pattern.matches('/').count();
    let has_star = pattern.contains('*');
    if has_star {
        let starts = pattern.starts_with(['/', '*', '?']);
        return if !starts || slashes > 2 {
            "none"
        } else if is_odd(pattern) {
            "odd"
        } else {
            "some"
        };
    }
    let mut segments = pattern.split('/');
    let is_rpc =
        segments.next() == Some("") && segments.clone().count() == 2 && segments.all(|part| !part.is_empty());
    match (is_rpc, is_odd(pattern)) {
        (false, _) => "none",
        (true, true) => "odd",
        (true, false) => "some",
    }
}

/// Whether the service part of a pattern reads like the path of a web page: a word in lower case without a package
/// (`/api/*`), or one with a dash, which no identifier of Protocol Buffers has.
/// Source: "Files and packages" and "Services" of the Protocol Buffers style guide; the language's grammar of identifiers.
fn is_odd(pattern: &str) -> bool {
    let mut segments = pattern.trim_start_matches('/').split('/');
    let Some((service, _)) = segments.next().zip(segments.next()) else { return false };
    let is_literal = !service.is_empty() && !service.contains(['*', '?', '.']);
    is_literal && (service.contains('-') || service.starts_with(|first: char| first.is_ascii_lowercase()))
}

/// `Match` of a listener rule.
pub(super) fn match_value(values: &mut Values, properties: ValueId, name: Span) -> ValueId {
    let place = Place::fact_at(name);
    let Some(conditions) = conditions(values, properties) else {
        let unknown = values.unknown(Unknown::Expression, place);
        return values.map_of(&[("Paths", unknown), ("Methods", unknown), ("QueryStrings", unknown)], place);
    };
    let mut entries = Vec::with_capacity(3);
    for (key, field) in
        [("Paths", "path-pattern"), ("Methods", "http-request-method"), ("QueryStrings", "query-string")]
    {
        let mut items = Vec::new();
        for condition in conditions.iter().filter(|condition| condition.field == field) {
            match &condition.values {
                Some(found) if key == "Paths" => items.extend(found.iter().map(|item| path(values, *item))),
                Some(found) => items.extend(found),
                None => items.push(values.unknown(Unknown::Expression, place)),
            }
        }
        entries.push((key, values.list(&items, place)));
    }
    values.map_of(&entries, place)
}

fn path(values: &mut Values, pattern: ValueId) -> ValueId {
    let place = values.place(pattern);
    let Some(reach) = values.as_text(pattern).map(reach) else {
        return values.unknown(Unknown::Expression, place);
    };
    let reach = values.text(reach, place);
    values.map_of(&[("Pattern", pattern), ("Reach", reach)], place)
}

/// For each rule, the earlier rules of a listener that take all its requests.
pub(super) fn shadows(values: &Values, drafts: &[Draft], graph: &Graph) -> Vec<(ResourceIdx, ResourceIdx)> {
    let rules =
        (0..drafts.len() as u32).map(ResourceIdx).filter(|idx| drafts[idx.0 as usize].type_name == RULE);
    let mut read: Vec<Option<(i64, Vec<Pattern<'_>>)>> = Vec::new();
    read.resize_with(drafts.len(), || None);
    for rule in rules.clone() {
        let draft = &drafts[rule.0 as usize];
        let Some(properties) = draft.effective.or(draft.properties) else { continue };
        let priority = values.get(properties, "Priority").and_then(|priority| values.as_int(priority));
        let patterns = |conditions: Vec<Condition>| patterns(values, conditions);
        read[rule.0 as usize] = priority.zip(conditions(values, properties).map(patterns));
    }
    let mut found = Vec::new();
    for rule in rules {
        let Some((priority, own)) = &read[rule.0 as usize] else { continue };
        for listener in graph.targets(rule, Link::Listeners) {
            // A listener has at most a hundred rules by default; more than a thousand are not compared.
            for other in graph.targets(listener, Link::Rules).take(1_000) {
                if let Some((earlier, conditions)) = &read[other.0 as usize]
                    && earlier < priority
                    && includes(conditions, own)
                {
                    found.push((rule, other));
                }
            }
        }
    }
    found
}

/// A condition with its values looked up, as each is compared with those of all rules of its listener.
#[derive(Debug)]
struct Pattern<'v> {
    field: String,
    /// `None` for a value that is no text.
    texts: Option<Vec<Option<&'v str>>>,
}

fn patterns(values: &Values, conditions: Vec<Condition>) -> Vec<Pattern<'_>> {
    let texts = |ids: Vec<ValueId>| ids.into_iter().map(|id| values.as_text(id)).collect();
    let pattern =
        |condition: Condition| Pattern { field: condition.field, texts: condition.values.map(texts) };
    conditions.into_iter().map(pattern).collect()
}

/// Whether every request that meets `narrow` meets `wide` too, as far as the files show it.
fn includes(wide: &[Pattern<'_>], narrow: &[Pattern<'_>]) -> bool {
    wide.iter().all(|condition| {
        let Some(wanted) = &condition.texts else { return false };
        narrow.iter().filter(|own| own.field == condition.field).any(|own| {
            own.texts.as_ref().is_some_and(|own| {
                own.iter().all(|text| wanted.iter().any(|pattern| covers(*pattern, *text)))
            })
        })
    })
}

fn covers(pattern: Option<&str>, text: Option<&str>) -> bool {
    match (pattern, text) {
        (Some(pattern), Some(text)) => glob(pattern.as_bytes(), text.as_bytes()),
        _ => false,
    }
}

/// Whether `pattern` matches `text`, whose own wildcards count as ordinary characters that only `*` takes.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                retry = Some((p + 1, t));
                p += 1;
            }
            Some(b'?') if text[t] != b'*' => (p, t) = (p + 1, t + 1),
            Some(byte) if *byte == text[t] && text[t] != b'*' => (p, t) = (p + 1, t + 1),
            _ => match &mut retry {
                Some((back, from)) => {
                    *from += 1;
                    (p, t) = (*back, *from);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_rpcs_a_pattern_reaches() {
        for (pattern, expected) in [
            ("/*", "every"),
            ("*", "every"),
            ("/", "none"),
            ("/orders.v1.Orders", "none"),
            ("/orders.v1.Orders/*", "some"),
            ("/orders.v1.Orders*", "some"),
            ("/orders.v1.Orders/Get", "some"),
            ("/api/v1/orders", "none"),
            ("/api/v1/*", "none"),
            ("/api/*", "odd"),
            ("/api*", "some"),
            ("/grpc-gateway/*", "odd"),
            ("/Greeter/*", "some"),
            ("/*/SayHello", "some"),
            ("/helloworld.*/*", "some"),
        ] {
            assert_eq!(reach(pattern), expected, "{pattern}");
        }
        let long = format!("/{}*", "x".repeat(MAX_PATTERN));
        assert_eq!(reach(&long), "none");
    }

    #[test]
    fn patterns_cover_texts() {
        let covers = |pattern: &str, text: &str| glob(pattern.as_bytes(), text.as_bytes());
        assert!(covers("/*", "/orders.v1.Orders/*"));
        assert!(covers("/orders*", "/orders/?"));
        assert!(covers("*.example.com", "api.example.com"));
        assert!(!covers("/orders.v1.Orders/?", "/orders.v1.Orders/*"));
        assert!(!covers("/orders.v1.Orders/Get", "/orders.v1.Orders/*"));
        assert!(!covers("/b*", "/a"));
    }
}
