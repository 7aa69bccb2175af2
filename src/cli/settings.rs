//! The configuration file and the flags, joined.

use std::path::{Path, PathBuf};

use super::args::{BaseArgs, CheckArgs, Input};
use super::located::Located;
use super::today::today;
use crate::catalog::Catalog;
use crate::config::{self, Chosen, ConfigFile, FILE_NAMES, Settings};
use crate::diagnostic::Diagnostic;
use crate::policy::InputKind;
use crate::source::neighbours::Area;
use crate::source::read;
use crate::source::{Source, SourceMap, Spanned};
use anyhow::{Context, bail};

/// Larger configurations are refused: 1 MiB. None that people write comes near.
const MAX_BYTES: u64 = 1 << 20;

/// The configuration file and the base flags, joined.
pub(super) struct Configured {
    pub(super) settings: Settings,
    /// The rules that the file names.
    names: Vec<Spanned<String>>,
    /// What it chooses for their options.
    options: Vec<Chosen>,
    /// What is wrong with the file.
    diagnostics: Vec<Diagnostic>,
    /// The file's text, for showing what is wrong with it; empty without a file.
    sources: SourceMap,
    /// The directory of the configuration, else that of the repository.
    pub(super) root: Option<PathBuf>,
}

/// Reads the configuration and lays the base flags over it.
pub(super) fn load(args: &BaseArgs) -> anyhow::Result<Configured> {
    let path = match &args.config {
        _ if args.no_config => None,
        Some(path) => Some(path.clone()),
        None => nearest(),
    };
    let mut sources = SourceMap::default();
    let mut file = ConfigFile::default();
    let mut root = PathBuf::new();
    let file_is_read = path.is_some();
    if let Some(path) = path {
        let text = text_of("configuration", &path, MAX_BYTES)?;
        let id = sources.add(Source::new(path.to_string_lossy().replace('\\', "/"), text));
        file = config::parse(id, sources.get(id));
        root = path.parent().unwrap_or(Path::new("")).to_path_buf();
    }
    let ConfigFile { mut settings, names, options, diagnostics } = file;
    for rules in &mut settings.rules {
        *rules = root.join(&*rules);
    }
    let project = if file_is_read { Some(std::path::absolute(root.join("."))?) } else { repository() };
    settings.rules.extend(args.rules.iter().cloned());
    settings.builtin &= !args.no_builtin;
    settings.today = Some(today()?);
    Ok(Configured { settings, names, options, diagnostics, sources, root: project })
}

impl Configured {
    /// Where files may stand that belong to the named ones.
    pub(super) fn area(&self) -> Area {
        let exclude = self.settings.exclude.as_ref().map(|paths| paths.matcher().clone());
        Area { root: self.root.clone(), exclude }
    }

    /// Lets the rules of the catalog judge by what the file chooses for their options.
    pub(super) fn choose_options(&mut self, catalog: &mut Catalog) {
        self.diagnostics.extend(config::settle(&mut self.settings, &self.options, catalog));
        catalog.choose(&self.settings.options);
    }

    /// Fails when anything is wrong with the file, once all rules and checks are known by name.
    pub(super) fn refuse_mistakes<'n>(
        &mut self,
        known: impl Iterator<Item = &'n str> + Clone,
    ) -> anyhow::Result<()> {
        self.diagnostics.extend(config::unknown_rules(&self.names, known));
        self.diagnostics.sort_by_key(|found| found.primary.span.start);
        Located::refuse(std::mem::take(&mut self.sources), std::mem::take(&mut self.diagnostics))?;
        Ok(())
    }

    /// Lays the flags of `check` over the settings, once all rules and checks are known by name.
    pub(super) fn lay_over<'n>(
        &mut self,
        args: &CheckArgs,
        known: impl Iterator<Item = &'n str> + Clone,
    ) -> anyhow::Result<()> {
        self.refuse_mistakes(known.clone())?;
        for (flag, names) in [("--only", &args.only), ("--off", &args.off)] {
            for name in names {
                check_name(flag, name, known.clone())?;
            }
        }
        let settings = &mut self.settings;
        settings.is_whole = is_whole(&args.paths, self.root.as_deref());
        if !args.only.is_empty() {
            settings.only = Some(args.only.iter().cloned().collect());
            // Who names a rule on the command line wants to see it, whatever the file says.
            args.only.iter().for_each(|rule| settings.turn_on(rule));
        }
        args.off.iter().for_each(|rule| settings.turn_off(rule));
        settings.explain_rule |= args.explain_rule;
        if args.input == Input::Model {
            settings.input = InputKind::Model;
        }
        if let Some(fail_on) = args.fail_on {
            settings.fail_on = fail_on.severity();
        }
        if args.exit_zero {
            settings.fail_on = None;
        }
        Ok(())
    }
}

/// Whether everything below a directory, by default the current one, is looked at.
fn is_whole(paths: &[PathBuf], root: Option<&Path>) -> bool {
    let current = [PathBuf::from(".")];
    let paths = if paths.is_empty() { &current } else { paths };
    let root = config::absolute(root.unwrap_or(Path::new(".")));
    paths.iter().any(|path| root.starts_with(config::absolute(path)))
}

/// The text of a file that the run itself needs, such as the `configuration`, of at most so many bytes.
pub(super) fn text_of(what: &str, path: &Path, max_bytes: u64) -> anyhow::Result<String> {
    read::text_of(path, max_bytes).with_context(|| format!("cannot read the {what} {}", path.display()))
}

/// Fails on a name that no rule has.
fn check_name<'n>(
    flag: &str,
    name: &str,
    mut known: impl Iterator<Item = &'n str> + Clone,
) -> anyhow::Result<()> {
    if known.clone().any(|known| known == name) {
        return Ok(());
    }
    match config::suggest(name, &mut known) {
        Some(near) => bail!("{flag}: there is no rule `{name}`; did you mean `{near}`?"),
        None => bail!("{flag}: there is no rule `{name}`; `grpc-guard rules` lists them all"),
    }
}

/// The configuration of the current directory or the nearest one above it, up to the repository's root.
fn nearest() -> Option<PathBuf> {
    let current = std::env::current_dir().ok()?;
    for dir in current.ancestors() {
        for name in FILE_NAMES {
            let path = dir.join(name);
            // Also when it is none that can be read: silence would mean that its settings hold.
            if path.symlink_metadata().is_ok() {
                // As short as the user would write it.
                return Some(path.strip_prefix(&current).map(Path::to_path_buf).unwrap_or(path));
            }
        }
        if dir.join(".git").exists() {
            return None;
        }
    }
    None
}

/// The root of the repository around the current directory.
fn repository() -> Option<PathBuf> {
    let current = std::env::current_dir().ok()?;
    current.ancestors().find(|dir| dir.join(".git").exists()).map(Path::to_path_buf)
}
