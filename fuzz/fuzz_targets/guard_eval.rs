//! Rules on documents, parted by a line `%%`: an evaluation ends, and says the same twice.
#![no_main]

use std::sync::Arc;

use grpc_guard::model::Values;
use grpc_guard::policy::RuleFile;
use grpc_guard::policy::loader::{self, Profile};
use grpc_guard::source::FileId;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Some((rules, data)) = text.split_once("\n%%\n") else { return };
    let (Some(rules), _) = RuleFile::compile(FileId(0), "fuzz", rules) else { return };
    let mut values = Values::default();
    let Ok(root) = loader::load_text(&mut values, FileId(1), &Arc::from(data), Profile::Native) else {
        return;
    };
    let first = rules.evaluate(&values, root);
    assert_eq!(format!("{first:?}"), format!("{:?}", rules.evaluate(&values, root)));
});
