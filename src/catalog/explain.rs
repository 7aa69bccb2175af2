//! What rules say about themselves, as Markdown: the page of one rule and the table of all.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{Catalog, Rule};
use crate::diagnostic::{Applicability, Severity};
use crate::policy::{RuleMeta, RuleOption};

/// The page of one rule: what is wrong, why, what to do, examples (Markdown), how to make an exception, sources.
pub fn page(rule: &Rule, examples: &str) -> String {
    let meta = rule.meta();
    let mut page = format!("# {}\n", rule.name);
    if !meta.summary.is_empty() {
        section(&mut page, None, &sentence(&meta.summary));
    }
    section(&mut page, None, &facts(meta));
    if !meta.explanation.is_empty() {
        section(&mut page, Some("Why"), rule.file.fill_in(&meta.explanation).trim_end());
    }
    if let Some(help) = &meta.help {
        let fix = meta.fixable().map(|how| format!("\n\n{}", fixable(how))).unwrap_or_default();
        section(
            &mut page,
            Some("What to do"),
            &format!("{}{fix}", sentence(&rule.file.fill_in(&help.value))),
        );
    }
    if !rule.file.options().is_empty() {
        section(&mut page, Some("Options"), &options(&rule.name, rule.file.options()));
    }
    if !examples.is_empty() {
        section(&mut page, Some("Examples"), examples);
    }
    section(&mut page, Some("Exceptions"), &exception(&rule.name));
    let mut sources: Vec<String> = meta.references.iter().map(|url| format!("- <{url}>")).collect();
    if rule.is_builtin {
        sources.push(format!("- the rule itself: [`rules/{0}.guard`](../../rules/{0}.guard)", rule.name));
    }
    if !sources.is_empty() {
        section(&mut page, Some("Sources"), &sources.join("\n"));
    }
    page
}

fn section(page: &mut String, title: Option<&str>, text: &str) {
    if let Some(title) = title {
        write!(page, "\n## {title}\n").expect("a string takes all text");
    }
    write!(page, "\n{text}\n").expect("a string takes all text");
}

fn facts(meta: &RuleMeta) -> String {
    let mut facts = vec![format!("- severity: {}", severity(meta))];
    facts.extend(meta.category.as_ref().map(|category| format!("- category: {}", category.0)));
    if !meta.dialects.is_empty() {
        let names: Vec<&str> = meta.dialects.iter().map(|dialect| dialect_name(dialect)).collect();
        facts.push(format!("- dialects: {}", names.join(", ")));
    }
    facts.extend(meta.since.as_ref().map(|since| format!("- since: {since}")));
    facts.extend(meta.fixable().map(|fix| match fix {
        Applicability::Safe => "- mended by `grpc-guard check --fix`".to_string(),
        Applicability::Unsafe => {
            "- mended by `grpc-guard check --fix --unsafe-fixes`; read what it changes".to_string()
        }
    }));
    if meta.off_by_default {
        facts.push("- off unless it is asked for".to_string());
    }
    facts.join("\n")
}

fn fixable(how: Applicability) -> &'static str {
    match how {
        Applicability::Safe => "`grpc-guard check --fix` does it where it is safe.",
        Applicability::Unsafe => {
            "`grpc-guard check --fix --unsafe-fixes` does it; look at the change before you keep it."
        }
    }
}

/// A dialect as people write it.
pub fn dialect_name(dialect: &str) -> &str {
    match dialect {
        "cloudformation" => "CloudFormation",
        "kubernetes" => "Kubernetes",
        "terraform" => "Terraform",
        other => other,
    }
}

fn severity(meta: &RuleMeta) -> String {
    let most = meta.severity.unwrap_or(Severity::Error);
    let mut text = most.as_str().to_string();
    let lower: Vec<&str> = {
        let mut lower: Vec<Severity> =
            meta.severity_if.iter().map(|case| case.severity).filter(|case| *case < most).collect();
        lower.sort_unstable_by(|a, b| b.cmp(a));
        lower.dedup();
        lower.into_iter().map(Severity::as_str).collect()
    };
    if !lower.is_empty() {
        write!(text, "; {} in the cases named below", lower.join(" or ")).expect("a string takes all text");
    }
    if meta.evidence && most == Severity::Error {
        text.push_str("; at most warning where gRPC is likely and not certain");
    }
    text
}

fn exception(name: &str) -> String {
    format!(
        "Say why in a comment on the line, or on a line of its own above it:\n\n\
         ```yaml\n# grpc-guard: ignore[{name}] the reason\n```\n\n\
         To switch the rule off everywhere, write in `grpc-guard.yaml`:\n\n\
         ```yaml\nrules:\n  {name}: off\n```"
    )
}

/// The options of all built-in rules, for `docs/configuration.md`.
pub fn options_table(catalog: &Catalog) -> String {
    let mut text =
        "| rule | option | what it decides | takes | default |\n|---|---|---|---|---|\n".to_string();
    for rule in catalog.rules() {
        for option in rule.file.options() {
            writeln!(text, "| [{0}](rules/{0}.md) {1}", rule.name, option_row(option))
                .expect("a string takes all text");
        }
    }
    text
}

/// `| name | what it decides | what it takes | default |`.
fn option_row(RuleOption { spec, default, value }: &RuleOption) -> String {
    let range = spec.range().map(|range| format!(" {range}")).unwrap_or_default();
    let chosen = if value == default { String::new() } else { format!("; `{value}` is configured") };
    let default_text = default.to_string().replace('|', "\\|");
    format!(
        "| `{}` | {} | {}{range} | `{default_text}`{chosen} |",
        spec.name.value,
        spec.means,
        default.kind().as_str()
    )
}

fn options(rule: &str, options: &[RuleOption]) -> String {
    let mut text = "| option | what it decides | takes | default |\n|---|---|---|---|\n".to_string();
    for option in options {
        writeln!(text, "{}", option_row(option)).expect("a string takes all text");
    }
    let lines: Vec<String> =
        options.iter().map(|option| format!("      {}: {}", option.spec.name.value, option.value)).collect();
    format!(
        "{text}\nIn `grpc-guard.yaml`:\n\n```yaml\nrules:\n  {rule}:\n    options:\n{}\n```",
        lines.join("\n")
    )
}

/// A phrase as a sentence.
fn sentence(text: &str) -> String {
    let text = text.trim_end_matches('.');
    let first = text.split(' ').next().unwrap_or_default();
    // `gRPC` keeps its spelling, and so does code.
    let keeps = first.starts_with('`') || first.chars().skip(1).any(char::is_uppercase);
    let mut chars = text.chars();
    match chars.next() {
        Some(c) if !keeps => format!("{}{}.", c.to_uppercase(), chars.as_str()),
        _ => format!("{text}."),
    }
}

/// The order in which the overview shows the categories: along the way of a call. Others follow by name.
const CATEGORIES: [&str; 6] =
    ["target-groups", "health-checks", "listeners", "listener-rules", "load-balancers", "workloads"];

/// The table of all built-in rules by category, for `rules/README.md`.
pub fn overview(catalog: &Catalog) -> String {
    let rules: Vec<&Rule> = catalog.rules().filter(|rule| rule.is_builtin).collect();
    let mut chapters: BTreeMap<(usize, String), Vec<&Rule>> = BTreeMap::new();
    for rule in &rules {
        let category = rule.meta().category.as_ref().map(|category| category.0.clone()).unwrap_or_default();
        let rank = CATEGORIES.iter().position(|known| *known == category).unwrap_or(CATEGORIES.len());
        chapters.entry((rank, category)).or_default().push(rule);
    }
    let contents: Vec<String> = chapters
        .iter()
        .map(|((_, category), rules)| format!("[{}](#{category}) {}", title(category), rules.len()))
        .collect();
    let mut text = format!(
        "# Rules\n\n\
         {} rules, one file each: {}.\n\n\
         A rule's name leads to its page: what fails and why, what to do, and an example in every dialect with what the\n\
         tool says about it. `grpc-guard explain RULE` prints the same. `C` stands for CloudFormation, `K` for Kubernetes,\n\
         `T` for Terraform. The severity is the most that a finding can get; with `*` it is lower in the cases that the\n\
         page names, or where gRPC is likely and not certain. What has a fix is mended by `grpc-guard check --fix`, with\n\
         `--unsafe-fixes` where the change needs a look.\n\n\
         To write your own: [writing a rule](../docs/rules/README.md). (This page and those of the rules are written by\n\
         `UPDATE=1 cargo test --test catalog`.)\n",
        rules.len(),
        contents.join(", "),
    );
    for ((_, category), rules) in &chapters {
        let title = title(category);
        write!(
            text,
            "\n## {title}\n\n| rule | what it finds | severity | in | fix |\n|---|---|---|---|---|\n"
        )
        .expect("a string takes all text");
        text.extend(rules.iter().map(|rule| row(rule)));
    }
    text
}

/// `Target groups` of `target-groups`.
fn title(category: &str) -> String {
    match category {
        "ecs" => "ECS".to_string(),
        _ => sentence(&category.replace('-', " ")).trim_end_matches('.').to_string(),
    }
}

fn row(rule: &Rule) -> String {
    let meta = rule.meta();
    let lowered = meta.evidence || !meta.severity_if.is_empty();
    let severity = meta.severity.unwrap_or(Severity::Error).as_str();
    let dialects: Vec<String> = meta
        .dialects
        .iter()
        .map(|dialect| dialect.chars().take(1).collect::<String>().to_uppercase())
        .collect();
    let fix = match meta.fixable() {
        Some(Applicability::Safe) => "safe",
        Some(Applicability::Unsafe) => "unsafe",
        None => "",
    };
    format!(
        "| [{name}](../docs/rules/{name}.md) | {} | {severity}{} | {} | {fix} |\n",
        meta.summary,
        if lowered { "\\*" } else { "" },
        dialects.join(" "),
        name = rule.name,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases_become_sentences() {
        assert_eq!(sentence("set `A` to `B`"), "Set `A` to `B`.");
        assert_eq!(sentence("gRPC stands here"), "gRPC stands here.");
        assert_eq!(sentence("`A` is odd"), "`A` is odd.");
    }

    #[test]
    fn a_page_has_all_parts() {
        let page = Catalog::builtin().explain("target-group-http1").expect("a built-in rule");
        for part in ["# target-group-http1\n", "- severity: error", "## Why", "## What to do", "## Sources"] {
            assert!(page.contains(part), "{part} is not in\n{page}");
        }
        assert!(page.contains("# grpc-guard: ignore[target-group-http1]"));
    }
}
