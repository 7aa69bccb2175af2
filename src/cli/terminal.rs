//! Standard output, and what the terminal can show.

use std::io::{self, IsTerminal, Write};

use anyhow::Context;

use super::args::ColorWhen;

/// Writes everything to standard output.
pub(super) fn print(bytes: &[u8]) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes).and_then(|()| out.flush()).context("cannot write to standard output")
}

/// Whether a stream gets colours: the flag, then `NO_COLOR`, then `FORCE_COLOR` and `CLICOLOR_FORCE`, then
/// whether it is a terminal.
pub(super) fn wants_color(when: ColorWhen, stream: &impl IsTerminal) -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let forced = |name: &str| set(name) && std::env::var_os(name).is_some_and(|value| value != "0");
    match when {
        ColorWhen::Always => true,
        ColorWhen::Never => false,
        ColorWhen::Auto if set("NO_COLOR") => false,
        ColorWhen::Auto if forced("FORCE_COLOR") || forced("CLICOLOR_FORCE") => true,
        ColorWhen::Auto => stream.is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb"),
    }
}

/// Whether the names of rules are links: they follow colour, and an unknown terminal has none.
pub(super) fn wants_hyperlinks(when: ColorWhen, color: bool) -> bool {
    match when {
        ColorWhen::Always => true,
        ColorWhen::Never => false,
        ColorWhen::Auto => {
            let is_ci = std::env::var_os("CI").is_some_and(|value| !value.is_empty());
            color
                && !is_ci
                && io::stdout().is_terminal()
                && supports_hyperlinks::on(supports_hyperlinks::Stream::Stdout)
        }
    }
}

/// The columns of the terminal: `COLUMNS`, then what the terminal says; 0 when nothing is known.
pub(super) fn width() -> usize {
    let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok()).unwrap_or(0);
    if columns > 0 {
        return columns;
    }
    terminal_size::terminal_size().map_or(0, |(width, _)| width.0.into())
}
