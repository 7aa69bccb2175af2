//! Addresses and references: `module.a["k"].aws_lb.main[0].arn`.

/// A name with the key of the instance, if one is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step<'t> {
    pub(super) name: &'t str,
    /// The key without its quotes: `0` or `k`.
    pub(super) index: Option<&'t str>,
}

/// The steps of an address, parted at the dots outside brackets.
pub(super) fn steps(text: &str) -> Vec<Step<'_>> {
    let bytes = text.as_bytes();
    let mut steps = Vec::new();
    let (mut start, mut depth, mut quoted, mut at) = (0, 0_u32, false, 0);
    while at <= bytes.len() {
        match bytes.get(at) {
            Some(b'\\') if quoted => at += 1,
            Some(b'"') => quoted = !quoted,
            Some(b'[') if !quoted => depth += 1,
            Some(b']') if !quoted => depth = depth.saturating_sub(1),
            Some(b'.') | None if (!quoted && depth == 0) || at >= bytes.len() => {
                steps.push(step(text.get(start..at).unwrap_or_default()));
                start = at + 1;
            }
            _ => {}
        }
        at += 1;
    }
    steps
}

fn step(text: &str) -> Step<'_> {
    match text.split_once('[') {
        Some((name, key)) => {
            // NOTE: of several indices the first tells the instance.
            let key = match key.strip_prefix('"') {
                Some(quoted) => quoted.split_once("\"]").map_or(quoted, |(key, _)| key),
                None => key.split(']').next().unwrap_or(key),
            };
            Step { name, index: Some(key) }
        }
        None => Step { name: text, index: None },
    }
}

/// The names of the modules in a module's address: `a`, `b` of `module.a["k"].module.b`.
pub(super) fn modules(address: &str) -> Vec<String> {
    let steps = steps(address);
    let pairs = steps.chunks(2).filter(|pair| pair[0].name == "module");
    pairs.filter_map(|pair| pair.get(1)).map(|step| step.name.to_string()).collect()
}

/// The address of the module in which a module stands.
pub(super) fn parent(address: &str) -> Option<(&str, Step<'_>)> {
    let last = steps(address).pop()?;
    let at = own_start(address);
    let before = address.get(..at)?.strip_suffix("module.")?;
    Some((before.strip_suffix('.').unwrap_or(before), last))
}

/// The address of a child module, without its key.
pub(super) fn child(parent: &str, name: &str) -> String {
    if parent.is_empty() { format!("module.{name}") } else { format!("{parent}.module.{name}") }
}

/// Where the last step of an address starts.
fn own_start(address: &str) -> usize {
    let bytes = address.as_bytes();
    let (mut depth, mut quoted, mut start, mut at) = (0_u32, false, 0, 0);
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if quoted => at += 1,
            b'"' => quoted = !quoted,
            b'[' if !quoted => depth += 1,
            b']' if !quoted => depth = depth.saturating_sub(1),
            b'.' if !quoted && depth == 0 => start = at + 1,
            _ => {}
        }
        at += 1;
    }
    start
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_fall_into_steps() {
        let check = |text: &str, expected: &[(&str, Option<&str>)]| {
            let found: Vec<(&str, Option<&str>)> =
                steps(text).into_iter().map(|step| (step.name, step.index)).collect();
            assert_eq!(found, expected, "{text}");
        };
        check("aws_lb.main", &[("aws_lb", None), ("main", None)]);
        check("aws_lb.main[0].arn", &[("aws_lb", None), ("main", Some("0")), ("arn", None)]);
        check("module.a[\"x.y\"].b", &[("module", None), ("a", Some("x.y")), ("b", None)]);
        check("", &[("", None)]);
        check("a[\"", &[("a", Some(""))]);
        check("é.[", &[("é", None), ("", Some(""))]);
    }

    #[test]
    fn modules_and_their_parents() {
        assert_eq!(modules("module.a[\"x.y\"].module.b[0]"), ["a", "b"]);
        assert_eq!(modules(""), [] as [&str; 0]);
        let check = |text: &str, expected: Option<(&str, &str)>| {
            assert_eq!(parent(text).map(|(parent, own)| (parent, own.name)), expected, "{text}");
        };
        check("module.a", Some(("", "a")));
        check("module.a[\"x.y\"].module.b[0]", Some(("module.a[\"x.y\"]", "b")));
        check("module.a[\"x.y\"]", Some(("", "a")));
        check("", None);
        check("nonsense", None);
    }
}
