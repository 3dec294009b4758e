//! Our own client against servers as processes: ours, one that this project did not write, and with `END_TO_END_SERVER` (host
//! and port) whichever offers the conformance hub.

mod features;

use std::io::Write as _;
use std::time::Duration;

use campanile_hub_client::{
    ClientError, HubConnection, HubConnectionBuilder, HubConnectionState, HubProtocol, RetryDelays,
    Transport,
};
use end_to_end::toolchains::{present, python};
use end_to_end::{Balancer, ConformanceServer, Wire, missing};

use crate::features::{FEATURES, soon, told};

/// Every transport with every protocol that it carries.
const WAYS: [(Transport, HubProtocol); 5] = [
    (Transport::WebSockets, HubProtocol::Json),
    (Transport::WebSockets, HubProtocol::MessagePack),
    (Transport::ServerSentEvents, HubProtocol::Json),
    (Transport::LongPolling, HubProtocol::Json),
    (Transport::LongPolling, HubProtocol::MessagePack),
];

fn builder(url: &str, transport: Transport, protocol: HubProtocol) -> HubConnectionBuilder {
    HubConnectionBuilder::new(url)
        .transports([transport])
        .protocol(protocol)
        .header("x-name", "value")
        .header("x-transport", transport.name())
        .automatic_reconnect_with(RetryDelays::new([Duration::from_millis(20)]).for_ever())
}

/// Tries each feature in each way but for those that the server does not offer.
async fn features(url: &str, ways: &[(Transport, HubProtocol)], not_offered: &[&str]) -> usize {
    let mut count = 0;
    for (transport, protocol) in ways {
        let connection = builder(url, *transport, *protocol).build().unwrap();
        soon(connection.start()).await.unwrap();
        for (name, feature) in FEATURES {
            if not_offered.contains(&name) {
                continue;
            }
            let run = tokio::spawn(feature(connection.clone()));
            let way = format!("{name}, {} in {}", transport.name(), protocol.name());
            run.await.unwrap_or_else(|error| panic!("{way}: {error}"));
            count += 1;
        }
        soon(connection.stop()).await;
        assert_eq!(connection.state(), HubConnectionState::Disconnected);
    }
    count
}

/// Straight to the descriptor: the test harness swallows what a passing test prints.
fn tell(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

#[tokio::test]
async fn every_way_has_every_feature() {
    let server = ConformanceServer::start();
    let count = features(&server.url("/hubs/conformance"), &WAYS, &[]).await;
    tell(&format!(
        "our client: {count} features hold, {} ways",
        WAYS.len()
    ));
}

/// Each server knows its own connections alone: a request that reaches the other one fails.
#[tokio::test]
async fn a_balancer_that_goes_by_a_cookie_leads_every_request_to_one_server() {
    let test = "a_balancer_that_goes_by_a_cookie_leads_every_request_to_one_server";
    let servers = [ConformanceServer::start(), ConformanceServer::start()];
    let addresses = [servers[0].address(), servers[1].address()];
    let Some(balancer) = Balancer::haproxy_by_cookie_alone(test, addresses) else {
        return;
    };
    // The connections begin at one and the other in turn.
    features(&balancer.url("/hubs/conformance"), &WAYS, &[]).await;
}

/// `aiosignalr` 0.1.1, from `PyPI`. What it does not offer:
///
/// - `MessagePack` that a client of the specification can read: it writes the number 128 where the map of headers belongs.
/// - long polling that such a client can use: the first poll is not answered before there is a message, and there is none
///   before the handshake.
/// - the transport's name, as its hubs do not know it; users, without a way to authenticate them.
#[tokio::test]
async fn a_server_of_other_people_has_what_it_offers() {
    let test = "a_server_of_other_people_has_what_it_offers";
    if missing(test, &[present("python3")]) {
        return;
    }
    let server = ConformanceServer::run(&mut python("aiosignalr_server.py"));
    let url = server.url("/hubs/conformance");
    let ways = [
        (Transport::WebSockets, HubProtocol::Json),
        (Transport::ServerSentEvents, HubProtocol::Json),
    ];
    let count = features(&url, &ways, &["transports"]).await;
    tell(&format!(
        "our client at aiosignalr: {count} features hold, 2 ways"
    ));
}

#[tokio::test]
async fn a_server_that_is_killed_and_started_again_is_found_again() {
    let server = ConformanceServer::start();
    if server.process().is_none() {
        return;
    }
    // The next server has another port: the old one could be taken by then.
    let wire = Wire::to(server.address());
    let url = format!("{}/hubs/conformance", wire.url());
    let mut lives = Vec::new();
    for (transport, protocol) in WAYS {
        let connection = builder(&url, transport, protocol).build().unwrap();
        let numbers = told::<i32>(&connection, "Number");
        soon(connection.start()).await.unwrap();
        let id = connection.connection_id();
        let pending = soon(connection.stream::<String>("InfiniteStream", ()))
            .await
            .unwrap();
        lives.push((transport, connection, numbers, id, pending));
    }
    // It is killed: nobody is told anything.
    drop(server);
    for (transport, connection, _, _, pending) in &mut lives {
        let error = soon(pending.next()).await.unwrap().unwrap_err();
        assert!(
            matches!(error, ClientError::ConnectionLost(_)),
            "{}: {error}",
            transport.name()
        );
        assert_ne!(connection.state(), HubConnectionState::Disconnected);
    }
    let server = ConformanceServer::start();
    wire.lead_to(server.address());
    for (transport, connection, mut numbers, id, _) in lives {
        soon(async {
            while connection.connection_id().is_none_or(|it| Some(it) == id) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await;
        soon(connection.send("SendToCaller", ("Number", 5)))
            .await
            .unwrap();
        let number = soon(numbers.recv()).await;
        assert_eq!(number, Some(5), "{}: handlers stay", transport.name());
        soon(connection.stop()).await;
    }
}

#[tokio::test]
async fn a_stateful_connection_loses_and_doubles_nothing() {
    const CUTS: i32 = 5;
    // Fewer than fill the buffer of the hub: ASP.NET Core's methods would wait in the way of what makes room.
    const MESSAGES: i32 = 4;
    let server = ConformanceServer::start();
    for protocol in HubProtocol::BUILT_IN {
        let wire = Wire::to(server.address());
        let url = format!("{}/hubs/reconnect", wire.url());
        let connection: HubConnection = HubConnectionBuilder::new(url)
            .protocol(protocol)
            .stateful_reconnect()
            .build()
            .unwrap();
        let mut numbers = told::<i32>(&connection, "Number");
        soon(connection.start()).await.unwrap();
        let id = connection.connection_id();
        for round in 0..CUTS {
            for number in 0..MESSAGES {
                let number = round * MESSAGES + number;
                soon(connection.send("SendToCaller", ("Number", number)))
                    .await
                    .unwrap();
            }
            wire.cut();
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
        assert_eq!(connection.connection_id(), id, "it is the same connection");
        assert!(numbers.try_recv().is_err());
        soon(connection.stop()).await;
    }
}
