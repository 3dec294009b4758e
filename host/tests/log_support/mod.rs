//! The log of one test, beside others.

use tracing::Subscriber;
use tracing::subscriber::{set_global_default, with_default};

/// Runs `action` with a subscriber for what this thread logs.
///
/// The others get one that takes all and does nothing with it: a thread without any, where it is the first to come to a place that
/// logs, would switch that place off for every thread.
pub(crate) fn on_this_thread<R>(
    subscriber: impl Subscriber + Send + Sync + 'static,
    action: impl FnOnce() -> R,
) -> R {
    let _is_set_already = set_global_default(tracing_subscriber::registry());
    with_default(subscriber, action)
}
