//! Sends the streams that stand among the arguments of a call.

use std::sync::Arc;

use campanile_hub_contract::Upload;
use futures_util::StreamExt;
use tokio_util::sync::CancellationToken;

use crate::session::Session;

/// Sends the items until the stream or the call ends.
pub(crate) fn start(upload: Upload, session: Arc<Session>, id: String, ended: CancellationToken) {
    tokio::spawn(async move {
        ended.run_until_cancelled(run(upload, &session, &id)).await;
    });
}

async fn run(upload: Upload, session: &Session, id: &str) {
    let protocol = session.protocol;
    let mut items = upload.into_items();
    let mut failed = None;
    while let Some(item) = items.next().await {
        let mut message = Vec::new();
        let written = item
            .and_then(|write| write(protocol, &mut message, id).map_err(|error| error.to_string()));
        if let Err(error) = written {
            failed = Some(error);
            break;
        }
        if session.outbox.send(message).await.is_err() {
            return;
        }
    }
    let mut end = Vec::new();
    match failed {
        Some(error) => protocol.write_completion_error(
            &mut end,
            id,
            &format!("Stream errored by client: '{error}'"),
        ),
        None => protocol.write_completion_void(&mut end, id),
    }
    // Where the connection is gone, the server knows that the stream has ended.
    let _ = session.outbox.send(end).await;
}
