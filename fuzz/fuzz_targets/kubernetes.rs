//! Kubernetes: whatever a file says, it is lowered, judged and reported on.
#![no_main]

use grpc_guard_fuzz::check;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| check("manifest.yaml", text));
