//! The whole section.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::certificate::CertificateSettings;
use super::endpoint::{EndpointDefaults, EndpointSettings};
use super::limits::Limits;

/// The certificate of endpoints that have none of their own.
pub(crate) const DEFAULT_CERTIFICATE: &str = "Default";

/// `Kestrel`. Bound strictly: a key that is not here is an error that names the nearest one.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(crate) struct KestrelSettings {
    endpoints: BTreeMap<String, EndpointSettings>,
    pub(crate) endpoint_defaults: EndpointDefaults,
    certificates: BTreeMap<String, CertificateSettings>,
    pub(crate) limits: Limits,
}

impl KestrelSettings {
    /// The section in the configuration.
    pub(crate) const SECTION: &'static str = "Kestrel";

    /// The endpoint of that name, ignoring case.
    pub(crate) fn endpoint(&self, name: &str) -> Option<&EndpointSettings> {
        named(&self.endpoints, name)
    }

    /// The certificate of that name, ignoring case.
    pub(crate) fn certificate(&self, name: &str) -> Option<&CertificateSettings> {
        named(&self.certificates, name)
    }
}

fn named<'a, T>(all: &'a BTreeMap<String, T>, name: &str) -> Option<&'a T> {
    let mut all = all.iter();
    all.find(|(it, _)| it.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use campanile_host::configuration::ConfigurationBuilder;

    fn bound(text: &str) -> Result<KestrelSettings, String> {
        let mut builder = ConfigurationBuilder::new();
        builder.add_json_text(format!("{{ \"Kestrel\": {text} }}"));
        let configuration = builder.build().unwrap();
        configuration
            .bind(KestrelSettings::SECTION)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn every_key_is_read() {
        let settings = bound(
            r#"{
                "Endpoints": { "Web": { "Url": "https://*:5001", "Protocols": "http1", "SslProtocols": ["Tls13"],
                    "ClientCertificateMode": "NoCertificate", "Certificate": { "Path": "a.pem", "KeyPath": "a.key" } } },
                "EndpointDefaults": { "Protocols": "Http2", "SslProtocols": ["tls12"] },
                "Certificates": { "default": { "Path": "b.pem" } },
                "Limits": { "MaxConcurrentConnections": 10, "MaxConcurrentUpgradedConnections": "0",
                    "MaxRequestBodySize": "", "KeepAliveTimeout": "", "RequestHeadersTimeout": "00:00:07",
                    "MaxRequestLineSize": "16 KiB", "MaxRequestHeadersTotalSize": 4096, "MaxRequestHeaderCount": 5,
                    "MinRequestBodyDataRate": { "BytesPerSecond": 0 },
                    "MinResponseDataRate": { "BytesPerSecond": 100, "GracePeriod": "00:00:09" },
                    "Http2": { "MaxStreamsPerConnection": 3, "HeaderTableSize": 0, "MaxFrameSize": "1 MiB",
                        "InitialConnectionWindowSize": 70000, "InitialStreamWindowSize": 70000,
                        "KeepAlivePingDelay": "00:01:00", "KeepAlivePingTimeout": "00:00:10" } }
            }"#,
        )
        .unwrap();
        let web = settings.endpoint("WEB").unwrap();
        assert_eq!(web.url.as_deref(), Some("https://*:5001"));
        let default = settings.certificate(DEFAULT_CERTIFICATE).unwrap();
        assert_eq!(default.path.as_deref(), Some("b.pem"));
        let limits = &settings.limits;
        assert_eq!(limits.max_request_body_size, None);
        assert_eq!(limits.keep_alive_timeout, None);
        assert_eq!(limits.max_concurrent_upgraded_connections, Some(0));
        assert_eq!(limits.max_request_line_size.bytes(), 16_384);
        assert_eq!(limits.min_request_body_data_rate.bytes_per_second, 0);
        assert_eq!(limits.http2.max_streams_per_connection.get(), 3);
        assert_eq!(bound("{}"), Ok(KestrelSettings::default()));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        for (text, expected) in [
            (
                r#"{ "Limit": {} , "x": 1 }"#,
                "'Kestrel:Limit'|did you mean 'Limits'?",
            ),
            (
                r#"{ "Limits": { "MaxRequestBodySiz": 1 } }"#,
                "MaxRequestBodySiz' (|:1)|did you mean 'MaxRequestBodySize'?",
            ),
            (
                r#"{ "Limits": { "MaxRequestBodySize": "30 elephants" } }"#,
                "'Kestrel:Limits:MaxRequestBodySize' (|a size in bytes|'30 elephants'",
            ),
            (
                r#"{ "Limits": { "MaxConcurrentConnections": 0 } }"#,
                "'Kestrel:Limits:MaxConcurrentConnections'|nonzero",
            ),
            (
                r#"{ "Limits": { "KeepAliveTimeout": "00:00:00" } }"#,
                "'Kestrel:Limits:KeepAliveTimeout'|a time above zero",
            ),
            (
                r#"{ "Limits": { "KeepAliveTimeout": "130" } }"#,
                "'Kestrel:Limits:KeepAliveTimeout'|130",
            ),
            (
                r#"{ "Limits": { "Http2": { "MaxFrameSize": 100 } } }"#,
                "'Kestrel:Limits:Http2:MaxFrameSize'|from 16384 to 16777215 bytes, found 100",
            ),
            (
                r#"{ "Limits": { "MaxConcurrentUpgradedConnections": -1, "MaxRequestHeaderCount": 0, "MaxRequestLineSize": 0,
                    "MaxRequestHeadersTotalSize": "1 GiB", "RequestHeadersTimeout": "soon",
                    "MinRequestBodyDataRate": { "BytesPerSecond": -1, "GracePeriod": "00:00:00" },
                    "MinResponseDataRate": { "Bytes": 1 } } }"#,
                "'Kestrel:Limits:MaxConcurrentUpgradedConnections' (|'Kestrel:Limits:MaxRequestHeaderCount' (|'Kestrel:Limits:MaxRequestLineSize' (|'Kestrel:Limits:MaxRequestHeadersTotalSize' (|'Kestrel:Limits:RequestHeadersTimeout' (|'Kestrel:Limits:MinRequestBodyDataRate:BytesPerSecond' (|'Kestrel:Limits:MinRequestBodyDataRate:GracePeriod' (|'Kestrel:Limits:MinResponseDataRate:Bytes' (",
            ),
            (
                r#"{ "Limits": { "Http2": { "MaxStreamsPerConnection": 0, "HeaderTableSize": "5 GiB", "InitialConnectionWindowSize": 1,
                    "InitialStreamWindowSize": "4 GiB", "KeepAlivePingDelay": "00:00:00", "KeepAlivePingTimeout": "" } } }"#,
                "'Kestrel:Limits:Http2:MaxStreamsPerConnection' (|'Kestrel:Limits:Http2:HeaderTableSize' (|'Kestrel:Limits:Http2:InitialConnectionWindowSize' (|'Kestrel:Limits:Http2:InitialStreamWindowSize' (|'Kestrel:Limits:Http2:KeepAlivePingDelay' (|'Kestrel:Limits:Http2:KeepAlivePingTimeout' (",
            ),
            (
                r#"{ "Limits": { "MaxResponseBufferSize": 1, "Http2": { "MaxRequestHeaderFieldSize": 1 } } }"#,
                "'Kestrel:Limits:MaxResponseBufferSize' (|'Kestrel:Limits:Http2:MaxRequestHeaderFieldSize' (|MaxRequestHeadersTotalSize",
            ),
            (
                r#"{ "Limits": { "MaxRequestBufferSize": 1024 } }"#,
                "'Kestrel:Limits:MaxRequestBufferSize'|not buffered here",
            ),
            (
                r#"{ "Limits": { "Http3": {"x": 1} } }"#,
                "'Kestrel:Limits:Http3'|HTTP/3 is not spoken here",
            ),
            (
                r#"{ "Endpoints": { "A": { "Protocols": "Http3" } } }"#,
                "'Kestrel:Endpoints:A:Protocols'|Http1AndHttp2|'Http3'",
            ),
            (
                r#"{ "EndpointDefaults": { "SslProtocols": ["Tls11"] } }"#,
                "'Kestrel:EndpointDefaults:SslProtocols:0'|Tls12|Tls13",
            ),
            (
                r#"{ "Endpoints": { "A": { "ClientCertificateMode": "RequireCertificate" } } }"#,
                "'Kestrel:Endpoints:A:ClientCertificateMode'|NoCertificate",
            ),
            (
                r#"{ "Endpoints": { "A": { "Sni": { "*": { "Protocols": "Http1" } } } } }"#,
                "'Kestrel:Endpoints:A:Sni'|one certificate",
            ),
            (
                r#"{ "Endpoints": { "A": { "Certificate": { "Path": "a.pfx", "Password": "secret" } } } }"#,
                "'Kestrel:Endpoints:A:Certificate:Password'|openssl",
            ),
            (
                r#"{ "Certificates": { "Default": { "Subject": "localhost", "Store": "My" } } }"#,
                "'Kestrel:Certificates:Default:Subject'|'Kestrel:Certificates:Default:Store'|KeyPath",
            ),
        ] {
            let error = bound(text).unwrap_err();
            for part in expected.split('|') {
                assert!(error.contains(part), "{text}: {error}");
            }
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
