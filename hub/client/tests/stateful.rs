//! Stateful reconnects: a proxy cuts the connection again and again, and nothing is lost or doubled.

mod support;

use campanile_hub_client::{HubConnectionBuilder, HubConnectionState, HubProtocol};

use crate::support::proxy::Proxy;
use crate::support::{Server, soon, told};

const CUTS: i32 = 100;
const MESSAGES: i32 = 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_doubled_over_a_hundred_cuts() {
    let server = Server::start().await;
    for protocol in HubProtocol::BUILT_IN {
        let proxy = Proxy::default();
        let url = proxy.start(server.address().to_owned()).await;
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
