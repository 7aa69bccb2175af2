//! Comparisons of two lists of results, entry by entry as cfn-guard forms them, because `some` depends on the entries.

use smallvec::SmallVec;

use super::super::ast::{Literal, Op};
use super::value::{Found, Items, Raw, Val, Verdict, View};
use super::{Eval, Evaluator, St};

/// One entry of a comparison.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry<'e> {
    pub(super) status: St,
    /// What it is about.
    pub(super) subject: Found<'e>,
    /// What that was compared with.
    pub(super) wanted: Option<Raw<'e>>,
}

type Vals<'e> = SmallVec<[Val<'e>; 1]>;

/// Collects entries.
pub(super) struct Entries<'e>(pub(super) SmallVec<[Entry<'e>; 1]>);

impl<'e> Entries<'e> {
    fn push(&mut self, status: St, subject: Val<'e>, wanted: Option<Raw<'e>>) {
        self.0.push(Entry { status, subject: Found::Resolved(subject), wanted });
    }

    fn all(&mut self, status: St, subjects: &[Val<'e>], wanted: Option<Raw<'e>>) {
        for subject in subjects {
            self.push(status, *subject, wanted);
        }
    }
}

/// The status of one comparison; what cannot be compared fails, negated or not.
fn status(verdict: Verdict, negated: bool) -> St {
    match verdict {
        Verdict::Incomparable => St::Fail,
        Verdict::Unknown => St::Undecided,
        verdict if (verdict == Verdict::True) != negated => St::Pass,
        _ => St::Fail,
    }
}

/// Whether one value is contained in another.
struct Contained {
    verdict: Verdict,
    /// For a list, whether any of its elements is contained.
    any: Option<bool>,
}

impl<'e> Evaluator<'e> {
    pub(super) fn compare(
        &self,
        op: Op,
        negated: bool,
        lhs: &[Found<'e>],
        rhs: &[Found<'e>],
    ) -> Eval<SmallVec<[Entry<'e>; 1]>> {
        let mut entries = Entries(SmallVec::with_capacity(lhs.len()));
        for found in lhs {
            match found {
                Found::Unresolved { .. } => {
                    entries.0.push(Entry { status: St::Fail, subject: *found, wanted: first(rhs) });
                }
                Found::Undecided(_) => {
                    entries.0.push(Entry { status: St::Undecided, subject: *found, wanted: None });
                }
                _ => {}
            }
        }
        let left: Vals<'e> = lhs.iter().filter_map(|found| found.value()).collect();
        let right: Vals<'e> = rhs.iter().filter_map(|found| found.value()).collect();
        let n_missing = rhs.iter().filter(|found| matches!(found, Found::Unresolved { .. })).count();
        // What an open right side decides is not settled; without values on the left there is nothing to decide.
        if rhs.iter().any(|found| matches!(found, Found::Undecided(_))) {
            entries.all(St::Undecided, &left, None);
            return Ok(entries.0);
        }
        let sides = Sides { left: &left, right: &right, n_left: lhs.len(), n_right: rhs.len(), n_missing };
        let is_literal = |found: &[Found<'e>]| matches!(found, [Found::Literal(_)]);
        match (op, is_literal(lhs), is_literal(rhs)) {
            (Op::Eq, true, true) => self.equal_pair(negated, left[0], right[0], &mut entries)?,
            (Op::Eq, true, false) => self.literal_equals(negated, &sides, &mut entries)?,
            (Op::Eq, false, true) => self.equals_literal(negated, &left, right[0], &mut entries)?,
            (Op::Eq, false, false) => self.equal_sets(negated, &sides, &mut entries)?,
            (Op::In, true, true) => self.literal_in_literal(negated, left[0], right[0], &mut entries)?,
            (Op::In, false, true) => self.in_literal(negated, &left, right[0], &mut entries)?,
            (Op::In, true, false) => self.literal_in(negated, &sides, &mut entries)?,
            (Op::In, false, false) => self.in_sets(negated, &sides, &mut entries)?,
            _ => self.all_ordered(op, negated, &sides, &mut entries)?,
        }
        Ok(entries.0)
    }

    /// The status of the one entry that a value of the document makes with a literal; `None` where there may be more.
    pub(super) fn compare_one(
        &self,
        op: Op,
        negated: bool,
        left: Val<'e>,
        literal: &'e Literal,
    ) -> Eval<Option<St>> {
        let right = Raw::Made(literal);
        let verdict = match (op, self.view(left.raw), literal) {
            (Op::Eq, View::Text(text), Literal::Text(wanted)) => (text == wanted).into(),
            (Op::In, View::Text(text), Literal::List(items)) if are_texts(items) => {
                items.iter().any(|item| matches!(item, Literal::Text(item) if item == text)).into()
            }
            (_, View::List(_), _) => return Ok(None),
            (Op::Eq, _, Literal::List(_)) | (Op::In, _, Literal::Text(_)) => return Ok(None),
            (Op::Eq, ..) => self.comparer.equal(left.raw, right)?,
            (Op::In, ..) => self.contained(left.raw, right)?.verdict,
            _ => return Ok(None),
        };
        Ok(Some(status(verdict, negated)))
    }

    fn equal_pair(
        &self,
        negated: bool,
        left: Val<'e>,
        right: Val<'e>,
        entries: &mut Entries<'e>,
    ) -> Eval<()> {
        let verdict = self.comparer.equal(left.raw, right.raw)?;
        entries.push(status(verdict, negated), left, Some(right.raw));
        Ok(())
    }

    /// `%literal == query`.
    fn literal_equals(&self, negated: bool, sides: &Sides<'_, 'e>, entries: &mut Entries<'e>) -> Eval<()> {
        let left = sides.left[0];
        for _ in 0..sides.n_missing {
            entries.push(St::Fail, left, None);
        }
        let is_list = matches!(self.view(left.raw), View::List(_));
        let right = if is_list { Vals::from_slice(sides.right) } else { self.flatten(sides.right) };
        for value in right {
            // The value of the document is what a person would look at.
            let verdict = self.comparer.equal(left.raw, value.raw)?;
            entries.push(status(verdict, negated), value, Some(left.raw));
        }
        Ok(())
    }

    fn equals_literal(
        &self,
        negated: bool,
        left: &[Val<'e>],
        right: Val<'e>,
        entries: &mut Entries<'e>,
    ) -> Eval<()> {
        let View::List(items) = self.view(right.raw) else {
            for value in self.flatten(left) {
                let verdict = self.comparer.equal(value.raw, right.raw)?;
                entries.push(status(verdict, negated), value, Some(right.raw));
            }
            return Ok(());
        };
        for value in left {
            let is_scalar = !matches!(self.view(value.raw), View::List(_) | View::Map(_));
            let wanted = match items.get(0) {
                Some(only) if is_scalar && items.len() == 1 => only,
                _ => right.raw,
            };
            let verdict = self.comparer.equal(value.raw, wanted)?;
            entries.push(status(verdict, negated), *value, Some(wanted));
        }
        Ok(())
    }

    /// `query == query`: the results are compared as sets, of which only the longer one is checked.
    fn equal_sets(&self, negated: bool, sides: &Sides<'_, 'e>, entries: &mut Entries<'e>) -> Eval<()> {
        let (left, right) = (sides.left, sides.right);
        sides.missing(entries);
        let (longer, shorter) = if left.len() > right.len() { (left, right) } else { (right, left) };
        let Some(diff) = self.without(longer, shorter)? else {
            entries.all(St::Undecided, left, None);
            return Ok(());
        };
        let wanted = right.first().map(|value| value.raw);
        if !negated {
            if diff.is_empty() {
                entries.all(St::Pass, left, wanted);
            } else if left.len() > right.len() {
                entries.all(St::Fail, &diff, wanted);
            } else {
                // One failure a value that is missing on the left, shown at what stands there.
                for missing in &diff {
                    entries.push(St::Fail, left.first().copied().unwrap_or(*missing), Some(missing.raw));
                }
            }
            return Ok(());
        }
        if diff.is_empty() {
            entries.all(St::Fail, left, wanted);
            return Ok(());
        }
        let candidates = if sides.n_right >= sides.n_left { right } else { left };
        let Some(same) = self.without(candidates, &diff)? else {
            entries.all(St::Undecided, left, None);
            return Ok(());
        };
        if same.is_empty() {
            entries.all(St::Pass, left, wanted);
        } else {
            entries.all(St::Fail, &same, wanted);
        }
        Ok(())
    }

    /// The values that are not plainly equal to any of `others`; `None` when that is not settled.
    fn without(&self, values: &[Val<'e>], others: &[Val<'e>]) -> Eval<Option<Vec<Val<'e>>>> {
        let mut left = Vec::new();
        for value in values {
            match self.comparer.is_among(value.raw, others.iter().map(|other| other.raw))? {
                Verdict::True => {}
                Verdict::Unknown => return Ok(None),
                _ => left.push(*value),
            }
        }
        Ok(Some(left))
    }

    fn all_ordered(
        &self,
        op: Op,
        negated: bool,
        sides: &Sides<'_, 'e>,
        entries: &mut Entries<'e>,
    ) -> Eval<()> {
        let (left, right) = (self.flatten(sides.left), self.flatten(sides.right));
        for _ in 0..sides.n_missing {
            entries.all(St::Fail, &left, None);
        }
        for a in &left {
            for b in &right {
                let verdict = self.comparer.ordered(op, a.raw, b.raw)?;
                entries.push(status(verdict, negated), *a, Some(b.raw));
            }
        }
        Ok(())
    }

    fn literal_in_literal(
        &self,
        negated: bool,
        left: Val<'e>,
        right: Val<'e>,
        entries: &mut Entries<'e>,
    ) -> Eval<()> {
        if self.is_substring(left.raw, right.raw) == Verdict::True {
            entries.push(status(Verdict::True, negated), left, Some(right.raw));
            return Ok(());
        }
        self.contained_entry(negated, left, right, left, entries)
    }

    fn in_literal(
        &self,
        negated: bool,
        left: &[Val<'e>],
        right: Val<'e>,
        entries: &mut Entries<'e>,
    ) -> Eval<()> {
        if matches!(self.view(right.raw), View::Text(_)) {
            for value in self.flatten(left) {
                self.comparer.step()?;
                entries.push(
                    status(self.is_substring(value.raw, right.raw), negated),
                    value,
                    Some(right.raw),
                );
            }
            return Ok(());
        }
        left.iter().try_for_each(|value| self.contained_entry(negated, *value, right, *value, entries))
    }

    fn literal_in(&self, negated: bool, sides: &Sides<'_, 'e>, entries: &mut Entries<'e>) -> Eval<()> {
        let left = sides.left[0];
        for _ in 0..sides.n_missing {
            entries.push(St::Fail, left, None);
        }
        let is_list = |value: &Val<'e>| matches!(self.view(value.raw), View::List(_));
        if !sides.right.iter().any(is_list)
            && let View::List(items) = self.view(left.raw)
        {
            let items: Vec<Val<'e>> = items.iter().map(|item| left.with(item)).collect();
            let at = sides.right.first().copied().unwrap_or(left);
            match self.without(&items, sides.right)? {
                None => entries.push(St::Undecided, left, None),
                Some(_) if negated => entries.push(St::Fail, at, Some(left.raw)),
                Some(diff) if diff.is_empty() => entries.push(St::Pass, at, Some(left.raw)),
                Some(diff) => diff.iter().for_each(|item| entries.push(St::Fail, at, Some(item.raw))),
            }
            return Ok(());
        }
        sides.right.iter().try_for_each(|right| self.contained_entry(negated, left, *right, *right, entries))
    }

    /// `query in query`: every value on the left must be contained in some value on the right.
    fn in_sets(&self, negated: bool, sides: &Sides<'_, 'e>, entries: &mut Entries<'e>) -> Eval<()> {
        sides.missing(entries);
        let (mut outside, mut inside) = (Vec::new(), Vec::new());
        let mut is_undecided = false;
        for value in sides.left {
            let mut verdict = Verdict::False;
            for other in sides.right {
                match self.contained(value.raw, other.raw)?.verdict {
                    Verdict::True => {
                        verdict = Verdict::True;
                        break;
                    }
                    Verdict::Unknown => verdict = Verdict::Unknown,
                    _ => {}
                }
            }
            match verdict {
                Verdict::True => inside.push(*value),
                Verdict::Unknown => is_undecided = true,
                _ => outside.push(*value),
            }
        }
        let wanted = sides.right.first().map(|value| value.raw);
        if is_undecided {
            entries.all(St::Undecided, sides.left, None);
            return Ok(());
        }
        // NOTE: cfn-guard compares what is left over by equality, so that one of two equal values stands for both.
        let wrong = if !negated {
            outside
        } else if outside.is_empty() {
            sides.left.to_vec()
        } else {
            self.without(&inside, &outside)?.unwrap_or_default()
        };
        if wrong.is_empty() {
            entries.all(St::Pass, sides.left, wanted);
        } else {
            entries.all(St::Fail, &wrong, wanted);
        }
        Ok(())
    }

    /// An entry about `at`: whether `left` is contained in `right`.
    fn contained_entry(
        &self,
        negated: bool,
        left: Val<'e>,
        right: Val<'e>,
        at: Val<'e>,
        entries: &mut Entries<'e>,
    ) -> Eval<()> {
        let contained = self.contained(left.raw, right.raw)?;
        let status = match contained.any {
            Some(any) if negated && contained.verdict != Verdict::Unknown => {
                if contained.verdict == Verdict::True || any { St::Fail } else { St::Pass }
            }
            _ => status(contained.verdict, negated),
        };
        let wanted =
            if matches!(at.raw, Raw::Doc(_)) && matches!(left.raw, Raw::Made(_)) { left } else { right };
        entries.push(status, at, Some(wanted.raw));
        Ok(())
    }

    fn contained(&self, left: Raw<'e>, right: Raw<'e>) -> Eval<Contained> {
        let one = |verdict| Contained { verdict, any: None };
        Ok(match (self.view(left), self.view(right)) {
            (View::Unknown, _) | (_, View::Unknown) => one(Verdict::Unknown),
            (View::List(items), View::List(others)) => {
                let is_nested = others.get(0).is_some_and(|first| matches!(self.view(first), View::List(_)));
                if is_nested {
                    let verdict = self.comparer.is_among(left, others.iter())?;
                    let any = items.len() > 0 || verdict == Verdict::True;
                    return Ok(Contained { verdict, any: Some(any) });
                }
                self.all_contained(items, others)?
            }
            (View::List(_), _) => one(Verdict::Incomparable),
            (_, View::List(others)) => one(self.comparer.is_among(left, others.iter())?),
            _ => one(self.comparer.equal(left, right)?),
        })
    }

    fn all_contained(&self, items: Items<'e>, others: Items<'e>) -> Eval<Contained> {
        let (mut verdict, mut any) = (Verdict::True, false);
        for item in items.iter() {
            match self.comparer.is_among(item, others.iter())? {
                Verdict::True => any = true,
                Verdict::Unknown if verdict == Verdict::True => verdict = Verdict::Unknown,
                Verdict::Unknown => {}
                _ => verdict = Verdict::False,
            }
        }
        Ok(Contained { verdict, any: Some(any) })
    }

    fn is_substring(&self, left: Raw<'e>, right: Raw<'e>) -> Verdict {
        match (self.view(left), self.view(right)) {
            (View::Text(part), View::Text(text)) => text.contains(part).into(),
            (View::Unknown | View::Reference(_), View::Text(_)) => Verdict::Unknown,
            (View::Text(_), View::Unknown | View::Reference(_)) => Verdict::Unknown,
            _ => Verdict::Incomparable,
        }
    }

    /// Lists replaced by their elements, one level.
    fn flatten(&self, values: &[Val<'e>]) -> Vals<'e> {
        let mut flat = Vals::with_capacity(values.len());
        for value in values {
            match self.view(value.raw) {
                View::List(items) => flat.extend(items.iter().map(|item| value.with(item))),
                _ => flat.push(*value),
            }
        }
        flat
    }
}

fn are_texts(items: &[Literal]) -> bool {
    items.iter().all(|item| matches!(item, Literal::Text(_)))
}

/// Both sides of a comparison.
struct Sides<'a, 'e> {
    left: &'a [Val<'e>],
    right: &'a [Val<'e>],
    n_left: usize,
    n_right: usize,
    /// How many results on the right do not resolve.
    n_missing: usize,
}

impl<'e> Sides<'_, 'e> {
    /// A failure for every value on the left and every result on the right that does not resolve.
    fn missing(&self, entries: &mut Entries<'e>) {
        for _ in 0..self.n_missing {
            entries.all(St::Fail, self.left, None);
        }
    }
}

fn first<'e>(found: &[Found<'e>]) -> Option<Raw<'e>> {
    found.iter().find_map(|found| found.value()).map(|value| value.raw)
}
