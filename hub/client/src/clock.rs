//! When a connection pings, acknowledges, and counts as lost.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep};

use crate::options::Options;

/// How often messages of a stateful connection are acknowledged.
const ACKNOWLEDGE: Duration = Duration::from_secs(1);

/// .NET's client looks once a second.
const MOST_SLACK: Duration = Duration::from_secs(1);

/// What is to be done when.
pub(crate) struct Clock {
    last_arrival: Instant,
    keep_alive: Option<Duration>,
    timeout: Duration,
    /// How much later silence is noticed, so that a sign of life that comes just in time is not too late.
    slack: Duration,
    ping_at: Instant,
    acknowledge_at: Option<Instant>,
    /// One sleep for all of it; it is not set anew for every message.
    sleep: Pin<Box<Sleep>>,
}

pub(crate) enum Due {
    Ping,
    Acknowledgement,
    Silence(Duration),
}

impl Clock {
    /// `keeps_alive` where the transport itself does what pings and timeouts do.
    pub(crate) fn new(options: &Options, stateful: bool, keeps_alive: bool) -> Self {
        let now = Instant::now();
        Self {
            last_arrival: now,
            keep_alive: (!keeps_alive).then_some(options.keep_alive),
            timeout: options.server_timeout,
            slack: (options.server_timeout / 4).min(MOST_SLACK),
            ping_at: now + options.keep_alive,
            acknowledge_at: stateful.then(|| now + ACKNOWLEDGE),
            sleep: Box::pin(tokio::time::sleep_until(now)),
        }
    }

    /// The server gives a sign of life.
    pub(crate) fn arrival(&mut self) {
        self.last_arrival = Instant::now();
    }

    /// What is due; it stays due until it has been given.
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Due> {
        let Some(keep_alive) = self.keep_alive else {
            return Poll::Pending;
        };
        loop {
            let now = Instant::now();
            let silent_at = self.last_arrival + self.timeout + self.slack;
            if now >= silent_at {
                return Poll::Ready(Due::Silence(self.timeout));
            }
            if now >= self.ping_at {
                self.ping_at = now + keep_alive;
                return Poll::Ready(Due::Ping);
            }
            if let Some(at) = &mut self.acknowledge_at
                && now >= *at
            {
                *at = now + ACKNOWLEDGE;
                return Poll::Ready(Due::Acknowledgement);
            }
            let at = self
                .acknowledge_at
                .into_iter()
                .fold(silent_at.min(self.ping_at), Instant::min);
            // Silence is put off by every message: an earlier look does no harm, and costs less than resetting.
            if self.sleep.deadline() > at || self.sleep.is_elapsed() {
                self.sleep.as_mut().reset(at);
            }
            ready!(self.sleep.as_mut().poll(cx));
        }
    }
}
