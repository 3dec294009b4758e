//! The official JavaScript client, under node, against the clock.

use end_to_end::{Launch, Script, find, missing};
use serde_json::{Value, json};

/// Whether the test has to be left out.
fn left_out(test: &str) -> bool {
    missing(
        test,
        &[
            ("node", find("node").is_some()),
            ("npm", find("npm").is_some()),
        ],
    )
}

fn connect(url: &str) -> Script {
    connect_with(url, "json")
}

fn connect_with(url: &str, protocol: &str) -> Script {
    let mut client = Script::start("hub-client.mjs", &[url, protocol]);
    client.event("connected");
    client
}

fn time(client: &mut Script) -> String {
    client.event("time")["time"]
        .as_str()
        .expect("a time is text")
        .to_owned()
}

#[test]
fn the_script_of_the_readme_logs_the_time() {
    if left_out("the_script_of_the_readme_logs_the_time") {
        return;
    }
    let clock = Launch::new().start();
    let mut script = Script::start("ticks.mjs", &[&clock.url("/hubs/clock")]);
    let times: Vec<String> = std::iter::repeat_with(|| script.line())
        .filter(|line| line.starts_with("20"))
        .take(2)
        .collect();
    script.kill();
    assert!(times[0] < times[1], "the time goes on: {times:?}");
}

#[test]
fn all_clients_are_sent_the_time() {
    if left_out("all_clients_are_sent_the_time") {
        return;
    }
    let clock = Launch::new()
        .variable("Clock__Interval", "00:00:00.2")
        .start();
    let mut clients = ["json", "json", "messagepack"]
        .map(|protocol| connect_with(&clock.url("/hubs/clock"), protocol));
    for client in &mut clients {
        let (first, second) = (time(client), time(client));
        assert!(first < second, "the time goes on: {first}, {second}");
    }
}

#[test]
fn what_one_client_sends_reaches_all() {
    if left_out("what_one_client_sends_reaches_all") {
        return;
    }
    let clock = Launch::new().variable("TZ", "UTC").start();
    let (mut one, mut other) = (
        connect(&clock.url("/hubs/clock")),
        connect(&clock.url("/hubs/clock")),
    );
    one.tell(&json!({ "invoke": "SendTimeToClients", "arguments": ["2020-01-02T03:04:05+02:00"] }));
    for client in [&mut one, &mut other] {
        let sent = std::iter::repeat_with(|| time(client))
            .take(20)
            .find(|time| time.starts_with("2020"));
        let sent = sent.expect("the time that was sent is among the next ones");
        let same = [
            "2020-01-02T03:04:05+02:00",
            "2020-01-02T01:04:05+00:00",
            "2020-01-02T01:04:05Z",
        ];
        assert!(same.contains(&&*sent), "the same moment: {sent}");
    }
    one.tell(&json!({ "invoke": "sendtimetoclients", "arguments": ["2021-01-02T03:04:05Z"] }));
    assert_eq!(
        one.event("result")["result"],
        Value::Null,
        "a method without a result has none, and its name is found in any case"
    );
}

#[test]
fn a_call_that_cannot_be_made_fails_and_harms_nobody() {
    if left_out("a_call_that_cannot_be_made_fails_and_harms_nobody") {
        return;
    }
    let clock = Launch::new().start();
    let mut client = connect(&clock.url("/hubs/clock"));
    client.tell(&json!({ "invoke": "Strike", "arguments": [] }));
    assert_eq!(
        client.event("error")["message"],
        "Failed to invoke 'Strike' due to an error on the server. HubException: Method does not exist."
    );
    for arguments in [json!(["noon"]), json!([])] {
        client.tell(&json!({ "invoke": "SendTimeToClients", "arguments": arguments }));
        assert_eq!(
            client.event("error")["message"],
            "Failed to invoke 'SendTimeToClients' due to an error on the server."
        );
    }
    time(&mut client);
}

#[test]
fn a_client_comes_back_when_the_server_does() {
    if left_out("a_client_comes_back_when_the_server_does") {
        return;
    }
    let clock = Launch::new()
        .variable("Clock__Interval", "00:00:00.2")
        .start();
    let port = clock.address().port();
    let mut client = connect(&clock.url("/hubs/clock"));
    time(&mut client);

    clock.signal("TERM");
    assert!(clock.ended().status.success());
    // The client has no error to tell of only when it was closed by a message that allows it to reconnect.
    assert_eq!(client.event("reconnecting")["message"], Value::Null);

    let _clock = Launch::new()
        .variable("Clock__Interval", "00:00:00.2")
        .start_on(port);
    client.event("reconnected");
    time(&mut client);
    client.tell(&json!({ "stop": true }));
    assert_eq!(client.event("closed")["message"], Value::Null);
}
