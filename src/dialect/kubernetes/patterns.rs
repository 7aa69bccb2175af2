//! Regular expressions of routes as the wildcard patterns that a load balancer takes, where the two can say the same.

use super::lowering::Lowering;
use crate::model::{Place, ValueId};

impl Lowering<'_, '_> {
    /// Adds the section `Patterns` to a GRPCRoute: each part of a match of type `RegularExpression` that has a wildcard
    /// pattern for it (`Suggestion`), or a name where the whole match is one (`Exact`).
    pub(super) fn note_patterns(&mut self, object: usize) {
        let draft = self.builder.draft(self.resources[object]);
        let Some(properties) = draft.properties else { return };
        let values = &mut self.builder.values;
        let list =
            |value: Option<ValueId>| value.map(|value| values.items(value).to_vec()).unwrap_or_default();
        let is_regex = |holder: ValueId| {
            values.get(holder, "type").and_then(|word| values.as_text(word)) == Some("RegularExpression")
        };
        let mut parts: Vec<(ValueId, bool)> = Vec::new();
        let rules = list(values.at(properties, &["spec", "rules"]));
        for found in rules.into_iter().flat_map(|rule| list(values.get(rule, "matches"))) {
            let headers = list(values.get(found, "headers"));
            let holders = values.get(found, "method").into_iter().chain(headers);
            for holder in holders.filter(|holder| is_regex(*holder)) {
                let written = ["service", "method", "value"].iter().filter_map(|key| values.get(holder, key));
                let written: Vec<ValueId> = written.collect();
                let text = |value: &ValueId| values.as_text(*value);
                let is_exact = written
                    .iter()
                    .all(|value| text(value).and_then(wildcards).is_some_and(|it| !it.contains(['*', '?'])));
                parts.extend(written.into_iter().map(|value| (value, is_exact)));
            }
        }
        let mut entries = Vec::new();
        for (value, is_exact) in parts {
            let Some(pattern) = values.as_text(value).and_then(wildcards) else { continue };
            let place = values.place(value);
            let word = if is_exact { "Exact" } else { "Suggestion" };
            let pattern = values.text(&pattern, place);
            entries.push(values.map_of(&[("Written", value), (word, pattern)], place));
        }
        if !entries.is_empty() {
            let place = Place::fact_at(self.world.objects[object].name_span);
            let section = values.list(&entries, place);
            self.builder.draft_mut(self.resources[object]).sections.push(("Patterns", section));
        }
    }
}

/// A regular expression in which only `*` and `?` stand for other characters; `None` where such a pattern cannot say it. A dot
/// by itself is taken for the dot of a name.
fn wildcards(regex: &str) -> Option<String> {
    let inner = regex.strip_prefix('^').unwrap_or(regex);
    let inner = inner.strip_suffix('$').filter(|inner| !inner.ends_with('\\')).unwrap_or(inner);
    let mut pattern = String::with_capacity(inner.len());
    let mut rest = inner.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '.' => match rest.peek() {
                Some('*') => pattern.push('*'),
                Some('+') => pattern.push_str("?*"),
                Some('?' | '{') => return None,
                _ => {
                    pattern.push('.');
                    continue;
                }
            },
            '\\' => {
                pattern.push(rest.next().filter(|c| matches!(c, '.' | '-' | '_' | '/'))?);
                continue;
            }
            c if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '/' | ' ' | ':' | '@' | '=') => {
                pattern.push(c);
                continue;
            }
            _ => return None,
        }
        rest.next();
        // As few characters as possible is a matter of what is captured.
        if rest.peek() == Some(&'?') {
            rest.next();
        }
    }
    (!pattern.is_empty()).then_some(pattern)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn simple_expressions_have_patterns() {
        let check = |regex: &str, expected: Option<&str>| {
            assert_eq!(wildcards(regex).as_deref(), expected, "{regex}");
        };
        check("Get.*", Some("Get*"));
        check("^Get.*$", Some("Get*"));
        check(".*", Some("*"));
        check(".+Order", Some("?*Order"));
        check("Get.*?", Some("Get*"));
        check(r"orders\.v1\.Orders", Some("orders.v1.Orders"));
        check(r"orders\.v[0-9]\.Orders", None);
        check("^GetOrder$", Some("GetOrder"));
        check("orders.v1.Orders", Some("orders.v1.Orders"));
        check("(Get|List)Order", None);
        check("[A-Z].*", None);
        check("Gets?", None);
        check("a{2}", None);
        check(".{2}", None);
        check(r"\w+", None);
        check(r"a\", None);
        check("^$", None);
        check("", None);
        check("é.*", None);
    }
}
