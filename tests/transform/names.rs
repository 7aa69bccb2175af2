//! The same under other names: logical ids, Terraform addresses, names of Kubernetes objects.

use std::collections::{BTreeMap, BTreeSet};

use grpc_guard::dialect::Dialect;
use grpc_guard::document::{Kind, NodeRef, ScalarStyle};

use super::{File, Files, insert, visit};

/// What is added to a name to make it another one, as a word of its own; no text has it.
const MARK: &str = "qx7";

/// The same for a logical id.
const CAMEL: &str = "Qx7";

pub(super) fn renamed(file: &File) -> Option<Files> {
    if file.has_aliases() || file.text.contains("grpc-guard") {
        return None;
    }
    let insertions = match file.dialect {
        Dialect::CloudFormation => logical_ids(file)?,
        Dialect::Kubernetes => objects(file)?,
        Dialect::Terraform => addresses(file)?,
    };
    file.with(insert(&file.text, insertions))
}

/// Where a scalar's text ends, quotes excluded, if it stands in the file as it is.
fn content(file: &File, node: NodeRef<'_>) -> Option<(usize, usize)> {
    let (span, scalar) = (node.span().range(), node.scalar()?);
    let inner = match scalar.style {
        ScalarStyle::Plain => span,
        ScalarStyle::Single | ScalarStyle::Double => span.start + 1..span.end - 1,
        _ => return None,
    };
    (file.text.get(inner.clone())? == scalar.text).then_some((inner.start, inner.end))
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}

fn logical_ids(file: &File) -> Option<Vec<(usize, String)>> {
    let root = file.document.roots().next()?;
    let resources = root.get("Resources")?;
    // Macros and transforms make resources, and names of them, out of names.
    if file.text.contains("Fn::ForEach") || file.text.contains("Transform") || file.text.contains("Rain::") {
        return None;
    }
    let ids: BTreeSet<&str> = resources.written_entries().map(|entry| entry.name()).collect();
    let mut insertions = Vec::new();
    for entry in resources.written_entries() {
        insertions.push((content(file, entry.key)?.1, CAMEL.to_string()));
    }
    let mut is_sure = true;
    let mut rename = |node: NodeRef<'_>, is_reference: bool| {
        let Some(text) = node.text() else { return };
        match content(file, node) {
            _ if !is_reference => {}
            Some((_, end)) if ids.contains(text) => insertions.push((end, CAMEL.to_string())),
            Some((start, _)) if text.split_once('.').is_some_and(|(id, _)| ids.contains(id)) => {
                insertions.push((start + text.find('.').unwrap_or_default(), CAMEL.to_string()));
            }
            _ => {}
        }
    };
    let mut texts: Vec<NodeRef<'_>> = Vec::new();
    visit(root, &mut |node| {
        match node.tag().map(|tag| tag.text) {
            Some("!Ref") => rename(node, true),
            Some("!GetAtt") => {
                rename(node, true);
                node.items().take(1).for_each(|item| rename(item, true));
            }
            Some("!Sub") => texts.extend(std::iter::once(node).chain(node.items().next())),
            _ => {}
        }
        for entry in node.written_entries() {
            match entry.name() {
                "Ref" => rename(entry.value, true),
                "DependsOn" => {
                    rename(entry.value, true);
                    entry.value.items().for_each(|item| rename(item, true));
                }
                "Fn::GetAtt" => {
                    rename(entry.value, true);
                    entry.value.items().take(1).for_each(|item| rename(item, true));
                }
                "Fn::Sub" => texts.extend(std::iter::once(entry.value).chain(entry.value.items().next())),
                _ => {}
            }
        }
    });
    for node in texts {
        let Some(text) = node.text() else { continue };
        let range = node.span().range();
        let written = &file.text[range.clone()];
        for id in &ids {
            for end in [format!("${{{id}}}"), format!("${{{id}.")] {
                is_sure &= written.matches(&end).count() == text.matches(&end).count();
                let places = written.match_indices(&end).map(|(at, _)| range.start + at + 2 + id.len());
                insertions.extend(places.map(|at| (at, CAMEL.to_string())));
            }
        }
    }
    is_sure.then_some(insertions)
}

/// Whatever says the name of an object says it as a whole; a name that is also part of another text stays as it is.
fn objects(file: &File) -> Option<Vec<(usize, String)>> {
    // Whatever these say may be a name too.
    const NAMING: [&str; 14] = [
        "name",
        "serviceName",
        "app",
        "app.kubernetes.io/name",
        "app.kubernetes.io/instance",
        "k8s-app",
        "component",
        "run",
        "serviceAccountName",
        "service",
        "claimName",
        "host",
        "backend",
        "serviceAccount",
    ];
    let mut names: BTreeSet<&str> = BTreeSet::new();
    for root in file.document.roots() {
        let is_plain = root.get("kind").and_then(|kind| kind.text()).is_some_and(|kind| kind != "Namespace");
        names.extend(root.at(&["metadata", "name"]).and_then(|name| name.text()).filter(|_| is_plain));
    }
    let mut places: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let mut unsure: BTreeSet<&str> = names
        .iter()
        .copied()
        .filter(|name| name.len() > 40 || !name.contains(|c: char| c.is_ascii_alphabetic()))
        .collect();
    let mut see = |node: NodeRef<'_>| {
        for entry in node.written_entries() {
            let key = entry.name();
            unsure.extend(names.iter().filter(|name| key.contains(**name)));
            let Some(text) = entry.value.text() else { continue };
            for name in &names {
                match content(file, entry.value).filter(|_| text == *name && NAMING.contains(&key)) {
                    Some((_, end)) => places.entry(name).or_default().push(end),
                    None if text.contains(*name) => drop(unsure.insert(name)),
                    None => {}
                }
            }
        }
        for item in node.items() {
            let text = item.text().unwrap_or_default();
            unsure.extend(names.iter().filter(|name| text.contains(**name)));
        }
    };
    file.document.roots().for_each(|root| visit(root, &mut see));
    let sure = places.into_iter().filter(|(name, _)| !unsure.contains(name));
    Some(sure.flat_map(|(_, ends)| ends).map(|end| (end, format!("-{MARK}"))).collect())
}

fn addresses(file: &File) -> Option<Vec<(usize, String)>> {
    let root = file.document.roots().next()?;
    if !file.path.ends_with(".tf.json") || root.get("resource")?.kind() != Kind::Mapping {
        return None;
    }
    let mut kinds: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut insertions = Vec::new();
    for kind in root.get("resource")?.written_entries() {
        for named in kind.value.written_entries() {
            kinds.entry(kind.name()).or_default().insert(named.name());
            insertions.push((content(file, named.key)?.1, format!("_{MARK}")));
        }
    }
    let mut see = |node: NodeRef<'_>| {
        let Some(scalar) = node.scalar() else { return };
        let range = node.span().range();
        // A name may be followed by anything that is no word.
        let written = &file.text[range.clone()];
        for (kind, names) in &kinds {
            for (at, _) in written.match_indices(&format!("{kind}.")) {
                let before = written[..at].chars().next_back();
                let is_data = written[..at].ends_with("data.");
                let rest = &written[at + kind.len() + 1..];
                let len = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
                if names.contains(&rest[..len])
                    && !is_data
                    && !before.is_some_and(is_word)
                    && !scalar.text.is_empty()
                {
                    insertions.push((range.start + at + kind.len() + 1 + len, format!("_{MARK}")));
                }
            }
        }
    };
    visit(root, &mut see);
    Some(insertions)
}

/// A text with the marks taken out again.
pub(crate) fn unmarked(text: &str) -> String {
    text.replace(&format!("-{MARK}"), "").replace(&format!("_{MARK}"), "").replace(CAMEL, "")
}
