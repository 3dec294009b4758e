//! Commands on their way to Redis, many at once.

use std::sync::atomic::Ordering;

use campanile_hub::{HubError, HubResult};
use redis::aio::MultiplexedConnection;
use redis::{Cmd, RedisError, Value};
use tokio::sync::{mpsc, oneshot};

use super::Link;

/// The most commands that go in one piece.
const BATCH: usize = 512;

pub(super) struct Request {
    pub(super) command: Cmd,
    pub(super) bytes: usize,
    pub(super) reply: oneshot::Sender<HubResult<Value>>,
}

impl Request {
    /// Whoever waits for it may have given up by now.
    fn answer(self, link: &Link, answer: HubResult<Value>) {
        link.queued.fetch_sub(self.bytes, Ordering::Relaxed);
        if answer.is_err() {
            link.instruments.failed.add(1);
        }
        let _ = self.reply.send(answer);
    }
}

/// Sends what is queued, in order, until the connection breaks.
pub(super) async fn send(
    link: &Link,
    requests: &mut mpsc::UnboundedReceiver<Request>,
    mut connection: MultiplexedConnection,
) -> RedisError {
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        if requests.recv_many(&mut batch, BATCH).await == 0 {
            // The link keeps a sender, and this borrows the link.
            std::future::pending::<()>().await;
        }
        if let Err(error) = send_batch(link, &mut batch, &mut connection).await {
            return error;
        }
    }
}

/// Sends all that is queued by now.
pub(super) async fn send_rest(
    link: &Link,
    requests: &mut mpsc::UnboundedReceiver<Request>,
    mut connection: MultiplexedConnection,
) {
    let mut batch = Vec::new();
    while let Ok(request) = requests.try_recv() {
        batch.push(request);
    }
    if !batch.is_empty() {
        let _ = send_batch(link, &mut batch, &mut connection).await;
    }
}

async fn send_batch(
    link: &Link,
    batch: &mut Vec<Request>,
    connection: &mut MultiplexedConnection,
) -> Result<(), RedisError> {
    let mut in_flight = InFlight(link, batch);
    let mut pipeline = redis::Pipeline::with_capacity(in_flight.1.len());
    for request in in_flight.1.iter_mut() {
        pipeline.add_command(std::mem::take(&mut request.command));
    }
    let begun = std::time::Instant::now();
    let replies = pipeline
        .ignore_errors()
        .query_async::<Vec<Result<Value, RedisError>>>(connection)
        .await;
    match replies {
        Ok(replies) => {
            link.instruments.round_trip.record_duration(begun.elapsed());
            for (request, reply) in in_flight.1.drain(..).zip(replies) {
                let reply = reply.map_err(|error| HubError::Backplane(error.into()));
                request.answer(link, reply);
            }
            Ok(())
        }
        Err(error) => {
            in_flight.fail(&error.to_string());
            Err(error)
        }
    }
}

/// What may have been sent or not; fails where nobody waits for the answers any more.
struct InFlight<'a>(&'a Link, &'a mut Vec<Request>);

impl InFlight<'_> {
    fn fail(&mut self, why: &str) {
        for request in self.1.drain(..) {
            let error = format!("Redis went while it was asked: {why}");
            request.answer(self.0, Err(HubError::Backplane(error.into())));
        }
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.fail("the connection is lost");
    }
}

/// Fails what was queued before it was known that there is no connection, for as long as it is polled.
pub(super) async fn refuse(link: &Link, requests: &mut mpsc::UnboundedReceiver<Request>) {
    if link.options.queued_while_unreachable > 0 {
        return std::future::pending().await;
    }
    while let Some(request) = requests.recv().await {
        request.answer(link, Err(link.unreachable()));
    }
    std::future::pending::<()>().await;
}
