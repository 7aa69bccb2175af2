//! What can be known of a rule file without a document: names that exist nowhere, rules that refer to themselves,
//! clauses that do not mean what they seem to.

use rustc_hash::{FxHashMap, FxHashSet};

use super::super::ast::{
    Alternatives, Call, Clause, ClauseKind, File, Let, Literal, Operand, Part, PartKind, Query, Rule, Symbol,
    Visitor,
};
use super::POLICY_ERROR;
use super::conditions::contradictions;
use crate::diagnostic::{Diagnostic, Label, Severity};
use crate::source::{Span, Spanned};

/// Checks a file; `extra` are queries of messages and metadata.
pub(super) fn check(tree: &File, extra: &[&Query], severity: Severity) -> Vec<Diagnostic> {
    let mut checker = Checker::new(tree, severity);
    checker.enter(&tree.lets);
    for it in &tree.lets {
        checker.walk_operand(&it.value);
    }
    for rule in &tree.rules {
        checker.rule(rule);
    }
    checker.any_name = true;
    for rule in &tree.parameterized {
        checker.rule(rule);
    }
    for query in extra {
        checker.walk_query(query);
    }
    checker.unused();
    checker.duplicates();
    checker.recursion();
    checker.diagnostics
}

struct Checker<'t> {
    tree: &'t File,
    severity: Severity,
    diagnostics: Vec<Diagnostic>,
    scopes: Vec<Vec<Symbol>>,
    /// In a parameterized rule every variable of the file may come from the caller.
    any_name: bool,
    assigned: FxHashMap<Symbol, Span>,
    captured: FxHashSet<Symbol>,
    used: FxHashSet<Symbol>,
}

impl<'t> Checker<'t> {
    fn new(tree: &'t File, severity: Severity) -> Self {
        let mut known = Known::default();
        for it in &tree.lets {
            known.assignment(it);
            known.walk_operand(&it.value);
        }
        for rule in tree.rules.iter().chain(&tree.parameterized) {
            known.walk_conjunction(rule.conditions.as_deref().unwrap_or_default());
            known.walk_block(&rule.body);
        }
        let mut assigned = known.assigned;
        for (name, span) in tree.parameterized.iter().flat_map(|rule| &rule.parameters) {
            assigned.entry(*name).or_insert(*span);
        }
        Self {
            tree,
            severity,
            diagnostics: Vec::new(),
            scopes: Vec::new(),
            any_name: false,
            assigned,
            captured: known.captured,
            used: FxHashSet::default(),
        }
    }

    fn report(&mut self, span: Span, message: String, help: Option<String>) {
        let mut found = Diagnostic::new(POLICY_ERROR, self.severity, span, message);
        found.help = help;
        self.diagnostics.push(found);
    }

    fn rule(&mut self, rule: &Rule) {
        self.scopes.push(rule.parameters.iter().map(|(name, _)| *name).collect());
        self.conditions(rule.conditions.as_deref().unwrap_or_default());
        self.walk_conjunction(rule.conditions.as_deref().unwrap_or_default());
        self.walk_block(&rule.body);
        self.scopes.pop();
    }

    fn conditions(&mut self, conditions: &[Alternatives]) {
        self.diagnostics.extend(contradictions(self.tree, conditions));
    }

    fn variable(&mut self, name: Symbol, span: Span) {
        self.used.insert(name);
        let is_visible = self.scopes.iter().any(|names| names.contains(&name))
            || self.captured.contains(&name)
            || self.any_name && self.assigned.contains_key(&name);
        if !is_visible {
            let text = self.tree.names.text(name).to_string();
            let help = match self.assigned.get(&name) {
                Some(_) => Some(format!(
                    "`{text}` is assigned in another rule or block; assign it at the top of the file"
                )),
                None => self.suggest(&text, self.assigned.keys().map(|name| self.tree.names.text(*name))),
            };
            self.report(span, format!("there is no variable `{text}`"), help);
        }
    }

    fn suggest<'n>(&self, wrong: &str, known: impl Iterator<Item = &'n str>) -> Option<String> {
        let near = known.map(|name| (strsim::jaro_winkler(wrong, name), name));
        let (score, best) = near.max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.1.cmp(a.1)))?;
        (score > 0.8).then(|| format!("did you mean `{best}`?"))
    }

    fn rule_names(&self) -> impl Iterator<Item = &'t str> + use<'t> {
        self.tree.rules.iter().filter(|rule| !rule.is_default).map(|rule| rule.name.value.as_str())
    }

    fn unused(&mut self) {
        let mut unused: Vec<Span> = Vec::new();
        for (name, span) in &self.assigned {
            let is_parameter =
                self.tree.parameterized.iter().any(|rule| rule.parameters.iter().any(|it| it.0 == *name));
            if !self.used.contains(name) && !is_parameter {
                unused.push(*span);
            }
        }
        unused.sort();
        for span in unused {
            let found = Diagnostic::new(POLICY_ERROR, Severity::Warning, span, "variable is never used");
            self.diagnostics.push(found.with_help("remove it"));
        }
    }

    fn duplicates(&mut self) {
        for rules in [&self.tree.rules, &self.tree.parameterized] {
            let mut seen: FxHashMap<&str, &Spanned<String>> = FxHashMap::default();
            for rule in rules {
                if let Some(first) = seen.get(rule.name.value.as_str()) {
                    let message = format!("there are two rules called `{}`", rule.name.value);
                    let found = Diagnostic::new(POLICY_ERROR, Severity::Warning, rule.name.span, message);
                    self.diagnostics.push(found.with_related(Label::new(first.span, "the first one")));
                }
                seen.entry(&rule.name.value).or_insert(&rule.name);
            }
        }
    }

    /// Rules and variables that lead back to themselves.
    fn recursion(&mut self) {
        let all: Vec<&Rule> = self.tree.rules.iter().chain(&self.tree.parameterized).collect();
        let targets: Vec<Vec<(usize, Span)>> = all
            .iter()
            .map(|rule| {
                let mut uses = Uses::default();
                uses.walk_conjunction(rule.conditions.as_deref().unwrap_or_default());
                uses.walk_block(&rule.body);
                uses.targets(&all)
            })
            .collect();
        for (start, span) in cycles(&targets) {
            let message = format!("rule `{}` refers to itself", all[start].name.value);
            self.report(
                span,
                message,
                Some("break the circle: evaluation cannot come to an end".to_string()),
            );
        }
        let lets = &self.tree.lets;
        let targets: Vec<Vec<(usize, Span)>> = lets
            .iter()
            .map(|it| {
                let mut uses = Uses::default();
                uses.walk_operand(&it.value);
                let at = |name: &Symbol| lets.iter().position(|it| it.name == *name);
                uses.variables.iter().filter_map(|(name, span)| Some((at(name)?, *span))).collect()
            })
            .collect();
        for (start, span) in cycles(&targets) {
            let name = self.tree.names.text(lets[start].name).to_string();
            self.report(span, format!("variable `{name}` refers to itself"), None);
        }
    }
}

impl Visitor for Checker<'_> {
    fn enter(&mut self, lets: &[Let]) {
        self.scopes.push(lets.iter().map(|it| it.name).collect());
    }

    fn leave(&mut self) {
        self.scopes.pop();
    }

    fn query(&mut self, query: &Query) {
        for (idx, part) in query.parts.iter().enumerate() {
            if let PartKind::Variable(name) = part.kind {
                self.variable(name, part.span);
            }
            if looks_beside(query, idx) {
                let message = "this filter looks beside the list, not into its elements";
                let found = Diagnostic::new(POLICY_ERROR, Severity::Warning, part.span, message);
                self.diagnostics.push(found.with_help("leave out the `[*]` in front of it"));
            }
        }
    }

    fn literal(&mut self, literal: &Spanned<Literal>) {
        if let Literal::List(items) = &literal.value
            && items.iter().any(|item| matches!(item, Literal::Range(_)))
        {
            let message = "a range inside a list never matches";
            let found = Diagnostic::new(POLICY_ERROR, Severity::Warning, literal.span, message);
            self.diagnostics.push(found.with_help("compare with the range alone: `A in r[1, 10]`"));
        }
    }

    fn clause(&mut self, clause: &Clause) {
        match &clause.kind {
            ClauseKind::When { conditions, .. } | ClauseKind::Type { conditions: Some(conditions), .. } => {
                self.conditions(conditions);
            }
            _ => {}
        }
        if let ClauseKind::Binary { rhs, .. } = &clause.kind
            && let Operand::Query(query) = &**rhs
            && query.some
        {
            let found =
                Diagnostic::new(POLICY_ERROR, Severity::Warning, query.span, "`some` has no effect here");
            self.diagnostics.push(found.with_help("put it in front of the left side, or remove it"));
        }
        if let ClauseKind::Reference { name, .. } = &clause.kind
            && !self.rule_names().any(|known| known == name.value)
        {
            let help = match self.tree.parameterized.iter().find(|rule| rule.name.value == name.value) {
                Some(_) => Some(format!("it takes arguments: `{}(…)`", name.value)),
                None => self.suggest(&name.value, self.rule_names()),
            };
            let help = help.or_else(|| {
                Some(
                    "a name alone on its line refers to a rule; a property needs an operator behind it"
                        .to_string(),
                )
            });
            self.report(name.span, format!("there is no rule `{}`", name.value), help);
        }
    }

    fn call(&mut self, call: &Call, is_rule: bool) {
        if !is_rule {
            return;
        }
        let found = self.tree.parameterized.iter().rev().find(|rule| rule.name.value == call.name.value);
        let Some(rule) = found else {
            let known = self.tree.parameterized.iter().map(|rule| rule.name.value.as_str());
            let help = self.suggest(&call.name.value, known);
            self.report(
                call.name.span,
                format!("there is no rule `{}` with parameters", call.name.value),
                help,
            );
            return;
        };
        let names: FxHashSet<Symbol> = rule.parameters.iter().map(|(name, _)| *name).collect();
        if names.len() != call.arguments.len() {
            let (wants, has) = (names.len(), call.arguments.len());
            let message = format!("rule `{}` takes {wants} arguments, not {has}", call.name.value);
            self.report(call.span, message, None);
        }
    }
}

/// Whether a step is a filter on keys behind `[*]`, which cfn-guard asks of the value around the list. Behind a variable it
/// is asked of the elements.
fn looks_beside(query: &Query, idx: usize) -> bool {
    let [before @ .., items, filter] = &query.parts[..=idx] else { return false };
    let PartKind::Filter(filter) = &filter.kind else { return false };
    let is_behind_items = matches!(items.kind, PartKind::Items { capture: None, implicit: false });
    let is_behind_variable = matches!(before, [Part { kind: PartKind::Variable(_), .. }]);
    let first = filter.clauses.first().and_then(|line| line.clauses.first());
    let asks_key = first.is_some_and(|clause| match &clause.kind {
        ClauseKind::Unary { query, .. }
        | ClauseKind::Binary { query, .. }
        | ClauseKind::Block { query, .. } => {
            matches!(query.parts.first(), Some(Part { kind: PartKind::Key(_), .. }))
        }
        _ => false,
    });
    is_behind_items && !is_behind_variable && asks_key
}

/// Everything that is assigned or captured anywhere.
#[derive(Default)]
struct Known {
    assigned: FxHashMap<Symbol, Span>,
    captured: FxHashSet<Symbol>,
}

impl Visitor for Known {
    fn assignment(&mut self, it: &Let) {
        self.assigned.entry(it.name).or_insert(it.span);
    }

    fn query(&mut self, query: &Query) {
        for Part { kind, .. } in &query.parts {
            let capture = match kind {
                PartKind::Values(capture) | PartKind::Items { capture, .. } => *capture,
                PartKind::Filter(filter) => filter.capture,
                PartKind::Keys(filter) => filter.capture,
                _ => None,
            };
            self.captured.extend(capture);
        }
    }
}

/// What some clauses refer to.
#[derive(Default)]
struct Uses {
    references: Vec<Spanned<String>>,
    calls: Vec<Spanned<String>>,
    variables: Vec<(Symbol, Span)>,
}

impl Uses {
    fn targets(&self, all: &[&Rule]) -> Vec<(usize, Span)> {
        let find = |name: &Spanned<String>, has_parameters: bool| {
            let is = |rule: &&Rule| {
                rule.name.value == name.value
                    && !rule.is_default
                    && rule.parameters.is_empty() != has_parameters
            };
            all.iter().position(is).map(|at| (at, name.span))
        };
        let references = self.references.iter().filter_map(|name| find(name, false));
        references.chain(self.calls.iter().filter_map(|name| find(name, true))).collect()
    }
}

impl Visitor for Uses {
    fn clause(&mut self, clause: &Clause) {
        match &clause.kind {
            ClauseKind::Reference { name, .. } => self.references.push(name.clone()),
            ClauseKind::Call { call, .. } => self.calls.push(call.name.clone()),
            _ => {}
        }
    }

    fn query(&mut self, query: &Query) {
        for part in &query.parts {
            if let PartKind::Variable(name) = part.kind {
                self.variables.push((name, part.span));
            }
        }
    }
}

/// The nodes of a graph that lead back to themselves: each with the edge that it starts with, one for each circle.
fn cycles(targets: &[Vec<(usize, Span)>]) -> Vec<(usize, Span)> {
    let mut found = Vec::new();
    let mut reported: FxHashSet<usize> = FxHashSet::default();
    for start in 0..targets.len() {
        if reported.contains(&start) {
            continue;
        }
        for (next, span) in &targets[start] {
            let mut seen = FxHashSet::default();
            let mut open = vec![*next];
            while let Some(at) = open.pop() {
                if seen.insert(at) {
                    open.extend(targets[at].iter().map(|(next, _)| *next));
                }
            }
            if seen.contains(&start) {
                reported.extend(&seen);
                found.push((start, *span));
                break;
            }
        }
    }
    found
}
