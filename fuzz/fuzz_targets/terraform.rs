//! Terraform: configuration and plans in JSON are lowered, judged and reported on.
#![no_main]

use grpc_guard_fuzz::check;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    check("main.tf.json", text);
    check("plan.json", text);
});
