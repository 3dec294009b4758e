//! TLS, with a certificate from files.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use thiserror::Error;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::client::verify_server_cert_signed_by_trust_anchor;
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use tokio_rustls::rustls::server::{ParsedCertificate, ServerConfig};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{
    self, InconsistentKeys, RootCertStore, SupportedProtocolVersion, sign::CertifiedKey,
};

use crate::certificate_files::CertificateFiles;
use crate::kestrel::{Protocols, TlsVersion};

/// Why a certificate cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// A file cannot be read.
    #[error("{setting}: {} cannot be read: {source}", path.display())]
    Unreadable {
        /// The setting that names it.
        setting: String,
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// A file is not what is wanted.
    #[error("{setting}: {}: {problem}", path.display())]
    Malformed {
        /// The setting that names it.
        setting: String,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The key is that of another certificate.
    #[error(
        "{setting}: the key in {} is not that of the certificate in {}", key.display(), certificate.display()
    )]
    Mismatch {
        /// The setting that names the key.
        setting: String,
        /// The file with the key.
        key: PathBuf,
        /// The file with the certificate.
        certificate: PathBuf,
    },
}

/// The TLS of an endpoint.
#[derive(Clone)]
pub(crate) struct Tls {
    pub(crate) acceptor: TlsAcceptor,
    made_from: Arc<MadeFrom>,
}

/// What the files said when they were read, so that what has not changed need not be made again: clients can resume their
/// sessions as long as it is.
#[derive(PartialEq)]
struct MadeFrom {
    files: CertificateFiles,
    protocols: Protocols,
    certificate: Vec<u8>,
    key: Vec<u8>,
}

impl Tls {
    pub(crate) fn read(
        files: &CertificateFiles,
        protocols: Protocols,
        before: Option<&Self>,
    ) -> Result<Self, CertificateError> {
        let certificate = read(&files.certificate)?;
        let key = match &files.key {
            Some(file) => read(file)?,
            None => certificate.clone(),
        };
        let made_from = MadeFrom {
            files: files.clone(),
            protocols,
            certificate,
            key,
        };
        if let Some(before) = before.filter(|it| *it.made_from == made_from) {
            return Ok(before.clone());
        }
        Ok(Self {
            acceptor: TlsAcceptor::from(Arc::new(made_from.configuration()?)),
            made_from: Arc::new(made_from),
        })
    }
}

impl std::fmt::Debug for Tls {
    /// There is a key in it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Tls").field(&self.made_from.files).finish()
    }
}

impl MadeFrom {
    fn configuration(&self) -> Result<ServerConfig, CertificateError> {
        let files = &self.files;
        let key_file = files.key.as_ref().unwrap_or(&files.certificate);
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&self.certificate).collect();
        let chain = chain.map_err(|error| malformed(&files.certificate, error))?;
        let Some(first) = chain.first() else {
            let problem = "wanted a certificate in PEM, found none";
            return Err(malformed(&files.certificate, problem));
        };
        check_time(first).map_err(|problem| malformed(&files.certificate, problem))?;
        let key = private_key(&self.key).map_err(|problem| malformed(key_file, problem))?;
        let provider = Arc::new(ring::default_provider());
        let certified = certified(chain, key, &provider, key_file, files)?;
        let mut configuration = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&versions(&files.versions))
            .map_err(|error| malformed(&files.certificate, error))?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(rustls::sign::SingleCertAndKey::from(certified)));
        configuration.alpn_protocols = alpn(self.protocols);
        Ok(configuration)
    }
}

fn read((path, setting): &(PathBuf, String)) -> Result<Vec<u8>, CertificateError> {
    std::fs::read(path).map_err(|source| CertificateError::Unreadable {
        setting: setting.clone(),
        path: path.clone(),
        source,
    })
}

fn malformed(
    (path, setting): &(PathBuf, String),
    problem: impl std::fmt::Display,
) -> CertificateError {
    CertificateError::Malformed {
        setting: setting.clone(),
        path: path.clone(),
        problem: problem.to_string(),
    }
}

/// The first key, in any of the formats that OpenSSL writes.
fn private_key(text: &[u8]) -> Result<PrivateKeyDer<'static>, String> {
    const ENCRYPTED: &[u8] = b"ENCRYPTED";
    match PrivateKeyDer::from_pem_slice(text) {
        Ok(key) => Ok(key),
        // In the label, or in what the older format has below it.
        Err(_) if text.windows(ENCRYPTED.len()).any(|it| it == ENCRYPTED) => Err(
            "the key is encrypted: wanted one that is not (`openssl pkey -in encrypted.key -out plain.key`), in a file that nobody else may read"
                .to_owned(),
        ),
        Err(pem::Error::NoItemsFound) => Err("wanted a private key in PEM, found none".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// Refuses what no client would accept because of the date.
fn check_time(certificate: &CertificateDer<'_>) -> Result<(), String> {
    let parsed = ParsedCertificate::try_from(certificate).map_err(|error| error.to_string())?;
    // Nobody is trusted, so that it never succeeds; but its time is looked at before anything else.
    let verified = verify_server_cert_signed_by_trust_anchor(
        &parsed,
        &RootCertStore::empty(),
        &[],
        UnixTime::now(),
        ring::default_provider()
            .signature_verification_algorithms
            .all,
    );
    match verified {
        Err(rustls::Error::InvalidCertificate(
            rustls::CertificateError::Expired | rustls::CertificateError::ExpiredContext { .. },
        )) => Err("the certificate has expired".to_owned()),
        Err(rustls::Error::InvalidCertificate(
            rustls::CertificateError::NotValidYet
            | rustls::CertificateError::NotValidYetContext { .. },
        )) => Err("the certificate is not valid yet".to_owned()),
        _ => Ok(()),
    }
}

fn certified(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    provider: &CryptoProvider,
    key_file: &(PathBuf, String),
    files: &CertificateFiles,
) -> Result<CertifiedKey, CertificateError> {
    let key = provider
        .key_provider
        .load_private_key(key)
        .map_err(|error| malformed(key_file, error))?;
    let certified = CertifiedKey::new(chain, key);
    match certified.keys_match() {
        Ok(()) | Err(rustls::Error::InconsistentKeys(InconsistentKeys::Unknown)) => Ok(certified),
        Err(rustls::Error::InconsistentKeys(_)) => Err(CertificateError::Mismatch {
            setting: key_file.1.clone(),
            key: key_file.0.clone(),
            certificate: files.certificate.0.clone(),
        }),
        Err(error) => Err(malformed(&files.certificate, error)),
    }
}

fn versions(wanted: &[TlsVersion]) -> Vec<&'static SupportedProtocolVersion> {
    let has = |version| wanted.is_empty() || wanted.contains(&version);
    [(TlsVersion::Tls12, &TLS12), (TlsVersion::Tls13, &TLS13)]
        .into_iter()
        .filter(|(version, _)| has(*version))
        .map(|(_, version)| version)
        .collect()
}

fn alpn(protocols: Protocols) -> Vec<Vec<u8>> {
    let http2 = protocols != Protocols::Http1 && cfg!(feature = "http2");
    let http1 = protocols != Protocols::Http2;
    let all = [(HTTP2, http2), (b"http/1.1", http1)];
    let spoken = all.into_iter().filter(|(_, is_spoken)| *is_spoken);
    spoken.map(|(name, _)| name.to_vec()).collect()
}

/// What HTTP/2 is called in the negotiation.
pub(crate) const HTTP2: &[u8] = b"h2";
