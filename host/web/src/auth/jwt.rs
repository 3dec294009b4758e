//! JSON Web Tokens as bearer tokens.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use campanile_host::configuration::{BindError, Configuration};
use http::HeaderValue;
use http::header::AUTHORIZATION;
use http::request::Parts;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, Validation};
use serde::Deserialize;
use serde_json::{Map, Value};
use thiserror::Error;

use super::{AuthenticationResult, AuthenticationTicket, Authenticator, Principal};

const SECTION: &str = "Authentication:Schemes:Bearer";
const LONGEST_TOKEN: usize = 16 * 1024;

/// What a token has to be to be taken.
///
/// From the configuration, with the keys of ASP.NET Core and two more, `JwksFile` and a key's `PublicKeyFile`:
///
/// ```json
/// {
///   "Authentication": {
///     "Schemes": {
///       "Bearer": {
///         "ValidIssuer": "https://id.example",
///         "ValidAudiences": ["clock"],
///         "SigningKeys": [{ "Id": "2026", "Value": "c2VjcmV0IG9mIGF0IGxlYXN0IDMyIGJ5dGVzIS4uLi4=" }],
///         "JwksFile": "/etc/clock/jwks.json",
///         "ClockSkew": "00:01:00"
///       }
///     }
///   }
/// }
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct JwtBearerOptions {
    /// Who may have issued a token, the claim `iss`; anybody where there is none.
    pub valid_issuers: Vec<String>,
    /// For whom a token may be, the claim `aud`; for anybody where there is none.
    pub valid_audiences: Vec<String>,
    /// The keys that tokens may be signed with.
    pub keys: Vec<JwtKey>,
    /// How far the clocks may be apart. Default: 5 minutes, as in ASP.NET Core.
    pub clock_skew: Duration,
    /// The query parameter that may carry the token where there is no header: browsers cannot set one for a WebSocket.
    /// Default: `access_token`. `None` for headers only.
    pub query_parameter: Option<String>,
    /// Whether a refusal has the header `WWW-Authenticate`, with the reason where a token was not taken. Default: yes.
    pub challenge: bool,
    /// What time it is.
    pub clock: fn() -> SystemTime,
}

/// A key that tokens are signed with: HS256 by a secret, RS256 and ES256 by a public key.
#[derive(Clone)]
pub struct JwtKey {
    id: Option<String>,
    key: DecodingKey,
    algorithms: Vec<Algorithm>,
}

/// Why tokens cannot be checked.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum JwtBearerError {
    /// The section says something else.
    #[error(transparent)]
    Configuration(#[from] BindError),
    /// A secret is too short for HS256, which wants 32 bytes.
    #[error("a signing key has {length} bytes: HS256 wants at least 32")]
    ShortKey {
        /// How long it is.
        length: usize,
    },
    /// No key of a kind that is served: wanted a secret, or an RSA or P-256 public key.
    #[error(
        "the signing key {name} cannot be read: wanted base64, a public key in PEM, or a JSON Web Key Set of RSA, P-256 or secret keys"
    )]
    InvalidKey {
        /// Its id, its place or its file.
        name: String,
    },
    /// The file of a key cannot be read.
    #[error("the signing keys in {} cannot be read: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Nothing is there that a token could be checked with.
    #[error(
        "there is no key to check tokens with: wanted '{SECTION}:SigningKeys' or '{SECTION}:JwksFile'"
    )]
    NoKeys,
}

impl Default for JwtBearerOptions {
    fn default() -> Self {
        Self {
            valid_issuers: Vec::new(),
            valid_audiences: Vec::new(),
            keys: Vec::new(),
            clock_skew: Duration::from_secs(300),
            query_parameter: Some("access_token".to_owned()),
            challenge: true,
            clock: SystemTime::now,
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Settings {
    valid_issuer: Option<String>,
    valid_issuers: Vec<String>,
    valid_audience: Option<String>,
    valid_audiences: Vec<String>,
    signing_keys: Vec<KeySettings>,
    jwks_file: Option<PathBuf>,
    clock_skew: Option<Duration>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct KeySettings {
    id: Option<String>,
    value: Option<String>,
    public_key_file: Option<PathBuf>,
    /// Written by .NET's tools; nothing follows from them.
    #[allow(dead_code, reason = "known to the strict binding")]
    issuer: Option<String>,
    #[allow(dead_code, reason = "known to the strict binding")]
    length: Option<u32>,
}

impl JwtBearerOptions {
    /// What the section `Authentication:Schemes:Bearer` says.
    ///
    /// # Errors
    ///
    /// Where the section, a key or a file cannot be read.
    pub fn from_configuration(configuration: &Configuration) -> Result<Self, JwtBearerError> {
        let settings: Settings = configuration.bind(SECTION)?;
        let mut options = Self {
            valid_issuers: settings.valid_issuers,
            valid_audiences: settings.valid_audiences,
            ..Self::default()
        };
        options.valid_issuers.extend(settings.valid_issuer);
        options.valid_audiences.extend(settings.valid_audience);
        options.clock_skew = settings.clock_skew.unwrap_or(options.clock_skew);
        for (index, key) in settings.signing_keys.into_iter().enumerate() {
            let name = key.id.clone().unwrap_or_else(|| index.to_string());
            let invalid = || JwtBearerError::InvalidKey { name: name.clone() };
            let mut read = match (key.value, key.public_key_file) {
                (Some(value), None) => {
                    let secret = STANDARD.decode(value.trim()).map_err(|_| invalid())?;
                    JwtKey::secret(&secret)?
                }
                (None, Some(path)) => JwtKey::public(&read_file(path)?)?,
                _ => return Err(invalid()),
            };
            read.id = key.id;
            options.keys.push(read);
        }
        if let Some(path) = settings.jwks_file {
            let name = path.display().to_string();
            let read = JwtKey::key_set(&read_file(path)?);
            options
                .keys
                .extend(read.map_err(|_| JwtBearerError::InvalidKey { name })?);
        }
        Ok(options)
    }
}

fn read_file(path: PathBuf) -> Result<Vec<u8>, JwtBearerError> {
    std::fs::read(&path).map_err(|source| JwtBearerError::File { path, source })
}

impl JwtKey {
    /// A secret for HS256.
    ///
    /// # Errors
    ///
    /// Where it is shorter than 32 bytes.
    pub fn secret(secret: &[u8]) -> Result<Self, JwtBearerError> {
        if secret.len() < 32 {
            return Err(JwtBearerError::ShortKey {
                length: secret.len(),
            });
        }
        Ok(Self::of(DecodingKey::from_secret(secret)))
    }

    /// A public key in PEM: RSA for RS256, P-256 for ES256.
    ///
    /// # Errors
    ///
    /// Where it is neither.
    pub fn public(pem: &[u8]) -> Result<Self, JwtBearerError> {
        DecodingKey::from_rsa_pem(pem)
            .or_else(|_| DecodingKey::from_ec_pem(pem))
            .map(Self::of)
            .map_err(|_| JwtBearerError::InvalidKey {
                name: "in PEM".to_owned(),
            })
    }

    /// The keys of a JSON Web Key Set, those that are of another kind left out.
    ///
    /// # Errors
    ///
    /// Where it is none.
    pub fn key_set(json: &[u8]) -> Result<Vec<Self>, JwtBearerError> {
        let set: JwkSet = serde_json::from_slice(json).map_err(|_| JwtBearerError::InvalidKey {
            name: "in a key set".to_owned(),
        })?;
        let keys = set.keys.iter().filter_map(|jwk| {
            let mut key = Self::of(DecodingKey::from_jwk(jwk).ok()?);
            key.id.clone_from(&jwk.common.key_id);
            (!key.algorithms.is_empty()).then_some(key)
        });
        Ok(keys.collect())
    }

    /// The same under an id: tokens that name a key are checked with that one.
    #[must_use]
    pub fn with_id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    fn of(key: DecodingKey) -> Self {
        let algorithms = match key.family() {
            AlgorithmFamily::Hmac => vec![Algorithm::HS256],
            AlgorithmFamily::Rsa => vec![Algorithm::RS256],
            AlgorithmFamily::Ec => vec![Algorithm::ES256],
            _ => Vec::new(),
        };
        Self {
            id: None,
            key,
            algorithms,
        }
    }
}

/// Takes JSON Web Tokens from the header `Authorization: Bearer`, or from the query.
///
/// A token that is invalid or expired counts as none. No token, and nothing of one, is ever logged.
#[derive(Clone)]
pub struct JwtBearer(Arc<JwtBearerOptions>);

/// Why a token counts as none, as its bearer may know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    Malformed,
    Signature,
    Issuer,
    Audience,
    NotYet,
    Expired,
}

impl JwtBearer {
    /// Tokens by these options.
    ///
    /// # Errors
    ///
    /// Where there is no key.
    pub fn new(options: JwtBearerOptions) -> Result<Self, JwtBearerError> {
        if options.keys.is_empty() {
            return Err(JwtBearerError::NoKeys);
        }
        // Another crate may have both backends compiled in; then jsonwebtoken would panic at the first token. Whoever has
        // chosen one before is left with it.
        let _ = jsonwebtoken::crypto::rust_crypto::DEFAULT_PROVIDER.install_default();
        Ok(Self(Arc::new(options)))
    }

    fn check(&self, token: &str) -> Result<AuthenticationTicket, Refusal> {
        if token.len() > LONGEST_TOKEN {
            return Err(Refusal::Malformed);
        }
        let claims = self.verify(token)?;
        let options = &*self.0;
        let is_one_of = |name: &str, wanted: &[String]| {
            wanted.is_empty()
                || strings(claims.get(name)).any(|it| wanted.iter().any(|wanted| wanted == it))
        };
        if !is_one_of("iss", &options.valid_issuers) {
            return Err(Refusal::Issuer);
        }
        if !is_one_of("aud", &options.valid_audiences) {
            return Err(Refusal::Audience);
        }
        let now = (options.clock)();
        let expires = moment(claims.get("exp"))?.ok_or(Refusal::Expired)?;
        let skewed = |time: SystemTime| time.checked_add(options.clock_skew).unwrap_or(time);
        if skewed(expires) <= now {
            return Err(Refusal::Expired);
        }
        if moment(claims.get("nbf"))?.is_some_and(|from| from > skewed(now)) {
            return Err(Refusal::NotYet);
        }
        let left = expires.duration_since(now).unwrap_or_default();
        let ticket = AuthenticationTicket::new(principal(&claims));
        Ok(ticket.expiring_in(left))
    }

    /// The claims of a token that one of the keys has signed.
    fn verify(&self, token: &str) -> Result<Map<String, Value>, Refusal> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| Refusal::Malformed)?;
        for key in &self.0.keys {
            let other = key.id.is_some() && header.kid.is_some() && key.id != header.kid;
            if other || !key.algorithms.contains(&header.alg) {
                continue;
            }
            let mut validation = Validation::new(header.alg);
            validation.required_spec_claims.clear();
            // Times, issuer and audience are checked here, by our clock.
            (validation.validate_exp, validation.validate_aud) = (false, false);
            if let Ok(data) = jsonwebtoken::decode(token, &key.key, &validation) {
                return Ok(data.claims);
            }
        }
        Err(Refusal::Signature)
    }

    /// The token that a request carries.
    fn token(&self, request: &Parts) -> Option<String> {
        let header = request
            .headers
            .get(AUTHORIZATION)
            .and_then(|it| it.to_str().ok());
        if let Some((scheme, token)) = header.and_then(|it| it.split_once(' '))
            && scheme.eq_ignore_ascii_case("Bearer")
        {
            return Some(token.trim().to_owned());
        }
        let name = self.0.query_parameter.as_deref()?;
        let query = request.uri.query()?;
        form_urlencoded::parse(query.as_bytes())
            .find(|(key, value)| key.eq_ignore_ascii_case(name) && !value.is_empty())
            .map(|(_, value)| value.into_owned())
    }
}

impl Authenticator for JwtBearer {
    async fn authenticate(&self, request: &Parts) -> AuthenticationResult {
        let Some(token) = self.token(request) else {
            return AuthenticationResult::None;
        };
        match self.check(&token) {
            Ok(ticket) => ticket.into(),
            Err(refusal) => {
                tracing::debug!(reason = refusal.text(), "a bearer token was not taken");
                let text = format!(
                    "Bearer error=\"invalid_token\", error_description=\"{}\"",
                    refusal.text()
                );
                let challenge = HeaderValue::try_from(text).ok();
                AuthenticationResult::Failed(challenge.filter(|_| self.0.challenge))
            }
        }
    }

    fn challenge(&self) -> Option<HeaderValue> {
        self.0
            .challenge
            .then_some(HeaderValue::from_static("Bearer"))
    }
}

impl Refusal {
    fn text(self) -> &'static str {
        match self {
            Self::Malformed => "The token is malformed",
            Self::Signature => "The signature is invalid",
            Self::Issuer => "The issuer is invalid",
            Self::Audience => "The audience is invalid",
            Self::NotYet => "The token is not valid yet",
            Self::Expired => "The token expired",
        }
    }
}

fn strings(value: Option<&Value>) -> impl Iterator<Item = &str> {
    let all = match value {
        Some(Value::Array(all)) => all.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    all.iter().filter_map(Value::as_str)
}

fn moment(value: Option<&Value>) -> Result<Option<SystemTime>, Refusal> {
    let Some(value) = value else { return Ok(None) };
    let seconds = value.as_f64().ok_or(Refusal::Malformed)?;
    let since = Duration::try_from_secs_f64(seconds).map_err(|_| Refusal::Malformed)?;
    UNIX_EPOCH
        .checked_add(since)
        .map(Some)
        .ok_or(Refusal::Malformed)
}

/// A claim for each member, and for each element of an array.
fn principal(claims: &Map<String, Value>) -> Principal {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    Principal::new(claims.iter().flat_map(|(kind, value)| {
        let values = match value {
            Value::Array(all) => all.iter().map(text).collect(),
            one => vec![text(one)],
        };
        values.into_iter().map(|value| (kind.as_str(), value))
    }))
}

impl fmt::Debug for JwtKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtKey")
            .field("id", &self.id)
            .field("algorithms", &self.algorithms)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for JwtBearerOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtBearerOptions")
            .field("valid_issuers", &self.valid_issuers)
            .field("valid_audiences", &self.valid_audiences)
            .field("keys", &self.keys)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for JwtBearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("JwtBearer").field(&self.0).finish()
    }
}
