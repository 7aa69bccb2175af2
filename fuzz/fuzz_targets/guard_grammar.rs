//! Rule files: no panic, diagnostics in the text, metadata included.
#![no_main]

use grpc_guard::policy::RuleFile;
use grpc_guard::source::FileId;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let (_, diagnostics) = RuleFile::compile(FileId(0), "fuzz", text);
    for found in diagnostics {
        assert!(text.get(found.primary.span.range()).is_some(), "{:?}", found.primary.span);
    }
});
