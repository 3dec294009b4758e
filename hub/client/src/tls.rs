//! TLS by rustls.

use std::io;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};

use crate::ClientError;

/// What the user said about certificates, as PEM.
#[derive(Clone, Default)]
pub(crate) struct TlsSettings {
    /// Who is trusted; nothing for those that Mozilla trusts.
    pub(crate) roots: Option<Vec<u8>>,
    /// The client's own certificates and their key.
    pub(crate) identity: Option<(Vec<u8>, Vec<u8>)>,
}

impl TlsSettings {
    pub(crate) fn connector(&self) -> Result<TlsConnector, ClientError> {
        let mut roots = RootCertStore::empty();
        match &self.roots {
            None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
            Some(pem) => {
                for certificate in certificates("the root certificates", pem)? {
                    roots.add(certificate).map_err(|error| {
                        ClientError::Configuration(format!(
                            "one of the root certificates is none: {error}"
                        ))
                    })?;
                }
            }
        }
        let provider = Arc::new(crypto::ring::default_provider());
        let wrong = |error: tokio_rustls::rustls::Error| {
            ClientError::Configuration(format!("TLS cannot be used like this: {error}"))
        };
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(wrong)?
            .with_root_certificates(roots);
        let config = match &self.identity {
            None => config.with_no_client_auth(),
            Some((chain, key)) => {
                let chain = certificates("the client's certificate", chain)?;
                let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| {
                    ClientError::Configuration(format!("the client's key is no PEM: {error}"))
                })?;
                config.with_client_auth_cert(chain, key).map_err(wrong)?
            }
        };
        Ok(TlsConnector::from(Arc::new(config)))
    }
}

fn certificates(what: &str, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, ClientError> {
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match all {
        Ok(all) if all.is_empty() => Err(ClientError::Configuration(format!(
            "{what}: there is no certificate in the PEM text"
        ))),
        Ok(all) => Ok(all),
        Err(error) => Err(ClientError::Configuration(format!(
            "{what} are no PEM: {error}"
        ))),
    }
}

pub(crate) async fn secure<S>(
    connector: &TlsConnector,
    host: &str,
    stream: S,
) -> io::Result<TlsStream<S>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
    connector.connect(name, stream).await
}
