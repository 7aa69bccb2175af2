//! `grpc-guard rules` and `grpc-guard explain`: what the rules say about themselves.

use std::fmt::Write;

use anyhow::bail;
use serde_json::{Value, json};

use super::args::{BaseArgs, ListFormat};
use super::located::Located;
use super::{CLEAN, settings, terminal};
use crate::catalog::{Catalog, Rule};
use crate::config::{self, Settings};
use crate::diagnostic::Severity;
use crate::report::{self, RuleInfo};

/// The rules of a run; fails when a user's rule file is broken. What is merely doubtful about one is told with the findings.
pub(super) fn load(settings: &Settings) -> anyhow::Result<Catalog> {
    let mut catalog = Catalog::load(settings.builtin, &settings.rules);
    if catalog.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error) {
        let diagnostics = std::mem::take(&mut catalog.diagnostics);
        Located::refuse(catalog.sources(), diagnostics)?;
    }
    Ok(catalog)
}

/// What reports say about a rule.
pub(super) fn info(rule: &Rule) -> RuleInfo {
    let meta = rule.meta();
    let category = meta.category.iter().map(|category| category.0.clone());
    RuleInfo {
        name: rule.name.clone(),
        summary: meta.summary.clone(),
        explanation: meta.explanation.clone(),
        help: meta.help.as_ref().map(|help| help.value.clone()),
        severity: meta.severity.unwrap_or(Severity::Error),
        url: meta.references.first().cloned(),
        tags: category.chain(meta.dialects.iter().cloned()).collect(),
    }
}

/// Lists all rules.
pub(super) fn list(base: &BaseArgs, format: ListFormat) -> anyhow::Result<u8> {
    let catalog = load(&settings::load(base)?.settings)?;
    let rules: Vec<RuleInfo> = catalog.rules().map(info).collect();
    let text = match format {
        ListFormat::Text => table(&rules),
        ListFormat::Json => {
            let rules: Vec<Value> = rules.iter().map(as_json).collect();
            serde_json::to_string_pretty(&rules)? + "\n"
        }
    };
    terminal::print(text.as_bytes())?;
    Ok(CLEAN)
}

fn table(rules: &[RuleInfo]) -> String {
    let width = rules.iter().map(|rule| rule.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for rule in rules {
        let _ = writeln!(text, "{:width$}  {:7}  {}", rule.name, rule.severity.as_str(), rule.summary);
    }
    text
}

fn as_json(rule: &RuleInfo) -> Value {
    json!({
        "name": rule.name,
        "summary": rule.summary,
        "severity": rule.severity,
        "explanation": rule.explanation,
        "help": rule.help,
        "url": rule.url,
        "tags": rule.tags,
    })
}

/// Explains a rule, or one of the checks that no rule file gives.
pub(super) fn explain(base: &BaseArgs, name: &str) -> anyhow::Result<u8> {
    let catalog = load(&settings::load(base)?.settings)?;
    let checks = report::checks();
    let page =
        catalog.explain(name).or_else(|| checks.iter().find(|check| check.name == name).map(check_page));
    let Some(page) = page else {
        let known = catalog.rules().map(|rule| rule.name.as_str());
        let known = known.chain(checks.iter().map(|check| check.name.as_str()));
        match config::suggest(name, known) {
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
