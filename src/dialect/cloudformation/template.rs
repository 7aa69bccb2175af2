//! The sections of one template, indexed.

use std::borrow::Cow;

use rustc_hash::FxHashMap;

use super::function::{self, Function};
use super::parameter::{Parameter, scalar_text};
use crate::document::NodeRef;

/// What CloudFormation supplies, with the value that nearly everybody has.
const PSEUDO_PARAMETERS: [(&str, Option<&str>); 7] = [
    ("AWS::AccountId", None),
    ("AWS::NotificationARNs", None),
    ("AWS::Partition", Some("aws")),
    ("AWS::Region", None),
    ("AWS::StackId", None),
    ("AWS::StackName", None),
    ("AWS::URLSuffix", Some("amazonaws.com")),
];

/// Transforms that neither add nor change load balancers, services and what belongs to them.
const HARMLESS_TRANSFORMS: [&str; 5] = [
    "AWS::CodeDeployBlueGreen",
    "AWS::LanguageExtensions",
    "AWS::SecretsManager-2020-07-23",
    "AWS::SecretsManager-2024-09-16",
    "AWS::Serverless-2016-10-31",
];

/// How many mapped values are indexed; more are not looked up.
const MAX_MAPPED: usize = 1_000_000;

/// How many keys of a mapping are tried as values of the parameter that chooses among them.
const MAX_KEYS: usize = 32;

/// A template.
#[derive(Debug)]
pub(super) struct Template<'d> {
    /// `Parameters`, and the pseudo parameters behind them.
    pub(super) parameters: Vec<Parameter<'d>>,
    parameter_ids: FxHashMap<&'d str, usize>,
    /// The nodes under `Conditions`.
    pub(super) conditions: Vec<NodeRef<'d>>,
    condition_ids: FxHashMap<&'d str, usize>,
    mapped: FxHashMap<(&'d str, &'d str, &'d str), NodeRef<'d>>,
    mapping_keys: FxHashMap<&'d str, Vec<&'d str>>,
    /// `Resources`.
    pub(super) resources: Option<NodeRef<'d>>,
    /// `Outputs`.
    pub(super) outputs: Option<NodeRef<'d>>,
    /// Whether a macro may add resources.
    pub(super) has_macros: bool,
}

impl<'d> Template<'d> {
    /// Reads the sections of a template.
    pub(super) fn read(root: NodeRef<'d>) -> Self {
        let mut template = Self {
            parameters: Vec::new(),
            parameter_ids: FxHashMap::default(),
            conditions: Vec::new(),
            condition_ids: FxHashMap::default(),
            mapped: FxHashMap::default(),
            mapping_keys: FxHashMap::default(),
            resources: root.get("Resources"),
            outputs: root.get("Outputs"),
            has_macros: has_macros(root),
        };
        for entry in root.get("Parameters").into_iter().flat_map(NodeRef::entries) {
            template.add_parameter(entry.name(), Parameter::read(entry.value));
        }
        for (name, usual) in PSEUDO_PARAMETERS {
            template.add_parameter(name, Parameter::pseudo(usual));
        }
        for entry in root.get("Conditions").into_iter().flat_map(NodeRef::entries) {
            if !entry.name().starts_with("Fn::") {
                template.condition_ids.insert(entry.name(), template.conditions.len());
                template.conditions.push(entry.value);
            }
        }
        for mapping in root.get("Mappings").into_iter().flat_map(NodeRef::entries) {
            template.add_mapping(mapping.name(), mapping.value);
        }
        template.read_comparisons();
        template
    }

    /// The index of a parameter.
    pub(super) fn parameter(&self, name: &str) -> Option<usize> {
        self.parameter_ids.get(name).copied()
    }

    /// The index of a condition.
    pub(super) fn condition(&self, name: &str) -> Option<usize> {
        self.condition_ids.get(name).copied()
    }

    /// What a mapping holds under two keys.
    pub(super) fn mapped(&self, mapping: &str, first: &str, second: &str) -> Option<NodeRef<'d>> {
        self.mapped.get(&(mapping, first, second)).copied()
    }

    fn add_parameter(&mut self, name: &'d str, parameter: Parameter<'d>) {
        self.parameter_ids.insert(name, self.parameters.len());
        self.parameters.push(parameter);
    }

    fn add_mapping(&mut self, name: &'d str, mapping: NodeRef<'d>) {
        let keys = mapping.entries().map(|first| first.name()).take(MAX_KEYS).collect();
        self.mapping_keys.insert(name, keys);
        for first in mapping.entries() {
            for second in first.value.entries() {
                if self.mapped.len() < MAX_MAPPED {
                    self.mapped.insert((name, first.name(), second.name()), second.value);
                }
            }
        }
    }

    /// Notes what conditions compare the parameters with.
    fn read_comparisons(&mut self) {
        for condition in self.conditions.clone() {
            function::walk(condition, |node| {
                let Some(call) = function::call(node) else { return };
                let mut items = call.argument.items();
                if call.function == Function::Equals
                    && let (Some(a), Some(b), None) = (items.next(), items.next(), items.next())
                {
                    self.read_operand(a, b);
                    self.read_operand(b, a);
                }
            });
        }
    }

    fn read_operand(&mut self, operand: NodeRef<'d>, other: NodeRef<'d>) {
        if let Some(name) = function::direct_reference(operand) {
            let Some(idx) = self.parameter(name) else { return };
            let parameter = &mut self.parameters[idx];
            match other.scalar() {
                Some(scalar) if function::call(other).is_none() => parameter.compare(scalar_text(scalar)),
                _ => parameter.inspect(),
            }
            return;
        }
        function::walk(operand, |node| {
            let Some(call) = function::call(node) else { return };
            let mut items = call.argument.items();
            let (mapping, first) = (items.next(), items.next());
            if call.function == Function::FindInMap
                && let Some(mapping) = mapping.and_then(NodeRef::text)
                && let Some(idx) =
                    first.and_then(function::direct_reference).and_then(|name| self.parameter(name))
            {
                for key in self.mapping_keys.get(mapping).into_iter().flatten() {
                    self.parameters[idx].compare(Cow::Borrowed(key));
                }
            }
        });
        let is_lookup = function::call(operand).is_some_and(|call| call.function == Function::FindInMap);
        if !is_lookup {
            function::mentions(operand, |name| {
                if let Some(idx) = self.parameter(name) {
                    self.parameters[idx].inspect();
                }
            });
        }
    }
}

/// Whether a transform is named that may add anything.
fn has_macros(root: NodeRef<'_>) -> bool {
    let Some(transform) = root.get("Transform") else { return root.get("Fn::Transform").is_some() };
    let is_harmless = |node: NodeRef<'_>| node.text().is_some_and(|name| HARMLESS_TRANSFORMS.contains(&name));
    let is_single = transform.items().len() == 0;
    if is_single { !is_harmless(transform) } else { !transform.items().all(is_harmless) }
}
