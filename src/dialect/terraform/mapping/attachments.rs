//! Resources that only join two others; they keep their Terraform name, `attachments.rs` reads them.

use super::{Form, Mapped, Row, list, value};

pub(super) const TABLE: &[Mapped] = &[
    Mapped {
        terraform: &["aws_lb_target_group_attachment", "aws_alb_target_group_attachment"],
        aws: "Terraform::aws_lb_target_group_attachment",
        rows: &[
            value("target_group_arn", "TargetGroupArn"),
            value("target_id", "TargetId"),
            value("port", "Port"),
        ],
    },
    Mapped {
        terraform: &["aws_autoscaling_attachment"],
        aws: "Terraform::aws_autoscaling_attachment",
        rows: &[
            value("autoscaling_group_name", "AutoScalingGroupName"),
            value("lb_target_group_arn", "TargetGroupArn"),
            // The name before version 4 of the provider.
            Row { argument: "alb_target_group_arn", property: "TargetGroupArn", form: Form::Former },
            value("elb", "LoadBalancerName"),
        ],
    },
    Mapped {
        terraform: &["aws_autoscaling_traffic_source_attachment"],
        aws: "Terraform::aws_autoscaling_traffic_source_attachment",
        rows: &[
            value("autoscaling_group_name", "AutoScalingGroupName"),
            Row {
                argument: "traffic_source",
                property: "",
                form: Form::Inline(&[value("identifier", "Identifier"), value("type", "Type")]),
            },
        ],
    },
    Mapped {
        terraform: &["aws_elb_attachment"],
        aws: "Terraform::aws_elb_attachment",
        rows: &[value("elb", "LoadBalancerName"), value("instance", "Instance")],
    },
    Mapped {
        terraform: &["aws_security_group_rule"],
        aws: "Terraform::aws_security_group_rule",
        rows: &[
            value("type", "Type"),
            value("security_group_id", "GroupId"),
            list("cidr_blocks", "CidrIp"),
            list("ipv6_cidr_blocks", "CidrIpv6"),
            value("from_port", "FromPort"),
            value("to_port", "ToPort"),
            value("protocol", "IpProtocol"),
            value("description", "Description"),
        ],
    },
];
