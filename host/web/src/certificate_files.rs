//! Where the certificate of an endpoint is.

use std::path::PathBuf;

use crate::kestrel::TlsVersion;

/// The files of a certificate, each with the setting that names it, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CertificateFiles {
    pub(crate) certificate: (PathBuf, String),
    /// Where it is not in the file of the certificate.
    pub(crate) key: Option<(PathBuf, String)>,
    /// The versions of TLS that are spoken; all, where there are none.
    pub(crate) versions: Vec<TlsVersion>,
}
