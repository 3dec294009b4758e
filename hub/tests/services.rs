//! Services as parameters of hub methods.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use campanile_host::Inject;
use campanile_host::services::ServiceCollection;
use campanile_hub::{HubOptions, HubServiceCollectionExt, hub};
use serde_json::json;
use support::Server;

struct Bell(&'static str);

#[derive(Default)]
struct Strokes(AtomicU32);

/// Needs nothing itself.
#[derive(Inject)]
struct TowerHub;

#[hub]
impl TowerHub {
    pub fn names(
        &self,
        #[inject(key = "low")] low: Arc<Bell>,
        between: String,
        #[inject(key = "high")] high: Arc<Bell>,
        #[inject(key = "none")] none: Option<Arc<Bell>>,
    ) -> String {
        format!("{} {between} {} {}", low.0, high.0, none.is_some())
    }

    pub fn strike(&self, #[inject] one: Arc<Strokes>, #[inject] two: Arc<Strokes>) -> u32 {
        one.0.fetch_add(1, Ordering::Relaxed);
        two.0.fetch_add(1, Ordering::Relaxed) + 1
    }
}

#[tokio::test]
async fn keyed_ones_are_told_apart_and_scoped_ones_are_of_one_call() {
    let server = Server::start_with::<TowerHub>(HubOptions::default(), |services| {
        services
            .add(
                campanile_host::services::ServiceDescriptor::instance(Arc::new(Bell("Emma")))
                    .keyed("low"),
            )
            .add(
                campanile_host::services::ServiceDescriptor::instance(Arc::new(Bell("Susanne")))
                    .keyed("high"),
            )
            .add_scoped_factory(Strokes::default);
    })
    .await;
    let mut client = server.connect().await;
    let names = client.invoke("Names", json!(["and"])).await;
    assert_eq!(names["result"], "Emma and Susanne false");
    for _ in 0..2 {
        assert_eq!(client.invoke("Strike", json!([])).await["result"], 2);
    }
}

#[test]
fn what_methods_take_is_checked_with_the_container() {
    let mut services = ServiceCollection::new();
    services.add_hub::<TowerHub>();
    let report = services.build().unwrap_err().to_string();
    assert!(
        report.contains("TowerHub") && report.contains("Bell") && report.contains("Strokes"),
        "{report}"
    );
}
