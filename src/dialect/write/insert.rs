//! What is absent comes in: as a property of a CloudFormation resource or a Kubernetes object, both written as they are read.

use super::path::{self, Part};
use super::{Writer, is_open};
use crate::dialect::Dialect;
use crate::document::{Kind, NodeRef};
use crate::edit::{New, Refusal, Step};
use crate::model::ResourceIdx;

impl<'d> Writer<'d, '_> {
    /// Writes a property that is not written.
    pub(super) fn insert(&mut self, resource: ResourceIdx, path: &[Part], new: &New) -> Result<(), Refusal> {
        let type_name = self.model.resource(resource).type_name.clone();
        let path = path::in_properties(&type_name, path);
        match self.dialect {
            Dialect::CloudFormation => {
                let (at, steps) = self.locate(self.model.resource(resource).name)?;
                let body = steps.last().map(Step::value).ok_or(Refusal::NoPlace)?;
                let mut full = vec![Part::Key("Properties".to_string())];
                full.extend(path);
                self.insert_as_written(at, body, &full, new)
            }
            Dialect::Kubernetes if type_name.starts_with("Kubernetes::") => {
                let (at, object) = self.object(self.model.resource(resource).name)?;
                self.insert_as_written(at, object, &path, new)
            }
            Dialect::Kubernetes => self.insert_kubernetes(resource, &path, new),
            Dialect::Terraform => self.insert_terraform(resource, &path, new),
        }
    }

    /// Goes down a path as far as it is written, and puts the rest there.
    fn insert_as_written(
        &mut self,
        at: usize,
        body: NodeRef<'d>,
        path: &[Part],
        new: &New,
    ) -> Result<(), Refusal> {
        let mut node = body;
        for (depth, part) in path.iter().enumerate() {
            if !is_open(node) {
                return Err(Refusal::NotLiteral);
            }
            let next = match part {
                Part::Key(key) => node.written_entries().find(|entry| entry.name() == key).map(|e| e.value),
                Part::At(position) => Some(node.items().nth(*position).ok_or(Refusal::NoPlace)?),
                Part::Attribute(key) => {
                    let entry = attribute(key, new);
                    return self.plan(at).append(node, entry);
                }
            };
            let Some(next) = next else {
                let (keys, new) = rest(&path[depth..], new)?;
                return self.insert_near(at, node, &keys, new);
            };
            let is_empty = next.kind() == Kind::Scalar && next.text() == Some("") && next.tag().is_none();
            if is_empty && depth + 1 < path.len() {
                let (keys, new) = rest(&path[depth + 1..], new)?;
                return self.plan(at).insert(next, &keys, new);
            }
            node = next;
        }
        // It is written, and the model does not know it: `AWS::NoValue`, or something unknown.
        Err(Refusal::NotLiteral)
    }
}

/// The rest of a path as keys that are new.
fn rest(path: &[Part], new: &New) -> Result<(Vec<String>, New), Refusal> {
    let mut new = new.clone();
    let mut path = path;
    if let [before @ .., Part::Attribute(key)] = path {
        new = New::List(vec![attribute(key, &new)]);
        path = before;
    }
    let keys = path.iter().map(|part| match part {
        Part::Key(key) => Ok(key.clone()),
        _ => Err(Refusal::NoPlace),
    });
    Ok((keys.collect::<Result<_, _>>()?, new))
}

/// An entry of an attribute list: the API takes texts only.
fn attribute(key: &str, value: &New) -> New {
    let value = match value {
        New::Word(text) | New::Text(text) => New::Text(text.clone()),
        other => other.clone(),
    };
    New::Map(vec![("Key".to_string(), New::Text(key.to_string())), ("Value".to_string(), value)])
}
