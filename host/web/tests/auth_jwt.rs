//! Bearer tokens: which ones are taken.
#![cfg(feature = "jwt")]

mod common;
mod jwt_support;

use campanile_web::{AuthHostBuilderExt, WebHostBuilderExt};
use jsonwebtoken::{Algorithm, EncodingKey};
use jwt_support::{NOW, SECRET, configured, serve, sign, token, who, with_header};
use serde_json::{Value, json};

fn key_file(name: &str) -> String {
    format!("{}/tests/keys/{name}", env!("CARGO_MANIFEST_DIR"))
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

fn base64_of(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
