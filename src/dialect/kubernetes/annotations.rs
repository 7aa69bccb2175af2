//! Annotations: reading them as the controllers do, each with its place.

use std::borrow::Cow;

use rustc_hash::FxHashMap;

use super::values::{inner_span, is_placeholder};
use crate::document::{Kind, NodeRef, Schema, Typed};
use crate::model::{Place, Unknown, ValueId, Values};
use crate::source::Span;

/// The prefix of the annotations for an Ingress.
pub(super) const ALB: &str = "alb.ingress.kubernetes.io/";
/// The prefix of the annotations for a Service of type LoadBalancer.
pub(super) const NLB: &str = "service.beta.kubernetes.io/aws-load-balancer-";

/// What is written under a key, as the author meant it: a number without quotes counts as its text, and
/// white space around it is gone. That the API server or the controller refuses it is another matter.
#[derive(Debug, Clone)]
pub(super) struct Setting<'d> {
    pub(super) text: &'d str,
    /// The value's own text.
    pub(super) span: Span,
    /// The key.
    pub(super) key: Span,
    /// Where `text` starts in the file, when it stands there letter by letter.
    offset: Option<u32>,
}

impl<'d> Setting<'d> {
    /// Reads a value; `None` for null, and for a collection in block style.
    pub(super) fn read(key: NodeRef<'d>, value: NodeRef<'d>) -> Option<Self> {
        Self::read_at(key.span(), value)
    }

    /// Reads a value that stands under the key at `key`.
    pub(super) fn read_at(key: Span, value: NodeRef<'d>) -> Option<Self> {
        let span = inner_span(value);
        let source = value.file_text().get(span.range()).unwrap_or_default();
        let text = match value.scalar() {
            Some(scalar) if scalar.typed(Schema::Yaml11) == Typed::Null => return None,
            Some(scalar) => scalar.text,
            // `listen-ports: [{"HTTPS":443}]` without quotes is a list, and its text is what was meant.
            None if source.starts_with(['[', '{']) => source,
            None => return None,
        };
        let text = text.trim();
        let offset = source.find(text).filter(|_| !text.is_empty()).map(|at| span.start + at as u32);
        Some(Self { text, span, key, offset })
    }

    /// Where it stands.
    pub(super) fn place(&self) -> Place {
        Place::written(self.span, self.key)
    }

    /// Where a part of its text stands; the whole where the text is not in the file letter by letter.
    pub(super) fn part(&self, part: &str) -> Place {
        let start = (part.as_ptr() as usize).checked_sub(self.text.as_ptr() as usize);
        match (self.offset, start) {
            (Some(offset), Some(start)) if !part.is_empty() && start + part.len() <= self.text.len() => {
                let at = offset + start as u32;
                Place::written(Span::new(self.span.file, at, at + part.len() as u32), self.key)
            }
            _ => self.place(),
        }
    }

    /// Whether a template fills it in.
    pub(super) fn is_placeholder(&self) -> bool {
        is_placeholder(self.text)
    }

    /// Its text as a value.
    pub(super) fn value(&self, values: &mut Values) -> ValueId {
        if self.is_placeholder() {
            return values.unknown(Unknown::Expression, self.place());
        }
        values.text(self.text, self.place())
    }

    /// One of the words that the controller knows, compared exactly.
    pub(super) fn word(&self, values: &mut Values, known: &[&str]) -> ValueId {
        if self.is_placeholder() || known.contains(&self.text) {
            return self.value(values);
        }
        values.unknown(Unknown::Invalid, self.place())
    }

    /// A number in base ten without a unit.
    pub(super) fn number(&self, values: &mut Values) -> ValueId {
        if self.is_placeholder() {
            return self.value(values);
        }
        match self.text.parse() {
            Ok(number) => values.int(number, self.place()),
            Err(_) => values.unknown(Unknown::Invalid, self.place()),
        }
    }

    /// A boolean as Go parses it.
    pub(super) fn truth(&self) -> Option<bool> {
        match self.text {
            "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(true),
            "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(false),
            _ => None,
        }
    }

    /// The items of a comma-separated list.
    pub(super) fn list(&self) -> impl Iterator<Item = &'d str> {
        self.text.split(',').map(str::trim).filter(|item| !item.is_empty())
    }

    /// The pairs of `key=value,key=value`, the last of a key last; EKS Auto Mode also splits at line ends.
    pub(super) fn pairs(&self) -> Vec<(&'d str, &'d str)> {
        self.text
            .split([',', '\n'])
            .filter_map(|pair| pair.split_once('='))
            .map(|(key, value)| (key.trim(), value.trim()))
            .collect()
    }

    /// `[{Key, Value}]`, as the AWS API takes attributes.
    pub(super) fn attributes(&self, values: &mut Values) -> Vec<ValueId> {
        let mut list = Vec::new();
        for (key, value) in self.pairs() {
            let place = self.part(value);
            let key_value = values.text(key, self.part(key));
            let value_value = if is_placeholder(value) {
                values.unknown(Unknown::Expression, place)
            } else {
                values.text(value, place)
            };
            list.push(values.map_of(&[("Key", key_value), ("Value", value_value)], place));
        }
        list
    }

    /// The JSON in it.
    pub(super) fn json(&self) -> Option<serde_json::Value> {
        serde_json::from_str(self.text).ok()
    }
}

/// The annotations of one object.
#[derive(Debug, Default)]
pub(super) struct Annotations<'d> {
    by_key: FxHashMap<&'d str, Setting<'d>>,
    /// In the order of writing, with what the node really is.
    written: Vec<(NodeRef<'d>, NodeRef<'d>)>,
}

impl<'d> Annotations<'d> {
    /// Reads `metadata.annotations`; anything but a mapping has none.
    pub(super) fn read(node: NodeRef<'d>) -> Self {
        let mut annotations = Annotations::default();
        if node.kind() != Kind::Mapping {
            return annotations;
        }
        for entry in node.entries() {
            annotations.written.push((entry.key, entry.value));
            if let Some(setting) = Setting::read(entry.key, entry.value) {
                annotations.by_key.insert(entry.name(), setting);
            }
        }
        annotations
    }

    /// The annotation of a full name.
    pub(super) fn get(&self, key: &str) -> Option<&Setting<'d>> {
        self.by_key.get(key)
    }

    /// The annotation `prefix` + `name`.
    pub(super) fn under(&self, prefix: &str, name: &str) -> Option<&Setting<'d>> {
        if self.by_key.is_empty() {
            return None;
        }
        let key: Cow<'_, str> = Cow::Owned(format!("{prefix}{name}"));
        self.by_key.get(key.as_ref())
    }

    /// Whether any annotation starts with a prefix.
    pub(super) fn has_prefix(&self, prefix: &str) -> bool {
        self.written.iter().any(|(key, _)| key.text().is_some_and(|key| key.starts_with(prefix)))
    }

    /// Keys and values in the order of writing.
    pub(super) fn written(&self) -> &[(NodeRef<'d>, NodeRef<'d>)] {
        &self.written
    }
}
