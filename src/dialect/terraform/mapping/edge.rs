//! What stands in front of or beside a load balancer: CloudFront, private links, API Gateway, web ACLs.

use super::{Mapped, Row, block, blocks, list, value};

const BEHAVIOUR: &[Row] = &[
    value("path_pattern", "PathPattern"),
    value("target_origin_id", "TargetOriginId"),
    value("viewer_protocol_policy", "ViewerProtocolPolicy"),
    list("allowed_methods", "AllowedMethods"),
    list("cached_methods", "CachedMethods"),
    block("grpc_config", "GrpcConfig", &[value("enabled", "Enabled")]),
];

pub(super) const TABLE: &[Mapped] = &[
    Mapped {
        terraform: &["aws_cloudfront_distribution"],
        aws: "AWS::CloudFront::Distribution",
        rows: &[
            value("http_version", "DistributionConfig.HttpVersion"),
            value("web_acl_id", "DistributionConfig.WebACLId"),
            value("enabled", "DistributionConfig.Enabled"),
            list("aliases", "DistributionConfig.Aliases"),
            block("default_cache_behavior", "DistributionConfig.DefaultCacheBehavior", BEHAVIOUR),
            blocks("ordered_cache_behavior", "DistributionConfig.CacheBehaviors", BEHAVIOUR),
            blocks(
                "origin",
                "DistributionConfig.Origins",
                &[
                    value("origin_id", "Id"),
                    value("domain_name", "DomainName"),
                    block(
                        "custom_origin_config",
                        "CustomOriginConfig",
                        &[
                            value("origin_protocol_policy", "OriginProtocolPolicy"),
                            value("http_port", "HTTPPort"),
                            value("https_port", "HTTPSPort"),
                        ],
                    ),
                    block(
                        "s3_origin_config",
                        "S3OriginConfig",
                        &[value("origin_access_identity", "OriginAccessIdentity")],
                    ),
                    block("vpc_origin_config", "VpcOriginConfig", &[value("vpc_origin_id", "VpcOriginId")]),
                ],
            ),
        ],
    },
    Mapped {
        terraform: &["aws_vpc_endpoint_service"],
        aws: "AWS::EC2::VPCEndpointService",
        rows: &[list("network_load_balancer_arns", "NetworkLoadBalancerArns")],
    },
    Mapped {
        terraform: &["aws_api_gateway_vpc_link"],
        aws: "AWS::ApiGateway::VpcLink",
        rows: &[value("name", "Name"), list("target_arns", "TargetArns")],
    },
    Mapped {
        terraform: &["aws_apigatewayv2_integration"],
        aws: "AWS::ApiGatewayV2::Integration",
        rows: &[
            value("integration_type", "IntegrationType"),
            value("integration_uri", "IntegrationUri"),
            value("connection_type", "ConnectionType"),
            value("connection_id", "ConnectionId"),
        ],
    },
    Mapped {
        terraform: &["aws_wafv2_web_acl_association"],
        aws: "AWS::WAFv2::WebACLAssociation",
        rows: &[value("resource_arn", "ResourceArn"), value("web_acl_arn", "WebACLArn")],
    },
    Mapped {
        terraform: &["aws_wafv2_web_acl"],
        aws: "AWS::WAFv2::WebACL",
        rows: &[
            value("name", "Name"),
            value("scope", "Scope"),
            // Statements nest without end; they keep the provider's words.
            value("rule", "Rules"),
        ],
    },
    Mapped {
        terraform: &["aws_apprunner_service"],
        aws: "AWS::AppRunner::Service",
        rows: &[
            value("service_name", "ServiceName"),
            block(
                "source_configuration",
                "SourceConfiguration",
                &[
                    block(
                        "image_repository",
                        "ImageRepository",
                        &[
                            value("image_identifier", "ImageIdentifier"),
                            value("image_repository_type", "ImageRepositoryType"),
                            block(
                                "image_configuration",
                                "ImageConfiguration",
                                &[
                                    value("port", "Port"),
                                    value("start_command", "StartCommand"),
                                    value("runtime_environment_variables", "RuntimeEnvironmentVariables"),
                                ],
                            ),
                        ],
                    ),
                    block(
                        "code_repository",
                        "CodeRepository",
                        &[block(
                            "code_configuration",
                            "CodeConfiguration",
                            &[block(
                                "code_configuration_values",
                                "CodeConfigurationValues",
                                &[
                                    value("port", "Port"),
                                    value("runtime_environment_variables", "RuntimeEnvironmentVariables"),
                                ],
                            )],
                        )],
                    ),
                ],
            ),
            block(
                "health_check_configuration",
                "HealthCheckConfiguration",
                &[value("protocol", "Protocol"), value("path", "Path")],
            ),
        ],
    },
];
