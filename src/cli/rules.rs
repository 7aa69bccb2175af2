//! `grpc-guard rules` and `grpc-guard explain`: what the rules say about themselves.

use std::fmt::Write;

use anyhow::bail;
use serde_json::{Value, json};

use super::args::{ListFormat, RuleArgs};
use super::{CLEAN, terminal};
use crate::catalog::{Catalog, Rule};
use crate::config;
use crate::diagnostic::Severity;
use crate::report::{self, RuleInfo};

/// The chosen rules.
pub(super) fn load(chosen: &RuleArgs) -> anyhow::Result<Vec<RuleInfo>> {
    let catalog = Catalog::load(!chosen.no_builtin, &chosen.rules);
    if let Some(broken) = catalog.diagnostics.iter().find(|found| found.severity == Severity::Error) {
        let source = catalog.sources.get(broken.primary.span.file);
        let at = source.position(broken.primary.span.start);
        bail!("{}:{}:{}: {}", source.path, at.line, at.column, broken.message);
    }
    Ok(catalog.rules().map(describe).collect())
}

/// What reports need to know of a rule.
pub(super) fn describe(rule: &Rule) -> RuleInfo {
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
pub(super) fn list(rules: &[RuleInfo], format: ListFormat) -> anyhow::Result<u8> {
    let text = match format {
        ListFormat::Text => table(rules),
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
pub(super) fn explain(rules: &[RuleInfo], name: &str) -> anyhow::Result<u8> {
    let checks = report::checks();
    let Some(rule) = rules.iter().chain(&checks).find(|rule| rule.name == name) else {
        let known = rules.iter().chain(&checks).map(|rule| rule.name.as_str());
        match config::suggest(name, known) {
            Some(near) => bail!("there is no rule `{name}`; did you mean `{near}`?"),
            None => bail!("there is no rule `{name}`; `grpc-guard rules` lists them all"),
        }
    };
    terminal::print(explanation(rule).as_bytes())?;
    Ok(CLEAN)
}

fn explanation(rule: &RuleInfo) -> String {
    let mut text = format!("{} ({})\n\n{}\n", rule.name, rule.severity.as_str(), rule.summary);
    if !rule.explanation.trim().is_empty() {
        let _ = write!(text, "\n{}\n", rule.explanation.trim());
    }
    if let Some(help) = &rule.help {
        let _ = write!(text, "\nWhat to do: {help}\n");
    }
    if let Some(url) = &rule.url {
        let _ = write!(text, "\nSource: {url}\n");
    }
    let name = &rule.name;
    let _ = write!(
        text,
        "\nTo turn it off: `--off {name}`, or in grpc-guard.yaml:\n\n  levels:\n    {name}: off\n"
    );
    text
}
