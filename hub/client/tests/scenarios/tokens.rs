//! When the access token provider is asked, and which requests carry what it gave.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use campanile_hub_client::RetryDelays;
use http::Method;
use http::header::AUTHORIZATION;

use super::events::streaming;
use super::polls::polling;
use super::*;

/// Gives T1, T2, T3 and so on.
pub(super) fn counted(builder: HubConnectionBuilder) -> HubConnectionBuilder {
    let count = AtomicUsize::new(1);
    builder.access_token_provider(move || {
        let number = count.fetch_add(1, Ordering::Relaxed);
        async move { Ok::<_, String>(Some(format!("T{number}"))) }
    })
}

fn token(request: &Request) -> &str {
    request
        .header(AUTHORIZATION)
        .and_then(|it| it.strip_prefix("Bearer "))
        .unwrap_or_default()
}

#[tokio::test]
async fn a_web_socket_has_its_own_at_every_start_and_reconnect() {
    let mut server = ScriptedServer::start().await;
    let connection = counted(server.builder())
        .automatic_reconnect_with(RetryDelays::new([Duration::ZERO]))
        .build()
        .unwrap();
    let start = starting(&connection);
    let mut seen = Vec::new();
    for _ in 0..2 {
        let request = server.next().await;
        seen.push(token(&request).to_owned());
        request.json(&offer("TOKEN", &[Transport::WebSockets]));
        let request = server.next().await;
        seen.push(token(&request).to_owned());
        // Lost at once, so that it comes again.
        drop(request.accept().await);
    }
    soon(start).await.unwrap().unwrap();
    assert_eq!(seen, ["T1", "T2", "T3", "T4"]);
}

#[tokio::test]
async fn transports_over_http_carry_the_last_one() {
    let mut server = ScriptedServer::start().await;
    let builder = counted(server.builder());
    let (connection, _stream) = streaming(&mut server, builder).await;
    soon(connection.send("M", ())).await.unwrap();
    assert_eq!(token(&server.post().await), "T1");

    let mut server = ScriptedServer::start().await;
    let builder = counted(server.builder());
    let connection = polling(&mut server, builder).await;
    let poll = server.next().await;
    assert_eq!(
        (line(&poll).as_str(), token(&poll)),
        ("GET /hub TOKEN", "T1")
    );
    soon(connection.send("M", ())).await.unwrap();
    assert_eq!(token(&server.post().await), "T1");
    let stop = stopping(&connection);
    let delete = server.take(Method::DELETE).await;
    assert_eq!(
        (line(&delete).as_str(), token(&delete)),
        ("DELETE /hub TOKEN", "T1")
    );
    delete.status(202);
    soon(stop).await.unwrap();
}

#[tokio::test]
async fn a_transport_over_http_that_is_unauthorized_asks_once_more_with_another() {
    let http = |name| [("POST /hub/negotiate", "T1"), (name, "T1"), (name, "T2")];
    for (transport, requests) in [
        (Transport::ServerSentEvents, http("GET /hub TOKEN").to_vec()),
        (Transport::LongPolling, http("GET /hub TOKEN").to_vec()),
        // It has just been given a new one.
        (
            Transport::WebSockets,
            vec![
                ("POST /hub/negotiate", "T1"),
                ("WEBSOCKET /hub TOKEN", "T2"),
            ],
        ),
    ] {
        let mut server = ScriptedServer::start().await;
        let connection = counted(server.builder()).build().unwrap();
        let answers = vec![
            json(&offer("TOKEN", &[transport])),
            status(401),
            status(403),
        ];
        let (asked, outcome) = started_with(&mut server, &connection, answers).await;
        assert!(outcome.is_err());
        let asked: Vec<_> = asked
            .iter()
            .map(|it| (line(it), token(it).to_owned()))
            .collect();
        let asked: Vec<_> = asked
            .iter()
            .map(|(a, b)| (a.as_str(), b.as_str()))
            .collect();
        assert_eq!(asked, requests);
    }
}

#[tokio::test]
async fn a_negotiation_that_is_unauthorized_is_not_repeated() {
    let mut server = ScriptedServer::start().await;
    let connection = counted(server.builder()).build().unwrap();
    let (asked, error) = refused_with(&mut server, &connection, vec![status(401)]).await;
    assert_eq!(asked.len(), 1);
    assert_eq!(error.status().map(|it| it.as_u16()), Some(401));
}

#[tokio::test]
async fn a_message_that_is_unauthorized_is_sent_once_more_and_then_ends_the_connection() {
    let mut server = ScriptedServer::start().await;
    let builder = counted(server.builder());
    let connection = polling(&mut server, builder).await;
    let mut life = life(&connection);
    let _poll = server.next().await;
    soon(connection.send("Once", ())).await.unwrap();
    let mut seen = Vec::new();
    for code in [401, 200] {
        let request = server.next().await;
        seen.push((
            token(&request).to_owned(),
            request.messages()[0]["target"].clone(),
        ));
        request.status(code);
    }
    assert_eq!(
        seen,
        [
            ("T1".to_owned(), "Once".into()),
            ("T2".to_owned(), "Once".into())
        ]
    );
    soon(connection.send("Twice", ())).await.unwrap();
    for expected in ["T2", "T3"] {
        let request = server.next().await;
        assert_eq!(token(&request), expected, "the last one counts");
        request.status(401);
    }
    let request = server.next().await;
    assert_eq!(line(&request), "DELETE /hub TOKEN");
    request.status(202);
    let closed = life.next().await;
    assert!(closed.contains("401 Unauthorized"), "{closed}");
}

#[tokio::test]
async fn headers_go_along_with_every_request() {
    let mut server = ScriptedServer::start().await;
    let builder = server.builder().header("x-name", "value");
    let connection = builder
        .transports([Transport::LongPolling])
        .build()
        .unwrap();
    let answers = vec![
        json(&offer("TOKEN", &[Transport::LongPolling])),
        status(200),
    ];
    let (asked, _) = started_with(&mut server, &connection, answers).await;
    assert!(asked.len() > 3);
    for request in asked {
        assert_eq!(
            request.head.headers["x-name"],
            "value",
            "{}",
            line(&request)
        );
    }
}
