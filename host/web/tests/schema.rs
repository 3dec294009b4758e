//! What editors know of the server's settings.

mod common;

use campanile_host::options;
use campanile_web::WebHostBuilderExt;
use common::builder;

#[tokio::test]
async fn the_schema_has_the_whole_section() {
    let host = builder().map_get("/", |_| async {}).build().unwrap();
    let schema = options::schema(host.services()).unwrap();
    let kestrel = &schema["properties"]["Kestrel"]["properties"];
    let limits = &kestrel["Limits"]["properties"];
    for (place, key) in [
        (&schema["properties"], "AllowedHosts"),
        (&schema["properties"], "urls"),
        (kestrel, "Endpoints"),
        (kestrel, "EndpointDefaults"),
        (limits, "MaxRequestBodySize"),
        (&limits["Http2"]["properties"], "MaxStreamsPerConnection"),
        (
            &limits["MinRequestBodyDataRate"]["properties"],
            "GracePeriod",
        ),
    ] {
        assert!(place.get(key).is_some(), "{key}: {schema:#}");
    }
    let endpoint = &kestrel["Endpoints"]["additionalProperties"];
    assert!(endpoint.to_string().contains("KeyPath"), "{endpoint:#}");
}
