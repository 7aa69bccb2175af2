//! Objects of the Kubernetes provider: written down as the manifests that they are, every node at the place where
//! the user wrote it, and handed to the Kubernetes dialect.

use std::sync::Arc;

use crate::dialect::{File, Platforms, kubernetes};
use crate::document::{Document, DocumentBuilder, Format, NodeId, ScalarStyle};
use crate::model::{Builder, Data, Entry, Place, ResourceIdx, ValueId, Values};
use crate::source::{FileId, Span};

/// How deep an object may nest.
const MAX_DEPTH: u32 = 48;

/// The provider's types with the API version and kind of the object.
const KINDS: [(&str, &str, &str); 25] = [
    ("kubernetes_ingress", "networking.k8s.io/v1beta1", "Ingress"),
    ("kubernetes_ingress_v1", "networking.k8s.io/v1", "Ingress"),
    ("kubernetes_ingress_class_v1", "networking.k8s.io/v1", "IngressClass"),
    ("kubernetes_service", "v1", "Service"),
    ("kubernetes_service_v1", "v1", "Service"),
    ("kubernetes_deployment", "apps/v1", "Deployment"),
    ("kubernetes_deployment_v1", "apps/v1", "Deployment"),
    ("kubernetes_stateful_set", "apps/v1", "StatefulSet"),
    ("kubernetes_stateful_set_v1", "apps/v1", "StatefulSet"),
    ("kubernetes_daemonset", "apps/v1", "DaemonSet"),
    ("kubernetes_daemon_set_v1", "apps/v1", "DaemonSet"),
    ("kubernetes_cron_job", "batch/v1", "CronJob"),
    ("kubernetes_cron_job_v1", "batch/v1", "CronJob"),
    ("kubernetes_job", "batch/v1", "Job"),
    ("kubernetes_job_v1", "batch/v1", "Job"),
    ("kubernetes_horizontal_pod_autoscaler", "autoscaling/v1", "HorizontalPodAutoscaler"),
    ("kubernetes_horizontal_pod_autoscaler_v1", "autoscaling/v1", "HorizontalPodAutoscaler"),
    ("kubernetes_horizontal_pod_autoscaler_v2", "autoscaling/v2", "HorizontalPodAutoscaler"),
    ("kubernetes_horizontal_pod_autoscaler_v2beta2", "autoscaling/v2beta2", "HorizontalPodAutoscaler"),
    ("kubernetes_namespace", "v1", "Namespace"),
    ("kubernetes_namespace_v1", "v1", "Namespace"),
    ("kubernetes_pod", "v1", "Pod"),
    ("kubernetes_pod_disruption_budget", "policy/v1", "PodDisruptionBudget"),
    ("kubernetes_pod_disruption_budget_v1", "policy/v1", "PodDisruptionBudget"),
    ("kubernetes_pod_v1", "v1", "Pod"),
];

/// The type whose `manifest` is an object as it is.
const MANIFEST: &str = "kubernetes_manifest";

/// Blocks that are lists in the API: the block around them (any, when empty), their name, the name in the API.
const LISTS: [(&str, &str, &str); 13] = [
    ("spec", "metric", "metrics"),
    ("spec", "rule", "rules"),
    ("http", "path", "paths"),
    ("spec", "port", "ports"),
    ("container", "port", "ports"),
    ("init_container", "port", "ports"),
    ("", "tls", "tls"),
    ("", "container", "containers"),
    ("", "init_container", "initContainers"),
    ("", "env", "env"),
    ("", "env_from", "envFrom"),
    ("", "volume", "volumes"),
    ("", "volume_mount", "volumeMounts"),
];

/// Maps of texts whose keys are the user's own words.
const FREE_MAPS: [&str; 7] =
    ["annotations", "labels", "match_labels", "selector", "node_selector", "limits", "requests"];

/// What stands in the manifest for a value that is not settled; that dialect takes it for a template's business.
const UNSETTLED: &str = "${unsettled}";

/// The objects found so far, one document for each file.
#[derive(Default)]
pub(super) struct Manifests {
    files: Vec<(FileId, DocumentBuilder)>,
    /// The resources of AWS that the objects name.
    named: Vec<ResourceIdx>,
}

impl Manifests {
    /// Whether a Terraform type is an object of Kubernetes.
    pub(super) fn takes(resource_type: &str) -> bool {
        resource_type == MANIFEST || KINDS.iter().any(|(own, ..)| *own == resource_type)
    }

    /// Adds the object that a resource of the document makes; `body` holds its evaluated arguments.
    pub(super) fn add(
        &mut self,
        document: &Document,
        resource_type: &str,
        name: Span,
        values: &Values,
        body: ValueId,
    ) {
        let at = match self.files.iter().position(|(file, _)| *file == document.file) {
            Some(at) => at,
            None => {
                let text = Arc::from(document.text());
                self.files.push((document.file, DocumentBuilder::new(document.file, Format::Json, text)));
                self.files.len() - 1
            }
        };
        let into = &mut self.files[at].1;
        let text = into.text();
        let named = &mut self.named;
        let mut writer = Writer { values, into, text: &text, file: document.file, named };
        let root = if resource_type == MANIFEST {
            let Some(manifest) = values.get(body, "manifest") else { return };
            if !matches!(values.data(manifest), Data::Map(_)) {
                return;
            }
            writer.verbatim(manifest, 0)
        } else {
            let Some((_, version, kind)) = KINDS.iter().find(|(own, ..)| *own == resource_type) else {
                return;
            };
            let mut entries = Vec::new();
            for (key, value) in [("apiVersion", *version), ("kind", *kind)] {
                let key = writer.word(name, key);
                entries.push((key, writer.word(name, value)));
            }
            for argument in ["metadata", "spec"] {
                if let Some(value) = values.get(body, argument) {
                    let key = writer.word(values.place(value).anchor, argument);
                    entries.push((key, writer.value(value, argument, "", 1)));
                }
            }
            let span = writer.inside(values.place(body).span);
            writer.into.mapping(span.start, span.end, &entries)
        };
        into.root(root);
    }

    /// Lowers all objects together, into the model of the resources beside them.
    pub(super) fn lower(self, builder: Builder, platforms: &Platforms) -> Builder {
        let documents: Vec<Document> = self.files.into_iter().map(|(_, builder)| builder.finish()).collect();
        let files: Vec<File<'_>> =
            documents.iter().map(|document| File { path: "main.tf.json", document }).collect();
        kubernetes::lower_beside(builder, &files, platforms, &self.named)
    }
}

struct Writer<'w> {
    values: &'w Values,
    into: &'w mut DocumentBuilder,
    text: &'w str,
    file: FileId,
    named: &'w mut Vec<ResourceIdx>,
}

impl Writer<'_> {
    /// A span of this file; what stands in another file is told by an empty one.
    fn inside(&self, span: Span) -> Span {
        if span.file == self.file { span } else { Span::new(self.file, 0, 0) }
    }

    /// A word that the provider implies.
    fn word(&mut self, span: Span, word: &str) -> NodeId {
        let span = self.inside(span);
        self.into.decoded(ScalarStyle::Double, span.start, span.end, word)
    }

    /// A text; it keeps its place letter by letter when it is written without escapes.
    fn text(&mut self, place: Place, text: &str) -> NodeId {
        let span = self.inside(place.span);
        let written = self.text.get(span.range()).unwrap_or_default();
        let content = written.strip_prefix('"').and_then(|written| written.strip_suffix('"'));
        if content == Some(text) && span.end > span.start + 1 {
            self.into.verbatim(ScalarStyle::Double, span.start, span.end, span.start + 1..span.end - 1)
        } else {
            self.into.decoded(ScalarStyle::Double, span.start, span.end, text)
        }
    }

    fn plain(&mut self, place: Place, text: &str) -> NodeId {
        let span = self.inside(place.span);
        self.into.decoded(ScalarStyle::Plain, span.start, span.end, text)
    }

    /// A value in the provider's words: the value of `key` in the block `parent`.
    fn value(&mut self, value: ValueId, key: &str, parent: &str, depth: u32) -> NodeId {
        let place = self.values.place(value);
        let span = self.inside(place.span);
        if depth > MAX_DEPTH {
            return self.text(place, UNSETTLED);
        }
        let is_list = list_name(key, parent).is_some();
        match self.values.data(value) {
            Data::Map(_) if is_list => {
                let item = self.block(value, key, depth);
                self.into.sequence(span.start, span.end, &[item])
            }
            Data::Map(entries) if FREE_MAPS.contains(&key) && !self.holds_blocks(entries) => {
                self.free_map(value)
            }
            Data::Map(_) => self.block(value, key, depth),
            // A block that stands alone may be written, and is planned, as an array of one.
            Data::List([single]) if !is_list && matches!(self.values.data(*single), Data::Map(_)) => {
                self.value(*single, key, parent, depth + 1)
            }
            Data::List(items) => {
                let items: Vec<NodeId> = items
                    .iter()
                    .map(|item| match self.values.data(*item) {
                        Data::Map(_) => self.block(*item, key, depth),
                        _ => self.scalar(*item),
                    })
                    .collect();
                self.into.sequence(span.start, span.end, &items)
            }
            _ => self.scalar(value),
        }
    }

    /// Whether a map holds blocks: the `selector` of a Deployment does, that of a Service does not.
    fn holds_blocks(&self, entries: &[Entry]) -> bool {
        entries.iter().any(|entry| matches!(self.values.data(entry.value), Data::Map(_) | Data::List(_)))
    }

    fn block(&mut self, block: ValueId, own: &str, depth: u32) -> NodeId {
        let mut entries = Vec::new();
        for entry in self.values.entries(block) {
            let name = self.values.key_text(entry.key);
            if matches!(self.values.data(entry.value), Data::Null | Data::List([])) {
                continue;
            }
            let api_name = list_name(name, own).map_or_else(|| camel_case(name), str::to_string);
            let key = self.word(self.values.place(entry.value).anchor, &api_name);
            entries.push((key, self.value(entry.value, name, own, depth + 1)));
        }
        let span = self.inside(self.values.place(block).span);
        self.into.mapping(span.start, span.end, &entries)
    }

    /// The provider makes texts of all values of such a map.
    fn free_map(&mut self, map: ValueId) -> NodeId {
        let mut entries = Vec::new();
        for entry in self.values.entries(map) {
            let place = self.values.place(entry.value);
            if matches!(self.values.data(entry.value), Data::Null) {
                continue;
            }
            let key = self.word(place.anchor, self.values.key_text(entry.key));
            let text = super::functions::as_text(self.values, entry.value);
            let text = text.unwrap_or_else(|| UNSETTLED.to_string());
            entries.push((key, self.text(place, &text)));
        }
        let span = self.inside(self.values.place(map).span);
        self.into.mapping(span.start, span.end, &entries)
    }

    /// A value as it is.
    fn verbatim(&mut self, value: ValueId, depth: u32) -> NodeId {
        let span = self.inside(self.values.place(value).span);
        match self.values.data(value) {
            Data::Map(entries) if depth < MAX_DEPTH => {
                let mut written = Vec::new();
                for entry in entries {
                    let place = self.values.place(entry.value);
                    let key = self.word(place.anchor, self.values.key_text(entry.key));
                    written.push((key, self.verbatim(entry.value, depth + 1)));
                }
                self.into.mapping(span.start, span.end, &written)
            }
            Data::List(items) if depth < MAX_DEPTH => {
                let items: Vec<NodeId> = items.iter().map(|item| self.verbatim(*item, depth + 1)).collect();
                self.into.sequence(span.start, span.end, &items)
            }
            _ => self.scalar(value),
        }
    }

    fn scalar(&mut self, value: ValueId) -> NodeId {
        let place = self.values.place(value);
        match self.values.data(value) {
            Data::Text(text) => self.text(place, text),
            Data::Null => self.plain(place, "null"),
            Data::Bool(_) | Data::Int(_) | Data::Float(_) => {
                let text = super::functions::as_text(self.values, value).unwrap_or_default();
                self.plain(place, &text)
            }
            Data::Reference(target) => {
                let text = kubernetes::reference_text(self.named.len());
                self.named.push(target);
                self.text(place, &text)
            }
            _ => self.text(place, UNSETTLED),
        }
    }
}

fn list_name(key: &str, parent: &str) -> Option<&'static str> {
    let of_parent =
        |(around, own, _): &&(&str, &str, &str)| *own == key && (around.is_empty() || *around == parent);
    LISTS.iter().find(of_parent).map(|(.., name)| *name)
}

fn camel_case(name: &str) -> String {
    // Names whose abbreviations the API writes in capitals.
    match name {
        "cluster_ip" => return "clusterIP".to_string(),
        "external_ips" => return "externalIPs".to_string(),
        "load_balancer_ip" => return "loadBalancerIP".to_string(),
        "host_ip" => return "hostIP".to_string(),
        _ => {}
    }
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_string();
    words.fold(first, |mut name, word| {
        let mut letters = word.chars();
        name.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        name.push_str(letters.as_str());
        name
    })
}
