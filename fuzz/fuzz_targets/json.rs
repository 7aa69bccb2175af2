//! JSON: no panic, spans in the text, and valid is what another parser takes for valid.
#![no_main]

use grpc_guard::document::Format;
use grpc_guard_fuzz::parse;
use libfuzzer_sys::fuzz_target;
use serde_json::value::RawValue;

fuzz_target!(|text: &str| {
    let (_, diagnostics) = parse(Format::Json, text);
    let refused = |rule: &str| diagnostics.iter().any(|found| found.rule == rule);
    // `{{` is taken for the mark of a template.
    if refused("limit-reached") || refused("unrendered-template") {
        return;
    }
    match serde_json::from_str::<&RawValue>(text) {
        Ok(_) => assert!(!refused("syntax-error"), "valid, and refused: {}", diagnostics[0].message),
        // A byte order mark is passed over here, and its recursion limit is lower than ours.
        Err(error) if text.starts_with('\u{feff}') || error.to_string().contains("recursion limit") => {}
        Err(error) => assert!(refused("syntax-error"), "invalid, and accepted: {error}"),
    }
});
