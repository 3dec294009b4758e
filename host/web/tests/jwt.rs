//! Bearer tokens at a protected path.

mod common;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use campanile_host::configuration::ConfigurationBuilder;
use campanile_web::{
    AuthHostBuilderExt, JwtBearer, JwtBearerError, JwtBearerOptions, JwtKey, Policy, Response,
    WebHostBuilderExt,
};
use common::{Running, builder, start};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

const KEY: &[u8] = b"a secret of more than thirty-two bytes";
const OTHER: &[u8] = b"a secret of more than thirty-two words";
/// What time it is.
const NOW: u64 = 1_800_000_000;

fn clock() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(NOW)
}

fn signed(algorithm: Algorithm, secret: &[u8], claims: &Value) -> String {
    let header = Header::new(algorithm);
    encode(&header, claims, &EncodingKey::from_secret(secret)).unwrap()
}

fn token(claims: &Value) -> String {
    signed(Algorithm::HS256, KEY, claims)
}

async fn server() -> Running {
    let host = builder()
        .add_jwt_bearer_with(|options| {
            options.keys.extend(JwtKey::secret(KEY));
            options.valid_issuers = vec!["https://id.example".to_owned()];
            options.valid_audiences = vec!["clock".to_owned(), "bell".to_owned()];
            options.clock = clock;
        })
        .map_get("/", |_| async { Response::new("hello".into()) })
        .require_authorization(Policy::authenticated().require_role(["ringer"]));
    start(host).await
}

fn claims(changes: Value) -> Value {
    let mut all = json!({
        "sub": "ann", "iss": "https://id.example", "aud": ["tower", "bell"],
        "exp": NOW + 60, "role": ["sexton", "ringer"]
    });
    let all_claims = all.as_object_mut().unwrap();
    let Value::Object(changes) = changes else {
        unreachable!()
    };
    for (name, value) in changes {
        if value.is_null() {
            all_claims.remove(&name);
        } else {
            all_claims.insert(name, value);
        }
    }
    all
}

#[tokio::test]
async fn a_token_opens_where_all_of_it_holds() {
    let running = server().await;
    let unsigned = format!(
        "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{}.",
        token(&claims(json!({}))).split('.').nth(1).unwrap()
    );
    for (what, status, token) in [
        ("whole", 200, token(&claims(json!({})))),
        ("one audience", 200, token(&claims(json!({"aud": "clock"})))),
        (
            "within the skew",
            200,
            token(&claims(json!({"exp": NOW - 299}))),
        ),
        ("expired", 401, token(&claims(json!({"exp": NOW - 300})))),
        ("endless", 401, token(&claims(json!({"exp": null})))),
        ("no number", 401, token(&claims(json!({"exp": "soon"})))),
        ("soon", 200, token(&claims(json!({"nbf": NOW + 300})))),
        ("not yet", 401, token(&claims(json!({"nbf": NOW + 301})))),
        (
            "another issuer",
            401,
            token(&claims(json!({"iss": "https://no.example"}))),
        ),
        ("no issuer", 401, token(&claims(json!({"iss": null})))),
        (
            "another audience",
            401,
            token(&claims(json!({"aud": "tower"}))),
        ),
        ("no role", 403, token(&claims(json!({"role": "sexton"})))),
        (
            "another key",
            401,
            signed(Algorithm::HS256, OTHER, &claims(json!({}))),
        ),
        (
            "another algorithm",
            401,
            signed(Algorithm::HS512, KEY, &claims(json!({}))),
        ),
        ("unsigned", 401, unsigned),
        ("garbage", 401, "garbage".to_owned()),
    ] {
        let request = format!("GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n\r\n");
        let answer = running.ask(&request).await;
        assert_eq!(answer.status, status, "{what}");
        let challenge = answer.header("www-authenticate").unwrap_or_default();
        assert_eq!(
            challenge.starts_with("Bearer error="),
            status == 401,
            "{what}"
        );
        let in_query = running.get(&format!("/?access_token={token}")).await;
        assert_eq!(in_query.status, status, "{what} in the query");
    }
    let without = running.get("/").await;
    assert_eq!(without.status, 401);
    assert_eq!(without.header("www-authenticate"), Some("Bearer"));
}

#[tokio::test]
async fn the_configuration_names_keys_issuers_and_audiences() {
    // "a secret of more than thirty-two bytes"
    let value = "YSBzZWNyZXQgb2YgbW9yZSB0aGFuIHRoaXJ0eS10d28gYnl0ZXM=";
    let host = builder()
        .configure_configuration(move |sources: &mut ConfigurationBuilder| {
            let at = |key: &str| format!("Authentication:Schemes:Bearer:{key}");
            sources.add_in_memory([
                (at("ValidIssuer"), "https://id.example"),
                (at("ValidAudiences:0"), "bell"),
                (at("SigningKeys:0:Id"), "first"),
                (at("SigningKeys:0:Value"), value),
            ]);
        })
        .add_jwt_bearer_with(|options| options.clock = clock)
        .map_get("/", |_| async { Response::new("hello".into()) })
        .require_authorization(Policy::authenticated());
    let running = start(host).await;
    for (status, claims) in [
        (200, claims(json!({}))),
        (401, claims(json!({"aud": "clock"}))),
    ] {
        let path = format!("/?access_token={}", token(&claims));
        assert_eq!(running.get(&path).await.status, status);
    }
}

#[test]
fn keys_that_cannot_be_right_are_refused() {
    let error = JwtKey::secret(b"short").unwrap_err();
    assert!(matches!(error, JwtBearerError::ShortKey { length: 5 }));
    assert!(JwtKey::public(b"no key").is_err());
    assert!(JwtKey::key_set(b"{\"keys\": 1}").is_err());
    let error = JwtBearer::new(JwtBearerOptions::default()).unwrap_err();
    assert!(matches!(error, JwtBearerError::NoKeys));
}
