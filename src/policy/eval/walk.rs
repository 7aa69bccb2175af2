//! Walking a query through values.

use super::super::ast::{Filter, Key, KeysFilter, Literal, Op, Operand, PartKind, Query};
use super::super::spelling::{N_CONVERSIONS, convert};
use super::scope::Scope;

use super::subject::Candidate;
use super::value::{Fields, Found, Items, Many, Raw, Val, Verdict, View};
use super::{Eval, Evaluator, Role, St, Stop};
use crate::source::Spanned;

/// Where a walk is.
#[derive(Clone, Copy)]
struct At<'s, 'c, 'e> {
    query: &'e Query,
    /// The next step.
    part: usize,
    scope: &'s Scope<'c, 'e>,
    /// The conversion of keys that has helped so far.
    conversion: Option<u8>,
}

impl At<'_, '_, '_> {
    fn next(self) -> Self {
        Self { part: self.part + 1, ..self }
    }
}

impl<'e> Evaluator<'e> {
    /// The results of a query from the value that a scope stands on.
    pub(super) fn query(&self, query: &'e Query, scope: &Scope<'_, 'e>) -> Eval<Many<'e>> {
        if let Some(found) = self.path(query, scope)? {
            return Ok(Many::from_elem(found, 1));
        }
        self.walked(query, scope)
    }

    pub(super) fn walked(&self, query: &'e Query, scope: &Scope<'_, 'e>) -> Eval<Many<'e>> {
        let mut out = Many::new();
        let at = At { query, part: 0, scope: scope.walker(), conversion: None };
        self.walk(at, scope.root, &mut out)?;
        Ok(out)
    }

    /// The resources of a type, as `Resources.*[ Type == 'name' ]` finds them from the root of a model; `None` elsewhere.
    pub(super) fn resources_of_type(
        &self,
        name: &str,
        from: Val<'e>,
    ) -> Option<impl Iterator<Item = Val<'e>> + use<'e>> {
        let is_root = matches!(from.raw, Raw::Doc(id) if id == self.subject.root);
        let resources = self.subject.of_type(name).filter(|_| is_root)?;
        Some(resources.map(|resource| Val::doc(resource, Some(resource))))
    }

    fn walk(&self, at: At<'_, '_, 'e>, value: Val<'e>, out: &mut Many<'e>) -> Eval<()> {
        let (mut at, mut value) = (at, value);
        loop {
            self.comparer.step()?;
            // Most steps are keys of maps of the document: they lead from one value to one value, without going deeper.
            let part = at.query.parts.get(at.part).map(|part| &part.kind);
            let (Some(PartKind::Key(key @ Key { index: None, .. })), View::Map(Fields::Doc(map, _))) =
                (part, self.view(value.raw))
            else {
                return self.deeper(|| self.step(at, value, out));
            };
            let Some((id, conversion)) = self.subject.find(map, key, at.conversion) else {
                self.unresolved(at, value, out);
                return Ok(());
            };
            value = self.child(value, Raw::Doc(id));
            at = At { conversion, ..at.next() };
        }
    }

    fn step(&self, at: At<'_, '_, 'e>, value: Val<'e>, out: &mut Many<'e>) -> Eval<()> {
        let view = self.view(value.raw);
        let Some(part) = at.query.parts.get(at.part) else {
            out.push(if matches!(view, View::Unknown) {
                Found::Undecided(value)
            } else {
                Found::Resolved(value)
            });
            return Ok(());
        };
        if let (PartKind::Variable(name), 0) = (&part.kind, at.part) {
            return self.start_at_variable(at, self.variable(*name, at.scope)?.as_slice(), out);
        }
        if matches!(view, View::Unknown) && !matches!(part.kind, PartKind::This) {
            out.push(Found::Undecided(value));
            return Ok(());
        }
        match &part.kind {
            PartKind::This => self.walk(at.next(), value, out),
            PartKind::Index(idx) => self.index(at, value, view, *idx, out),
            PartKind::Key(key) => match key.index {
                Some(idx) => self.index(at, value, view, idx, out),
                None => self.key(at, value, view, key, out),
            },
            PartKind::Variable(name) => {
                let keys = self.variable(*name, at.scope)?;
                self.interpolate(at, value, view, keys.as_slice(), out)
            }
            PartKind::Values(capture) => {
                self.each(at, value, view, Each { capture: *capture, maps: true }, out)
            }
            PartKind::Items { capture, .. } => {
                self.each(at, value, view, Each { capture: *capture, maps: capture.is_some() }, out)
            }
            PartKind::Filter(filter) => self.filter(at, value, view, filter, out),
            PartKind::Keys(filter) => self.keys_filter(at, value, view, filter, out),
        }
    }

    fn unresolved(&self, at: At<'_, '_, 'e>, value: Val<'e>, out: &mut Many<'e>) {
        out.push(Found::Unresolved { at: value, query: at.query, part: at.part });
    }

    /// `%name…`: the rest of the query from each result. An `[*]` follows the variable, written or implied.
    fn start_at_variable(&self, at: At<'_, '_, 'e>, results: &[Found<'e>], out: &mut Many<'e>) -> Eval<()> {
        let has_items =
            matches!(at.query.parts.get(1), Some(part) if matches!(part.kind, PartKind::Items { .. }));
        let rest = if has_items { 2 } else { 1 };
        for found in results {
            match found.value() {
                Some(value) if rest < at.query.parts.len() => {
                    let scope = Scope::at(value, at.scope);
                    let at = At { part: rest, scope: &scope, ..at };
                    self.walk(at, value, out)?;
                }
                _ => out.push(*found),
            }
        }
        Ok(())
    }

    fn index(
        &self,
        at: At<'_, '_, 'e>,
        value: Val<'e>,
        view: View<'e>,
        idx: i64,
        out: &mut Many<'e>,
    ) -> Eval<()> {
        let item = match view {
            View::List(items) => offset(idx, items.len()).and_then(|idx| items.get(idx)),
            _ => None,
        };
        match item {
            Some(item) => self.walk(at.next(), value.with(item), out),
            None => {
                self.unresolved(at, value, out);
                Ok(())
            }
        }
    }

    fn key(
        &self,
        at: At<'_, '_, 'e>,
        value: Val<'e>,
        view: View<'e>,
        key: &Key,
        out: &mut Many<'e>,
    ) -> Eval<()> {
        let found = match view {
            View::Map(Fields::Made(map)) => {
                let allowed = match at.conversion {
                    Some(only) => only as usize..only as usize + 1,
                    None => 0..N_CONVERSIONS,
                };
                let as_written = map.get(key.text()).map(|found| (found, at.conversion));
                let converted = || {
                    allowed.into_iter().find_map(|number| {
                        map.get(&convert(key.text(), number)).map(|found| (found, Some(number as u8)))
                    })
                };
                as_written.or_else(converted).map(|(found, used)| (value.with(Raw::Made(found)), used))
            }
            _ => None,
        };
        match found {
            Some((child, conversion)) => self.walk(At { conversion, ..at.next() }, child, out),
            None => {
                self.unresolved(at, value, out);
                Ok(())
            }
        }
    }

    /// A child of a map; an entry of `Resources` owns everything below it.
    fn child(&self, parent: Val<'e>, raw: Raw<'e>) -> Val<'e> {
        match (parent.raw, raw) {
            (Raw::Doc(map), Raw::Doc(id)) if self.subject.resources() == Some(map) => Val::doc(id, Some(id)),
            _ => parent.with(raw),
        }
    }

    /// `.%name`: the values at the keys that a variable holds.
    fn interpolate(
        &self,
        at: At<'_, '_, 'e>,
        value: Val<'e>,
        view: View<'e>,
        mut keys: &[Found<'e>],
        out: &mut Many<'e>,
    ) -> Eval<()> {
        let View::Map(fields) = view else {
            self.unresolved(at, value, out);
            return Ok(());
        };
        let mut next = at.next();
        match at.query.parts.get(at.part + 1).map(|part| &part.kind) {
            Some(PartKind::Index(idx)) => match offset(*idx, keys.len()) {
                Some(idx) => {
                    keys = &keys[idx..=idx];
                    next = next.next();
                }
                None => {
                    self.unresolved(at, value, out);
                    return Ok(());
                }
            },
            None | Some(PartKind::Items { .. } | PartKind::Key(_) | PartKind::Variable(_)) => {}
            Some(_) => return Err(Stop::problem("a filter cannot follow an interpolated key")),
        }
        for found in keys {
            let Some(key) = found.value() else {
                match found {
                    Found::Undecided(_) => out.push(Found::Undecided(value)),
                    _ => self.unresolved(at, value, out),
                }
                continue;
            };
            match self.view(key.raw) {
                View::Text(text) => self.interpolated(at, next, value, fields, text, out)?,
                View::Reference(_) => out.push(Found::Undecided(value)),
                View::List(items) => {
                    for item in items.iter() {
                        match self.view(item) {
                            View::Text(text) => self.interpolated(at, next, value, fields, text, out)?,
                            View::Reference(_) | View::Unknown => out.push(Found::Undecided(value)),
                            _ => return Err(Stop::abort("a key that is interpolated must be text")),
                        }
                    }
                }
                _ => return Err(Stop::abort("a key that is interpolated must be text")),
            }
        }
        Ok(())
    }

    fn interpolated(
        &self,
        at: At<'_, '_, 'e>,
        next: At<'_, '_, 'e>,
        value: Val<'e>,
        fields: Fields<'e>,
        key: &str,
        out: &mut Many<'e>,
    ) -> Eval<()> {
        match fields.get(self.values, key) {
            Some(raw) => self.walk(next, self.child(value, raw), out),
            None => {
                self.unresolved(at, value, out);
                Ok(())
            }
        }
    }

    /// `.*` and `[*]`.
    fn each(
        &self,
        at: At<'_, '_, 'e>,
        value: Val<'e>,
        view: View<'e>,
        each: Each,
        out: &mut Many<'e>,
    ) -> Eval<()> {
        match view {
            View::List(items) if items.len() == 0 => self.unresolved(at, value, out),
            View::List(items) => {
                for item in items.iter() {
                    self.walk(at.next(), value.with(item), out)?;
                }
            }
            View::Map(fields) if each.maps => {
                if fields.len() == 0 {
                    self.unresolved(at, value, out);
                    return Ok(());
                }
                let candidates = match (at.query.parts.get(at.part + 1).map(|part| &part.kind), fields) {
                    (Some(PartKind::Filter(filter)), Fields::Doc(map, _)) => self.candidates(map, filter),
                    _ => None,
                };
                self.for_entries(fields, candidates, |key, raw, passes| {
                    let child = self.child(value, raw);
                    let scope = Scope::at(child, at.scope);
                    if let Some(name) = each.capture {
                        self.capture(name, key, child);
                    }
                    let next = if passes { at.next().next() } else { at.next() };
                    self.walk(At { scope: &scope, ..next }, child, out)
                })?;
            }
            _ => self.walk(at.next(), value, out)?,
        }
        Ok(())
    }

    /// The entries that a filter on `Type` can select, when nothing else of it can have an effect.
    fn candidates(&self, map: crate::model::ValueId, filter: &Filter) -> Option<Vec<Candidate>> {
        if filter.types.is_empty() || !filter.is_safe {
            return None;
        }
        let mut found = self.subject.candidates(map, &filter.types)?;
        // More clauses than the one on the type must be looked at.
        found.iter_mut().for_each(|candidate| candidate.passes &= filter.clauses.len() == 1);
        Some(found)
    }

    fn for_entries(
        &self,
        fields: Fields<'e>,
        candidates: Option<Vec<Candidate>>,
        mut visit: impl FnMut(&'e str, Raw<'e>, bool) -> Eval<()>,
    ) -> Eval<()> {
        match candidates {
            Some(candidates) => {
                for Candidate { idx, passes } in candidates {
                    if let Some((key, raw)) = fields.entry(self.values, idx as usize) {
                        visit(key, raw, passes)?;
                    }
                }
            }
            None => {
                for (key, raw) in fields.iter(self.values) {
                    visit(key, raw, false)?;
                }
            }
        }
        Ok(())
    }

    fn filter(
        &self,
        at: At<'_, '_, 'e>,
        value: Val<'e>,
        view: View<'e>,
        filter: &'e Filter,
        out: &mut Many<'e>,
    ) -> Eval<()> {
        let before = &at.query.parts[at.part.saturating_sub(1)].kind;
        match view {
            View::Map(fields) => match before {
                PartKind::Values(_) | PartKind::Items { .. } => {
                    // NOTE: rooted at the scope's value, which is this map only after `.*` over a map.
                    self.select(filter, at.scope, value, out, |out| self.walk(at.next(), value, out))
                }
                PartKind::Key(_) | PartKind::Variable(_) => {
                    let candidates = match fields {
                        Fields::Doc(map, _) if filter.capture.is_none() => self.candidates(map, filter),
                        _ => None,
                    };
                    self.for_entries(fields, candidates, |key, raw, passes| {
                        let child = self.child(value, raw);
                        let scope = Scope::at(child, at.scope);
                        if passes {
                            return self.walk(At { scope: &scope, ..at.next() }, child, out);
                        }
                        self.select(filter, &scope, child, out, |out| {
                            if let Some(name) = filter.capture {
                                self.capture(name, key, child);
                            }
                            self.walk(At { scope: &scope, ..at.next() }, child, out)
                        })
                    })
                }
                _ => Err(Stop::abort("a filter on a map must follow a key, `.*` or `[*]`")),
            },
            View::List(items) => {
                for item in items.iter() {
                    let child = value.with(item);
                    let scope = Scope::at(child, at.scope);
                    self.select(filter, &scope, child, out, |out| self.walk(at.next(), child, out))?;
                }
                Ok(())
            }
            _ if matches!(before, PartKind::Items { .. }) => {
                let scope = Scope::at(value, at.scope);
                self.select(filter, &scope, value, out, |out| self.walk(at.next(), value, out))
            }
            _ => {
                self.unresolved(at, value, out);
                Ok(())
            }
        }
    }

    /// Goes on with `value` if the filter's clauses hold in `scope`.
    fn select(
        &self,
        filter: &'e Filter,
        scope: &Scope<'_, 'e>,
        value: Val<'e>,
        out: &mut Many<'e>,
        go_on: impl FnOnce(&mut Many<'e>) -> Eval<()>,
    ) -> Eval<()> {
        if matches!(self.view(value.raw), View::Unknown) {
            out.push(Found::Undecided(value));
            return Ok(());
        }
        match self.conjunction(&filter.clauses, scope, Role::Gate)? {
            St::Pass => go_on(out),
            St::Undecided => {
                out.push(Found::Undecided(value));
                Ok(())
            }
            St::Fail | St::Skip => Ok(()),
        }
    }

    fn keys_filter(
        &self,
        at: At<'_, '_, 'e>,
        value: Val<'e>,
        view: View<'e>,
        filter: &'e KeysFilter,
        out: &mut Many<'e>,
    ) -> Eval<()> {
        let View::Map(fields) = view else {
            self.unresolved(at, value, out);
            return Ok(());
        };
        if let (Op::Eq, false, Operand::Literal(Spanned { value: Literal::Text(wanted), .. })) =
            (filter.op, filter.negated, &filter.rhs)
        {
            // The one key that is this text.
            return match fields.get(self.values, wanted) {
                Some(raw) => self.walk(at.next(), self.child(value, raw), out),
                None => Ok(()),
            };
        }
        let mut wanted = Many::new();
        match &filter.rhs {
            Operand::Literal(literal) => wanted.push(Found::Literal(&literal.value)),
            Operand::Query(query) => {
                let from = At { query, part: 0, scope: at.scope, conversion: at.conversion };
                self.walk(from, value, &mut wanted)?;
            }
            Operand::Call(_) => {}
        }
        let op = if filter.op == Op::Eq && wanted.len() > 1 { Op::In } else { filter.op };
        for (key, raw) in fields.iter(self.values) {
            let (mut n_true, mut is_undecided) = (0, false);
            for found in &wanted {
                match self.key_passes(op, filter.negated, key, *found)? {
                    Some(true) => n_true += 1,
                    Some(false) => {}
                    None => is_undecided = true,
                }
            }
            let times = if op == Op::Eq { n_true } else { n_true.min(1) };
            let child = self.child(value, raw);
            for _ in 0..times {
                self.walk(at.next(), child, out)?;
            }
            if times == 0 && is_undecided {
                out.push(Found::Undecided(child));
            }
        }
        Ok(())
    }

    /// Whether a key passes; `None` when that is not settled.
    fn key_passes(&self, op: Op, negated: bool, key: &str, wanted: Found<'e>) -> Eval<Option<bool>> {
        let Some(value) = wanted.value() else {
            return Ok(if matches!(wanted, Found::Undecided(_)) { None } else { Some(false) });
        };
        let is_literal = matches!(wanted, Found::Literal(_));
        let mut verdict = self.key_against(op, key, value.raw)?;
        if verdict == Verdict::Incomparable
            && is_literal
            && let View::List(items) = self.view(value.raw)
            && items.len() == 1
            && let Some(only) = items.get(0)
        {
            verdict = self.key_against(op, key, only)?;
        }
        Ok(match verdict {
            Verdict::Incomparable => Some(false),
            Verdict::Unknown => None,
            verdict => Some((verdict == Verdict::True) != negated),
        })
    }

    fn key_against(&self, op: Op, key: &str, wanted: Raw<'e>) -> Eval<Verdict> {
        let against = |raw: Raw<'e>| -> Eval<Verdict> {
            self.comparer.step()?;
            Ok(match self.view(raw) {
                View::Text(text) => (text == key).into(),
                View::Regex(regex) => regex.is_match(key).map_err(Stop::abort)?.into(),
                View::Unknown | View::Reference(_) => Verdict::Unknown,
                _ => Verdict::Incomparable,
            })
        };
        match self.view(wanted) {
            View::Text(text) if op != Op::Eq => Ok(text.contains(key).into()),
            View::List(items) if op != Op::Eq => self.key_among(items, against),
            _ => against(wanted),
        }
    }

    fn key_among(&self, items: Items<'e>, against: impl Fn(Raw<'e>) -> Eval<Verdict>) -> Eval<Verdict> {
        let mut outcome = Verdict::False;
        for item in items.iter() {
            match (against(item)?, outcome) {
                (Verdict::Incomparable, _) => return Ok(Verdict::Incomparable),
                (Verdict::True, _) => outcome = Verdict::True,
                (Verdict::Unknown, Verdict::False) => outcome = Verdict::Unknown,
                _ => {}
            }
        }
        Ok(outcome)
    }
}

/// What `.*` and `[*]` do with maps and keys.
#[derive(Clone, Copy)]
struct Each {
    capture: Option<super::Symbol>,
    /// Visits the values of a map; otherwise a map stands for itself.
    maps: bool,
}

/// A position in a collection; negative ones count from its end.
fn offset(idx: i64, len: usize) -> Option<usize> {
    let len = i64::try_from(len).ok()?;
    let at = if idx < 0 { len.checked_add(idx)? } else { idx };
    (0..len).contains(&at).then_some(at as usize)
}
