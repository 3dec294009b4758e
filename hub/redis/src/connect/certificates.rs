//! The files of certificates.

use std::io;
use std::path::Path;

use redis::{ClientTlsConfig, RedisError, TlsCertificates};

use crate::RedisOptions;

/// What the options name; what they do not is left to the system, or not shown.
pub(super) async fn read(options: &RedisOptions) -> Result<TlsCertificates, RedisError> {
    let root_cert = match &options.trusted_issuer {
        Some(path) => Some(file(path).await?),
        None => None,
    };
    let client_tls = match (&options.client_certificate, &options.client_certificate_key) {
        (Some(certificate), Some(key)) => Some(ClientTlsConfig {
            client_cert: file(certificate).await?,
            client_key: file(key).await?,
        }),
        _ => None,
    };
    Ok(TlsCertificates {
        client_tls,
        root_cert,
    })
}

async fn file(path: &Path) -> Result<Vec<u8>, RedisError> {
    let owned = path.to_owned();
    let read = tokio::task::spawn_blocking(move || std::fs::read(owned)).await;
    let bytes = read.unwrap_or_else(|error| Err(io::Error::other(error)));
    bytes.map_err(|error| {
        let text = format!("{}: {error}", path.display());
        io::Error::new(error.kind(), text).into()
    })
}
