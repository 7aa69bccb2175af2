//! Facts about workloads and Services that stand in sections of their own: `Drain`, `Mesh`, `Missing`.

use super::mesh;
use super::objects::{Found, World};
use super::services::Service;
use super::values::{inner_span, int, is_placeholder};
use super::workloads::{Container, ContainerPort, PortRef, Selected, Workload, Workloads};
use crate::document::NodeRef;
use crate::model::{Builder, Link, Place, ResourceIdx, Unknown, ValueId, Values};
use crate::source::Span;

/// What Kubernetes waits for a pod to end when nothing is written.
const DEFAULT_GRACE: i64 = 30;

/// Adds the sections.
pub(super) fn add(
    builder: &mut Builder,
    world: &World<'_>,
    resources: &[ResourceIdx],
    workloads: &Workloads<'_>,
    services: &[Service<'_>],
) {
    for workload in &workloads.all {
        let object = &world.objects[workload.object];
        let drain = drain(&mut builder.values, workload, object.name_span);
        let mesh = mesh::injected(world, workload).map(|mesh| mesh.value(&mut builder.values));
        let draft = builder.draft_mut(resources[workload.object]);
        draft.sections.push(("Drain", drain));
        draft.sections.extend(mesh.map(|mesh| ("Mesh", mesh)));
    }
    link_scalers(builder, world, resources);
    link_budgets(builder, world, resources, workloads);
    for service in services {
        let missing = missing_ports(&mut builder.values, world, workloads, service);
        builder.draft_mut(service.resource).sections.extend(missing.map(|missing| ("Missing", missing)));
    }
}

/// Links what scales a workload with it.
fn link_scalers(builder: &mut Builder, world: &World<'_>, resources: &[ResourceIdx]) {
    for (idx, object) in world.objects.iter().enumerate() {
        if !matches!(object.kind, "HorizontalPodAutoscaler" | "ScaledObject") {
            continue;
        }
        let Some(name) = object.spec_text(&["scaleTargetRef", "name"]) else { continue };
        let kind = object.spec_text(&["scaleTargetRef", "kind"]).unwrap_or("Deployment");
        match world.find_in(kind, name, object.namespace, object.file) {
            Found::One(target) => builder.link(resources[idx], Link::Workloads, resources[target]),
            Found::Several(_) | Found::Nowhere => {
                builder.draft_mut(resources[idx]).unknown_links.push(Link::Workloads);
            }
        }
    }
}

/// Links a PodDisruptionBudget with the workloads whose pods it keeps.
fn link_budgets(
    builder: &mut Builder,
    world: &World<'_>,
    resources: &[ResourceIdx],
    workloads: &Workloads<'_>,
) {
    for (idx, object) in world.objects.iter().enumerate() {
        if !object.is("policy", "PodDisruptionBudget") {
            continue;
        }
        let pairs: Option<Vec<(&str, &str)>> = object.spec(&["selector", "matchLabels"]).map(|labels| {
            labels.entries().filter_map(|entry| Some((entry.name(), entry.value.text()?))).collect()
        });
        let has_expressions = object.spec(&["selector", "matchExpressions"]).is_some();
        let is_open = |pairs: &[(&str, &str)]| pairs.iter().any(|(_, value)| is_placeholder(value));
        match pairs.filter(|pairs| !has_expressions && !is_open(pairs)) {
            Some(pairs) => match workloads.select(world, &pairs, object) {
                Selected::Workloads(selected) => {
                    for workload in selected {
                        let workload = resources[workloads.all[workload].object];
                        builder.link(resources[idx], Link::Workloads, workload);
                    }
                }
                Selected::Nothing | Selected::Unsettled => {
                    builder.draft_mut(resources[idx]).unknown_links.push(Link::Workloads);
                }
            },
            None => builder.draft_mut(resources[idx]).unknown_links.push(Link::Workloads),
        }
    }
}

/// `{PreStopSeconds, GraceSeconds}`: how long the pod goes on before it is told to stop, and when it is killed.
fn drain(values: &mut Values, workload: &Workload<'_>, name: Span) -> ValueId {
    let mut entries = Vec::new();
    let longest = workload.containers.iter().filter_map(pre_stop).max_by_key(|(seconds, _)| *seconds);
    if let Some((seconds, span)) = longest {
        let place = Place::written(span, span);
        let seconds = match seconds {
            Some(seconds) => values.int(seconds, place),
            None => values.unknown(Unknown::Expression, place),
        };
        entries.push(("PreStopSeconds", seconds));
    }
    let grace = match workload.pod.get("terminationGracePeriodSeconds") {
        Some(node) => {
            let place = Place::written(inner_span(node), inner_span(node));
            match int(node) {
                Some(seconds) => values.int(seconds, place),
                None => values.unknown(Unknown::Expression, place),
            }
        }
        None => values.int(DEFAULT_GRACE, Place::default_at(name)),
    };
    entries.push(("GraceSeconds", grace));
    values.map_of(&entries, Place::fact_at(name))
}

/// The seconds that a container's preStop hook sleeps; `None` inside for a hook that does something else.
fn pre_stop(container: &Container<'_>) -> Option<(Option<i64>, Span)> {
    let hook = container.node.at(&["lifecycle", "preStop"])?;
    if let Some(seconds) = hook.at(&["sleep", "seconds"]) {
        return Some((int(seconds), inner_span(seconds)));
    }
    let command = hook.at(&["exec", "command"])?;
    let words: Vec<&str> = command
        .items()
        .filter_map(NodeRef::text)
        .flat_map(|line| line.split([' ', ';', '&']))
        .filter(|word| !word.is_empty())
        .collect();
    let seconds = words
        .windows(2)
        .find(|pair| pair[0] == "sleep" || pair[0].ends_with("/sleep"))
        .and_then(|pair| pair[1].trim_end_matches('s').parse().ok());
    Some((seconds, command.span()))
}

/// The port of the pods that a name which none of them has must mean: the only one that they open, else the one whose name
/// differs by a slip of the pen, else the one with the number of the Service's port. All pods must agree.
fn meant_target<'d>(
    workloads: &Workloads<'d>,
    selected: &[usize],
    name: &str,
    number: Option<i64>,
) -> Option<PortRef<'d>> {
    let of_pod = |idx: &usize| -> Option<PortRef<'d>> {
        let containers = &workloads.all[*idx].containers;
        let ports = || containers.iter().flat_map(|container| &container.ports).copied();
        let is_near = |port: &ContainerPort<'d>| {
            port.name.is_some_and(|(own, _)| own.len() > 2 && strsim::osa_distance(own, name) == 1)
        };
        let port = only(ports())
            .or_else(|| only(ports().filter(is_near)))
            .or_else(|| only(ports().filter(|port| Some(port.number) == number)))?;
        Some(port.name.map_or(PortRef::Number(port.number), |(name, _)| PortRef::Name(name)))
    };
    let mut meant = selected.iter().map(of_pod);
    let first = meant.next()??;
    meant.all(|other| other == Some(first)).then_some(first)
}

/// The item of an iterator that has one.
fn only<T>(mut items: impl Iterator<Item = T>) -> Option<T> {
    let first = items.next()?;
    items.next().is_none().then_some(first)
}

/// Named target ports that no selected pod has, and `ssl-ports` that the Service does not have.
fn missing_ports(
    values: &mut Values,
    world: &World<'_>,
    workloads: &Workloads<'_>,
    service: &Service<'_>,
) -> Option<ValueId> {
    let name_span = world.objects[service.object].name_span;
    let selected = match &service.selected {
        Selected::Workloads(selected) => selected.as_slice(),
        Selected::Nothing | Selected::Unsettled => &[],
    };
    let mut list = Vec::new();
    for port in service.ports.iter().filter(|_| !selected.is_empty()) {
        let Some((target, span)) = port.target else { continue };
        // A container whose ports a template fills in may have any port.
        let is_open = |idx: &usize| {
            workloads.all[*idx].containers.iter().any(|container| {
                container.node.get("ports").is_some_and(|ports| {
                    ports.text().is_some()
                        || ports.items().any(|port| {
                            ["name", "containerPort"]
                                .iter()
                                .filter_map(|key| port.get(key)?.text())
                                .any(is_placeholder)
                        })
                })
            })
        };
        let PortRef::Name(name) = target else {
            let is_missing = !selected.iter().any(|idx| is_open(idx) || opens(&workloads.all[*idx], target));
            if is_missing {
                list.push(undeclared(values, target, span));
            }
            continue;
        };
        let has = |idx: &usize| workloads.all[*idx].named_port(name).is_some();
        if selected.iter().any(|idx| has(idx) || is_open(idx)) {
            continue;
        }
        let place = Place::written(span, span);
        let mut entry = vec![("Kind", values.text("target-port", place)), ("Name", values.text(name, place))];
        let meant = meant_target(workloads, selected, name, port.number);
        entry.extend(meant.map(|meant| match meant {
            PortRef::Name(name) => ("Suggestion", values.text(name, place)),
            PortRef::Number(number) => ("Suggestion", values.int(number, place)),
        }));
        list.push(values.map_of(&entry, place));
    }
    let ssl = world.objects[service.object].annotations.under(super::annotations::NLB, "ssl-ports");
    for word in ssl.iter().flat_map(|setting| setting.list()).filter(|word| *word != "*") {
        let is_there = service.ports.iter().any(|port| {
            port.name.is_some_and(|(name, _)| name == word)
                || port.number.is_some_and(|number| word.parse() == Ok(number))
        });
        let named = word.parse().map_or(PortRef::Name(word), PortRef::Number);
        let is_settled = service.lists_all(named) && !is_placeholder(word);
        if let Some(setting) = ssl.filter(|_| !is_there && is_settled) {
            let place = setting.part(word);
            let entry = [("Kind", values.text("ssl-port", place)), ("Name", values.text(word, place))];
            list.push(values.map_of(&entry, place));
        }
    }
    (!list.is_empty()).then(|| values.list(&list, Place::fact_at(name_span)))
}

/// Whether a workload may open a port of a number: it declares it, it declares none at all, or it is told of the number.
fn opens(workload: &Workload<'_>, target: PortRef<'_>) -> bool {
    let PortRef::Number(number) = target else { return true };
    let digits = number.to_string();
    let speaks = |text: &str| text.contains(&digits) || is_placeholder(text);
    let is_told = |container: &Container<'_>| {
        let mut variables = container.node.get("env").into_iter().flat_map(NodeRef::items);
        container.node.get("envFrom").is_some()
            || variables.any(|it| it.get("value").and_then(NodeRef::text).is_none_or(speaks))
            || container.words().iter().any(|(word, _)| speaks(word))
    };
    let mut declared = workload.containers.iter().flat_map(|container| &container.ports).peekable();
    declared.peek().is_none()
        || declared.any(|port| port.number == number)
        || workload.containers.iter().any(is_told)
}

/// A port that no container declares. They need not declare it, so that it may be there all the same.
fn undeclared(values: &mut Values, target: PortRef<'_>, span: Span) -> ValueId {
    let place = Place::written(span, span);
    let name = match target {
        PortRef::Number(number) => values.int(number, place),
        PortRef::Name(name) => values.text(name, place),
    };
    let kind = values.text("undeclared-port", place);
    values.map_of(&[("Kind", kind), ("Name", name)], place)
}
