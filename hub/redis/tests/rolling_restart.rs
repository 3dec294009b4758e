//! Two servers behind nginx, restarted one after the other under a thousand clients.

use std::io::Write as _;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use campanile_hub_client::{
    HubConnection, HubConnectionBuilder, RetryContext, RetryDelays, RetryPolicy, Transport,
};
use end_to_end::{
    Balancer, ConformanceServer, Redis, eventually, free_port, raise_descriptor_limit, soon,
};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

const CLIENTS: usize = 1_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolling_restart_loses_no_client_of_a_thousand() {
    let test = "a_rolling_restart_loses_no_client_of_a_thousand";
    let Some(redis) = Redis::start(test).await else {
        return;
    };
    let limit = usize::try_from(raise_descriptor_limit()).unwrap_or(usize::MAX);
    // nginx holds two files for each.
    let count = CLIENTS.min(limit / 3);
    let start = || ConformanceServer::start_in_farm(&redis.address(), free_port());
    let servers = [start(), start()];
    let Some(nginx) = Balancer::nginx(test, [servers[0].address(), servers[1].address()]) else {
        return;
    };
    let url = nginx.url("/hubs/conformance");
    let clients = crowd(&url, count).await;

    let over = Arc::new(AtomicBool::new(false));
    let speaker = crowd(&url, 1).await;
    let traffic = tokio::spawn(talk(speaker, over.clone()));
    let mut restarted = Vec::new();
    for server in servers {
        let port = server.address().port();
        let begun = Instant::now();
        server.terminate();
        let server = ConformanceServer::start_in_farm(&redis.address(), port);
        eventually("the new server is ready", || {
            server.ask("GET", "/healthz").status == 200
        })
        .await;
        tell(&format!("a restart in {} ms", begun.elapsed().as_millis()));
        restarted.push(server);
        all_are_back(&clients).await;
    }
    over.store(true, Ordering::Relaxed);
    soon(traffic).await.unwrap();

    let (first, rest) = clients.split_first().unwrap();
    for number in 1..=5 {
        let sending = first.connection.invoke::<()>("SendToAll", ("Last", number));
        soon(sending).await.unwrap();
    }
    for client in std::iter::once(first).chain(rest) {
        eventually("the last message is there", || {
            client.seen.last.lock().unwrap().last() == Some(&5)
        })
        .await;
        assert_eq!(*client.seen.last.lock().unwrap(), [1, 2, 3, 4, 5]);
        assert!(!client.seen.closed.load(Ordering::Relaxed));
    }
    let returns = clients
        .iter()
        .map(|it| it.seen.returns.load(Ordering::Relaxed));
    let retries = clients
        .iter()
        .map(|it| it.seen.retries.load(Ordering::Relaxed));
    tell(&format!(
        "{count} clients came back {} times; {} attempts had failed",
        returns.sum::<u32>(),
        retries.sum::<u32>()
    ));
}

/// One client, and what became of it.
struct Client {
    connection: HubConnection,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    last: Mutex<Vec<i32>>,
    /// How often it was connected again.
    returns: AtomicU32,
    /// How often an attempt to connect again failed.
    retries: AtomicU32,
    closed: AtomicBool,
}

/// The delays of the official clients; counts attempts that failed.
struct Delays(Arc<Seen>);

impl RetryPolicy for Delays {
    fn next_delay(&self, context: &RetryContext<'_>) -> Option<Duration> {
        if context.previous_retry_count > 0 {
            self.0.retries.fetch_add(1, Ordering::Relaxed);
        }
        RetryDelays::default().next_delay(context)
    }
}

async fn crowd(url: &str, count: usize) -> Vec<Client> {
    let at_once = Arc::new(Semaphore::new(50));
    let mut joining = JoinSet::new();
    for _ in 0..count {
        let (url, at_once) = (url.to_owned(), at_once.clone());
        joining.spawn(async move {
            let _permit = at_once.acquire_owned().await.unwrap();
            let seen = Arc::new(Seen::default());
            let connection = HubConnectionBuilder::new(url)
                .transports([Transport::WebSockets])
                .skip_negotiation()
                .automatic_reconnect_with(Delays(seen.clone()))
                .build()
                .unwrap();
            connection.on("Last", {
                let seen = seen.clone();
                move |number: i32| {
                    seen.last.lock().unwrap().push(number);
                    async {}
                }
            });
            connection.on_reconnected({
                let seen = seen.clone();
                move |_| {
                    seen.returns.fetch_add(1, Ordering::Relaxed);
                }
            });
            connection.on_closed({
                let seen = seen.clone();
                move |_| seen.closed.store(true, Ordering::Relaxed)
            });
            soon(connection.start()).await.unwrap();
            Client { connection, seen }
        });
    }
    soon(joining.join_all()).await
}

/// Waits until each client has been answered: it is connected then, and what is sent to all reaches it.
async fn all_are_back(clients: &[Client]) {
    for client in clients {
        soon(async {
            while client
                .connection
                .invoke::<i32>("Add", (1, 2))
                .await
                .is_err()
            {
                assert!(!client.seen.closed.load(Ordering::Relaxed), "it gave up");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
        .await;
    }
}

/// Sends to all until it is over, as well as it goes.
async fn talk(speaker: Vec<Client>, over: Arc<AtomicBool>) {
    let connection = &speaker[0].connection;
    while !over.load(Ordering::Relaxed) {
        // While it is between two servers there is nobody to send to.
        let _ = connection.invoke::<()>("SendToAll", ("Traffic", 0)).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Straight to the descriptor: the test harness swallows what a passing test prints.
fn tell(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}
