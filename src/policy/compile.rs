//! From the text of a rule file to something that can be evaluated, or to located diagnostics.

mod checks;
mod conditions;

use std::sync::OnceLock;

use rustc_hash::FxHashMap;

use super::ast::{Alternatives, Clause, ClauseKind, File, Names, Operand, PartKind, Query, Symbol, Test};
use super::eval::{self, Outcome, Subject};
use super::fixes::{FixAt, Fixes};
use super::metadata::{self, RuleMeta};
use super::options::{self, Options, RuleOption};
use super::parse;
use super::template::{self, Template};
use crate::diagnostic::{Diagnostic, Severity};
use crate::model::{ValueId, Values};
use crate::source::{FileId, Spanned};

/// The check that reports what a rule file says wrongly though it parses.
pub const POLICY_ERROR: &str = "policy-error";

/// A rule file that was read and checked.
#[derive(Debug)]
pub struct RuleFile {
    name: String,
    tree: File,
    types: Option<Vec<String>>,
    about: OnceLock<About>,
    options: OnceLock<Vec<RuleOption>>,
    file: FileId,
    /// The text of a built-in rule, for what is said about it.
    text: &'static str,
}

/// What a rule file says about itself and about its failures.
#[derive(Debug)]
struct About {
    meta: RuleMeta,
    severity_if: Vec<(Vec<Alternatives>, Severity)>,
    related: Vec<(Query, Words)>,
    help: Option<Words>,
    /// Other help in named cases.
    help_if: Vec<(Vec<Alternatives>, Words)>,
    fixes: Fixes,
}

/// A text of the metadata, with gaps or without.
#[derive(Debug)]
pub(super) struct Words {
    text: String,
    pub(super) template: Option<Template>,
}

impl Words {
    pub(super) fn new(names: &mut Names, text: &Spanned<String>) -> Self {
        Self { text: text.value.clone(), template: Template::new(names, &text.value, text.span) }
    }

    pub(super) fn render(
        &self,
        tree: &File,
        subject: &Subject<'_>,
        resource: ValueId,
        block: Option<ValueId>,
    ) -> String {
        match &self.template {
            Some(template) => template.render(tree, subject, Some(resource), block),
            None => self.text.clone(),
        }
    }
}

/// Another place to show with a failure, from [`RuleFile::related`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Related {
    /// The value there.
    pub value: ValueId,
    /// The label's words.
    pub text: String,
}

impl RuleFile {
    /// Reads a rule file called `name`. A broken one gives no file but diagnostics; others may give warnings too.
    pub fn compile(file: FileId, name: &str, text: &str) -> (Option<RuleFile>, Vec<Diagnostic>) {
        let (meta, mut diagnostics) = metadata::read(file, text);
        let mut tree = match parse::parse(file, text) {
            Ok(tree) => tree,
            Err(problems) => {
                diagnostics.extend(problems);
                return (None, diagnostics);
            }
        };
        let about = About::compile(meta, &mut tree.names, &mut diagnostics);
        let options = options::declared(&tree, &about.meta.options, &mut diagnostics);
        if diagnostics.iter().any(|found| found.severity == Severity::Error) {
            return (None, diagnostics);
        }
        let mut names = std::mem::take(&mut tree.names);
        tree.templates = OnceLock::from(template::of_messages(&tree, &mut names));
        tree.names = names;
        // cfn-guard finds such mistakes only when it gets to them, and rule files that never do are in use.
        let severity = if about.meta.is_written { Severity::Error } else { Severity::Warning };
        let messages = tree.templates.get().into_iter().flat_map(FxHashMap::values);
        let extra: Vec<&Query> = messages.flat_map(Template::queries).chain(about.queries()).collect();
        diagnostics.extend(checks::check(&tree, &extra, severity));
        let types = types_of(&tree);
        let (about, options) = (OnceLock::from(about), OnceLock::from(options));
        let name = name.to_string();
        (Some(Self { name, tree, types, about, options, file, text: "" }), diagnostics)
    }

    /// A built-in rule file that was parsed when the program was built. What it says about itself is read when that is
    /// first asked for, which is mostly never.
    pub(crate) fn of_parsed(file: FileId, name: &str, text: &'static str, parsed: &[u8]) -> RuleFile {
        let tree = parse::parsed(file, text, parsed).expect("internal error: a built-in rule has mistakes");
        let types = types_of(&tree);
        Self {
            name: name.to_string(),
            tree,
            types,
            about: OnceLock::new(),
            options: OnceLock::new(),
            file,
            text,
        }
    }

    fn about(&self) -> &About {
        self.about.get_or_init(|| {
            let (meta, mut diagnostics) = metadata::read(self.file, self.text);
            About::compile(meta, &mut self.tree.names.clone(), &mut diagnostics)
        })
    }

    /// The name under which it was read.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it says about itself.
    pub fn meta(&self) -> &RuleMeta {
        &self.about().meta
    }

    /// What the configuration may choose, and what is chosen.
    pub fn options(&self) -> &[RuleOption] {
        self.options.get_or_init(|| options::declared(&self.tree, &self.meta().options, &mut Vec::new()))
    }

    /// Lets its rules judge by these values, each of the kind and in the range of its option.
    pub fn choose(&mut self, chosen: &Options) {
        let mut options = self.options().to_vec();
        options::choose(&mut self.tree, &mut options, chosen);
        self.options = OnceLock::from(options);
    }

    /// A text of its metadata with the values of its options filled in.
    pub fn fill_in(&self, text: &str) -> String {
        options::fill_in(text, self.options())
    }

    /// The identifiers of its rules in file order; clauses outside any rule are called `default`.
    pub fn identifiers(&self) -> impl Iterator<Item = &Spanned<String>> {
        self.tree.rules.iter().map(|rule| &rule.name)
    }

    /// The resource types without which it has nothing to say; `None` when it looks at other things too.
    pub fn types(&self) -> Option<&[String]> {
        self.types.as_deref()
    }

    /// Evaluates all rules on a tree of values.
    pub fn evaluate(&self, values: &Values, root: ValueId) -> Outcome {
        self.evaluate_on(&Subject::new(values, root))
    }

    /// Evaluates all rules on a tree that is shared with other rule files.
    pub fn evaluate_on(&self, subject: &Subject<'_>) -> Outcome {
        eval::evaluate(&self.tree, subject)
    }

    /// The severity of a failure in `resource` that `severity-if` gives: of the first case that holds. A case before it that
    /// is undecided may hold as well, so nothing above its severity is certain.
    pub fn severity_at(&self, subject: &Subject<'_>, resource: ValueId) -> Option<Severity> {
        let mut open: Option<Severity> = None;
        let milder =
            |open: Option<Severity>, severity: Severity| open.map_or(severity, |open| open.min(severity));
        for (conditions, severity) in &self.about().severity_if {
            match eval::holds(&self.tree, conditions, subject, resource) {
                Some(true) => return Some(milder(open, *severity)),
                Some(false) => {}
                None => open = Some(milder(open, *severity)),
            }
        }
        open.map(|open| open.min(self.meta().severity.unwrap_or(Severity::Error)))
    }

    /// Other places to show with a failure in `resource`; a query that begins with `this` starts at the value of the block.
    pub fn related_at(
        &self,
        subject: &Subject<'_>,
        resource: ValueId,
        block: Option<ValueId>,
    ) -> Vec<Related> {
        let mut found = Vec::new();
        for (query, words) in &self.about().related {
            let from = block.filter(|_| query.is_of_block()).unwrap_or(resource);
            for value in eval::find(&self.tree, query, subject, from) {
                found.push(Related { value, text: words.render(&self.tree, subject, resource, block) });
            }
        }
        found
    }

    /// The ways to mend a failure in `resource`, the best first.
    pub fn fixes_at(
        &self,
        subject: &Subject<'_>,
        resource: ValueId,
        block: Option<ValueId>,
    ) -> Vec<FixAt<'_>> {
        self.about().fixes.at(&self.tree, subject, resource, block)
    }

    /// What to do about a failure in `resource`.
    pub fn help_at(
        &self,
        subject: &Subject<'_>,
        resource: ValueId,
        block: Option<ValueId>,
    ) -> Option<String> {
        let holds = |conditions: &Vec<Alternatives>| {
            eval::holds(&self.tree, conditions, subject, resource) == Some(true)
        };
        let about = self.about();
        let of_case = about.help_if.iter().find(|(conditions, _)| holds(conditions)).map(|(_, help)| help);
        of_case.or(about.help.as_ref()).map(|help| help.render(&self.tree, subject, resource, block))
    }
}

impl About {
    fn compile(meta: RuleMeta, names: &mut Names, diagnostics: &mut Vec<Diagnostic>) -> Self {
        let mut severity_if = Vec::new();
        for case in &meta.severity_if {
            match parse::parse_conditions(names, &case.when.value, case.when.span) {
                Ok(conditions) => severity_if.push((conditions, case.severity)),
                Err(problems) => diagnostics.extend(problems),
            }
        }
        let mut related = Vec::new();
        for spec in &meta.related {
            match parse::parse_query(names, &spec.query.value, spec.query.span) {
                Ok(query) => related.push((query, Words::new(names, &spec.text))),
                Err(problems) => diagnostics.extend(problems),
            }
        }
        let help = meta.help.as_ref().map(|help| Words::new(names, help));
        let mut help_if = Vec::new();
        for case in &meta.help_if {
            match parse::parse_conditions(names, &case.when.value, case.when.span) {
                Ok(conditions) => help_if.push((conditions, Words::new(names, &case.help))),
                Err(problems) => diagnostics.extend(problems),
            }
        }
        let fixes = Fixes::compile(names, &meta.fixes, diagnostics);
        Self { meta, severity_if, related, help, help_if, fixes }
    }

    /// Its queries, for checks.
    fn queries(&self) -> impl Iterator<Item = &Query> {
        let helps = self.help.iter().chain(self.help_if.iter().map(|(_, help)| help));
        let templates = helps.filter_map(|help| help.template.as_ref());
        let related = self.related.iter().map(|(query, _)| query);
        related.chain(templates.flat_map(Template::queries)).chain(self.fixes.queries())
    }
}

/// The types without which no rule of a file applies.
fn types_of(tree: &File) -> Option<Vec<String>> {
    let mut types = Vec::new();
    for rule in &tree.rules {
        let gate = rule.conditions.iter().flatten().find_map(|line| type_gate(tree, &line.clauses));
        match gate {
            Some(gate) => types.extend(gate),
            None => {
                for clause in rule.body.clauses.iter().flat_map(|line| &line.clauses) {
                    let ClauseKind::Type { name, .. } = &clause.kind else { return None };
                    types.push(name.value.clone());
                }
            }
        }
    }
    types.sort();
    types.dedup();
    Some(types)
}

/// The types behind `%variable !empty`.
fn type_gate(tree: &File, alternatives: &[Clause]) -> Option<Vec<String>> {
    let [Clause { kind: ClauseKind::Unary { query, test: Test::Empty, negated: true, .. }, .. }] =
        alternatives
    else {
        return None;
    };
    let [part] = &query.parts[..] else { return None };
    let PartKind::Variable(name) = part.kind else { return None };
    types_of_variable(tree, name)
}

/// The types of `let name = Resources.*[ Type == '…' ]` at file level.
fn types_of_variable(tree: &File, name: Symbol) -> Option<Vec<String>> {
    let mut found = tree.lets.iter().filter(|it| it.name == name);
    let (Some(only), None) = (found.next(), found.next()) else { return None };
    let Operand::Query(query) = &only.value else { return None };
    match &query.parts[..] {
        [key, values, filter] => match (&key.kind, &values.kind, &filter.kind) {
            (PartKind::Key(key), PartKind::Values(None), PartKind::Filter(filter))
                if key.text() == "Resources" && !filter.types.is_empty() =>
            {
                Some(filter.types.clone())
            }
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests;
