//! The command `build`.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use campanile_hub_client::{
    HubConnection, HubConnectionBuilder, HubProtocol, RetryDelays, Transport,
};
use serde_json::Value;

use crate::events::{error, say};

pub(crate) fn build(command: &Value) -> HubConnection {
    let mut builder = HubConnectionBuilder::new(command["url"].as_str().expect("a url"));
    let milliseconds = |name: &str| command[name].as_u64().map(Duration::from_millis);
    if let Some(name) = command["protocol"].as_str() {
        builder = builder.protocol(HubProtocol::from_name(name).expect("a protocol"));
    }
    if let Some(transports) = command["transports"].as_array() {
        builder = builder.transports(transports.iter().map(|name| {
            Transport::ALL
                .into_iter()
                .find(|it| Some(it.name()) == name.as_str())
                .expect("a transport")
        }));
    }
    if command["skip_negotiation"].as_bool() == Some(true) {
        builder = builder.skip_negotiation();
    }
    if let Some(tokens) = command["tokens"].as_array() {
        let tokens: Vec<_> = tokens
            .iter()
            .filter_map(|it| it.as_str().map(str::to_owned))
            .collect();
        let next = Arc::new(Mutex::new(0));
        builder = builder.access_token_provider(move || {
            let mut next = next.lock().expect("nobody panics with it");
            let token = tokens.get(*next).or(tokens.last()).cloned();
            *next += 1;
            async move { Ok::<_, Infallible>(token) }
        });
    }
    for (name, value) in command["headers"].as_object().into_iter().flatten() {
        builder = builder.header(name, value.as_str().expect("a header's text"));
    }
    if let Some(delays) = command["reconnect"].as_array() {
        builder = builder.automatic_reconnect_with(RetryDelays::new(
            delays
                .iter()
                .filter_map(Value::as_u64)
                .map(Duration::from_millis),
        ));
    }
    builder = match &command["stateful"] {
        Value::Bool(true) => builder.stateful_reconnect(),
        Value::Number(size) => builder.stateful_reconnect_with(
            size.as_u64()
                .and_then(|it| it.try_into().ok())
                .expect("a size"),
        ),
        _ => builder,
    };
    if let Some(time) = milliseconds("server_timeout") {
        builder = builder.server_timeout(time);
    }
    if let Some(time) = milliseconds("keep_alive") {
        builder = builder.keep_alive_interval(time);
    }
    if let Some(time) = milliseconds("handshake_timeout") {
        builder = builder.handshake_timeout(time);
    }
    let connection = builder.build().expect("it can be built");
    connection.on_closed(|cause| say("closed", [("error", cause.map_or(Value::Null, error))]));
    connection.on_reconnecting(|cause| {
        say(
            "reconnecting",
            [("error", cause.map_or(Value::Null, error))],
        );
    });
    connection.on_reconnected(|id| say("reconnected", [("id", id.into())]));
    connection
}
