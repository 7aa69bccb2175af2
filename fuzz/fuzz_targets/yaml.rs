//! YAML: no panic, spans in the text, and the quick reader agrees with the full one.
#![no_main]

use std::sync::Arc;

use grpc_guard::document::Format;
use grpc_guard::source::FileId;
use grpc_guard::syntax;
use grpc_guard_fuzz::{outline, parse};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let (quick, diagnostics) = parse(Format::Yaml, text);
    let (full, expected) = syntax::parse_yaml_fully(FileId(0), &Arc::from(text));
    assert_eq!(outline(&quick), outline(&full));
    let said = |found: &[grpc_guard::diagnostic::Diagnostic]| -> Vec<String> {
        found.iter().map(|found| format!("{} {:?}", found.message, found.primary.span)).collect()
    };
    assert_eq!(said(&diagnostics), said(&expected));
});
