//! From documents to the model: detect the dialect, resolve references and functions, lower into AWS words.
//!
//! Knows no rules.

pub mod cloudformation;
mod detect;
mod distributions;
mod ecs;
mod finish;
pub mod hints;
pub mod kubernetes;
pub mod notes;
pub mod projects;
pub mod tables;
pub mod terraform;
pub mod write;

pub use detect::{candidates, detect, lower};
use finish::finish;

use crate::diagnostic::Diagnostic;
use crate::document::Document;
use crate::model::Model;

/// The languages that are understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dialect {
    /// AWS CloudFormation templates, SAM and CDK output included.
    CloudFormation,
    /// Kubernetes manifests.
    Kubernetes,
    /// Terraform configuration, in HCL and JSON, and plans.
    Terraform,
}

/// One parsed file of a project.
#[derive(Debug, Clone, Copy)]
pub struct File<'d> {
    /// Its path, with forward slashes; absolute where files of several directories belong together.
    pub path: &'d str,
    /// Its content.
    pub document: &'d Document,
}

/// What the user told us of the world that the files do not show.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Platforms {
    /// Who reconciles Services and Ingresses that do not say so themselves.
    pub controller: Option<ControllerHint>,
    /// What carries gRPC and what does not, where the user says so.
    pub grpc: Vec<hints::GrpcHint>,
}

/// A cluster's controller, from the configuration's `platform`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ControllerHint {
    /// The AWS Load Balancer Controller is installed.
    LoadBalancerController,
    /// The cluster runs EKS Auto Mode.
    AutoMode,
    /// Only the cloud provider, which builds classic load balancers.
    InTree,
}

/// What a dialect made of a project.
#[derive(Debug, Default)]
pub struct Lowered {
    /// One model for each scenario of the project's conditions; one where there are none.
    pub models: Vec<Model>,
    /// What is wrong with the files themselves.
    pub diagnostics: Vec<Diagnostic>,
}
