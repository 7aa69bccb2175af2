//! Reports: names and values that are anything come through every format as data.
#![no_main]

use grpc_guard_fuzz::check;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let (path, value) = text.split_once('\n').unwrap_or(("a.json", text));
    let template = serde_json::json!({
        "Resources": {
            value: {
                "Type": "AWS::ElasticLoadBalancingV2::TargetGroup",
                "Properties": {
                    "Port": 50051,
                    "Protocol": "HTTP",
                    "ProtocolVersion": "GRPC",
                    "HealthCheckPath": value,
                    "Matcher": {"GrpcCode": value},
                    "Name": value,
                },
            },
        },
    });
    check(path, &template.to_string());
});
