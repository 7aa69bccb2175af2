//! HCL: no panic, spans in the text, the same tree twice; JSON written as HCL gives the tree of the JSON.
#![no_main]

use grpc_guard::document::Format;
use grpc_guard_fuzz::{check, outline, parse};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|text: &str| {
    let (document, diagnostics) = parse(Format::Hcl, text);
    let (again, same) = parse(Format::Hcl, text);
    assert_eq!(outline(&document), outline(&again));
    assert_eq!(diagnostics, same);
    check("main.tf", text);
    if let Ok(value) = serde_json::from_str::<Value>(text) {
        hold_tree(&value);
    }
});

/// A value of JSON, written as the value of an argument, reads as what it is.
fn hold_tree(value: &Value) {
    let mut text = String::from("a = ");
    write(value, &mut text);
    if text.contains("${") || text.contains("%{") {
        return;
    }
    let (document, diagnostics) = parse(Format::Hcl, &text);
    if diagnostics.iter().any(|found| found.rule == "limit-reached") {
        return;
    }
    assert!(diagnostics.is_empty(), "valid, and refused: {} in {text}", diagnostics[0].message);
    let read = document.roots().next().and_then(|root| root.get("a")).map(as_json);
    assert_eq!(read.as_ref().map(plain), Some(plain(value)), "{text}");
}

/// Numbers compared as they are written.
fn plain(value: &Value) -> String {
    value.to_string()
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::String(text) => quoted(text, out),
        Value::Array(items) => {
            out.push('[');
            for item in items {
                write(item, out);
                out.push(',');
            }
            out.push(']');
        }
        Value::Object(entries) => {
            out.push_str("{\n");
            for (key, value) in entries {
                quoted(key, out);
                out.push_str(" = ");
                write(value, out);
                out.push('\n');
            }
            out.push('}');
        }
        other => out.push_str(&other.to_string()),
    }
}

fn quoted(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
}

fn as_json(node: grpc_guard::document::NodeRef<'_>) -> Value {
    use grpc_guard::document::{Kind, ScalarStyle};
    match node.kind() {
        Kind::Sequence => node.items().map(as_json).collect(),
        Kind::Mapping => {
            let entries =
                node.written_entries().map(|entry| (entry.name().to_string(), as_json(entry.value)));
            Value::Object(entries.collect())
        }
        Kind::Scalar => match node.scalar() {
            Some(scalar) if scalar.style == ScalarStyle::Plain => {
                serde_json::from_str(scalar.text).unwrap_or(Value::Null)
            }
            scalar => scalar.map_or(Value::Null, |scalar| scalar.text.into()),
        },
    }
}
