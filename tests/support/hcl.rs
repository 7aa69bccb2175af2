//! Terraform's JSON syntax written in its native one, as a person would write it.

use serde_json::{Map, Value};

/// How many labels a block of the top level has.
fn n_labels(block: &str) -> usize {
    match block {
        "resource" | "data" => 2,
        "variable" | "output" | "module" | "provider" => 1,
        _ => 0,
    }
}

/// A configuration in HCL; `None` where it holds what HCL cannot say, such as notes under `"//"`.
pub(crate) fn of_json(configuration: &Value) -> Option<String> {
    let mut out = String::new();
    for (block, content) in configuration.as_object()? {
        blocks(&mut out, 0, block, n_labels(block), content)?;
    }
    Some(out)
}

/// The blocks of one type: an object, or a list of them, below so many levels of labels.
fn blocks(out: &mut String, indent: usize, head: &str, n_labels: usize, content: &Value) -> Option<()> {
    match content {
        Value::Array(items) => items.iter().try_for_each(|item| blocks(out, indent, head, n_labels, item)),
        Value::Object(labelled) if n_labels > 0 => labelled.iter().try_for_each(|(label, content)| {
            let head = format!("{head} {}", Value::from(label.as_str()));
            blocks(out, indent, &head, n_labels - 1, content)
        }),
        Value::Object(body) => {
            let pad = "  ".repeat(indent);
            out.push_str(&format!("{pad}{head} {{\n"));
            self::body(out, indent + 1, head, body)?;
            out.push_str(&format!("{pad}}}\n"));
            Some(())
        }
        _ => None,
    }
}

fn body(out: &mut String, indent: usize, head: &str, body: &Map<String, Value>) -> Option<()> {
    for (key, value) in body {
        if !is_identifier(key) {
            return None;
        }
        if key == "dynamic" {
            blocks(out, indent, key, 1, value)?;
        } else if is_block(value) {
            blocks(out, indent, key, 0, value)?;
        } else {
            let is_type = key == "type" && head.starts_with("variable ");
            let unquoted = is_type || matches!(key.as_str(), "depends_on" | "ignore_changes");
            let written = expression(value, indent, unquoted)?;
            out.push_str(&format!("{}{key} = {written}\n", "  ".repeat(indent)));
        }
    }
    Some(())
}

/// Whether a value can be written as a block: an object of identifiers, or a list of such objects.
fn is_block(value: &Value) -> bool {
    match value {
        Value::Object(body) => body.keys().all(|key| is_identifier(key)),
        Value::Array(items) => {
            !items.is_empty() && items.iter().all(|item| item.is_object() && is_block(item))
        }
        _ => false,
    }
}

fn is_identifier(key: &str) -> bool {
    key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && key.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c))
}

/// An expression; a text that is a type or a reference by its place goes without quotes.
fn expression(value: &Value, indent: usize, unquoted: bool) -> Option<String> {
    Some(match value {
        Value::String(text) => match text.strip_prefix("${").and_then(|text| text.strip_suffix('}')) {
            Some(inner) if !inner.contains("${") && !inner.contains('}') => inner.to_string(),
            _ if unquoted && text.starts_with(|c: char| c.is_ascii_alphabetic()) => text.clone(),
            _ => quoted(text),
        },
        Value::Array(items) => {
            let items: Option<Vec<String>> =
                items.iter().map(|item| expression(item, indent, unquoted)).collect();
            format!("[{}]", items?.join(", "))
        }
        Value::Object(entries) => {
            let mut out = String::from("{\n");
            for (key, value) in entries {
                if key == "//" {
                    return None;
                }
                let key = if is_identifier(key) { key.clone() } else { quoted(key) };
                let value = expression(value, indent + 1, false)?;
                out.push_str(&format!("{}{key} = {value}\n", "  ".repeat(indent + 1)));
            }
            format!("{out}{}}}", "  ".repeat(indent))
        }
        other => other.to_string(),
    })
}

/// A string in quotes; what stands in `${…}` is left as it is.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    let mut at = 0;
    while let Some(next) = text[at..].chars().next() {
        let rest = &text[at..];
        if rest.starts_with("${")
            && let Some(end) = grpc_guard::syntax::closing_brace(text.as_bytes(), at + 2, text.len())
        {
            out.push_str(&text[at..=end]);
            at = end + 1;
            continue;
        }
        match next {
            '"' | '\\' => out.extend(['\\', next]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            _ => out.push(next),
        }
        at += next.len_utf8();
    }
    out.push('"');
    out
}
