//! Servers that take bearer tokens, and such tokens.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test program uses a part of it"
)]

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use campanile_host::HostBuilder;
use campanile_host::configuration::ConfigurationBuilder;
use campanile_web::{AuthHostBuilderExt, JwtKey, Policy, Principal, Request, WebHostBuilderExt};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::Value;

use crate::common::{Running, builder, start};

pub const SECRET: &[u8] = b"a secret of thirty-two bytes ...";
pub const NOW: u64 = 1_800_000_000;

pub fn at_noon() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(NOW)
}

pub fn sign(algorithm: Algorithm, key: &EncodingKey, claims: &Value) -> String {
    encode(&Header::new(algorithm), claims, key).unwrap()
}

pub fn token(claims: &Value) -> String {
    sign(Algorithm::HS256, &EncodingKey::from_secret(SECRET), claims)
}

pub async fn who(request: Request) -> String {
    let principal: &Principal = request.extensions().get().unwrap();
    let roles: Vec<&str> = principal.roles().collect();
    let name = principal.user_identifier().unwrap_or("nobody");
    format!("{name} {roles:?}")
}

pub fn configured(pairs: &[(&str, &str)]) -> HostBuilder {
    let pairs: Vec<(String, String)> = pairs
        .iter()
        .map(|(key, value)| {
            (
                format!("Authentication:Schemes:Bearer:{key}"),
                (*value).to_owned(),
            )
        })
        .collect();
    builder().configure_configuration(move |sources: &mut ConfigurationBuilder| {
        sources.add_in_memory(pairs.iter().map(|(key, value)| (&**key, &**value)));
    })
}

pub async fn serve(pairs: &[(&str, &str)], secret: bool) -> Running {
    let host = configured(pairs)
        .add_jwt_bearer_with(move |options| {
            options.clock = at_noon;
            if secret {
                options.keys.extend(JwtKey::secret(SECRET));
            }
        })
        .map_get("/", who)
        .map_get("/known", who)
        .require_authorization(Policy::authenticated());
    start(host).await
}

pub fn with_header(path: &str, value: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: bell\r\nAuthorization: {value}\r\n\r\n")
}
