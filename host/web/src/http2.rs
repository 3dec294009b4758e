//! One connection of HTTP/2.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use hyper::server::conn::http2::Builder;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::time::{Instant, sleep};

use crate::dispatch::Dispatch;
use crate::kestrel::Limits;
use crate::limits::{NEVER, STOPPING_TIMEOUT};
use crate::preface::greeted;
use crate::stream::{Socket, Stream};
use crate::tracker::Phase;

fn builder(limits: &Limits) -> Builder<TokioExecutor> {
    let http2 = &limits.http2;
    let size = |bytes: u64| u32::try_from(bytes).unwrap_or(u32::MAX);
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(http2.max_streams_per_connection.get())
        .header_table_size(size(http2.header_table_size.bytes()))
        .max_frame_size(size(http2.max_frame_size.bytes()))
        .initial_connection_window_size(size(http2.initial_connection_window_size.bytes()))
        .initial_stream_window_size(size(http2.initial_stream_window_size.bytes()))
        .max_header_list_size(size(limits.max_request_headers_total_size.bytes()))
        .keep_alive_interval(http2.keep_alive_ping_delay)
        .keep_alive_timeout(http2.keep_alive_ping_timeout)
        // WebSockets: RFC 8441.
        .enable_connect_protocol();
    builder
}

/// Serves the connection until its end. A stop is told to the client (GOAWAY), and what it has asked before is answered.
pub(crate) async fn serve(socket: Socket, dispatch: Dispatch) {
    let activity = Arc::clone(&dispatch.activity);
    let tracker = dispatch.tracker.clone();
    let limits = Arc::clone(&dispatch.limits);
    let idle = limits.keep_alive_timeout.unwrap_or(NEVER);
    let Some(socket) = greeted(socket, idle, &tracker.stopping()).await else {
        return;
    };
    let io = TokioIo::new(Stream::http2(socket, Arc::clone(&activity)));
    let mut http = pin!(builder(&limits).serve_connection(io, dispatch));
    let mut stopping = pin!(tracker.stopping().cancelled_owned());
    let mut aborted = pin!(tracker.aborted().cancelled_owned());
    let mut timeout = pin!(sleep(idle));
    let mut seen = activity.now();
    let mut is_leaving = false;
    // As with HTTP/1: the signals are polled for their wakers, and the phase tells from then on.
    let mut phase = None;
    poll_fn(|cx| {
        loop {
            if let Poll::Ready(ended) = http.as_mut().poll(cx) {
                if let Err(error) = ended {
                    tracing::debug!(%error, "a connection ended with an error");
                }
                return Poll::Ready(());
            }
            if phase != Some(tracker.phase()) {
                if aborted.as_mut().poll(cx).is_ready() {
                    return Poll::Ready(());
                }
                let is_stopping =
                    phase != Some(Phase::Stopping) && stopping.as_mut().poll(cx).is_ready();
                phase = Some(if is_stopping || phase == Some(Phase::Stopping) {
                    Phase::Stopping
                } else {
                    Phase::Serving
                });
                if is_stopping && !is_leaving {
                    is_leaving = true;
                    http.as_mut().graceful_shutdown();
                    timeout.as_mut().reset(Instant::now() + STOPPING_TIMEOUT);
                    continue;
                }
            }
            let now = activity.now();
            // Who opened a tunnel has it closed by who serves it.
            if activity.streams() > 0 || activity.has_tunnels() {
                return Poll::Pending;
            }
            if now != seen {
                seen = now;
                let patience = if is_leaving { STOPPING_TIMEOUT } else { idle };
                timeout.as_mut().reset(Instant::now() + patience);
            }
            if timeout.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            tracing::debug!("a connection timed out");
            if is_leaving {
                return Poll::Ready(());
            }
            is_leaving = true;
            http.as_mut().graceful_shutdown();
            timeout.as_mut().reset(Instant::now() + STOPPING_TIMEOUT);
        }
    })
    .await;
}
