//! The key `fix`: the changes that remove a finding, as steps in the model's words.

use regex::Regex;

use super::read::Reader;
use crate::diagnostic::Applicability;
use crate::document::{Kind, NodeRef, ScalarStyle};
use crate::source::Spanned;

/// One way to remove a finding; of several the first counts that applies and that the files allow.
#[derive(Debug, Clone)]
pub struct FixSpec {
    /// Whether it may be applied without asking.
    pub applicability: Applicability,
    /// A guard condition, evaluated at the failing resource.
    pub when: Option<Spanned<String>>,
    /// What to do, all of it or nothing.
    pub steps: Vec<FixStep>,
}

/// One change.
#[derive(Debug, Clone)]
pub struct FixStep {
    /// What to do.
    pub action: FixAction,
    /// Where.
    pub at: FixPath,
    /// The value to set.
    pub value: Option<FixValue>,
    /// A query for the resources that the step is about.
    pub on: Option<Spanned<String>>,
}

/// What a step does.
#[derive(Debug, Clone)]
pub enum FixAction {
    /// Gives a value, whether there was one or not.
    Set,
    /// Takes away, with its key.
    Remove,
    /// Takes an annotation from its object and puts it on others.
    Move {
        /// What its value must be like.
        matching: Option<Regex>,
    },
    /// Gives another name and value.
    Rename(FixPath),
    /// Puts into quotes as it stands.
    Quote,
    /// Replaces a part of the text; the step does not apply where the pattern is not found.
    Replace {
        /// What is looked for.
        matching: Regex,
        /// What comes in its place; `$1` is the first group.
        with: String,
    },
}

/// Where a step is to change something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FixPath {
    /// A property of the failing resource.
    Property(Vec<String>),
    /// An annotation of the Ingress behind the failing resource.
    Annotation(String),
    /// The value that failed.
    This,
    /// A key beside the value that failed.
    Beside(String),
    /// The innermost entry of this name around the value that failed.
    Around(String),
    /// The key of the value that failed.
    Key,
    /// The block that failed, for what comes into it.
    Inside,
    /// What has to be made before the failing resource.
    DependsOn,
}

/// A value to set.
#[derive(Debug, Clone)]
pub enum FixValue {
    /// Text, with `{query}` filled in.
    Text(Spanned<String>),
    /// A number or word, or what a single `{query}` gives.
    Word(Spanned<String>),
    /// The fact of this name beside the value that failed.
    From(String),
    /// A list.
    List(Vec<FixValue>),
    /// A map.
    Map(Vec<(String, FixValue)>),
}

impl FixPath {
    /// Reads `Properties.A.B`, `Effective.Attributes.'a.b'`, `Annotations.'a/b'`, `this`, `parent.A`, `around.A`, `inside` or
    /// `DependsOn`.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "this" => return Some(FixPath::This),
            "inside" => return Some(FixPath::Inside),
            "key" => return Some(FixPath::Key),
            "DependsOn" => return Some(FixPath::DependsOn),
            _ => {}
        }
        let (head, rest) = text.split_once('.')?;
        let parts = parts(rest)?;
        let only = || match parts.as_slice() {
            [only] => Some(only.clone()),
            _ => None,
        };
        match head {
            "Properties" => Some(FixPath::Property(parts)),
            // What stands in a list under `Properties` is a map under `Effective`.
            "Effective" if parts.len() == 2 && parts[0] == "Attributes" => Some(FixPath::Property(parts)),
            "Annotations" => only().map(FixPath::Annotation),
            "parent" => only().map(FixPath::Beside),
            "around" => only().map(FixPath::Around),
            _ => None,
        }
    }
}

/// The parts between dots; a part with dots in it stands in quotes.
fn parts(text: &str) -> Option<Vec<String>> {
    let mut parts = Vec::new();
    let mut rest = text;
    loop {
        let (part, after) = match rest.strip_prefix('\'') {
            Some(quoted) => quoted.split_once('\'')?,
            None => rest.split_at(rest.find('.').unwrap_or(rest.len())),
        };
        if part.is_empty() {
            return None;
        }
        parts.push(part.to_string());
        match after.strip_prefix('.') {
            Some(more) => rest = more,
            None if after.is_empty() => return Some(parts),
            None => return None,
        }
    }
}

const VERBS: [&str; 6] = ["set", "remove", "rename", "quote", "replace", "move"];

/// The keys of a step: one of the verbs, and what goes with it.
const OF_STEP: [&str; 6] = ["to", "value", "from", "matching", "with", "on"];

impl Reader {
    /// One fix, or a list of alternatives.
    pub(super) fn fixes(&mut self, node: NodeRef<'_>) {
        if node.kind() == Kind::Sequence {
            node.items().for_each(|item| self.fix(item));
        } else {
            self.fix(node);
        }
    }

    fn fix(&mut self, node: NodeRef<'_>) {
        let mut known = vec!["class", "when", "steps"];
        known.extend(VERBS);
        known.extend(OF_STEP);
        let entries = self.mapping(node, &known);
        let get = |name: &str| entries.iter().find(|entry| entry.name() == name).map(|entry| entry.value);
        let class = get("class").and_then(|value| self.choice(value, &["safe", "unsafe"]));
        if class.is_none() {
            self.error(node.span(), "a fix needs `class: safe` or `class: unsafe`");
        }
        let applicability = if class == Some(0) { Applicability::Safe } else { Applicability::Unsafe };
        let when = get("when").and_then(|value| self.spanned(value));
        let steps = match get("steps") {
            Some(steps) => self.list(steps).into_iter().filter_map(|step| self.step(step)).collect(),
            None => self.step(node).into_iter().collect(),
        };
        self.meta.fixes.push(FixSpec { applicability, when, steps });
    }

    fn step(&mut self, node: NodeRef<'_>) -> Option<FixStep> {
        let mut known = vec!["class", "when"];
        known.extend(VERBS);
        known.extend(OF_STEP);
        let entries = self.mapping(node, &known);
        let get = |name: &str| entries.iter().find(|entry| entry.name() == name).map(|entry| entry.value);
        let verbs: Vec<&str> = VERBS.iter().copied().filter(|verb| get(verb).is_some()).collect();
        let [verb] = verbs.as_slice() else {
            self.error(
                node.span(),
                "a fix does one of `set`, `remove`, `rename`, `quote`, `replace` and `move`",
            );
            return None;
        };
        let at = self.path(get(verb)?)?;
        let on = get("on").and_then(|query| self.spanned(query));
        let is_about_others = at == FixPath::DependsOn || *verb == "move";
        if on.is_none() && is_about_others {
            self.error(node.span(), "this needs a query for the resources behind `on`");
        }
        let value = match (get("value"), get("from")) {
            (Some(value), None) => self.value(value),
            (None, Some(from)) => self.text(from).map(FixValue::From),
            _ => None,
        };
        let action = match *verb {
            "set" => {
                if value.is_none() && !is_about_others {
                    self.error(node.span(), "`set` needs a `value`, or the name of a fact behind `from`");
                }
                FixAction::Set
            }
            "remove" => FixAction::Remove,
            "move" => {
                let matching = get("matching").map(|matching| self.regex(matching));
                FixAction::Move { matching: matching.map_or(Some(None), |regex| regex.map(Some))? }
            }
            "quote" => FixAction::Quote,
            "rename" => {
                let Some(to) = get("to") else {
                    self.error(node.span(), "`rename` and `to` go together");
                    return None;
                };
                match at {
                    // An entry around the finding gets another name and value.
                    FixPath::Around(_) => FixAction::Rename(FixPath::Around(self.text(to)?)),
                    _ => FixAction::Rename(self.path(to)?),
                }
            }
            _ => {
                let (Some(matching), Some(with)) = (get("matching"), get("with")) else {
                    self.error(node.span(), "`replace` needs `matching` and `with`");
                    return None;
                };
                let matching = self.regex(matching)?;
                FixAction::Replace { matching, with: self.text(with)? }
            }
        };
        Some(FixStep { action, at, value, on })
    }

    fn regex(&mut self, node: NodeRef<'_>) -> Option<Regex> {
        let pattern = Regex::new(&self.text(node)?);
        if pattern.is_err() {
            self.error(node.span(), "this is no regular expression");
        }
        pattern.ok()
    }

    fn path(&mut self, node: NodeRef<'_>) -> Option<FixPath> {
        let text = self.text(node)?;
        let path = FixPath::parse(&text);
        if path.is_none() {
            let help = "write `Properties.Name`, `Effective.Attributes.'name'`, `Annotations.'name'`, `this`, `parent.Name`, `around.Name`, `key`, `inside` or `DependsOn`";
            self.error(node.span(), format!("`{text}` names nothing that a fix can change")).help =
                Some(help.to_string());
        }
        path
    }

    fn value(&mut self, node: NodeRef<'_>) -> Option<FixValue> {
        Some(match node.kind() {
            Kind::Scalar => {
                let text = self.spanned(node)?;
                let is_query = text.value.starts_with('{') && text.value.ends_with('}');
                match node.scalar()?.style {
                    ScalarStyle::Plain if is_word(&text.value) => FixValue::Word(text),
                    _ if is_query => FixValue::Word(text),
                    _ => FixValue::Text(text),
                }
            }
            Kind::Sequence => FixValue::List(node.items().filter_map(|item| self.value(item)).collect()),
            Kind::Mapping => FixValue::Map(
                node.entries()
                    .filter_map(|entry| Some((entry.name().to_string(), self.value(entry.value)?)))
                    .collect(),
            ),
        })
    }
}

/// A number, `true` or `false`.
fn is_word(text: &str) -> bool {
    matches!(text, "true" | "false") || text.parse::<i64>().is_ok()
}
