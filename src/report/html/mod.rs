//! One page for a browser: the findings with the code they are about, the traffic as a picture, a filter.
//!
//! The page holds all that it needs and asks nobody for more; its policy forbids it to. Whatever comes from files is text
//! on it, never markup.

mod excerpt;
mod markdown;
mod picture;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io::{self, Write};

use super::location::Location;
use super::neutral::neutral;
use super::{Counts, Options, RuleInfo, counted, open};
use crate::diagnostic::{Applicability, Diagnostic, Severity};
use crate::engine::Analysis;
use crate::source::FileId;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
/// What the policy of the page names; a test holds them against the files.
const STYLE_HASH: &str = "VxofjbLiCsxT0pJidr50DQjB304mq37lml4cx/cIfc8=";
const SCRIPT_HASH: &str = "P/PXuWSO9WAwHJwHZ+oohmSOEykxNeX32oyBBMrGSSs=";

pub(super) fn write(
    analysis: &Analysis,
    rules: &[RuleInfo],
    out: &mut dyn Write,
    options: &Options,
) -> io::Result<()> {
    let mut paths: Vec<&str> = analysis.sources.iter().map(|(_, source)| source.path.as_str()).collect();
    paths.sort_unstable();
    let page = Page { analysis, rules, findings: open(analysis).collect(), paths, options };
    page.head(out)?;
    page.filter(out)?;
    writeln!(out, "<main id=\"main\">")?;
    page.traffic(out)?;
    page.findings(out)?;
    page.excepted(out)?;
    writeln!(out, "</main>")?;
    page.foot(out)
}

/// Text as HTML shows it: what could mislead is visible, what could be markup is none.
fn escaped(text: &str) -> String {
    let text = neutral(text);
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// A line of prose, with what stands in backticks as code.
fn prose(text: &str) -> String {
    let mut shown = String::new();
    for (idx, part) in text.split('`').enumerate() {
        match idx % 2 {
            1 if !part.is_empty() => shown.push_str(&format!("<code>{}</code>", escaped(part))),
            _ => shown.push_str(&escaped(part)),
        }
    }
    shown
}

struct Page<'a> {
    analysis: &'a Analysis,
    rules: &'a [RuleInfo],
    /// Those without an exception, in the order of the report.
    findings: Vec<&'a Diagnostic>,
    /// All paths in order; a file's number on the page is its place here, whatever the order of reading.
    paths: Vec<&'a str>,
    options: &'a Options,
}

impl Page<'_> {
    fn head(&self, out: &mut dyn Write) -> io::Result<()> {
        let counts = Counts::of(self.analysis);
        let found: Vec<String> =
            [(counts.errors, "error"), (counts.warnings, "warning"), (counts.infos, "info")]
                .into_iter()
                .filter(|(n, _)| *n > 0)
                .map(|(n, noun)| counted(n, noun))
                .collect();
        let found = if found.is_empty() { "No findings".to_string() } else { found.join(", ") };
        let files = counted(self.analysis.stats.files, "file");
        let n_rules = counted(self.options.n_rules, "rule");
        writeln!(
            out,
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-{STYLE_HASH}'; \
             script-src 'sha256-{SCRIPT_HASH}'; base-uri 'none'; form-action 'none'\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"referrer\" content=\"no-referrer\">\n\
             <title>{found} · grpc-guard</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
             <a class=\"skip\" href=\"#main\">Skip to the findings</a>\n\
             <header class=\"top\">\n<p class=\"brand\">grpc-guard</p>\n<h1>{found}</h1>\n\
             <p>{files} checked with {n_rules}</p>\n</header>"
        )
    }

    fn filter(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(
            out,
            "<div class=\"bar\"><form id=\"filter\" role=\"search\" aria-label=\"Filter the findings\">"
        )?;
        for (severity, noun) in
            [(Severity::Error, "error"), (Severity::Warning, "warning"), (Severity::Info, "info")]
        {
            let n = self.findings.iter().filter(|found| found.severity == severity).count();
            if n > 0 {
                let word = severity.as_str();
                writeln!(
                    out,
                    "<button type=\"button\" class=\"chip {word}\" data-severity=\"{word}\" aria-pressed=\"true\"><b>{n}</b> {noun}{}</button>",
                    if n == 1 { "" } else { "s" }
                )?;
            }
        }
        writeln!(
            out,
            "<input type=\"search\" name=\"words\" placeholder=\"Search\" aria-label=\"Search the findings\" autocomplete=\"off\">"
        )?;
        let rules: BTreeSet<&str> = self.findings.iter().map(|found| &*found.rule).collect();
        writeln!(out, "<select name=\"rule\" aria-label=\"Rule\"><option value=\"\">all rules</option>")?;
        for rule in rules {
            writeln!(out, "<option value=\"{0}\">{0}</option>", escaped(rule))?;
        }
        writeln!(
            out,
            "</select>\n<select name=\"file\" aria-label=\"File\"><option value=\"\">all files</option>"
        )?;
        for file in self.files() {
            writeln!(out, "<option value=\"{}\">{}</option>", self.number(file), escaped(self.path(file)))?;
        }
        writeln!(out, "</select>\n<output aria-live=\"polite\"></output>\n</form></div>")
    }

    /// The files with findings, in the order of the report.
    fn files(&self) -> Vec<FileId> {
        let mut files: Vec<FileId> = Vec::new();
        for found in &self.findings {
            if files.last() != Some(&found.primary.span.file) {
                files.push(found.primary.span.file);
            }
        }
        files
    }

    fn number(&self, file: FileId) -> usize {
        self.paths.binary_search(&self.path(file)).unwrap_or_default()
    }

    fn path(&self, file: FileId) -> &str {
        &self.analysis.sources.get(file).path
    }

    fn traffic(&self, out: &mut dyn Write) -> io::Result<()> {
        let pictures: Vec<String> = super::graph::shown(self.analysis)
            .filter_map(|traffic| {
                let id =
                    |found: &Diagnostic| self.findings.iter().position(|other| std::ptr::eq(*other, found));
                let files: Vec<usize> = traffic.files.iter().map(|file| self.number(*file)).collect();
                picture::draw(traffic, self.analysis, &files, id)
            })
            .collect();
        if pictures.is_empty() {
            return Ok(());
        }
        writeln!(
            out,
            "<section aria-labelledby=\"traffic\">\n<h2 id=\"traffic\">The ways of the traffic</h2>"
        )?;
        for picture in pictures {
            writeln!(out, "{picture}")?;
        }
        writeln!(out, "</section>")
    }

    fn findings(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "<section aria-labelledby=\"findings\">\n<h2 id=\"findings\">Findings</h2>")?;
        if self.findings.is_empty() {
            let n_rules = counted(self.options.n_rules, "rule");
            writeln!(out, "<p class=\"card none\">Nothing was found by {n_rules}.</p>")?;
        }
        writeln!(out, "<p class=\"card none\" id=\"none\" hidden>No finding fits the filter.</p>")?;
        let mut last = None;
        for (idx, found) in self.findings.iter().enumerate() {
            let file = found.primary.span.file;
            if last != Some(file) {
                if last.is_some() {
                    writeln!(out, "</div>")?;
                }
                let n = self.findings.iter().filter(|other| other.primary.span.file == file).count();
                writeln!(
                    out,
                    "<div data-group>\n<h3 class=\"file\">{}<small>{}</small></h3>",
                    escaped(self.path(file)),
                    counted(n, "finding")
                )?;
            }
            last = Some(file);
            self.finding(out, idx, found)?;
        }
        if last.is_some() {
            writeln!(out, "</div>")?;
        }
        writeln!(out, "</section>")
    }

    fn finding(&self, out: &mut dyn Write, idx: usize, found: &Diagnostic) -> io::Result<()> {
        let severity = found.severity.as_str();
        let rule = escaped(&found.rule);
        let place = Location::of(&self.analysis.sources, found.primary.span);
        writeln!(
            out,
            "<article class=\"card finding {severity}\" id=\"f{idx}\" tabindex=\"-1\" data-finding data-severity=\"{severity}\" \
             data-rule=\"{rule}\" data-file=\"{}\">\n\
             <div class=\"head\"><span class=\"tag {severity}\">{severity}</span><span class=\"rule\">{rule}</span>\
             <a class=\"place\" href=\"#f{idx}\">{}:{}:{}</a></div>\n<h3>{}</h3>",
            self.number(found.primary.span.file),
            escaped(place.path),
            place.start.line,
            place.start.column,
            prose(&found.message),
        )?;
        if let Some(resource) = &found.resource {
            let others = match found.other_resources.len() {
                0 => String::new(),
                1 => format!(" and <code>{}</code>", escaped(&found.other_resources[0])),
                n => format!(" and {n} others"),
            };
            writeln!(out, "<p class=\"of\">in <code>{}</code>{others}</p>", escaped(resource))?;
        }
        excerpt::write(out, found, &self.analysis.sources)?;
        if let Some(help) = &found.help {
            writeln!(out, "<p class=\"help\"><b>What to do:</b>{}</p>", prose(help))?;
        }
        if let Some(fix) = &found.fix {
            let flags = match fix.applicability {
                Applicability::Safe => "--fix",
                Applicability::Unsafe => "--fix --unsafe-fixes",
            };
            writeln!(
                out,
                "<p class=\"help\"><b>Fix:</b>{} (<code>grpc-guard check {flags}</code>)</p>",
                prose(&fix.title)
            )?;
        }
        self.why(out, found)?;
        writeln!(out, "</article>")
    }

    /// What the rule says about itself, and how to make an exception.
    fn why(&self, out: &mut dyn Write, found: &Diagnostic) -> io::Result<()> {
        let Some(rule) = self.rules.iter().find(|rule| rule.name == found.rule) else { return Ok(()) };
        if rule.explanation.is_empty() {
            return Ok(());
        }
        writeln!(
            out,
            "<details class=\"why\"><summary>Why</summary><div>{}",
            markdown::html(&rule.explanation)
        )?;
        if let Some(url) = found.url.as_deref().or(rule.url.as_deref()).filter(|url| is_address(url)) {
            writeln!(out, "<p>Source: <a href=\"{0}\" rel=\"noreferrer\">{0}</a></p>", escaped(url))?;
        }
        writeln!(
            out,
            "<p>An exception, on the line or right above it: <code># grpc-guard: ignore[{}] the reason</code></p></div></details>",
            escaped(&rule.name)
        )
    }

    /// What does not count, and why.
    fn excepted(&self, out: &mut dyn Write) -> io::Result<()> {
        let excepted: Vec<&Diagnostic> =
            self.analysis.diagnostics.iter().filter(|found| found.suppressed.is_some()).collect();
        if excepted.is_empty() {
            return Ok(());
        }
        writeln!(
            out,
            "<details class=\"card excepted\"><summary>{} excepted</summary>\n<ul>",
            counted(excepted.len(), "finding")
        )?;
        for found in excepted {
            let place = Location::of(&self.analysis.sources, found.primary.span);
            let reason = found.suppressed.as_ref().map(|suppression| suppression.reason.as_str());
            let reason = reason.filter(|reason| !reason.is_empty()).unwrap_or("no reason given");
            writeln!(
                out,
                "<li><code>{}</code> at <code>{}:{}</code>: {} ({})</li>",
                escaped(&found.rule),
                escaped(place.path),
                place.start.line,
                prose(&found.message),
                escaped(reason)
            )?;
        }
        writeln!(out, "</ul></details>")
    }

    fn foot(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(
            out,
            "<footer>grpc-guard {}<span class=\"keys\"> · <kbd>/</kbd> search, <kbd>j</kbd> next, <kbd>k</kbd> previous finding</span></footer>\n\
             <script>{SCRIPT}</script>\n</body>\n</html>",
            env!("CARGO_PKG_VERSION")
        )
    }
}

/// Whether a link can do no more than lead somewhere.
fn is_address(url: &str) -> bool {
    url.starts_with("https://") || url.starts_with("http://")
}

/// At most `most` characters of a text.
fn short(text: &str, most: usize) -> Cow<'_, str> {
    if text.chars().count() <= most {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().take(most.saturating_sub(1)).chain(std::iter::once('…')).collect())
}

#[cfg(test)]
mod tests {
    use data_encoding::BASE64;
    use sha2::{Digest, Sha256};

    use super::*;

    #[test]
    fn the_policy_allows_what_is_on_the_page_and_nothing_else() {
        let hash = |text: &str| BASE64.encode(&Sha256::digest(text.as_bytes()));
        assert_eq!(STYLE_HASH, hash(STYLE));
        assert_eq!(SCRIPT_HASH, hash(SCRIPT));
        assert!(!STYLE.contains("url(") && !SCRIPT.contains("innerHTML"));
    }

    #[test]
    fn text_is_no_markup() {
        assert_eq!(escaped("<b a='\"&\u{1b}\u{202e}"), "&lt;b a=&#39;&quot;&amp;␛\u{fffd}");
        assert_eq!(prose("set `<A>` to `B`"), "set <code>&lt;A&gt;</code> to <code>B</code>");
        assert_eq!(prose("an `odd <one"), "an <code>odd &lt;one</code>");
    }

    #[test]
    fn links_lead_and_do_not_run() {
        assert!(is_address("https://docs.aws.amazon.com/") && !is_address("javascript:alert(1)"));
    }
}
