//! [`Sender`]: the thread that exports.

use std::io::{self, Write};
use std::sync::{Arc, Weak};
use std::time::Duration;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::Request;
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy::connect::capture_connection;
use opentelemetry::Context;
use tokio::runtime::{Builder, Handle};
use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::sync::CancellationToken;

use super::answer::{Answer, Retry};
use super::grpc;
use super::outage::Outages;
use super::protocol::Protocol;
use super::target::Target;

/// What of an answer is read, in bytes.
pub(crate) const LONGEST_ANSWER: usize = 64 * 1024;

/// How long the first wait between two attempts is; each further one is twice as long, give or take a fifth.
const FIRST_WAIT: Duration = Duration::from_millis(500);

/// Sends what is to be exported, on a thread with a runtime of its own: neither the application's load nor its end is in
/// the way. Nothing that this thread logs is exported.
#[derive(Clone, Debug)]
pub(crate) struct Sender {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    runtime: Handle,
    /// Ends the thread.
    over: CancellationToken,
    /// Fires when there is no time for further attempts.
    hurry: CancellationToken,
    outages: Outages,
}

/// Something was not taken. Why has been told.
#[derive(Clone, Copy, Debug)]
pub(crate) enum NotTaken {
    /// Time was up; later it might be.
    ForNow,
    /// It is not wanted.
    ForGood,
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.over.cancel();
    }
}

impl Sender {
    /// Starts the thread, which ends with the last clone.
    pub(crate) fn start() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let over = CancellationToken::new();
        let shared = Shared {
            runtime: runtime.handle().clone(),
            over: over.clone(),
            hurry: CancellationToken::new(),
            outages: Outages::default(),
        };
        std::thread::Builder::new()
            .name("telemetry".to_owned())
            .spawn(move || {
                let _nothing_of_this_is_exported = Context::enter_telemetry_suppressed_scope();
                runtime.block_on(over.cancelled());
            })?;
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    /// This sender, as long as another clone keeps the thread.
    pub(crate) fn downgrade(&self) -> WeakSender {
        WeakSender(Arc::downgrade(&self.shared))
    }

    /// Where tasks of the thread are spawned.
    pub(crate) fn runtime(&self) -> &Handle {
        &self.shared.runtime
    }

    /// From now on nothing is attempted twice.
    pub(crate) fn hurry(&self) {
        self.shared.hurry.cancel();
    }

    /// Sends until it is taken or the target's time is up, whatever runtime this is awaited in.
    pub(crate) async fn send(&self, target: Arc<Target>, message: Vec<u8>) -> Result<(), NotTaken> {
        let shared = Arc::downgrade(&self.shared);
        let sent = self.shared.runtime.spawn(async move {
            // The thread must not keep itself alive.
            let shared = shared.upgrade().ok_or(NotTaken::ForNow)?;
            let message = match target.gzip {
                true => compressed(&message),
                false => message,
            };
            let body = target.protocol.body(message, target.gzip);
            shared.send(&target, body).await
        });
        // The thread is gone, or has panicked.
        sent.await.unwrap_or(Err(NotTaken::ForNow))
    }
}

/// A [`Sender`] that does not keep its thread.
#[derive(Clone, Debug)]
pub(crate) struct WeakSender(Weak<Shared>);

impl WeakSender {
    pub(crate) fn upgrade(&self) -> Option<Sender> {
        self.0.upgrade().map(|shared| Sender { shared })
    }
}

impl Shared {
    async fn send(&self, target: &Target, body: Bytes) -> Result<(), NotTaken> {
        let deadline = Instant::now() + target.timeout;
        let mut wait = FIRST_WAIT;
        loop {
            let is_last = self.hurry.is_cancelled();
            let asked = match self.attempt(target, body.clone(), deadline).await {
                Ok(()) => return Ok(()),
                Err(Retry::Never) => return Err(NotTaken::ForGood),
                Err(Retry::Later(asked)) => asked,
            };
            let pause = asked.unwrap_or_else(|| scattered(wait));
            if is_last || Instant::now() + pause >= deadline {
                return Err(NotTaken::ForNow);
            }
            // Who is in a hurry has one more attempt, at once.
            let _ = self.hurry.run_until_cancelled(sleep(pause)).await;
            wait *= 2;
        }
    }

    async fn attempt(&self, target: &Target, body: Bytes, deadline: Instant) -> Result<(), Retry> {
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = http::Method::POST;
        *request.uri_mut() = target.uri.clone();
        *request.headers_mut() = target.headers.clone();
        if target.protocol == Protocol::Grpc {
            let time = grpc::timeout(deadline.saturating_duration_since(Instant::now()));
            request.headers_mut().insert(grpc::TIMEOUT, time);
        }
        let connection = capture_connection(&mut request);
        let answer = async {
            let answer = target.client.request(request).await?;
            let (head, body) = answer.into_parts();
            let body = Limited::new(body, LONGEST_ANSWER).collect().await;
            target.protocol.answer(&head, body)
        };
        match timeout_at(deadline, answer).await {
            Ok(Ok(answer)) => {
                self.outages.answered(target);
                self.told(target, answer)
            }
            Ok(Err(error)) => {
                self.outages.unreachable(target, &*error);
                Err(Retry::Later(None))
            }
            Err(_) => {
                // It may be dead without our having been told. Of HTTP/2 it would be used on and on.
                if let Some(connection) = &*connection.connection_metadata() {
                    connection.poison();
                }
                self.outages.silent(target);
                Err(Retry::Later(None))
            }
        }
    }

    fn told(&self, target: &Target, answer: Answer) -> Result<(), Retry> {
        match answer {
            Answer::Taken(remark) => {
                self.outages.taken(target, remark.as_ref());
                Ok(())
            }
            Answer::Refused { reason, retry } => {
                self.outages.refused(target, &reason);
                Err(retry)
            }
        }
    }
}

/// A wait like this one, so that processes that were refused together do not come back together.
fn scattered(wait: Duration) -> Duration {
    let random = getrandom::u32().unwrap_or(u32::MAX / 2);
    wait.mul_f64(0.8 + 0.4 * f64::from(random) / f64::from(u32::MAX))
}

fn compressed(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    let written = encoder.write_all(body).and_then(|()| encoder.finish());
    written.expect("a vector takes everything")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_scattered_by_a_fifth() {
        let wait = Duration::from_millis(1000);
        let waits: Vec<_> = (0..100).map(|_| scattered(wait).as_millis()).collect();
        assert!(
            waits.iter().all(|it| (799..=1201).contains(it)),
            "{waits:?}"
        );
        assert!(waits.iter().any(|it| *it != waits[0]), "{waits:?}");
    }
}
