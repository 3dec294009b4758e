//! [`Target`]: where a signal goes, and how.

use std::str::FromStr;
use std::time::Duration;

use campanile_host::configuration::Configuration;
use http::uri::{Authority, PathAndQuery};
use http::{HeaderMap, HeaderName, HeaderValue, Uri};

use super::connector::{Client, Clients};
use super::error::OtlpError;
use super::grpc;
use super::protocol::Protocol;
use super::reader::{Variable, variable};
use super::signal::Signal;

#[cfg(feature = "tls")]
const ADDRESS: &str = "an address that begins with http:// or https://";
#[cfg(not(feature = "tls"))]
const ADDRESS: &str =
    "an address that begins with http:// (https:// takes the feature `tls` of campanile-otlp)";

#[cfg(feature = "tls")]
const GRPC_ADDRESS: &str = "an address that begins with http:// or https://, nor a host and a port";
#[cfg(not(feature = "tls"))]
const GRPC_ADDRESS: &str = "an address that begins with http://, nor a host and a port with \
    OTEL_EXPORTER_OTLP_INSECURE=true (TLS takes the feature `tls` of campanile-otlp)";

#[cfg(feature = "grpc")]
const PROTOCOL: &str = "a protocol that there is: http/protobuf or grpc";
#[cfg(not(feature = "grpc"))]
const PROTOCOL: &str =
    "a protocol that there is: http/protobuf (grpc takes the feature `grpc` of campanile-otlp)";

/// The address that takes a signal, and how.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) signal: Signal,
    pub(crate) protocol: Protocol,
    pub(crate) uri: Uri,
    /// All but the time that a request has.
    pub(crate) headers: HeaderMap,
    /// Whether what is sent is compressed.
    pub(crate) gzip: bool,
    pub(crate) client: Client,
    /// For one export with all its attempts.
    pub(crate) timeout: Duration,
}

impl Target {
    pub(crate) fn read(
        configuration: &Configuration,
        signal: Signal,
        clients: &mut Clients,
    ) -> Result<Self, OtlpError> {
        let read = |name: &str| setting(configuration, signal, name);
        let protocol = read("PROTOCOL").map(protocol).transpose()?;
        let protocol = protocol.unwrap_or(Protocol::Http);
        let compressions = [("gzip", true), ("none", false)];
        let gzip = read("COMPRESSION").map(|it| it.one_of(&compressions, "gzip or none"));
        let gzip = gzip.transpose()?.unwrap_or(false);
        let timeout = read("TIMEOUT").map(Variable::milliseconds).transpose()?;
        let uri = address(configuration, signal, protocol)?;
        let headers = read("HEADERS").map(|it| headers(&it, protocol));
        let mut headers = headers.transpose()?.unwrap_or_default();
        protocol.describe(&mut headers, gzip);
        Ok(Self {
            signal,
            protocol,
            client: clients.client(configuration, signal, protocol, &uri)?,
            uri,
            headers,
            gzip,
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

fn protocol(variable: Variable) -> Result<Protocol, OtlpError> {
    let choices = [("http/protobuf", Protocol::Http), ("grpc", Protocol::Grpc)];
    match variable.clone().one_of(&choices, PROTOCOL)? {
        Protocol::Grpc if !cfg!(feature = "grpc") => Err(variable.unwanted(PROTOCOL)),
        protocol => Ok(protocol),
    }
}

/// Where requests go.
fn address(
    configuration: &Configuration,
    signal: Signal,
    protocol: Protocol,
) -> Result<Uri, OtlpError> {
    let own = variable(configuration, &signal.variable("ENDPOINT"));
    let general = || variable(configuration, "OTEL_EXPORTER_OTLP_ENDPOINT");
    let at_default = || {
        let text = format!("{}{}", protocol.default_endpoint(), protocol.path(signal));
        Uri::from_str(&text).expect("constants that are an address")
    };
    match protocol {
        // Of the signal's own address the path is part; to the general one it is added.
        Protocol::Http => match (own, general()) {
            (Some(own), _) => usable(Uri::from_str(&own.text).ok(), own, ADDRESS),
            (None, Some(general)) => {
                let whole = format!("{}{}", general.text.trim_end_matches('/'), signal.path());
                usable(Uri::from_str(&whole).ok(), general, ADDRESS)
            }
            (None, None) => Ok(at_default()),
        },
        Protocol::Grpc => {
            let Some(endpoint) = own.or_else(general) else {
                return Ok(at_default());
            };
            let choices = [("true", true), ("false", false)];
            let is_insecure = setting(configuration, signal, "INSECURE")
                .map(|it| it.one_of(&choices, "true or false"))
                .transpose()?
                .unwrap_or(false);
            let uri = method(&endpoint.text, is_insecure, signal);
            usable(uri, endpoint, GRPC_ADDRESS)
        }
    }
}

/// The address of a method of gRPC. Only the scheme and the authority of an endpoint matter: the path is the method's.
fn method(endpoint: &str, is_insecure: bool, signal: Signal) -> Option<Uri> {
    let mut parts = match endpoint.contains("://") {
        true => Uri::from_str(endpoint).ok()?.into_parts(),
        // A host and a port alone, as libraries of gRPC take it.
        false => {
            let authority = Authority::from_str(endpoint).ok()?;
            authority.port_u16()?;
            let scheme = if is_insecure { "http" } else { "https" };
            let address = Uri::from_str(&format!("{scheme}://{authority}"));
            address.ok()?.into_parts()
        }
    };
    parts.path_and_query = Some(PathAndQuery::from_static(signal.method()));
    Uri::from_parts(parts).ok()
}

fn usable(uri: Option<Uri>, variable: Variable, wanted: &'static str) -> Result<Uri, OtlpError> {
    let is_known = |scheme: &str| scheme == "http" || (cfg!(feature = "tls") && scheme == "https");
    let is_usable = |uri: &Uri| uri.host().is_some() && uri.scheme_str().is_some_and(is_known);
    uri.filter(is_usable)
        .ok_or_else(|| variable.unwanted(wanted))
}

fn headers(variable: &Variable, protocol: Protocol) -> Result<HeaderMap, OtlpError> {
    let is_grpc = protocol == Protocol::Grpc;
    let mut headers = HeaderMap::new();
    for (name, value) in variable.clone().pairs()? {
        let Ok(key) = HeaderName::from_str(&name) else {
            return Err(variable.unfit(format!("`{name}` is not the name of a header")));
        };
        if is_grpc && grpc::is_reserved(key.as_str()) {
            return Err(variable.unfit(format!("`{name}` is a name that gRPC has for itself")));
        }
        let value = match is_grpc {
            true => grpc::metadata(key.as_str(), value),
            false => value,
        };
        let Ok(mut value) = HeaderValue::from_str(&value) else {
            return Err(variable.unfit(format!("the value of {name} cannot be sent")));
        };
        value.set_sensitive(true);
        headers.append(key, value);
    }
    Ok(headers)
}
