//! Negotiations that lead to another server, as Azure SignalR Service has them.

use http::header::AUTHORIZATION;
use serde_json::json;

use super::*;

/// Names another hub on the same server.
fn redirect(server: &ScriptedServer, path: &str, token: Option<&str>) -> Answer {
    let url = format!("{}{path}", server.url);
    json(&match token {
        Some(token) => json!({ "url": url, "accessToken": token }),
        None => json!({ "url": url }),
    })
}

/// Gives another token each time.
fn own_tokens(builder: HubConnectionBuilder) -> HubConnectionBuilder {
    let count = std::sync::atomic::AtomicUsize::new(1);
    builder.access_token_provider(move || {
        let number = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        async move { Ok::<_, String>(Some(format!("OWN-{number}"))) }
    })
}

fn tokens(asked: &[Request]) -> Vec<&str> {
    let token = asked.iter().map(|it| it.header(AUTHORIZATION));
    token.map(Option::unwrap_or_default).collect()
}

#[tokio::test]
async fn url_and_token_of_the_answer_are_used_with_the_clients_own_headers() {
    let mut server = ScriptedServer::start().await;
    let url = format!("{}/hub?mine=1", server.url);
    let connection = HubConnectionBuilder::new(url)
        .header("x-name", "value")
        .build()
        .unwrap();
    let start = starting(&connection);
    let request = server.next().await;
    assert_eq!(request.query("mine").as_deref(), Some("1"));
    redirect(&server, "/client/?hub=chat&asrs.op=%2Fhub", Some("AZURE"))(request);
    let request = server.next().await;
    assert_eq!(
        request.head.uri,
        "/client/negotiate?hub=chat&asrs.op=%2Fhub&negotiateVersion=1"
    );
    assert_eq!(request.header(AUTHORIZATION), Some("Bearer AZURE"));
    assert_eq!(request.head.headers["x-name"], "value");
    request.json(&offer("TOKEN", &[Transport::WebSockets]));
    let request = server.next().await;
    assert_eq!(
        request.head.uri,
        "/client/?hub=chat&asrs.op=%2Fhub&id=TOKEN"
    );
    assert_eq!(request.header(AUTHORIZATION), Some("Bearer AZURE"));
    assert_eq!(request.head.headers["x-name"], "value");
    let _socket = request.accept().await;
    soon(start).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_token_of_the_answer_takes_the_place_of_the_clients_own() {
    for (token, then) in [
        (
            Some("AZURE"),
            ["Bearer OWN-1", "Bearer AZURE", "Bearer AZURE"],
        ),
        (Some(""), ["Bearer OWN-1", "", ""]),
        (None, ["Bearer OWN-1", "Bearer OWN-2", "Bearer OWN-3"]),
    ] {
        let mut server = ScriptedServer::start().await;
        let connection = own_tokens(server.builder()).build().unwrap();
        let answers = vec![
            redirect(&server, "/service", token),
            json(&offer("TOKEN", &[Transport::WebSockets])),
            status(404),
        ];
        let (asked, _) = started_with(&mut server, &connection, answers).await;
        let lines: Vec<_> = asked.iter().map(line).collect();
        assert_eq!(
            lines,
            [
                "POST /hub/negotiate",
                "POST /service/negotiate",
                "WEBSOCKET /service TOKEN"
            ]
        );
        assert_eq!(tokens(&asked), then, "{token:?}");
    }
}

#[tokio::test]
async fn a_circle_ends_after_a_hundred() {
    let mut server = ScriptedServer::start().await;
    let connection = server.builder().build().unwrap();
    let answers = (0..200)
        .map(|_| redirect(&server, "/round", None))
        .collect();
    let (asked, error) = refused_with(&mut server, &connection, answers).await;
    assert_eq!(asked.len(), 100);
    assert!(
        matches!(error, ClientError::TooManyRedirects(100)),
        "{error}"
    );
}

#[tokio::test]
async fn what_is_no_url_is_refused() {
    for url in ["/elsewhere", ""] {
        let mut server = ScriptedServer::start().await;
        let connection = server.builder().build().unwrap();
        let answer = json(&json!({ "url": url, "accessToken": "A" }));
        let (asked, error) = refused_with(&mut server, &connection, vec![answer]).await;
        assert_eq!(asked, ["POST /hub/negotiate"]);
        assert!(matches!(error, ClientError::Url { .. }), "{url}: {error}");
    }
}

#[tokio::test]
async fn every_start_begins_at_the_first_server() {
    let (mut first, mut second) = (ScriptedServer::start().await, ScriptedServer::start().await);
    let connection = own_tokens(first.builder()).build().unwrap();
    for own in ["Bearer OWN-1", "Bearer OWN-2"] {
        let start = starting(&connection);
        let request = first.next().await;
        assert_eq!(request.header(AUTHORIZATION), Some(own));
        redirect(&second, "/hub", Some("AZURE"))(request);
        let mut socket = accept(&mut second, "TOKEN").await;
        soon(start).await.unwrap().unwrap();
        let stop = stopping(&connection);
        socket.rest().await;
        socket.close(1000).await;
        drop(socket);
        soon(stop).await.unwrap();
    }
    assert!(!first.is_asked());
}

#[tokio::test]
async fn polls_go_to_the_other_server_with_its_token() {
    let mut server = ScriptedServer::start().await;
    let connection = own_tokens(server.builder())
        .transports([Transport::LongPolling])
        .build()
        .unwrap();
    let answers = vec![
        redirect(&server, "/service?x=1", Some("AZURE")),
        json(&offer("TOKEN", &[Transport::LongPolling])),
        status(200),
    ];
    // The polls after the first and the handshake are refused.
    let (asked, _) = started_with(&mut server, &connection, answers).await;
    assert_eq!(asked[2].head.uri, "/service?x=1&id=TOKEN");
    for request in &asked[1..] {
        assert_eq!(
            request.header(AUTHORIZATION),
            Some("Bearer AZURE"),
            "{}",
            line(request)
        );
    }
    assert!(
        asked
            .iter()
            .skip(3)
            .any(|it| line(it) == "POST /service TOKEN")
    );
}
