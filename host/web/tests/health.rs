//! Health checks, as who asks for them sees them.

mod common;

use std::sync::Arc;
use std::time::Duration;

use campanile_host::{BoxError, CancellationToken, HostBuilder, Inject};
use campanile_web::{
    HealthCheck, HealthEndpoint, HealthHostBuilderExt, HealthResult, WebHostBuilderExt,
};
use common::{Answer, Running, builder, start};
use serde_json::Value;

/// What the checks say.
struct Weather(fn() -> Result<HealthResult, BoxError>);

#[derive(Inject)]
struct Sky {
    weather: Arc<Weather>,
}

impl HealthCheck for Sky {
    async fn check(&self, _: CancellationToken) -> Result<HealthResult, BoxError> {
        (self.weather.0)()
    }
}

#[derive(Inject)]
struct Ground;

impl HealthCheck for Ground {
    async fn check(&self, _: CancellationToken) -> Result<HealthResult, BoxError> {
        Ok(HealthResult::healthy().with_data("moles", 3))
    }
}

#[derive(Inject)]
struct Snail;

impl HealthCheck for Snail {
    async fn check(&self, _: CancellationToken) -> Result<HealthResult, BoxError> {
        std::future::pending().await
    }
}

async fn running(weather: fn() -> Result<HealthResult, BoxError>) -> Running {
    start(
        builder()
            .configure_services(move |services| {
                services.add_instance(Arc::new(Weather(weather)));
            })
            .add_health_check::<Sky>("sky", ["Ready", "outside"])
            .add_health_check::<Ground>("ground", ["live", "outside"])
            .map_health_checks("/healthz")
            .map_health_checks_with("/livez", HealthEndpoint::live())
            .map_health_checks_with("/readyz", HealthEndpoint::ready())
            .map_health_checks_with("/outside", HealthEndpoint::tagged(["OUTSIDE"]).in_json())
            .map_health_checks_with("/none", HealthEndpoint::tagged(["none"])),
    )
    .await
}

async fn json(running: &Running, path: &str) -> (u16, Value) {
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: bell\r\nAccept: text/html, application/json;q=0.9\r\n\r\n"
    );
    let answer = running.ask(&request).await;
    assert_eq!(answer.header("content-type"), Some("application/json"));
    (answer.status, serde_json::from_str(&answer.body).unwrap())
}

fn is(answer: &Answer, status: u16, text: &str) {
    assert_eq!((answer.status, &*answer.body), (status, text));
    assert_eq!(answer.header("content-type"), Some("text/plain"));
    assert_eq!(answer.header("cache-control"), Some("no-store, no-cache"));
}

#[tokio::test]
async fn the_worst_status_counts() {
    let fails: fn() -> Result<HealthResult, BoxError> = || Err("no sky".into());
    let panics: fn() -> Result<HealthResult, BoxError> = || panic!("it falls");
    let degraded: fn() -> Result<HealthResult, BoxError> = || Ok(HealthResult::degraded("clouds"));
    for (weather, status, text, description) in [
        (degraded, 200, "Degraded", "clouds"),
        (
            || Ok(HealthResult::unhealthy("rain")),
            503,
            "Unhealthy",
            "rain",
        ),
        (fails, 503, "Unhealthy", "no sky"),
        (panics, 503, "Unhealthy", "the check panicked"),
    ] {
        let running = running(weather).await;
        is(&running.get("/healthz").await, status, text);
        is(&running.get("/readyz").await, status, text);
        is(&running.get("/livez").await, 200, "Healthy");
        is(&running.get("/none").await, 200, "Healthy");
        let (found, report) = json(&running, "/healthz").await;
        assert_eq!((found, &report["status"]), (status, &text.into()));
        let sky = &report["entries"]["sky"];
        assert_eq!(sky["status"], text);
        assert_eq!(sky["description"], description);
        assert_eq!(sky["tags"][0], "Ready");
        assert_eq!(report["entries"]["ground"]["data"]["moles"], 3);
        let answer = running.get("/outside").await;
        assert_eq!(answer.status, status);
        assert!(answer.body.starts_with('{'), "{}", answer.body);
    }
}

#[tokio::test]
async fn a_stop_ends_readiness_and_not_life() {
    let running = running(|| Ok(HealthResult::healthy())).await;
    is(&running.get("/readyz").await, 200, "Healthy");
    let mut client = running.connect().await;
    client.ask(&common::get("/livez")).await;
    running.lifetime().stop_application();
    is(&running.get("/readyz").await, 503, "Unhealthy");
    is(&running.get("/healthz").await, 503, "Unhealthy");
    is(&running.get("/livez").await, 200, "Healthy");
    let (_, report) = json(&running, "/healthz").await;
    assert_eq!(report["description"], "the application is stopping");
}

#[tokio::test(start_paused = true)]
async fn a_check_may_have_a_timeout() {
    let running = start(
        builder()
            .add_health_check_within::<Snail>(Duration::from_secs(3), "snail", [])
            .map_health_checks("/healthz"),
    )
    .await;
    let (status, report) = json(&running, "/healthz").await;
    assert_eq!(status, 503);
    let description = &report["entries"]["snail"]["description"];
    assert_eq!(description, "A timeout occurred while running check.");
}

#[tokio::test]
async fn two_checks_of_one_name_do_not_start() {
    let build = |builder: HostBuilder| builder.map_health_checks("/healthz").build().unwrap();
    let host = build(
        builder()
            .add_health_check::<Ground>("ground", [])
            .add_health_check::<Snail>("Ground", []),
    );
    let error = host.start().await.unwrap_err().to_string();
    let expected = "there are two health checks of the name 'Ground'";
    assert!(error.contains(expected), "{error}");
}
