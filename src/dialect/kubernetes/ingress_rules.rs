//! The rules of an Ingress's listeners, and their actions.

use rustc_hash::FxHashMap;

use super::annotations::{ALB, Setting};
use super::ingress::{Made, Member};
use super::listeners::ListenPort;
use super::lowering::{Lowering, Properties};
use super::rules::{self, Action, Paths, Plan, PortText, RulePlan};
use super::target_groups::Backend;
use super::workloads::PortRef;
use crate::model::{Place, ResourceIdx, Unknown, ValueId};

/// The listener that rules are put on.
#[derive(Debug, Clone, Copy)]
pub(super) struct OnListener {
    pub(super) listener: ResourceIdx,
    pub(super) port: ListenPort,
}

impl<'d> Lowering<'_, 'd> {
    /// Puts the rules of all members on a listener, in order.
    pub(super) fn lower_rules(&mut self, id: &str, on: OnListener, members: &[&Member<'d>], made: &Made) {
        let mut redirects: FxHashMap<Option<&str>, Vec<&RulePlan<'d>>> = FxHashMap::default();
        let mut priority = 0;
        for member in members {
            for rule in &member.rules {
                let action = match &rule.plan {
                    Plan::Action(setting) => rules::action(setting),
                    _ => None,
                };
                let is_redirect = matches!(action, Some(Action::Redirect { .. }));
                // The controller leaves out a redirect to where the request already is, and whatever an
                // earlier redirect catches.
                let host = rule.host.map(|(host, _)| host);
                let mut earlier = [None, host].into_iter().filter_map(|host| redirects.get(&host)).flatten();
                if leads_to_itself(action.as_ref(), on.port)
                    || earlier.any(|redirect| rules::is_covered(rule, redirect))
                {
                    continue;
                }
                if is_redirect && !matches!(rule.paths, Paths::Unknown(..)) {
                    redirects.entry(host).or_default().push(rule);
                }
                priority += 1;
                self.lower_rule(format!("{id} rule {priority}"), on, priority, member, rule, made);
            }
        }
    }

    fn lower_rule(
        &mut self,
        id: String,
        on: OnListener,
        priority: i64,
        member: &Member<'d>,
        rule: &RulePlan<'d>,
        made: &Made,
    ) {
        let object = &self.world.objects[member.object];
        let kind = "AWS::ElasticLoadBalancingV2::ListenerRule";
        let resource = self.add_built(object, id, kind, rule.at, member.claim.platform);
        let place = Place::written(rule.at, rule.at);
        let mut actions: Vec<ValueId> = Vec::new();
        if on.port.protocol == "HTTPS" {
            actions.extend(self.authentication(member, rule));
        }
        let forward = self.action(made, member, &rule.plan);
        let values = &mut self.builder.values;
        actions.push(forward.unwrap_or_else(|| values.unknown(Unknown::Invalid, place)));
        let mut properties = Properties::default();
        properties.put("ListenerArn", values.reference(on.listener, place));
        properties.put("Priority", values.int(priority, Place::default_at(rule.at)));
        properties.put("Actions", values.list(&actions, place));
        properties.put("Conditions", rules::conditions(values, rule));
        if let Some(setting) = &rule.transforms {
            properties.put("Transforms", rules::transforms(values, setting));
        }
        let properties = properties.finish(values, place);
        self.builder.draft_mut(resource).properties = Some(properties);
    }

    /// The action that `auth-type` puts in front.
    fn authentication(&mut self, member: &Member<'d>, rule: &RulePlan<'d>) -> Option<ValueId> {
        let object = &self.world.objects[member.object];
        let service = match &rule.plan {
            Plan::Backend(backend) => {
                match self.services.find(self.world, backend.service, object).as_slice() {
                    [one] => Some(self.services.all[*one].object),
                    _ => None,
                }
            }
            _ => None,
        };
        let of_service = service.and_then(|idx| self.world.objects[idx].annotations.under(ALB, "auth-type"));
        let setting = of_service.or_else(|| object.annotations.under(ALB, "auth-type"))?;
        let kind = match setting.text {
            "cognito" => "authenticate-cognito",
            "oidc" => "authenticate-oidc",
            _ => return None,
        };
        let values = &mut self.builder.values;
        let kind = values.text(kind, setting.place());
        Some(values.map_of(&[("Type", kind)], setting.place()))
    }

    /// The action of a plan; `None` when the controller refuses it.
    pub(super) fn action(&mut self, made: &Made, member: &Member<'d>, plan: &Plan<'d>) -> Option<ValueId> {
        match plan {
            Plan::Unknown => None,
            Plan::Backend(backend) => {
                let place = Place::written(backend.at, backend.at);
                let group = *made.get(&(member.object, backend.label()))?;
                let values = &mut self.builder.values;
                let entries = [
                    ("Type", values.text("forward", place)),
                    ("TargetGroupArn", values.reference(group, place)),
                ];
                Some(values.map_of(&entries, place))
            }
            Plan::Action(setting) => match rules::action(setting)? {
                Action::Fixed { code } => Some(self.fixed_action(&code.unwrap_or_default(), setting.place())),
                Action::Redirect { protocol, port, code, .. } => {
                    let place = setting.place();
                    let values = &mut self.builder.values;
                    let mut config = Vec::new();
                    for (key, text) in [("Protocol", protocol), ("Port", port), ("StatusCode", code)] {
                        if let Some(text) = text {
                            config.push((key, values.text(&text, place)));
                        }
                    }
                    let config = values.map_of(&config, place);
                    let entries = [("Type", values.text("redirect", place)), ("RedirectConfig", config)];
                    Some(values.map_of(&entries, place))
                }
                Action::Forward(targets) => {
                    let place = setting.place();
                    let mut list = Vec::new();
                    for (target, weight) in targets {
                        let backend = target.and_then(|(service, port)| in_text(setting, &service, &port));
                        let group = backend.and_then(|backend| made.get(&(member.object, backend.label())));
                        let values = &mut self.builder.values;
                        let arn = match group {
                            Some(group) => values.reference(*group, place),
                            None => values.unknown(Unknown::Outside, place),
                        };
                        let entries = [("TargetGroupArn", arn), ("Weight", values.int(weight, place))];
                        list.push(values.map_of(&entries, place));
                    }
                    let values = &mut self.builder.values;
                    let list = values.list(&list, place);
                    let config = values.map_of(&[("TargetGroups", list)], place);
                    let entries = [("Type", values.text("forward", place)), ("ForwardConfig", config)];
                    Some(values.map_of(&entries, place))
                }
            },
        }
    }

    pub(super) fn fixed_action(&mut self, code: &str, place: Place) -> ValueId {
        let values = &mut self.builder.values;
        let code = values.text(code, place);
        let config = values.map_of(&[("StatusCode", code)], place);
        let entries = [("Type", values.text("fixed-response", place)), ("FixedResponseConfig", config)];
        values.map_of(&entries, place)
    }

    /// The redirect that `ssl-redirect` makes the default action of every HTTP listener.
    pub(super) fn redirect_action(&mut self, members: &[&Member<'d>]) -> Option<ValueId> {
        let member = members.first()?;
        let setting = self.view(member.object, member.claim).get_over("ssl-redirect", &["sslRedirectPort"]);
        let name = self.world.objects[member.object].name_span;
        let place = setting.written().map_or(Place::default_at(name), Setting::place);
        let values = &mut self.builder.values;
        let mut config =
            vec![("Protocol", values.text("HTTPS", place)), ("StatusCode", values.text("HTTP_301", place))];
        if let Some(setting) = setting.written() {
            config.push(("Port", setting.value(values)));
        }
        let config = values.map_of(&config, place);
        let entries = [("Type", values.text("redirect", place)), ("RedirectConfig", config)];
        Some(values.map_of(&entries, place))
    }
}

/// A backend of an action, its names found again in the annotation's text, so that they live as long as it.
pub(super) fn in_text<'d>(setting: &Setting<'d>, service: &str, port: &PortText) -> Option<Backend<'d>> {
    let text: &'d str = setting.text;
    let find = |word: &str| text.find(word).map(|at| &text[at..at + word.len()]);
    let service = find(service)?;
    let port = match port {
        PortText::Number(number) => PortRef::Number(*number),
        PortText::Name(name) => PortRef::Name(find(name)?),
    };
    let at = setting.part(service).span;
    Some(Backend { service, port, at, port_at: at })
}

/// Whether a redirect leads back to the very listener that it stands on.
fn leads_to_itself(action: Option<&Action>, port: ListenPort) -> bool {
    let Some(Action::Redirect { protocol, port: target, elsewhere, .. }) = action else { return false };
    !elsewhere
        && protocol.as_deref().is_none_or(|protocol| protocol == port.protocol)
        && target.as_deref().is_none_or(|target| target == port.port.to_string())
}
