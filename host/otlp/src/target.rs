//! [`Target`]: where a signal goes.

use std::str::FromStr;
use std::time::Duration;

use campanile_host::configuration::Configuration;
use http::{HeaderMap, HeaderName, HeaderValue, Uri};

use super::error::OtlpError;
use super::reader::{Variable, variable};
use super::signal::Signal;

/// Where nothing else is said: a collector on this machine.
const DEFAULT: &str = "http://localhost:4318";

/// The address that takes a signal, and how.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) signal: Signal,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    /// For one export with all its attempts.
    pub(crate) timeout: Duration,
}

impl Target {
    pub(crate) fn read(configuration: &Configuration, signal: Signal) -> Result<Self, OtlpError> {
        let read = |name: &str| {
            variable(configuration, &signal.variable(name))
                .or_else(|| variable(configuration, &format!("OTEL_EXPORTER_OTLP_{name}")))
        };
        if let Some(protocol) = read("PROTOCOL") {
            protocol.one_of(
                &[("http/protobuf", ())],
                "http/protobuf, the protocol that there is (collectors take it at port 4318)",
            )?;
        }
        if let Some(compression) = read("COMPRESSION") {
            compression.one_of(&[("none", ())], "none, which is all there is")?;
        }
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
        let timeout = read("TIMEOUT").map(Variable::milliseconds).transpose()?;
        Ok(Self {
            signal,
            uri,
            headers: read("HEADERS")
                .as_ref()
                .map(headers)
                .transpose()?
                .unwrap_or_default(),
            timeout: timeout.unwrap_or(Duration::from_secs(10)),
        })
    }
}

fn address(variable: Variable, text: &str) -> Result<Uri, OtlpError> {
    match Uri::from_str(text) {
        Ok(uri) if uri.host().is_some() && uri.scheme_str() == Some("http") => Ok(uri),
        _ => Err(variable.unwanted("an address that begins with http:// (a collector beside the service takes what is to be encrypted)")),
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
