//! `grpc-guard graph`: the ways that calls take, with the findings on them.

use std::io::{self, Write as _};
use std::path::PathBuf;

use super::args::{BaseArgs, ColorWhen};
use super::{CLEAN, rules, settings, terminal};
use crate::engine;
use crate::report::graph::{self, GraphFormat};
use crate::report::{self, Options};
use crate::source::neighbours::Area;
use crate::source::read::{self, ReadOptions};

pub(super) fn run(
    paths: &[PathBuf],
    base: &BaseArgs,
    format: GraphFormat,
    color: ColorWhen,
) -> anyhow::Result<u8> {
    let mut configured = settings::load(base)?;
    let catalog = rules::load(&mut configured)?;
    configured.refuse_mistakes(rules::names(&catalog, &report::checks()).into_iter())?;
    configured.settings.traffic = true;
    let exclude = configured.settings.exclude.as_ref().map(|set| set.matcher().clone());
    let area = Some(Area { root: configured.root, exclude: exclude.clone() });
    let options = ReadOptions { exclude, area, ..ReadOptions::default() };
    let loaded = read::read(paths, &options);
    let analysis = engine::analyze(loaded, &catalog, &configured.settings);
    if analysis.traffic.iter().all(|traffic| traffic.hops.is_empty()) {
        let _ = writeln!(
            io::stderr(),
            "warning: nothing to draw: no load balancer, target group or gRPC service was found"
        );
    }
    let mut bytes = Vec::new();
    let color = format == GraphFormat::Text && terminal::wants_color(color, &io::stdout());
    graph::write(format, &analysis, &mut bytes, &Options { color, ..Options::default() })?;
    terminal::print(&bytes)?;
    Ok(CLEAN)
}
