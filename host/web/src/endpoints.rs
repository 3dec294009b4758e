//! Which addresses the configuration asks for.

use campanile_host::configuration::{Configuration, ConfigurationSection};
use thiserror::Error;

use crate::address::{Address, AddressError};

const URLS: &str = "urls";
const HTTP_PORTS: &str = "http_ports";
const HTTPS_PORTS: &str = "https_ports";
const PREFER_HOSTING_URLS: &str = "preferHostingUrls";
const ENDPOINTS: &str = "Kestrel:Endpoints";

/// Keys of an endpoint that mean nothing without TLS.
const HTTPS_ONLY: [&str; 4] = [
    "Certificate",
    "ClientCertificateMode",
    "SslProtocols",
    "Sni",
];

/// Why the configured addresses cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EndpointError {
    /// It is no URL to listen on.
    #[error("{setting}: {source}")]
    Address {
        /// The setting, and where it stands.
        setting: String,
        /// What is wrong with it.
        #[source]
        source: AddressError,
    },
    /// An endpoint says everything but where.
    #[error("the endpoint {name} has no URL: wanted {ENDPOINTS}:{name}:Url, as http://HOST:PORT")]
    MissingUrl {
        /// The endpoint's name.
        name: String,
    },
    /// An endpoint with an `http` URL has a setting that only `https` has.
    #[error(
        "the endpoint {name} listens on {url} ({setting}), but has the setting {key}, which only https has: wanted a URL that begins with https://, or no {ENDPOINTS}:{name}:{key}"
    )]
    HttpsOnly {
        /// The endpoint's name.
        name: String,
        /// Its URL.
        url: String,
        /// Where the URL comes from.
        setting: String,
        /// The key that is too much.
        key: String,
    },
}

/// An address to bind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) address: Address,
    /// The setting that wants it, for people.
    pub(crate) setting: String,
    /// The certificate that is configured for it, for people.
    pub(crate) certificate: Option<String>,
}

/// A setting that another one made void.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Overridden {
    /// Addresses, by endpoints.
    Addresses(String),
    /// Endpoints, by addresses.
    Endpoints(String),
    /// Ports, by URLs.
    Ports {
        http: String,
        https: String,
        urls: String,
    },
    /// Nothing: there were no settings at all.
    ByDefault(String),
}

/// What to bind, and what to say about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Endpoints {
    pub(crate) wanted: Vec<Wanted>,
    pub(crate) overridden: Vec<Overridden>,
}

impl Endpoints {
    /// Chooses as Kestrel does: endpoints, else `urls`, else ports, else `http://localhost:5000`. With `preferHostingUrls`
    /// the endpoints come after the URLs and the ports.
    pub(crate) fn from_configuration(configuration: &Configuration) -> Result<Self, EndpointError> {
        let mut overridden = Vec::new();
        let hosting = hosting_urls(configuration, &mut overridden);
        let endpoints = configuration.section(ENDPOINTS).children();
        let prefers_hosting = configuration
            .get(PREFER_HOSTING_URLS)
            .is_some_and(|it| it.eq_ignore_ascii_case("true") || it == "1");
        let listed = || {
            let urls: Vec<&str> = hosting.iter().map(|it| it.url.as_str()).collect();
            urls.join(", ")
        };
        let wanted = if endpoints.is_empty() || (prefers_hosting && !hosting.is_empty()) {
            if !endpoints.is_empty() {
                overridden.push(Overridden::Endpoints(listed()));
            }
            let parsed: Result<Vec<_>, _> = hosting.into_iter().map(HostingUrl::parse).collect();
            parsed?
        } else {
            if !hosting.is_empty() {
                overridden.push(Overridden::Addresses(listed()));
            }
            let read: Result<Vec<_>, _> = endpoints
                .iter()
                .map(|it| endpoint(configuration, it))
                .collect();
            read?
        };
        if wanted.is_empty() {
            return Ok(Self::by_default());
        }
        Ok(Self { wanted, overridden })
    }

    fn by_default() -> Self {
        let address = Address::default_address();
        Self {
            overridden: vec![Overridden::ByDefault(address.to_string())],
            wanted: vec![Wanted {
                address,
                setting: "the default, since no urls are configured".to_owned(),
                certificate: None,
            }],
        }
    }
}

impl Overridden {
    /// Writes what Kestrel writes.
    pub(crate) fn log(&self) {
        match self {
            Self::Addresses(addresses) => tracing::warn!(
                target: "Microsoft.AspNetCore.Server.Kestrel",
                "Overriding address(es) '{addresses}'. Binding to endpoints defined via IConfiguration and/or UseKestrel() instead."
            ),
            Self::Endpoints(addresses) => tracing::info!(
                target: "Microsoft.AspNetCore.Server.Kestrel",
                "Overriding endpoints defined via IConfiguration and/or UseKestrel() because {PREFER_HOSTING_URLS} is set to true. Binding to address(es) '{addresses}' instead."
            ),
            Self::Ports { http, https, urls } => tracing::warn!(
                target: "Microsoft.AspNetCore.Hosting.Diagnostics",
                event_id = 15,
                "Overriding HTTP_PORTS '{http}' and HTTPS_PORTS '{https}'. Binding to values defined by URLS instead '{urls}'."
            ),
            Self::ByDefault(address) => tracing::debug!(
                target: "Microsoft.AspNetCore.Server.Kestrel",
                "No listening endpoints were configured. Binding to {address} by default."
            ),
        }
    }
}

/// A URL from `urls` or the ports, as it stands there.
struct HostingUrl {
    url: String,
    setting: String,
}

impl HostingUrl {
    fn parse(self) -> Result<Wanted, EndpointError> {
        let Self { url, setting } = self;
        match url.parse() {
            Ok(address) => Ok(Wanted {
                address,
                setting,
                certificate: None,
            }),
            Err(source) => Err(EndpointError::Address { setting, source }),
        }
    }
}

fn hosting_urls(
    configuration: &Configuration,
    overridden: &mut Vec<Overridden>,
) -> Vec<HostingUrl> {
    let get = |key| configuration.get(key).unwrap_or_default();
    let (urls, http, https) = (get(URLS), get(HTTP_PORTS), get(HTTPS_PORTS));
    if urls.is_empty() {
        let ports = |ports: &str, scheme: &str, key: &str| -> Vec<HostingUrl> {
            let setting = setting(configuration, key);
            let url = |port| HostingUrl {
                url: format!("{scheme}://*:{port}"),
                setting: setting.clone(),
            };
            listed(ports).map(url).collect()
        };
        let mut all = ports(&http, "http", HTTP_PORTS);
        all.extend(ports(&https, "https", HTTPS_PORTS));
        return all;
    }
    let setting = setting(configuration, URLS);
    let all = listed(&urls).map(|url| HostingUrl {
        url: url.to_owned(),
        setting: setting.clone(),
    });
    let all = all.collect();
    if !http.is_empty() || !https.is_empty() {
        overridden.push(Overridden::Ports { http, https, urls });
    }
    all
}

fn listed(text: &str) -> impl Iterator<Item = &str> {
    text.split(';').map(str::trim).filter(|it| !it.is_empty())
}

fn endpoint(
    configuration: &Configuration,
    section: &ConfigurationSection,
) -> Result<Wanted, EndpointError> {
    let name = section.key().to_owned();
    let Some(url) = section.get("Url").filter(|it| !it.is_empty()) else {
        return Err(EndpointError::MissingUrl { name });
    };
    let setting = setting(configuration, &format!("{}:Url", section.path()));
    let address: Address = match url.parse() {
        Ok(address) => address,
        Err(source) => return Err(EndpointError::Address { setting, source }),
    };
    if !address.is_https()
        && let Some(key) = HTTPS_ONLY.iter().find(|it| section.section(it).exists())
    {
        let key = (*key).to_owned();
        return Err(EndpointError::HttpsOnly {
            name,
            url,
            setting,
            key,
        });
    }
    let certificate = section.section("Certificate");
    let mut parts = ["Path", "KeyPath", "Subject"]
        .iter()
        .filter_map(|key| certificate.get(key));
    let certificate = parts
        .next()
        .map(|first| parts.fold(first, |all, part| all + ", " + &part));
    Ok(Wanted {
        address,
        setting,
        certificate,
    })
}

/// The key and the place where it stands: `urls in appsettings.json:3`.
fn setting(configuration: &Configuration, key: &str) -> String {
    match configuration.origin(key) {
        Some(origin) => format!("{key} in {origin}"),
        None => key.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use campanile_host::configuration::ConfigurationBuilder;

    fn chosen(pairs: &[(&str, &str)]) -> (Vec<String>, Vec<Overridden>) {
        let mut builder = ConfigurationBuilder::new();
        builder.add_in_memory(pairs.iter().copied());
        match Endpoints::from_configuration(&builder.build().unwrap()) {
            Ok(it) => (
                it.wanted.iter().map(|it| it.address.to_string()).collect(),
                it.overridden,
            ),
            Err(error) => (vec![format!("! {error}")], Vec::new()),
        }
    }

    const URL: (&str, &str) = ("Urls", "http://a:1; http://127.0.0.1:2;");
    const PORTS: (&str, &str) = ("HTTP_PORTS", "3; 4");
    const ENDPOINT: (&str, &str) = ("Kestrel:Endpoints:B:Url", "http://127.0.0.1:5");

    #[test]
    fn endpoints_win_over_urls_over_ports() {
        let addresses = |pairs: &[_]| chosen(pairs).0;
        assert_eq!(addresses(&[]), ["http://localhost:5000"]);
        assert_eq!(addresses(&[("urls", ";")]), ["http://localhost:5000"]);
        assert_eq!(addresses(&[PORTS]), ["http://[::]:3", "http://[::]:4"]);
        assert_eq!(
            addresses(&[PORTS, ("https_ports", "6")])[2],
            "https://[::]:6"
        );
        assert_eq!(
            addresses(&[URL, PORTS]),
            ["http://[::]:1", "http://127.0.0.1:2"]
        );
        assert_eq!(addresses(&[URL, PORTS, ENDPOINT]), ["http://127.0.0.1:5"]);
        let prefer = ("PreferHostingUrls", "True");
        assert_eq!(
            addresses(&[URL, ENDPOINT, prefer]),
            ["http://[::]:1", "http://127.0.0.1:2"]
        );
        assert_eq!(addresses(&[ENDPOINT, prefer]), ["http://127.0.0.1:5"]);
        let first = ("Kestrel:Endpoints:A:Url", "http://127.0.0.1:6");
        assert_eq!(
            addresses(&[ENDPOINT, first]),
            ["http://127.0.0.1:6", "http://127.0.0.1:5"]
        );
    }

    #[test]
    fn what_was_overridden_is_told() {
        let ports = Overridden::Ports {
            http: PORTS.1.to_owned(),
            https: String::new(),
            urls: URL.1.to_owned(),
        };
        let urls = "http://a:1, http://127.0.0.1:2".to_owned();
        assert_eq!(chosen(&[URL, PORTS]).1, [ports]);
        assert_eq!(
            chosen(&[URL, ENDPOINT]).1,
            [Overridden::Addresses(urls.clone())]
        );
        let prefer = ("preferHostingUrls", "1");
        assert_eq!(
            chosen(&[URL, ENDPOINT, prefer]).1,
            [Overridden::Endpoints(urls)]
        );
        let by_default = Overridden::ByDefault("http://localhost:5000".to_owned());
        assert_eq!(chosen(&[]).1, [by_default]);
        assert_eq!(chosen(&[ENDPOINT]).1, []);
    }

    #[test]
    fn errors_name_the_setting() {
        for (pair, expected) in [
            (
                ("urls", "ftp://a:1"),
                "! urls in the program: 'ftp://a:1' has the scheme 'ftp'",
            ),
            (
                ("http_ports", "x"),
                "! http_ports in the program: 'http://*:x' has the port 'x'",
            ),
            (
                ("Kestrel:Endpoints:Web:Protocols", "Http1"),
                "! the endpoint Web has no URL: wanted Kestrel:Endpoints:Web:Url",
            ),
            (
                ("Kestrel:Endpoints:Web:Url", "nonsense"),
                "! Kestrel:Endpoints:Web:Url in the program: 'nonsense' is not a URL",
            ),
            (
                ("Kestrel:Endpoints:B:Certificate:Path", "x.pem"),
                "! the endpoint B listens on http://127.0.0.1:5 (Kestrel:Endpoints:B:Url in the program), but has the setting Certificate",
            ),
        ] {
            let found = chosen(&[ENDPOINT, pair]).0;
            let alone = chosen(&[pair]).0;
            assert!(
                found[0].starts_with(expected) || alone[0].starts_with(expected),
                "{found:?} {alone:?}"
            );
        }
    }
}
