//! TLS to collectors, by rustls.

use std::io;
use std::sync::Arc;

use campanile_host::configuration::Configuration;
use http::Uri;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};

use super::error::OtlpError;
use super::protocol::Protocol;
use super::reader::Variable;
use super::signal::Signal;
use super::target::setting;

/// HTTP/2 in the protocol negotiation of TLS (ALPN).
const HTTP2: &[u8] = b"h2";

/// Who is trusted at which name, and who one is oneself.
#[derive(Clone)]
pub(crate) struct Tls {
    connector: TlsConnector,
    name: ServerName<'static>,
    /// Whether the collector has to speak HTTP/2.
    is_http2: bool,
}

impl Tls {
    /// Reads the variables and the files that they name, once.
    pub(crate) fn read(
        configuration: &Configuration,
        signal: Signal,
        protocol: Protocol,
        address: &Uri,
    ) -> Result<Self, OtlpError> {
        let read = |name: &str| setting(configuration, signal, name);
        let mut roots = RootCertStore::empty();
        match read("CERTIFICATE") {
            None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
            Some(file) => {
                for certificate in certificates(&file)? {
                    roots
                        .add(certificate)
                        .map_err(|error| file.clone().unusable(format!("is no root: {error}")))?;
                }
            }
        }
        let config =
            ClientConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()
                .expect("the provider has ciphers for them")
                .with_root_certificates(roots);
        let mut config = match (read("CLIENT_CERTIFICATE"), read("CLIENT_KEY")) {
            (None, None) => config.with_no_client_auth(),
            (Some(file), Some(key)) => {
                let chain = certificates(&file)?;
                let key = PrivateKeyDer::from_pem_slice(&content(&key)?)
                    .map_err(|error| key.unusable(format!("has no key as PEM: {error}")))?;
                config
                    .with_client_auth_cert(chain, key)
                    .map_err(|error| file.unusable(format!("cannot be used: {error}")))?
            }
            (Some(alone), None) => {
                return Err(alone.unusable("has no OTEL_EXPORTER_OTLP_CLIENT_KEY to it"));
            }
            (None, Some(alone)) => {
                return Err(alone.unusable("has no OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE to it"));
            }
        };
        let is_http2 = protocol == Protocol::Grpc;
        if is_http2 {
            config.alpn_protocols = vec![HTTP2.to_vec()];
        }
        let host = address
            .host()
            .unwrap_or_default()
            .trim_matches(['[', ']'])
            .to_owned();
        Ok(Self {
            connector: TlsConnector::from(Arc::new(config)),
            name: ServerName::try_from(host).map_err(|_| not_a_name(configuration, signal))?,
            is_http2,
        })
    }

    pub(crate) async fn secure(&self, stream: TcpStream) -> io::Result<Box<TlsStream<TcpStream>>> {
        let secured = self.connector.connect(self.name.clone(), stream).await?;
        if self.is_http2 && secured.get_ref().1.alpn_protocol() != Some(HTTP2) {
            return Err(io::Error::other(
                "there is no HTTP/2 behind its TLS, and so no gRPC (no `h2` by ALPN)",
            ));
        }
        Ok(Box::new(secured))
    }
}

/// The address has a host that no certificate can be for.
fn not_a_name(configuration: &Configuration, signal: Signal) -> OtlpError {
    let endpoint = setting(configuration, signal, "ENDPOINT");
    endpoint
        .expect("the default is no address of https")
        .unwanted("an address of a host by its name or its number")
}

fn content(file: &Variable) -> Result<Vec<u8>, OtlpError> {
    std::fs::read(&file.text)
        .map_err(|error| file.clone().unusable(format!("cannot be read: {error}")))
}

fn certificates(file: &Variable) -> Result<Vec<CertificateDer<'static>>, OtlpError> {
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&content(file)?).collect();
    match all {
        Ok(all) if !all.is_empty() => Ok(all),
        Ok(_) => Err(file.clone().unusable("has no certificate as PEM")),
        Err(error) => Err(file.clone().unusable(format!("is no PEM: {error}"))),
    }
}
