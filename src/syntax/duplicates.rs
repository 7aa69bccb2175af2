//! Keys that are written twice in one mapping.

use rustc_hash::FxHashMap;

use crate::diagnostic::{Diagnostic, Label, Severity};
use crate::document::{Document, Kind, NodeRef};

/// Reports each repeated key at its second place.
pub(super) fn report(document: &Document, diagnostics: &mut Vec<Diagnostic>) {
    let mut open: Vec<NodeRef<'_>> = document.roots().collect();
    let mut seen: FxHashMap<&str, NodeRef<'_>> = FxHashMap::default();
    while let Some(node) = open.pop() {
        if node.is_alias() {
            continue;
        }
        match node.kind() {
            Kind::Scalar => {}
            Kind::Sequence => open.extend(node.items()),
            Kind::Mapping => {
                seen.clear();
                for entry in node.written_entries() {
                    open.push(entry.value);
                    let Some(name) = entry.key.text().filter(|name| *name != "<<") else { continue };
                    if let Some(first) = seen.insert(name, entry.key) {
                        let message = format!("key `{name}` is written twice, and only the last one counts");
                        let found =
                            Diagnostic::new("duplicate-key", Severity::Error, entry.key.span(), message);
                        diagnostics.push(found.with_related(Label::new(first.span(), "it is here first")));
                    }
                }
            }
        }
    }
}
