//! Binding what is wanted.

use std::io;

use campanile_host::systemd;
use thiserror::Error;

use crate::listener::Bound;
use crate::wanted::Wanted;

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
    /// systemd has passed something that cannot be listened on.
    #[error("failed to take the socket {name} from systemd: {source}")]
    Passed {
        /// Its name.
        name: String,
        /// What is wrong with it.
        #[source]
        source: io::Error,
    },
}

/// Binds the address, or takes the sockets that systemd has passed in its place.
pub(crate) fn bind(wanted: &Wanted) -> Result<Bound, BindError> {
    if !wanted.passed.is_empty() {
        return take(wanted);
    }
    let address = wanted.address.to_string();
    let setting = wanted.setting.clone();
    wanted.address.bind().map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => BindError::InUse { address, setting },
        _ => BindError::Refused {
            address,
            setting,
            source,
        },
    })
}

fn take(wanted: &Wanted) -> Result<Bound, BindError> {
    let mut sockets = Vec::new();
    for name in &wanted.passed {
        let failed = |source| BindError::Passed {
            name: name.clone(),
            source,
        };
        sockets.extend(systemd::take_sockets(name).map_err(failed)?);
    }
    Bound::passed(&wanted.address, sockets).map_err(|source| BindError::Passed {
        name: wanted.passed.join(", "),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(url: &str) -> Wanted {
        Wanted::of_address(url.parse().unwrap(), "urls in the command line".to_owned())
    }

    #[tokio::test]
    async fn refusals_name_address_setting_and_reason() {
        let taken = bind(&wanted("http://127.0.0.1:0")).unwrap();
        let in_use = taken.address.to_string();
        for (url, expected) in [
            ("http://192.0.2.1:5000", ""),
            (&*in_use, "address already in use"),
        ] {
            let error = bind(&wanted(url)).unwrap_err().to_string();
            let expected = format!(
                "failed to bind to address {url} (from urls in the command line): {expected}"
            );
            assert!(error.starts_with(&expected), "{error}");
        }
    }
}
