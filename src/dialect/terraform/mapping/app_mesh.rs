//! App Mesh.

use super::{Mapped, Row, block, blocks, value};

/// Connection pools and timeouts have a block for each protocol.
const PROTOCOLS: &[Row] = &[
    block("grpc", "GRPC", SETTINGS),
    block("http", "HTTP", SETTINGS),
    block("http2", "HTTP2", SETTINGS),
    block("tcp", "TCP", SETTINGS),
];

const SETTINGS: &[Row] = &[
    value("max_requests", "MaxRequests"),
    value("max_connections", "MaxConnections"),
    value("max_pending_requests", "MaxPendingRequests"),
    block("idle", "Idle", DURATION),
    block("per_request", "PerRequest", DURATION),
];

const DURATION: &[Row] = &[value("unit", "Unit"), value("value", "Value")];

const LISTENER: &[Row] = &[
    block("port_mapping", "PortMapping", &[value("port", "Port"), value("protocol", "Protocol")]),
    block("connection_pool", "ConnectionPool", PROTOCOLS),
    block("timeout", "Timeout", PROTOCOLS),
    block(
        "health_check",
        "HealthCheck",
        &[value("protocol", "Protocol"), value("path", "Path"), value("port", "Port")],
    ),
];

const SPEC_OF_LISTENERS: &[Row] = &[blocks("listener", "Listeners", LISTENER)];

const WEIGHTED: &[Row] = &[blocks(
    "weighted_target",
    "WeightedTargets",
    &[value("virtual_node", "VirtualNode"), value("weight", "Weight")],
)];

const ROUTE: &[Row] = &[
    block("action", "Action", WEIGHTED),
    block(
        "match",
        "Match",
        &[
            value("prefix", "Prefix"),
            value("service_name", "ServiceName"),
            value("method_name", "MethodName"),
        ],
    ),
];

const MESH_NAME: Row = value("mesh_name", "MeshName");
const NAME: Row = value("name", "Name");

pub(super) const TABLE: &[Mapped] = &[
    Mapped {
        terraform: &["aws_appmesh_mesh"],
        aws: "AWS::AppMesh::Mesh",
        rows: &[value("name", "MeshName")],
    },
    Mapped {
        terraform: &["aws_appmesh_virtual_node"],
        aws: "AWS::AppMesh::VirtualNode",
        rows: &[MESH_NAME, NAME, block("spec", "Spec", SPEC_OF_LISTENERS)],
    },
    Mapped {
        terraform: &["aws_appmesh_virtual_gateway"],
        aws: "AWS::AppMesh::VirtualGateway",
        rows: &[MESH_NAME, NAME, block("spec", "Spec", SPEC_OF_LISTENERS)],
    },
    Mapped {
        terraform: &["aws_appmesh_virtual_router"],
        aws: "AWS::AppMesh::VirtualRouter",
        rows: &[MESH_NAME, NAME, block("spec", "Spec", SPEC_OF_LISTENERS)],
    },
    Mapped {
        terraform: &["aws_appmesh_virtual_service"],
        aws: "AWS::AppMesh::VirtualService",
        rows: &[MESH_NAME, value("name", "VirtualServiceName")],
    },
    Mapped {
        terraform: &["aws_appmesh_route"],
        aws: "AWS::AppMesh::Route",
        rows: &[
            MESH_NAME,
            value("name", "RouteName"),
            block(
                "spec",
                "Spec",
                &[
                    block("grpc_route", "GrpcRoute", ROUTE),
                    block("http_route", "HttpRoute", ROUTE),
                    block("http2_route", "Http2Route", ROUTE),
                ],
            ),
        ],
    },
    Mapped {
        terraform: &["aws_appmesh_gateway_route"],
        aws: "AWS::AppMesh::GatewayRoute",
        rows: &[MESH_NAME, value("name", "GatewayRouteName")],
    },
];
