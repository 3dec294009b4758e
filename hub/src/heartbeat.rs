//! One tick a second for all connections of all hubs: pings, timeouts, stuck writes.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use campanile_hub_protocol::HubProtocol;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::connection::{Connection, End, Frame};
use crate::http::Endpoint;
use crate::{HttpTransportType, HubError, HubOptions};

const TICK: Duration = Duration::from_secs(1);

/// Ticks for every endpoint that is still served. A singleton of the container.
#[derive(Debug, Default)]
pub(crate) struct Heartbeat {
    endpoints: Mutex<Vec<Weak<Endpoint>>>,
    running: AtomicBool,
}

impl Heartbeat {
    /// Ticks for `endpoint` from now on, until it is dropped. Has to be called inside a tokio runtime.
    pub(crate) fn watch(self: &Arc<Self>, endpoint: &Arc<Endpoint>) {
        // A list that a panic left behind is still a list.
        self.endpoints
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(Arc::downgrade(endpoint));
        if !self.running.swap(true, Ordering::AcqRel) {
            tokio::spawn(beat(Arc::downgrade(self)));
        }
    }

    fn endpoints(&self) -> Vec<Arc<Endpoint>> {
        let mut endpoints = self
            .endpoints
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        endpoints.retain(|endpoint| endpoint.strong_count() > 0);
        endpoints.iter().filter_map(Weak::upgrade).collect()
    }
}

async fn beat(heartbeat: Weak<Heartbeat>) {
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks.tick().await;
    loop {
        ticks.tick().await;
        let Some(heartbeat) = heartbeat.upgrade() else {
            return;
        };
        let endpoints = heartbeat.endpoints();
        for (index, endpoint) in endpoints.iter().enumerate() {
            endpoint.tick();
            let local = endpoint.lifetime().local();
            // A hub that is mounted at several paths has one set of connections.
            let mut before = endpoints.iter().take(index);
            if before.any(|other| std::ptr::eq(other.lifetime().local(), local)) {
                continue;
            }
            let now = Instant::now();
            let mut queued = 0;
            for connection in local.connections().iter() {
                tick(connection, now);
                let (tally, bytes) = connection.queue.tally();
                queued += bytes;
                if let Some(metrics) = endpoint.metrics() {
                    metrics.fold(tally);
                }
            }
            if let Some(metrics) = endpoint.metrics() {
                metrics.queued(queued);
            }
        }
    }
}

/// A connection's times, in ticks: those of the path where it was opened.
#[derive(Debug)]
pub(crate) struct Times {
    keep_alive: u32,
    client_timeout: u32,
    send_timeout: Option<u32>,
    /// Whether it ends with what it was authenticated with.
    expires: bool,
}

impl Times {
    pub(crate) fn of(options: &HubOptions) -> Self {
        Self {
            keep_alive: ticks(options.keep_alive_interval),
            client_timeout: ticks(options.client_timeout_interval),
            send_timeout: options.transport_send_timeout.map(ticks),
            expires: options.close_on_authentication_expiration,
        }
    }
}

fn tick(connection: &Connection, now: Instant) {
    let Connection { beat, times, .. } = connection;
    let expiry = &connection.request.owner().expiry;
    if times.expires && expiry.as_ref().is_some_and(|it| it.is_over(now)) {
        connection.end(End::AuthenticationExpired);
    }
    if count(&beat.ticks_since_ping) >= times.keep_alive {
        beat.ticks_since_ping.store(0, Ordering::Relaxed);
        // Who has messages waiting hears of us anyway, and who polls by the answers to its polls.
        if connection.queue.is_empty() && connection.transport != HttpTransportType::LongPolling {
            connection.queue.push_always(ping(connection.protocol));
        }
    }
    if beat.heard.swap(false, Ordering::Relaxed) || beat.paused.load(Ordering::Relaxed) {
        beat.silent_ticks.store(0, Ordering::Relaxed);
    } else if beat.watched.load(Ordering::Relaxed)
        && count(&beat.silent_ticks) >= times.client_timeout
    {
        connection.end(End::Failed(HubError::ClientTimeout));
    }
    if !beat.writing.load(Ordering::Relaxed) {
        beat.stuck_ticks.store(0, Ordering::Relaxed);
    } else if times
        .send_timeout
        .is_some_and(|limit| count(&beat.stuck_ticks) >= limit)
    {
        connection.end(End::Stuck);
    }
}

fn ticks(time: Duration) -> u32 {
    u32::try_from(time.as_millis().div_ceil(TICK.as_millis()))
        .unwrap_or(u32::MAX)
        .max(1)
}

fn count(counter: &AtomicU32) -> u32 {
    counter.fetch_add(1, Ordering::Relaxed).saturating_add(1)
}

fn ping(protocol: HubProtocol) -> Frame {
    Frame::message(protocol, |out| protocol.write_ping(out)).uncounted()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rounded_up_to_whole_ticks() {
        assert_eq!(ticks(Duration::ZERO), 1);
        assert_eq!(ticks(Duration::from_secs(15)), 15);
        assert_eq!(ticks(Duration::from_millis(1001)), 2);
        assert_eq!(ticks(Duration::MAX), u32::MAX);
    }
}
