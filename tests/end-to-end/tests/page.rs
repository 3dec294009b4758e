//! The clock's page in a browser.
//!
//! It is served to the browser with a content security policy that allows its one style and its one script by
//! their hashes and nothing else, so each of these tests also shows that the page can live with one.

use std::fs;

use end_to_end::{Certificate, Clock, Launch, Script, artefacts, chromium, repository};
use serde_json::{Value, json};

/// A browser that shows the clock's page.
struct Browser {
    script: Script,
}

impl Browser {
    /// Nothing where the test has to be left out.
    fn unless_missing(test: &str) -> Option<Self> {
        let path = chromium(test)?.to_string_lossy().into_owned();
        Some(Self {
            script: Script::start("page.mjs", &[&path]),
        })
    }

    /// Has something done, and returns what the page shows afterwards.
    fn act(&mut self, command: &Value) -> Value {
        self.script.tell(command);
        self.script
            .event(command["do"].as_str().expect("a command says what to do"))
    }

    fn open(&mut self, clock: &Clock) {
        self.act(&json!({ "do": "open", "url": clock.url("/") }));
    }

    fn reaches(&mut self, state: &str) -> Value {
        self.act(&json!({ "do": "wait", "state": state }))
    }

    fn next_tick(&mut self) -> Value {
        self.act(&json!({ "do": "changed" }))
    }

    /// Leaves a picture of the page at that size beside the other artefacts.
    fn picture(&mut self, name: &str, width: u32, height: u32, scheme: &str) -> Value {
        self.act(&json!({ "do": "look", "width": width, "height": height, "scheme": scheme }));
        self.next_tick();
        self.shoot(name)
    }

    fn shoot(&mut self, name: &str) -> Value {
        self.act(
            &json!({ "do": "screenshot", "path": artefacts().join(format!("page-{name}.png")) }),
        )
    }
}

#[test]
fn it_shows_the_time_of_the_server() {
    let Some(mut browser) = Browser::unless_missing("it_shows_the_time_of_the_server") else {
        return;
    };
    // A time zone that no browser takes for its own: five hours and three quarters ahead of UTC.
    let clock = Launch::new().variable("TZ", "<+0545>-5:45").start();
    browser.open(&clock);
    browser.reaches("connected");
    let first = browser.next_tick();
    let second = browser.next_tick();

    let (time, digits) = (
        second["time"].as_str().unwrap(),
        second["digits"].as_str().unwrap(),
    );
    assert_ne!(first["digits"], second["digits"], "it ticks");
    assert!(
        time.contains(&format!("T{digits}")) && time.ends_with("+05:45"),
        "the wall clock of the server: {time} is shown as {digits}"
    );
    assert_eq!(second["zone"], "UTC+05:45, the server’s own time");
    assert!(
        second["date"].as_str().unwrap().contains(&time[..4]),
        "the date: {}",
        second["date"]
    );
    assert_eq!(second["title"], format!("{digits} · Campanile"));
    assert_eq!(second["button"], Value::Null);

    for (name, width, height, scheme) in [
        ("light", 1280, 800, "light"),
        ("dark", 1280, 800, "dark"),
        ("phone", 390, 844, "light"),
        ("small-phone", 320, 568, "dark"),
    ] {
        let shown = browser.picture(name, width, height, scheme);
        assert_eq!(
            shown["overflow"], 0,
            "nothing to scroll sideways at {width} pixels"
        );
        assert_eq!(shown["noise"], json!([]), "nothing went wrong");
        assert_eq!(
            shown["requests"],
            json!(["GET /", "POST /hubs/clock/negotiate"]),
            "nothing else is asked for"
        );
    }
}

#[test]
fn it_reconnects_by_itself() {
    let Some(mut browser) = Browser::unless_missing("it_reconnects_by_itself") else {
        return;
    };
    let clock = Launch::new().start();
    let port = clock.address().port();
    browser.open(&clock);
    browser.reaches("connected");
    browser.next_tick();

    clock.signal("KILL");
    let _ = clock.ended();
    assert_eq!(
        browser.reaches("reconnecting")["title"],
        "Reconnecting · Campanile"
    );
    // The first attempt is made at once, the second after two seconds; what is left of them is counted down.
    let waiting = std::iter::repeat_with(|| browser.act(&json!({ "do": "state" })))
        .take(2_000)
        .find(|shown| shown["button"] == "Try now")
        .expect("the wait has a button");
    let detail = waiting["detail"].as_str().unwrap();
    assert!(
        detail.ends_with(" s.") && detail.contains("Next attempt in "),
        "counts down: {detail}"
    );
    browser.shoot("reconnecting");

    let mut clock = Launch::new().start_on(port);
    let back = browser.reaches("connected");
    assert_eq!(
        (&back["detail"], &back["button"]),
        (&json!(""), &Value::Null)
    );
    browser.next_tick();

    // Stopped in an orderly way, it has been told to come back; and it does not wait where there is news.
    for news in ["online", "hurry"] {
        clock.signal("TERM");
        assert!(clock.ended().status.success());
        browser.reaches("reconnecting");
        clock = Launch::new().start_on(port);
        browser.act(&json!({ "do": news }));
        browser.reaches("connected");
        browser.next_tick();
    }
    assert_eq!(
        browser.act(&json!({ "do": "state" }))["noise"],
        json!([]),
        "nothing went wrong"
    );
}

#[test]
fn it_is_the_same_over_https() {
    let Some(mut browser) = Browser::unless_missing("it_is_the_same_over_https") else {
        return;
    };
    let certificate = Certificate::new();
    let mut clock = Launch::bare()
        .file("site.pem", &certificate.pem)
        .file("site.key", &certificate.key)
        .argument("--urls=https://127.0.0.1:0")
        .argument("--Kestrel:Certificates:Default:Path=site.pem")
        .argument("--Kestrel:Certificates:Default:KeyPath=site.key")
        .argument("--Logging:LogLevel:Microsoft.AspNetCore=Information")
        .start_as_configured();
    browser.open(&clock);
    browser.reaches("connected");
    let shown = browser.next_tick();
    assert_eq!(shown["protocols"], json!(["h2"]), "that of the negotiation");
    assert_eq!(shown["noise"], json!([]), "nothing went wrong");
    // The WebSocket is a stream of the same connection.
    clock.says("Request starting HTTP/2 CONNECT");
}

#[test]
fn it_stays_away_when_it_is_told_to() {
    let Some(mut browser) = Browser::unless_missing("it_stays_away_when_it_is_told_to") else {
        return;
    };
    let clock = Launch::new().start();
    // Messages come together and in pieces, and some are of no concern to it.
    let frames = [
        "{}\u{1e}{\"type\":6}\u{1e}{\"type\":1,\"target\":\"ShowTime\",\"arguments\":[\"2026-01-02T23:34:56.7+01:00\"]}\u{1e}{\"type\":99}\u{1e}{\"ty",
        "pe\":7,\"error\":\"Closed for today.\"}\u{1e}",
    ];
    browser.act(&json!({ "do": "pretend", "frames": frames }));
    browser.open(&clock);
    let shown = browser.reaches("offline");
    assert_eq!(shown["digits"], "23:34:56");
    assert_eq!(shown["date"], "Friday, 2 January 2026");
    assert_eq!(shown["zone"], "UTC+01:00, the server’s own time");
    assert_eq!(shown["detail"], "Closed for today.");
    assert_eq!(shown["button"], "Connect again");
    assert_eq!(
        shown["requests"],
        json!(["GET /", "POST /hubs/clock/negotiate"]),
        "it did not come back"
    );
    assert_eq!(shown["noise"], json!([]), "nothing went wrong");
}

#[test]
fn the_page_of_the_readme_shows_and_sends_the_time() {
    let Some(browser) = chromium("the_page_of_the_readme_shows_and_sends_the_time") else {
        return;
    };
    let readme = fs::read_to_string(repository().join("README.md")).unwrap();
    let (_, html) = readme
        .split_once("```html\n")
        .expect("the README has a page");
    let (html, _) = html.split_once("```").expect("it has an end");
    let file = artefacts().join("readme.html");
    fs::write(&file, html).unwrap();

    let clock = Launch::new().variable("TZ", "<+0545>-5:45").start();
    let mut script = Script::start(
        "readme-page.mjs",
        &[
            &browser.to_string_lossy(),
            &clock.url("/readme.html"),
            &file.to_string_lossy(),
        ],
    );
    let shown = script.event("shown");
    assert!(
        shown["times"][0].as_str() < shown["times"][1].as_str(),
        "the time goes on: {}",
        shown["times"]
    );
}
