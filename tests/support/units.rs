//! A fixture as the parts that can be taken out of it: resources and parameters of a template, Kubernetes objects.

use std::path::Path;

use serde_json::{Map, Value};

use super::name;

/// A text in parts; some are kept whatever is left out.
#[derive(Debug, Clone)]
pub(crate) struct Units {
    parts: Parts,
}

#[derive(Debug, Clone)]
enum Parts {
    /// Lines of YAML, each block with its key; without one for lines that stay.
    Lines { blocks: Vec<(Option<String>, String)>, separator: &'static str },
    /// JSON: the paths of the entries that can go.
    Json { whole: Value, paths: Vec<Vec<String>> },
}

impl Units {
    /// Splits the text of a fixture.
    pub(crate) fn of(path: &Path, text: &str) -> Self {
        let name = name(path);
        let parts = if name.ends_with(".k8s.yaml") {
            Parts::Lines { blocks: objects(text), separator: "---\n" }
        } else if name.ends_with(".tf") {
            Parts::Lines { blocks: hcl_blocks(text), separator: "" }
        } else if name.ends_with(".yaml") {
            Parts::Lines { blocks: sections(text), separator: "" }
        } else {
            let whole: Value = serde_json::from_str(text).expect("a fixture is JSON");
            let mut paths = Vec::new();
            let depth_of: &[(&str, usize)] = &[
                ("Resources", 1),
                ("Parameters", 1),
                ("Conditions", 1),
                ("Outputs", 1),
                ("resource", 2),
                ("variable", 1),
                ("locals", 1),
                ("output", 1),
                ("data", 2),
            ];
            for (section, depth) in depth_of {
                collect(&whole[*section], *depth, &mut vec![section.to_string()], &mut paths);
            }
            Parts::Json { whole, paths }
        };
        Self { parts }
    }

    /// The keys of the parts that can be taken out.
    pub(crate) fn keys(&self) -> Vec<String> {
        match &self.parts {
            Parts::Lines { blocks, .. } => blocks.iter().filter_map(|(key, _)| key.clone()).collect(),
            Parts::Json { paths, .. } => paths.iter().map(|path| path.join("/")).collect(),
        }
    }

    /// The text with only these parts.
    pub(crate) fn keep(&self, keys: &[String]) -> String {
        match &self.parts {
            Parts::Lines { blocks, separator } => {
                let is_kept = |key: &Option<String>| key.as_ref().is_none_or(|key| keys.contains(key));
                let kept: Vec<&(Option<String>, String)> =
                    blocks.iter().filter(|(key, _)| is_kept(key)).collect();
                // A heading goes with the last of its parts.
                let is_heading = |at: usize| {
                    separator.is_empty() && kept[at].0.is_none() && kept[at].1.trim_end().ends_with(':')
                };
                let texts = (0..kept.len())
                    .filter(|at| !is_heading(*at) || kept.get(at + 1).is_some_and(|(key, _)| key.is_some()))
                    .map(|at| kept[at].1.as_str());
                texts.collect::<Vec<&str>>().join(separator)
            }
            Parts::Json { whole, paths } => {
                let mut whole = whole.clone();
                for path in paths.iter().filter(|path| !keys.contains(&path.join("/"))) {
                    remove(&mut whole, path);
                }
                format!("{whole:#}\n")
            }
        }
    }
}

/// Kubernetes objects by kind and name.
fn objects(text: &str) -> Vec<(Option<String>, String)> {
    let mut blocks = Vec::new();
    for (idx, object) in text.split("---\n").enumerate().filter(|(_, object)| !object.trim().is_empty()) {
        let word = |start: &str| {
            let line = object.lines().find_map(|line| line.strip_prefix(start));
            line.unwrap_or_default().trim().to_string()
        };
        let key = format!("{} {}", word("kind: "), word("  name: "));
        // Two objects of one name are told apart by their place.
        let is_known =
            blocks.iter().any(|(known, _): &(Option<String>, String)| known.as_deref() == Some(key.as_str()));
        blocks.push((Some(if is_known { format!("{key} {idx}") } else { key }), object.to_string()));
    }
    blocks
}

/// The blocks of a configuration, each with the empty lines before it.
fn hcl_blocks(text: &str) -> Vec<(Option<String>, String)> {
    let mut blocks: Vec<(Option<String>, String)> = Vec::new();
    let mut is_open = false;
    for line in text.split_inclusive('\n') {
        match blocks.last_mut().filter(|_| is_open) {
            Some((_, text)) => text.push_str(line),
            None => blocks.push((None, line.to_string())),
        }
        let Some((key, _)) = blocks.last_mut() else { continue };
        if line.starts_with(|c: char| c.is_ascii_lowercase()) {
            *key = Some(line.trim_end().trim_end_matches(['{', '}', ' ']).replace('"', "").replace(' ', "/"));
        }
        is_open = line.trim().is_empty()
            || line.starts_with('#')
            || (!line.starts_with('}') && !line.trim_end().ends_with("{}"));
    }
    blocks
}

/// The entries of a template's sections.
fn sections(text: &str) -> Vec<(Option<String>, String)> {
    let mut blocks: Vec<(Option<String>, String)> = Vec::new();
    let mut section = "";
    for line in text.lines() {
        let indent = line.len() - line.trim_start().len();
        let name = line.trim_start().split(':').next().unwrap_or_default();
        let starts = match indent {
            0 if !line.trim().is_empty() => {
                section = name;
                Some(None)
            }
            2 if !line.trim_start().starts_with(['-', '#']) => Some(Some(format!("{section}/{name}"))),
            _ => None,
        };
        match (starts, blocks.last_mut()) {
            (Some(key), _) => blocks.push((key, format!("{line}\n"))),
            (None, Some((_, text))) => *text += &format!("{line}\n"),
            (None, None) => blocks.push((None, format!("{line}\n"))),
        }
    }
    blocks
}

fn collect(value: &Value, depth: usize, path: &mut Vec<String>, into: &mut Vec<Vec<String>>) {
    let Value::Object(map) = value else { return };
    for (key, value) in map {
        path.push(key.clone());
        match depth {
            1 => into.push(path.clone()),
            _ => collect(value, depth - 1, path, into),
        }
        path.pop();
    }
}

/// Removes an entry, and the maps that it leaves empty.
fn remove(value: &mut Value, path: &[String]) {
    let Some(map) = value.as_object_mut() else { return };
    let [first, rest @ ..] = path else { return };
    if rest.is_empty() {
        map.shift_remove(first);
        return;
    }
    if let Some(inner) = map.get_mut(first) {
        remove(inner, rest);
        if inner.as_object().is_some_and(Map::is_empty) {
            map.shift_remove(first);
        }
    }
}
