//! [`Analysis`](crate::engine::Analysis) to bytes, one file a format.
//!
//! Knows nothing of the model, the policies or the configuration.
