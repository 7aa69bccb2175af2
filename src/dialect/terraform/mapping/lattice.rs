//! VPC Lattice.

use super::{Mapped, Row, block, blocks, value};

const FORWARD: &[Row] = &[blocks(
    "target_groups",
    "TargetGroups",
    &[value("target_group_identifier", "TargetGroupIdentifier"), value("weight", "Weight")],
)];

const ACTION: &[Row] = &[
    block("forward", "Forward", FORWARD),
    block("fixed_response", "FixedResponse", &[value("status_code", "StatusCode")]),
];

pub(super) const TABLE: &[Mapped] = &[
    Mapped {
        terraform: &["aws_vpclattice_target_group"],
        aws: "AWS::VpcLattice::TargetGroup",
        rows: &[
            value("name", "Name"),
            value("type", "Type"),
            block(
                "config",
                "Config",
                &[
                    value("protocol", "Protocol"),
                    value("protocol_version", "ProtocolVersion"),
                    value("port", "Port"),
                    value("vpc_identifier", "VpcIdentifier"),
                    block(
                        "health_check",
                        "HealthCheck",
                        &[
                            value("enabled", "Enabled"),
                            value("protocol", "Protocol"),
                            value("protocol_version", "ProtocolVersion"),
                            value("path", "Path"),
                            value("port", "Port"),
                            value("health_check_interval_seconds", "HealthCheckIntervalSeconds"),
                            value("health_check_timeout_seconds", "HealthCheckTimeoutSeconds"),
                            value("healthy_threshold_count", "HealthyThresholdCount"),
                            value("unhealthy_threshold_count", "UnhealthyThresholdCount"),
                            block("matcher", "Matcher", &[value("value", "HttpCode")]),
                        ],
                    ),
                ],
            ),
        ],
    },
    Mapped {
        terraform: &["aws_vpclattice_listener"],
        aws: "AWS::VpcLattice::Listener",
        rows: &[
            value("name", "Name"),
            value("protocol", "Protocol"),
            value("port", "Port"),
            value("service_identifier", "ServiceIdentifier"),
            value("service_arn", "ServiceIdentifier"),
            block("default_action", "DefaultAction", ACTION),
        ],
    },
    Mapped {
        terraform: &["aws_vpclattice_listener_rule"],
        aws: "AWS::VpcLattice::Rule",
        rows: &[
            value("name", "Name"),
            value("priority", "Priority"),
            value("listener_identifier", "ListenerIdentifier"),
            value("service_identifier", "ServiceIdentifier"),
            block(
                "match",
                "Match",
                &[block(
                    "http_match",
                    "HttpMatch",
                    &[
                        value("method", "Method"),
                        block(
                            "path_match",
                            "PathMatch",
                            &[
                                value("case_sensitive", "CaseSensitive"),
                                block(
                                    "match",
                                    "Match",
                                    &[value("exact", "Exact"), value("prefix", "Prefix")],
                                ),
                            ],
                        ),
                    ],
                )],
            ),
            block("action", "Action", ACTION),
        ],
    },
    Mapped {
        terraform: &["aws_vpclattice_service"],
        aws: "AWS::VpcLattice::Service",
        rows: &[
            value("name", "Name"),
            value("custom_domain_name", "CustomDomainName"),
            value("auth_type", "AuthType"),
            value("certificate_arn", "CertificateArn"),
        ],
    },
];
