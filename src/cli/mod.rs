//! The command line: arguments in, bytes and an exit status out.
//!
//! Status 0: nothing at or above `--fail-on`. 1: findings. 2: the job could not be done. A closed pipe is success: whoever
//! reads has seen enough.

mod args;
mod check;
mod fix;
mod git;
mod graph;
mod guard;
mod init;
mod known;
mod located;
mod progress;
mod rules;
mod settings;
mod terminal;
mod test;
mod today;
mod write;

use std::ffi::OsString;
use std::io::{self, ErrorKind, Write};
use std::panic;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use args::{Args, Command};
use located::Located;

use crate::config::Settings;
use crate::document::{self, Secret};
use crate::engine;
use crate::model::Model;
use crate::report;
use crate::source::read::{self, ReadOptions};

/// Nothing at or above `--fail-on`.
const CLEAN: u8 = 0;
/// Findings at or above `--fail-on`.
const FINDINGS: u8 = 1;
/// The job could not be done.
const FAILED: u8 = 2;

/// Runs the program with its arguments, the program's name first.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    panic::set_hook(Box::new(|bug| {
        let _ = writeln!(io::stderr(), "error: this is a bug in grpc-guard: {bug}");
        let _ = writeln!(
            io::stderr(),
            "please report it, with the input: {}/issues",
            env!("CARGO_PKG_REPOSITORY")
        );
    }));
    let args: Vec<OsString> = args.into_iter().collect();
    panic::catch_unwind(|| dispatch(args)).unwrap_or(ExitCode::from(FAILED))
}

fn dispatch(args: Vec<OsString>) -> ExitCode {
    let args = match Args::try_parse_from(args) {
        Ok(args) => args,
        Err(error) => {
            // Nobody can be told when even this cannot be printed.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { FAILED } else { CLEAN });
        }
    };
    let status = match &args.command {
        Command::Check(check) => check::run(check, args.color),
        Command::Rules { base, format } => rules::list(base, *format),
        Command::Explain { rule, base } => rules::explain(base, rule),
        Command::Model { paths } => model(paths),
        Command::Graph { paths, base, format } => graph::run(paths, base, *format, args.color),
        Command::Init => init::run(),
        Command::Test(args) => test::run(args),
        Command::Guard(command) => guard::run(command),
        Command::Man { command } => man(command.as_deref()),
        Command::Completions { shell } => completions(*shell),
    };
    ExitCode::from(status.unwrap_or_else(|error| {
        if is_closed_pipe(&error) {
            return CLEAN;
        }
        let _ = match error.downcast_ref::<Located>() {
            Some(located) => located.show(args.color),
            None => writeln!(io::stderr(), "error: {}", report::neutral(&format!("{error:#}"))),
        };
        FAILED
    }))
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let io = error.chain().find_map(|cause| cause.downcast_ref::<io::Error>());
    io.is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}

/// Prints the models of files: one object, or a list where there are several projects or scenarios.
fn model(paths: &[PathBuf]) -> anyhow::Result<u8> {
    let loaded = read::read(paths, &ReadOptions::default());
    let secrets = engine::secrets(&loaded.sources);
    let models = engine::models(loaded, &Settings::default());
    let mut json: Vec<serde_json::Value> = models.iter().map(Model::to_json).collect();
    json.iter_mut().for_each(|model| hide(model, &secrets));
    let printed = if json.len() == 1 { json.remove(0) } else { serde_json::Value::Array(json) };
    let mut text = Vec::new();
    report::write_json(&mut text, &printed)?;
    terminal::print(&text)?;
    Ok(CLEAN)
}

/// Takes secrets out of the texts of a printed model.
fn hide(value: &mut serde_json::Value, secrets: &[Secret]) {
    match value {
        serde_json::Value::String(text) => {
            let is_whole = secrets.iter().any(|secret| secret.text == *text);
            if let Some(harmless) = document::without(text, secrets) {
                *text = harmless;
            } else if is_whole {
                *text = "***".to_string();
            }
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(|item| hide(item, secrets)),
        serde_json::Value::Object(entries) => entries.values_mut().for_each(|entry| hide(entry, secrets)),
        _ => {}
    }
}

fn completions(shell: clap_complete::Shell) -> anyhow::Result<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "grpc-guard", &mut script);
    terminal::print(&script)?;
    Ok(CLEAN)
}

/// Prints a manual page: `grpc-guard man | man -l -`.
fn man(command: Option<&str>) -> anyhow::Result<u8> {
    let mut page = Args::command();
    page.build();
    if let Some(name) = command {
        let known: Vec<String> = page.get_subcommands().map(|it| it.get_name().to_string()).collect();
        let Some(found) = page.find_subcommand(name) else {
            anyhow::bail!("there is no command `{name}`; the commands are {}", known.join(", "));
        };
        page = found.clone();
    }
    let mut text = Vec::new();
    clap_mangen::Man::new(page).render(&mut text)?;
    terminal::print(&text)?;
    Ok(CLEAN)
}
