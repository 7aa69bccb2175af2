//! `grpc-guard rules` and `grpc-guard explain`: what the rules say about themselves.

use std::fmt::Write;

use anyhow::bail;
use serde_json::{Value, json};

use super::args::{ListFormat, RuleArgs};
use super::{CLEAN, terminal};
use crate::config;
use crate::report::{self, RuleInfo};

/// The chosen rules.
pub(super) fn load(_chosen: &RuleArgs) -> anyhow::Result<Vec<RuleInfo>> {
    Ok(Vec::new())
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
