//! Where a certificate is.

use serde::Deserialize;

use super::unsupported::{Password, Store};

/// `Certificate`, or one of `Kestrel:Certificates`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct CertificateSettings {
    /// The PEM file with the certificate, and those that it was signed by.
    pub(crate) path: Option<String>,
    /// The PEM file with the key; without it, the key is in the file of the certificate.
    pub(crate) key_path: Option<String>,
    password: Password,
    subject: Store,
    store: Store,
    location: Store,
    allow_invalid: Store,
}
