//! What stops a whole IngressGroup: names that are not allowed, and members that contradict each other.

use super::annotations::{ALB, Setting};
use super::ingress::Member;
use super::listeners::Listen;
use super::lowering::{Layered, Lowering, Refusal};

/// Settings of which a group has one.
const EXCLUSIVE: [(&str, &str); 10] = [
    ("load-balancer-name", "loadBalancerName"),
    ("scheme", "scheme"),
    ("ip-address-type", "ipAddressType"),
    ("subnets", "subnets"),
    ("security-groups", "securityGroups"),
    ("customer-owned-ipv4-pool", ""),
    ("wafv2-acl-arn", "wafv2AclArn"),
    ("waf-acl-id", ""),
    ("shield-advanced-protection", ""),
    ("ssl-redirect", "sslRedirectPort"),
];

/// The longest name of a load balancer.
const MAX_NAME: usize = 32;
/// The longest name of a group.
const MAX_GROUP: usize = 63;

impl<'d> Lowering<'_, 'd> {
    /// Looks at the settings by which members join a group and name its load balancer.
    pub(super) fn check_names(&mut self, members: &[Member<'d>]) {
        for member in members {
            let view = self.view(member.object, member.claim);
            let group = view.get_over("group.name", &["group", "name"]);
            let name = view.get_over("load-balancer-name", &["loadBalancerName"]);
            let order = view.get("group.order");
            let written = |setting: &Layered<'d>| {
                setting.written().filter(|setting| !setting.is_placeholder()).cloned()
            };
            if let Some(setting) = written(&group).filter(|setting| !is_group_name(setting.text)) {
                let text = format!("`{}` is no name of a group", setting.text);
                self.refuse_member(member, "group-name", text, &setting, None);
            }
            let out_of_range = |setting: &Setting<'d>| {
                setting.text.parse().is_ok_and(|order: i64| !(-1000..=1000).contains(&order))
            };
            if let Some(setting) = written(&order).filter(out_of_range) {
                let text = format!("order {} is not between -1000 and 1000", setting.text);
                self.refuse_member(member, "group-order", text, &setting, None);
            }
            if let Some(setting) = written(&name).filter(|setting| setting.text.len() > MAX_NAME) {
                let text = format!(
                    "name of the load balancer has {} characters, and {MAX_NAME} are allowed",
                    setting.text.len()
                );
                self.refuse_member(member, "load-balancer-name", text, &setting, None);
            }
        }
    }

    /// Looks for members of one directory that want different things of the load balancer that they share.
    pub(super) fn check_conflicts(&mut self, members: &[Member<'d>]) {
        for (idx, member) in members.iter().enumerate() {
            // Another directory may be another environment.
            let directory = self.world.directory(&self.world.objects[member.object]);
            let earlier = members[..idx]
                .iter()
                .find(|other| self.world.directory(&self.world.objects[other.object]) == directory);
            let Some(earlier) = earlier else { continue };
            for (annotation, field) in EXCLUSIVE {
                let path: &[&str] = if field.is_empty() { &[] } else { &[field] };
                let setting = |member: &Member<'d>| {
                    let view = self.view(member.object, member.claim);
                    let found =
                        if path.is_empty() { view.get(annotation) } else { view.get_over(annotation, path) };
                    found.written().filter(|setting| !setting.is_placeholder()).cloned()
                };
                let (Some(own), Some(other)) = (setting(member), setting(earlier)) else { continue };
                if items(&own) != items(&other) {
                    let name = &self.world.objects[earlier.object].name;
                    let text =
                        format!("`{annotation}` is `{}`, and `{}` in Ingress `{name}`", own.text, other.text);
                    self.refuse_member(member, "group-conflict", text, &own, Some(&other));
                }
            }
            self.check_ports(member, earlier);
        }
    }

    /// One port cannot be HTTP for one member and HTTPS for another.
    fn check_ports(&mut self, member: &Member<'d>, earlier: &Member<'d>) {
        let (Listen::Ports(own), Listen::Ports(others)) = (&member.listen, &earlier.listen) else { return };
        let setting = |member: &Member<'d>| {
            self.world.objects[member.object].annotations.under(ALB, "listen-ports").cloned()
        };
        let (Some(own_setting), Some(other_setting)) = (setting(member), setting(earlier)) else { return };
        for port in own {
            let clash =
                others.iter().find(|other| other.port == port.port && other.protocol != port.protocol);
            if clash.is_some() {
                let name = self.world.objects[earlier.object].name;
                let text =
                    format!("port {} is {} here and not in Ingress `{name}`", port.port, port.protocol);
                self.refuse_member(member, "group-conflict", text, &own_setting, Some(&other_setting));
            }
        }
    }

    fn refuse_member(
        &mut self,
        member: &Member<'d>,
        reason: &'static str,
        text: String,
        setting: &Setting<'d>,
        other: Option<&Setting<'d>>,
    ) {
        let refusal =
            Refusal { reason, text, at: setting.span, other: other.map(|other| other.span), meant: None };
        self.refusals.push((member.object, refusal));
    }
}

/// Lists compare in any order.
fn items<'d>(setting: &Setting<'d>) -> Vec<&'d str> {
    let mut items: Vec<&str> = setting.list().collect();
    items.sort_unstable();
    items
}

/// Lower-case letters, digits, dashes and dots, a letter or digit at both ends.
fn is_group_name(name: &str) -> bool {
    let is_end =
        |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let bytes = name.as_bytes();
    bytes.len() <= MAX_GROUP
        && is_end(bytes.first())
        && is_end(bytes.last())
        && bytes.iter().all(|byte| is_end(Some(byte)) || matches!(byte, b'-' | b'.'))
}
