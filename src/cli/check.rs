//! `grpc-guard check`: read, analyse, report.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::mem::ManuallyDrop;
use std::path::PathBuf;
use std::sync::atomic::Ordering;

use anyhow::bail;

use super::args::{CheckArgs, ColorWhen, Output};
use super::known::LeftAlone;
use super::progress::Bar;
use super::write::{self, Staged};
use super::{CLEAN, FAILED, FINDINGS, fix, known, rules, settings, terminal};
use crate::catalog::Catalog;
use crate::diagnostic::{Applicability, Diagnostic, Severity, UNREADABLE_FILE, UNRECOGNIZED_FILE};
use crate::engine::{self, Analysis};
use crate::report::{self, Format, Options, RuleInfo};
use crate::source::FileId;
use crate::source::read::{self, ReadOptions, Skipped};

pub(super) fn run(args: &CheckArgs, color: ColorWhen) -> anyhow::Result<u8> {
    let mut configured = settings::load(&args.base)?;
    // The program ends behind this; to take the trees of all rules apart would only cost time.
    let catalog = ManuallyDrop::new(rules::load(&mut configured)?);
    let checks = report::checks();
    configured.lay_over(args, rules::names(&catalog, &checks).into_iter())?;

    let area = configured.area();
    let options = ReadOptions {
        stdin_name: args.stdin_filename.clone(),
        exclude: area.exclude.clone(),
        area: Some(area),
        force_exclude: args.force_exclude,
        ..ReadOptions::default()
    };
    configured.settings.traffic = args.format.iter().any(|output| output.format.needs_traffic());
    if args.unsafe_fixes && !args.fix && !args.diff {
        bail!("--unsafe-fixes goes with --fix, which applies fixes, or with --diff, which shows them");
    }
    let bar = Bar::new(args.quiet);
    let mut loaded = read::read(&args.paths, &options);
    let skipped = std::mem::take(&mut loaded.skipped);
    let mut analysis = if args.fix || args.diff {
        drop(bar);
        let most = if args.unsafe_fixes { Applicability::Unsafe } else { Applicability::Safe };
        let known = LeftAlone::read(args, &configured)?;
        let mut fixed = engine::fix(loaded, &catalog, &configured.settings, most, &|all| known.mark(all));
        let n_unsafe = if args.unsafe_fixes { 0 } else { fix::count_left(&fixed) };
        LeftAlone::unmark(&mut fixed.analysis);
        if args.diff {
            let status = fix::show(&fixed, color)?;
            fix::tell(args, &fixed);
            fix::tell_more(args, &fixed, n_unsafe);
            return Ok(status.max(status_of(&fixed.analysis, None)));
        }
        fix::write(args, &fixed)?;
        fix::tell(args, &fixed);
        fixed.analysis
    } else {
        bar.progress.total.store(loaded.files.len() as u64, Ordering::Relaxed);
        let on_file = || {
            bar.progress.done.fetch_add(1, Ordering::Relaxed);
        };
        let analysis = engine::analyze_watched(loaded, &catalog, &configured.settings, &on_file);
        drop(bar);
        analysis
    };
    known::leave_out(args, &configured, &catalog, &mut analysis)?;
    let unseen = if args.strict { unseen(&analysis) } else { None };
    let status = if unseen.is_some() { FAILED } else { status_of(&analysis, configured.settings.fail_on) };
    tell(args, &analysis, &skipped);
    write_reports(args, color, &analysis, &catalog, status)?;
    if let Some(unseen) = unseen {
        let _ = writeln!(io::stderr(), "error: --strict: {unseen}");
    }
    Ok(status)
}

/// What was not looked at, for those who want to know that everything was.
fn unseen(analysis: &Analysis) -> Option<String> {
    const NOT_ANALYSED: [&str; 5] =
        [UNREADABLE_FILE, UNRECOGNIZED_FILE, "limit-reached", "syntax-error", "unrendered-template"];
    let not_analysed = analysis.diagnostics.iter().filter(|found| NOT_ANALYSED.contains(&&*found.rule));
    let files: BTreeSet<FileId> = not_analysed.map(|found| found.primary.span.file).collect();
    match files.len() {
        0 if analysis.stats.files == 0 => Some("nothing was checked".to_string()),
        0 => None,
        1 => Some("1 file was not analysed, or not all of it".to_string()),
        n => Some(format!("{n} files were not analysed, or not all of them")),
    }
}

/// What the exit status says, the same in every format.
fn status_of(analysis: &Analysis, fail_on: Option<Severity>) -> u8 {
    // A check that could not look must not say that all is well.
    if analysis.diagnostics.iter().any(engine::is_about_the_run) {
        return FAILED;
    }
    let fails = |diagnostic: &Diagnostic| {
        diagnostic.suppressed.is_none() && fail_on.is_some_and(|least| diagnostic.severity >= least)
    };
    if analysis.diagnostics.iter().any(fails) { FINDINGS } else { CLEAN }
}

/// Says on standard error what a report does not hold.
fn tell(args: &CheckArgs, analysis: &Analysis, skipped: &[Skipped]) {
    let mut err = io::stderr().lock();
    if args.verbose {
        for (file, reading) in &analysis.read_as {
            let path = &analysis.sources.get(*file).path;
            let _ = writeln!(err, "file {}: {}", report::neutral(path), reading.as_str());
        }
        for Skipped { path, reason } in skipped {
            let _ = writeln!(err, "skipped {}: {reason}", report::neutral(path));
        }
        let _ = match analysis.stats.skipped {
            0 => Ok(()),
            1 => writeln!(err, "1 file is in none of the formats that are checked"),
            n => writeln!(err, "{n} files are in none of the formats that are checked"),
        };
    }
    if analysis.stats.files == 0 && analysis.diagnostics.is_empty() && !args.quiet {
        let _ = writeln!(
            err,
            "warning: nothing to check: no CloudFormation, Kubernetes or Terraform file was found"
        );
    }
}

fn write_reports(
    args: &CheckArgs,
    color: ColorWhen,
    analysis: &Analysis,
    catalog: &Catalog,
    status: u8,
) -> anyhow::Result<()> {
    let mut options = Options {
        quiet: args.quiet,
        statistics: args.statistics,
        root: std::env::current_dir().ok(),
        n_rules: catalog.rules().len(),
        sarif_category: args.sarif_category.clone().unwrap_or_default(),
        exit_code: status,
        ..Options::default()
    };
    let text = Output { format: Format::Text, file: None };
    // Reports that go to files leave standard output to the text.
    let to_stdout = args.format.iter().any(|output| output.file.is_none());
    let outputs = args.format.iter().chain((!to_stdout).then_some(&text));
    // Standard output is for the mended text.
    let aside = args.fix && fix::reads_stdin(args);
    let (mut printed, mut staged): (Vec<Vec<u8>>, Vec<Staged>) = (Vec::new(), Vec::new());
    let mut summary = None;
    for Output { format, file } in outputs {
        (options.color, options.width) = match file {
            None if aside => {
                (terminal::wants_color(color, &io::stderr()), args.width.unwrap_or_else(terminal::width))
            }
            None => (terminal::wants_color(color, &io::stdout()), args.width.unwrap_or_else(terminal::width)),
            Some(_) => (color == ColorWhen::Always, args.width.unwrap_or(0)),
        };
        options.hyperlinks = match file {
            None => terminal::wants_hyperlinks(args.hyperlinks, options.color),
            Some(_) => args.hyperlinks == ColorWhen::Always,
        };
        if *format == Format::Github {
            summary = step_summary(analysis, &options)?;
        }
        let rules = described(catalog, analysis, *format);
        let mut bytes = Vec::new();
        report::write(*format, analysis, &rules, &mut bytes, &options)?;
        match file {
            None => printed.push(bytes),
            Some(path) => staged.push(write::stage(path, &bytes)?),
        }
    }
    // Either all files are written or none, and whoever closes the pipe early still gets them.
    write::commit_all(staged)?;
    if let Some((path, bytes)) = summary {
        write::append(&path, &bytes)?;
    }
    if aside {
        return Ok(printed.iter().try_for_each(|bytes| io::stderr().write_all(bytes))?);
    }
    printed.iter().try_for_each(|bytes| terminal::print(bytes))
}

/// The table that GitHub shows below a run, and the file that it reads it from.
fn step_summary(analysis: &Analysis, options: &Options) -> anyhow::Result<Option<(PathBuf, Vec<u8>)>> {
    let Some(path) = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty()) else {
        return Ok(None);
    };
    let mut bytes = Vec::new();
    report::write(Format::Markdown, analysis, &[], &mut bytes, options)?;
    Ok(Some((path.into(), bytes)))
}

/// The rules that a format describes.
fn described(catalog: &Catalog, analysis: &Analysis, format: Format) -> Vec<RuleInfo> {
    if format.needs_all_rules() {
        return catalog.rules().map(rules::info).collect();
    }
    let fired: BTreeSet<&str> = analysis.diagnostics.iter().map(|diagnostic| &*diagnostic.rule).collect();
    fired.into_iter().filter_map(|name| catalog.get(name)).map(rules::info).collect()
}
