//! Bearer tokens: which ones are taken, and that no log has them.
#![cfg(feature = "jwt")]

mod common;

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use campanile_host::HostBuilder;
use campanile_host::configuration::ConfigurationBuilder;
use campanile_web::{AuthHostBuilderExt, JwtKey, Policy, Principal, Request, WebHostBuilderExt};
use common::{Running, builder, start};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use tracing_subscriber::layer::SubscriberExt;

const SECRET: &[u8] = b"a secret of thirty-two bytes ...";
const NOW: u64 = 1_800_000_000;

fn at_noon() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(NOW)
}

fn key_file(name: &str) -> String {
    format!("{}/tests/keys/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn sign(algorithm: Algorithm, key: &EncodingKey, claims: &Value) -> String {
    encode(&Header::new(algorithm), claims, key).unwrap()
}

fn token(claims: &Value) -> String {
    sign(Algorithm::HS256, &EncodingKey::from_secret(SECRET), claims)
}

async fn who(request: Request) -> String {
    let principal: &Principal = request.extensions().get().unwrap();
    let roles: Vec<&str> = principal.roles().collect();
    let name = principal.user_identifier().unwrap_or("nobody");
    format!("{name} {roles:?}")
}

fn configured(pairs: &[(&str, &str)]) -> HostBuilder {
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

async fn serve(pairs: &[(&str, &str)], secret: bool) -> Running {
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

fn with_header(path: &str, value: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: bell\r\nAuthorization: {value}\r\n\r\n")
}

#[tokio::test]
async fn a_token_is_taken_from_the_header_or_the_query() {
    let running = serve(&[], true).await;
    let token = token(&json!({"sub": "ann", "exp": NOW + 60, "role": ["a", "b"]}));
    for request in [
        with_header("/", &format!("Bearer {token}")),
        with_header("/known", &format!("bearer {token}")),
        common::get(&format!("/known?access_token={token}")),
    ] {
        let answer = running.ask(&request).await;
        assert_eq!(
            (answer.status, &*answer.body),
            (200, r#"ann ["a", "b"]"#),
            "{request}"
        );
    }
    assert_eq!(running.get("/").await.body, "nobody []");
}

#[tokio::test]
async fn a_token_that_is_not_valid_counts_as_none_and_a_refusal_says_why() {
    let running = serve(
        &[
            ("ValidIssuer", "tower"),
            ("ValidAudiences:0", "bells"),
            ("ClockSkew", "00:00:10"),
        ],
        true,
    )
    .await;
    let valid = json!({"sub": "ann", "exp": NOW, "iss": "tower", "aud": ["x", "bells"]});
    let with = |key: &str, value: Value| {
        let mut claims = valid.clone();
        claims[key] = value;
        token(&claims)
    };
    let other = EncodingKey::from_secret(b"another secret of 32 bytes .....");
    let ok = token(&valid);
    for (token, reason) in [
        (ok.clone(), None),
        (with("exp", json!(NOW - 10)), Some("The token expired")),
        (with("exp", json!(NOW - 9)), None),
        (with("exp", Value::Null), Some("The token is malformed")),
        (with("exp", json!(-1)), Some("The token is malformed")),
        (
            with("nbf", json!(NOW + 11)),
            Some("The token is not valid yet"),
        ),
        (with("nbf", json!(NOW + 10)), None),
        (with("iss", json!("church")), Some("The issuer is invalid")),
        (
            with("aud", json!("clocks")),
            Some("The audience is invalid"),
        ),
        (
            sign(Algorithm::HS256, &other, &valid),
            Some("The signature is invalid"),
        ),
        // The algorithm is the key's choice, not the token's.
        (
            sign(Algorithm::HS512, &EncodingKey::from_secret(SECRET), &valid),
            Some("The signature is invalid"),
        ),
        (
            ok[..ok.len() - 1].to_owned(),
            Some("The signature is invalid"),
        ),
        ("x.y.z".to_owned(), Some("The token is malformed")),
        ("x".repeat(17_000), Some("The token is malformed")),
    ] {
        let bearer = format!("Bearer {token}");
        let answer = running.ask(&with_header("/known", &bearer)).await;
        let expected =
            reason.map(|it| format!(r#"Bearer error="invalid_token", error_description="{it}""#));
        assert_eq!(answer.header("www-authenticate"), expected.as_deref());
        assert_eq!(answer.status, if reason.is_some() { 401 } else { 200 });
        if reason.is_some() {
            assert_eq!(answer.body, "");
            let open = running.ask(&with_header("/", &bearer)).await;
            assert_eq!((open.status, &*open.body), (200, "nobody []"));
        }
    }
    let answer = running.get("/known").await;
    assert_eq!(
        (answer.status, answer.header("www-authenticate")),
        (401, Some("Bearer"))
    );
}

#[tokio::test]
async fn keys_are_public_ones_secrets_or_key_sets_of_the_configuration() {
    let directory = tempfile::tempdir().unwrap();
    let jwks = directory.path().join("jwks.json");
    let secret = base64_of(SECRET);
    let set = json!({"keys": [
        {"kty": "oct", "kid": "set", "k": secret.trim_end_matches('=')},
        {"kty": "EC", "crv": "secp256k1", "x": "AA", "y": "AA"},
    ]});
    std::fs::write(&jwks, set.to_string()).unwrap();
    let claims = json!({"sub": "ann", "exp": NOW + 60});
    let private = |name| std::fs::read(key_file(name)).unwrap();
    let rsa = EncodingKey::from_rsa_pem(&private("rsa.pem")).unwrap();
    let ec = EncodingKey::from_ec_pem(&private("ec.pem")).unwrap();
    let jwks = jwks.display().to_string();
    let (rsa_file, ec_file) = (key_file("rsa.pub.pem"), key_file("ec.pub.pem"));
    let sources = [
        (
            ("SigningKeys:0:PublicKeyFile", &*rsa_file),
            sign(Algorithm::RS256, &rsa, &claims),
        ),
        (
            ("SigningKeys:0:PublicKeyFile", &*ec_file),
            sign(Algorithm::ES256, &ec, &claims),
        ),
        (("SigningKeys:0:Value", &*secret), token(&claims)),
        (("JwksFile", &*jwks), token(&claims)),
    ];
    for (source, _) in &sources {
        let running = serve(&[*source], false).await;
        for (other, token) in &sources {
            let answer = running
                .ask(&with_header("/known", &format!("Bearer {token}")))
                .await;
            let same_secret =
                token == &sources[2].1 && (source.0 == "JwksFile" || source == &sources[2].0);
            let expected = if source == other || same_secret {
                200
            } else {
                401
            };
            assert_eq!(answer.status, expected, "{source:?} {other:?}");
        }
        running.host.stop().await.unwrap();
    }
}

#[tokio::test]
async fn keys_that_cannot_be_read_end_the_start() {
    for (pair, text) in [
        (("ValidIssuer", "x"), "there is no key to check tokens with"),
        (
            ("SigningKeys:0:Value", "c2hvcnQ="),
            "HS256 wants at least 32",
        ),
        (
            ("SigningKeys:0:Value", "%"),
            "the signing key 0 cannot be read",
        ),
        (("JwksFile", "/nowhere.json"), "/nowhere.json"),
        (("SigningKey", "x"), "SigningKeys"),
    ] {
        let error = configured(&[pair])
            .add_jwt_bearer()
            .map_get("/", who)
            .build();
        let error = error.unwrap_err().to_string();
        assert!(error.contains(text), "{error}");
        assert!(!error.contains("c2hvcnQ"), "{error}");
    }
}

#[tokio::test]
async fn no_log_has_a_token() {
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl Write for Log {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    let log = Log::default();
    let writer = log.clone();
    let layer = tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .with_writer(move || writer.clone());
    // Everything down to trace, of this thread, which the whole server runs on.
    let _guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(layer));
    let running = serve(&[], true).await;
    let good = token(&json!({"sub": "ann", "exp": NOW + 60}));
    let expired = token(&json!({"sub": "ann", "exp": 1}));
    for token in [&good, &expired, &"x.y.z-secret".to_owned()] {
        running
            .ask(&with_header("/known", &format!("Bearer {token}")))
            .await;
        running.get(&format!("/known?access_token={token}")).await;
        running.get(&format!("/nowhere?access_token={token}")).await;
    }
    running.host.stop().await.unwrap();
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("a bearer token was not taken"), "{log}");
    for part in good.split('.').chain(expired.split('.')).chain(["x.y.z"]) {
        assert!(!log.contains(part), "{log}");
    }
}

fn base64_of(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
