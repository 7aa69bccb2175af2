//! The way back: a change of the model's words as a change of the files, in the words of their dialect.
//!
//! What is written is changed where it is written, and only when the text there is the value itself: a parameter, a local
//! or an expression decides for others too. What is absent comes where the dialect wants it: as a property, an argument, an
//! annotation of the object that decides.

mod insert;
mod kubernetes;
mod order;
mod path;
mod terraform;

pub use path::Part;

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::Dialect;
use crate::diagnostic::Edit;
use crate::document::{Document, NodeRef};
use crate::edit::{self, New, Plan, Refusal, Step, Wants};
use crate::model::{Data, Model, Origin, ResourceIdx, ValueId};
use crate::source::{FileId, Span};

/// The documents that may be changed.
#[derive(Clone)]
pub struct Documents<'d> {
    all: Vec<&'d Document>,
    of_file: FxHashMap<FileId, usize>,
}

impl<'d> Documents<'d> {
    fn get(&self, at: usize) -> &'d Document {
        self.all[at]
    }
}

impl<'d> FromIterator<&'d Document> for Documents<'d> {
    fn from_iter<I: IntoIterator<Item = &'d Document>>(documents: I) -> Self {
        let all: Vec<&Document> = documents.into_iter().collect();
        let mut of_file = FxHashMap::default();
        for (at, document) in all.iter().enumerate() {
            of_file.entry(document.file).or_insert(at);
        }
        Self { all, of_file }
    }
}

/// Changes files so that the model changes.
pub struct Writer<'d, 'm> {
    dialect: Dialect,
    model: &'m Model,
    documents: &'m Documents<'d>,
    /// Of the documents that something is changed in, by their places: a project may have thousands of others.
    plans: BTreeMap<usize, Plan<'d>>,
    /// What is changed where it is written.
    touched: Vec<Span>,
    /// Names of objects that get something new.
    extended: Vec<Span>,
    /// Whether something is changed that stands for several.
    is_shared: bool,
}

impl<'d, 'm> Writer<'d, 'm> {
    /// A writer that may change `documents`.
    pub fn new(dialect: Dialect, model: &'m Model, documents: &'m Documents<'d>) -> Self {
        let plans = BTreeMap::new();
        let (touched, extended) = (Vec::new(), Vec::new());
        Self { dialect, model, documents, plans, touched, extended, is_shared: false }
    }

    fn plan(&mut self, at: usize) -> &mut Plan<'d> {
        self.plans.entry(at).or_insert_with(|| Plan::new(self.documents.get(at)))
    }

    /// Sets a property of a resource.
    pub fn set(&mut self, resource: ResourceIdx, path: &[Part], new: &New) -> Result<(), Refusal> {
        match self.written(resource, path) {
            Some(value) => self.set_written(value, new),
            None => self.insert(resource, path, new),
        }
    }

    /// Removes a property of a resource; nothing happens where it is not written.
    pub fn remove(&mut self, resource: ResourceIdx, path: &[Part]) -> Result<(), Refusal> {
        let Some(value) = self.written(resource, path) else { return Ok(()) };
        let span = self.model.values.place(value).span;
        match path::in_properties(&self.model.resource(resource).type_name, path).last() {
            Some(Part::Attribute(key)) => self.remove_attribute(span, key),
            _ => self.remove_at(span),
        }
    }

    /// Removes an entry of an attribute list, of which the value stands at a span.
    fn remove_attribute(&mut self, span: Span, key: &str) -> Result<(), Refusal> {
        let Ok((at, steps)) = self.locate(span) else { return self.remove_pair(span, key) };
        let is_pair = |mapping: NodeRef<'_>| {
            ["Key", "key"].iter().any(|name| mapping.get(name).and_then(NodeRef::text) == Some(key))
        };
        match steps.as_slice() {
            // The key goes with its value.
            [whole @ .., Step::Entry { mapping, .. }] if is_pair(*mapping) => {
                if matches!(whole.last(), Some(Step::Item { .. })) {
                    self.touched.push(span);
                    self.plan(at).remove(whole)
                } else {
                    Err(Refusal::NoPlace)
                }
            }
            _ => self.remove_at(span),
        }
    }

    /// Moves a property to another name with another value; where it is not written, the other is set.
    pub fn rename(
        &mut self,
        resource: ResourceIdx,
        from: &[Part],
        to: &[Part],
        new: &New,
    ) -> Result<(), Refusal> {
        let Some(value) = self.written(resource, from) else { return self.set(resource, to, new) };
        let (Some(Part::Key(old)), Some(Part::Key(name))) = (from.last(), to.last()) else {
            return Err(Refusal::NoPlace);
        };
        let span = self.model.values.place(value).span;
        if self.written(resource, to).is_some() {
            self.remove_at(span)?;
            return self.set(resource, to, new);
        }
        let (at, steps) = self.locate(span)?;
        let entry = match steps.last() {
            Some(Step::Entry { entry, .. }) => *entry,
            _ => return Err(Refusal::NoPlace),
        };
        // Some dialects have one name for both.
        let written = entry.name();
        let renamed = match written {
            _ if written == old => Some(name.clone()),
            _ if written.eq_ignore_ascii_case(old) => Some(lower_first(name)),
            _ => None,
        };
        if let Some(renamed) = renamed {
            self.plan(at).rename(entry, &renamed)?;
        }
        match self.set_written(value, new) {
            Err(Refusal::NoChange) => Ok(()),
            done => done,
        }
    }

    /// The value that the user wrote for a property.
    pub fn written(&self, resource: ResourceIdx, path: &[Part]) -> Option<ValueId> {
        let values = &self.model.values;
        let resource = self.model.resource(resource);
        let properties = values.get(resource.value, "Properties")?;
        let path = path::in_properties(&resource.type_name, path);
        path::walk(values, properties, &path).filter(|value| values.place(*value).origin == Origin::Written)
    }

    /// Sets what stands at a value of the model.
    pub fn set_written(&mut self, value: ValueId, new: &New) -> Result<(), Refusal> {
        let values = &self.model.values;
        let span = values.place(value).span;
        if let (Data::List([only]), New::List(items)) = (values.data(value), new)
            && let [item] = items.as_slice()
            && let Ok(()) = self.set_written(*only, item)
        {
            return Ok(());
        }
        let wants = if self.dialect == Dialect::Kubernetes { Wants::Text } else { Wants::SameStyle };
        if matches!(new, New::List(_) | New::Map(_)) {
            let (at, steps) = self.locate(span)?;
            let node = steps.last().map(Step::value).ok_or(Refusal::NoPlace)?;
            self.touched.push(span);
            return self.plan(at).replace(node, new, wants);
        }
        let known = text_of(self.model, value).ok_or(Refusal::NotLiteral)?;
        match self.locate(span) {
            Ok((at, steps)) => {
                let node = steps.last().map(Step::value).ok_or(Refusal::NoPlace)?;
                let text = node.text().ok_or(Refusal::NotLiteral)?;
                // What an expression gives differs from what stands there.
                if !text.trim().eq_ignore_ascii_case(&known) || text.contains("${") {
                    return Err(Refusal::NotLiteral);
                }
                let wants = if is_annotation(&steps) { wants } else { Wants::SameStyle };
                self.touched.push(span);
                self.plan(at).replace(node, new, wants)
            }
            Err(_) => self.set_part(span, &known, new),
        }
    }

    /// Sets a part of a scalar: one pair of an annotation.
    fn set_part(&mut self, span: Span, known: &str, new: &New) -> Result<(), Refusal> {
        let (New::Text(text) | New::Word(text)) = new else { return Err(Refusal::NotLiteral) };
        let at = self.plan_of(span).ok_or(Refusal::NoPlace)?;
        let document = self.documents.get(at);
        let raw = document.text().get(span.range()).unwrap_or_default();
        // Inside JSON that is a text itself, quotes are escaped.
        let quote = ["\\\"", "\""]
            .into_iter()
            .find(|quote| raw.strip_prefix(quote).and_then(|raw| raw.strip_suffix(quote)).is_some());
        let n_quote = quote.map_or(0, |quote| quote.len() as u32);
        let span = Span::new(span.file, span.start + n_quote, span.end - n_quote);
        let raw = document.text().get(span.range()).unwrap_or_default();
        let is_it = raw.eq_ignore_ascii_case(known);
        let is_simple = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
        let steps = edit::enclosing(document, span).ok_or(Refusal::NoPlace)?;
        let node = steps.last().map(Step::value).ok_or(Refusal::NoPlace)?;
        if !is_it || !is_simple || node.is_alias() || node.tag().is_some() || node.text().is_none() {
            return Err(Refusal::NotLiteral);
        }
        if known == text {
            return Err(Refusal::NoChange);
        }
        self.touched.push(span);
        self.plan(at).replace_text(span, text);
        Ok(())
    }

    /// Gives the key or scalar at a span another text or number, whatever the model made of it.
    pub fn set_text_at(&mut self, span: Span, new: &New) -> Result<(), Refusal> {
        let (New::Text(text) | New::Word(text)) = new else { return Err(Refusal::NotLiteral) };
        let (at, steps) = self.locate(span)?;
        self.touched.push(span);
        match steps.last() {
            Some(Step::Entry { entry, .. })
                if entry.key.span().start <= span.start && span.end <= entry.key.span().end =>
            {
                self.plan(at).rename(*entry, text)
            }
            Some(step) => {
                let wants = match new {
                    _ if is_annotation(&steps) => Wants::Text,
                    New::Word(_) => Wants::Number,
                    _ => Wants::SameStyle,
                };
                self.plan(at).replace(step.value(), new, wants)
            }
            None => Err(Refusal::NoPlace),
        }
    }

    /// The text of the scalar at a span.
    pub fn text_at(&self, span: Span) -> Option<&'d str> {
        let (_, steps) = self.locate(span).ok()?;
        steps.last()?.value().text()
    }

    /// Puts what stands at a span into quotes.
    pub fn quote_at(&mut self, span: Span) -> Result<(), Refusal> {
        let (at, steps) = self.locate(span)?;
        let node = steps.last().map(Step::value).ok_or(Refusal::NoPlace)?;
        self.touched.push(span);
        self.plan(at).quote(node)
    }

    /// Removes what stands at a span, its key or its place in a list with it.
    pub fn remove_at(&mut self, span: Span) -> Result<(), Refusal> {
        let (at, steps) = self.locate(span)?;
        // A resource without anything in it is another matter.
        let least = if self.dialect == Dialect::Kubernetes { 2 } else { 3 };
        if steps.len() < least {
            return Err(Refusal::NoPlace);
        }
        self.touched.push(span);
        self.plan(at).remove(&steps)
    }

    /// Sets a key of the mapping that holds what stands at a span.
    pub fn set_beside(&mut self, span: Span, key: &str, new: &New) -> Result<(), Refusal> {
        // There it has another name.
        if self.dialect == Dialect::Terraform {
            return Err(Refusal::NoPlace);
        }
        let (at, steps) = self.locate(span)?;
        let mapping = steps.last().map(Step::collection).ok_or(Refusal::NoPlace)?;
        match mapping.written_entries().find(|entry| entry.name() == key) {
            Some(entry) => self.plan(at).replace(entry.value, new, Wants::SameStyle),
            None => self.plan(at).insert(mapping, &[key.to_string()], new.clone()),
        }
    }

    /// Sets keys of the block whose key stands at a span.
    pub fn set_inside(&mut self, span: Span, entries: &[(String, New)]) -> Result<(), Refusal> {
        let (at, steps) = self.locate(span)?;
        let block = steps.last().map(Step::value).ok_or(Refusal::NoPlace)?;
        for (key, new) in entries {
            match block.written_entries().find(|entry| entry.name() == key) {
                Some(_) => return Err(Refusal::NotLiteral),
                None => self.insert_near(at, block, std::slice::from_ref(key), new.clone())?,
            }
        }
        Ok(())
    }

    /// Replaces the innermost entry of a name around a span.
    pub fn replace_around(&mut self, span: Span, name: &str, key: &str, new: &New) -> Result<(), Refusal> {
        let at = self.plan_of(span).ok_or(Refusal::NoPlace)?;
        let steps = edit::enclosing(self.documents.get(at), span).ok_or(Refusal::NoPlace)?;
        let entry = steps.iter().rev().find_map(|step| match step {
            Step::Entry { entry, .. } if entry.name() == name => Some(*entry),
            _ => None,
        });
        self.touched.push(span);
        self.plan(at).replace_entry(entry.ok_or(Refusal::NoPlace)?, key, new)
    }

    /// The edits, and whether they change more than what was asked for.
    pub fn finish(self) -> Result<(Vec<Edit>, Reach), Refusal> {
        let mut is_repeated = self.is_shared;
        let mut edits = Vec::new();
        let mut refusal = None;
        for plan in self.plans.into_values() {
            let document = plan.document();
            match plan.edits() {
                Ok(more) => {
                    is_repeated |= more.iter().any(|edit| edit::is_repeated(document, edit.span));
                    edits.extend(more);
                }
                Err(Refusal::NoChange) => {}
                Err(why) => refusal = Some(why),
            }
        }
        match refusal {
            Some(why) => Err(why),
            None if edits.is_empty() => Err(Refusal::NoChange),
            None => Ok((edits, Reach { is_repeated, touched: self.touched, extended: self.extended })),
        }
    }

    /// Puts a path of keys into a mapping, near what it belongs to.
    fn insert_near(
        &mut self,
        at: usize,
        mapping: NodeRef<'d>,
        path: &[String],
        new: New,
    ) -> Result<(), Refusal> {
        let kin = path.first().and_then(|key| KIN.iter().find(|(own, _)| own == key));
        match kin {
            Some((_, kin)) => self.plan(at).insert_behind(mapping, kin, path, new),
            None => self.plan(at).insert(mapping, path, new),
        }
    }

    fn plan_of(&self, span: Span) -> Option<usize> {
        self.documents.of_file.get(&span.file).copied()
    }

    fn locate(&self, span: Span) -> Result<(usize, Vec<Step<'d>>), Refusal> {
        let at = self.plan_of(span).ok_or(Refusal::NoPlace)?;
        let steps = edit::find(self.documents.get(at), span).ok_or(Refusal::NotLiteral)?;
        Ok((at, steps))
    }
}

/// Keys, and what the names begin with behind which they are looked for, where their own names do not say it.
const KIN: [(&str, &str); 10] = [
    ("Matcher", "HealthCheck"),
    ("SslPolicy", "Certificates"),
    ("AlpnPolicy", "Certificates"),
    ("ssl_policy", "certificate_arn"),
    ("alpn_policy", "certificate_arn"),
    ("matcher", "healthCheck"),
    ("readinessProbe", "livenessProbe"),
    ("alb.ingress.kubernetes.io/success-codes", "alb.ingress.kubernetes.io/healthcheck-"),
    ("alb.ingress.kubernetes.io/ssl-policy", "alb.ingress.kubernetes.io/certificate-arn"),
    (
        "service.beta.kubernetes.io/aws-load-balancer-alpn-policy",
        "service.beta.kubernetes.io/aws-load-balancer-ssl-",
    ),
];

/// How far a change reaches.
#[derive(Debug)]
pub struct Reach {
    /// Whether an alias or merge key repeats what is changed, or the default of several is.
    pub is_repeated: bool,
    /// Values that are changed where they are written.
    pub touched: Vec<Span>,
    /// Names of the objects that get something new.
    pub extended: Vec<Span>,
}

/// Whether the steps lead to an annotation of a Kubernetes object, which is always text.
fn is_annotation(steps: &[Step<'_>]) -> bool {
    let is_named =
        |step: &Step<'_>| matches!(step, Step::Entry { entry, .. } if entry.name() == "annotations");
    steps.iter().rev().nth(1).is_some_and(is_named)
}

fn text_of(model: &Model, value: ValueId) -> Option<String> {
    Some(match model.values.data(value) {
        Data::Text(text) => text.trim().to_string(),
        Data::Bool(value) => value.to_string(),
        Data::Int(value) => value.to_string(),
        Data::Float(value) => value.to_string(),
        Data::Null => "null".to_string(),
        _ => return None,
    })
}

fn lower_first(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

/// A mapping that something may be put into: no function, macro or alias stands there.
fn is_open(node: NodeRef<'_>) -> bool {
    let is_function = |name: &str| name.starts_with("Fn::") || name == "Ref";
    !node.is_alias()
        && node.tag().is_none_or(|tag| tag.text.starts_with("!!") || !tag.text.starts_with('!'))
        && !node.written_entries().any(|entry| is_function(entry.name()))
}
