//! Which addresses the configuration asks for.

use std::path::Path;

use campanile_host::configuration::{Configuration, ConfigurationSection};
use thiserror::Error;

use crate::address::{Address, AddressError};
use crate::kestrel::{DEFAULT_CERTIFICATE, KestrelSettings};
use crate::wanted::Wanted;

const URLS: &str = "urls";
const HTTP_PORTS: &str = "http_ports";
const HTTPS_PORTS: &str = "https_ports";
const PREFER_HOSTING_URLS: &str = "preferHostingUrls";
pub(crate) const ENDPOINTS: &str = "Kestrel:Endpoints";

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
    /// There is no certificate for an `https` URL.
    #[error(
        "{url} ({setting}) wants a certificate, and there is none: wanted {wanted}:Path, a PEM file, and {wanted}:KeyPath, a PEM file with its key{}",
        if wanted.ends_with(DEFAULT_CERTIFICATE) { "" } else { ", or the same below Kestrel:Certificates:Default for all endpoints" }
    )]
    NoCertificate {
        /// The URL.
        url: String,
        /// Where it comes from.
        setting: String,
        /// The section that is missing.
        wanted: String,
    },
    /// What the endpoint is to speak is not built in.
    #[error(
        "{url} ({setting}) wants {wanted}, which is not built into this program: campanile-web has it with its feature '{feature}'"
    )]
    NotBuiltIn {
        /// The URL.
        url: String,
        /// Where it comes from.
        setting: String,
        /// What is missing.
        wanted: &'static str,
        /// The feature that has it.
        feature: &'static str,
    },
}

/// A setting that another one made void, or something else that is to be said of the choice.
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
    /// Addresses, by sockets from systemd.
    Sockets { addresses: String, names: String },
    /// Nothing: there were no settings at all.
    ByDefault(String),
    /// Nothing, but HTTP/2 is not spoken beside HTTP/1 without TLS.
    Http1Only(String),
}

/// What to bind, and what to say about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Endpoints {
    pub(crate) wanted: Vec<Wanted>,
    pub(crate) overridden: Vec<Overridden>,
}

/// What the choice of addresses depends on besides the configuration's text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Surroundings<'a> {
    pub(crate) settings: &'a KestrelSettings,
    /// Where relative paths begin.
    pub(crate) content_root: &'a Path,
    /// The names of the sockets that systemd has passed.
    pub(crate) passed: &'a [String],
}

impl Endpoints {
    /// Chooses as Kestrel does: endpoints, else `urls`, else ports, else `http://localhost:5000`. With `preferHostingUrls`
    /// the endpoints come after the URLs and the ports. Sockets from systemd take the place of the addresses of the endpoints
    /// that have their names, and, where there are no endpoints, of all others.
    pub(crate) fn from_configuration(
        configuration: &Configuration,
        around: Surroundings<'_>,
    ) -> Result<Self, EndpointError> {
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
        let mut wanted = if endpoints.is_empty() || (prefers_hosting && !hosting.is_empty()) {
            if !endpoints.is_empty() {
                overridden.push(Overridden::Endpoints(listed()));
            }
            let mut wanted = Vec::new();
            for url in hosting {
                wanted.push(url.parse()?);
            }
            if wanted.is_empty() {
                wanted.push(Wanted::by_default());
                if around.passed.is_empty() {
                    overridden.push(Overridden::ByDefault(
                        Address::default_address().to_string(),
                    ));
                }
            }
            if !around.passed.is_empty() {
                let addresses: Vec<String> =
                    wanted.iter().map(|it| it.address.to_string()).collect();
                overridden.push(Overridden::Sockets {
                    addresses: addresses.join(", "),
                    names: around.passed.join(", "),
                });
                wanted.truncate(1);
                for it in &mut wanted {
                    it.passed = around.passed.to_vec();
                }
            }
            wanted
        } else {
            if !hosting.is_empty() {
                overridden.push(Overridden::Addresses(listed()));
            }
            let read: Result<Vec<_>, _> = endpoints
                .iter()
                .map(|it| endpoint(configuration, around, it))
                .collect();
            read?
        };
        for it in &mut wanted {
            it.complete(configuration, around, &mut overridden)?;
        }
        Ok(Self { wanted, overridden })
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
            Self::Sockets { addresses, names } => tracing::info!(
                target: "Microsoft.AspNetCore.Server.Kestrel",
                "systemd has passed the sockets {names}: they are listened on in place of '{addresses}'"
            ),
            Self::Http1Only(address) => tracing::warn!(
                target: "Microsoft.AspNetCore.Server.Kestrel",
                event_id = 64,
                "{address} speaks HTTP/1.1 alone, although its Protocols are Http1AndHttp2: it takes TLS to agree on one of them. Protocols Http2 speaks HTTP/2 alone, without TLS."
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
            Ok(address) => Ok(Wanted::of_address(address, setting)),
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
    around: Surroundings<'_>,
    section: &ConfigurationSection,
) -> Result<Wanted, EndpointError> {
    let name = section.key().to_owned();
    let named = |it: &&String| it.eq_ignore_ascii_case(&name);
    let passed: Vec<String> = around.passed.iter().filter(named).cloned().collect();
    let Some(url) = section.get("Url").filter(|it| !it.is_empty()) else {
        if passed.is_empty() {
            return Err(EndpointError::MissingUrl { name });
        }
        let is_https = section.section("Certificate").exists();
        let setting = format!("the socket {} of systemd", passed.join(", "));
        let mut wanted = Wanted::of_address(Address::passed(is_https), setting);
        (wanted.name, wanted.passed) = (Some(name), passed);
        return Ok(wanted);
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
    let mut wanted = Wanted::of_address(address, setting);
    (wanted.name, wanted.passed) = (Some(name), passed);
    Ok(wanted)
}

/// The key and the place where it stands: `urls in appsettings.json:3`.
pub(crate) fn setting(configuration: &Configuration, key: &str) -> String {
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
        chosen_with(pairs, &[])
    }

    fn chosen_with(pairs: &[(&str, &str)], passed: &[String]) -> (Vec<String>, Vec<Overridden>) {
        let mut builder = ConfigurationBuilder::new();
        builder.add_in_memory(pairs.iter().copied());
        let configuration = builder.build().unwrap();
        let around = Surroundings {
            settings: &configuration.bind(KestrelSettings::SECTION).unwrap(),
            content_root: Path::new("/root"),
            passed,
        };
        match Endpoints::from_configuration(&configuration, around) {
            Ok(it) => (it.wanted.iter().map(shown).collect(), it.overridden),
            Err(error) => (vec![format!("! {error}")], Vec::new()),
        }
    }

    fn shown(wanted: &Wanted) -> String {
        let passed = match &*wanted.passed {
            [] => String::new(),
            passed => format!(" by {}", passed.join(", ")),
        };
        format!("{}{passed}", wanted.address)
    }

    const CERTIFICATE: (&str, &str) = ("Kestrel:Certificates:Default:Path", "a.pem");
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
            addresses(&[PORTS, ("https_ports", "6"), CERTIFICATE])[2],
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
