//! Load balancers, target groups, listeners, their rules and certificates, classic load balancers.

use super::{Form, Mapped, Row, attribute, block, blocks, inline, list, value};

const TARGET_GROUP_ATTRIBUTES: &str = "TargetGroupAttributes";
const LOAD_BALANCER_ATTRIBUTES: &str = "LoadBalancerAttributes";
const LISTENER_ATTRIBUTES: &str = "ListenerAttributes";

const fn of_group(argument: &'static str, key: &'static str) -> Row {
    attribute(argument, TARGET_GROUP_ATTRIBUTES, key)
}

const fn of_balancer(argument: &'static str, key: &'static str) -> Row {
    attribute(argument, LOAD_BALANCER_ATTRIBUTES, key)
}

pub(super) const TABLE: &[Mapped] = &[
    Mapped {
        terraform: &["aws_lb_target_group", "aws_alb_target_group"],
        aws: "AWS::ElasticLoadBalancingV2::TargetGroup",
        rows: &[
            value("tags", "Tags"),
            value("protocol", "Protocol"),
            value("protocol_version", "ProtocolVersion"),
            value("port", "Port"),
            value("target_type", "TargetType"),
            value("vpc_id", "VpcId"),
            value("name", "Name"),
            Row { argument: "name_prefix", property: "Name", form: Form::NamePrefix },
            value("ip_address_type", "IpAddressType"),
            inline(
                "health_check",
                &[
                    value("enabled", "HealthCheckEnabled"),
                    value("protocol", "HealthCheckProtocol"),
                    value("path", "HealthCheckPath"),
                    value("port", "HealthCheckPort"),
                    value("interval", "HealthCheckIntervalSeconds"),
                    value("timeout", "HealthCheckTimeoutSeconds"),
                    value("healthy_threshold", "HealthyThresholdCount"),
                    value("unhealthy_threshold", "UnhealthyThresholdCount"),
                    Row { argument: "matcher", property: "Matcher", form: Form::Matcher },
                ],
            ),
            inline(
                "stickiness",
                &[
                    of_group("enabled", "stickiness.enabled"),
                    of_group("type", "stickiness.type"),
                    of_group("cookie_duration", "stickiness.lb_cookie.duration_seconds"),
                ],
            ),
            of_group("deregistration_delay", "deregistration_delay.timeout_seconds"),
            of_group("connection_termination", "deregistration_delay.connection_termination.enabled"),
            of_group("slow_start", "slow_start.duration_seconds"),
            of_group("load_balancing_algorithm_type", "load_balancing.algorithm.type"),
            of_group("load_balancing_anomaly_mitigation", "load_balancing.algorithm.anomaly_mitigation"),
            of_group("load_balancing_cross_zone_enabled", "load_balancing.cross_zone.enabled"),
            of_group("proxy_protocol_v2", "proxy_protocol_v2.enabled"),
            of_group("preserve_client_ip", "preserve_client_ip.enabled"),
        ],
    },
    Mapped {
        terraform: &["aws_lb", "aws_alb"],
        aws: "AWS::ElasticLoadBalancingV2::LoadBalancer",
        rows: &[
            value("tags", "Tags"),
            value("load_balancer_type", "Type"),
            Row { argument: "internal", property: "Scheme", form: Form::Scheme },
            value("name", "Name"),
            Row { argument: "name_prefix", property: "Name", form: Form::NamePrefix },
            value("ip_address_type", "IpAddressType"),
            list("security_groups", "SecurityGroups"),
            list("subnets", "Subnets"),
            blocks(
                "subnet_mapping",
                "SubnetMappings",
                &[
                    value("subnet_id", "SubnetId"),
                    value("allocation_id", "AllocationId"),
                    value("private_ipv4_address", "PrivateIPv4Address"),
                ],
            ),
            of_balancer("enable_http2", "routing.http2.enabled"),
            of_balancer("idle_timeout", "idle_timeout.timeout_seconds"),
            of_balancer("client_keep_alive", "client_keep_alive.seconds"),
            of_balancer("drop_invalid_header_fields", "routing.http.drop_invalid_header_fields.enabled"),
            of_balancer("enable_cross_zone_load_balancing", "load_balancing.cross_zone.enabled"),
            of_balancer("enable_deletion_protection", "deletion_protection.enabled"),
        ],
    },
    Mapped {
        terraform: &["aws_lb_listener", "aws_alb_listener"],
        aws: "AWS::ElasticLoadBalancingV2::Listener",
        rows: &[
            value("tags", "Tags"),
            value("load_balancer_arn", "LoadBalancerArn"),
            value("port", "Port"),
            value("protocol", "Protocol"),
            Row {
                argument: "certificate_arn",
                property: "Certificates",
                form: Form::Entry("CertificateArn"),
            },
            value("ssl_policy", "SslPolicy"),
            Row { argument: "alpn_policy", property: "AlpnPolicy", form: Form::ListOfOne },
            block(
                "mutual_authentication",
                "MutualAuthentication",
                &[value("mode", "Mode"), value("trust_store_arn", "TrustStoreArn")],
            ),
            attribute("tcp_idle_timeout_seconds", LISTENER_ATTRIBUTES, "tcp.idle_timeout.seconds"),
            blocks("default_action", "DefaultActions", ACTION),
        ],
    },
    Mapped {
        terraform: &["aws_lb_listener_rule", "aws_alb_listener_rule"],
        aws: "AWS::ElasticLoadBalancingV2::ListenerRule",
        rows: &[
            value("listener_arn", "ListenerArn"),
            value("priority", "Priority"),
            blocks("action", "Actions", ACTION),
            blocks("condition", "Conditions", CONDITION),
            blocks("transform", "Transforms", &[value("type", "Type")]),
        ],
    },
    Mapped {
        terraform: &["aws_lb_listener_certificate", "aws_alb_listener_certificate"],
        aws: "AWS::ElasticLoadBalancingV2::ListenerCertificate",
        rows: &[
            value("listener_arn", "ListenerArn"),
            Row {
                argument: "certificate_arn",
                property: "Certificates",
                form: Form::Entry("CertificateArn"),
            },
        ],
    },
    Mapped {
        terraform: &["aws_elb"],
        aws: "AWS::ElasticLoadBalancing::LoadBalancer",
        rows: &[
            value("tags", "Tags"),
            value("name", "LoadBalancerName"),
            Row { argument: "name_prefix", property: "LoadBalancerName", form: Form::NamePrefix },
            Row { argument: "internal", property: "Scheme", form: Form::Scheme },
            list("security_groups", "SecurityGroups"),
            list("subnets", "Subnets"),
            list("instances", "Instances"),
            value("cross_zone_load_balancing", "CrossZone"),
            value("idle_timeout", "ConnectionSettings.IdleTimeout"),
            blocks(
                "listener",
                "Listeners",
                &[
                    value("lb_port", "LoadBalancerPort"),
                    value("lb_protocol", "Protocol"),
                    value("instance_port", "InstancePort"),
                    value("instance_protocol", "InstanceProtocol"),
                    value("ssl_certificate_id", "SSLCertificateId"),
                ],
            ),
            block(
                "health_check",
                "HealthCheck",
                &[
                    value("target", "Target"),
                    value("interval", "Interval"),
                    value("timeout", "Timeout"),
                    value("healthy_threshold", "HealthyThreshold"),
                    value("unhealthy_threshold", "UnhealthyThreshold"),
                ],
            ),
        ],
    },
];

const ACTION: &[Row] = &[
    value("type", "Type"),
    value("order", "Order"),
    value("target_group_arn", "TargetGroupArn"),
    block(
        "forward",
        "ForwardConfig",
        &[
            blocks(
                "target_group",
                "TargetGroups",
                &[value("arn", "TargetGroupArn"), value("weight", "Weight")],
            ),
            block(
                "stickiness",
                "TargetGroupStickinessConfig",
                &[value("enabled", "Enabled"), value("duration", "DurationSeconds")],
            ),
        ],
    ),
    block(
        "redirect",
        "RedirectConfig",
        &[
            value("protocol", "Protocol"),
            value("port", "Port"),
            value("host", "Host"),
            value("path", "Path"),
            value("query", "Query"),
            value("status_code", "StatusCode"),
        ],
    ),
    block(
        "fixed_response",
        "FixedResponseConfig",
        &[
            value("content_type", "ContentType"),
            value("message_body", "MessageBody"),
            value("status_code", "StatusCode"),
        ],
    ),
    block(
        "authenticate_cognito",
        "AuthenticateCognitoConfig",
        &[value("user_pool_arn", "UserPoolArn"), value("user_pool_client_id", "UserPoolClientId")],
    ),
    block(
        "authenticate_oidc",
        "AuthenticateOidcConfig",
        &[value("issuer", "Issuer"), value("client_id", "ClientId")],
    ),
];

const CONDITION: &[Row] = &[
    // The provider's form before version 3.
    Row { argument: "field", property: "Field", form: Form::Former },
    Row { argument: "values", property: "Values", form: Form::Former },
    block(
        "path_pattern",
        "PathPatternConfig",
        &[list("values", "Values"), list("regex_values", "RegexValues")],
    ),
    block(
        "host_header",
        "HostHeaderConfig",
        &[list("values", "Values"), list("regex_values", "RegexValues")],
    ),
    block(
        "http_header",
        "HttpHeaderConfig",
        &[value("http_header_name", "HttpHeaderName"), list("values", "Values")],
    ),
    block("http_request_method", "HttpRequestMethodConfig", &[list("values", "Values")]),
    blocks("query_string", "QueryStringConfig.Values", &[value("key", "Key"), value("value", "Value")]),
    block("source_ip", "SourceIpConfig", &[list("values", "Values")]),
];
