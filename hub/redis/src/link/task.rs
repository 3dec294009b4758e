//! The task that keeps the link up.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use redis::RedisError;
use redis::aio::{MultiplexedConnection, PubSubSink, PubSubStream};
use tokio::sync::mpsc;

use super::requests::{self, Request};
use super::{Link, Standing};
use crate::connect::{Pair, connect};

/// The most channels that are named in one command.
const CHANNELS: usize = 500;

/// The first pause after a failure; each one after it is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

pub(super) async fn run(link: Arc<Link>, mut requests: mpsc::UnboundedReceiver<Request>) {
    let mut pause = FIRST_PAUSE;
    let mut told = false;
    loop {
        let outcome = tokio::select! {
            outcome = connect(&link.options) => outcome,
            () = requests::refuse(&link, &mut requests) => return,
            () = link.ending.notified() => return,
        };
        let why = match outcome {
            Ok(pair) => {
                told = false;
                let commands = pair.commands.clone();
                match serve(&link, pair, &mut requests, &mut pause).await {
                    Some(error) => error.to_string(),
                    None => return requests::send_rest(&link, &mut requests, commands).await,
                }
            }
            Err(error) => error.to_string(),
        };
        if !told {
            told = true;
            tracing::error!(
                endpoints = link.options.shown(),
                "Error connecting to Redis: {why}; trying again until it is there"
            );
        }
        lose(&link, &why);
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = requests::refuse(&link, &mut requests) => return,
            () = link.ending.notified() => return,
        }
        pause = (pause * 2).min(link.options.reconnect_delay);
    }
}

fn lose(link: &Link, why: &str) {
    let before = link.standing.send_replace(Standing::Down(why.to_owned()));
    if before == Standing::Up {
        link.instruments.connected.add(-1);
    }
    link.channels()
        .give_up(&format!("there is no connection to Redis: {why}"));
}

/// Serves a connection until it is lost; none where the link is to end.
async fn serve(
    link: &Link,
    pair: Pair,
    requests: &mut mpsc::UnboundedReceiver<Request>,
    pause: &mut Duration,
) -> Option<RedisError> {
    let Pair {
        commands,
        heard,
        is_cluster,
        host,
        endpoint,
    } = pair;
    link.connected_to(&host, is_cluster);
    let (mut sink, mut stream) = heard.split();
    link.channels().reconnect();
    let listening = async {
        // What is wanted by now is heard before anybody is told that the link is up.
        if let Err(error) = within(link, say_changes(link, &mut sink)).await {
            return error;
        }
        if link.standing.send_replace(Standing::Up) != Standing::Up {
            link.instruments.connected.add(1);
        }
        link.instruments.connections.add(1);
        tracing::info!(endpoint, "Connected to Redis.");
        *pause = FIRST_PAUSE;
        listen(link, sink).await
    };
    let mut standing = link.standing();
    let sending = async {
        // What has waited for Redis is not to pass our own clients by. The link keeps the other end.
        let _ = standing.wait_for(|it| *it == Standing::Up).await;
        requests::send(link, requests, commands.clone()).await
    };
    tokio::select! {
        error = listening => Some(error),
        error = hear(link, &mut stream) => Some(error),
        error = sending => Some(error),
        error = ask(link, commands.clone()) => Some(error),
        () = link.ending.notified() => None,
    }
}

async fn hear(link: &Link, stream: &mut PubSubStream) -> RedisError {
    while let Some(message) = stream.next().await {
        let payload = message.get_payload_bytes();
        link.instruments.received.add(1);
        link.instruments.received_bytes.add(payload.len() as u64);
        let ear = link.channels().ear(message.get_channel_name());
        if let Some(ear) = ear {
            ear.hear(message.get_channel_name(), payload);
        }
    }
    closed()
}

/// Says to Redis what is wanted, and asks whether it is there.
async fn listen(link: &Link, mut sink: PubSubSink) -> RedisError {
    let mut ticks = tokio::time::interval(link.options.keep_alive);
    loop {
        let outcome = tokio::select! {
            () = link.channels_changed.notified() => within(link, say_changes(link, &mut sink)).await,
            _ = ticks.tick() => within(link, async { sink.ping::<redis::Value>().await.map(drop) }).await,
        };
        if let Err(error) = outcome {
            return error;
        }
    }
}

async fn say_changes(link: &Link, sink: &mut PubSubSink) -> Result<(), RedisError> {
    loop {
        let changes = link.channels().take_changes();
        if changes.is_empty() {
            return Ok(());
        }
        for names in changes.subscribe.chunks(CHANNELS) {
            let texts: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
            sink.subscribe(&texts).await?;
            let mut channels = link.channels();
            names.iter().for_each(|name| channels.confirmed(name));
        }
        for names in changes.unsubscribe.chunks(CHANNELS) {
            let texts: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
            sink.unsubscribe(&texts).await?;
        }
    }
}

/// Asks the connection for commands whether Redis is there.
async fn ask(link: &Link, mut commands: MultiplexedConnection) -> RedisError {
    loop {
        tokio::time::sleep(link.options.keep_alive).await;
        let answer: Result<redis::Value, _> = redis::cmd("PING").query_async(&mut commands).await;
        if let Err(error) = answer {
            return error;
        }
    }
}

async fn within(
    link: &Link,
    work: impl Future<Output = Result<(), RedisError>>,
) -> Result<(), RedisError> {
    tokio::time::timeout(link.options.response_timeout, work)
        .await
        .unwrap_or_else(|_| {
            Err(RedisError::from((
                redis::ErrorKind::Io,
                "Redis does not answer in time",
            )))
        })
}

fn closed() -> RedisError {
    RedisError::from((redis::ErrorKind::Io, "the connection was closed"))
}
