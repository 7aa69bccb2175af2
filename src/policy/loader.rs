//! Documents as values: which type a scalar has, what short forms mean, and what is refused, by profile.
//!
//! cfn-guard has two loaders that differ in many small things; rule files that people have depend on them, so both are
//! followed. The native profile reads a document as YAML 1.2 does and refuses nothing.

use std::sync::Arc;

use indexmap::IndexMap;
use rustc_hash::FxHashMap;

use super::ast::Literal;
use crate::document::{Document, Format, Kind, NodeId, NodeRef, ScalarStyle, Schema, Typed};
use crate::model::{Data, Entry, Key, Place, ValueId, Values};
use crate::source::{FileId, Span};
use crate::syntax;

/// Whose reading of a document is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// `cfn-guard validate`.
    GuardValidate,
    /// `cfn-guard test`.
    GuardTest,
    /// YAML 1.2, aliases and merge keys resolved, nothing refused.
    Native,
}

/// Why a document cannot be loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadError {
    /// Where.
    pub span: Span,
    /// What is wrong.
    pub message: String,
    /// cfn-guard breaks down on such a document instead of refusing it.
    pub is_crash: bool,
}

impl LoadError {
    pub(super) fn new(span: Span, message: impl Into<String>) -> Self {
        Self { span, message: message.into(), is_crash: false }
    }
}

/// How deep collections are read; the parser's own limit is lower than what a stack can take.
const MAX_DEPTH: usize = 300;

/// More nodes are not made of the input of `json_parse`.
const MAX_LITERAL_NODES: usize = 200_000;

/// Intrinsics that `!Name text` stands for.
const OF_SCALARS: [&str; 8] =
    ["Ref", "Base64", "Sub", "GetAZs", "ImportValue", "GetAtt", "Condition", "RefAll"];

/// Intrinsics that `!Name [list]` stands for.
const OF_SEQUENCES: [&str; 15] = [
    "GetAtt",
    "Sub",
    "Select",
    "Split",
    "Join",
    "FindInMap",
    "And",
    "Equals",
    "Contains",
    "EachMemberIn",
    "EachMemberEquals",
    "ValueOf",
    "If",
    "Not",
    "Or",
];

/// Adds a node and all below it to `values`.
pub fn load(values: &mut Values, node: NodeRef<'_>, profile: Profile) -> Result<ValueId, LoadError> {
    Loader { values, profile, seen: FxHashMap::default() }.value(node, node.span(), 0)
}

/// Parses a text and adds its first document to `values`.
pub fn load_text(
    values: &mut Values,
    file: FileId,
    text: &Arc<str>,
    profile: Profile,
) -> Result<ValueId, LoadError> {
    let start = Span::new(file, 0, 0);
    if text.trim_matches(['\u{feff}', ' ', '\t', '\r', '\n']).is_empty() {
        return Err(LoadError::new(start, "the document is empty"));
    }
    let document = parse(file, text, profile)?;
    let Some(root) = document.roots().next() else {
        let error = LoadError::new(start, "the document holds nothing but comments");
        return Err(LoadError { is_crash: true, ..error });
    };
    load(values, root, profile)
}

/// Parses a text; what the profile does not accept is an error.
pub(super) fn parse(file: FileId, text: &Arc<str>, profile: Profile) -> Result<Document, LoadError> {
    let (document, diagnostics) = syntax::parse(file, Format::Yaml, text);
    let refused = diagnostics.into_iter().find(|found| match profile {
        Profile::GuardTest => true,
        // cfn-guard reads the first document of a stream and lets a repeated key override.
        Profile::GuardValidate => found.rule != "duplicate-key" && document.roots().next().is_none(),
        Profile::Native => found.rule != "duplicate-key",
    });
    match refused {
        Some(found) => Err(LoadError::new(found.primary.span, found.message)),
        None => Ok(document),
    }
}

/// The value of a text that a document holds, for `json_parse`.
pub(super) fn parse_literal(text: &str) -> Result<Literal, String> {
    let file = FileId(u32::MAX);
    let mut values = Values::default();
    if text.trim().is_empty() {
        return Ok(Literal::Null);
    }
    let root =
        load_text(&mut values, file, &Arc::from(text), Profile::GuardTest).map_err(|error| error.message)?;
    let mut left = MAX_LITERAL_NODES;
    literal(&values, root, &mut left)
}

fn literal(values: &Values, id: ValueId, left: &mut usize) -> Result<Literal, String> {
    *left = left.checked_sub(1).ok_or("it is too large")?;
    Ok(match values.data(id) {
        Data::Null | Data::Reference(_) | Data::Unknown(_) => Literal::Null,
        Data::Bool(value) => Literal::Bool(value),
        Data::Int(value) => Literal::Int(value),
        Data::Float(value) => Literal::Float(value),
        Data::Text(text) => Literal::Text(text.to_string()),
        Data::List(items) => {
            Literal::List(items.iter().map(|item| literal(values, *item, left)).collect::<Result<_, _>>()?)
        }
        Data::Map(entries) => {
            let mut map = IndexMap::with_capacity(entries.len());
            for entry in entries {
                map.insert(values.key_text(entry.key).to_string(), literal(values, entry.value, left)?);
            }
            Literal::Map(map)
        }
    })
}

struct Loader<'v> {
    values: &'v mut Values,
    profile: Profile,
    /// What aliases can stand for; shared, so that aliases of aliases do not multiply.
    seen: FxHashMap<NodeId, ValueId>,
}

impl Loader<'_> {
    /// The value of a node; `anchor` is what to point at when something is absent in it.
    fn value(&mut self, node: NodeRef<'_>, anchor: Span, depth: usize) -> Result<ValueId, LoadError> {
        let place = Place::written(node.span(), anchor);
        if depth > MAX_DEPTH {
            return Err(LoadError::new(node.span(), "collections are nested too deep"));
        }
        if node.is_alias() {
            if self.profile == Profile::GuardValidate {
                return Err(LoadError::new(node.span(), "cfn-guard does not read aliases"));
            }
            if let Some(seen) = self.seen.get(&node.target_id()) {
                return Ok(self.values.copy_at(*seen, place));
            }
        }
        let id = match node.kind() {
            Kind::Scalar => self.scalar(node, place)?,
            Kind::Sequence => {
                let mut items = Vec::with_capacity(node.items().len());
                for item in node.items() {
                    let anchor = item.entries().next().map_or(item.span(), |entry| entry.key.span());
                    items.push(self.value(item, anchor, depth + 1)?);
                }
                let list = self.values.list(&items, place);
                match local_tag(node) {
                    Some(name) if self.wraps_sequence(name) => self.wrap(name, list, place),
                    _ => list,
                }
            }
            Kind::Mapping => {
                let map = self.mapping(node, place, depth)?;
                match local_tag(node) {
                    Some(name)
                        if self.profile == Profile::GuardTest
                            && (OF_SCALARS.contains(&name) || OF_SEQUENCES.contains(&name)) =>
                    {
                        self.wrap(name, map, place)
                    }
                    _ => map,
                }
            }
        };
        if self.profile != Profile::GuardValidate {
            self.seen.insert(node.target_id(), id);
        }
        Ok(id)
    }

    fn wraps_sequence(&self, name: &str) -> bool {
        OF_SEQUENCES.contains(&name) || self.profile == Profile::GuardTest && OF_SCALARS.contains(&name)
    }

    /// `{long name: value}`.
    fn wrap(&mut self, name: &str, value: ValueId, place: Place) -> ValueId {
        let long = match name {
            "Ref" | "Condition" => name.to_string(),
            _ => format!("Fn::{name}"),
        };
        self.values.map_of(&[(&long, value)], place)
    }

    fn mapping(&mut self, node: NodeRef<'_>, place: Place, depth: usize) -> Result<ValueId, LoadError> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut places: FxHashMap<Key, usize> = FxHashMap::default();
        let all: Vec<_> = match self.profile {
            Profile::Native => node.entries().collect(),
            _ => node.written_entries().collect(),
        };
        for entry in all {
            let key = self.key(entry.key)?;
            let key = self.values.intern(&key);
            let value = self.value(entry.value, entry.key.span(), depth + 1)?;
            match places.get(&key) {
                Some(_) if self.profile == Profile::GuardTest => {
                    return Err(LoadError::new(entry.key.span(), "a key is repeated"));
                }
                Some(at) => entries[*at].value = value,
                None => {
                    places.insert(key, entries.len());
                    entries.push(Entry { key, value });
                }
            }
        }
        Ok(self.values.map(&entries, place))
    }

    fn key(&mut self, node: NodeRef<'_>) -> Result<String, LoadError> {
        let refuse = |what: &str| {
            LoadError::new(node.span(), format!("cfn-guard reads only texts as keys, not {what}"))
        };
        let Some(scalar) = node.scalar() else {
            return match self.profile {
                Profile::Native => Ok(String::new()),
                _ => Err(refuse("collections")),
            };
        };
        if self.profile == Profile::Native {
            return Ok(scalar.text.to_string());
        }
        if node.tag().is_some() {
            return Err(refuse("tagged ones"));
        }
        if node.is_alias() && self.profile == Profile::GuardValidate {
            return Err(refuse("aliases"));
        }
        let plain = scalar.style == ScalarStyle::Plain;
        match self.typed(scalar.text, plain) {
            Typed::Str(text) => Ok(text.to_string()),
            _ => Err(refuse(&format!("`{}`", scalar.text))),
        }
    }

    fn scalar(&mut self, node: NodeRef<'_>, place: Place) -> Result<ValueId, LoadError> {
        let Some(scalar) = node.scalar() else { return Ok(self.values.null(place)) };
        let (text, plain) = (scalar.text, scalar.style == ScalarStyle::Plain);
        if self.profile != Profile::Native && scalar.style == ScalarStyle::Double && escapes_surrogates(node)
        {
            return Err(LoadError::new(
                node.span(),
                "cfn-guard does not read characters written as two escapes",
            ));
        }
        if let Some(core) = core_tag(node) {
            return self.core_tagged(core, node, text, place);
        }
        let Some(name) = local_tag(node) else {
            return Ok(self.add(self.typed(text, plain), place));
        };
        if self.profile == Profile::GuardTest {
            let value = self.add(self.typed(text, plain), place);
            let wraps = OF_SCALARS.contains(&name) || OF_SEQUENCES.contains(&name);
            return Ok(if wraps { self.wrap(name, value, place) } else { value });
        }
        let value = self.values.text(text, place);
        Ok(if OF_SCALARS.contains(&name) { self.wrap(name, value, place) } else { value })
    }

    fn add(&mut self, typed: Typed<'_>, place: Place) -> ValueId {
        match typed {
            Typed::Null => self.values.null(place),
            Typed::Bool(value) => self.values.bool(value, place),
            Typed::Int(value) => self.values.int(value, place),
            Typed::Float(value) => self.values.float(value, place),
            Typed::Str(text) => self.values.text(text, place),
        }
    }

    fn typed<'t>(&self, text: &'t str, plain: bool) -> Typed<'t> {
        match self.profile {
            _ if !plain => Typed::Str(text),
            Profile::GuardValidate => typed_by_validate(text),
            Profile::GuardTest => typed_by_test(text),
            Profile::Native => {
                crate::document::Scalar { text, style: ScalarStyle::Plain }.typed(Schema::Core)
            }
        }
    }

    /// `!!int 5` and its kin.
    fn core_tagged(
        &mut self,
        core: &str,
        node: NodeRef<'_>,
        text: &str,
        place: Place,
    ) -> Result<ValueId, LoadError> {
        let bad = || LoadError::new(node.span(), format!("`{text}` is no {core}"));
        Ok(match core {
            "int" => {
                let value = text.parse().map_err(|_| bad())?;
                self.values.int(value, place)
            }
            "float" => {
                let value = text.parse().map_err(|_| bad())?;
                self.values.float(value, place)
            }
            "bool" => match typed_by_test(text) {
                Typed::Bool(value) if self.profile == Profile::GuardTest => self.values.bool(value, place),
                _ if self.profile == Profile::GuardTest => return Err(bad()),
                _ if text == "true" || text == "false" => self.values.bool(text == "true", place),
                _ => self.values.text(text, place),
            },
            "null" if self.profile == Profile::GuardTest && text.is_empty() => return Err(bad()),
            "null" => self.values.null(place),
            _ => self.values.text(text, place),
        })
    }
}

/// Whether a double-quoted text writes a character as a pair of surrogates, as JSON allows and YAML does not.
fn escapes_surrogates(node: NodeRef<'_>) -> bool {
    let written = &node.document().text()[node.span().range()];
    let mut rest = written;
    while let Some(at) = rest.find('\\') {
        let escape = rest.as_bytes().get(at + 1..at + 4).unwrap_or_default();
        if let [b'u', b'd' | b'D', b'8'..=b'9' | b'a'..=b'f' | b'A'..=b'F'] = escape {
            return true;
        }
        // An escaped sign is skipped, whatever its length.
        let skipped = rest[at + 1..].chars().next().map_or(0, char::len_utf8);
        rest = &rest[at + 1 + skipped..];
    }
    false
}

/// The name of a local tag: `Ref` of `!Ref`.
fn local_tag<'d>(node: NodeRef<'d>) -> Option<&'d str> {
    let tag = node.tag()?.text;
    tag.strip_prefix('!').filter(|name| !name.starts_with(['!', '<']))
}

/// The name of a tag of YAML itself: `int` of `!!int`.
fn core_tag<'d>(node: NodeRef<'d>) -> Option<&'d str> {
    let tag = node.tag()?.text;
    let long = tag.trim_start_matches("!<").trim_end_matches('>');
    tag.strip_prefix("!!").or_else(|| long.strip_prefix("tag:yaml.org,2002:"))
}

fn typed_by_validate(text: &str) -> Typed<'_> {
    if let Ok(value) = text.parse() {
        return Typed::Int(value);
    }
    if let Ok(value) = text.parse() {
        return Typed::Float(value);
    }
    match text {
        "true" | "yes" | "on" | "y" => Typed::Bool(true),
        "false" | "no" | "off" | "n" => Typed::Bool(false),
        "~" => Typed::Null,
        _ if text.eq_ignore_ascii_case("null") => Typed::Null,
        _ => Typed::Str(text),
    }
}

fn typed_by_test(text: &str) -> Typed<'_> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Typed::Null,
        "true" | "True" | "TRUE" => return Typed::Bool(true),
        "false" | "False" | "FALSE" => return Typed::Bool(false),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => return Typed::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => return Typed::Float(f64::NEG_INFINITY),
        ".nan" | ".NaN" | ".NAN" => return Typed::Float(f64::NAN),
        _ => {}
    }
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] {
        if let Some(digits) = digits.strip_prefix(prefix)
            && digits.starts_with(|c: char| c.is_ascii_hexdigit())
            && let Ok(value) = i64::from_str_radix(digits, radix)
        {
            return Typed::Int(if text.starts_with('-') { -value } else { value });
        }
    }
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') || leads_with_zero(digits) {
        return Typed::Str(text);
    }
    if digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return match (text.parse(), text.parse::<u64>()) {
            (Ok(value), _) => Typed::Int(value),
            // cfn-guard takes such a number through an unsigned one.
            (_, Ok(value)) => Typed::Int(value as i64),
            _ => text.parse().map_or(Typed::Str(text), Typed::Float),
        };
    }
    let is_float = digits.bytes().all(|byte| byte.is_ascii_digit() || b".eE+-".contains(&byte));
    match text.parse() {
        Ok(value) if is_float => Typed::Float(value),
        _ => Typed::Str(text),
    }
}

/// `0123`, which is text there.
fn leads_with_zero(digits: &str) -> bool {
    let bytes = digits.as_bytes();
    bytes.first() == Some(&b'0') && bytes.get(1).is_some_and(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_by_profile() {
        assert_eq!(typed_by_validate("0123"), Typed::Int(123));
        assert_eq!(typed_by_validate("True"), Typed::Str("True"));
        assert_eq!(typed_by_validate("yes"), Typed::Bool(true));
        assert_eq!(typed_by_validate(""), Typed::Str(""));
        assert_eq!(typed_by_validate("inf"), Typed::Float(f64::INFINITY));
        assert_eq!(typed_by_test("0123"), Typed::Str("0123"));
        assert_eq!(typed_by_test("0x1F"), Typed::Int(31));
        assert_eq!(typed_by_test("18446744073709551615"), Typed::Int(-1));
        assert_eq!(typed_by_test("1e3"), Typed::Float(1000.0));
        assert_eq!(typed_by_test("inf"), Typed::Str("inf"));
        assert_eq!(typed_by_test("1.2.3"), Typed::Str("1.2.3"));
    }
}
