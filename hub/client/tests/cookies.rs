//! Cookies that servers set are kept, and sent where they belong.

mod support;

use std::time::Duration;

use campanile_hub_client::{
    ClientError, HubConnectionBuilder, HubConnectionState, RetryDelays, Transport,
};
use http::header::{COOKIE, LOCATION, SET_COOKIE};
use http::{HeaderMap, HeaderValue};
use serde_json::json;

use crate::support::script::{CONSENT, Pipe, Request, ScriptedServer, offer};
use crate::support::soon;

fn cookies(request: &Request) -> &str {
    request.header(COOKIE).unwrap_or_default()
}

fn setting(cookie: &str) -> HeaderMap {
    HeaderMap::from_iter([(SET_COOKIE, HeaderValue::from_str(cookie).unwrap())])
}

/// Answers a negotiation, and sets this cookie.
fn offer_with(request: Request, transport: Transport, cookie: &str) {
    let body = offer("TOKEN", &[transport]).to_string();
    request.respond(200, &[(SET_COOKIE, cookie)], &body);
}

#[tokio::test]
async fn a_web_socket_carries_what_the_negotiation_set_over_reconnects_and_restarts() {
    let mut server = ScriptedServer::start().await;
    let connection = server
        .builder()
        .cookie("mine", "1")
        .automatic_reconnect_with(RetryDelays::new([Duration::ZERO]))
        .build()
        .unwrap();
    let starts = connection.clone();
    let start = tokio::spawn(async move { starts.start().await });
    let request = server.next().await;
    assert_eq!(cookies(&request), "mine=1");
    offer_with(request, Transport::WebSockets, "node=a; Path=/");
    let request = server.next().await;
    assert_eq!(cookies(&request), "mine=1; node=a");
    let mut socket = request.upgrade(setting("seen=yes; Path=/")).await;
    socket.receive().await;
    socket.write(CONSENT).await;
    soon(start).await.unwrap().unwrap();

    drop(socket);
    let request = server.next().await;
    assert_eq!(cookies(&request), "mine=1; node=a; seen=yes");
    offer_with(request, Transport::WebSockets, "node=b; Path=/");
    let request = server.next().await;
    assert_eq!(cookies(&request), "mine=1; node=b; seen=yes");
    let socket = request.accept().await;

    let stops = connection.clone();
    let stop = tokio::spawn(async move { stops.stop().await });
    drop(socket);
    soon(stop).await.unwrap();
    let _start = tokio::spawn(async move { connection.start().await });
    assert_eq!(
        cookies(&server.next().await),
        "mine=1; node=b; seen=yes",
        "after a restart"
    );
}

#[tokio::test]
async fn a_stateful_connection_comes_back_with_its_cookies() {
    let mut server = ScriptedServer::start().await;
    let connection = server.builder().stateful_reconnect().build().unwrap();
    let _start = tokio::spawn(async move {
        connection.start().await.unwrap();
        std::future::pending::<()>().await;
    });
    let mut answer = offer("TOKEN", &[Transport::WebSockets]);
    answer["useStatefulReconnect"] = true.into();
    let request = server.next().await;
    let cookie = [(SET_COOKIE, "node=a; Path=/hub")];
    request.respond(200, &cookie, &answer.to_string());
    drop(server.next().await.accept().await);
    let request = server.next().await;
    assert_eq!(request.head.uri.path(), "/hub");
    assert_eq!(cookies(&request), "node=a");
}

/// Answers a connection over HTTP, from its start to its end, and refuses requests without the cookie. How many there were.
async fn serve_those_with_a_cookie(server: &mut ScriptedServer, transport: Transport) -> usize {
    let mut count = 0;
    let (mut stream, mut poll) = (None, None);
    let mut consents = false;
    loop {
        let request = server.next().await;
        if request.head.uri.path() == "/hub/negotiate" {
            offer_with(request, transport, "node=a; Path=/hub; HttpOnly");
            continue;
        }
        count += 1;
        if cookies(&request) != "node=a" {
            request.status(404);
            continue;
        }
        match (request.head.method.as_str(), transport) {
            ("GET", Transport::ServerSentEvents) => stream = Some(request.events()),
            ("GET", _) if count == 1 => request.status(200),
            ("GET", _) => poll = Some(request),
            ("POST", _) => {
                let messages = request.messages();
                request.status(200);
                consents |= messages.iter().any(|it| it["protocol"].is_string());
                if transport == Transport::ServerSentEvents
                    && messages.iter().any(|it| it["target"] == "Last")
                {
                    return count;
                }
            }
            _ => {
                request.status(202);
                return count;
            }
        }
        if consents && (stream.is_some() || poll.is_some()) {
            consents = false;
            stream.iter().for_each(|it: &Pipe| it.event(CONSENT));
            poll.take()
                .into_iter()
                .for_each(|it: Request| it.text(CONSENT));
        }
    }
}

#[tokio::test]
async fn transports_over_http_send_the_cookie_with_every_request() {
    for transport in [Transport::ServerSentEvents, Transport::LongPolling] {
        let mut server = ScriptedServer::start().await;
        let connection = server.builder().build().unwrap();
        let served = tokio::spawn(async move {
            let count = serve_those_with_a_cookie(&mut server, transport).await;
            (server, count)
        });
        soon(connection.start()).await.unwrap();
        soon(connection.send("Last", ())).await.unwrap();
        soon(connection.stop()).await;
        let (_server, count) = soon(served).await.unwrap();
        assert!(count >= 3, "{}: {count} requests", transport.name());
    }
}

#[tokio::test]
async fn another_host_is_told_nothing() {
    // The same machine by two names: hosts have cookies, ports have none.
    let (mut first, mut second) = (ScriptedServer::start().await, ScriptedServer::start().await);
    let port = |server: &ScriptedServer| server.url.rsplit_once(':').unwrap().1.to_owned();
    let connection = HubConnectionBuilder::new(format!("http://localhost:{}/hub", port(&first)))
        .cookie("mine", "1")
        .build()
        .unwrap();
    let starts = connection.clone();
    let start = tokio::spawn(async move { starts.start().await });
    let redirect = json!({ "url": format!("{}/service", second.url), "accessToken": "T" });
    let request = first.next().await;
    assert_eq!(cookies(&request), "mine=1");
    let cookie = [(SET_COOKIE, "first=1; Path=/")];
    request.respond(200, &cookie, &redirect.to_string());
    let request = second.next().await;
    assert_eq!(cookies(&request), "");
    offer_with(request, Transport::WebSockets, "second=1; Path=/");
    let request = second.next().await;
    assert_eq!(cookies(&request), "second=1");
    let mut socket = request.accept().await;
    soon(start).await.unwrap().unwrap();

    // The next start begins at the first one, which knows its own.
    socket.write("{\"type\":7}\u{1e}").await;
    let mut states = connection.state_changes();
    soon(states.wait_for(HubConnectionState::Disconnected)).await;
    let starts = connection.clone();
    let _start = tokio::spawn(async move { starts.start().await });
    let request = first.next().await;
    assert_eq!(cookies(&request), "mine=1; first=1");
    let elsewhere = format!("{}/moved/negotiate", second.url);
    request.respond(307, &[(LOCATION, &elsewhere), (SET_COOKIE, "k=v")], "");
    assert_eq!(cookies(&second.next().await), "second=1");
}

#[tokio::test]
async fn cookies_of_a_header_go_before_those_of_servers() {
    let mut server = ScriptedServer::start().await;
    let builder = server.builder().header("cookie", "own=1");
    let connection = builder.build().unwrap();
    let _start = tokio::spawn(async move { connection.start().await });
    let request = server.next().await;
    assert_eq!(cookies(&request), "own=1");
    offer_with(request, Transport::WebSockets, "node=a; Path=/");
    assert_eq!(cookies(&server.next().await), "own=1; node=a");
}

#[tokio::test]
async fn what_is_no_cookie_is_refused_at_once() {
    for (name, value) in [("", "v"), ("a=b", "v"), ("a", "v; b=1"), ("a", "v\r\nx: y")] {
        let builder = HubConnectionBuilder::new("http://localhost/hub").cookie(name, value);
        let error = builder.build().unwrap_err();
        assert!(matches!(error, ClientError::Configuration(_)), "{error}");
        assert_eq!(
            error.to_string(),
            format!("'{name}' and its value are not a cookie")
        );
    }
}
