//! Which transport is tried after which.

use campanile_hub_client::HubProtocol;
use http::header::ACCEPT;
use serde_json::json;

use super::*;

const ALL: [Transport; 3] = Transport::ALL;

/// What is asked, in lines, where each negotiation offers these transports and each transport is refused; and the error.
async fn all_refused(
    builder: impl Fn(HubConnectionBuilder) -> HubConnectionBuilder,
    offered: &serde_json::Value,
) -> (Vec<String>, ClientError) {
    let mut server = ScriptedServer::start().await;
    let connection = builder(server.builder()).build().unwrap();
    let answers = (0..4).flat_map(|_| [json(offered), status(503)]).collect();
    refused_with(&mut server, &connection, answers).await
}

#[tokio::test]
async fn each_refusal_leads_to_another_negotiation_and_the_next_transport() {
    let negotiation = "POST /hub/negotiate";
    let reverse = [ALL[2], ALL[1], ALL[0]];
    for (order, then) in [
        (ALL, ["WEBSOCKET /hub T", "GET /hub T", "GET /hub T"]),
        (reverse, ["GET /hub T", "GET /hub T", "WEBSOCKET /hub T"]),
    ] {
        let (asked, error) = all_refused(|it| it, &offer("T", &order)).await;
        let expected: Vec<_> = then.iter().flat_map(|it| [negotiation, it]).collect();
        assert_eq!(asked, expected);
        let ClientError::NoTransport(failed) = error else {
            panic!("{error}");
        };
        let names: Vec<_> = failed.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, order.map(Transport::name));
    }
}

#[tokio::test]
async fn a_web_socket_that_is_refused_or_cut_off_is_followed_by_events() {
    let refusals: [Option<u16>; 7] = [
        Some(200),
        Some(400),
        Some(401),
        Some(404),
        Some(500),
        Some(503),
        None,
    ];
    for code in refusals {
        let mut server = ScriptedServer::start().await;
        let connection = server.builder().build().unwrap();
        let refuse: Answer = match code {
            Some(code) => status(code),
            None => Box::new(drop),
        };
        let answers = vec![
            json(&offer("FIRST", &ALL)),
            refuse,
            json(&offer("SECOND", &ALL)),
            status(404),
            json(&json!({ "error": "enough" })),
        ];
        let (asked, _) = started_with(&mut server, &connection, answers).await;
        let lines: Vec<_> = asked.iter().map(line).collect();
        let expected = [
            "POST /hub/negotiate",
            "WEBSOCKET /hub FIRST",
            "POST /hub/negotiate",
            "GET /hub SECOND",
            "POST /hub/negotiate",
        ];
        assert_eq!(lines, expected, "{code:?}");
        assert_eq!(asked[3].header(ACCEPT), Some("text/event-stream"));
    }
}

#[tokio::test]
async fn the_next_transport_carries_the_connection() {
    // Events after a WebSocket.
    let mut server = ScriptedServer::start().await;
    let connection = server.builder().build().unwrap();
    let start = starting(&connection);
    server.next().await.json(&offer("FIRST", &ALL));
    server.next().await.status(404);
    server.next().await.json(&offer("SECOND", &ALL));
    let _stream = super::events::open(&mut server).await;
    soon(start).await.unwrap().unwrap();
    assert_eq!(connection.connection_id().as_deref(), Some("ID-SECOND"));

    // Polls after both.
    let mut server = ScriptedServer::start().await;
    let connection = server.builder().build().unwrap();
    let start = starting(&connection);
    for _ in 0..2 {
        server.next().await.json(&offer("LOST", &ALL));
        server.next().await.status(404);
    }
    server.next().await.json(&offer("THIRD", &ALL));
    super::polls::open(&mut server).await;
    soon(start).await.unwrap().unwrap();
    assert_eq!(connection.connection_id().as_deref(), Some("ID-THIRD"));
}

#[tokio::test]
async fn what_a_later_negotiation_offers_adds_nothing_to_the_first() {
    let (all, web_sockets) = (offer("NEXT", &ALL), offer("NEXT", &ALL[..1]));
    let first = |it| vec![json(&offer("FIRST", it)), status(404)];
    for (mut answers, then, expected) in [
        // Of what is offered at first, the rest is tried in its order.
        (
            first(&ALL),
            vec![
                json(&web_sockets),
                status(404),
                json(&web_sockets),
                status(404),
            ],
            vec![
                "WEBSOCKET /hub FIRST",
                "POST /hub/negotiate",
                "GET /hub NEXT",
                "POST /hub/negotiate",
                "GET /hub NEXT",
            ],
        ),
        (
            first(&ALL[..1]),
            vec![json(&all), status(404)],
            vec!["WEBSOCKET /hub FIRST"],
        ),
        (
            first(&ALL),
            vec![status(500), json(&offer("THIRD", &ALL)), status(404)],
            vec![
                "WEBSOCKET /hub FIRST",
                "POST /hub/negotiate",
                "POST /hub/negotiate",
                "GET /hub THIRD",
            ],
        ),
    ] {
        let mut server = ScriptedServer::start().await;
        let connection = server.builder().build().unwrap();
        answers.extend(then);
        let (asked, error) = refused_with(&mut server, &connection, answers).await;
        assert_eq!(asked[0], "POST /hub/negotiate");
        assert_eq!(asked[1..], expected);
        assert!(matches!(error, ClientError::NoTransport(_)), "{error}");
    }
}

#[tokio::test]
async fn transports_that_do_not_fit_are_not_tried() {
    let messagepack = |it: HubConnectionBuilder| it.protocol(HubProtocol::MessagePack);
    let text_alone = json!([{ "transport": "ServerSentEvents", "transferFormats": ["Text"] }]);
    let mut offered = offer("T", &ALL[..1]);
    offered["availableTransports"] = text_alone.clone();
    let (asked, error) = all_refused(messagepack, &offered).await;
    assert_eq!(asked, ["POST /hub/negotiate"]);
    assert!(
        matches!(&error, ClientError::NoTransport(none) if none.is_empty()),
        "{error}"
    );

    let mut offered = offer("T", &[ALL[0], ALL[2]]);
    let transports = offered["availableTransports"].as_array_mut().unwrap();
    transports.insert(1, text_alone[0].clone());
    let (asked, _) = all_refused(messagepack, &offered).await;
    let polls = [
        "POST /hub/negotiate",
        "WEBSOCKET /hub T",
        "POST /hub/negotiate",
        "GET /hub T",
    ];
    assert_eq!(asked, polls);

    let without_polls = |it: HubConnectionBuilder| it.transports([ALL[0], ALL[1]]);
    let (asked, error) = all_refused(without_polls, &offer("T", &ALL[2..])).await;
    assert_eq!(asked, ["POST /hub/negotiate"]);
    assert!(
        matches!(&error, ClientError::NoTransport(none) if none.is_empty()),
        "{error}"
    );
}

#[tokio::test]
async fn without_a_negotiation_there_are_web_sockets_alone() {
    let mut server = ScriptedServer::start().await;
    let url = format!("{}/hub?x=1", server.url);
    let skipping = |transports: &[Transport]| {
        let builder = HubConnectionBuilder::new(url.clone()).skip_negotiation();
        let builder = builder.transports(transports.iter().copied());
        super::tokens::counted(builder).build().unwrap()
    };
    for wrong in [&ALL[2..], &[ALL[0], ALL[2]]] {
        let error = soon(skipping(wrong).start()).await.unwrap_err();
        assert!(matches!(error, ClientError::Configuration(_)), "{error}");
        assert!(!server.is_asked());
    }
    let connection = skipping(&ALL[..1]);
    let (asked, error) = refused_with(&mut server, &connection, vec![status(404)]).await;
    assert_eq!(asked, ["WEBSOCKET /hub"]);
    assert_eq!(error.status().map(|it| it.as_u16()), Some(404));
    let start = starting(&connection);
    let request = server.next().await;
    assert_eq!(request.head.uri, "/hub?x=1");
    let _socket = request.accept().await;
    soon(start).await.unwrap().unwrap();
    assert_eq!(connection.connection_id(), None);
}
