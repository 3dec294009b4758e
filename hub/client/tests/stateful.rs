//! Stateful reconnects: a proxy cuts the connection again and again, and nothing is lost or doubled.

mod support;

use std::mem;
use std::sync::{Arc, Mutex};

use campanile_hub_client::{HubConnectionBuilder, HubConnectionState, HubProtocol};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::support::{Server, soon, told};

const CUTS: i32 = 100;
const MESSAGES: i32 = 20;

/// The connections that the next cut ends.
#[derive(Clone, Debug, Default)]
struct Generation {
    cut: CancellationToken,
    connections: TaskTracker,
}

/// Passes bytes on in both directions until it is told to cut.
#[derive(Clone, Debug, Default)]
struct Proxy(Arc<Mutex<Generation>>);

impl Proxy {
    async fn start(&self, to: String) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let proxy = self.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                // Under the lock, so that a cut waits for every connection it cuts.
                let generation = proxy.0.lock().unwrap();
                let (to, cut) = (to.clone(), generation.cut.clone());
                generation.connections.spawn(async move {
                    cut.run_until_cancelled(pass_on(client, to)).await;
                });
            }
        });
        url
    }

    /// Cuts every connection, and returns when none of them can carry anything any more: a connection that answered
    /// once more after its cut would let the next cut meet the handshake of its successor, which no client survives.
    async fn cut(&self) {
        let old = mem::take(&mut *self.0.lock().unwrap());
        old.cut.cancel();
        old.connections.close();
        old.connections.wait().await;
    }
}

async fn pass_on(mut client: TcpStream, to: String) {
    let mut server = TcpStream::connect(to).await.unwrap();
    // An end that breaks off is what this is here for.
    let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_doubled_over_a_hundred_cuts() {
    let server = Server::start().await;
    for protocol in HubProtocol::ALL {
        let proxy = Proxy::default();
        let address = server.url.trim_start_matches("http://").to_owned();
        let url = proxy.start(address).await;
        let connection = HubConnectionBuilder::new(format!("{url}/stateful"))
            .protocol(protocol)
            .stateful_reconnect()
            .build()
            .unwrap();
        let mut numbers = told(&connection, "Number");
        soon(connection.start()).await.unwrap();
        let id = connection.connection_id();
        for round in 0..CUTS {
            for number in 0..MESSAGES {
                let number = round * MESSAGES + number;
                soon(connection.send("TellMe", ("Number", number)))
                    .await
                    .unwrap();
            }
            soon(proxy.cut()).await;
            // The next cut comes when the connection has carried something again.
            let sum: i32 = soon(connection.invoke("Add", (round, 1))).await.unwrap();
            assert_eq!(sum, round + 1);
        }
        for number in 0..CUTS * MESSAGES {
            assert_eq!(
                soon(numbers.recv()).await,
                Some(number),
                "{}",
                protocol.name()
            );
        }
        assert_eq!(connection.state(), HubConnectionState::Connected);
        assert_eq!(connection.connection_id(), id, "it is the same connection");
        assert!(numbers.try_recv().is_err());
        soon(connection.stop()).await;
    }
    server.stop().await;
}
