//! What is changed while the clock runs counts without a restart, and a client that is connected notices nothing else.

use std::{
    fs, thread,
    time::{Duration, Instant},
};

use end_to_end::{Certificate, Clock, HubConnection, Launch, PATIENCE, request_over, tls};

/// With the clock's interval and the level of the log for requests.
fn settings(interval: &str, requests: &str) -> String {
    format!(
        r#"{{
            "Clock": {{ "Interval": "{interval}" }},
            "Kestrel": {{
                "Endpoints": {{ "Secure": {{ "Url": "https://127.0.0.1:0" }} }},
                "Certificates": {{ "Default": {{ "Path": "site.pem", "KeyPath": "site.key" }} }}
            }},
            "Logging": {{ "LogLevel": {{ "Microsoft.AspNetCore": "{requests}" }} }}
        }}"#
    )
}

/// The clock, and the certificates that its clients trust.
struct Running {
    clock: Clock,
    trusted: [Certificate; 2],
}

impl Running {
    fn start() -> Self {
        let trusted = [Certificate::new(), Certificate::new()];
        let clock = Launch::bare()
            .file("appsettings.json", &settings("01:00:00", "Warning"))
            .file("site.pem", &trusted[0].pem)
            .file("site.key", &trusted[0].key)
            .start_as_configured();
        Self { clock, trusted }
    }

    /// Puts another file in the place of one, as an editor or a program for certificates does.
    fn replace(&self, name: &str, text: &str) {
        let directory = self.clock.directory();
        let new = directory.join("new");
        fs::write(&new, text)
            .and_then(|()| fs::rename(new, directory.join(name)))
            .expect("a file can be replaced");
    }

    /// What it answers to a GET over a connection of its own, and which certificate it shows.
    fn get(&self, path: &str) -> (u16, usize) {
        let (mut stream, certificate) = tls(self.clock.address(), &self.trusted);
        let answer = request_over(&mut stream, "localhost", "GET", path);
        (answer.status, certificate)
    }

    /// Waits until that is so.
    fn until(&mut self, what: &str, mut reached: impl FnMut(&mut Self) -> bool) {
        let limit = Instant::now() + PATIENCE;
        while !reached(self) {
            assert!(Instant::now() < limit, "not within {PATIENCE:?}: {what}");
            thread::sleep(Duration::from_millis(20));
        }
    }
}

#[test]
fn a_level_an_option_and_a_certificate_change_while_it_runs() {
    let mut running = Running::start();
    assert_eq!(running.get("/healthz"), (200, 0));
    let (stream, _) = tls(running.clock.address(), &running.trusted);
    let mut member = HubConnection::over(stream, "wss://localhost/hubs/clock");
    assert!(!running.clock.has_said("/healthz"), "requests are logged");

    // An options value: of an hour becomes a tenth of a second, for who was there before too.
    running.replace("appsettings.json", &settings("00:00:00.100", "Warning"));
    let (first, second) = (member.time(), member.time());
    assert!(first < second, "{first}, {second}");

    // A level: from now on requests are logged.
    running.replace("appsettings.json", &settings("00:00:00.100", "Information"));
    running.until("a request is logged", |running| {
        assert_eq!(running.get("/healthz?logged"), (200, 0));
        running.clock.has_said("/healthz?logged")
    });

    // A certificate: between its file and that of its key they do not go together, and nobody is turned away.
    running.replace("site.pem", &running.trusted[1].pem);
    assert_eq!(running.get("/healthz"), (200, 0));
    running.replace("site.key", &running.trusted[1].key);
    running.until("the new certificate is shown", |running| {
        let (status, certificate) = running.get("/healthz");
        assert_eq!(status, 200);
        certificate == 1
    });

    // It is one process all the time, and the connection of its beginning is still told the time.
    assert!(member.time() > second);
    assert!(running.clock.runs());
    running.clock.signal("TERM");
    while member.message().expect("a farewell comes first")["type"] != 7 {}
    let ended = running.clock.ended();
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    assert_eq!(ended.output.matches("Application started").count(), 1);
}

#[test]
fn what_is_wrong_while_it_runs_changes_nothing_but_the_log() {
    let mut running = Running::start();
    running.replace("appsettings.json", &settings("00:00:00.100", "Warning"));
    let (stream, _) = tls(running.clock.address(), &running.trusted);
    let mut member = HubConnection::over(stream, "wss://localhost/hubs/clock");
    // By the second tick the settings have been read.
    member.time();
    member.time();
    let directory = running.clock.directory();
    let other = running.trusted[1].pem.clone();
    for (file, text, says) in [
        // No JSON, by its line.
        (
            "appsettings.json",
            "{\n \"Clock\" 1 }",
            "appsettings.json:2",
        ),
        // A value that its own check refuses.
        (
            "appsettings.json",
            &*settings("00:00:00", "Warning"),
            "longer than zero",
        ),
        // A key that is not known, by its name.
        (
            "appsettings.json",
            &settings("00:00:00.100", "Warning").replace("Url", "Address"),
            "Kestrel:Endpoints:Secure:Address",
        ),
        // A certificate that is none, and one of another key.
        ("site.pem", "nothing here", "site.pem: wanted a certificate"),
        ("site.pem", &other, "is not that of the certificate"),
    ] {
        let good = fs::read_to_string(directory.join(file)).expect("it is there");
        running.replace(file, text);
        assert!(!running.clock.has_said(says), "{says}: too early");
        running.until(says, |running| running.clock.has_said(says));
        assert_eq!(running.get("/healthz"), (200, 0), "{says}");
        member.time();
        running.replace(file, &good);
    }
    assert!(running.clock.runs());
}
