//! How the server ends, and what becomes of its connections.

mod common;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use campanile_host::{BoxError, CancellationToken, HostBuilder, HostedService};
use campanile_web::{
    Body, ConnectionTracker, Request, Response, ServerAddresses, StatusCode, WebHostBuilderExt,
};
use common::{builder, get, start};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

/// A request that takes three seconds.
async fn slow(_: Request) -> &'static str {
    sleep(Duration::from_secs(3)).await;
    "at last"
}

/// A connection that is upgraded; what holds on to it ends that many seconds after the stop began.
fn upgraded(request: &mut Request, lingering: Option<u64>) -> Response {
    let tracker: ConnectionTracker = request.extensions().get().cloned().unwrap();
    let upgrade = hyper::upgrade::on(request);
    tokio::spawn(async move {
        let _socket = upgrade.await.unwrap();
        tracker.stopping().cancelled().await;
        match lingering {
            Some(seconds) => sleep(Duration::from_secs(seconds)).await,
            None => std::future::pending().await,
        }
    });
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    response
}

fn limited(builder: HostBuilder, seconds: u64) -> HostBuilder {
    builder.configure_host_options(move |options| {
        options.shutdown_timeout = Duration::from_secs(seconds);
    })
}

const UPGRADE: &str = "Host: bell\r\nConnection: upgrade\r\nUpgrade: bell\r\n\r\n";

#[tokio::test(start_paused = true)]
async fn requests_in_flight_are_answered_and_idle_connections_are_closed() {
    let running = start(
        builder()
            .map_get("/slow", slow)
            .map_get("/", |_| async { "well" }),
    )
    .await;
    let mut fresh = running.connect().await;
    let mut idle = running.connect().await;
    idle.ask(&get("/")).await;
    let mut busy = running.connect().await;
    busy.send(&get("/slow")).await;
    sleep(Duration::from_secs(1)).await;

    let begin = Instant::now();
    let closing = async {
        assert_eq!(fresh.until_closed().await, "");
        assert_eq!(idle.until_closed().await, "");
        assert!(begin.elapsed() < Duration::from_secs(1));
        let address = running.address.strip_prefix("http://").unwrap();
        assert!(TcpStream::connect(address).await.is_err());
        let answer = busy.answer(true).await;
        assert_eq!(answer.body, "at last");
        assert_eq!(answer.header("connection"), Some("close"));
        assert_eq!(busy.until_closed().await, "");
    };
    let (stopped, ()) = tokio::join!(running.host.stop(), closing);
    stopped.unwrap();
    let elapsed = begin.elapsed().as_secs();
    assert!((2..3).contains(&elapsed), "{elapsed}");
}

#[tokio::test(start_paused = true)]
async fn the_stop_waits_for_upgraded_connections() {
    let handler = |mut request: Request| async move { upgraded(&mut request, Some(7)) };
    let running = start(builder().map_get("/bell", handler)).await;
    let mut client = running.connect().await;
    assert_eq!(
        client
            .ask(&format!("GET /bell HTTP/1.1\r\n{UPGRADE}"))
            .await
            .status,
        101
    );
    let begin = Instant::now();
    running.host.stop().await.unwrap();
    assert_eq!(begin.elapsed().as_secs(), 7);
    assert_eq!(client.until_closed().await, "");
}

#[tokio::test(start_paused = true)]
async fn the_stop_waits_for_guards() {
    let handler = |request: Request| async move {
        let tracker: &ConnectionTracker = request.extensions().get().unwrap();
        let guard = tracker.track();
        tokio::spawn(async move {
            sleep(Duration::from_secs(9)).await;
            drop(guard);
        });
    };
    let running = start(builder().map_get("/", handler)).await;
    running.get("/").await;
    let begin = Instant::now();
    running.host.stop().await.unwrap();
    assert!((8..10).contains(&begin.elapsed().as_secs()));
}

#[tokio::test(start_paused = true)]
async fn what_does_not_end_in_time_is_aborted() {
    let dropped = Arc::new(Mutex::new(false));
    struct SetOnDrop(Arc<Mutex<bool>>);
    impl Drop for SetOnDrop {
        fn drop(&mut self) {
            *self.0.lock().unwrap() = true;
        }
    }
    let endless = {
        let dropped = Arc::clone(&dropped);
        move |_: Request| {
            let held = SetOnDrop(Arc::clone(&dropped));
            async move {
                let _held = held;
                std::future::pending::<()>().await;
            }
        }
    };
    let handler = |mut request: Request| async move { upgraded(&mut request, None) };
    let running = start(
        limited(builder(), 10)
            .map_get("/endless", endless)
            .map_get("/bell", handler),
    )
    .await;
    let mut client = running.connect().await;
    client.send(&get("/endless")).await;
    let mut stubborn = running.connect().await;
    stubborn
        .ask(&format!("GET /bell HTTP/1.1\r\n{UPGRADE}"))
        .await;
    sleep(Duration::from_secs(1)).await;

    let begin = Instant::now();
    // Whether that is an error is the host's matter.
    let _ = running.host.stop().await;
    assert_eq!(begin.elapsed().as_secs(), 10);
    assert!(*dropped.lock().unwrap());
    assert_eq!(client.until_closed().await, "");
}

#[tokio::test(start_paused = true)]
async fn half_a_head_does_not_hold_the_stop_up() {
    let running = start(builder().map_get("/", |_| async { "well" })).await;
    let mut half = running.connect().await;
    half.send("GET / HTTP/1.1\r\nHo").await;
    let mut completed = running.connect().await;
    completed.send("GET / HTTP/1.1\r\nHo").await;
    sleep(Duration::from_secs(1)).await;
    let begin = Instant::now();
    let complete = async {
        sleep(Duration::from_secs(2)).await;
        completed.send("st: bell\r\n\r\n").await;
        assert_eq!(completed.answer(true).await.body, "well");
    };
    let (stopped, ()) = tokio::join!(running.host.stop(), complete);
    stopped.unwrap();
    assert_eq!(begin.elapsed().as_secs(), 5);
    assert!(half.until_closed().await.starts_with("HTTP/1.1 408 "));
}

#[tokio::test]
async fn the_server_starts_last_and_stops_first() {
    /// Looks whether the server listens when it is started and stopped itself.
    struct Witness(Arc<ServerAddresses>, Arc<Mutex<Vec<bool>>>);

    impl HostedService for Witness {
        async fn start(&self, _: CancellationToken) -> Result<(), BoxError> {
            self.1.lock().unwrap().push(self.0.first().is_some());
            Ok(())
        }

        async fn stop(&self, cancellation: CancellationToken) -> Result<(), BoxError> {
            self.start(cancellation).await
        }
    }

    let seen = Arc::new(Mutex::new(Vec::new()));
    let witness = {
        let seen = Arc::clone(&seen);
        move |addresses: Arc<ServerAddresses>| Witness(addresses, Arc::clone(&seen))
    };
    let late = witness.clone();
    let running = start(
        builder()
            .map_get("/", |_| async { "well" })
            .add_hosted_service_factory(witness)
            .before_build(|builder| {
                builder.services().add_hosted_service_factory(late);
                Ok(())
            }),
    )
    .await;
    running.host.stop().await.unwrap();
    assert_eq!(*seen.lock().unwrap(), [false; 4]);
}
