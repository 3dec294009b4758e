//! The section `Kestrel` of the configuration, as types.

mod bounded;
mod certificate;
mod endpoint;
mod limits;
mod settings;
mod unsupported;

pub(crate) use endpoint::{EndpointSettings, Protocols, TlsVersion};
pub(crate) use limits::{DataRate, Limits};
pub(crate) use settings::{DEFAULT_CERTIFICATE, KestrelSettings};
