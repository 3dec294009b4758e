//! [`Target`]: where a signal goes, and how.

use std::str::FromStr;
use std::time::Duration;

use campanile_host::configuration::Configuration;
use http::{HeaderMap, HeaderName, HeaderValue, Uri};

use super::connector::{Client, Connector};
use super::error::OtlpError;
use super::reader::{Variable, variable};
use super::signal::Signal;

/// Where nothing else is said: a collector on this machine.
const DEFAULT: &str = "http://localhost:4318";

#[cfg(feature = "tls")]
const ADDRESS: &str = "an address that begins with http:// or https://";
#[cfg(not(feature = "tls"))]
const ADDRESS: &str =
    "an address that begins with http:// (https:// takes the feature `tls` of campanile-otlp)";

/// The address that takes a signal, and how.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) signal: Signal,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    /// Whether what is sent is compressed.
    pub(crate) gzip: bool,
    pub(crate) client: Client,
    /// For one export with all its attempts.
    pub(crate) timeout: Duration,
}

impl Target {
    pub(crate) fn read(configuration: &Configuration, signal: Signal) -> Result<Self, OtlpError> {
        let read = |name: &str| setting(configuration, signal, name);
        if let Some(protocol) = read("PROTOCOL") {
            protocol.one_of(
                &[("http/protobuf", ())],
                "http/protobuf, the protocol that there is: collectors take it at port 4318, and gRPC, which is not here, at 4317",
            )?;
        }
        let compressions = [("gzip", true), ("none", false)];
        let gzip = read("COMPRESSION").map(|it| it.one_of(&compressions, "gzip or none"));
        // Of the signal's own address the path is part; to the general one it is added.
        let uri = match variable(configuration, &signal.variable("ENDPOINT")) {
            Some(own) => address(own.clone(), &own.text)?,
            None => match variable(configuration, "OTEL_EXPORTER_OTLP_ENDPOINT") {
                Some(general) => {
                    let whole = format!("{}{}", general.text.trim_end_matches('/'), signal.path());
                    address(general, &whole)?
                }
                None => Uri::from_str(&format!("{DEFAULT}{}", signal.path()))
                    .expect("a constant, and a path of letters"),
            },
        };
        let client = Connector::read(configuration, signal, &uri)?.into_client();
        let timeout = read("TIMEOUT").map(Variable::milliseconds).transpose()?;
        Ok(Self {
            signal,
            uri,
            headers: read("HEADERS")
                .as_ref()
                .map(headers)
                .transpose()?
                .unwrap_or_default(),
            gzip: gzip.transpose()?.unwrap_or(false),
            client,
            timeout: timeout.unwrap_or(Duration::from_secs(10)),
        })
    }
}

/// The setting of the signal alone, or else that of all.
pub(crate) fn setting(
    configuration: &Configuration,
    signal: Signal,
    name: &str,
) -> Option<Variable> {
    variable(configuration, &signal.variable(name))
        .or_else(|| variable(configuration, &format!("OTEL_EXPORTER_OTLP_{name}")))
}

fn address(variable: Variable, text: &str) -> Result<Uri, OtlpError> {
    let is_known = |scheme| scheme == "http" || (cfg!(feature = "tls") && scheme == "https");
    match Uri::from_str(text) {
        Ok(uri) if uri.host().is_some() && uri.scheme_str().is_some_and(is_known) => Ok(uri),
        _ => Err(variable.unwanted(ADDRESS)),
    }
}

fn headers(variable: &Variable) -> Result<HeaderMap, OtlpError> {
    let mut headers = HeaderMap::new();
    for (name, value) in variable.clone().pairs()? {
        let Ok(key) = HeaderName::from_str(&name) else {
            return Err(variable.unfit(format!("`{name}` is not the name of a header")));
        };
        let Ok(mut value) = HeaderValue::from_str(&value) else {
            return Err(variable.unfit(format!("the value of {name} cannot be sent")));
        };
        value.set_sensitive(true);
        headers.append(key, value);
    }
    Ok(headers)
}
