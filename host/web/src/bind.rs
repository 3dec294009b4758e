//! Binding all that is wanted, or nothing.

use std::io;

use thiserror::Error;

use crate::endpoints::Wanted;
use crate::listener::Bound;

/// Why an address cannot be listened on.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BindError {
    /// Somebody listens there already.
    #[error("failed to bind to address {address} (from {setting}): address already in use")]
    InUse {
        /// The address.
        address: String,
        /// The setting that wants it.
        setting: String,
    },
    /// The system refuses it.
    #[error("failed to bind to address {address} (from {setting}): {source}")]
    Refused {
        /// The address.
        address: String,
        /// The setting that wants it.
        setting: String,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// There is no certificate for it.
    #[error(
        "failed to bind to address {address} (from {setting}): https wants a certificate, and this version cannot be given one{}: use http, behind a proxy that speaks https",
        certificate.as_deref().map(|it| format!(" ({it})")).unwrap_or_default()
    )]
    NoCertificate {
        /// The address.
        address: String,
        /// The setting that wants it.
        setting: String,
        /// The certificate that is configured.
        certificate: Option<String>,
    },
}

/// Binds all addresses. Where one fails, those before it are let go.
pub(crate) fn bind_all(wanted: &[Wanted]) -> Result<Vec<Bound>, BindError> {
    wanted.iter().map(bind).collect()
}

fn bind(wanted: &Wanted) -> Result<Bound, BindError> {
    let address = wanted.address.to_string();
    let setting = wanted.setting.clone();
    if wanted.address.is_https() {
        let certificate = wanted.certificate.clone();
        return Err(BindError::NoCertificate {
            address,
            setting,
            certificate,
        });
    }
    wanted.address.bind().map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => BindError::InUse { address, setting },
        _ => BindError::Refused {
            address,
            setting,
            source,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(url: &str) -> Wanted {
        Wanted {
            address: url.parse().unwrap(),
            setting: "urls in the command line".to_owned(),
            certificate: Some("x.pem, x.key".to_owned()),
        }
    }

    #[tokio::test]
    async fn one_failure_leaves_nothing_bound() {
        let taken = bind(&wanted("http://127.0.0.1:0")).unwrap();
        let other = bind(&wanted("http://127.0.0.1:0")).unwrap();
        let [free, in_use] = [&other, &taken].map(|it| it.address.to_string());
        drop(other);
        let error = bind_all(&[wanted(&free), wanted(&in_use)]).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "failed to bind to address {in_use} (from urls in the command line): address already in use"
            )
        );
        drop(taken);
        assert_eq!(
            bind_all(&[wanted(&free), wanted(&in_use)]).unwrap().len(),
            2
        );
    }

    #[tokio::test]
    async fn refusals_name_address_setting_and_reason() {
        for (url, expected) in [
            (
                "http://192.0.2.1:5000",
                "failed to bind to address http://192.0.2.1:5000 (from urls in the command line): ",
            ),
            (
                "https://127.0.0.1:0",
                "https wants a certificate, and this version cannot be given one (x.pem, x.key)",
            ),
        ] {
            let error = bind(&wanted(url)).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
