//! `grpc-guard rules` and `grpc-guard explain`: what the rules say about themselves.

use std::fmt::Write;

use anyhow::bail;
use serde_json::{Value, json};

use super::args::{BaseArgs, ListFormat};
use super::located::Located;
use super::settings::Configured;
use super::{CLEAN, settings, terminal};
use crate::catalog::{Catalog, Rule};
use crate::config;
use crate::diagnostic::Severity;
use crate::policy::RuleOption;
use crate::report::{self, RuleInfo};

/// The rules of a run; fails when a user's rule file is broken. What is merely doubtful about one is told with the findings.
pub(super) fn load(configured: &mut Configured) -> anyhow::Result<Catalog> {
    let mut catalog = Catalog::load(configured.settings.builtin, &configured.settings.rules);
    if catalog.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error) {
        let diagnostics = std::mem::take(&mut catalog.diagnostics);
        Located::refuse(catalog.sources(), diagnostics)?;
    }
    configured.choose_options(&mut catalog);
    Ok(catalog)
}

/// The names of all rules, and of the checks that no rule file gives.
pub(super) fn names<'n>(catalog: &'n Catalog, checks: &'n [RuleInfo]) -> Vec<&'n str> {
    let rules = catalog.rules().map(|rule| rule.name.as_str());
    rules.chain(checks.iter().map(|check| check.name.as_str())).collect()
}

/// What reports say about a rule.
pub(super) fn info(rule: &Rule) -> RuleInfo {
    let meta = rule.meta();
    let category = meta.category.iter().map(|category| category.0.clone());
    RuleInfo {
        name: rule.name.clone(),
        summary: meta.summary.clone(),
        explanation: rule.file.fill_in(&meta.explanation),
        help: meta.help.as_ref().map(|help| rule.file.fill_in(&help.value)),
        severity: meta.severity.unwrap_or(Severity::Error),
        url: meta.references.first().cloned(),
        tags: category.chain(meta.dialects.iter().cloned()).collect(),
    }
}

/// Lists all rules.
pub(super) fn list(base: &BaseArgs, format: ListFormat) -> anyhow::Result<u8> {
    let catalog = load(&mut settings::load(base)?)?;
    let text = match format {
        ListFormat::Text => table(&catalog),
        ListFormat::Json => {
            let rules: Vec<Value> = catalog.rules().map(as_json).collect();
            serde_json::to_string_pretty(&rules)? + "\n"
        }
    };
    terminal::print(text.as_bytes())?;
    Ok(CLEAN)
}

fn table(catalog: &Catalog) -> String {
    let width = catalog.rules().map(|rule| rule.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for rule in catalog.rules() {
        let RuleInfo { name, severity, summary, .. } = info(rule);
        let off = if rule.is_off_by_default { " (off unless asked for)" } else { "" };
        let _ = writeln!(text, "{name:width$}  {:7}  {summary}{off}", severity.as_str());
    }
    text
}

fn as_json(rule: &Rule) -> Value {
    let RuleInfo { name, summary, explanation, help, severity, url, tags } = info(rule);
    let options: Vec<Value> = rule.file.options().iter().map(option).collect();
    json!({
        "name": name,
        "summary": summary,
        "severity": severity,
        "off": rule.is_off_by_default,
        "explanation": explanation,
        "help": help,
        "url": url,
        "tags": tags,
        "options": options,
    })
}

fn option(RuleOption { spec, default, value }: &RuleOption) -> Value {
    json!({
        "name": spec.name.value,
        "means": spec.means,
        "takes": default.kind().as_str().replace('`', ""),
        "from": spec.from,
        "to": spec.to,
        "default": config::value(default),
        "value": config::value(value),
    })
}

/// Explains a rule, or one of the checks that no rule file gives.
pub(super) fn explain(base: &BaseArgs, name: &str) -> anyhow::Result<u8> {
    let catalog = load(&mut settings::load(base)?)?;
    let checks = report::checks();
    let page =
        catalog.explain(name).or_else(|| checks.iter().find(|check| check.name == name).map(check_page));
    let Some(page) = page else {
        match config::suggest(name, names(&catalog, &checks).into_iter()) {
            Some(near) => bail!("there is no rule `{name}`; did you mean `{near}`?"),
            None => bail!("there is no rule `{name}`; `grpc-guard rules` lists them all"),
        }
    };
    terminal::print(page.as_bytes())?;
    Ok(CLEAN)
}

fn check_page(check: &RuleInfo) -> String {
    let RuleInfo { name, summary, explanation, severity, .. } = check;
    format!("# {name}\n\n{summary}\n\n- severity: {}\n\n## Why\n\n{explanation}\n", severity.as_str())
}
