//! Waiting for what has to come, with a limit that only a failure reaches.

use std::{future::IntoFuture, time::Duration};

/// How long is waited: a busy machine is no failure.
const LIMIT: Duration = Duration::from_secs(60);

/// The outcome of something that has to come to its end.
///
/// # Panics
///
/// Where it does not, within a minute.
pub async fn soon<F: IntoFuture>(future: F) -> F::Output {
    tokio::time::timeout(LIMIT, future.into_future())
        .await
        .expect("it has not come to be within a minute")
}

/// Waits until something is so.
///
/// # Panics
///
/// Where it is not, within a minute.
pub async fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let waiting = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let reached = tokio::time::timeout(LIMIT, waiting).await;
    assert!(reached.is_ok(), "not within a minute: {what}");
}
