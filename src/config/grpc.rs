//! The section `grpc`: which resources carry gRPC and which do not, where the files do not say it plainly enough.

use std::sync::Arc;

use super::file::Parser;
use super::reader::is_null;
use crate::dialect::hints::{GrpcHint, Pattern};
use crate::document::{EntryRef, NodeRef};

pub(super) const HINT_KEYS: [&str; 4] = ["is", "paths", "reason", "resources"];

impl Parser<'_> {
    /// Reads the section.
    pub(super) fn grpc(&mut self, entry: EntryRef) {
        if is_null(entry.value) {
            return;
        }
        for map in self.reader.maps(entry, "{resources: [shop/orders], is: true}") {
            self.hint(map);
        }
    }

    fn hint(&mut self, map: NodeRef) {
        let (mut resources, mut paths, mut is_grpc) = (Vec::new(), None, None);
        let n_wrong = self.reader.diagnostics.len();
        for entry in map.entries() {
            match entry.name() {
                "is" => is_grpc = self.reader.flag(entry),
                "paths" => paths = self.paths(entry),
                // For those who read the file.
                "reason" => drop(self.reader.text(entry)),
                "resources" => resources = self.reader.texts(entry),
                _ => self.reader.unknown(entry, "a hint", &HINT_KEYS),
            }
        }
        if self.reader.diagnostics.len() > n_wrong {
            return;
        }
        let at = map.span().at_start();
        if resources.is_empty() && paths.is_none() {
            return self.reader.wrong(at, "this hint names no `resources` and no `paths`", None);
        }
        let Some(is_grpc) = is_grpc else {
            let help = "write `is: true` or `is: false`".to_string();
            return self.reader.wrong(at, "this hint does not say what is so", Some(help));
        };
        let paths = paths.map(|paths| paths.matcher().clone());
        let hint = |resource, span| {
            let paths = paths.clone();
            GrpcHint { resource, paths, is_grpc, span, is_used: Arc::default() }
        };
        if resources.is_empty() {
            return self.settings.platforms.grpc.push(hint(None, at));
        }
        for resource in resources {
            match Pattern::new(&resource.value) {
                Some(pattern) => self.settings.platforms.grpc.push(hint(Some(pattern), resource.span)),
                None => {
                    let message = format!("`{}` is no pattern", resource.value);
                    let help = "`*` stands for any text".to_string();
                    self.reader.wrong(resource.span, message, Some(help));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::parse;
    use crate::source::{Source, SourceMap};

    #[track_caller]
    fn check(text: &str, n_hints: usize, expected: &[&str]) {
        let mut sources = SourceMap::default();
        let id = sources.add(Source::new("grpc-guard.yaml", text));
        let config = parse(id, sources.get(id));
        let told = config.diagnostics.iter().map(|found| {
            let at = sources.get(id).position(found.primary.span.start);
            let help = found.help.as_deref().unwrap_or_default();
            format!("{}:{} {} ({help})", at.line, at.column, found.message)
        });
        assert_eq!(told.collect::<Vec<String>>(), expected, "{text}");
        assert_eq!(config.settings.platforms.grpc.len(), n_hints, "{text}");
    }

    #[test]
    fn hints_and_their_mistakes() {
        check("grpc:\n", 0, &[]);
        check(
            "grpc:\n  - {resources: [shop/orders, shop/stock], is: true, reason: so}\n  - {paths: [a/], is: false}\n",
            3,
            &[],
        );
        check(
            "grpc:\n  - {resorces: [a], is: true}\n",
            0,
            &["2:6 there is no key `resorces` in a hint (did you mean `resources`?)"],
        );
        check("grpc: [{resources: [a], is: maybe}]\n", 0, &["1:29 `is` is `true` or `false` ()"]);
        check("grpc: [{is: true}]\n", 0, &["1:8 this hint names no `resources` and no `paths` ()"]);
        check(
            "grpc: [{resources: [a]}]\n",
            0,
            &["1:8 this hint does not say what is so (write `is: true` or `is: false`)"],
        );
        check(
            "grpc: true\n",
            0,
            &["1:7 `grpc` is a list of maps (write `- {resources: [shop/orders], is: true}`)"],
        );
    }
}
