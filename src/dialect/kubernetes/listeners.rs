//! The listeners of an Ingress: ports, protocols, certificates.

use super::annotations::{ALB, Setting};
use super::classes::{Claim, Params};
use super::lowering::{Layered, View};
use super::objects::Object;
use crate::document::NodeRef;
use crate::model::{Place, Unknown, ValueId, Values};

/// A port on which the load balancer listens.
#[derive(Debug, Clone, Copy)]
pub(super) struct ListenPort {
    /// `HTTP` or `HTTPS`.
    pub(super) protocol: &'static str,
    pub(super) port: i64,
    pub(super) protocol_place: Place,
    pub(super) port_place: Place,
}

/// Where an Ingress wants to be reached.
#[derive(Debug, Clone)]
pub(super) enum Listen {
    /// At these ports.
    Ports(Vec<ListenPort>),
    /// Not settled, or refused by the controller.
    Unsettled,
}

/// The certificates of an Ingress.
#[derive(Debug, Clone)]
pub(super) enum Certificates<'d> {
    /// None is written, and no host lets the controller look for one.
    None,
    /// None is written; the controller looks for one by these hosts.
    Discovered,
    /// These, as a list in one setting or a field.
    Written(Vec<Setting<'d>>),
    /// Written, and not settled.
    Unsettled(Place),
}

/// The certificates that an Ingress brings.
pub(super) fn certificates<'d>(object: &Object<'d>, view: &View<'_, 'd>) -> Certificates<'d> {
    for field in ["certificateArn", "certificateArns", "certificateARNs"] {
        match view.field(&[field]) {
            Layered::Written(setting) => return Certificates::Written(vec![setting]),
            Layered::Unknown(_) => return Certificates::Unsettled(Place::fact_at(object.name_span)),
            Layered::Absent => {}
        }
        if let Some(list) = params_list(view, field) {
            return Certificates::Written(list);
        }
    }
    if let Some(setting) = object.annotations.under(ALB, "certificate-arn") {
        return Certificates::Written(vec![setting.clone()]);
    }
    if let Some(setting) =
        object.annotations.under(ALB, "create-acm-cert").filter(|s| s.truth() != Some(false))
    {
        return Certificates::Unsettled(setting.place());
    }
    if view.params == Params::Unlisted {
        return Certificates::Unsettled(Place::fact_at(object.name_span));
    }
    let has_rule_host = object
        .spec(&["rules"])
        .into_iter()
        .flat_map(NodeRef::items)
        .any(|rule| rule.get("host").and_then(|host| host.text()).is_some_and(|host| !host.is_empty()));
    let has_tls_host = object
        .spec(&["tls"])
        .into_iter()
        .flat_map(NodeRef::items)
        .any(|tls| tls.get("hosts").is_some_and(|hosts| hosts.items().len() > 0));
    if has_rule_host || has_tls_host { Certificates::Discovered } else { Certificates::None }
}

/// A list in block style in the IngressClassParams.
fn params_list<'d>(view: &View<'_, 'd>, field: &str) -> Option<Vec<Setting<'d>>> {
    let Params::Object(idx) = view.params else { return None };
    let entry = view.world.objects[idx].node.get("spec")?.entry(field)?;
    let list: Vec<Setting<'d>> =
        entry.value.items().filter_map(|item| Setting::read_at(entry.key.span(), item)).collect();
    (!list.is_empty()).then_some(list)
}

impl Certificates<'_> {
    /// Whether HTTPS is what the controller listens to when no port is written.
    fn make_https(&self) -> bool {
        matches!(self, Certificates::Written(_) | Certificates::Unsettled(_))
    }

    /// `[{CertificateArn}]`; `None` when there is none.
    pub(super) fn value(&self, values: &mut Values, place: Place) -> Option<ValueId> {
        match self {
            Certificates::None => None,
            Certificates::Discovered => Some(values.unknown(Unknown::Computed, place)),
            Certificates::Unsettled(place) => Some(values.unknown(Unknown::Computed, *place)),
            Certificates::Written(settings) => {
                let mut list = Vec::new();
                for setting in settings {
                    for arn in setting.text.trim_matches(['[', ']']).split(',').map(str::trim) {
                        let place = setting.part(arn);
                        let arn = super::lowering::word(values, arn, place);
                        list.push(values.map_of(&[("CertificateArn", arn)], place));
                    }
                }
                let place = settings.first().map_or(place, Setting::place);
                Some(values.list(&list, place))
            }
        }
    }
}

/// The ports that an Ingress asks for.
pub(super) fn listen(object: &Object<'_>, claim: Claim, certificates: &Certificates<'_>) -> Listen {
    let Some(setting) = object.annotations.under(ALB, "listen-ports") else {
        if matches!(claim.params, Params::Unknown | Params::Unlisted) {
            return Listen::Unsettled;
        }
        let place = match certificates {
            Certificates::Written(settings) => {
                settings.first().map_or(object.name_span, |setting| setting.key)
            }
            _ => object.name_span,
        };
        let place = Place::default_at(place);
        let (protocol, port) = if certificates.make_https() { ("HTTPS", 443) } else { ("HTTP", 80) };
        return Listen::Ports(vec![ListenPort { protocol, port, protocol_place: place, port_place: place }]);
    };
    parse(setting).map_or(Listen::Unsettled, Listen::Ports)
}

/// Whether the controller accepts a value of `listen-ports`.
pub(super) fn is_accepted(setting: &Setting<'_>) -> bool {
    parse(setting).is_some()
}

/// The protocols in a value of `listen-ports`; `None` when it is not settled or refused.
pub(super) fn protocols(setting: &Setting<'_>) -> Option<Vec<&'static str>> {
    parse(setting).map(|ports| ports.iter().map(|port| port.protocol).collect())
}

/// `[{"HTTP": 80}, {"HTTPS": 443}]`.
fn parse(setting: &Setting<'_>) -> Option<Vec<ListenPort>> {
    if setting.is_placeholder() {
        return None;
    }
    let json = setting.json()?;
    let mut ports: Vec<ListenPort> = Vec::new();
    let mut rest = setting.text;
    for entry in json.as_array()? {
        for (protocol, port) in entry.as_object()? {
            let protocol = match protocol.as_str() {
                "HTTP" => "HTTP",
                "HTTPS" => "HTTPS",
                _ => return None,
            };
            let port = port.as_i64().filter(|port| (1..=65535).contains(port))?;
            // One port with two protocols has no defined order.
            if ports.iter().any(|other| other.port == port && other.protocol != protocol) {
                return None;
            }
            let quoted = format!("\"{protocol}\"");
            let (mut protocol_place, mut port_place) = (setting.place(), setting.place());
            if let Some(at) = rest.find(&quoted) {
                protocol_place = setting.part(&rest[at + 1..at + 1 + protocol.len()]);
                rest = &rest[at + quoted.len()..];
                let digits = port.to_string();
                if let Some(at) = rest.find(&digits) {
                    port_place = setting.part(&rest[at..at + digits.len()]);
                }
            }
            if !ports.iter().any(|other| other.port == port) {
                ports.push(ListenPort { protocol, port, protocol_place, port_place });
            }
        }
    }
    (!ports.is_empty()).then_some(ports)
}
