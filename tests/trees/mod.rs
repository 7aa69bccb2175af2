//! Trees that a property test makes up, written as JSON, as block YAML and as HCL.

use proptest::prelude::*;

/// A value that both formats can express.
#[derive(Debug, Clone)]
pub(crate) enum Tree {
    /// `null`, `true`, a number.
    Plain(&'static str),
    Text(String),
    List(Vec<Tree>),
    Map(Vec<(String, Tree)>),
}

/// How JSON is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    Compact,
    Pretty,
}

/// Any tree of moderate size.
pub(crate) fn tree() -> impl Strategy<Value = Tree> {
    let plain = ["null", "true", "false", "0", "-1", "2.5", "1e3"];
    let leaf = prop_oneof![
        proptest::sample::select(plain.to_vec()).prop_map(Tree::Plain),
        text().prop_map(Tree::Text),
    ];
    leaf.prop_recursive(5, 60, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Tree::List),
            proptest::collection::vec((text(), inner), 0..6).prop_map(Tree::Map),
        ]
    })
}

/// Words as they stand in templates, and strings that are hard to quote.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[A-Za-z][A-Za-z0-9_./-]{0,12}",
        1 => "[ -~]{0,12}",
        1 => "[a-c:# \\n\\t'\"\\\\é🦀-]{0,10}",
    ]
}

impl Tree {
    pub(crate) fn json(&self, layout: Layout) -> String {
        let mut out = String::new();
        self.write_json(layout, 0, &mut out);
        out
    }

    fn write_json(&self, layout: Layout, depth: usize, out: &mut String) {
        let line = |depth: usize, out: &mut String| {
            if layout == Layout::Pretty {
                out.push('\n');
                out.push_str(&"  ".repeat(depth));
            }
        };
        match self {
            Tree::Plain(word) => out.push_str(word),
            Tree::Text(text) => out.push_str(&quoted(text)),
            Tree::List(items) => {
                out.push('[');
                for (idx, item) in items.iter().enumerate() {
                    out.push_str(if idx > 0 { "," } else { "" });
                    line(depth + 1, out);
                    item.write_json(layout, depth + 1, out);
                }
                line(depth, out);
                out.push(']');
            }
            Tree::Map(entries) => {
                out.push('{');
                for (idx, (key, value)) in entries.iter().enumerate() {
                    out.push_str(if idx > 0 { "," } else { "" });
                    line(depth + 1, out);
                    out.push_str(&quoted(key));
                    out.push_str(if layout == Layout::Pretty { ": " } else { ":" });
                    value.write_json(layout, depth + 1, out);
                }
                line(depth, out);
                out.push('}');
            }
        }
    }

    /// The value of an argument `a`.
    pub(crate) fn hcl(&self) -> String {
        let mut out = String::from("a = ");
        self.write_hcl(1, &mut out);
        out.push('\n');
        out
    }

    fn write_hcl(&self, depth: usize, out: &mut String) {
        let line = |depth: usize, out: &mut String| {
            out.push('\n');
            out.push_str(&"  ".repeat(depth));
        };
        match self {
            Tree::Plain(word) => out.push_str(word),
            Tree::Text(text) => out.push_str(&hcl_text(text)),
            Tree::List(items) => {
                out.push('[');
                for item in items {
                    line(depth, out);
                    item.write_hcl(depth + 1, out);
                    out.push_str(", # next");
                }
                line(depth - 1, out);
                out.push(']');
            }
            Tree::Map(entries) => {
                out.push('{');
                for (key, value) in entries {
                    line(depth, out);
                    out.push_str(&hcl_text(key));
                    out.push_str(" = ");
                    value.write_hcl(depth + 1, out);
                }
                line(depth - 1, out);
                out.push('}');
            }
        }
    }

    /// Block style; every second kind of text is in single quotes where it can be.
    pub(crate) fn yaml(&self) -> String {
        let mut out = String::new();
        self.write_yaml(0, &mut out);
        out.push('\n');
        out
    }

    fn write_yaml(&self, depth: usize, out: &mut String) {
        let line = |out: &mut String| {
            out.push('\n');
            out.push_str(&"  ".repeat(depth));
        };
        match self {
            Tree::Plain(word) => out.push_str(word),
            Tree::Text(text) => out.push_str(&yaml_text(text)),
            Tree::List(items) if items.is_empty() => out.push_str("[ ]"),
            Tree::Map(entries) if entries.is_empty() => out.push_str("{}"),
            Tree::List(items) => {
                for item in items {
                    line(out);
                    out.push_str("- ");
                    item.write_yaml(depth + 1, out);
                }
            }
            Tree::Map(entries) => {
                for (key, value) in entries {
                    line(out);
                    out.push_str(&yaml_text(key));
                    out.push_str(": ");
                    value.write_yaml(depth + 1, out);
                }
            }
        }
    }
}

/// In single quotes where those can hold the text, else as JSON has it.
fn yaml_text(text: &str) -> String {
    if text.len().is_multiple_of(2)
        && !text.chars().any(char::is_control)
        && !text.contains(['\u{feff}', '\u{2028}'])
    {
        return format!("'{}'", text.replace('\'', "''"));
    }
    quoted(text)
}

fn hcl_text(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            // What is not printable in YAML must be escaped there; JSON may have it so.
            c if c.is_control() || !is_printable(c) => {
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn is_printable(c: char) -> bool {
    matches!(c, ' '..='~' | '\u{a0}'..='\u{2027}' | '\u{202a}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}' | '\u{10000}'..)
}
