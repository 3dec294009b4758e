//! What a client does, request by request and message by message, with a server that follows a test's script: a file a topic.
//!
//! Microsoft's .NET client does the same, except where a test says that this one does better.

#[path = "../support/mod.rs"]
mod support;

mod calls;
mod close;
mod events;
mod fallback;
mod handlers;
mod handshake;
mod negotiation;
mod polls;
mod reconnects;
mod redirects;
mod resumption;
mod tokens;

use campanile_hub_client::{
    ClientError, HubConnection, HubConnectionBuilder, HubConnectionState, Transport,
};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::support::script::{Request, ScriptedServer, Socket, offer};
use crate::support::soon;

/// Starts it beside what the test goes on with.
fn starting(connection: &HubConnection) -> JoinHandle<Result<(), ClientError>> {
    let connection = connection.clone();
    tokio::spawn(async move { connection.start().await })
}

/// Stops it beside what the test goes on with.
fn stopping(connection: &HubConnection) -> JoinHandle<()> {
    let connection = connection.clone();
    tokio::spawn(async move { connection.stop().await })
}

/// Calls beside what the test goes on with.
fn invoking(
    connection: &HubConnection,
    method: &'static str,
) -> JoinHandle<Result<i32, ClientError>> {
    let connection = connection.clone();
    tokio::spawn(async move { connection.invoke(method, ()).await })
}

/// Answers a start over a WebSocket.
async fn accept(server: &mut ScriptedServer, token: &str) -> Socket {
    let request = server.next().await;
    assert_eq!(line(&request), "POST /hub/negotiate");
    request.json(&offer(token, &[Transport::WebSockets]));
    let request = server.next().await;
    assert_eq!(line(&request), format!("WEBSOCKET /hub {token}"));
    request.accept().await
}

/// A connection that is started over a WebSocket.
async fn connected(
    server: &mut ScriptedServer,
    builder: HubConnectionBuilder,
) -> (HubConnection, Socket) {
    let connection = builder.build().unwrap();
    let socket = started(server, &connection).await;
    (connection, socket)
}

async fn started(server: &mut ScriptedServer, connection: &HubConnection) -> Socket {
    let start = starting(connection);
    let socket = accept(server, "TOKEN").await;
    soon(start).await.unwrap().unwrap();
    socket
}

/// A request in a line: what it asks, where, and for which connection.
fn line(request: &Request) -> String {
    let head = &request.head;
    let kind = if request.asks_for_a_web_socket() {
        "WEBSOCKET"
    } else {
        head.method.as_str()
    };
    let id = request.query("id");
    let id = id.map_or_else(String::new, |it| format!(" {it}"));
    format!("{kind} {}{id}", head.uri.path())
}

type Answer = Box<dyn FnOnce(Request) + Send>;

fn status(code: u16) -> Answer {
    Box::new(move |request| request.status(code))
}

fn text(body: impl Into<String>) -> Answer {
    let body = body.into();
    Box::new(move |request| request.text(&body))
}

fn json(body: &Value) -> Answer {
    text(body.to_string())
}

/// Starts; the requests get these answers one after another, and 500 when there is none left. What was asked, and the outcome.
async fn started_with(
    server: &mut ScriptedServer,
    connection: &HubConnection,
    answers: Vec<Answer>,
) -> (Vec<Request>, Result<(), ClientError>) {
    let mut start = starting(connection);
    let mut answers = answers.into_iter();
    let mut asked = Vec::new();
    loop {
        tokio::select! {
            biased;
            request = server.next() => {
                asked.push(request.copy());
                answers.next().unwrap_or_else(|| status(500))(request);
            }
            outcome = &mut start => return (asked, outcome.unwrap()),
        }
    }
}

/// The same where nothing but a failure can come of it: what was asked in lines, and the error.
async fn refused_with(
    server: &mut ScriptedServer,
    connection: &HubConnection,
    answers: Vec<Answer>,
) -> (Vec<String>, ClientError) {
    let (asked, outcome) = started_with(server, connection, answers).await;
    assert_eq!(connection.state(), HubConnectionState::Disconnected);
    (asked.iter().map(line).collect(), outcome.unwrap_err())
}

/// What becomes of a connection, in words.
fn life(connection: &HubConnection) -> Life {
    let (sender, events) = mpsc::unbounded_channel();
    let why = |what: &'static str, sender: mpsc::UnboundedSender<String>| {
        move |error: Option<&ClientError>| {
            let why = error.map_or_else(String::new, |it| format!(": {it}"));
            let _ = sender.send(format!("{what}{why}"));
        }
    };
    connection.on_closed(why("closed", sender.clone()));
    connection.on_reconnecting(why("reconnecting", sender.clone()));
    connection.on_reconnected(move |id| {
        let _ = sender.send(format!("reconnected {}", id.unwrap_or("without an id")));
    });
    Life(events)
}

struct Life(mpsc::UnboundedReceiver<String>);

impl Life {
    async fn next(&mut self) -> String {
        soon(self.0.recv()).await.unwrap()
    }

    fn is_quiet(&self) -> bool {
        self.0.is_empty()
    }
}
