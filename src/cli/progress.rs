//! A bar on the terminal while a long run lasts: never in a pipe, a hook or CI, and never for a run that is over at once.

use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// Runs that end sooner show nothing.
const PATIENCE: Duration = Duration::from_millis(600);
const REDRAW: Duration = Duration::from_millis(100);

/// How far a run is.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// Files to look at; 0 while they are still being searched.
    pub(super) total: AtomicU64,
    pub(super) done: AtomicU64,
}

/// A bar that is drawn until it is dropped.
pub(super) struct Bar {
    pub(super) progress: Arc<Progress>,
    drawing: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Bar {
    /// Starts to draw, when somebody is there to see it.
    pub(super) fn new(quiet: bool) -> Self {
        let progress = Arc::new(Progress::default());
        let env = |name: &str| std::env::var(name).ok();
        let drawing = (!quiet && is_watched(io::stderr().is_terminal(), env)).then(|| {
            let (stop, stopped) = mpsc::channel();
            let progress = Arc::clone(&progress);
            let draw = move || {
                if stopped.recv_timeout(PATIENCE) != Err(RecvTimeoutError::Timeout) {
                    return;
                }
                let bar = ProgressBar::new(0);
                let style = |template| {
                    ProgressStyle::with_template(template)
                        .expect("internal error: the template of the bar is one")
                };
                bar.set_style(style("reading files {elapsed}"));
                while stopped.recv_timeout(REDRAW) == Err(RecvTimeoutError::Timeout) {
                    let total = progress.total.load(Ordering::Relaxed);
                    if total > 0 && bar.length() != Some(total) {
                        bar.set_style(style("checking {pos}/{len} files {wide_bar} {elapsed}"));
                        bar.set_length(total);
                    }
                    bar.set_position(progress.done.load(Ordering::Relaxed));
                    bar.tick();
                }
                bar.finish_and_clear();
            };
            (stop, thread::spawn(draw))
        });
        Self { progress, drawing }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.drawing.take() {
            drop(stop);
            // The line must be gone before anything else is printed.
            let _ = thread.join();
        }
    }
}

/// Whether somebody looks at standard error.
fn is_watched(is_terminal: bool, env: impl Fn(&str) -> Option<String>) -> bool {
    let set = |name| env(name).is_some_and(|value| !value.is_empty() && value != "false");
    let automatic = ["CI", "PRE_COMMIT", "GITHUB_ACTIONS", "GITLAB_CI", "TF_BUILD", "TEAMCITY_VERSION"];
    is_terminal && env("TERM").is_none_or(|term| term != "dumb") && !automatic.into_iter().any(set)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_for_people() {
        let watched = |terminal: bool, name: &str, value: &str| {
            is_watched(terminal, |asked| (asked == name).then(|| value.to_string()))
        };
        assert!(watched(true, "TERM", "xterm-256color"));
        assert!(watched(true, "CI", "false") && watched(true, "CI", ""));
        for (terminal, name, value) in [
            (false, "TERM", "xterm"),
            (true, "TERM", "dumb"),
            (true, "CI", "true"),
            (true, "PRE_COMMIT", "1"),
            (true, "GITLAB_CI", "true"),
        ] {
            assert!(!watched(terminal, name, value), "{terminal} {name}={value}");
        }
    }

    #[test]
    fn nothing_is_drawn_where_nobody_looks() {
        let bar = Bar::new(true);
        assert!(bar.drawing.is_none());
        bar.progress.done.fetch_add(1, Ordering::Relaxed);
    }
}
