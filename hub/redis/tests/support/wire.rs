//! A wire to Redis that is slow, or cut within a message.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// Passes on what comes, both ways, for as long as the test runs.
pub(crate) struct Wire {
    port: u16,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    /// How much later each piece arrives, in milliseconds.
    delay: AtomicU64,
    /// How many bytes still pass; without an end where it is negative.
    left: AtomicI64,
    cuts: AtomicUsize,
    cut: Notify,
}

impl Wire {
    pub(crate) async fn to(redis: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State::default());
        state.left.store(-1, Ordering::SeqCst);
        tokio::spawn({
            let state = state.clone();
            async move {
                while let Ok((client, _)) = listener.accept().await {
                    tokio::spawn(pass(client, redis, state.clone()));
                }
            }
        });
        Self { port, state }
    }

    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Lets everything arrive that much later.
    pub(crate) fn delay(&self, delay: Duration) {
        let delay = u64::try_from(delay.as_millis()).unwrap();
        self.state.delay.store(delay, Ordering::SeqCst);
    }

    /// Cuts all connections there are once so many bytes have passed; new ones are passed on.
    pub(crate) fn cut_after(&self, bytes: i64) {
        self.state.left.store(bytes, Ordering::SeqCst);
    }

    /// How often it was cut.
    pub(crate) fn cuts(&self) -> usize {
        self.state.cuts.load(Ordering::SeqCst)
    }
}

async fn pass(client: TcpStream, redis: u16, state: Arc<State>) -> io::Result<()> {
    let server = TcpStream::connect(("127.0.0.1", redis)).await?;
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    // From here on, a cut is for this one, too.
    let cut = state.cut.notified();
    tokio::pin!(cut);
    cut.as_mut().enable();
    tokio::select! {
        outcome = forward(from_client, to_server, &state) => outcome,
        outcome = forward(from_server, to_client, &state) => outcome,
        () = cut => Ok(()),
    }
}

async fn forward(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, state: &State) -> io::Result<()> {
    let mut piece = vec![0; 64 * 1024];
    loop {
        let length = from.read(&mut piece).await?;
        if length == 0 {
            return Ok(());
        }
        let delay = state.delay.load(Ordering::SeqCst);
        if delay > 0 {
            tokio::time::sleep(Duration::from_millis(delay)).await;
        }
        let left = state.left.load(Ordering::SeqCst);
        let passing = match usize::try_from(left) {
            Err(_) => length,
            Ok(left) => {
                let passing = length.min(left);
                let rest = i64::try_from(left - passing).expect("it was one");
                state.left.store(rest, Ordering::SeqCst);
                passing
            }
        };
        to.write_all(&piece[..passing]).await?;
        if passing < length {
            state.left.store(-1, Ordering::SeqCst);
            state.cuts.fetch_add(1, Ordering::SeqCst);
            state.cut.notify_waiters();
            return Ok(());
        }
    }
}
