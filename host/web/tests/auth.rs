//! Schemes of one's own, and routes that are not for everybody.

mod common;

use std::sync::{Arc, Mutex};

use campanile_host::{BoxError, Inject};
use campanile_web::http::HeaderValue;
use campanile_web::http::request::Parts;
use campanile_web::{
    AuthHostBuilderExt, AuthenticationResult, AuthenticationTicket, Authenticator,
    AuthorizationHandler, Policy, Principal, Request, WebHostBuilderExt,
};
use common::{builder, get, start};
use http_body_util::BodyExt;

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

/// Who has been let in, by all handlers.
#[derive(Default)]
struct Guests(Mutex<Vec<String>>);

/// Of the scope in which a handler decides.
#[derive(Inject)]
struct Visit {
    guests: Arc<Guests>,
}

impl Drop for Visit {
    fn drop(&mut self) {
        self.guests.0.lock().unwrap().push("over".to_owned());
    }
}

/// Lets everybody into what is called like them, and fails at `broken`.
#[derive(Inject)]
struct OwnDoor {
    visit: Arc<Visit>,
}

impl AuthorizationHandler for OwnDoor {
    type Requirement = &'static str;
    type Resource = Parts;

    async fn permits(
        &self,
        principal: &Principal,
        prefix: &&'static str,
        request: &Parts,
    ) -> Result<bool, BoxError> {
        tokio::task::yield_now().await;
        let door = request.uri.path().strip_prefix(prefix).ok_or("no prefix")?;
        if door == "broken" {
            return Err("the door is broken".into());
        }
        let permitted = principal.user_identifier() == Some(door);
        if permitted {
            self.visit.guests.0.lock().unwrap().push(door.to_owned());
        }
        Ok(permitted)
    }
}

#[tokio::test]
async fn a_handler_sees_the_request_and_has_services() {
    let guests = Arc::new(Guests::default());
    let running = start(
        builder()
            .configure_services(|services| {
                services.add_instance(guests.clone()).add_scoped::<Visit>();
            })
            .add_authentication(Named("first"))
            .add_authorization_policy(
                "own",
                Policy::authenticated().require_handler::<OwnDoor>("/doors/"),
            )
            .map_post("/doors/{name}", |request: Request| async {
                request.into_body().collect().await.unwrap().to_bytes()
            })
            .require_authorization(Policy::named("Own")),
    )
    .await;
    for (door, header, status, body) in [
        ("ann", "first: ann", 200, "knock"),
        ("bob", "first: ann", 403, ""),
        ("ann", "second: ann", 401, ""),
        ("broken", "first: ann", 500, ""),
    ] {
        let request = with(
            &format!("/doors/{door}"),
            &format!("{header}\r\ncontent-length: 5"),
        );
        let request = format!("{}knock", request.replace("GET", "POST"));
        let answer = running.ask(&request).await;
        assert_eq!((answer.status, &*answer.body), (status, body), "{request}");
        let asked = answer.header("www-authenticate");
        assert_eq!(asked, (status == 401).then_some("first"), "{request}");
    }
    // The one who is not known was refused before the handler was made.
    assert_eq!(*guests.0.lock().unwrap(), ["ann", "over", "over", "over"]);
}

#[tokio::test]
async fn a_handler_that_lacks_a_service_ends_the_start() {
    let error = builder()
        .map_get("/", |_| async { "" })
        .require_authorization(Policy::authenticated().require_handler::<OwnDoor>("/"))
        .build()
        .unwrap_err();
    let text = error.to_string();
    assert!(text.contains("OwnDoor") && text.contains("Visit"), "{text}");
}

#[tokio::test]
async fn a_handler_for_something_else_ends_the_start() {
    #[derive(Inject)]
    struct Foreign;

    impl AuthorizationHandler for Foreign {
        type Requirement = ();
        type Resource = u8;

        async fn permits(&self, _: &Principal, _: &(), _: &u8) -> Result<bool, BoxError> {
            Ok(true)
        }
    }

    let policy = Policy::authenticated().require_handler::<Foreign>(());
    assert!(policy.has_handlers());
    assert!(!policy.permits(&Principal::new([("sub", "ann")])));
    let host = builder()
        .map_get("/", |_| async { "" })
        .require_authorization(policy)
        .build()
        .unwrap();
    let error = host.start().await.unwrap_err();
    let mut text = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    let expected = "Foreign decides on a u8, and here it is asked about a http::request::Parts";
    assert!(text.contains(expected), "{text}");
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
