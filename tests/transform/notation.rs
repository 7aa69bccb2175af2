//! The same in another notation.

use grpc_guard::dialect::Dialect;
use grpc_guard::document::{Kind, NodeRef, ScalarStyle, Schema, Typed};
use serde_json::{Map, Value, json};

use super::{File, Files, visit};

pub(super) fn to_json(file: &File) -> Option<Files> {
    // Notes of ours in comments have no place in JSON.
    if !file.is_yaml()
        || file.has_aliases()
        || file.text.contains("grpc-guard:")
        || file.path.contains("kustomization")
    {
        return None;
    }
    let roots: Option<Vec<Value>> = file.document.roots().map(value).collect();
    let (mut roots, (stem, _)) = (roots?, file.path.rsplit_once('.')?);
    let whole = match (file.dialect, roots.len()) {
        (Dialect::CloudFormation, 1) => roots.remove(0),
        (Dialect::Kubernetes, 1..) if roots.iter().all(|root| root.get("kind").is_some()) => {
            if file.text.contains("# Source:") || file.text.contains("\nmetadata: null") {
                return None;
            }
            json!({"apiVersion": "v1", "kind": "List", "items": roots})
        }
        _ => return None,
    };
    Some(vec![(format!("{stem}.json"), format!("{whole:#}\n"))])
}

/// The value of a node, short functions written out; `None` where JSON cannot say it.
fn value(node: NodeRef<'_>) -> Option<Value> {
    let plain = match node.kind() {
        Kind::Sequence => Value::Array(node.items().map(value).collect::<Option<_>>()?),
        Kind::Mapping => {
            let mut map = Map::new();
            for entry in node.entries() {
                if entry.key.kind() != Kind::Scalar || entry.key.tag().is_some() {
                    return None;
                }
                map.insert(entry.name().to_string(), value(entry.value)?);
            }
            Value::Object(map)
        }
        Kind::Scalar => {
            let scalar = node.scalar()?;
            match scalar.typed(Schema::Core) {
                _ if node.tag().is_some_and(|tag| tag.text.starts_with("!!") || tag.text == "!") => {
                    return None;
                }
                Typed::Null => Value::Null,
                Typed::Bool(value) => value.into(),
                Typed::Int(value) if value.to_string() == scalar.text => value.into(),
                Typed::Str(text) if scalar.style != ScalarStyle::Plain => text.into(),
                // What YAML 1.1 and 1.2 read differently may be meant either way.
                Typed::Str(text) if scalar.typed(Schema::Yaml11) == Typed::Str(text) => text.into(),
                _ => return None,
            }
        }
    };
    let Some(tag) = node.tag() else { return Some(plain) };
    let name = tag.text.strip_prefix('!')?;
    Some(match (name, plain) {
        ("Ref" | "Condition", argument) => json!({ name: argument }),
        ("GetAtt", Value::String(path)) => {
            let (id, attribute) = path.split_once('.')?;
            json!({"Fn::GetAtt": [id, attribute]})
        }
        (_, argument) => json!({ format!("Fn::{name}"): argument }),
    })
}

pub(super) fn to_yaml(file: &File) -> Option<Files> {
    if file.is_yaml() || file.dialect == Dialect::Terraform {
        return None;
    }
    let value: Value = serde_json::from_str(&file.text).ok()?;
    // A writer of YAML has its own mind about numbers that are no integers.
    let mut odd = false;
    file.document.roots().for_each(|root| {
        visit(root, &mut |node| {
            odd |= node.scalar().is_some_and(|it| matches!(it.typed(Schema::Core), Typed::Float(_)));
        })
    });
    let (stem, _) = file.path.rsplit_once('.')?;
    (!odd).then(|| Some(vec![(format!("{stem}.yaml"), serde_yaml::to_string(&value).ok()?)])).flatten()
}

pub(super) fn json_as_yaml(file: &File) -> Option<Files> {
    if file.is_yaml() || file.dialect == Dialect::Terraform {
        return None;
    }
    let (stem, _) = file.path.rsplit_once('.')?;
    Some(vec![(format!("{stem}.yaml"), file.text.clone())])
}

/// JSON without a space or line end between its tokens.
pub(super) fn compact(file: &File) -> Option<Files> {
    fn write(file: &File, node: NodeRef<'_>, out: &mut String) {
        match node.kind() {
            Kind::Scalar => out.push_str(&file.text[node.span().range()]),
            Kind::Sequence => {
                out.push('[');
                for (idx, item) in node.items().enumerate() {
                    out.push_str(if idx > 0 { "," } else { "" });
                    write(file, item, out);
                }
                out.push(']');
            }
            Kind::Mapping => {
                out.push('{');
                for (idx, entry) in node.written_entries().enumerate() {
                    out.push_str(if idx > 0 { "," } else { "" });
                    write(file, entry.key, out);
                    out.push(':');
                    write(file, entry.value, out);
                }
                out.push('}');
            }
        }
    }
    if file.is_yaml() {
        return None;
    }
    let mut out = String::new();
    file.document.roots().for_each(|root| write(file, root, &mut out));
    file.with(out)
}
