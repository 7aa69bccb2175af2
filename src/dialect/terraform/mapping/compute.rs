//! What stands behind a load balancer: ECS services and tasks, Auto Scaling groups, security groups.

use super::{Form, Mapped, Row, block, blocks, inline, list, value};

pub(super) const TABLE: &[Mapped] = &[
    Mapped {
        terraform: &["aws_ecs_service"],
        aws: "AWS::ECS::Service",
        rows: &[
            value("tags", "Tags"),
            value("name", "ServiceName"),
            value("cluster", "Cluster"),
            value("task_definition", "TaskDefinition"),
            value("launch_type", "LaunchType"),
            value("desired_count", "DesiredCount"),
            value("scheduling_strategy", "SchedulingStrategy"),
            value("health_check_grace_period_seconds", "HealthCheckGracePeriodSeconds"),
            block("deployment_controller", "DeploymentController", &[value("type", "Type")]),
            blocks(
                "capacity_provider_strategy",
                "CapacityProviderStrategy",
                &[
                    value("capacity_provider", "CapacityProvider"),
                    value("weight", "Weight"),
                    value("base", "Base"),
                ],
            ),
            block(
                "network_configuration",
                "NetworkConfiguration.AwsvpcConfiguration",
                &[list("subnets", "Subnets"), list("security_groups", "SecurityGroups")],
            ),
            blocks(
                "load_balancer",
                "LoadBalancers",
                &[
                    value("target_group_arn", "TargetGroupArn"),
                    value("elb_name", "LoadBalancerName"),
                    value("container_name", "ContainerName"),
                    value("container_port", "ContainerPort"),
                    block(
                        "advanced_configuration",
                        "AdvancedConfiguration",
                        &[
                            value("alternate_target_group_arn", "AlternateTargetGroupArn"),
                            value("production_listener_rule", "ProductionListenerRule"),
                            value("test_listener_rule", "TestListenerRule"),
                            value("role_arn", "RoleArn"),
                        ],
                    ),
                ],
            ),
            blocks(
                "vpc_lattice_configurations",
                "VpcLatticeConfigurations",
                &[
                    value("target_group_arn", "TargetGroupArn"),
                    value("port_name", "PortName"),
                    value("role_arn", "RoleArn"),
                ],
            ),
            blocks(
                "service_registries",
                "ServiceRegistries",
                &[
                    value("registry_arn", "RegistryArn"),
                    value("port", "Port"),
                    value("container_name", "ContainerName"),
                    value("container_port", "ContainerPort"),
                ],
            ),
            block(
                "service_connect_configuration",
                "ServiceConnectConfiguration",
                &[
                    value("enabled", "Enabled"),
                    value("namespace", "Namespace"),
                    blocks(
                        "service",
                        "Services",
                        &[
                            value("port_name", "PortName"),
                            value("discovery_name", "DiscoveryName"),
                            value("ingress_port_override", "IngressPortOverride"),
                            blocks(
                                "client_alias",
                                "ClientAliases",
                                &[value("port", "Port"), value("dns_name", "DnsName")],
                            ),
                            block(
                                "timeout",
                                "Timeout",
                                &[
                                    value("idle_timeout_seconds", "IdleTimeoutSeconds"),
                                    value("per_request_timeout_seconds", "PerRequestTimeoutSeconds"),
                                ],
                            ),
                        ],
                    ),
                ],
            ),
        ],
    },
    Mapped {
        terraform: &["aws_ecs_task_definition"],
        aws: "AWS::ECS::TaskDefinition",
        rows: &[
            value("tags", "Tags"),
            value("family", "Family"),
            value("network_mode", "NetworkMode"),
            list("requires_compatibilities", "RequiresCompatibilities"),
            value("cpu", "Cpu"),
            value("memory", "Memory"),
            block(
                "runtime_platform",
                "RuntimePlatform",
                &[
                    value("operating_system_family", "OperatingSystemFamily"),
                    value("cpu_architecture", "CpuArchitecture"),
                ],
            ),
            block(
                "proxy_configuration",
                "ProxyConfiguration",
                &[value("type", "Type"), value("container_name", "ContainerName")],
            ),
            Row {
                argument: "container_definitions",
                property: "ContainerDefinitions",
                form: Form::Containers,
            },
        ],
    },
    Mapped {
        terraform: &["aws_autoscaling_group"],
        aws: "AWS::AutoScaling::AutoScalingGroup",
        rows: &[
            value("name", "AutoScalingGroupName"),
            Row { argument: "name_prefix", property: "AutoScalingGroupName", form: Form::NamePrefix },
            list("target_group_arns", "TargetGroupARNs"),
            list("load_balancers", "LoadBalancerNames"),
            value("health_check_type", "HealthCheckType"),
            blocks(
                "traffic_source",
                "TrafficSources",
                &[value("identifier", "Identifier"), value("type", "Type")],
            ),
        ],
    },
    Mapped {
        terraform: &["aws_security_group"],
        aws: "AWS::EC2::SecurityGroup",
        rows: &[
            value("name", "GroupName"),
            value("description", "GroupDescription"),
            value("vpc_id", "VpcId"),
            Row { argument: "ingress", property: "SecurityGroupIngress", form: Form::Ingress },
        ],
    },
    Mapped {
        terraform: &["aws_vpc_security_group_ingress_rule"],
        aws: "AWS::EC2::SecurityGroupIngress",
        rows: &[
            value("security_group_id", "GroupId"),
            value("cidr_ipv4", "CidrIp"),
            value("cidr_ipv6", "CidrIpv6"),
            value("from_port", "FromPort"),
            value("to_port", "ToPort"),
            value("ip_protocol", "IpProtocol"),
            value("description", "Description"),
            value("referenced_security_group_id", "SourceSecurityGroupId"),
        ],
    },
    Mapped {
        terraform: &["aws_service_discovery_service"],
        aws: "AWS::ServiceDiscovery::Service",
        rows: &[
            value("name", "Name"),
            value("namespace_id", "NamespaceId"),
            block(
                "health_check_config",
                "HealthCheckConfig",
                &[value("type", "Type"), value("resource_path", "ResourcePath")],
            ),
            inline("dns_config", &[value("namespace_id", "NamespaceId")]),
        ],
    },
];
