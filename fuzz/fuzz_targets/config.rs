//! The configuration file: no panic, and what is wrong with it is in it.
#![no_main]

use grpc_guard::config;
use grpc_guard::source::{FileId, Source};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let source = Source::new("grpc-guard.yaml", text);
    let read = config::parse(FileId(0), &source);
    for found in read.diagnostics {
        assert!(text.get(found.primary.span.range()).is_some(), "{:?}", found.primary.span);
    }
});
