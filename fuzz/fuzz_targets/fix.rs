//! Mending: after all fixes the text still parses, no rule has more findings, and a second run changes nothing.
#![no_main]

use std::collections::BTreeMap;

use grpc_guard::config::Settings;
use grpc_guard::diagnostic::{Applicability, Diagnostic};
use grpc_guard::engine;
use grpc_guard_fuzz::{CATALOG, analyze, loaded};
use libfuzzer_sys::fuzz_target;

fn counts(found: &[Diagnostic]) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for found in found.iter().filter(|found| found.suppressed.is_none()) {
        *counts.entry(&*found.rule).or_default() += 1;
    }
    counts
}

fuzz_target!(|text: &str| {
    for path in ["manifest.yaml", "template.yaml", "main.tf.json"] {
        let before = analyze(path, text);
        let mend = |text: &str| {
            engine::fix(loaded(path, text), &CATALOG, &Settings::default(), Applicability::Unsafe, &|_| {})
        };
        let fixed = mend(text);
        let Some(changed) = fixed.changed.first() else { continue };
        let after = analyze(path, &changed.after);
        let (before, after) = (counts(&before.diagnostics), counts(&after.diagnostics));
        for (rule, n) in &after {
            assert!(before.get(rule).is_some_and(|before| n <= before), "mending brings `{rule}`");
        }
        assert!(mend(&changed.after).changed.is_empty(), "a second run changes the text again");
    }
});
