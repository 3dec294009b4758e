//! Spans of one server that are caused by another.
//!
//! A test alone in its program: another one's thread, without the subscriber, would decide which spans there are.

mod support;

use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use campanile_hub_client::HubProtocol;
use campanile_trace_context::{TraceContext, Traced, Tracer, set_tracer};
use end_to_end::{Redis, eventually, soon};
use support::Server;
use tracing::Span;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt};

/// Keeps the causes of spans, and the channels of deliveries.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Collected>>);

#[derive(Default)]
struct Collected {
    causes: HashMap<u64, TraceContext>,
    channels: Vec<(u64, String)>,
}

struct Channel(Option<String>);

impl Visit for Channel {
    fn record_debug(&mut self, _: &Field, _: &dyn Debug) {}

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "messaging.destination.name" {
            self.0 = Some(value.to_owned());
        }
    }
}

impl<S: tracing::Subscriber> Layer<S> for Collector {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, _: Context<'_, S>) {
        let mut channel = Channel(None);
        attributes.record(&mut channel);
        if let Some(channel) = channel.0 {
            let mut collected = self.0.lock().unwrap();
            collected.channels.push((id.into_u64(), channel));
        }
    }
}

impl Tracer for Collector {
    fn context_of(&self, span: &Span) -> Option<TraceContext> {
        let id = span.id()?.into_u64();
        self.0.lock().unwrap().causes.get(&id).cloned()
    }

    fn set_parent(&self, span: &Span, parent: &TraceContext) {
        let id = span.id().unwrap().into_u64();
        self.0.lock().unwrap().causes.insert(id, parent.clone());
    }
}

impl Collector {
    /// The causes of the deliveries of a channel.
    fn causes(&self, channel: &str) -> Vec<TraceContext> {
        let collected = self.0.lock().unwrap();
        let found = collected.channels.iter().filter(|(_, it)| it == channel);
        found.map(|(id, _)| collected.causes[id].clone()).collect()
    }
}

// One thread, so that its subscriber is that of every task.
#[tokio::test(flavor = "current_thread")]
async fn what_a_message_causes_elsewhere_is_in_the_trace_of_its_sender() {
    let Some(redis) =
        Redis::start("what_a_message_causes_elsewhere_is_in_the_trace_of_its_sender").await
    else {
        return;
    };
    let collector = Collector::default();
    assert!(set_tracer(collector.clone()));
    let subscriber = tracing_subscriber::registry().with(collector.clone());
    let _collecting = tracing::subscriber::set_default(subscriber);
    let (a, b) = (
        Server::start(&redis.address()).await,
        Server::start(&redis.address()).await,
    );
    let mut client = b.client_in(HubProtocol::MessagePack).await;
    let clients = a.context().clients().untyped();
    let own = format!("FarmHub:connection:{}", client.id());

    // Of no trace: there is no span.
    soon(clients.all().send("Number", (1,))).await.unwrap();
    assert_eq!(client.told().await, 1);

    let cause = TraceContext::root().with_state("vendor=value");
    let work = async {
        soon(clients.all().send("Number", (2,))).await.unwrap();
        let asked = clients.client(&client.id());
        let answer: i32 = soon(asked.invoke("Double", (21,))).await.unwrap();
        assert_eq!(answer, 42);
    };
    work.traced(Span::none(), Some(cause.clone())).await;
    assert_eq!(client.told().await, 2);
    // On both servers, as the sender hears itself.
    eventually("both have heard", || {
        collector.causes("FarmHub:all").len() == 2
    })
    .await;
    assert_eq!(
        collector.causes("FarmHub:all"),
        [cause.clone(), cause.clone()]
    );
    assert_eq!(collector.causes(&own), [cause]);
    a.stop().await;
    b.stop().await;
}
