//! An endpoint as it is wanted.

use campanile_host::configuration::Configuration;

use crate::address::Address;
use crate::certificate_files::CertificateFiles;
use crate::endpoints::{ENDPOINTS, EndpointError, Overridden, Surroundings, setting};
use crate::kestrel::{DEFAULT_CERTIFICATE, EndpointSettings, KestrelSettings, Protocols};

/// An address to bind, or to take from systemd, and what is spoken there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// The endpoint's name, where it has one.
    pub(crate) name: Option<String>,
    pub(crate) address: Address,
    /// The names of the sockets from systemd that take the place of the address.
    pub(crate) passed: Vec<String>,
    /// The setting that wants it, for people.
    pub(crate) setting: String,
    pub(crate) protocols: Protocols,
    /// Where `https` has its certificate.
    pub(crate) certificate: Option<CertificateFiles>,
}

impl Wanted {
    pub(crate) fn of_address(address: Address, setting: String) -> Self {
        Self {
            name: None,
            address,
            passed: Vec::new(),
            setting,
            protocols: Protocols::default(),
            certificate: None,
        }
    }

    pub(crate) fn by_default() -> Self {
        let setting = "the default, since no urls are configured".to_owned();
        Self::of_address(Address::default_address(), setting)
    }

    /// Whether both are listened on at one place, so that one takes over from the other without anybody noticing.
    pub(crate) fn is_same_place(&self, other: &Self) -> bool {
        if self.passed.is_empty() && other.passed.is_empty() {
            self.address.target == other.address.target
        } else {
            self.passed == other.passed
        }
    }

    /// What the endpoint has of its own.
    fn settings<'a>(&self, settings: &'a KestrelSettings) -> Option<&'a EndpointSettings> {
        settings.endpoint(self.name.as_deref()?)
    }

    /// Settles what is spoken, and by which certificate.
    pub(crate) fn complete(
        &mut self,
        configuration: &Configuration,
        around: Surroundings<'_>,
        overridden: &mut Vec<Overridden>,
    ) -> Result<(), EndpointError> {
        let settings = around.settings;
        let own = self.settings(settings);
        let explicit = own
            .and_then(|it| it.protocols)
            .or(settings.endpoint_defaults.protocols);
        self.protocols = explicit.unwrap_or_default();
        if self.protocols == Protocols::Http2 && cfg!(not(feature = "http2")) {
            return Err(self.not_built_in("HTTP/2", "http2"));
        }
        if !self.address.is_https() {
            if explicit == Some(Protocols::Http1AndHttp2) {
                overridden.push(Overridden::Http1Only(self.address.to_string()));
            }
            return Ok(());
        }
        if cfg!(not(feature = "tls")) {
            return Err(self.not_built_in("TLS", "tls"));
        }
        let (section, certificate) = match (&self.name, own.and_then(|it| it.certificate.as_ref()))
        {
            (Some(name), Some(own)) => (format!("{ENDPOINTS}:{name}:Certificate"), Some(own)),
            (name, _) => {
                let shared = format!("Kestrel:Certificates:{DEFAULT_CERTIFICATE}");
                match (settings.certificate(DEFAULT_CERTIFICATE), name) {
                    (None, Some(name)) => (format!("{ENDPOINTS}:{name}:Certificate"), None),
                    (certificate, _) => (shared, certificate),
                }
            }
        };
        let Some((certificate, path)) = certificate.and_then(|it| Some((it, it.path.as_ref()?)))
        else {
            return Err(EndpointError::NoCertificate {
                url: self.address.to_string(),
                setting: self.setting.clone(),
                wanted: section,
            });
        };
        let place = |key: &str, path: &String| {
            let setting = setting(configuration, &format!("{section}:{key}"));
            (around.content_root.join(path), setting)
        };
        let versions = own
            .and_then(|it| it.ssl_protocols.clone())
            .or_else(|| settings.endpoint_defaults.ssl_protocols.clone());
        self.certificate = Some(CertificateFiles {
            certificate: place("Path", path),
            key: certificate.key_path.as_ref().map(|it| place("KeyPath", it)),
            versions: versions.unwrap_or_default(),
        });
        Ok(())
    }

    fn not_built_in(&self, wanted: &'static str, feature: &'static str) -> EndpointError {
        EndpointError::NotBuiltIn {
            url: self.address.to_string(),
            setting: self.setting.clone(),
            wanted,
            feature,
        }
    }
}
