//! What a configuration chooses for the options of rules, held against what the rules declare.

use super::reader::{Reader, meant, place};
use super::{INVALID_CONFIG, Settings};
use crate::catalog::Catalog;
use crate::diagnostic::{Diagnostic, Severity};
use crate::document::{EntryRef, Kind, NodeRef, Schema, Typed};
use crate::policy::{OptionKind, OptionSpec, OptionValue};
use crate::source::{Span, Spanned};

/// A value for an option, as it is written; what it means is known once the rules are.
#[derive(Debug, Clone)]
pub struct Chosen {
    /// The rule.
    rule: String,
    /// The entry of `overrides` that it stands in.
    over: Option<usize>,
    name: Spanned<String>,
    value: Spanned<Written>,
}

impl Chosen {
    /// The same for the paths of an entry of `overrides`.
    pub(super) fn in_override(self, idx: usize) -> Self {
        Self { over: Some(idx), ..self }
    }
}

#[derive(Debug, Clone)]
enum Written {
    Bool(bool),
    Int(i64),
    Text(String),
    List(Vec<Spanned<Written>>),
    /// Nothing that any option takes.
    Other,
}

/// Reads the options of a rule.
pub(super) fn read(reader: &mut Reader, rule: &str, entry: EntryRef) -> Vec<Chosen> {
    if entry.value.kind() != Kind::Mapping {
        let help =
            "write `options: {name: value}`; `grpc-guard explain` shows the options of a rule".to_string();
        reader.wrong(place(entry), "`options` is a map of options and values", Some(help));
        return Vec::new();
    }
    let chosen = entry.value.entries().map(|option| Chosen {
        rule: rule.to_string(),
        over: None,
        name: Spanned::new(option.name().to_string(), option.key.span()),
        value: Spanned::new(written(option.value, true).value, place(option)),
    });
    chosen.collect()
}

fn written(node: NodeRef, may_be_list: bool) -> Spanned<Written> {
    let value = match (node.kind(), node.scalar().map(|scalar| scalar.typed(Schema::Core))) {
        (Kind::Sequence, _) if may_be_list => {
            Written::List(node.items().map(|item| written(item, false)).collect())
        }
        (_, Some(Typed::Bool(flag))) => Written::Bool(flag),
        (_, Some(Typed::Int(number))) => Written::Int(number),
        (_, Some(Typed::Str(text))) => Written::Text(text.to_string()),
        _ => Written::Other,
    };
    Spanned::new(value, node.span())
}

/// Lays what is chosen into the settings; what does not fit the rules of the catalog is told.
pub fn settle(settings: &mut Settings, chosen: &[Chosen], catalog: &Catalog) -> Vec<Diagnostic> {
    let mut wrong = Vec::new();
    for it in chosen {
        match value_of(it, catalog) {
            Ok(None) => {}
            Ok(Some(value)) => {
                let options = match it.over.and_then(|over| settings.overrides.get_mut(over)) {
                    Some(over) => &mut over.options,
                    None => &mut settings.options,
                };
                options.entry(it.rule.clone()).or_default().insert(it.name.value.clone(), value);
            }
            Err(refused) => wrong.push(*refused),
        }
    }
    wrong
}

fn refused(span: Span, message: String, help: Option<String>) -> Box<Diagnostic> {
    let mut found = Diagnostic::new(INVALID_CONFIG, Severity::Error, span, message);
    found.help = help;
    Box::new(found)
}

/// The value that is chosen; nothing for a rule that does not exist, which is told where it is named.
fn value_of(chosen: &Chosen, catalog: &Catalog) -> Result<Option<OptionValue>, Box<Diagnostic>> {
    let Chosen { rule, name, value, .. } = chosen;
    let Some(known) = catalog.get(rule) else { return Ok(None) };
    let options = known.file.options();
    let Some(option) = options.iter().find(|option| option.spec.name.value == name.value) else {
        let names: Vec<&str> = options.iter().map(|option| option.spec.name.value.as_str()).collect();
        let message = format!("`{rule}` has no option `{}`", name.value);
        let help =
            if names.is_empty() { "it has no options".to_string() } else { meant(&name.value, &names) };
        return Err(refused(name.span, message, Some(help)));
    };
    Reading { spec: &option.spec, kind: option.default.kind() }.whole(value).map(Some)
}

struct Reading<'o> {
    spec: &'o OptionSpec,
    kind: OptionKind,
}

impl Reading<'_> {
    fn whole(&self, value: &Spanned<Written>) -> Result<OptionValue, Box<Diagnostic>> {
        Ok(match (self.kind, &value.value) {
            (OptionKind::Bool, Written::Bool(flag)) => OptionValue::Bool(*flag),
            (OptionKind::Int, Written::Int(_)) => OptionValue::Int(self.int(value)?),
            (OptionKind::Text, Written::Text(text)) => OptionValue::Text(text.clone()),
            (OptionKind::Pattern, Written::Text(text)) => match self.spec.refuses_pattern(text) {
                Some(why) => return Err(self.refuse(value.span, why)),
                None => OptionValue::Pattern(text.clone()),
            },
            (OptionKind::Ints, Written::List(items)) => {
                OptionValue::Ints(items.iter().map(|item| self.int(item)).collect::<Result<_, _>>()?)
            }
            (OptionKind::Texts, Written::List(items)) => {
                OptionValue::Texts(items.iter().map(|item| self.text(item)).collect::<Result<_, _>>()?)
            }
            _ => return Err(self.wrong_kind(value.span, self.kind)),
        })
    }

    fn int(&self, value: &Spanned<Written>) -> Result<i64, Box<Diagnostic>> {
        let Written::Int(number) = value.value else {
            return Err(self.wrong_kind(value.span, OptionKind::Int));
        };
        match self.spec.refuses_int(number) {
            Some(why) => Err(self.refuse(value.span, why)),
            None => Ok(number),
        }
    }

    fn text(&self, value: &Spanned<Written>) -> Result<String, Box<Diagnostic>> {
        match &value.value {
            Written::Text(text) => Ok(text.clone()),
            _ => Err(self.wrong_kind(value.span, OptionKind::Text)),
        }
    }

    fn wrong_kind(&self, span: Span, kind: OptionKind) -> Box<Diagnostic> {
        let of = if kind == self.kind { "" } else { "each entry of " };
        self.refuse(span, format!("{of}`{}` is {}", self.spec.name.value, kind.as_str()))
    }

    fn refuse(&self, span: Span, message: String) -> Box<Diagnostic> {
        refused(span, message, Some(format!("it decides this: {}", self.spec.means)))
    }
}
