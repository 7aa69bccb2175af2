//! The builder through which dialects fill a model.

use super::{Model, ResourceIdx, ValueId, Values};
use crate::source::Span;

/// Whose defaults apply to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Platform {
    /// The AWS API as CloudFormation calls it.
    CloudFormation,
    /// The Terraform AWS provider.
    Terraform,
    /// The AWS Load Balancer Controller, for an Ingress.
    Ingress,
    /// The AWS Load Balancer Controller, for a Service of type LoadBalancer.
    Service,
    /// The AWS Load Balancer Controller, for Gateway API objects.
    Gateway,
    /// EKS Auto Mode's built-in controller, for an Ingress.
    AutoMode,
    /// EKS Auto Mode's built-in controller, for a Service of type LoadBalancer.
    AutoModeService,
    /// The AWS Gateway API Controller, which builds VPC Lattice services.
    Lattice,
    /// The in-tree or external cloud provider, which builds classic load balancers.
    InTree,
    /// A Kubernetes object, as written: no defaults are added.
    Kubernetes,
}

/// What a piece of evidence is; each kind counts once for a port however often it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EvidenceKind {
    /// Said outright: a GRPC protocol version, a gRPC status matcher, a native gRPC probe, a GRPCRoute. Weight 1.
    Declared,
    /// A probe command that runs a gRPC client. Weight 0.95.
    ProbeCommand,
    /// `grpc` in the name of the port or target group itself, or an application protocol `grpc`. Weight 0.9.
    OwnName,
    /// An argument or variable with GRPC in its name whose value is the port, or an RPC path pattern. Weight 0.8.
    Argument,
    /// A port of 50051 to 50059. Weight 0.6.
    WellKnownPort,
    /// `grpc` in the name of something around it: container, workload, service, listener, Ingress. Weight 0.6.
    NearbyName,
    /// Port name or application protocol `h2c` or `http2`. Weight 0.6.
    Http2Name,
    /// Port and image of a product known to serve gRPC there, beside HTTP. Weight 0.5.
    KnownProduct,
    /// HTTP/2 settings, other customary ports, words such as `rpc` and `proto`. Weight 0.2.
    Weak,
}

impl EvidenceKind {
    /// Its weight between 0 and 1.
    pub fn weight(self) -> f64 {
        match self {
            EvidenceKind::Declared => 1.0,
            EvidenceKind::ProbeCommand => 0.95,
            EvidenceKind::OwnName => 0.9,
            EvidenceKind::Argument => 0.8,
            EvidenceKind::WellKnownPort | EvidenceKind::NearbyName | EvidenceKind::Http2Name => 0.6,
            EvidenceKind::KnownProduct => 0.5,
            EvidenceKind::Weak => 0.2,
        }
    }
}

/// A reason to believe that a resource carries gRPC.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// What it is.
    pub kind: EvidenceKind,
    /// Factor below 1 where words such as `grpc-web` or `grpc-metrics` speak against it (0.2).
    pub factor: f64,
    /// In a few words, for messages: "container port 50051 is named `grpc`".
    pub text: String,
    /// Where it is written.
    pub span: Span,
}

impl Evidence {
    /// Evidence of full weight.
    pub fn new(kind: EvidenceKind, span: Span, text: impl Into<String>) -> Self {
        Self { kind, factor: 1.0, text: text.into(), span }
    }
}

/// What the user says outright of whether a resource carries gRPC; it outweighs all evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// Whether it does.
    pub is_grpc: bool,
    /// Who says so, in a few words, for messages: "a note says so".
    pub text: String,
    /// Where it is written.
    pub span: Span,
}

/// What the server at a port expects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TlsSign {
    /// TLS.
    Tls,
    /// Plaintext.
    Plaintext,
    /// TLS perhaps: the port in front of it is one that is customary for TLS, and servers behind such ports speak both.
    PerhapsTls,
}

/// A reason to believe that a port's server expects TLS or plaintext.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsEvidence {
    /// Which of the two.
    pub sign: TlsSign,
    /// In a few words, for messages.
    pub text: String,
    /// Where it is written.
    pub span: Span,
}

/// The names under `Links`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "the names are those of docs/model.md")]
pub enum Link {
    LoadBalancers,
    Listeners,
    Rules,
    TargetGroups,
    Services,
    Workloads,
    Ports,
    HealthCheckPorts,
    Twins,
    ShadowedBy,
    DependsOn,
}

impl Link {
    /// All of them, in the order of `Links`.
    pub const ALL: [Link; 11] = [
        Link::LoadBalancers,
        Link::Listeners,
        Link::Rules,
        Link::TargetGroups,
        Link::Services,
        Link::Workloads,
        Link::Ports,
        Link::HealthCheckPorts,
        Link::Twins,
        Link::ShadowedBy,
        Link::DependsOn,
    ];

    /// The key under `Links`.
    pub fn as_str(self) -> &'static str {
        match self {
            Link::LoadBalancers => "LoadBalancers",
            Link::Listeners => "Listeners",
            Link::Rules => "Rules",
            Link::TargetGroups => "TargetGroups",
            Link::Services => "Services",
            Link::Workloads => "Workloads",
            Link::Ports => "Ports",
            Link::HealthCheckPorts => "HealthCheckPorts",
            Link::Twins => "Twins",
            Link::ShadowedBy => "ShadowedBy",
            Link::DependsOn => "DependsOn",
        }
    }
}

/// A resource in the making.
#[derive(Debug)]
pub struct Draft {
    /// Logical id, Terraform address, or for what a controller builds `Ingress ns/name -> service:port`.
    pub id: String,
    /// `AWS::…`, `Kubernetes::Kind` or `Workload::Port`.
    pub type_name: String,
    /// Where its name is written.
    pub name: Span,
    /// Where its type is written; its name where that is not a place of its own.
    pub type_at: Span,
    /// All of it.
    pub span: Span,
    /// Whose defaults apply.
    pub platform: Platform,
    /// Who builds or reconciles it (`Source.Controller`); `None` in templates; unknown where not settled.
    pub controller: Option<ValueId>,
    /// The condition without which it does not exist (`Source.Condition`).
    pub condition: Option<String>,
    /// What the user wrote, resolved, in AWS names and shape: a map. `None` counts as an empty map.
    pub properties: Option<ValueId>,
    /// `Properties` with defaults, normalised; the property tables fill it when a dialect does not.
    pub effective: Option<ValueId>,
    /// Reasons to believe that it carries gRPC, those that hold for itself and not through a link.
    pub grpc: Vec<Evidence>,
    /// The calls of modules or nested stacks that lead to it, the outermost first.
    pub callers: Vec<Span>,
    /// Whether it carries gRPC, where the user says so.
    pub settled: Option<Settled>,
    /// Whether a gRPC-Web server, gateway or transcoder stands there.
    pub grpc_web: bool,
    /// Whether a name or variable speaks of stream, watch, subscribe or events.
    pub streaming: bool,
    /// Reasons to believe that its server expects TLS or plaintext.
    pub tls: Vec<TlsEvidence>,
    /// Reasons for connection balancing: proxy, private-link, vpc-link, static-address, tls-passthrough, bounded-connections.
    pub layer4_reasons: Vec<(&'static str, Span)>,
    /// Whether an output, an export or something unknown may use it too.
    pub exported: bool,
    /// Other sections by their word: `Annotations`, `Missing`, `Refusals`, `Probes`, `Mesh`, `Proxy`, `Entries`, `Drain` …
    pub sections: Vec<(&'static str, ValueId)>,
    /// Edges that the dialect knows; the model adds those that follow from `Effective`.
    pub links: Vec<(Link, ResourceIdx)>,
    /// Links of which the files do not settle all targets.
    pub unknown_links: Vec<Link>,
    /// Terraform blocks that are written, by name (`health_check`, `stickiness`): their presence changes the
    /// provider's defaults.
    pub blocks: Vec<(String, Span)>,
    /// Names of resources in `DependsOn` or `depends_on`, resolved.
    pub depends_on: Vec<ResourceIdx>,
}

impl Draft {
    /// A resource with nothing but a name.
    pub fn new(
        id: impl Into<String>,
        type_name: impl Into<String>,
        name: Span,
        span: Span,
        platform: Platform,
    ) -> Self {
        Self {
            id: id.into(),
            type_name: type_name.into(),
            name,
            type_at: name,
            span,
            platform,
            controller: None,
            condition: None,
            properties: None,
            effective: None,
            grpc: Vec::new(),
            callers: Vec::new(),
            settled: None,
            grpc_web: false,
            streaming: false,
            tls: Vec::new(),
            layer4_reasons: Vec::new(),
            exported: false,
            sections: Vec::new(),
            links: Vec::new(),
            unknown_links: Vec::new(),
            blocks: Vec::new(),
            depends_on: Vec::new(),
        }
    }
}

/// A model in the making. Declare resources first, so that references can name them, then fill them in.
#[derive(Debug, Default)]
pub struct Builder {
    /// All values of the model.
    pub values: Values,
    drafts: Vec<Draft>,
}

impl Builder {
    /// An empty model.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a resource; its draft can be completed later.
    pub fn add(&mut self, draft: Draft) -> ResourceIdx {
        let idx = ResourceIdx(self.drafts.len() as u32);
        self.drafts.push(draft);
        idx
    }

    /// A draft.
    pub fn draft(&self, idx: ResourceIdx) -> &Draft {
        &self.drafts[idx.0 as usize]
    }

    /// A draft, to complete it.
    pub fn draft_mut(&mut self, idx: ResourceIdx) -> &mut Draft {
        &mut self.drafts[idx.0 as usize]
    }

    /// The indices of all drafts.
    pub fn indices(&self) -> impl Iterator<Item = ResourceIdx> + use<> {
        (0..self.drafts.len() as u32).map(ResourceIdx)
    }

    /// Adds an edge.
    pub fn link(&mut self, from: ResourceIdx, link: Link, to: ResourceIdx) {
        let links = &mut self.drafts[from.0 as usize].links;
        if !links.contains(&(link, to)) {
            links.push((link, to));
        }
    }

    /// Works out links, evidence and verdicts.
    pub fn finish(self) -> Model {
        super::assemble::assemble(self.values, self.drafts)
    }
}
