//! A hub protocol that is not built in, on both sides and over the wire: whatever can be said in JSON can be said in it.

#[path = "../../examples/cbor/protocol.rs"]
mod cbor;
mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use campanile_hub::HubHostBuilderExt;
use campanile_hub_client::{
    ClientError, HubConnection, HubConnectionBuilder, HubConnectionState, HubProtocol, Transport,
    UploadExt,
};
use futures_util::{StreamExt, stream};
use serde::{Serialize, Serializer};

use crate::cbor::CBOR;
use crate::support::proxy::Proxy;
use crate::support::{Server, soon, told};

const PROTOCOL: HubProtocol = HubProtocol::Custom(&CBOR);

async fn server() -> Server {
    Server::start_with(|host| host.add_hub_protocol(&CBOR)).await
}

async fn connect(server: &Server, protocol: HubProtocol, transport: Transport) -> HubConnection {
    let builder = server.builder().protocol(protocol).transports([transport]);
    let connection = builder.build().unwrap();
    soon(connection.start()).await.unwrap();
    connection
}

#[tokio::test]
async fn calls_streams_uploads_and_questions_work_as_in_json() {
    let server = server().await;
    for transport in [Transport::WebSockets, Transport::LongPolling] {
        let client = connect(&server, PROTOCOL, transport).await;
        let sum: i32 = soon(client.invoke("Add", (-3, 45))).await.unwrap();
        assert_eq!(sum, 42);
        soon(client.invoke::<()>("Nothing", ())).await.unwrap();
        let long = "ü".repeat(1000);
        let echo: String = soon(client.invoke("Echo", (&long,))).await.unwrap();
        assert_eq!(echo, long);

        let failed = soon(client.invoke::<()>("Fail", ("not today",))).await;
        let error = failed.unwrap_err();
        let text = error.server_text().unwrap();
        assert!(text.contains("not today"), "{text}");
        for arguments in [
            client.invoke::<i32>("Add", ("one", 2)).await,
            client.invoke("Add", (1,)).await,
        ] {
            let error = arguments.unwrap_err();
            let text = error.server_text().unwrap();
            assert_eq!(
                text,
                "Failed to invoke 'Add' due to an error on the server."
            );
        }
        let unfit = soon(client.invoke::<String>("Add", (1, 2))).await;
        assert!(matches!(unfit, Err(ClientError::Result(_))), "{unfit:?}");

        let numbers = soon(client.stream::<i32>("Count", (5,))).await.unwrap();
        let numbers: Vec<i32> = soon(numbers.map(Result::unwrap).collect::<Vec<_>>()).await;
        assert_eq!(numbers, [0, 1, 2, 3, 4]);
        let mut broken = soon(client.stream::<i32>("Broken", ())).await.unwrap();
        assert_eq!(soon(broken.next()).await.unwrap().unwrap(), 1);
        let error = soon(broken.next()).await.unwrap().unwrap_err();
        assert!(error.server_text().unwrap().contains("it broke"));

        let upload = ("sum",).upload(stream::iter([1, 2, 3]));
        let sum: String = soon(client.invoke("Sum", upload)).await.unwrap();
        assert_eq!(sum, "sum: 6");
        let upload = ("sum",).try_upload(stream::iter([Ok(1), Err("no more")]));
        let error = soon(client.invoke::<String>("Sum", upload))
            .await
            .unwrap_err();
        assert!(error.server_text().unwrap().contains("no more"), "{error}");
        let upload = ("sum",).upload(stream::iter(["no number"]));
        let error = soon(client.invoke::<String>("Sum", upload))
            .await
            .unwrap_err();
        assert!(error.server_text().is_some(), "{error}");

        client.on_with_result("Double", |number: i32| async move {
            Ok::<_, String>(number * 2)
        });
        let answer: i32 = soon(client.invoke("AskMe", ("Double", 21))).await.unwrap();
        assert_eq!(answer, 42);
        client.on_with_result("Refuse", |_: i32| async { Err::<i32, _>("I will not") });
        let error = soon(client.invoke::<i32>("AskMe", ("Refuse", 1))).await;
        assert!(
            error
                .unwrap_err()
                .server_text()
                .unwrap()
                .contains("I will not")
        );
        soon(client.stop()).await;
    }
    server.stop().await;
}

/// A number that counts how often it is written.
struct Counting(Arc<AtomicUsize>);

impl Serialize for Counting {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.fetch_add(1, Ordering::Relaxed);
        serializer.serialize_i32(7)
    }
}

#[tokio::test]
async fn a_broadcast_reaches_the_clients_of_all_protocols_and_is_written_once_for_each() {
    let server = server().await;
    let mut clients = Vec::new();
    for protocol in [HubProtocol::Json, HubProtocol::MessagePack, PROTOCOL] {
        for transport in [Transport::WebSockets, Transport::LongPolling] {
            let client = connect(&server, protocol, transport).await;
            let numbers = told(&client, "Number");
            // The handshake is answered before the hub knows the client.
            soon(client.invoke::<()>("Nothing", ())).await.unwrap();
            clients.push((client, numbers));
        }
    }
    let written = Arc::new(AtomicUsize::new(0));
    let all = server.context().clients().untyped().all();
    soon(all.send("Number", (Counting(written.clone()),)))
        .await
        .unwrap();
    for (_, numbers) in &mut clients {
        assert_eq!(soon(numbers.recv()).await, Some(7));
    }
    assert_eq!(written.load(Ordering::Relaxed), 3);
    for (client, _) in &clients {
        soon(client.stop()).await;
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_is_resumed_and_loses_nothing() {
    let server = server().await;
    let proxy = Proxy::default();
    let url = proxy.start(server.address().to_owned()).await;
    let client = HubConnectionBuilder::new(format!("{url}/stateful"))
        .protocol(PROTOCOL)
        .stateful_reconnect()
        .build()
        .unwrap();
    let mut numbers = told(&client, "Number");
    soon(client.start()).await.unwrap();
    let id = client.connection_id();
    for round in 0..10 {
        for number in 0..20 {
            let number = round * 20 + number;
            let sent = client.send("TellMe", ("Number", number));
            soon(sent).await.unwrap();
        }
        soon(proxy.cut()).await;
        // The next cut comes when the connection has carried something again.
        let sum: i32 = soon(client.invoke("Add", (round, 1))).await.unwrap();
        assert_eq!(sum, round + 1);
    }
    for number in 0..200 {
        assert_eq!(soon(numbers.recv()).await, Some(number));
    }
    assert!(numbers.try_recv().is_err());
    assert_eq!(client.state(), HubConnectionState::Connected);
    assert_eq!(client.connection_id(), id, "it is the same connection");
    soon(client.stop()).await;
    server.stop().await;
}

#[tokio::test]
async fn a_server_that_does_not_know_it_says_so() {
    let server = Server::start().await;
    let client = server.builder().protocol(PROTOCOL).build().unwrap();
    let error = soon(client.start()).await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("The protocol 'cbor' is not supported."),
        "{error}"
    );
    server.stop().await;
}

#[tokio::test]
async fn events_cannot_carry_it() {
    let server = server().await;
    let builder = server.builder().protocol(PROTOCOL);
    let client = builder
        .transports([Transport::ServerSentEvents])
        .build()
        .unwrap();
    assert!(soon(client.start()).await.is_err());
    server.stop().await;
}
