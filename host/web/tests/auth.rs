//! Schemes of one's own, and routes that are not for everybody.

mod common;

use campanile_web::http::HeaderValue;
use campanile_web::http::request::Parts;
use campanile_web::{
    AuthHostBuilderExt, AuthenticationResult, AuthenticationTicket, Authenticator, Policy,
    Principal, Request, WebHostBuilderExt,
};
use common::{builder, get, start};

/// A header that says the name, and what a refusal says of it.
struct Named(&'static str);

impl Authenticator for Named {
    async fn authenticate(&self, request: &Parts) -> AuthenticationResult {
        tokio::task::yield_now().await;
        match request.headers.get(self.0).and_then(|it| it.to_str().ok()) {
            None => AuthenticationResult::None,
            Some("bad") => {
                AuthenticationResult::Failed(HeaderValue::try_from(format!("{} bad", self.0)).ok())
            }
            Some(name) => {
                AuthenticationTicket::new(Principal::new([("sub", name), ("role", self.0)])).into()
            }
        }
    }

    fn challenge(&self) -> Option<HeaderValue> {
        Some(HeaderValue::from_static(self.0))
    }
}

async fn who(request: Request) -> String {
    let principal: &Principal = request.extensions().get().unwrap();
    principal.user_identifier().unwrap_or("nobody").to_owned()
}

fn with(path: &str, header: &str) -> String {
    get(path).replace("\r\n\r\n", &format!("\r\n{header}\r\n\r\n"))
}

#[tokio::test]
async fn routes_are_for_those_whom_their_policies_permit() {
    let running = start(
        builder()
            .add_authentication(Named("first"))
            .add_authentication(Named("second"))
            .add_authorization_policy("Second", Policy::authenticated().require_role(["second"]))
            .map_get("/open", who)
            .map_get("/known", who)
            .require_authorization(Policy::authenticated())
            .map_get("/second", who)
            .require_authorization(Policy::named("second"))
            .map_post("/both", who)
            .require_authorization(Policy::authenticated())
            .require_authorization(
                Policy::named("Second").require(|it| it.claim("sub") != Some("eve")),
            ),
    )
    .await;
    for (request, status, body) in [
        (get("/open"), 200, "nobody"),
        (with("/open", "first: ann"), 200, "ann"),
        (with("/open", "first: bad"), 200, "nobody"),
        (get("/known"), 401, ""),
        (with("/known", "first: bad\r\nsecond: bob"), 200, "bob"),
        (with("/known", "first: ann\r\nsecond: bob"), 200, "ann"),
        (with("/second", "first: ann"), 403, ""),
        (with("/second", "second: bob"), 200, "bob"),
        (
            with("/both", "second: bob").replace("GET", "POST"),
            200,
            "bob",
        ),
        (with("/both", "second: eve").replace("GET", "POST"), 403, ""),
        (get("/both").replace("GET", "POST"), 401, ""),
    ] {
        let answer = running.ask(&request).await;
        assert_eq!((answer.status, &*answer.body), (status, body), "{request}");
        let asked: Vec<&str> = answer
            .head
            .lines()
            .filter(|it| it.starts_with("www-authenticate"))
            .collect();
        let expected: &[&str] = match status {
            401 => &["www-authenticate: first", "www-authenticate: second"],
            _ => &[],
        };
        assert_eq!(asked, expected, "{request}");
    }
    let answer = running.ask(&with("/known", "first: bad")).await;
    assert_eq!(answer.header("www-authenticate"), Some("first bad"));
}

#[tokio::test]
async fn a_layer_for_cors_sees_refusals_too() {
    let running = start(
        builder()
            .add_authentication(Named("first"))
            .layer(tower_http::cors::CorsLayer::permissive())
            .map_get("/known", who)
            .require_authorization(Policy::authenticated()),
    )
    .await;
    let answer = running.get("/known").await;
    assert_eq!(
        (answer.status, answer.header("access-control-allow-origin")),
        (401, Some("*"))
    );
}

#[tokio::test]
async fn without_authentication_a_protected_route_is_for_nobody() {
    let running = start(
        builder()
            .map_get("/known", |_| async { "known" })
            .require_authorization(Policy::authenticated()),
    )
    .await;
    assert_eq!(running.get("/known").await.status, 401);
}

#[tokio::test]
async fn a_policy_that_nobody_added_ends_the_start() {
    let host = builder()
        .map_get("/known", who)
        .require_authorization(Policy::named("ringers"))
        .build()
        .unwrap();
    let error = host.start().await.unwrap_err().to_string();
    assert!(
        error.contains("no authorization policy 'ringers'"),
        "{error}"
    );
}
