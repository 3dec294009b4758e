//! What a client says first on a connection that is HTTP/2 whatever happens.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::limits::STOPPING_TIMEOUT;
use crate::stream::{PREFACE, Socket};

/// What Kestrel answers to HTTP/1.
const REFUSAL: &[u8] = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: 56\r\n\r\nAn HTTP/1.x request was sent to an HTTP/2 only endpoint.";

/// Reads the preface of HTTP/2. Whoever says something else, or nothing for that long, is let go; if it is HTTP/1, with an
/// answer that says why. `None` then, and when the server stops.
pub(crate) async fn greeted(
    mut socket: Socket,
    patience: Duration,
    stopping: &CancellationToken,
) -> Option<Socket> {
    let greeting = timeout(patience, first(&mut socket));
    match stopping.run_until_cancelled(greeting).await?.ok()?.ok()? {
        First::Http2 => Some(socket),
        First::Http1 => {
            // Who does not take it does without it.
            let _ = timeout(STOPPING_TIMEOUT, refuse(socket)).await;
            None
        }
        First::Other => None,
    }
}

enum First {
    Http2,
    Http1,
    Other,
}

async fn first(socket: &mut Socket) -> io::Result<First> {
    let mut read = [0; PREFACE.len()];
    let mut count = 0;
    while count < read.len() {
        count += match socket.read(&mut read[count..]).await? {
            0 => return Ok(First::Other),
            some => some,
        };
        if !PREFACE.starts_with(&read[..count]) {
            let is_method = read[0].is_ascii_uppercase();
            return Ok(if is_method {
                First::Http1
            } else {
                First::Other
            });
        }
    }
    Ok(First::Http2)
}

async fn refuse(mut socket: Socket) -> io::Result<()> {
    socket.write_all(REFUSAL).await?;
    socket.shutdown().await?;
    // A socket that is closed with something unread is reset, and the answer may be lost with it. What is larger than this
    // comes from nobody who has only mistaken the port.
    let mut rest = [0; 4096];
    for _ in 0..16 {
        if socket.read(&mut rest).await? == 0 {
            break;
        }
    }
    Ok(())
}
