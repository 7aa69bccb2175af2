//! Changes of a file that change nothing of what it says. Each is made on the document tree or on the bytes at its spans, and
//! gives `None` where it has nothing to do or could not be sure to keep the meaning.

mod names;
mod notation;
mod order;

pub(crate) use names::unmarked;

use std::sync::Arc;

use grpc_guard::dialect::{self, Dialect};
use grpc_guard::document::{Document, Format, Kind, NodeRef, ScalarStyle};
use grpc_guard::source::FileId;
use grpc_guard::syntax;

/// A file that could be read without a complaint, and that is of a dialect.
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) text: String,
    pub(crate) document: Document,
    pub(crate) dialect: Dialect,
}

impl File {
    pub(crate) fn new(path: &str, text: &str) -> Option<Self> {
        let format = syntax::format_of(path, text).filter(|it| matches!(it, Format::Yaml | Format::Json))?;
        let (document, wrong) = syntax::parse(FileId(0), format, &Arc::from(text));
        if !wrong.is_empty() || text.contains('\r') {
            return None;
        }
        let dialect = dialect::detect(&dialect::File { path, document: &document })?;
        Some(Self { path: path.to_string(), text: text.to_string(), document, dialect })
    }

    fn is_yaml(&self) -> bool {
        self.document.format == Format::Yaml
    }

    fn has_aliases(&self) -> bool {
        self.document.aliases().next().is_some()
    }

    /// The same file with another text.
    fn with(&self, text: String) -> Option<Files> {
        (text != self.text).then(|| vec![(self.path.clone(), text)])
    }
}

/// Files by path.
pub(crate) type Files = Vec<(String, String)>;

/// A change by its name.
pub(crate) type Change = (&'static str, fn(&File) -> Option<Files>);

/// All changes of a single file.
pub(crate) const CHANGES: [Change; 14] = [
    ("a byte order mark", |file| {
        file.with(format!("\u{feff}{}", file.text.strip_prefix('\u{feff}').unwrap_or(&file.text)))
    }),
    ("carriage returns", |file| file.with(file.text.replace('\n', "\r\n"))),
    ("comments on lines of their own", comments_above),
    ("comments behind values", |file| behind_values(file, "  # a remark")),
    ("spaces at the ends of lines", |file| behind_values(file, "  ")),
    ("an unrelated resource", unrelated),
    ("keys in another order", order::keys),
    ("documents in another order", order::documents),
    ("two files for one", order::split),
    ("other names", names::renamed),
    ("JSON for YAML", notation::to_json),
    ("YAML for JSON", notation::to_yaml),
    ("a `.yaml` that holds JSON", notation::json_as_yaml),
    ("JSON on one line", notation::compact),
];

/// Visits a node and all below it; aliases are not followed.
fn visit<'d>(node: NodeRef<'d>, see: &mut dyn FnMut(NodeRef<'d>)) {
    see(node);
    if node.is_alias() {
        return;
    }
    node.items().for_each(|item| visit(item, see));
    for entry in node.written_entries() {
        visit(entry.key, see);
        visit(entry.value, see);
    }
}

/// Puts texts in at byte offsets.
fn insert(text: &str, mut insertions: Vec<(usize, String)>) -> String {
    insertions.sort();
    insertions.dedup();
    let (mut out, mut done) = (String::with_capacity(text.len() * 2), 0);
    for (at, new) in insertions {
        out.push_str(&text[done..at]);
        out.push_str(&new);
        done = at;
    }
    out + &text[done..]
}

/// The start of the line of a key that has the line for itself.
fn line_of_key(text: &str, key: NodeRef<'_>) -> Option<usize> {
    let at = key.tag().map_or(key.span().start, |tag| tag.span.start) as usize;
    let start = text[..at].rfind('\n').map_or(0, |end| end + 1);
    text[start..at].bytes().all(|byte| byte == b' ').then_some(start)
}

/// Whether the line above an offset is a comment.
fn is_below_comment(text: &str, start: usize) -> bool {
    text[..start]
        .trim_end_matches('\n')
        .rsplit('\n')
        .next()
        .is_some_and(|line| line.trim_start().starts_with('#'))
}

fn comments_above(file: &File) -> Option<Files> {
    if !file.is_yaml() {
        return None;
    }
    let mut insertions = Vec::new();
    let mut see = |node: NodeRef<'_>| {
        for entry in node.written_entries().filter(|_| !node.is_alias()) {
            if let Some(start) =
                line_of_key(&file.text, entry.key).filter(|start| !is_below_comment(&file.text, *start))
            {
                let indent = entry.key.span().start as usize - start;
                insertions.push((start, format!("{}# a remark\n", " ".repeat(indent))));
            }
        }
    };
    file.document.roots().for_each(|root| visit(root, &mut see));
    file.with(insert(&file.text, insertions))
}

/// Adds something behind scalars that end their line.
fn behind_values(file: &File, what: &str) -> Option<Files> {
    if !file.is_yaml() {
        return None;
    }
    let mut insertions = Vec::new();
    let mut see = |node: NodeRef<'_>| {
        let span = node.span().range();
        let is_simple = node.scalar().is_some_and(|scalar| {
            matches!(scalar.style, ScalarStyle::Plain | ScalarStyle::Single | ScalarStyle::Double)
        });
        let is_written = !span.is_empty() && !file.text[span.clone()].contains('\n');
        let rest = file.text[span.end..].lines().next().unwrap_or_default();
        if is_simple && is_written && rest.is_empty() && file.text[span.end..].starts_with('\n') {
            insertions.push((span.end, what.to_string()));
        }
    };
    file.document.roots().for_each(|root| visit(root, &mut see));
    file.with(insert(&file.text, insertions))
}

fn unrelated(file: &File) -> Option<Files> {
    let root = file.document.roots().next()?;
    match file.dialect {
        Dialect::CloudFormation => {
            let resources = root.get("Resources").filter(|resources| !resources.is_alias())?;
            let first = resources.written_entries().next()?;
            let at = first.key.span().start as usize;
            if file.text[resources.span().range()].starts_with('{') {
                let new = "\"Unrelated\": {\"Type\": \"AWS::SNS::Topic\"},\n".to_string();
                return file.with(insert(&file.text, vec![(at, new)]));
            }
            let start = line_of_key(&file.text, first.key)?;
            let indent = " ".repeat(at - start);
            let new = format!("{indent}Unrelated:\n{indent}  Type: AWS::SNS::Topic\n");
            file.with(insert(&file.text, vec![(start, new)]))
        }
        Dialect::Kubernetes if file.is_yaml() => {
            let new =
                "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: unrelated\n  namespace: elsewhere\n";
            if file.text.trim_end().ends_with("...") {
                return None;
            }
            file.with(format!("{}\n---\n{new}", file.text.trim_end_matches('\n')))
        }
        Dialect::Terraform if file.path.ends_with(".tf.json") => {
            let resources = root.get("resource").filter(|node| node.kind() == Kind::Mapping)?;
            if resources.get("aws_sns_topic").is_some() {
                return None;
            }
            let at = resources.written_entries().next()?.key.span().start as usize;
            let new = "\"aws_sns_topic\": {\"unrelated\": {\"name\": \"unrelated\"}},\n".to_string();
            file.with(insert(&file.text, vec![(at, new)]))
        }
        _ => None,
    }
}
