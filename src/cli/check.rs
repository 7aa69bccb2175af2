//! `grpc-guard check`: read, analyse, report.

use std::io::{self, Write};

use super::args::{CheckArgs, ColorWhen, Output};
use super::settings::{self, Configured};
use super::{CLEAN, FAILED, FINDINGS, terminal};
use crate::catalog::Catalog;
use crate::config;
use crate::diagnostic::{Diagnostic, Severity, UNREADABLE_FILE};
use crate::engine::{self, Analysis};
use crate::report::{self, Format, Options, RuleInfo};
use crate::source::SourceMap;
use crate::source::read::{self, ReadOptions, Skipped};

pub(super) fn run(args: &CheckArgs, color: ColorWhen) -> anyhow::Result<u8> {
    let Configured { settings, mut file, sources, exclude } = settings::load(args)?;
    let catalog = Catalog::load(settings.builtin, &settings.rules);
    if catalog.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error) {
        show_broken(catalog.sources, catalog.diagnostics, color)?;
        return Ok(FAILED);
    }
    let checks = report::checks();
    let names = catalog.rules().map(|rule| rule.name.as_str());
    let names = names.chain(checks.iter().map(|rule| rule.name.as_str()));
    file.diagnostics.extend(config::unknown_rules(&file.names, names.clone()));
    if !file.diagnostics.is_empty() {
        show_broken(sources, file.diagnostics, color)?;
        return Ok(FAILED);
    }
    settings::check_flags(args, names)?;

    let options = ReadOptions {
        stdin_name: args.stdin_filename.clone(),
        exclude,
        force_exclude: args.force_exclude,
        ..ReadOptions::default()
    };
    let mut loaded = read::read(&args.paths, &options);
    let skipped = std::mem::take(&mut loaded.skipped);
    let analysis = engine::analyze(loaded, &catalog, &settings);
    let status = status(&analysis, &settings);
    tell(args, &analysis, &skipped);
    let rules = described(args, &catalog, &analysis);
    write_reports(args, color, &analysis, &rules, status)?;
    Ok(status)
}

/// The rules that the reports describe: all, when a format wants them, else those that found something.
fn described(args: &CheckArgs, catalog: &Catalog, analysis: &Analysis) -> Vec<RuleInfo> {
    let all = args.format.iter().any(|output| output.format.needs_all_rules());
    let found = |name: &str| analysis.diagnostics.iter().any(|diagnostic| diagnostic.rule == name);
    catalog.rules().filter(|rule| all || found(&rule.name)).map(super::rules::describe).collect()
}

/// What the exit status says, the same in every format.
fn status(analysis: &Analysis, settings: &config::Settings) -> u8 {
    // A check that could not look must not say that all is well.
    if analysis.diagnostics.iter().any(|diagnostic| diagnostic.rule == UNREADABLE_FILE) {
        return FAILED;
    }
    let fails = |diagnostic: &Diagnostic| {
        diagnostic.suppressed.is_none() && settings.fail_on.is_some_and(|least| diagnostic.severity >= least)
    };
    if analysis.diagnostics.iter().any(fails) { FINDINGS } else { CLEAN }
}

/// Says on standard error what a report does not hold.
fn tell(args: &CheckArgs, analysis: &Analysis, skipped: &[Skipped]) {
    let mut err = io::stderr().lock();
    if args.verbose {
        for Skipped { path, reason } in skipped {
            let _ = writeln!(err, "skipped {path}: {reason}");
        }
        let _ = writeln!(err, "{} files are in none of the formats that are checked", analysis.stats.skipped);
    }
    if analysis.stats.files == 0 && analysis.diagnostics.is_empty() && !args.quiet {
        let _ = writeln!(
            err,
            "warning: nothing to check: no CloudFormation, Kubernetes or Terraform JSON file was found"
        );
    }
}

fn write_reports(
    args: &CheckArgs,
    color: ColorWhen,
    analysis: &Analysis,
    rules: &[RuleInfo],
    status: u8,
) -> anyhow::Result<()> {
    let mut options = Options {
        quiet: args.quiet,
        root: std::env::current_dir().ok(),
        exit_code: status,
        ..Options::default()
    };
    let text = Output { format: Format::Text, file: None };
    // Reports that go to files leave standard output to the text.
    let to_stdout = args.format.iter().any(|output| output.file.is_none());
    let outputs = args.format.iter().chain((!to_stdout).then_some(&text));
    for Output { format, file } in outputs {
        (options.color, options.width) = match file {
            None => (terminal::wants_color(color), terminal::width()),
            Some(_) => (color == ColorWhen::Always, 0),
        };
        let mut bytes = Vec::new();
        report::write(*format, analysis, rules, &mut bytes, &options)?;
        match file {
            None => terminal::print(&bytes)?,
            Some(path) => terminal::write_file(path, &bytes)?,
        }
    }
    Ok(())
}

/// Shows what is wrong with the user's own configuration or rules.
fn show_broken(sources: SourceMap, diagnostics: Vec<Diagnostic>, color: ColorWhen) -> anyhow::Result<()> {
    let mut analysis = Analysis { sources, diagnostics, ..Analysis::default() };
    crate::diagnostic::sort(&mut analysis.diagnostics, &analysis.sources);
    let options = Options {
        color: terminal::wants_color(color),
        width: terminal::width(),
        quiet: true,
        ..Options::default()
    };
    report::write(Format::Text, &analysis, &[], &mut io::stderr().lock(), &options)?;
    Ok(())
}
