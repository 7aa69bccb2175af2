//! Arguments and blocks of Terraform's JSON syntax.

use super::Writer;
use super::path::{self, Part};
use crate::dialect::terraform;
use crate::document::{Kind, NodeRef};
use crate::edit::{New, Refusal, Step};
use crate::model::ResourceIdx;

impl<'d> Writer<'d, '_> {
    /// Writes an argument that is not written.
    pub(super) fn insert_terraform(
        &mut self,
        resource: ResourceIdx,
        path: &[Part],
        new: &New,
    ) -> Result<(), Refusal> {
        if let New::Map(entries) = new {
            // Each has a name of its own here.
            return entries.iter().try_for_each(|(key, new)| {
                let path: Vec<Part> = path.iter().cloned().chain([Part::Key(key.clone())]).collect();
                self.insert_terraform(resource, &path, new)
            });
        }
        let resource = self.model.resource(resource);
        if has_map(new) {
            return Err(Refusal::NoPlace);
        }
        let (at, steps) = self.locate(resource.name)?;
        let [.., Step::Entry { entry: label, .. }, Step::Entry { entry, .. }] = steps.as_slice() else {
            return Err(Refusal::NoPlace);
        };
        // Plans, and objects of the Kubernetes provider, are written in other ways.
        if !terraform::becomes(label.name(), &resource.type_name) {
            return Err(Refusal::NoPlace);
        }
        let property = path::dotted(path);
        let arguments = terraform::argument(&resource.type_name, &property).ok_or(Refusal::NoPlace)?;
        let (is_single, is_word) = terraform::is_unwrapped(&resource.type_name, &property);
        let new = match new {
            New::List(items) if is_single && items.len() == 1 => items[0].clone(),
            New::Text(text) if is_word => New::word_or_text(text),
            other => other.clone(),
        };
        let mut positions = path.iter().filter_map(|part| match part {
            Part::At(at) => Some(*at),
            _ => None,
        });
        let mut body = block(entry.value, None)?;
        for (depth, argument) in arguments.iter().enumerate() {
            let is_dynamic = body.get("dynamic").is_some_and(|dynamic| dynamic.get(argument).is_some());
            if is_dynamic {
                return Err(Refusal::NotLiteral);
            }
            let Some(next) = body.written_entries().find(|entry| entry.name() == *argument) else {
                let keys: Vec<String> = arguments[depth..].iter().map(|key| key.to_string()).collect();
                return self.insert_near(at, body, &keys, new);
            };
            if depth + 1 == arguments.len() {
                break;
            }
            let needs_position = next.value.kind() == Kind::Sequence && next.value.items().len() > 1;
            let position = if needs_position { positions.next() } else { None };
            body = block(next.value, position)?;
        }
        Err(Refusal::NotLiteral)
    }
}

fn has_map(new: &New) -> bool {
    match new {
        New::Map(_) => true,
        New::List(items) => items.iter().any(has_map),
        New::Text(_) | New::Name(_) | New::Word(_) => false,
    }
}

/// The block that a map, or a list with one map, stands for; of several the one at a position.
pub(super) fn block<'d>(node: NodeRef<'d>, position: Option<usize>) -> Result<NodeRef<'d>, Refusal> {
    let block = match (node.kind(), position) {
        (Kind::Mapping, _) => Some(node),
        (Kind::Sequence, None) if node.items().len() == 1 => node.items().next(),
        (Kind::Sequence, Some(at)) => node.items().nth(at),
        _ => None,
    };
    block.filter(|block| block.kind() == Kind::Mapping).ok_or(Refusal::NotLiteral)
}
