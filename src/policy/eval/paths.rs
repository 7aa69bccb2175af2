//! Where paths of keys lead from the resources of a model: many rules ask the same of a resource.
//!
//! What is remembered is eight bytes for each resource and path that more than one query is, in the order in which a rule
//! goes through the resources. Below a resource everything is the resource's, so its owner need not be kept.

use std::cell::RefCell;

use super::super::ast::Query;
use super::scope::Scope;
use super::value::{Found, Raw, Val};
use super::{Eval, Evaluator};
use crate::model::ValueId;

/// Where a path of keys leads from a resource.
#[derive(Debug, Clone, Copy)]
enum Led {
    /// Nobody has asked yet.
    Unasked,
    /// To a value.
    To(ValueId),
    /// To a value that the files do not settle.
    Undecided(ValueId),
    /// It broke off inside a value, before a step.
    Broken { inside: ValueId, part: u8 },
}

/// A path and a resource, by their positions in [`Paths`].
#[derive(Debug, Clone, Copy)]
struct FromResource {
    path: usize,
    resource: usize,
    n_resources: usize,
}

/// What is remembered: by path, then by resource.
#[derive(Debug, Default)]
pub(super) struct Paths(RefCell<Vec<Box<[Led]>>>);

impl Paths {
    fn get(&self, from: FromResource) -> Led {
        let paths = self.0.borrow();
        let of_path = paths.get(from.path).filter(|of_path| !of_path.is_empty());
        of_path.map_or(Led::Unasked, |of_path| of_path[from.resource])
    }

    fn remember(&self, from: FromResource, to: Led) {
        let mut paths = self.0.borrow_mut();
        if paths.len() <= from.path {
            paths.resize_with(from.path + 1, Box::default);
        }
        let of_path = &mut paths[from.path];
        if of_path.is_empty() {
            *of_path = vec![Led::Unasked; from.n_resources].into();
        }
        of_path[from.resource] = to;
    }
}

impl<'e> Evaluator<'e> {
    /// The one result of a query that is a path; `None` for any other.
    pub(super) fn path(&self, query: &'e Query, scope: &Scope<'_, 'e>) -> Eval<Option<Found<'e>>> {
        if query.path.is_none() {
            return Ok(None);
        }
        let from = self.place_of(query, scope.root);
        if let Some(found) = from.and_then(|from| led(self.subject.paths.get(from), query, scope.root)) {
            self.comparer.step()?;
            return Ok(Some(found));
        }
        let [found] = self.walked(query, scope)?[..] else { return Ok(None) };
        if let Some(from) = from {
            self.subject.paths.remember(from, where_led(found));
        }
        Ok(Some(found))
    }

    /// What to remember of a query from a value, if that is a resource and it pays.
    fn place_of(&self, query: &Query, root: Val<'e>) -> Option<FromResource> {
        let path = query.path.as_ref().filter(|path| path.is_shared())?;
        let Raw::Doc(id) = root.raw else { return None };
        if root.owner != Some(id) {
            return None;
        }
        let (first, n_resources) = self.subject.row()?;
        let resource = id.position().checked_sub(first.position()).filter(|at| *at < n_resources)?;
        Some(FromResource { path: path.id as usize, resource, n_resources })
    }
}

/// The result of a path from a resource that was walked before. Below a resource, everything is the resource's.
fn led<'e>(led: Led, query: &'e Query, root: Val<'e>) -> Option<Found<'e>> {
    match led {
        Led::Unasked => None,
        Led::To(id) => Some(Found::Resolved(root.with(Raw::Doc(id)))),
        Led::Undecided(id) => Some(Found::Undecided(root.with(Raw::Doc(id)))),
        Led::Broken { inside, part } => {
            Some(Found::Unresolved { at: root.with(Raw::Doc(inside)), query, part: part.into() })
        }
    }
}

/// What to remember of the result of a path.
fn where_led(found: Found<'_>) -> Led {
    match found {
        Found::Resolved(Val { raw: Raw::Doc(id), .. }) => Led::To(id),
        Found::Undecided(Val { raw: Raw::Doc(id), .. }) => Led::Undecided(id),
        Found::Unresolved { at: Val { raw: Raw::Doc(inside), .. }, part, .. } => {
            u8::try_from(part).map_or(Led::Unasked, |part| Led::Broken { inside, part })
        }
        _ => Led::Unasked,
    }
}
