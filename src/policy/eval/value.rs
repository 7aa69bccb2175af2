//! Values during evaluation: ids of the document or references to literals, never copies; and how they compare.

use std::cell::Cell;
use std::cmp::Ordering;

use indexmap::IndexMap;
use smallvec::SmallVec;

use super::super::ast::{Bounds, Kind, Literal, Op, Query, Range};
use super::super::regex::Regex;
use super::{MAX_STEPS, Stop};
use crate::model::{Data, Entry, Origin, ResourceIdx, ValueId, Values};

/// A value of the document, or one that a rule file or a function brought.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Raw<'e> {
    Doc(ValueId),
    Made(&'e Literal),
}

/// A value and where it came from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Val<'e> {
    pub(super) raw: Raw<'e>,
    /// The entry of `Resources` through which it was reached.
    pub(super) owner: Option<ValueId>,
    /// For a made value, the value of the document that it was made from.
    pub(super) near: Option<ValueId>,
}

/// One result of a query.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Found<'e> {
    Resolved(Val<'e>),
    /// A value written in the rule file; comparisons tell it from a resolved one.
    Literal(&'e Literal),
    /// The path broke off at `at`, before the step `part`.
    Unresolved {
        at: Val<'e>,
        query: &'e Query,
        part: usize,
    },
    /// The path met a value that the files do not settle.
    Undecided(Val<'e>),
}

impl<'e> Val<'e> {
    pub(super) fn doc(id: ValueId, owner: Option<ValueId>) -> Self {
        Self { raw: Raw::Doc(id), owner, near: Some(id) }
    }

    pub(super) fn with(self, raw: Raw<'e>) -> Self {
        let near = match raw {
            Raw::Doc(id) => Some(id),
            Raw::Made(_) => self.near,
        };
        Self { raw, owner: self.owner, near }
    }
}

impl<'e> Found<'e> {
    /// The value, when the path got to one.
    pub(super) fn value(self) -> Option<Val<'e>> {
        match self {
            Found::Resolved(value) => Some(value),
            Found::Literal(literal) => Some(Val { raw: Raw::Made(literal), owner: None, near: None }),
            Found::Unresolved { .. } | Found::Undecided(_) => None,
        }
    }
}

/// Results of a query, nearly always one.
pub(crate) type Many<'e> = SmallVec<[Found<'e>; 1]>;

/// A value, looked at.
#[derive(Debug, Clone, Copy)]
pub(crate) enum View<'e> {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(&'e str),
    Char(char),
    List(Items<'e>),
    Map(Fields<'e>),
    Regex(&'e Regex),
    Range(&'e Range),
    Reference(ResourceIdx),
    Unknown,
}

/// The items of a list.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Items<'e> {
    Doc(&'e [ValueId]),
    Made(&'e [Literal]),
}

/// The entries of a map.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fields<'e> {
    Doc(ValueId, &'e [Entry]),
    Made(&'e IndexMap<String, Literal>),
}

impl<'e> Items<'e> {
    /// Whether there is nothing but the mark that the model puts into a list whose items the files do not settle.
    pub(super) fn are_open(self, values: &Values) -> bool {
        let is_mark = |id: &ValueId| values.is_unknown(*id) && values.place(*id).origin == Origin::Fact;
        match self {
            Items::Doc(items) => !items.is_empty() && items.iter().all(is_mark),
            Items::Made(_) => false,
        }
    }

    pub(super) fn len(self) -> usize {
        match self {
            Items::Doc(items) => items.len(),
            Items::Made(items) => items.len(),
        }
    }

    pub(super) fn get(self, idx: usize) -> Option<Raw<'e>> {
        match self {
            Items::Doc(items) => items.get(idx).map(|id| Raw::Doc(*id)),
            Items::Made(items) => items.get(idx).map(Raw::Made),
        }
    }

    pub(super) fn iter(self) -> impl Iterator<Item = Raw<'e>> {
        (0..self.len()).filter_map(move |idx| self.get(idx))
    }
}

impl<'e> Fields<'e> {
    pub(super) fn len(self) -> usize {
        match self {
            Fields::Doc(_, entries) => entries.len(),
            Fields::Made(map) => map.len(),
        }
    }

    pub(super) fn entry(self, values: &'e Values, idx: usize) -> Option<(&'e str, Raw<'e>)> {
        match self {
            Fields::Doc(_, entries) => {
                entries.get(idx).map(|entry| (values.key_text(entry.key), Raw::Doc(entry.value)))
            }
            Fields::Made(map) => map.get_index(idx).map(|(key, value)| (key.as_str(), Raw::Made(value))),
        }
    }

    pub(super) fn iter(self, values: &'e Values) -> impl Iterator<Item = (&'e str, Raw<'e>)> {
        (0..self.len()).filter_map(move |idx| self.entry(values, idx))
    }

    pub(super) fn get(self, values: &'e Values, key: &str) -> Option<Raw<'e>> {
        match self {
            Fields::Doc(map, _) => values.get(map, key).map(Raw::Doc),
            Fields::Made(map) => map.get(key).map(Raw::Made),
        }
    }
}

/// Looks at a value.
#[inline]
pub(super) fn view<'e>(values: &'e Values, raw: Raw<'e>) -> View<'e> {
    match raw {
        Raw::Doc(id) => match values.data(id) {
            Data::Null => View::Null,
            Data::Bool(value) => View::Bool(value),
            Data::Int(value) => View::Int(value),
            Data::Float(value) => View::Float(value),
            Data::Text(text) => View::Text(text),
            Data::List(items) => View::List(Items::Doc(items)),
            Data::Map(entries) => View::Map(Fields::Doc(id, entries)),
            Data::Reference(target) => View::Reference(target),
            Data::Unknown(_) => View::Unknown,
        },
        Raw::Made(literal) => match literal {
            Literal::Null => View::Null,
            Literal::Bool(value) => View::Bool(*value),
            Literal::Int(value) => View::Int(*value),
            Literal::Float(value) => View::Float(*value),
            Literal::Text(text) => View::Text(text),
            Literal::Char(value) => View::Char(*value),
            Literal::List(items) => View::List(Items::Made(items)),
            Literal::Map(map) => View::Map(Fields::Made(map)),
            Literal::Regex(regex) => View::Regex(regex),
            Literal::Range(range) => View::Range(range),
        },
    }
}

impl View<'_> {
    pub(super) fn is(self, kind: Kind) -> bool {
        match kind {
            Kind::Text => matches!(self, View::Text(_) | View::Reference(_)),
            Kind::List => matches!(self, View::List(_)),
            Kind::Map => matches!(self, View::Map(_)),
            Kind::Bool => matches!(self, View::Bool(_)),
            Kind::Int => matches!(self, View::Int(_)),
            Kind::Float => matches!(self, View::Float(_)),
            Kind::Null => matches!(self, View::Null),
        }
    }

    pub(super) fn is_text(self) -> bool {
        matches!(self, View::Text(_) | View::Reference(_))
    }
}

/// The outcome of a comparison of two values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    True,
    False,
    Incomparable,
    /// A value that the files do not settle is part of it.
    Unknown,
}

impl From<bool> for Verdict {
    fn from(is_true: bool) -> Self {
        if is_true { Verdict::True } else { Verdict::False }
    }
}

/// How deep collections are compared; the links of the model make circles. Deeper than any document is read.
const MAX_DEPTH: u32 = 300;

/// Compares values, and counts the steps so that no comparison runs away.
#[derive(Debug)]
pub(super) struct Comparer<'e> {
    pub(super) values: &'e Values,
    pub(super) steps_left: Cell<u64>,
}

impl<'e> Comparer<'e> {
    pub(super) fn view(&self, raw: Raw<'e>) -> View<'e> {
        view(self.values, raw)
    }

    pub(super) fn step(&self) -> Result<(), Stop> {
        let left = self.steps_left.get();
        if left == 0 {
            return Err(Stop::abort(format!("the evaluation takes more than {MAX_STEPS} steps")));
        }
        self.steps_left.set(left - 1);
        Ok(())
    }

    /// `a == b`.
    pub(super) fn equal(&self, a: Raw<'e>, b: Raw<'e>) -> Result<Verdict, Stop> {
        self.equal_at(a, b, 0)
    }

    fn equal_at(&self, a: Raw<'e>, b: Raw<'e>, depth: u32) -> Result<Verdict, Stop> {
        self.step()?;
        if depth > MAX_DEPTH {
            return Ok(Verdict::Unknown);
        }
        Ok(match (self.view(a), self.view(b)) {
            (View::Unknown, _) | (_, View::Unknown) => Verdict::Unknown,
            (View::Reference(a), View::Reference(b)) => (a == b).into(),
            (View::Reference(_), View::Text(_) | View::Regex(_))
            | (View::Text(_) | View::Regex(_), View::Reference(_)) => Verdict::Unknown,
            (View::Text(a), View::Text(b)) => (a == b).into(),
            (View::Text(text), View::Regex(regex)) | (View::Regex(regex), View::Text(text)) => {
                regex.is_match(text).map_err(Stop::abort)?.into()
            }
            (View::Regex(a), View::Regex(b)) => (a.text() == b.text()).into(),
            (View::Bool(a), View::Bool(b)) => (a == b).into(),
            (View::Char(a), View::Char(b)) => (a == b).into(),
            (View::Null, View::Null) => Verdict::True,
            (a @ (View::Int(_) | View::Float(_)), View::Range(range)) => within(a, range),
            (View::Char(a), View::Range(range)) => match range.bounds {
                Bounds::Char(low, high) => inside(a.cmp(&low), a.cmp(&high), range),
                _ => Verdict::Incomparable,
            },
            (View::List(a), View::List(b)) => {
                if a.len() != b.len() {
                    return Ok(Verdict::False);
                }
                self.all_equal(a.iter().zip(b.iter()), depth)?
            }
            (View::Map(a), View::Map(b)) => self.maps_equal(a, b, depth)?,
            (a, b) => match order(a, b) {
                Some(Some(order)) => (order == Ordering::Equal).into(),
                Some(None) => Verdict::False,
                None => Verdict::Incomparable,
            },
        })
    }

    /// The first pair that is not equal decides; an unknown one only if no later one is unequal.
    fn all_equal(
        &self,
        pairs: impl Iterator<Item = (Raw<'e>, Raw<'e>)>,
        depth: u32,
    ) -> Result<Verdict, Stop> {
        let mut outcome = Verdict::True;
        for (a, b) in pairs {
            match self.equal_at(a, b, depth + 1)? {
                Verdict::True => {}
                Verdict::Unknown => outcome = Verdict::Unknown,
                Verdict::False => return Ok(Verdict::False),
                Verdict::Incomparable if outcome == Verdict::Unknown => {}
                Verdict::Incomparable => return Ok(Verdict::Incomparable),
            }
        }
        Ok(outcome)
    }

    fn maps_equal(&self, a: Fields<'e>, b: Fields<'e>, depth: u32) -> Result<Verdict, Stop> {
        if a.len() != b.len() {
            return Ok(Verdict::False);
        }
        let mut pairs = Vec::with_capacity(a.len());
        let mut is_missing = false;
        for (key, value) in a.iter(self.values) {
            match b.get(self.values, key) {
                Some(other) => pairs.push((value, other)),
                None => {
                    is_missing = true;
                    break;
                }
            }
        }
        match self.all_equal(pairs.into_iter(), depth)? {
            Verdict::True | Verdict::Unknown if is_missing => Ok(Verdict::False),
            verdict => Ok(verdict),
        }
    }

    /// Equality as "contained in" tests it: what cannot be compared is unequal, and ranges are values like others.
    pub(super) fn plainly_equal(&self, a: Raw<'e>, b: Raw<'e>) -> Result<Verdict, Stop> {
        match (self.view(a), self.view(b)) {
            (View::Range(a), View::Range(b)) => Ok((a == b).into()),
            (View::Range(_), _) | (_, View::Range(_)) => Ok(Verdict::False),
            (View::List(a), View::List(b)) => {
                if a.len() != b.len() {
                    return Ok(Verdict::False);
                }
                self.step()?;
                let mut outcome = Verdict::True;
                for (a, b) in a.iter().zip(b.iter()) {
                    match self.plainly_equal(a, b)? {
                        Verdict::True => {}
                        Verdict::Unknown => outcome = Verdict::Unknown,
                        _ => return Ok(Verdict::False),
                    }
                }
                Ok(outcome)
            }
            _ => Ok(match self.equal(a, b)? {
                Verdict::Incomparable => Verdict::False,
                verdict => verdict,
            }),
        }
    }

    /// Whether `wanted` is plainly equal to one of `items`.
    pub(super) fn is_among(
        &self,
        wanted: Raw<'e>,
        items: impl Iterator<Item = Raw<'e>>,
    ) -> Result<Verdict, Stop> {
        let mut outcome = Verdict::False;
        for item in items {
            match self.plainly_equal(item, wanted)? {
                Verdict::True => return Ok(Verdict::True),
                Verdict::Unknown => outcome = Verdict::Unknown,
                _ => {}
            }
        }
        Ok(outcome)
    }

    /// `a < b` and its kin.
    pub(super) fn ordered(&self, op: Op, a: Raw<'e>, b: Raw<'e>) -> Result<Verdict, Stop> {
        self.step()?;
        let order = match (self.view(a), self.view(b)) {
            (View::Unknown, _) | (_, View::Unknown) => return Ok(Verdict::Unknown),
            (View::Reference(_), b) if b.is_text() => return Ok(Verdict::Unknown),
            (a, View::Reference(_)) if a.is_text() => return Ok(Verdict::Unknown),
            (View::Text(a), View::Text(b)) => Some(Some(a.cmp(b))),
            (View::Char(a), View::Char(b)) => Some(Some(a.cmp(&b))),
            (View::Null, View::Null) => Some(Some(Ordering::Equal)),
            (a, b) => order(a, b),
        };
        Ok(match (order, op) {
            (None, _) => Verdict::Incomparable,
            (Some(None), _) => Verdict::False,
            (Some(Some(order)), Op::Lt) => order.is_lt().into(),
            (Some(Some(order)), Op::Le) => order.is_le().into(),
            (Some(Some(order)), Op::Gt) => order.is_gt().into(),
            (Some(Some(order)), _) => order.is_ge().into(),
        })
    }
}

/// The order of two numbers; `Some(None)` when one is not a number (NaN), `None` when they are not both numbers.
fn order(a: View<'_>, b: View<'_>) -> Option<Option<Ordering>> {
    Some(match (a, b) {
        (View::Int(a), View::Int(b)) => Some(a.cmp(&b)),
        (View::Float(a), View::Float(b)) => a.partial_cmp(&b),
        (View::Int(a), View::Float(b)) => int_against_float(a, b),
        (View::Float(a), View::Int(b)) => int_against_float(b, a).map(Ordering::reverse),
        _ => return None,
    })
}

/// Exact also above 2^53, where a float cannot hold every integer.
fn int_against_float(a: i64, b: f64) -> Option<Ordering> {
    if b.is_nan() {
        return None;
    }
    if b >= 9_223_372_036_854_775_808.0 {
        return Some(Ordering::Less);
    }
    if b < -9_223_372_036_854_775_808.0 {
        return Some(Ordering::Greater);
    }
    let whole = b.trunc();
    Some(a.cmp(&(whole as i64)).then_with(|| 0.0_f64.partial_cmp(&(b - whole)).unwrap_or(Ordering::Equal)))
}

fn within(value: View<'_>, range: &Range) -> Verdict {
    let (low, high) = match range.bounds {
        Bounds::Int(low, high) => (order(value, View::Int(low)), order(value, View::Int(high))),
        Bounds::Float(low, high) => (order(value, View::Float(low)), order(value, View::Float(high))),
        Bounds::Char(..) => return Verdict::Incomparable,
    };
    match (low.flatten(), high.flatten()) {
        (Some(low), Some(high)) => inside(low, high, range),
        _ => Verdict::False,
    }
}

fn inside(low: Ordering, high: Ordering, range: &Range) -> Verdict {
    let above = low.is_gt() || range.includes_low && low.is_eq();
    let below = high.is_lt() || range.includes_high && high.is_eq();
    (above && below).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_and_floats_compare_exactly() {
        let big = (1_i64 << 53) + 1;
        assert_eq!(int_against_float(big, (1_i64 << 53) as f64), Some(Ordering::Greater));
        assert_eq!(int_against_float(1, 1.0), Some(Ordering::Equal));
        assert_eq!(int_against_float(1, 1.5), Some(Ordering::Less));
        assert_eq!(int_against_float(-1, -1.5), Some(Ordering::Greater));
        assert_eq!(int_against_float(i64::MAX, f64::INFINITY), Some(Ordering::Less));
        assert_eq!(int_against_float(0, f64::NAN), None);
    }
}
