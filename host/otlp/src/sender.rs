//! [`Sender`]: the thread that exports.

use std::io::{self, Write};
use std::sync::{Arc, Weak};
use std::time::Duration;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use opentelemetry::Context;
use tokio::runtime::{Builder, Handle};
use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::sync::CancellationToken;

use super::outage::Outages;
use super::target::Target;

/// What of an answer is read, in bytes.
const LONGEST_ANSWER: usize = 64 * 1024;

/// How long the first wait between two attempts is; each further one is twice as long.
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

/// Why something was not taken. It has been told.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NotTaken;

enum Attempt {
    Taken(Bytes),
    /// It may be taken later, after this time if the collector has said so.
    Later(Option<Duration>),
    Never,
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
    pub(crate) async fn send(&self, target: Arc<Target>, body: Vec<u8>) -> Result<Bytes, NotTaken> {
        let shared = Arc::downgrade(&self.shared);
        let sent = self.shared.runtime.spawn(async move {
            // The thread must not keep itself alive.
            let shared = shared.upgrade().ok_or(NotTaken)?;
            let body = match target.gzip {
                true => compressed(&body),
                false => body,
            };
            shared.send(&target, Bytes::from(body)).await
        });
        // The thread is gone, or has panicked.
        sent.await.unwrap_or(Err(NotTaken))
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
    async fn send(&self, target: &Target, body: Bytes) -> Result<Bytes, NotTaken> {
        let deadline = Instant::now() + target.timeout;
        let mut wait = FIRST_WAIT;
        loop {
            let is_last = self.hurry.is_cancelled();
            let asked = match self.attempt(target, body.clone(), deadline).await {
                Attempt::Taken(answer) => return Ok(answer),
                Attempt::Never => return Err(NotTaken),
                Attempt::Later(asked) => asked,
            };
            let pause = asked.unwrap_or(wait);
            if is_last || Instant::now() + pause >= deadline {
                return Err(NotTaken);
            }
            // Who is in a hurry has one more attempt, at once.
            let _ = self.hurry.run_until_cancelled(sleep(pause)).await;
            wait *= 2;
        }
    }

    async fn attempt(&self, target: &Target, body: Bytes, deadline: Instant) -> Attempt {
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = http::Method::POST;
        *request.uri_mut() = target.uri.clone();
        *request.headers_mut() = target.headers.clone();
        let content = HeaderValue::from_static("application/x-protobuf");
        request.headers_mut().insert(CONTENT_TYPE, content);
        if target.gzip {
            let gzip = HeaderValue::from_static("gzip");
            request.headers_mut().insert(CONTENT_ENCODING, gzip);
        }
        let answer = async {
            let answer = target.client.request(request).await?;
            let (head, body) = answer.into_parts();
            // What is too long or breaks off was an answer all the same.
            let body = Limited::new(body, LONGEST_ANSWER).collect().await;
            let body = body
                .map(http_body_util::Collected::to_bytes)
                .unwrap_or_default();
            Ok::<_, hyper_util::client::legacy::Error>(Response::from_parts(head, body))
        };
        let answer = match timeout_at(deadline, answer).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => {
                self.outages.unreachable(target, &error);
                return Attempt::Later(None);
            }
            Err(_) => {
                self.outages.silent(target);
                return Attempt::Never;
            }
        };
        self.outages.answered(target);
        let status = answer.status();
        if status.is_success() {
            self.outages.taken(target);
            return Attempt::Taken(answer.into_body());
        }
        self.outages.refused(target, status, answer.body());
        match status {
            StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT => Attempt::Later(asked_to_wait(&answer)),
            _ => Attempt::Never,
        }
    }
}

fn compressed(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    let written = encoder.write_all(body).and_then(|()| encoder.finish());
    written.expect("a vector takes everything")
}

/// `Retry-After` in seconds.
fn asked_to_wait<B>(answer: &Response<B>) -> Option<Duration> {
    let seconds = answer.headers().get(RETRY_AFTER)?.to_str().ok()?;
    seconds.trim().parse().ok().map(Duration::from_secs)
}
