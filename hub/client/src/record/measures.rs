//! Metrics of a connection, in a host.

#[cfg(feature = "host")]
pub(crate) use recorded::{CallMeasure, Measures};

#[cfg(not(feature = "host"))]
pub(crate) use nothing::Measures;

#[cfg(not(feature = "host"))]
mod nothing {
    use crate::HubConnectionState;

    /// Nobody wants to know.
    #[derive(Debug, Default)]
    pub(crate) struct Measures {}

    #[expect(clippy::unused_self, reason = "it stands for the one that measures")]
    impl Measures {
        pub(crate) fn state(&self, _: HubConnectionState) {}

        pub(crate) fn reconnect(&self, _: &'static str) {}
    }
}

#[cfg(feature = "host")]
mod recorded {
    use std::fmt;
    use std::sync::{Arc, Mutex, OnceLock, PoisonError};
    use std::time::Instant;

    use campanile_host::metrics::{
        Counter, DURATION_BUCKETS, HistogramSeries, Metrics, UpDownCounter,
    };

    use super::super::CallKind;
    use crate::{HubConnection, HubConnectionState};

    const STATE: &str = "signalr.connection.state";

    /// The instruments, once there are any.
    #[derive(Default)]
    pub(crate) struct Measures {
        instruments: OnceLock<Arc<Instruments>>,
        /// As which the connection is counted.
        counted: Mutex<Option<HubConnectionState>>,
    }

    struct Instruments {
        connections: UpDownCounter,
        reconnects: Counter,
        /// By kind, and then: ended, failed, given up.
        durations: [[HistogramSeries; 3]; 3],
    }

    /// Measures a call. Dropped before its end it was given up.
    pub(crate) struct CallMeasure {
        instruments: Arc<Instruments>,
        kind: CallKind,
        since: Instant,
        outcome: usize,
    }

    impl fmt::Debug for Measures {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.debug_struct("Measures").finish_non_exhaustive()
        }
    }

    impl fmt::Debug for CallMeasure {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.debug_struct("CallMeasure").finish_non_exhaustive()
        }
    }

    impl Instruments {
        fn of(metrics: &Metrics) -> Self {
            let durations = metrics.histogram(
                "signalr.client.call.duration",
                "s",
                "How long calls of hub methods take: until the result, the end of the stream, or until they are sent.",
                DURATION_BUCKETS,
            );
            Self {
                connections: metrics.up_down_counter(
                    "signalr.client.connections",
                    "{connection}",
                    "Connections to hubs, by their state.",
                ),
                reconnects: metrics.counter(
                    "signalr.client.reconnects",
                    "{attempt}",
                    "Lost connections that were made anew, attempts that failed, and connections that were given up.",
                ),
                durations: ["invoke", "send", "stream"].map(|kind| {
                    ["ok", "error", "given_up"].map(|outcome| {
                        durations.with(&[
                            ("signalr.call.kind", kind),
                            ("signalr.call.outcome", outcome),
                        ])
                    })
                }),
            }
        }
    }

    impl Measures {
        /// The first one counts.
        fn start(&self, metrics: &Metrics, state: impl Fn() -> HubConnectionState) {
            if self
                .instruments
                .set(Arc::new(Instruments::of(metrics)))
                .is_ok()
            {
                self.state(state());
            }
        }

        pub(crate) fn state(&self, state: HubConnectionState) {
            self.count(Some(state));
        }

        fn count(&self, state: Option<HubConnectionState>) {
            let Some(instruments) = self.instruments.get() else {
                return;
            };
            let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
            let before = std::mem::replace(&mut *counted, state);
            for (state, change) in [(state, 1), (before, -1)] {
                if let Some(state) = state {
                    let state = state.to_string();
                    instruments.connections.add(change, &[(STATE, &state)]);
                }
            }
        }

        pub(crate) fn reconnect(&self, outcome: &'static str) {
            if let Some(instruments) = self.instruments.get() {
                let attributes = [("signalr.reconnect.outcome", outcome)];
                instruments.reconnects.add(1, &attributes);
            }
        }

        pub(crate) fn call(&self, kind: CallKind) -> Option<CallMeasure> {
            Some(CallMeasure {
                instruments: self.instruments.get()?.clone(),
                kind,
                since: Instant::now(),
                outcome: 2,
            })
        }
    }

    impl Drop for Measures {
        fn drop(&mut self) {
            self.count(None);
        }
    }

    impl CallMeasure {
        pub(crate) fn end(mut self, well: bool) {
            self.outcome = usize::from(!well);
        }
    }

    impl Drop for CallMeasure {
        fn drop(&mut self) {
            let kind = match self.kind {
                CallKind::Invoke => 0,
                CallKind::Send => 1,
                CallKind::Stream => 2,
            };
            self.instruments.durations[kind][self.outcome]
                .record(self.since.elapsed().as_secs_f64());
        }
    }

    impl HubConnection {
        /// Measures the connection with these instruments, from now on; the first ones that it is given count.
        ///
        /// | instrument | | attributes |
        /// | --- | --- | --- |
        /// | `signalr.client.call.duration` | histogram, s | `signalr.call.kind`: `invoke`, `send`, `stream`; `signalr.call.outcome`: `ok`, `error`, `given_up` |
        /// | `signalr.client.connections` | up-down counter | `signalr.connection.state`: `connected`, `reconnecting`, … |
        /// | `signalr.client.reconnects` | counter | `signalr.reconnect.outcome`: `reconnected`, `failed` (an attempt), `given_up` |
        ///
        /// `add_hub_connection` does this with the host's own.
        pub fn measure(&self, metrics: &Metrics) {
            let shared = self.shared();
            shared.measures.start(metrics, || self.state());
        }
    }
}
