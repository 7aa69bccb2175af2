//! What is deployed, whatever the dialect: resources in AWS words, the links between them, and the
//! facts that rules ask for.
//!
//! The vocabulary that rules may query is described in `docs/model.md`. Dialects fill a [`Builder`];
//! [`Builder::finish`] works out links, evidence and verdicts, the same way for every dialect.
//! Knows no dialect's syntax and no rule.

mod assemble;
mod build;
mod graph;
mod grpc;
mod health;
mod joined;
mod lattice;
mod limit;
mod own;
mod print;
mod routing;
pub mod signs;
mod value;

pub use build::{Builder, Draft, Evidence, EvidenceKind, Link, Platform, Settled, TlsEvidence, TlsSign};
pub use limit::{LIMIT_REACHED, Limit, Reached};
pub use value::{Data, Entry, Key, Origin, Place, ResourceIdx, Unknown, ValueId, Values};

use crate::source::Span;

/// One deployable thing.
#[derive(Debug)]
pub struct Resource {
    /// Logical id, Terraform address, or `Kind namespace/name`.
    pub id: String,
    /// `AWS::Service::Kind`, `Kubernetes::Kind` or `Workload::Port`.
    pub type_name: String,
    /// Where its name is written: the label for anything that it lacks.
    pub name: Span,
    /// All of it.
    pub span: Span,
    /// The calls of modules or nested stacks that lead to it, the outermost first.
    pub callers: Vec<Span>,
    /// The map that rules see: `Type`, `Properties`, `Effective`, facts and `Links`.
    pub value: ValueId,
}

/// Everything that belongs together, in one scenario of its conditions. Immutable.
#[derive(Debug)]
pub struct Model {
    /// All values.
    pub values: Values,
    /// The resources in order of declaration.
    pub resources: Vec<Resource>,
    /// The map `{Resources: {id: …}}` that rules are evaluated on.
    pub root: ValueId,
    /// What somebody has to choose to come to this scenario; nothing for the one that the defaults give. Choices of two
    /// models of a part are the same when their numbers are.
    pub choices: Vec<u32>,
    /// Which of several independent things it is a scenario of: templates in one file, for instance.
    pub part: u32,
    /// Whether one of the choices is against a default.
    pub leaves_defaults: bool,
}

impl Model {
    /// A resource by its index.
    pub fn resource(&self, idx: ResourceIdx) -> &Resource {
        &self.resources[idx.0 as usize]
    }
}
