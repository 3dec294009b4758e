//! Asking for more time than the unit gives.

use std::pin::pin;
use std::time::Duration;

use tokio::time::sleep;

use super::notifier::{is_enabled, tell};

const PERIOD: Duration = Duration::from_secs(5);

/// Does the work, and asks systemd for time while it is being done. For work that ends by itself.
pub(crate) async fn extending<F: Future>(work: F) -> F::Output {
    if !is_enabled() {
        return work.await;
    }
    let mut work = pin!(work);
    loop {
        let period = async {
            // Three times the period, so that a busy machine does not make it too late.
            tell("EXTEND_TIMEOUT_USEC=15000000");
            sleep(PERIOD).await;
        };
        tokio::select! {
            biased;
            output = &mut work => return output,
            () = period => {}
        }
    }
}

/// Asks for the time that systemd by default gives to a whole start.
pub(crate) fn extend_for_one_service() {
    if is_enabled() {
        tell("EXTEND_TIMEOUT_USEC=90000000");
    }
}
