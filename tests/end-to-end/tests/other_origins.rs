//! A page of one origin and a hub of another, in Chromium: the example with CORS.

use std::sync::Arc;

use campanile_host::hosting::TestHost;
use campanile_web::ServerAddresses;
use end_to_end::{Script, chromium};
use serde_json::json;

#[allow(unreachable_pub, missing_docs)]
#[path = "../../../hub/examples/other_origins.rs"]
mod example;

#[tokio::test(flavor = "multi_thread")]
async fn in_chromium_pages_use_a_hub_of_another_origin_where_theirs_is_allowed() {
    let test = "in_chromium_pages_use_a_hub_of_another_origin_where_theirs_is_allowed";
    let Some(browser) = chromium(test) else {
        return;
    };
    let mut script = Script::start("other-origins.mjs", &[&browser.to_string_lossy()]);
    let pages = script.event("origins");
    let text = |name: &str| pages[name].as_str().expect("a text").to_owned();
    let settings = [
        ("Pages:Origins:0", text("allowed")),
        (
            "Authentication:Schemes:Bearer:SigningKeys:0:Value",
            text("key"),
        ),
    ];
    let host = example::application(TestHost::builder(settings)).expect("the origins are headers");
    let host = TestHost::start(host).await.expect("the host starts");
    let addresses: Arc<ServerAddresses> = host.required();
    script.tell(&json!({ "server": addresses.first().expect("it listens") }));
    let done = script.event("done");
    assert_eq!(done["checks"].as_array().map(Vec::len), Some(7), "{done}");
    host.stop().await.expect("the host stops");
}
