//! Probes: what they send, and to which port.

use super::evidence::declared;
use super::objects::World;
use super::ports::{PortId, Ports, Probe};
use super::values::{inner_span, text};
use super::workloads::{Container, PortRef, Workloads, port_ref};
use crate::document::{Kind, NodeRef, Schema, Typed};
use crate::model::{Builder, Evidence, EvidenceKind, TlsEvidence, TlsSign, signs};

const ROLES: [(&str, &str); 3] =
    [("readinessProbe", "readiness"), ("livenessProbe", "liveness"), ("startupProbe", "startup")];
const HANDLERS: [&str; 4] = ["grpc", "httpGet", "tcpSocket", "exec"];

/// Reads the probes of all containers; a port that only a probe knows becomes known.
pub(super) fn read<'d>(
    builder: &mut Builder,
    world: &World<'d>,
    workloads: &Workloads<'d>,
    ports: &mut Ports<'d>,
) {
    for (workload_idx, workload) in workloads.all.iter().enumerate() {
        for (container_idx, container) in workload.containers.iter().enumerate() {
            for (key, role) in ROLES {
                let Some(probe) = container.node.get(key).filter(|probe| probe.kind() == Kind::Mapping)
                else {
                    continue;
                };
                let reading = Reading { role, probe, container };
                let mut number_port = |number: i64, node: NodeRef<'d>| {
                    let at = inner_span(node);
                    let id = ports.numbered(builder, world, workloads, workload_idx, number, at);
                    let port = &mut ports.all[id.0];
                    port.container = port.container.or(Some(container_idx));
                    id
                };
                let target = reading.target(&mut number_port, workload);
                reading.note(builder, ports, container_idx, workload_idx, target);
            }
        }
    }
}

struct Reading<'c, 'd> {
    role: &'static str,
    probe: NodeRef<'d>,
    container: &'c Container<'d>,
}

impl<'d> Reading<'_, 'd> {
    fn handler(&self) -> Option<(&'static str, NodeRef<'d>)> {
        HANDLERS.iter().find_map(|name| Some((*name, self.probe.get(name)?)))
    }

    /// The port that the probe goes to.
    fn target(
        &self,
        numbered: &mut dyn FnMut(i64, NodeRef<'d>) -> PortId,
        workload: &super::workloads::Workload<'d>,
    ) -> Option<PortId> {
        let (name, handler) = self.handler()?;
        if name == "exec" {
            let command = handler.get("command")?;
            let words: Vec<&str> = command.items().filter_map(NodeRef::text).collect();
            let port = signs::probe_command(&words)?.port?;
            return Some(numbered(port, command));
        }
        let port = handler.get("port")?;
        match port_ref(port)? {
            PortRef::Number(number) => Some(numbered(number, port)),
            PortRef::Name(name) => {
                let (_, found) = workload.named_port(name)?;
                Some(numbered(found.number, port))
            }
        }
    }

    /// Puts the probe down at its port, or at all ports of its container when it names none.
    fn note(
        &self,
        builder: &mut Builder,
        ports: &mut Ports<'d>,
        container: usize,
        workload: usize,
        target: Option<PortId>,
    ) {
        let Some((name, handler)) = self.handler() else { return };
        let words: Vec<&str> =
            handler.get("command").into_iter().flat_map(NodeRef::items).filter_map(NodeRef::text).collect();
        let command = signs::probe_command(&words);
        let speaks = match name {
            "grpc" => "grpc",
            "httpGet" => "http",
            "tcpSocket" => "tcp",
            _ if command.is_some() => "grpc",
            _ => "command",
        };
        let span = inner_span(handler.get("port").or(handler.get("command")).unwrap_or(handler));
        let problem = self.problem(name, handler);
        let probe = Probe { role: self.role, speaks, is_native: name != "exec", problem, span };
        let is_open = |port: NodeRef<'_>| {
            port.scalar().is_some_and(|scalar| super::values::is_placeholder(scalar.text))
        };
        if handler.get("port").is_some_and(is_open) {
            return;
        }
        let Some(id) = target else {
            for port in &mut ports.all {
                if port.workload == Some(workload) && port.container == Some(container) {
                    port.probes.push(probe);
                }
            }
            return;
        };
        let port = &mut ports.all[id.0];
        port.probes.push(probe);
        let draft = builder.draft_mut(port.resource);
        let role = self.role;
        if name == "grpc" {
            draft.grpc.push(declared(span, format!("the {role} probe speaks gRPC")));
            draft.tls.push(TlsEvidence {
                sign: TlsSign::Plaintext,
                text: format!("the {role} probe speaks gRPC without TLS"),
                span,
            });
        }
        if let Some(command) = command {
            let text = format!("the {role} probe runs {}", command.program);
            draft.grpc.push(Evidence::new(EvidenceKind::ProbeCommand, span, text.clone()));
            let sign = if command.tls { TlsSign::Tls } else { TlsSign::Plaintext };
            draft.tls.push(TlsEvidence { sign, text, span });
        }
        if name == "httpGet" && handler.get("scheme").and_then(text) == Some("HTTPS") {
            draft.tls.push(TlsEvidence {
                sign: TlsSign::Tls,
                text: format!("the {role} probe uses HTTPS"),
                span,
            });
        }
    }

    /// Why the API server refuses the probe.
    fn problem(&self, name: &str, handler: NodeRef<'d>) -> Option<&'static str> {
        if HANDLERS.iter().filter(|name| self.probe.get(name).is_some()).count() > 1 {
            return Some("several-handlers");
        }
        if name != "grpc" {
            return None;
        }
        let Some(port) = handler.get("port") else { return Some("missing-port") };
        let scalar = port.scalar()?;
        if super::values::is_placeholder(scalar.text) {
            return None;
        }
        match scalar.typed(Schema::Yaml11) {
            Typed::Int(1..=65535) => None,
            Typed::Int(_) => Some("port-out-of-range"),
            Typed::Null => Some("missing-port"),
            _ if self
                .container
                .ports
                .iter()
                .any(|own| own.name.is_some_and(|(own, _)| own == scalar.text)) =>
            {
                Some("named-port")
            }
            _ => Some("port-not-a-number"),
        }
    }
}
