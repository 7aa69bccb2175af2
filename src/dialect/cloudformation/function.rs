//! Intrinsic functions: what is one, in the short form of YAML tags and in the long form of keys.
//!
//! Knows how a function is written, not what it gives.

use crate::document::{Kind, NodeRef};
use crate::source::Span;

/// An intrinsic function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    Ref,
    GetAtt,
    Sub,
    Join,
    Select,
    Split,
    FindInMap,
    If,
    Equals,
    And,
    Or,
    Not,
    /// A condition by its name; its long form is a function inside of conditions only.
    Condition,
    ImportValue,
    Base64,
    GetAzs,
    Cidr,
    Length,
    ToJsonString,
    Transform,
    /// One that is not known here, which may give anything.
    Other,
}

impl Function {
    /// The function of a name without `Fn::` or exclamation mark.
    fn named(name: &str) -> Self {
        match name {
            "GetAtt" => Function::GetAtt,
            "Sub" => Function::Sub,
            "Join" => Function::Join,
            "Select" => Function::Select,
            "Split" => Function::Split,
            "FindInMap" => Function::FindInMap,
            "If" => Function::If,
            "Equals" => Function::Equals,
            "And" => Function::And,
            "Or" => Function::Or,
            "Not" => Function::Not,
            "ImportValue" => Function::ImportValue,
            "Base64" => Function::Base64,
            "GetAZs" => Function::GetAzs,
            "Cidr" => Function::Cidr,
            "Length" => Function::Length,
            "ToJsonString" => Function::ToJsonString,
            "Transform" => Function::Transform,
            _ => Function::Other,
        }
    }
}

/// How a function was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// As a tag in front of its argument: the argument is the same node without the tag.
    Tag,
    /// As the only key of a mapping: the argument is the key's value.
    Key,
}

/// A use of a function.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call<'d> {
    pub(super) function: Function,
    pub(super) argument: NodeRef<'d>,
    pub(super) form: Form,
}

/// The function that a node is, if it is one.
pub(super) fn call(node: NodeRef<'_>) -> Option<Call<'_>> {
    if let Some(tag) = node.tag() {
        let name = local_tag(tag.text)?;
        let function = match name {
            "Ref" => Function::Ref,
            "Condition" => Function::Condition,
            _ => Function::named(name.strip_prefix("Fn::").unwrap_or(name)),
        };
        return Some(Call { function, argument: node, form: Form::Tag });
    }
    long_call(node)
}

/// The function that a node is in the long form, whatever its tag: `!Base64 {Ref: X}` is two functions.
pub(super) fn long_call(node: NodeRef<'_>) -> Option<Call<'_>> {
    let (name, argument) = only_entry(node)?;
    let function = match name {
        "Ref" => Function::Ref,
        _ if is_for_each(name) => return None,
        _ => Function::named(name.strip_prefix("Fn::")?),
    };
    Some(Call { function, argument, form: Form::Key })
}

/// The function that a node inside of a condition is.
pub(super) fn condition_call(node: NodeRef<'_>) -> Option<Call<'_>> {
    call(node).or_else(|| {
        let (name, argument) = only_entry(node)?;
        let function = Function::Condition;
        (name == "Condition").then_some(Call { function, argument, form: Form::Key })
    })
}

/// The parameter or resource that a node refers to and nothing else: `!Ref X`, `!Sub "${X}"`.
pub(super) fn direct_reference(node: NodeRef<'_>) -> Option<&str> {
    let call = call(node)?;
    let text = call.argument.text()?;
    match call.function {
        Function::Ref => Some(text),
        Function::Sub => {
            let name = text.strip_prefix("${")?.strip_suffix('}')?;
            (!name.contains(['$', '!', '.', '}'])).then_some(name.trim())
        }
        _ => None,
    }
}

/// Whether a key repeats its body for each item of a collection.
pub(super) fn is_for_each(key: &str) -> bool {
    key.starts_with("Fn::ForEach::")
}

/// The span of a value with its tag.
pub(super) fn written_span(node: NodeRef<'_>) -> Span {
    match node.tag() {
        Some(tag) if !node.is_alias() && tag.span.start <= node.span().start => tag.span.to(node.span()),
        _ => node.span(),
    }
}

/// Calls `visit` with every node below and including `node` in order; what an alias stands for is visited once.
pub(super) fn walk<'d>(node: NodeRef<'d>, mut visit: impl FnMut(NodeRef<'d>)) {
    let mut seen = rustc_hash::FxHashSet::default();
    let mut waiting = vec![node];
    while let Some(node) = waiting.pop() {
        if node.is_alias() && !seen.insert(node.target_id()) {
            continue;
        }
        visit(node);
        let at = waiting.len();
        match node.kind() {
            Kind::Scalar => {}
            Kind::Sequence => waiting.extend(node.items()),
            Kind::Mapping => waiting.extend(node.entries().map(|entry| entry.value)),
        }
        waiting[at..].reverse();
    }
}

/// Calls `visit` with the name of every parameter and resource that is mentioned at or below `node`.
pub(super) fn mentions<'d>(node: NodeRef<'d>, mut visit: impl FnMut(&'d str)) {
    walk(node, |node| {
        let Some(call) = call(node) else { return };
        match call.function {
            Function::Ref => call.argument.text().into_iter().for_each(&mut visit),
            Function::GetAtt => {
                let first = call.argument.text().or_else(|| call.argument.items().next()?.text());
                first.and_then(|text| text.split('.').next()).into_iter().for_each(&mut visit);
            }
            Function::Sub => {
                let text = call.argument.text().or_else(|| call.argument.items().next()?.text());
                for name in placeholders(text.unwrap_or_default()).filter_map(|piece| piece.placeholder()) {
                    visit(name.split('.').next().unwrap_or(name));
                }
            }
            _ => {}
        }
    });
}

/// A part of the text of `Fn::Sub`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece<'t> {
    /// Text that stays.
    Text(&'t str),
    /// `${!Name}`, which gives `${Name}`.
    Escaped(&'t str),
    /// `${Name}` or `${Name.Attribute}`.
    Placeholder(&'t str),
}

impl<'t> Piece<'t> {
    fn placeholder(self) -> Option<&'t str> {
        match self {
            Piece::Placeholder(name) => Some(name),
            _ => None,
        }
    }
}

/// Takes the text of `Fn::Sub` apart.
pub(super) fn placeholders(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let opening = rest.match_indices('$').find(|(at, _)| rest[at + 1..].starts_with('{'));
        let (piece, behind) = match opening.map(|(at, _)| at) {
            Some(0) => match rest.find('}') {
                Some(end) => {
                    let name = &rest[2..end];
                    let piece = match name.strip_prefix('!') {
                        Some(name) => Piece::Escaped(name),
                        None => Piece::Placeholder(name.trim()),
                    };
                    (piece, end + 1)
                }
                None => (Piece::Text(rest), rest.len()),
            },
            Some(start) => (Piece::Text(&rest[..start]), start),
            None => (Piece::Text(rest), rest.len()),
        };
        rest = &rest[behind..];
        Some(piece)
    })
}

/// The name of a tag that is not one of YAML's own.
fn local_tag(text: &str) -> Option<&str> {
    let name = text.strip_prefix('!')?;
    let own = name.is_empty() || name.starts_with(['!', '<']) || name.contains("yaml.org");
    (!own).then_some(name)
}

fn only_entry(node: NodeRef<'_>) -> Option<(&str, NodeRef<'_>)> {
    let mut entries = node.entries();
    let entry = entries.next()?;
    if entries.next().is_some() {
        return None;
    }
    Some((entry.key.text()?, entry.value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[Piece<'_>]) {
        assert_eq!(placeholders(text).collect::<Vec<_>>(), expected, "{text:?}");
    }

    #[test]
    fn sub_text_is_taken_apart() {
        check("", &[]);
        check("plain", &[Piece::Text("plain")]);
        check("a${B}c", &[Piece::Text("a"), Piece::Placeholder("B"), Piece::Text("c")]);
        check("${A.B}${!C}", &[Piece::Placeholder("A.B"), Piece::Escaped("C")]);
        check("$ {A} $${A}", &[Piece::Text("$ {A} $"), Piece::Placeholder("A")]);
        check("${open", &[Piece::Text("${open")]);
        check("ä${ö}", &[Piece::Text("ä"), Piece::Placeholder("ö")]);
    }
}
