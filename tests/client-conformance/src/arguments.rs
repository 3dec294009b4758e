//! The arguments of a call, streams among them.

use std::time::Duration;

use campanile_hub_client::{UploadExt, WithUploads};
use futures_util::stream::{self, Stream, StreamExt};
use serde_json::Value;

/// Arguments out of a command: a stream stands as `{"stream": [...], "delay": MS, "fails": TEXT}`.
pub(crate) fn arguments(command: &Value) -> WithUploads<Vec<Value>> {
    let all = command["arguments"].as_array().cloned().unwrap_or_default();
    let (streams, plain): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|it| it["stream"].is_array());
    streams
        .into_iter()
        .fold(WithUploads::from(plain), |arguments, stream| {
            arguments.try_upload(upload(&stream))
        })
}

fn upload(of: &Value) -> impl Stream<Item = Result<Value, String>> + Send + 'static {
    let items = of["stream"].as_array().cloned().unwrap_or_default();
    let delay = Duration::from_millis(of["delay"].as_u64().unwrap_or(0));
    let failure = of["fails"].as_str().map(|it| Err(it.to_owned()));
    stream::iter(items)
        .enumerate()
        .then(move |(index, item)| async move {
            // The delay is after an item; the last one comes before the end, which nobody measures.
            if index > 0 && !delay.is_zero() {
                tokio::time::sleep(delay).await;
            }
            Ok(item)
        })
        .chain(stream::iter(failure))
}
