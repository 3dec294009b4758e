//! Calls in both directions, where the transport makes no difference: see `features` for what does.

mod support;

use campanile_hub_client::ClientError;

use crate::support::{Server, WAYS, soon, told};

#[tokio::test]
async fn what_fails_says_why() {
    let server = Server::start().await;
    let connection = server.connect().await;
    let error = soon(connection.invoke::<i32>("Fail", ("not today",)))
        .await
        .unwrap_err();
    assert!(
        error
            .server_text()
            .is_some_and(|it| it.contains("not today")),
        "{error}"
    );
    let error = soon(connection.invoke::<String>("Add", (1, 2)))
        .await
        .unwrap_err();
    assert!(matches!(error, ClientError::Result(_)), "{error}");
    let error = soon(connection.invoke::<i32>("Nobody", ()))
        .await
        .unwrap_err();
    assert!(matches!(error, ClientError::Hub(_)), "{error}");
    let sum: i32 = soon(connection.invoke("Add", (3, 4))).await.unwrap();
    assert_eq!(sum, 7, "the connection goes on");
    server.stop().await;
}

#[tokio::test]
async fn giving_a_call_up_tells_the_server() {
    let server = Server::start().await;
    let (caller, other) = (server.connect().await, server.connect().await);
    let (sender, mut given_up) = tokio::sync::mpsc::unbounded_channel();
    other.on("GivenUp", move || {
        let sender = sender.clone();
        async move { sender.send(()).map_err(|error| error.to_string()) }
    });
    let call = tokio::spawn({
        let caller = caller.clone();
        async move { caller.invoke::<()>("Wait", ()).await }
    });
    // A later call is answered after the first has arrived, unless the server runs one at a time: so it is only sent.
    soon(caller.send("Nothing", ())).await.unwrap();
    tokio::task::yield_now().await;
    call.abort();
    soon(given_up.recv()).await.unwrap();
    server.stop().await;
}

#[tokio::test]
async fn handlers_can_be_several_and_removed() {
    let server = Server::start().await;
    let connection = server.connect().await;
    let (mut first, mut second) = (told(&connection, "N"), {
        let (sender, receiver) = tokio::sync::mpsc::unbounded_channel();
        let subscription = connection.on("N", move |number: i32| {
            let sender = sender.clone();
            async move { sender.send(-number).map_err(|error| error.to_string()) }
        });
        (subscription, receiver)
    });
    soon(connection.send("TellMe", ("N", 1))).await.unwrap();
    assert_eq!(soon(first.recv()).await, Some(1));
    assert_eq!(soon(second.1.recv()).await, Some(-1));
    second.0.remove();
    soon(connection.send("TellMe", ("N", 2))).await.unwrap();
    assert_eq!(soon(first.recv()).await, Some(2));
    assert_eq!(soon(second.1.recv()).await, None, "it is gone");
    connection.off("N");
    assert_eq!(soon(first.recv()).await, None, "all are gone");
    server.stop().await;
}

#[tokio::test]
async fn a_handler_that_panics_or_waits_holds_nothing_up_but_handlers() {
    let server = Server::start().await;
    let connection = server.connect().await;
    let _ = connection.on("Panics", |number: i32| async move {
        assert_eq!(number, 0, "it panics on purpose");
    });
    let (release, released) = tokio::sync::watch::channel(false);
    let _ = connection.on("Waits", move |_: i32| {
        let mut released = released.clone();
        async move {
            released
                .wait_for(|it| *it)
                .await
                .map(drop)
                .map_err(|error| error.to_string())
        }
    });
    let mut numbers = told(&connection, "N");
    for method in ["Panics", "Waits", "N"] {
        soon(connection.send("TellMe", (method, 1))).await.unwrap();
    }
    let sum: i32 = soon(connection.invoke("Add", (1, 1))).await.unwrap();
    assert_eq!((sum, numbers.try_recv().is_err()), (2, true));
    release.send(true).unwrap();
    assert_eq!(soon(numbers.recv()).await, Some(1));
    server.stop().await;
}

#[tokio::test]
async fn headers_and_tokens_go_along() {
    let server = Server::start().await;
    for (transport, protocol) in WAYS {
        let connection = server
            .builder()
            .transports([transport])
            .protocol(protocol)
            .header("x-name", "value")
            .access_token_provider(|| async { Ok::<_, std::io::Error>(Some("secret".to_owned())) })
            .build()
            .unwrap();
        soon(connection.start()).await.unwrap();
        for (name, value) in [("x-name", "value"), ("authorization", "Bearer secret")] {
            let seen: Option<String> = soon(connection.invoke("Header", (name,))).await.unwrap();
            assert_eq!(seen.as_deref(), Some(value), "{}", transport.name());
        }
        soon(connection.stop()).await;
    }
    server.stop().await;
}
