//! Which hub protocols are spoken, and what becomes of garbage in one that is not built in.

#[path = "../examples/cbor/protocol.rs"]
mod cbor;
mod support;

use std::time::Duration;

use campanile_host::Inject;
use campanile_host::hosting::HostBuilder;
use campanile_host::services::{ServiceCollection, ServiceError};
use campanile_hub::{
    HubHostBuilderExt, HubOptions, HubProtocol, HubService, HubServiceCollectionExt,
    SlowClientPolicy, hub,
};
use campanile_hub_protocol::{CompletionOutcome, IncomingMessage};
use campanile_web::ServerAddresses;
use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use support::{Client, Server};
use tokio_tungstenite::tungstenite::Message;

use crate::cbor::CBOR;

const PROTOCOL: HubProtocol = HubProtocol::Custom(&CBOR);

#[derive(Inject)]
struct TestHub;

#[hub]
impl TestHub {
    pub fn add(&self, a: i32, b: i32) -> i32 {
        a.wrapping_add(b)
    }

    pub fn same(&self, value: Value) -> Value {
        value
    }
}

async fn start(options: HubOptions) -> Server {
    Server::start_with::<TestHub>(options, |services| {
        services.add_hub_protocol(&CBOR);
    })
    .await
}

/// Shakes hands, and gives what the server says to it.
async fn handshake(server: &Server, protocol: &str, version: i32) -> (Client, Option<Value>) {
    let mut client = server.open("/").await;
    let request = format!("{{\"protocol\":\"{protocol}\",\"version\":{version}}}\u{1e}");
    client.send_text(&request).await;
    let answer = tokio::time::timeout(Duration::from_secs(60), client.socket.next());
    let answer = match answer.await.unwrap() {
        Some(Ok(message)) => {
            let text = message.into_data();
            serde_json::from_slice(&text[..text.len().saturating_sub(1)]).ok()
        }
        _ => None,
    };
    (client, answer)
}

async fn connect(server: &Server) -> Client {
    let (client, answer) = handshake(server, "CBOR", 1).await;
    assert_eq!(answer, Some(serde_json::json!({})));
    client
}

/// The next message that is no ping; none once the connection is over.
async fn next(client: &mut Client) -> Option<Vec<u8>> {
    loop {
        let received = tokio::time::timeout(Duration::from_secs(60), client.socket.next());
        match received.await.unwrap() {
            Some(Ok(Message::Binary(bytes))) => {
                let frame = PROTOCOL.next_frame(&bytes, None).unwrap().unwrap();
                assert_eq!(frame.consumed, bytes.len(), "a message a frame");
                if !matches!(PROTOCOL.parse(frame.body), Ok(IncomingMessage::Ping)) {
                    return Some(frame.body.to_vec());
                }
            }
            Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
            Some(Ok(_)) => {}
        }
    }
}

async fn send(client: &mut Client, body: &[u8]) {
    assert!(body.len() < 128, "the length takes one byte");
    let message = [&[body.len() as u8], body].concat();
    client.socket.send(Message::binary(message)).await.unwrap();
}

/// `Add(1, 2)`, as the specification of CBOR has it.
const ADD: &[u8] = b"\x86\x01\xa0\x61\x37\x63Add\x82\x01\x02\x80";
const THREE: &[u8] = b"\x85\x03\xa0\x61\x37\x03\x03";

#[tokio::test]
async fn the_bytes_are_those_of_the_protocol() {
    let server = start(HubOptions::default()).await;
    let mut client = connect(&server).await;
    send(&mut client, ADD).await;
    assert_eq!(next(&mut client).await.as_deref(), Some(THREE));
    // In pieces, and two at once.
    let add = [&[ADD.len() as u8], ADD].concat();
    let twice = [&add[..], &add[..]].concat();
    for piece in [&twice[..5], &twice[5..]] {
        let piece = Message::binary(piece.to_vec());
        client.socket.send(piece).await.unwrap();
    }
    for _ in 0..2 {
        assert_eq!(next(&mut client).await.as_deref(), Some(THREE));
    }
}

#[tokio::test]
async fn garbage_ends_its_own_connection_and_no_other() {
    let mut options = HubOptions::default();
    options.enable_detailed_errors = true;
    let server = start(options).await;
    let mut other = connect(&server).await;
    #[rustfmt::skip]
    let cases: [&[u8]; 10] = [
        b"",
        b"\xff",
        b"not CBOR",
        b"\x81\x61\x31",
        // A call that ends too early, of more arguments than there is memory for, of a stream without an id.
        b"\x86\x01\xa0\x61\x37\x63Add",
        b"\x86\x01\xa0\x61\x37\x63Add\x9b\xff\xff\xff\xff\xff\xff\xff\xff\x01",
        b"\x86\x04\xa0\xf6\x63Add\x80\x80",
        // An item, an end and a cancellation of nothing.
        b"\x84\x02\xa0\x60\x01",
        b"\x84\x03\xa0\x60\x02",
        b"\x83\x05\xa0\x60",
    ];
    for garbage in cases {
        let mut client = connect(&server).await;
        send(&mut client, garbage).await;
        let closed = next(&mut client).await.expect("a Close message");
        match PROTOCOL.parse(&closed).unwrap() {
            IncomingMessage::Close {
                error: Some(error), ..
            } => assert!(error.contains("InvalidDataException"), "{error}"),
            other => panic!("{garbage:02x?}: {other:?}"),
        }
        assert_eq!(next(&mut client).await, None);
    }
    let mut client = connect(&server).await;
    let long = Message::binary(vec![0xff; 6]);
    client.socket.send(long).await.unwrap();
    assert!(next(&mut client).await.is_some(), "no length is so long");
    assert_eq!(next(&mut client).await, None);
    send(&mut other, ADD).await;
    assert_eq!(next(&mut other).await.as_deref(), Some(THREE));
}

#[tokio::test]
async fn values_that_do_not_fit_are_told_and_harm_nothing() {
    let server = start(HubOptions::default()).await;
    let mut client = connect(&server).await;
    let nested = [
        &b"\x86\x01\xa0\x61\x37\x64Same\x81"[..],
        &[0x81; 100],
        b"\x80\x80",
    ]
    .concat();
    #[rustfmt::skip]
    let cases: [&[u8]; 4] = [
        // A text for a number, too few, too many, too deep.
        b"\x86\x01\xa0\x61\x37\x63Add\x82\x61\x31\x02\x80",
        b"\x86\x01\xa0\x61\x37\x63Add\x81\x01\x80",
        b"\x86\x01\xa0\x61\x37\x63Add\x83\x01\x02\x03\x80",
        &nested,
    ];
    for unfit in cases {
        send(&mut client, unfit).await;
        let answer = next(&mut client).await.expect("an answer");
        let IncomingMessage::Completion(completion) = PROTOCOL.parse(&answer).unwrap() else {
            panic!("{answer:02x?}");
        };
        assert_eq!(completion.invocation_id, "7");
        let CompletionOutcome::Error(text) = completion.outcome else {
            panic!("{:?}", completion.outcome);
        };
        assert!(text.contains("due to an error on the server"), "{text}");
    }
    send(&mut client, ADD).await;
    assert_eq!(next(&mut client).await.as_deref(), Some(THREE));
}

#[tokio::test]
async fn a_slow_client_is_left_the_newest() {
    let mut options = HubOptions::default();
    options.slow_client = SlowClientPolicy::KeepNewest;
    let server = start(options).await;
    let mut client = connect(&server).await;
    send(&mut client, ADD).await;
    assert!(next(&mut client).await.is_some());
    let text = "x".repeat(64 * 1024);
    let all = server.context::<TestHub>().clients().untyped().all();
    // More than a socket takes: nobody reads meanwhile.
    for number in 0..400 {
        all.send("Number", (number, &text)).await.unwrap();
    }
    let mut count = 0;
    loop {
        let message = next(&mut client)
            .await
            .expect("the newest is still to come");
        let IncomingMessage::Invocation(call) = PROTOCOL.parse(&message).unwrap() else {
            panic!("{:02x?}", &message[..10]);
        };
        count += 1;
        if call.arguments.reader(2).next::<i32>().unwrap() == 399 {
            break;
        }
    }
    assert!(count < 400, "nothing was dropped");
}

#[tokio::test]
async fn what_is_not_spoken_is_refused() {
    let refused = |text: &str| Some(serde_json::json!({ "error": text }));
    let server = start(HubOptions::default()).await;
    let (_, answer) = handshake(&server, "cbor", 3).await;
    assert_eq!(
        answer,
        refused("The server does not support version 3 of the 'cbor' protocol.")
    );
    let (_, answer) = handshake(&server, "cbo", 1).await;
    assert_eq!(answer, refused("The protocol 'cbo' is not supported."));

    // Not added.
    let server = Server::start::<TestHub>(HubOptions::default()).await;
    let (_, answer) = handshake(&server, "cbor", 1).await;
    assert_eq!(answer, refused("The protocol 'cbor' is not supported."));

    // Added, and not wanted here.
    let mut options = HubOptions::default();
    options.supported_protocols = Some(vec!["Cbor".to_owned()]);
    let server = start(options).await;
    let (_, answer) = handshake(&server, "json", 1).await;
    assert_eq!(answer, refused("The protocol 'json' is not supported."));
    let (_, answer) = handshake(&server, "cbor", 2).await;
    assert_eq!(answer, Some(serde_json::json!({})));
}

/// What is behind the hub's name.
fn text(error: &ServiceError) -> String {
    let text = error.to_string();
    let (_, text) = text.split_once("the hub TestHub: ").unwrap();
    text.to_owned()
}

#[tokio::test]
async fn names_that_nobody_knows_do_not_start() {
    let mut services = ServiceCollection::new();
    services.add_hub::<TestHub>().add_hub_protocol(&CBOR);
    let services = services.build().unwrap();
    let mut options = HubOptions::default();
    options.supported_protocols = Some(vec!["json".to_owned(), "cbro".to_owned()]);
    let error = HubService::new::<TestHub>(&services, options).unwrap_err();
    assert_eq!(
        text(&error),
        "unknown hub protocol 'cbro' in SupportedProtocols: the protocols are json, messagepack, cbor"
    );

    let mut services = ServiceCollection::new();
    services.add_hub::<TestHub>();
    services.add_hub_protocol(&CBOR).add_hub_protocol(&CBOR);
    let services = services.build().unwrap();
    let error = HubService::new::<TestHub>(&services, HubOptions::default()).unwrap_err();
    assert_eq!(
        text(&error),
        "there are two hub protocols that are called 'cbor'"
    );
}

#[tokio::test]
async fn the_configuration_says_which_are_spoken() {
    let start = async |names: &[(&str, &str)]| {
        let arguments = [
            "--urls",
            "http://127.0.0.1:0",
            "--Logging:LogLevel:Default",
            "None",
        ];
        let names = names.iter().flat_map(|(key, name)| [*key, *name]);
        let host = HostBuilder::new()
            .without_signals()
            .with_args(arguments.into_iter().chain(names))
            .add_hub_protocol(&CBOR)
            .add_hub::<TestHub>("/")
            .build()
            .unwrap();
        match host.start().await {
            Ok(()) => Ok(host),
            Err(error) => Err(error.to_string()),
        }
    };
    let error = start(&[("--SignalR:SupportedProtocols:0", "cbro")])
        .await
        .unwrap_err();
    assert!(error.contains("unknown hub protocol 'cbro'"), "{error}");

    let own = "--SignalR:Hubs:TestHub:SupportedProtocols:0";
    let common = "--SignalR:SupportedProtocols:0";
    let host = start(&[(common, "json"), (own, "cbor")]).await.unwrap();
    let addresses = host.services().required::<ServerAddresses>().unwrap();
    let address = addresses.first().unwrap();
    let server = Server {
        address: address.trim_start_matches("http://").parse().unwrap(),
        services: host.services().clone(),
    };
    let (_, answer) = handshake(&server, "json", 1).await;
    let refused = serde_json::json!({"error": "The protocol 'json' is not supported."});
    assert_eq!(answer, Some(refused));
    let mut client = connect(&server).await;
    send(&mut client, ADD).await;
    assert_eq!(next(&mut client).await.as_deref(), Some(THREE));
    host.stop().await.unwrap();
}
