//! Tokens for whoever asks.

use std::time::{SystemTime, UNIX_EPOCH};

use campanile_host::BoxError;
use campanile_web::Request;
use jsonwebtoken::{EncodingKey, Header, encode};
use serde::Serialize;

pub(crate) const KEY: &[u8] = b"conformance-signing-key-0123456789abcdef";

#[derive(Serialize)]
struct Claims<'a> {
    sub: &'a str,
    exp: u64,
}

/// `user` and `seconds` of the query make a token.
pub(crate) async fn token(request: Request) -> Result<String, BoxError> {
    let query = request.uri().query().unwrap_or_default();
    let value = |name| {
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.clone().find(|(key, _)| *key == name).map(|it| it.1)
    };
    let seconds: i64 = value("seconds").map_or(Ok(600), str::parse)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let claims = Claims {
        sub: value("user").unwrap_or_default(),
        exp: now.saturating_add_signed(seconds),
    };
    Ok(encode(
        &Header::default(),
        &claims,
        &EncodingKey::from_secret(KEY),
    )?)
}
