//! The names that hubs have on Redis.

mod support;

use campanile_host::Inject;
use campanile_host::hosting::{Host, HostBuilder};
use campanile_hub::{HubHostBuilderExt, HubServiceCollectionExt, hub};
use campanile_hub_redis::RedisHostBuilderExt;
use end_to_end::soon;

mod a {
    use super::*;

    #[derive(Inject)]
    pub(crate) struct ClockHub;

    #[hub]
    impl ClockHub {}
}

mod b {
    use super::*;

    #[derive(Inject)]
    pub(crate) struct ClockHub;

    #[hub]
    impl ClockHub {}
}

#[derive(Inject)]
struct BellHub;

#[hub]
impl BellHub {}

fn builder(arguments: &[&str]) -> HostBuilder {
    let redis = support::nowhere();
    let all = [
        &["--urls", "http://127.0.0.1:0"],
        &["--ConnectionStrings:Redis", &redis],
        &["--Logging:LogLevel:Default", "None"],
        arguments,
    ];
    HostBuilder::new()
        .without_signals()
        .with_args(all.into_iter().flatten().copied())
        .add_redis_backplane()
}

async fn refusal(host: Host) -> String {
    soon(host.start()).await.unwrap_err().to_string()
}

#[tokio::test]
async fn two_hubs_of_one_name_do_not_start() {
    let host = builder(&[])
        .add_hub::<a::ClockHub>("/a")
        .add_hub::<b::ClockHub>("/b")
        .build()
        .unwrap();
    let error = refusal(host).await;
    let expected = "the hubs names::a::ClockHub and names::b::ClockHub are both 'ClockHub' on Redis, and each would get the \
                    messages of the other: give one of them another name, by #[hub(name = \"...\")]";
    assert!(error.contains(expected), "{error}");
}

#[tokio::test]
async fn two_hubs_that_are_given_one_name_do_not_start() {
    let arguments = [
        "--ConnectionStrings:Redis",
        "localhost,channelPrefix=shop:",
        "--RedisBackplane:HubNames:ClockHub",
        "My.Hub",
        "--RedisBackplane:HubNames:BellHub",
        "My.Hub",
    ];
    let host = builder(&arguments)
        .add_hub::<a::ClockHub>("/a")
        .add_hub::<BellHub>("/b")
        .build()
        .unwrap();
    let error = refusal(host).await;
    let expected = "the hubs names::a::ClockHub and names::BellHub are both 'shop:My.Hub' on Redis, and each would get the \
                    messages of the other: give one of them another name, by RedisBackplane:HubNames:ClockHub or \
                    RedisBackplane:HubNames:BellHub";
    assert!(error.contains(expected), "{error}");
}

#[tokio::test]
async fn one_hub_may_be_served_twice_and_others_beside_it() {
    let host = builder(&["--RedisBackplane:HubNames:BellHub", "ClockHub2"])
        .configure_services(|services| {
            services.add_hub_context::<a::ClockHub>();
        })
        .add_hub::<a::ClockHub>("/a")
        .add_hub::<a::ClockHub>("/also-a")
        .add_hub::<BellHub>("/bell")
        .build()
        .unwrap();
    soon(host.start()).await.unwrap();
    soon(host.stop()).await.unwrap();
}
