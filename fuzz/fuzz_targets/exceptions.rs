//! Exceptions in comments, annotations and metadata: a faulty manifest with anything in the places where they stand.
#![no_main]

use grpc_guard_fuzz::check;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let comment: String = text.lines().map(|line| format!("# grpc-guard: {line}\n")).collect();
    let quoted = serde_json::Value::from(text).to_string();
    check(
        "manifest.yaml",
        &format!(
            "{comment}apiVersion: v1\nkind: Service\nmetadata:\n  name: orders\n  annotations:\n    \
             grpc-guard.dev/ignore: {quoted}\n    \
             service.beta.kubernetes.io/aws-load-balancer-type: external # grpc-guard: {}\nspec:\n  \
             type: LoadBalancer\n  ports:\n    - {{name: grpc, port: 50051}}\n",
            text.lines().next().unwrap_or_default(),
        ),
    );
});
