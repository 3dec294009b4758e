//! A proxy that cuts, stalls and delays.

use std::mem;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The connections that the next cut ends.
#[derive(Clone, Debug, Default)]
struct Generation {
    cut: CancellationToken,
    connections: TaskTracker,
}

/// Passes bytes on in both directions until it is told to cut, or to stall.
#[derive(Clone, Debug)]
pub(crate) struct Proxy {
    generation: Arc<Mutex<Generation>>,
    stalled: watch::Sender<bool>,
    delay: Duration,
}

impl Default for Proxy {
    fn default() -> Self {
        Self::with_delay(Duration::ZERO)
    }
}

impl Proxy {
    /// Everything arrives that much later.
    pub(crate) fn with_delay(delay: Duration) -> Self {
        Self {
            generation: Arc::default(),
            stalled: watch::channel(false).0,
            delay,
        }
    }

    /// Holds everything back, or lets it go on.
    pub(crate) fn stall(&self, stalled: bool) {
        self.stalled.send_replace(stalled);
    }

    pub(crate) async fn start(&self, to: String) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let proxy = self.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                // Under the lock, so that a cut waits for every connection it cuts.
                let generation = proxy.generation.lock().unwrap();
                let (to, cut) = (to.clone(), generation.cut.clone());
                let (stalled, delay) = (proxy.stalled.subscribe(), proxy.delay);
                generation.connections.spawn(async move {
                    cut.run_until_cancelled(pass_on(client, to, stalled, delay))
                        .await;
                });
            }
        });
        url
    }

    /// Cuts every connection, and returns when none of them can carry anything any more: a connection that answered
    /// once more after its cut would let the next cut meet the handshake of its successor, which no client survives.
    pub(crate) async fn cut(&self) {
        let old = mem::take(&mut *self.generation.lock().unwrap());
        old.cut.cancel();
        old.connections.close();
        old.connections.wait().await;
    }
}

async fn pass_on(client: TcpStream, to: String, stalled: watch::Receiver<bool>, delay: Duration) {
    // A server that is gone is one of the things that clients have to live with.
    let Ok(server) = TcpStream::connect(to).await else {
        return;
    };
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    tokio::join!(
        one_way(&mut from_client, &mut to_server, stalled.clone(), delay),
        one_way(&mut from_server, &mut to_client, stalled, delay),
    );
}

/// Passes bytes on until one side ends, and tells the other.
async fn one_way(
    from: &mut OwnedReadHalf,
    to: &mut OwnedWriteHalf,
    mut stalled: watch::Receiver<bool>,
    delay: Duration,
) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        if stalled.wait_for(|it| !it).await.is_err() || to.write_all(&buffer[..read]).await.is_err()
        {
            break;
        }
    }
    let _ = to.shutdown().await;
}
