//! The body of a request as it comes in.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use campanile_host::BoxError;
use campanile_host::configuration::ByteSize;
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep, sleep};

use crate::collect::ReadBodyError;
use crate::kestrel::{DataRate, Limits};

/// A body that comes from a client, who may not send more than is allowed, and not slower.
pub(crate) struct IncomingBody {
    body: Incoming,
    limits: Arc<Limits>,
    /// How many bytes there may be.
    most: Option<u64>,
    read: u64,
    /// Only where the client has to be waited for.
    pace: Option<Box<Pace>>,
}

/// How slow the client is.
struct Pace {
    /// The waiting before that which is going on.
    waited: Duration,
    since: Option<Instant>,
    timer: Pin<Box<Sleep>>,
}

impl IncomingBody {
    pub(crate) fn new(body: Incoming, limits: Arc<Limits>) -> Self {
        Self {
            most: limits.max_request_body_size.map(ByteSize::bytes),
            body,
            limits,
            read: 0,
            pace: None,
        }
    }

    /// How many bytes there may be.
    pub(crate) fn most(&self) -> Option<u64> {
        self.most
    }

    pub(crate) fn set_most(&mut self, most: Option<u64>) {
        self.most = most;
    }

    /// The client sends nothing at the moment; ready, where it has not sent enough for the time that it took.
    fn poll_patience(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let rate = self.limits.min_request_body_data_rate;
        if rate.bytes_per_second == 0 {
            return Poll::Pending;
        }
        let pace = self.pace.get_or_insert_with(|| {
            Box::new(Pace {
                waited: Duration::ZERO,
                since: None,
                timer: Box::pin(sleep(rate.grace_period)),
            })
        });
        if pace.since.is_none() {
            let now = Instant::now();
            pace.since = Some(now);
            let left = rate.time_for(self.read).saturating_sub(pace.waited);
            pace.timer.as_mut().reset(now + left);
        }
        pace.timer.as_mut().poll(cx)
    }

    /// The client has sent something.
    fn went_on(&mut self) {
        if let Some(pace) = &mut self.pace
            && let Some(since) = pace.since.take()
        {
            pace.waited += since.elapsed();
        }
    }
}

impl DataRate {
    /// How long so many bytes may take.
    pub(crate) fn time_for(self, bytes: u64) -> Duration {
        let seconds = bytes.checked_div(self.bytes_per_second).unwrap_or(u64::MAX);
        Duration::from_secs(seconds).max(self.grace_period)
    }
}

impl HttpBody for IncomingBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        let most = this.most.unwrap_or(u64::MAX);
        let too_large = || {
            let limit = usize::try_from(most).unwrap_or(usize::MAX);
            Poll::Ready(Some(Err(ReadBodyError::TooLarge { limit }.into())))
        };
        // What is announced beforehand is refused beforehand.
        if this.body.size_hint().lower() > most - this.read.min(most) {
            return too_large();
        }
        let frame = match Pin::new(&mut this.body).poll_frame(cx) {
            Poll::Pending => {
                return this
                    .poll_patience(cx)
                    .map(|()| Some(Err(ReadBodyError::TooSlow.into())));
            }
            Poll::Ready(frame) => frame,
        };
        this.went_on();
        if let Some(Ok(frame)) = &frame
            && let Some(data) = frame.data_ref()
        {
            this.read += data.len() as u64;
            if this.read > most {
                return too_large();
            }
        }
        Poll::Ready(frame.map(|it| it.map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_gives_bytes_their_time() {
        let rate = DataRate {
            bytes_per_second: 240,
            grace_period: Duration::from_secs(5),
        };
        assert_eq!(rate.time_for(0), Duration::from_secs(5));
        assert_eq!(rate.time_for(2400), Duration::from_secs(10));
    }
}
