//! One endpoint.

use serde::Deserialize;

use super::certificate::CertificateSettings;
use super::unsupported::Sni;

/// `Kestrel:Endpoints:{Name}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct EndpointSettings {
    pub(crate) url: Option<String>,
    pub(crate) certificate: Option<CertificateSettings>,
    pub(crate) protocols: Option<Protocols>,
    pub(crate) ssl_protocols: Option<Vec<TlsVersion>>,
    client_certificate_mode: Option<ClientCertificateMode>,
    sni: Sni,
}

/// `Kestrel:EndpointDefaults`: what endpoints do not say themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct EndpointDefaults {
    pub(crate) protocols: Option<Protocols>,
    pub(crate) ssl_protocols: Option<Vec<TlsVersion>>,
    client_certificate_mode: Option<ClientCertificateMode>,
}

/// What is spoken. HTTP/3 is not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub(crate) enum Protocols {
    Http1,
    Http2,
    /// What TLS agrees on with the client; without TLS, HTTP/1.
    #[default]
    Http1AndHttp2,
}

/// A version of TLS; older ones are spoken by nobody any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(crate) enum TlsVersion {
    Tls12,
    Tls13,
}

/// Whether clients show certificates: they do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
enum ClientCertificateMode {
    NoCertificate,
}
