//! grpc-guard finds gRPC faults in CloudFormation, Kubernetes and Terraform files for AWS before they are deployed.
//!
//! One way through, no back and forth. Layers, lowest first; a module uses only layers below it
//! (`tests/architecture.rs` holds the order):
//!
//! `source → diagnostic → document → syntax → edit → model → dialect → policy → catalog → config → engine → report → cli`

pub mod source;

pub mod diagnostic;

pub mod document;

pub mod syntax;

pub mod edit;

pub mod model;

pub mod dialect;

pub mod policy;

pub mod catalog;

pub mod config;

pub mod engine;

pub mod report;

pub mod cli;
