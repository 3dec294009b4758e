//! Anybody can publish to a Redis.

mod support;

use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex};

use campanile_host::metrics::Metrics;
use campanile_hub_client::HubConnectionState;
use end_to_end::{Redis, eventually, soon};
use support::{PATIENCE, Server};
use tracing::field::{Field, Visit};
use tracing::{Event, Level};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt};

/// The warnings, each in a line.
#[derive(Clone, Default)]
struct Warnings(Arc<Mutex<Vec<String>>>);

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, "{}={value:?} ", field.name()).unwrap();
    }
}

impl<S: tracing::Subscriber> Layer<S> for Warnings {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if *event.metadata().level() == Level::WARN {
            let mut line = Line(String::new());
            event.record(&mut line);
            self.0.lock().unwrap().push(line.0);
        }
    }
}

const GARBAGE: [&[u8]; 9] = [
    b"",
    b"garbage",
    b"\xc0",
    b"\x92\x90\x80",
    b"\x92\x90\x81\xa4json\xc4\x07garbage",
    b"\x92\x90\x81\xa4json\xc4\x0b{\"type\":6}\x1e",
    b"\x96\x90\x80\xa1I\xa1R\x80\xc0",
    b"\xdd\xff\xff\xff\xff\x01\x02\x03",
    b"\x95\xa1I\xa1S\x07\xa1n\x00",
];

// One test and one thread, so that its subscriber is that of every task.
#[tokio::test(flavor = "current_thread")]
async fn garbage_is_counted_and_told_and_nothing_else_comes_of_it() {
    let Some(redis) =
        Redis::start("garbage_is_counted_and_told_and_nothing_else_comes_of_it").await
    else {
        return;
    };
    let warnings = Warnings::default();
    let _logging =
        tracing::subscriber::set_default(tracing_subscriber::registry().with(warnings.clone()));
    let a = Server::start(&redis.address()).await;
    let mut client = a.client_of("ann").await;
    client.join(&client.id(), "g").await;
    let server = a.backplane().server().to_owned();
    let mut channels: Vec<String> = [
        format!("connection:{}", client.id()),
        format!("internal:ack:{server}"),
        format!("internal:return:{server}"),
        format!("campanile:answers:{server}"),
        "all".to_owned(),
        "group:g".to_owned(),
        "user:ann".to_owned(),
        "internal:groups".to_owned(),
        "campanile:questions".to_owned(),
    ]
    .iter()
    .map(|name| format!("FarmHub:{name}"))
    .collect();
    channels.push("campanile:servers".to_owned());
    for channel in &channels {
        for payload in GARBAGE {
            redis.publish(channel, payload).await;
        }
    }
    let metrics = a.host.services().required::<Metrics>().unwrap();
    let rejected = format!(
        "signalr_backplane_rejected_total {}\n",
        channels.len() * GARBAGE.len()
    );
    eventually("all of it is counted", || {
        metrics.to_prometheus().contains(&rejected)
    })
    .await;
    {
        let warnings = warnings.0.lock().unwrap();
        let told = "something on Redis is no message of a server";
        let told = warnings.iter().find(|it| it.contains(told));
        assert!(
            told.is_some_and(|it| it.contains(&channels[0])),
            "{warnings:?}"
        );
    }
    let clients = a.context().clients().untyped();
    soon(clients.all().send("Number", (1,))).await.unwrap();
    assert_eq!(client.told().await, 1);
    assert_eq!(client.connection.state(), HubConnectionState::Connected);
    let everywhere = a.context().presence().everywhere().within(PATIENCE);
    let members = soon(everywhere.members("g")).await.unwrap();
    assert!(members.is_complete());
    assert_eq!(members.value, [Arc::<str>::from(client.id())]);
    a.stop().await;
}
