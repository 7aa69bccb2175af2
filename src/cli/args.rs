//! What can be typed.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

use crate::diagnostic::Severity;
use crate::report::Format;
use crate::report::graph::GraphFormat;

/// The groups of flags in `check --help`.
const RULES: &str = "Rules and configuration";
const FILES: &str = "Files";
const COUNTS: &str = "What counts";
const REPORTS: &str = "Reports";
const MENDING: &str = "Mending";

/// Finds gRPC faults in CloudFormation, Kubernetes and Terraform files for AWS before they are deployed.
#[derive(Debug, Parser)]
#[command(
    name = "grpc-guard",
    version,
    max_term_width = 100,
    after_help = "Exit status: 0 nothing at or above --fail-on, 1 findings, 2 the job could not be done."
)]
pub(super) struct Args {
    #[command(subcommand)]
    pub(super) command: Command,

    /// When to use colour.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(super) color: ColorWhen,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Check files and directories.
    Check(Box<CheckArgs>),
    /// List the rules.
    Rules {
        #[command(flatten)]
        base: BaseArgs,

        /// How to list them.
        #[arg(long, value_name = "FORMAT", default_value = "text")]
        format: ListFormat,
    },
    /// Explain a rule: what fails, for whom, what to do.
    Explain {
        /// The name of the rule.
        rule: String,

        #[command(flatten)]
        base: BaseArgs,
    },
    /// Print what was understood of files, as rules with `input: model` see it.
    Model {
        /// Files and directories.
        #[arg(value_name = "PATH")]
        paths: Vec<PathBuf>,
    },
    /// Draw the ways that calls take: client, load balancer, listener, rule, target group, service, port.
    Graph {
        /// Files and directories; without any, the current directory.
        #[arg(value_name = "PATH")]
        paths: Vec<PathBuf>,

        #[command(flatten)]
        base: BaseArgs,

        /// How to draw: text, mermaid or dot.
        #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = graph_format)]
        format: GraphFormat,
    },
    /// Write a first configuration, a pre-commit hook and a CI job; nothing that exists is overwritten.
    Init,
    /// Run the unit tests of rule files.
    Test(TestArgs),
    /// Evaluate rule files exactly as cfn-guard does, for machines.
    #[command(subcommand, hide = true)]
    Guard(GuardCommand),
    /// Print the manual page of the program, or of one of its commands.
    #[command(hide = true)]
    Man {
        /// The command.
        command: Option<String>,
    },
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct TestArgs {
    /// Test files, rule files (tested by the files in `tests/` beside them), or directories of either.
    #[arg(value_name = "PATH", required = true)]
    pub(super) paths: Vec<PathBuf>,

    /// How to report.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(super) format: TestFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum TestFormat {
    Text,
    Json,
    Junit,
}

#[derive(Debug, Subcommand)]
pub(super) enum GuardCommand {
    /// Print the status of every rule on a document.
    Eval {
        /// Rule files, or directories of them.
        #[arg(long, value_name = "PATH", required = true)]
        rules: Vec<PathBuf>,

        /// The document.
        #[arg(long, value_name = "FILE")]
        data: PathBuf,

        /// Files whose keys are merged in front of the document.
        #[arg(long, value_name = "FILE")]
        params: Vec<PathBuf>,

        /// How to print it.
        #[arg(long, value_name = "FORMAT", default_value = "json")]
        format: MachineFormat,
    },
    /// Print the status of every rule on the cases of a unit-test file.
    Test {
        /// The rule file.
        #[arg(long, value_name = "FILE")]
        rules: PathBuf,

        /// The unit-test file.
        #[arg(long, value_name = "FILE")]
        tests: PathBuf,

        /// How to print it.
        #[arg(long, value_name = "FORMAT", default_value = "json")]
        format: MachineFormat,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum MachineFormat {
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ColorWhen {
    Auto,
    Always,
    Never,
}

#[derive(Debug, clap::Args)]
pub(super) struct CheckArgs {
    /// Files and directories; `-` is standard input. Without any, the current directory.
    ///
    /// Files are always read, directories are searched for .yaml, .yml, .json, .template, .tf, .tofu and .tfvars files. .gitignore,
    /// .ignore and .grpc-guardignore are honoured; hidden entries and symbolic links in directories are not followed.
    ///
    /// What is named is reported on; the other files of its project are read to judge it.
    #[arg(value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,

    #[command(flatten)]
    pub(super) base: BaseArgs,

    /// What rules without metadata look at: each document as it is written, as cfn-guard does, or the common model, so that
    /// rules for CloudFormation hold for Terraform and Kubernetes too.
    #[arg(long, value_name = "INPUT", default_value = "document", help_heading = RULES)]
    pub(super) input: Input,

    /// Show with each finding the clause of the rule that failed.
    #[arg(long, help_heading = RULES)]
    pub(super) explain_rule: bool,

    /// Run only these rules.
    #[arg(long, value_name = "RULE", value_delimiter = ',', help_heading = RULES)]
    pub(super) only: Vec<String>,

    /// Do not run these rules.
    #[arg(long, value_name = "RULE", value_delimiter = ',', help_heading = RULES)]
    pub(super) off: Vec<String>,

    /// How to report: text, concise, narrated (for screen readers), json, sarif, github, gitlab, junit, checkstyle, rdjson,
    /// markdown or html. Can be repeated.
    ///
    /// With FILE the report goes there. Reports that go to files leave standard output to the text.
    #[arg(long, value_name = "FORMAT[=FILE]", value_parser = Output::parse, help_heading = REPORTS)]
    pub(super) format: Vec<Output>,

    /// The category of SARIF reports, for repositories that upload several [default: grpc-guard].
    #[arg(long, value_name = "NAME", value_parser = category, help_heading = REPORTS)]
    pub(super) sarif_category: Option<String>,

    /// The least severity that makes the exit status 1 [default: error].
    #[arg(long, value_name = "SEVERITY", help_heading = COUNTS)]
    pub(super) fail_on: Option<FailOn>,

    /// Exit with 0 whatever is found.
    #[arg(long, help_heading = COUNTS)]
    pub(super) exit_zero: bool,

    /// Findings that this file holds do not count; they stay in json and sarif, marked as such.
    #[arg(long, value_name = "FILE", help_heading = COUNTS)]
    pub(super) baseline: Option<PathBuf>,

    /// Write all findings of this run into a baseline, so that from now on only new ones count.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["baseline", "changed_since"], help_heading = COUNTS)]
    pub(super) write_baseline: Option<PathBuf>,

    /// Leave the findings of the baseline out of all reports.
    #[arg(long, help_heading = COUNTS)]
    pub(super) only_new: bool,

    /// Report only findings that are new since a commit, a branch or a tag, or touch what has changed since.
    ///
    /// What counts is what `git diff` shows against the last commit that REV and HEAD share: commits, staged and unstaged
    /// changes, and files that Git does not know. Files are analysed whole all the same.
    #[arg(long, value_name = "REV", help_heading = COUNTS)]
    pub(super) changed_since: Option<String>,

    /// End the formats for people with figures: findings by rule, files by what they were read as.
    #[arg(long, help_heading = REPORTS)]
    pub(super) statistics: bool,

    /// Columns that the text may take [default: those of the terminal, else 80].
    #[arg(long, value_name = "COLUMNS", help_heading = REPORTS)]
    pub(super) width: Option<usize>,

    /// Whether the names of rules are links to their documentation; `auto` is for terminals that are known to have links.
    #[arg(long, value_name = "WHEN", default_value = "auto", help_heading = REPORTS)]
    pub(super) hyperlinks: ColorWhen,

    /// Exit with 2 when a file could not be analysed (broken syntax, an unrendered template, a named file of another kind) or
    /// nothing was checked.
    #[arg(long, help_heading = COUNTS)]
    pub(super) strict: bool,

    /// Mend what can be mended safely, then report what is left.
    ///
    /// Every change is checked again before it is written. With `-` the mended text goes to standard output and the report
    /// to standard error.
    #[arg(long, conflicts_with_all = ["changed_since", "write_baseline"], help_heading = MENDING)]
    pub(super) fix: bool,

    /// Mend also what may change behaviour or replace a resource. Goes with --fix or --diff.
    #[arg(long, visible_alias = "unsafe", help_heading = MENDING)]
    pub(super) unsafe_fixes: bool,

    /// Show what --fix would change as a unified diff, and write nothing. The status is 1 when something would change.
    #[arg(long, conflicts_with_all = ["changed_since", "write_baseline"], help_heading = MENDING)]
    pub(super) diff: bool,

    /// Leave out what the configuration excludes even when it is named, as hooks do.
    #[arg(long, help_heading = FILES)]
    pub(super) force_exclude: bool,

    /// The path under which standard input is reported; it stands for the file there.
    #[arg(long, value_name = "PATH", default_value = "<stdin>", help_heading = FILES)]
    pub(super) stdin_filename: String,

    /// Say on standard error what each file was read as, and why others were passed over.
    #[arg(long, short, conflicts_with = "quiet", help_heading = REPORTS)]
    pub(super) verbose: bool,

    /// Print findings only, no closing summary.
    #[arg(long, short, help_heading = REPORTS)]
    pub(super) quiet: bool,
}

/// Which rules and which configuration there are.
#[derive(Debug, clap::Args)]
pub(super) struct BaseArgs {
    /// Add rules: a .guard file, or a directory of them. Can be repeated.
    #[arg(long, value_name = "PATH", help_heading = RULES)]
    pub(super) rules: Vec<PathBuf>,

    /// Leave out the built-in rules.
    #[arg(long, help_heading = RULES)]
    pub(super) no_builtin: bool,

    /// Read this configuration instead of the nearest grpc-guard.yaml.
    #[arg(long, value_name = "FILE", conflicts_with = "no_config", help_heading = RULES)]
    pub(super) config: Option<PathBuf>,

    /// Read no configuration.
    #[arg(long, help_heading = RULES)]
    pub(super) no_config: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ListFormat {
    Text,
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Input {
    Document,
    Model,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum FailOn {
    Error,
    Warning,
    Info,
    Never,
}

impl FailOn {
    pub(super) fn severity(self) -> Option<Severity> {
        match self {
            FailOn::Error => Some(Severity::Error),
            FailOn::Warning => Some(Severity::Warning),
            FailOn::Info => Some(Severity::Info),
            FailOn::Never => None,
        }
    }
}

/// A category of SARIF: GitHub takes what stands before the last slash.
fn category(text: &str) -> Result<String, String> {
    let name = text.trim_end_matches('/');
    if name.is_empty() || name.chars().any(char::is_control) {
        return Err("a category is a name such as `infra` or `infra/production`".to_string());
    }
    Ok(name.to_string())
}

/// One report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Output {
    pub(super) format: Format,
    /// Standard output when absent.
    pub(super) file: Option<PathBuf>,
}

impl Output {
    fn parse(text: &str) -> Result<Self, String> {
        let (name, file) = match text.split_once('=') {
            Some((_, "")) => return Err("the file behind `=` is missing".to_string()),
            Some((name, file)) => (name, Some(PathBuf::from(file))),
            None => (text, None),
        };
        let Some((_, format)) = Format::ALL.iter().find(|(known, _)| *known == name) else {
            let known = Format::ALL.map(|(name, _)| name);
            return Err(match crate::config::suggest(name, known.into_iter()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("the formats are {}", known.join(", ")),
            });
        };
        Ok(Self { format: *format, file })
    }
}

fn graph_format(text: &str) -> Result<GraphFormat, String> {
    let known = GraphFormat::ALL.iter().find(|(name, _)| *name == text);
    known.map(|(_, format)| *format).ok_or_else(|| "the formats are text, mermaid and dot".to_string())
}
