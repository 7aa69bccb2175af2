//! The program on a terminal: a real one, whose size may be unknown.

#![cfg(target_os = "linux")]

mod support;

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use support::program::{FAULTY, Project};

/// Two ends of a terminal of so many columns and rows.
fn terminal(columns: u16, rows: u16) -> (File, File) {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("this system has terminals");
    grantpt(&ours).expect("granted");
    unlockpt(&ours).expect("unlocked");
    let name = ptsname(&ours, Vec::new()).expect("a name").into_string().expect("UTF-8");
    let theirs = OpenOptions::new().read(true).write(true).open(name).expect("the other end");
    let size = Winsize { ws_col: columns, ws_row: rows, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(&theirs, size).expect("a size");
    (File::from(ours), theirs)
}

/// All that comes out of our end, once nobody holds the other one.
fn listen(mut ours: File) -> mpsc::Receiver<String> {
    let (send, receive) = mpsc::channel();
    thread::spawn(move || {
        let (mut all, mut chunk) = (Vec::new(), [0; 4096]);
        // The end of a terminal is an error.
        while let Ok(n @ 1..) = ours.read(&mut chunk) {
            all.extend_from_slice(&chunk[..n]);
        }
        let _ = send.send(String::from_utf8_lossy(&all).into_owned());
    });
    receive
}

fn check(project: &Project, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_grpc-guard"));
    command.env_clear().env("TERM", "xterm-256color").current_dir(project.path()).arg("check").args(args);
    command
}

/// What stands on the terminal of standard error after a run that waits for its input for some time.
fn shown_while_it_waits(environment: &[(&str, &str)], args: &[&str], size: (u16, u16)) -> String {
    let project = Project::new(&[]);
    let (ours, theirs) = terminal(size.0, size.1);
    let mut command = check(&project, &[&["-", "--format", "json"], args].concat());
    command.envs(environment.iter().copied()).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(theirs);
    let mut child = command.spawn().expect("the tool runs");
    drop(command);
    let shown = listen(ours);
    thread::sleep(Duration::from_millis(1800));
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(FAULTY.as_bytes()).expect("it reads");
    drop(stdin);
    assert_eq!(child.wait().expect("it ends").code(), Some(1));
    shown.recv().expect("what was shown")
}

#[test]
fn a_long_run_shows_that_it_runs() {
    let shown = shown_while_it_waits(&[], &[], (80, 24));
    assert!(shown.contains("reading files"), "{shown:?}");
    let (_, after) = shown.rsplit_once("reading files").expect("it is there");
    assert!(after.contains("\u{1b}[2K") || after.contains("\u{1b}[K"), "the line is cleared: {shown:?}");
    assert!(
        shown_while_it_waits(&[], &[], (0, 0)).contains("reading files"),
        "on a terminal without a size too"
    );
}

#[test]
fn nothing_is_drawn_where_nobody_looks() {
    for (environment, args) in [
        (&[("CI", "true")][..], &[][..]),
        (&[("PRE_COMMIT", "1")], &[]),
        (&[("GITHUB_ACTIONS", "true")], &[]),
        (&[("TERM", "dumb")], &[]),
        (&[], &["--quiet"]),
    ] {
        assert_eq!(shown_while_it_waits(environment, args, (80, 24)), "", "{environment:?} {args:?}");
    }
}

/// Hooks run on terminals of size 0x0 when their output is coloured.
#[test]
fn reports_on_terminals_of_any_size() {
    let long = FAULTY.replace("\"200\"", &"1".repeat(300));
    let project = Project::new(&[("long.yaml", long.as_bytes())]);
    for (columns, rows, most) in [(0, 0, 80), (100, 24, 100), (60, 24, 60)] {
        let (ours, theirs) = terminal(columns, rows);
        let mut command = check(&project, &["long.yaml", "--hyperlinks", "never"]);
        command.stdin(Stdio::null()).stderr(Stdio::null()).stdout(theirs);
        let started = Instant::now();
        let mut child = command.spawn().expect("the tool runs");
        drop(command);
        let shown = listen(ours);
        assert_eq!(child.wait().expect("it ends").code(), Some(1));
        assert!(started.elapsed() < Duration::from_secs(60));
        let shown = shown.recv().expect("what was shown");
        assert!(shown.contains("\u{1b}["), "a terminal has colours: {shown:?}");
        let plain = without_colours(&shown);
        let code = plain.lines().find(|line| line.starts_with("11 |")).unwrap_or_else(|| panic!("{plain}"));
        assert_eq!(code.trim_end().chars().count(), most, "{columns}x{rows}: {code}");
    }
}

/// The text without `ESC [ … m`.
fn without_colours(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let first = parts.next().unwrap_or_default().to_string();
    parts.fold(first, |plain, part| plain + part.split_once('m').map_or(part, |(_, rest)| rest))
}
