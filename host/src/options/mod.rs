//! Options: typed settings, bound from sections of the configuration and checked before a host starts.

#[expect(
    clippy::module_inception,
    reason = "the type that the module is named after"
)]
mod options;

pub use options::Options;
