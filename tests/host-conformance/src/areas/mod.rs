//! One module an area of the contract.

pub(crate) mod binding;
pub(crate) mod configuration;
pub(crate) mod container;
pub(crate) mod filter;
pub(crate) mod format;
pub(crate) mod lifecycle;
pub(crate) mod listen;
pub(crate) mod options;

/// What an area answers: the line of JSON, or the failure whose message goes to standard error.
pub(crate) type Answer = Result<serde_json::Value, Box<dyn std::error::Error + Send + Sync>>;
