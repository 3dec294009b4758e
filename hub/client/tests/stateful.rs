//! Stateful reconnects: a proxy cuts the connection again and again, and nothing is lost or doubled.

mod support;

use std::sync::Arc;

use campanile_hub_client::{HubConnectionBuilder, HubConnectionState, HubProtocol};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use crate::support::{Server, soon, told};

const CUTS: i32 = 100;
const MESSAGES: i32 = 20;

/// Passes bytes on in both directions until it is told to cut.
async fn proxy(to: String, cut: Arc<Notify>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let (to, cut) = (to.clone(), cut.clone());
            tokio::spawn(async move {
                let mut server = TcpStream::connect(to).await.unwrap();
                tokio::select! {
                    _ = tokio::io::copy_bidirectional(&mut client, &mut server) => {}
                    () = cut.notified() => {}
                }
            });
        }
    });
    url
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_doubled_over_a_hundred_cuts() {
    let server = Server::start().await;
    for protocol in HubProtocol::ALL {
        let cut = Arc::new(Notify::new());
        let address = server.url.trim_start_matches("http://").to_owned();
        let url = proxy(address, cut.clone()).await;
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
            cut.notify_waiters();
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
