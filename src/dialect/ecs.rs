//! The containers of ECS task definitions: one `Workload::Port` for each port mapping, with what the
//! container's names, variables and health check say about it.

use super::tables::{self, Normal};
use crate::model::{
    Builder, Data, Draft, Evidence, EvidenceKind, Link, Place, ResourceIdx, TlsEvidence, TlsSign, Unknown,
    ValueId, Values, signs,
};
use crate::source::Span;

/// The type of a service.
pub(super) const SERVICE: &str = "AWS::ECS::Service";
const TASK_DEFINITION: &str = "AWS::ECS::TaskDefinition";

/// Words of images that are proxies for HTTP/2: what is behind them is balanced by them.
const PROXIES: [&str; 8] = ["envoy", "nginx", "haproxy", "traefik", "istio", "linkerd", "contour", "kong"];

/// Adds the ports of every task definition.
pub(super) fn ports(builder: &mut Builder) {
    for idx in builder.indices() {
        if builder.draft(idx).type_name != TASK_DEFINITION {
            continue;
        }
        let Some(properties) = builder.draft(idx).properties else { continue };
        let Some(containers) = builder.values.get(properties, "ContainerDefinitions") else { continue };
        if builder.values.is_unknown(containers) {
            builder.draft_mut(idx).unknown_links.push(Link::Ports);
        }
        for container in builder.values.items(containers).to_vec() {
            container_ports(builder, idx, container);
        }
    }
}

fn container_ports(builder: &mut Builder, task: ResourceIdx, container: ValueId) {
    let mappings = builder.values.get(container, "PortMappings");
    let Some(mappings) = mappings else { return };
    let is_open = |mapping: &ValueId| {
        let number = builder.values.get(*mapping, "ContainerPort");
        builder.values.is_unknown(*mapping) || number.is_some_and(|number| builder.values.is_unknown(number))
    };
    if builder.values.is_unknown(mappings) || builder.values.items(mappings).iter().any(is_open) {
        builder.draft_mut(task).unknown_links.push(Link::Ports);
    }
    for mapping in builder.values.items(mappings).to_vec() {
        let Some(number) = builder.values.get(mapping, "ContainerPort") else { continue };
        let port = port(builder, task, container, mapping, number);
        let idx = builder.add(port);
        builder.link(task, Link::Ports, idx);
        builder.link(idx, Link::Workloads, task);
    }
}

fn port(
    builder: &mut Builder,
    task: ResourceIdx,
    container: ValueId,
    mapping: ValueId,
    number: ValueId,
) -> Draft {
    let values = &builder.values;
    let text_of = |value: ValueId, key: &str| {
        let value = values.get(value, key)?;
        Some((values.known_parts(value)?.to_string(), values.place(value).span, value))
    };
    let name = text_of(container, "Name");
    let image = text_of(container, "Image");
    let port_name = text_of(mapping, "Name");
    let protocol = text_of(mapping, "AppProtocol");
    let settled = values.as_int(number);
    let task_draft = builder.draft(task);
    let container_text = name.as_ref().map_or("container", |(text, ..)| text.as_str());
    let number_text = settled.map_or_else(|| "?".to_string(), |number| number.to_string());
    let id = format!("{}/{container_text}:{number_text}", task_draft.id);
    let number_place = values.place(number);
    let mut draft =
        Draft::new(id, "Workload::Port", number_place.span, values.place(mapping).span, task_draft.platform);

    if let Some((text, span, _)) = &port_name {
        draft.grpc.extend(signs::name(signs::NameOf::Own("port mapping"), text, *span));
        draft.tls.extend(signs::tls_word("port mapping", text, *span));
        draft.grpc_web |= signs::is_grpc_web(text);
        draft.streaming |= signs::is_streaming(text);
    }
    if let Some((text, span, _)) = &protocol
        && text.eq_ignore_ascii_case("grpc")
    {
        draft.grpc.push(Evidence::new(EvidenceKind::Declared, *span, "application protocol is `grpc`"));
    } else if let Some((text, span, _)) = &protocol {
        draft.grpc.extend(signs::app_protocol(text, *span));
    }
    if let Some((text, span, _)) = &name {
        draft.grpc.extend(signs::name(signs::NameOf::Nearby("container"), text, *span));
        draft.grpc_web |= signs::is_grpc_web(text);
        draft.streaming |= signs::is_streaming(text);
    }
    if let Some((text, span, _)) = &image {
        draft.grpc_web |= signs::is_grpc_web(text);
        if let Some(number) = settled {
            draft.grpc.extend(signs::product(text, number, *span));
        }
    }
    if let Some(number) = settled {
        draft.grpc.extend(signs::port_number("container port", number, number_place.span));
        draft.tls.extend(signs::tls_port("container port", number, number_place.span));
        variables(builder, container, number, &mut draft);
    }
    let is_proxy = [&name, &image].into_iter().flatten().any(|(text, ..)| is_proxy(text));
    let probe = health_check(builder, container, settled, &mut draft);
    let values = &mut builder.values;
    let fact = Place::fact_at(number_place.span);
    let mut entries = vec![("Number", tables::normal(values, Normal::Int, number))];
    // What is not settled stays there as unknown.
    let named = [
        ("Name", mapping, "Name"),
        ("AppProtocol", mapping, "AppProtocol"),
        ("Container", container, "Name"),
    ];
    let named = named.into_iter().chain([("Image", container, "Image")]);
    entries.extend(named.filter_map(|(key, from, written)| Some((key, values.get(from, written)?))));
    let place = Place { anchor: number_place.anchor, ..fact };
    draft.properties = Some(values.map_of(&entries, place));
    let proxy = values.bool(is_proxy, fact);
    draft.sections.push(("Proxy", proxy));
    let probes: Vec<ValueId> = probe.into_iter().collect();
    let probes = values.list(&probes, fact);
    draft.sections.push(("Probes", probes));
    draft
}

fn is_proxy(name: &str) -> bool {
    let words = signs::words(name);
    words.iter().any(|word| PROXIES.contains(&word.as_str()))
}

/// What the container's environment says about the port.
fn variables(builder: &Builder, container: ValueId, number: i64, draft: &mut Draft) {
    let values = &builder.values;
    let Some(list) = values.get(container, "Environment") else { return };
    for variable in values.items(list) {
        let name = values.get(*variable, "Name").and_then(|name| values.as_text(name));
        let value = values.get(*variable, "Value");
        let (Some(name), Some(value)) = (name, value) else { continue };
        let span = values.place(value).span;
        let text = match values.data(value) {
            Data::Text(text) => text.to_string(),
            Data::Int(number) => number.to_string(),
            Data::Bool(flag) => flag.to_string(),
            _ => continue,
        };
        draft.grpc.extend(signs::env(name, &text, number, span));
        draft.tls.extend(signs::tls_setting(name, &text, span));
        draft.streaming |= signs::is_streaming(name);
        if name.to_ascii_uppercase().contains("MAX_CONNECTION_AGE") {
            draft.layer4_reasons.push(("bounded-connections", span));
        }
    }
}

/// The container's own health check, as a probe of the port that it asks.
fn health_check(
    builder: &mut Builder,
    container: ValueId,
    number: Option<i64>,
    draft: &mut Draft,
) -> Option<ValueId> {
    let values = &mut builder.values;
    let command = values.at(container, &["HealthCheck", "Command"])?;
    let span: Span = values.place(command).span;
    let words: Vec<&str> = values.items(command).iter().filter_map(|word| values.as_text(*word)).collect();
    let (found, http) = (signs::probe_command(&words), signs::http_command(&words));
    if http.is_some() && http == number {
        let place = Place::fact_at(span);
        let role = values.text("container", place);
        let speaks = values.text("http", place);
        return Some(values.map_of(&[("Role", role), ("Speaks", speaks)], place));
    }
    let found = found?;
    if found.port.is_some() && found.port != number {
        return None;
    }
    let program = found.program;
    draft.grpc.push(Evidence::new(
        EvidenceKind::ProbeCommand,
        span,
        format!("container health check runs `{program}`"),
    ));
    let (sign, text) =
        if found.tls { (TlsSign::Tls, "with TLS") } else { (TlsSign::Plaintext, "in plaintext") };
    draft.tls.push(TlsEvidence {
        sign,
        text: format!("container health check runs `{program}` {text}"),
        span,
    });
    let place = Place::fact_at(span);
    let role = values.text("container", place);
    let speaks = values.text("grpc", place);
    Some(values.map_of(&[("Role", role), ("Speaks", speaks)], place))
}

/// Adds `Effective.NetworkMode` to a service: `awsvpc` on Fargate or where the service says how its tasks are attached to
/// the network, else that of the task definition, `bridge` by default; absent where the task is not in these files.
pub(super) fn network_mode(builder: &mut Builder, service: ResourceIdx) {
    let Some(effective) = builder.draft(service).effective else { return };
    let task = builder.values.get(effective, "TaskDefinition");
    let task = task.and_then(|task| builder.values.as_reference(task));
    let task = task.and_then(|task| Some((builder.draft(task).properties?, builder.draft(task).name)));
    let values = &mut builder.values;
    let fact = |values: &mut Values, at: ValueId| {
        let place = Place::fact_at(values.place(at).span);
        values.text("awsvpc", place)
    };
    let mode = if let Some(written) = fargate(values, effective) {
        fact(values, written)
    } else if let Some(network) = values.at(effective, &["NetworkConfiguration", "AwsvpcConfiguration"])
        && !values.is_unknown(network)
    {
        let place = Place::fact_at(values.place(network).anchor);
        values.text("awsvpc", place)
    } else if let Some((task, name)) = task {
        match values.get(task, "NetworkMode") {
            Some(mode) => tables::normal(values, Normal::Lower, mode),
            None => match only_fargate(values, task) {
                Some(true) => values.text("awsvpc", Place::default_at(name)),
                Some(false) => values.text("bridge", Place::default_at(name)),
                None => values.unknown(Unknown::Expression, Place::default_at(name)),
            },
        }
    } else {
        return;
    };
    builder.values.put(effective, "NetworkMode", mode);
}

/// What says that a service runs on Fargate.
fn fargate(values: &Values, service: ValueId) -> Option<ValueId> {
    let launch_type = values.get(service, "LaunchType");
    let launch_type = launch_type.filter(|launch_type| values.as_text(*launch_type) == Some("FARGATE"));
    launch_type.or_else(|| {
        let strategy = values.items(values.get(service, "CapacityProviderStrategy")?);
        let providers: Option<Vec<ValueId>> =
            strategy.iter().map(|entry| values.get(*entry, "CapacityProvider")).collect();
        let is_fargate =
            |provider: &&ValueId| values.as_text(**provider).is_some_and(|name| name.starts_with("FARGATE"));
        providers?.iter().find(is_fargate).copied()
    })
}

/// Whether a task definition can only run on Fargate; `None` when that is not settled.
fn only_fargate(values: &Values, task: ValueId) -> Option<bool> {
    let Some(list) = values.get(task, "RequiresCompatibilities") else { return Some(false) };
    let words: Option<Vec<&str>> = values.items(list).iter().map(|word| values.as_text(*word)).collect();
    match values.data(list) {
        Data::List(_) => words
            .map(|words| words.iter().any(|word| word.eq_ignore_ascii_case("FARGATE")) && words.len() == 1),
        _ => None,
    }
}

/// Notes what services name and their task definition does not have (`Missing`, of kind `container`, `port` or `port-name`).
pub(super) fn missing(builder: &mut Builder) {
    for idx in builder.indices() {
        if builder.draft(idx).type_name != SERVICE {
            continue;
        }
        let found = missing_of(builder, idx);
        if found.is_empty() {
            continue;
        }
        let mut entries = Vec::with_capacity(found.len());
        for missing in found {
            let place = builder.values.place(missing.name);
            let kind = builder.values.text(missing.kind, place);
            let mut entry = vec![("Kind", kind), ("Name", missing.name)];
            if let Some(meant) = missing.meant {
                entry.push(("Suggestion", builder.values.copy_at(meant, place)));
            }
            entries.push(builder.values.map_of(&entry, place));
        }
        let list = builder.values.list(&entries, Place::fact_at(builder.draft(idx).name));
        builder.draft_mut(idx).sections.push(("Missing", list));
    }
}

/// Something that a service names and its task definition does not have.
struct Missing {
    kind: &'static str,
    name: ValueId,
    /// What it must be, where the task definition leaves no choice.
    meant: Option<ValueId>,
}

fn missing_of(builder: &Builder, service: ResourceIdx) -> Vec<Missing> {
    let values = &builder.values;
    let mut missing = Vec::new();
    let Some(properties) = builder.draft(service).properties else { return missing };
    let task = values.get(properties, "TaskDefinition").and_then(|task| values.as_reference(task));
    let Some(task) = task.and_then(|task| builder.draft(task).properties) else { return missing };
    let containers =
        values.get(task, "ContainerDefinitions").map(|list| values.items(list)).unwrap_or_default();
    let named: Option<Vec<(&str, ValueId)>> = containers
        .iter()
        .map(|container| {
            Some((values.get(*container, "Name").and_then(|name| values.as_text(name))?, *container))
        })
        .collect();
    let Some(named) = named.filter(|named| !named.is_empty()) else { return missing };
    let balancers =
        values.get(properties, "LoadBalancers").map(|list| values.items(list)).unwrap_or_default();
    for entry in balancers {
        let (name, port) = (values.get(*entry, "ContainerName"), values.get(*entry, "ContainerPort"));
        let (Some(name), Some(port)) = (name, port) else { continue };
        let Some(text) = values.as_text(name) else { continue };
        match named.iter().find(|(own, _)| *own == text) {
            None => {
                let meant = meant_container(values, containers, name, port);
                missing.push(Missing { kind: "container", name, meant });
            }
            Some((_, container)) if lacks_port(builder, *container, port) => {
                let meant = meant_port(values, containers, *container, port);
                missing.push(Missing { kind: "port", name: port, meant });
            }
            Some(_) => {}
        }
    }
    for (name, meant) in missing_names(values, properties, &named) {
        missing.push(Missing { kind: "port-name", name, meant });
    }
    missing
}

/// The name of the container that an unknown one must be: the only one, else the only one that maps the port, else the
/// one that differs by a slip of the pen.
fn meant_container(values: &Values, containers: &[ValueId], name: ValueId, port: ValueId) -> Option<ValueId> {
    let named = |container: &ValueId| values.get(*container, "Name");
    if let [only] = containers {
        return named(only);
    }
    let port = values.as_int(port)?;
    let mapping: Vec<&ValueId> =
        containers.iter().filter(|container| mapped(values, **container).contains(&port)).collect();
    if let [only] = mapping.as_slice() {
        return named(only);
    }
    let written = values.as_text(name)?;
    let names: Vec<ValueId> = containers.iter().filter_map(named).collect();
    only_slip(values, written, &names)
}

/// The only port of a container, where no other container of the task maps the one that is named.
fn meant_port(values: &Values, containers: &[ValueId], container: ValueId, port: ValueId) -> Option<ValueId> {
    let wanted = values.as_int(port)?;
    if containers.iter().any(|other| mapped(values, *other).contains(&wanted)) {
        return None;
    }
    let mappings = values.get(container, "PortMappings").map(|list| values.items(list))?;
    match mappings {
        [only] => values.get(*only, "ContainerPort"),
        _ => None,
    }
}

/// The ports that a container maps, as far as they are settled.
fn mapped(values: &Values, container: ValueId) -> Vec<i64> {
    let mappings = values.get(container, "PortMappings").map(|list| values.items(list)).unwrap_or_default();
    let number = |mapping: &ValueId| values.as_int(values.get(*mapping, "ContainerPort")?);
    mappings.iter().filter_map(number).collect()
}

/// The only name that a written one may be a slip of the pen for.
fn only_slip(values: &Values, written: &str, names: &[ValueId]) -> Option<ValueId> {
    let is_near = |name: &&ValueId| {
        let name = values.as_text(**name).unwrap_or_default();
        name.len() > 2 && strsim::osa_distance(written, name) == 1
    };
    let mut near = names.iter().filter(is_near);
    near.next().filter(|_| near.next().is_none()).copied()
}

/// The port names that a service uses, for Service Connect or Lattice, and that no port mapping of its task has, with what
/// they must be: the only name that there is, or one that differs by a slip of the pen.
fn missing_names(
    values: &Values,
    service: ValueId,
    containers: &[(&str, ValueId)],
) -> Vec<(ValueId, Option<ValueId>)> {
    let mappings = containers.iter().map(|(_, container)| values.get(*container, "PortMappings"));
    let mut names = Vec::new();
    for mappings in mappings.flatten() {
        if !matches!(values.data(mappings), Data::List(_)) {
            return Vec::new();
        }
        for mapping in values.items(mappings) {
            match values.get(*mapping, "Name").map(|name| (name, values.as_text(name))) {
                Some((name, Some(_))) => names.push(name),
                None if matches!(values.data(*mapping), Data::Map(_)) => {}
                _ => return Vec::new(),
            }
        }
    }
    let lists: [&[&str]; 2] = [&["ServiceConnectConfiguration", "Services"], &["VpcLatticeConfigurations"]];
    let entries =
        lists.iter().filter_map(|path| values.at(service, path)).flat_map(|list| values.items(list));
    let used = entries.filter_map(|entry| values.get(*entry, "PortName"));
    let has = |text: &str| names.iter().any(|name| values.as_text(*name) == Some(text));
    let mut missing = Vec::new();
    for name in used {
        let Some(text) = values.as_text(name).filter(|text| !has(text)) else { continue };
        let meant = match names.as_slice() {
            [only] => Some(*only),
            _ => only_slip(values, text, &names),
        };
        missing.push((name, meant));
    }
    missing
}

/// Whether a container's port mappings are settled and none of them is of this port.
fn lacks_port(builder: &Builder, container: ValueId, port: ValueId) -> bool {
    let values = &builder.values;
    let Some(wanted) = values.as_int(port) else { return false };
    let Some(mappings) = values.get(container, "PortMappings") else {
        return matches!(values.data(container), Data::Map(_));
    };
    if !matches!(values.data(mappings), Data::List(_)) {
        return false;
    }
    let numbers: Option<Vec<i64>> = values
        .items(mappings)
        .iter()
        .map(|mapping| values.get(*mapping, "ContainerPort").and_then(|own| values.as_int(own)))
        .collect();
    numbers.is_some_and(|numbers| !numbers.contains(&wanted))
}
