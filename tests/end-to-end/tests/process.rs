//! How the clock behaves as a process: what it serves, how it ends, what it makes of its environment.

use std::{
    thread,
    time::{Duration, Instant},
};

use end_to_end::{Clock, HubConnection, Launch};
use serde_json::json;

#[test]
fn it_serves_its_page_and_its_health() {
    let clock = Launch::new().start();
    let page = clock.get("/");
    assert_eq!(page.status, 200);
    assert_eq!(
        page.header("Content-Type"),
        Some("text/html; charset=utf-8")
    );
    assert!(page.body.contains("<title>Campanile</title>"));
    assert_eq!(clock.get("/healthz").status, 200);
    assert_eq!(clock.get("/nowhere").status, 404);
}

#[test]
fn it_starts_without_any_file() {
    let clock = Launch::bare().start();
    HubConnection::open(clock.address()).time();
}

#[test]
fn the_environment_chooses_among_the_settings() {
    let ended = |launch: Launch| {
        let clock = launch.start();
        clock.signal("TERM");
        clock.ended().output
    };
    let production = ended(Launch::new());
    assert!(
        production.contains("Hosting environment: Production"),
        "{production}"
    );
    assert!(
        production.contains("appsettings.json"),
        "it tells what it read: {production}"
    );
    assert!(
        !production.contains("appsettings.Development.json") && !production.contains("dbug: "),
        "{production}"
    );

    let development = ended(Launch::new().variable("DOTNET_ENVIRONMENT", "Development"));
    assert!(
        development.contains("Hosting environment: Development"),
        "{development}"
    );
    assert!(
        development.contains("appsettings.Development.json"),
        "it tells what it read: {development}"
    );
}

#[test]
fn the_interval_comes_from_the_environment() {
    let clock = Launch::new()
        .variable("Clock__Interval", "00:00:00.250")
        .start();
    let mut connection = HubConnection::open(clock.address());
    connection.time();
    let start = Instant::now();
    for _ in 0..8 {
        connection.time();
    }
    let took = start.elapsed();
    assert!(
        (Duration::from_millis(1_500)..Duration::from_millis(3_500)).contains(&took),
        "eight quarters of a second took {took:?}"
    );
}

#[test]
fn the_command_line_goes_before_the_environment_and_that_before_the_file() {
    let every = |interval: &str| {
        Launch::bare().file(
            "appsettings.json",
            &format!(r#"{{ "Clock": {{ "Interval": "{interval}" }} }}"#),
        )
    };
    // What is overruled would not tick within the test.
    let ticks = |clock: Clock| {
        let mut connection = HubConnection::open(clock.address());
        connection.time();
        connection.time();
    };
    ticks(every("00:00:00.100").start());
    ticks(
        every("01:00:00")
            .variable("CLOCK__INTERVAL", "00:00:00.100")
            .start(),
    );
    ticks(
        every("01:00:00")
            .variable("Clock__Interval", "02:00:00")
            .argument("--Clock:Interval=00:00:00.100")
            .start(),
    );
}

#[test]
fn a_signal_ends_it_within_a_second_and_clients_may_come_back() {
    for signal in ["INT", "TERM", "QUIT"] {
        let clock = Launch::new().start();
        let mut connections = [
            HubConnection::open(clock.address()),
            HubConnection::open(clock.address()),
        ];
        connections[0].time();
        let start = Instant::now();
        clock.signal(signal);
        let farewells = connections.each_mut().map(HubConnection::rest);
        let ended = clock.ended();
        assert!(
            start.elapsed() < Duration::from_secs(1),
            "SIG{signal}: it took {:?}",
            start.elapsed()
        );
        assert_eq!(ended.status.code(), Some(0), "SIG{signal}: {ended:?}");
        assert!(
            ended.output.contains("Application is shutting down..."),
            "SIG{signal}: {}",
            ended.output
        );
        assert_eq!(ended.errors, "", "SIG{signal}");
        for messages in farewells {
            assert_eq!(
                messages,
                [json!({ "type": 7, "allowReconnect": true })],
                "SIG{signal}"
            );
        }
    }
}

#[test]
fn a_second_interrupt_ends_it_at_once() {
    let mut clock = Launch::new().start();
    // A client that is connected and does not answer: the stop waits for it.
    let _silent = HubConnection::open(clock.address());
    clock.signal("INT");
    clock.says("Application is shutting down...");
    // A stop that does not wait would be over by then; on a machine that is too busy for that, nothing is noticed.
    thread::sleep(Duration::from_millis(200));
    assert!(clock.runs(), "the stop waits for the client");
    clock.signal("INT");
    // The first one alone would end in success.
    let ended = clock.ended();
    assert!(
        !ended.status.success(),
        "an end by force is no success: {:?}",
        ended.status
    );
}

#[test]
fn garbage_from_one_client_is_nothing_to_the_others() {
    let clock = Launch::new()
        .variable("Clock__Interval", "00:00:00.100")
        .start();
    let mut good = HubConnection::open(clock.address());
    let mut bad = HubConnection::open(clock.address());
    bad.send(&json!({ "type": 1, "arguments": "none" }));
    assert_eq!(
        bad.rest(),
        [json!({ "type": 7, "error": "Connection closed with an error.", "allowReconnect": true })]
    );
    good.time();
    good.time();
}
