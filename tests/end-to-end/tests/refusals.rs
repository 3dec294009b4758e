//! What bad settings get: one clear message on stderr that names the place, exit code 1, nothing half started.

use std::net::TcpListener;

use end_to_end::Launch;

/// Starts the clock, which has to refuse, and say all of that.
#[track_caller]
fn refuses(launch: Launch, says: &[&str]) {
    let ended = launch.run();
    let errors = &ended.errors;
    for wanted in says {
        assert!(errors.contains(wanted), "`{wanted}` is not in:\n{errors}");
    }
    assert_eq!(ended.status.code(), Some(1), "{errors}");
    assert!(
        !errors.contains("panicked"),
        "an error, not a panic:\n{errors}"
    );
    let lines = errors
        .lines()
        .filter(|line| !line.trim().is_empty())
        .count();
    assert!((1..=3).contains(&lines), "one message:\n{errors}");
    for started in ["Now listening on", "Application started"] {
        assert!(
            !ended.output.contains(started),
            "half started:\n{}",
            ended.output
        );
    }
}

fn settings(text: &str) -> Launch {
    Launch::bare()
        .file("appsettings.json", text)
        .argument("--urls=http://127.0.0.1:0")
}

#[test]
fn a_file_that_is_not_json() {
    refuses(
        settings("{\n  \"Clock\": {\n    \"Interval\" \"00:00:01\"\n  }\n}\n"),
        &["appsettings.json", "3"],
    );
    refuses(settings("[]"), &["appsettings.json"]);
}

#[test]
fn a_key_that_nobody_knows() {
    refuses(
        settings("{\n  \"Clock\": {\n    \"Intervall\": \"00:00:01\"\n  }\n}\n"),
        &["Clock:Intervall", "mean 'Interval'", "appsettings.json:3"],
    );
    refuses(
        settings("{}").variable("Clock__Period", "00:00:01"),
        &["Clock:Period"],
    );
}

#[test]
fn an_interval_that_is_none() {
    refuses(
        settings("{\n  \"Clock\": { \"Interval\": \"soon\" }\n}\n"),
        &["Clock:Interval", "soon", "appsettings.json:2"],
    );
    refuses(
        settings("{}").variable("Clock__Interval", "25:61:00"),
        &["Clock:Interval", "25:61:00"],
    );
    refuses(
        settings("{}").argument("--Clock:Interval=whenever"),
        &["Clock:Interval", "whenever"],
    );
}

#[test]
fn a_port_that_is_taken() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    refuses(
        Launch::new().argument(&format!("--urls=http://{address}")),
        &[&address, "in use"],
    );
    // Also when another address could be had: all or nothing.
    refuses(
        Launch::new().argument(&format!("--urls=http://127.0.0.1:0;http://{address}")),
        &[&address, "in use"],
    );
}

#[test]
fn a_url_that_is_none() {
    refuses(Launch::new().argument("--urls=nonsense"), &["nonsense"]);
    refuses(
        Launch::new().argument("--urls=ftp://127.0.0.1:0"),
        &["ftp://127.0.0.1:0"],
    );
    refuses(
        Launch::new().argument("--urls=http://127.0.0.1:70000"),
        &["70000"],
    );
    refuses(
        Launch::bare().file(
            "appsettings.json",
            "{\n  \"Urls\": \"http//localhost\"\n}\n",
        ),
        &["http//localhost"],
    );
}

#[test]
fn an_interval_that_does_not_pass() {
    refuses(
        settings("{\n  \"Clock\": { \"Interval\": \"00:00:00\" }\n}\n"),
        &["Interval"],
    );
    refuses(
        settings("{}").variable("Clock__Interval", "-00:00:01"),
        &["Interval"],
    );
}

#[test]
fn an_endpoint_that_is_none() {
    let endpoint = |text: &str| {
        Launch::bare().file(
            "appsettings.json",
            &format!("{{\n  \"Kestrel\": {{ \"Endpoints\": {{\n    \"Public\": {text} }} }}\n}}\n"),
        )
    };
    let place = "appsettings.json:3";
    for (text, says) in [
        (
            r#"{ "Url": "http://127.0.0.1:0", "Protocol": "Http1" }"#,
            &[
                "Kestrel:Endpoints:Public:Protocol",
                "mean 'Protocols'",
                place,
            ][..],
        ),
        (
            r#"{ "Url": "http://127.0.0.1:0", "Protocols": "Http4" }"#,
            &["Kestrel:Endpoints:Public:Protocols", "'Http4'", place],
        ),
        (
            r#"{ "Url": "localhost" }"#,
            &["Kestrel:Endpoints:Public:Url", "localhost", place],
        ),
        (
            r#"{ "Protocols": "Http1" }"#,
            &["Kestrel:Endpoints:Public:Url", "http://HOST:PORT"],
        ),
        (
            r#"{ "Url": "http://127.0.0.1:0", "SslProtocols": ["Tls13"] }"#,
            &["Public", "SslProtocols", "https://", place],
        ),
        (
            r#"{ "Url": "https://127.0.0.1:0" }"#,
            &["Kestrel:Endpoints:Public:Certificate:Path", place],
        ),
        (
            r#"{ "Url": "https://127.0.0.1:0", "Certificate": { "Path": "none.pem" } }"#,
            &[
                "Kestrel:Endpoints:Public:Certificate:Path",
                "none.pem",
                place,
            ],
        ),
        (
            r#"{ "Url": "http://unix:/nowhere/bell.sock" }"#,
            &["unix:/nowhere/bell.sock", place],
        ),
    ] {
        refuses(endpoint(text), says);
    }
}

#[test]
fn a_credential_that_is_no_setting() {
    let launch = settings("{}").file("credentials/Clock__Interval", "soon\n");
    let path = launch.directory().join("credentials");
    let launch = launch.variable("CREDENTIALS_DIRECTORY", &path.to_string_lossy());
    refuses(
        launch,
        &["Clock:Interval", "credential Clock__Interval", "soon"],
    );
}
