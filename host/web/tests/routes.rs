//! What a request gets, route by route.

mod common;

use std::future::{Ready, ready};
use std::sync::Arc;
use std::task::{Context, Poll};

use campanile_host::BoxError;
use campanile_web::{
    Body, ConnectionTracker, Html, Method, RemoteAddress, Request, Response, RouteValues,
    StatusCode, WebHostBuilderExt, WebService,
};
use common::{builder, get, start};
use tower_service::Service;

/// Answers with the URI; needs no handler of ours.
#[derive(Clone)]
struct Uri;

impl Service<Request> for Uri {
    type Response = http::Response<http_body_util::Full<bytes::Bytes>>;
    type Error = BoxError;
    type Future = Ready<Result<Self::Response, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let uri = request.uri().to_string();
        ready(if uri.contains("fail") {
            Err("it was asked for".into())
        } else {
            Ok(http::Response::new(uri.into()))
        })
    }
}

#[tokio::test]
async fn a_mapped_path_answers_get_and_head() {
    let running = start(builder().map_get("/", |_| async { Html("<p>Bim, bam</p>") })).await;
    let answer = running.get("/").await;
    assert_eq!((answer.status, &*answer.body), (200, "<p>Bim, bam</p>"));
    assert_eq!(
        answer.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    assert_eq!(answer.header("server"), None);
    let answer = running.ask("HEAD / HTTP/1.1\r\nHost: bell\r\n\r\n").await;
    assert_eq!(answer.header("content-length"), Some("15"));
    let answer = running.ask("DELETE / HTTP/1.1\r\nHost: bell\r\n\r\n").await;
    assert_eq!(
        (answer.status, answer.header("allow")),
        (405, Some("GET, HEAD"))
    );
    let answer = running.get("/nowhere").await;
    assert_eq!((answer.status, &*answer.body), (404, ""));
    running.host.stop().await.unwrap();
}

#[tokio::test]
async fn a_service_gets_its_path_and_all_below_with_the_uri_as_it_is() {
    let running = start(
        builder()
            .map_service("/api", Uri)
            .map_get("/api/health", |_| async { "handler" })
            .map_with("/made", |_| Ok(Uri))
            .fallback_service(WebService::from_handler(|_| async { StatusCode::GONE })),
    )
    .await;
    for (path, status, body) in [
        ("/api", 200, "/api"),
        ("/api/", 200, "/api/"),
        ("/Api/a/b?c=d", 200, "/Api/a/b?c=d"),
        ("/api/health", 200, "handler"),
        ("/api/fail", 500, ""),
        ("/made?x", 200, "/made?x"),
        ("/made/below", 410, ""),
        ("/apis", 410, ""),
    ] {
        let answer = running.get(path).await;
        assert_eq!((answer.status, &*answer.body), (status, body), "{path}");
    }
}

#[tokio::test]
async fn services_are_made_from_the_container() {
    struct Bell(&'static str);

    let running = start(
        builder()
            .configure_services(|services| {
                services.add_instance(Arc::new(Bell("Bim, bam")));
            })
            .map_with("/bell", |services| {
                let bell = services.required::<Bell>()?;
                Ok(WebService::from_handler(move |_| ready(bell.0)))
            }),
    )
    .await;
    assert_eq!(running.get("/bell").await.body, "Bim, bam");

    let host = builder()
        .map_with("/bell", |services| {
            services.required::<Bell>()?;
            Ok(Uri)
        })
        .build()
        .unwrap();
    let error = host.start().await.unwrap_err().to_string();
    assert!(error.contains("Bell"), "{error}");
}

#[tokio::test]
async fn a_request_knows_its_connection_and_its_route() {
    async fn handler(request: Request) -> String {
        let extensions = request.extensions();
        let remote: &RemoteAddress = extensions.get().unwrap();
        assert!(remote.ip().unwrap().is_loopback());
        let tracker: &ConnectionTracker = extensions.get().unwrap();
        let values: &RouteValues = extensions.get().unwrap();
        let name = values.get("name").unwrap();
        format!("{name}, {} connected", tracker.open_connections())
    }

    let running = start(builder().map_get("/greet/{name}", handler)).await;
    assert_eq!(
        running.get("/greet/Ann%20B").await.body,
        "Ann B, 1 connected"
    );
}

#[tokio::test]
async fn a_panic_is_one_failed_request_and_nothing_else() {
    let running = start(
        builder()
            .map_get("/early", |_| -> Ready<()> { panic!("before the future") })
            .map_get("/late", |_| async {
                tokio::task::yield_now().await;
                assert_eq!(1, 2, "in the future");
            })
            .map_get("/error", |_| async { Err::<(), BoxError>("secret".into()) })
            .map_get("/", |_| async { "well" }),
    )
    .await;
    let mut client = running.connect().await;
    for (path, status, body) in [
        ("/early", 500, ""),
        ("/late", 500, ""),
        ("/error", 500, ""),
        ("/", 200, "well"),
    ] {
        let answer = client.ask(&get(path)).await;
        assert_eq!((answer.status, &*answer.body), (status, body), "{path}");
    }
}

#[tokio::test]
async fn a_body_is_read_and_answered() {
    async fn echo(request: Request) -> Result<Response, (StatusCode, String)> {
        let body = request.into_body().bytes_up_to(10).await;
        let body = body.map_err(|error| (StatusCode::PAYLOAD_TOO_LARGE, error.to_string()))?;
        Ok(Response::new(Body::from(body)))
    }

    let running = start(builder().map_method(Method::PUT, "/echo", echo)).await;
    let put = |body: &str| {
        let length = body.len();
        format!("PUT /echo HTTP/1.1\r\nHost: bell\r\nContent-Length: {length}\r\n\r\n{body}")
    };
    let answer = running.ask(&put("Bim, bam")).await;
    assert_eq!((answer.status, &*answer.body), (200, "Bim, bam"));
    let chunked = "PUT /echo HTTP/1.1\r\nHost: bell\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nBim\r\n5\r\n, bam\r\n0\r\n\r\n";
    assert_eq!(running.ask(chunked).await.body, "Bim, bam");
    assert_eq!(running.ask(&put("Bim, bam, bom")).await.status, 413);
}

#[tokio::test]
async fn layers_of_tower_http_go_around_everything() {
    let running = start(
        builder()
            .map_get("/", |_| async { "well" })
            .layer(tower_http::cors::CorsLayer::permissive())
            .layer(tower_http::limit::RequestBodyLimitLayer::new(10)),
    )
    .await;
    for path in ["/", "/nowhere"] {
        let answer = running.get(path).await;
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    }
    let large = "GET / HTTP/1.1\r\nHost: bell\r\nContent-Length: 11\r\n\r\n";
    assert_eq!(running.ask(large).await.status, 413);
}

#[tokio::test]
async fn the_first_layer_sees_a_request_first() {
    /// Writes its name behind those that are there.
    #[derive(Clone)]
    struct Named<S>(&'static str, S);

    impl<S: Service<Request>> Service<Request> for Named<S> {
        type Response = S::Response;
        type Error = S::Error;
        type Future = S::Future;

        fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
            self.1.poll_ready(cx)
        }

        fn call(&mut self, mut request: Request) -> S::Future {
            let name = http::HeaderValue::from_static(self.0);
            request.headers_mut().append("seen-by", name);
            self.1.call(request)
        }
    }

    #[derive(Clone)]
    struct Name(&'static str);

    impl<S> tower_layer::Layer<S> for Name {
        type Service = Named<S>;

        fn layer(&self, inner: S) -> Named<S> {
            Named(self.0, inner)
        }
    }

    let running = start(
        builder()
            .layer(Name("first"))
            .layer(Name("second"))
            .map_get("/", |request: Request| async move {
                format!(
                    "{:?}",
                    request
                        .headers()
                        .get_all("seen-by")
                        .iter()
                        .collect::<Vec<_>>()
                )
            }),
    )
    .await;
    assert_eq!(running.get("/").await.body, r#"["first", "second"]"#);
}

#[tokio::test]
async fn health_is_never_cached_and_ends_with_the_stop() {
    let running = start(
        builder()
            .map_health_checks("/healthz")
            .map_get("/", |_| async { "well" }),
    )
    .await;
    let mut client = running.connect().await;
    let answer = client.ask(&get("/healthz")).await;
    assert_eq!((answer.status, &*answer.body), (200, "Healthy"));
    for (name, value) in [
        ("content-type", "text/plain"),
        ("cache-control", "no-store, no-cache"),
        ("pragma", "no-cache"),
        ("expires", "Thu, 01 Jan 1970 00:00:00 GMT"),
    ] {
        assert_eq!(answer.header(name), Some(value));
    }
    running.lifetime().stop_application();
    let answer = client.ask(&get("/healthz")).await;
    assert_eq!((answer.status, &*answer.body), (503, "Unhealthy"));
}

#[tokio::test]
async fn routes_that_conflict_are_found_when_the_host_is_built() {
    let answer = |_: Request| async { "well" };
    let error = builder()
        .map_get("/a/{x}", answer)
        .map_get("/A/{y}", answer)
        .build();
    let error = error.unwrap_err().to_string();
    assert!(
        error.contains("'/A/{y}'") && error.contains("'/a/{x}'"),
        "{error}"
    );
}
