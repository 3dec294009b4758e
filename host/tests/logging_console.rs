//! What a `tracing` event looks like on the console, and which ones get there.

mod log_support;

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use campanile_host::configuration::{Configuration, ConfigurationBuilder};
use campanile_host::logging::{ConsoleLayer, LogFilter};
use tracing_subscriber::layer::SubscriberExt;

#[derive(Clone, Default)]
struct Screen(Arc<Mutex<Vec<u8>>>);

impl Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Screen {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

fn configured(settings: &[(&str, &str)]) -> Configuration {
    let mut all = vec![("Logging:Console:FormatterName", "simple")];
    all.extend_from_slice(settings);
    ConfigurationBuilder::new()
        .add_in_memory(all)
        .build()
        .unwrap()
}

fn written(settings: &[(&str, &str)], log: impl FnOnce()) -> String {
    let screen = Screen::default();
    let layer = ConsoleLayer::from_configuration(&configured(settings))
        .unwrap()
        .with_writer(screen.clone());
    log_support::on_this_thread(tracing_subscriber::registry().with(layer), log);
    screen.text()
}

const SINGLE_LINE: (&str, &str) = ("Logging:Console:FormatterOptions:SingleLine", "true");
const SCOPES: (&str, &str) = ("Logging:Console:FormatterOptions:IncludeScopes", "true");

#[derive(Debug, thiserror::Error)]
#[error("cannot open the door")]
struct Locked(#[source] io::Error);

#[test]
fn the_category_is_the_target_with_dots() {
    let text = written(&[], || {
        tracing::info!("here");
        tracing::info!(target: "Microsoft.Hosting.Lifetime", event_id = 14, "there");
        tracing::info!(target: "clock_app::worker", "worker running");
    });
    assert_eq!(
        text,
        "info: logging_console[0]\n      here\n\
         info: Microsoft.Hosting.Lifetime[14]\n      there\n\
         info: clock_app.worker[0]\n      worker running\n"
    );
}

#[test]
fn further_fields_follow_the_message() {
    let text = written(&[SINGLE_LINE], || {
        let path = std::path::Path::new("/tmp");
        tracing::info!(count = 3, name = "Big Ben", path = %path.display(), open = true, r#type = ?Some(1), "ringing");
        tracing::info!(only = 1);
        tracing::info!("");
    });
    assert_eq!(
        text,
        "info: logging_console[0] ringing count=3 name=Big Ben path=/tmp open=true type=Some(1)\n\
         info: logging_console[0] only=1\n"
    );
}

#[test]
fn an_error_is_written_with_what_caused_it() {
    let text = written(&[], || {
        let error = Locked(io::Error::other("no key"));
        tracing::error!(error = &error as &dyn std::error::Error, "going home");
        tracing::warn!(error = %error, "as text");
    });
    assert_eq!(
        text,
        "fail: logging_console[0]\n      going home\n      cannot open the door\n       ---> no key\n\
         warn: logging_console[0]\n      as text\n      cannot open the door\n"
    );
}

#[test]
fn critical_is_an_error_with_a_field() {
    let log = || {
        tracing::error!(critical = true, "dying");
        tracing::error!(critical = false, "failing");
        tracing::error!("failing too");
    };
    assert_eq!(
        written(&[SINGLE_LINE], log),
        "crit: logging_console[0] dying\nfail: logging_console[0] failing\nfail: logging_console[0] failing too\n"
    );
    assert_eq!(
        written(
            &[SINGLE_LINE, ("Logging:LogLevel:Default", "Critical")],
            log
        ),
        "crit: logging_console[0] dying\n"
    );
    assert_eq!(written(&[("Logging:LogLevel:Default", "None")], log), "");
}

#[test]
fn levels_are_chosen_by_category() {
    let settings = [
        SINGLE_LINE,
        ("Logging:LogLevel:Default", "Warning"),
        ("Logging:LogLevel:clock_app", "Debug"),
    ];
    let text = written(&settings, || {
        tracing::info!(target: "hyper::client", "no");
        tracing::warn!(target: "hyper::client", "yes");
        tracing::debug!(target: "clock_app::worker", "yes");
        tracing::trace!(target: "clock_app::worker", "no");
    });
    assert_eq!(
        text,
        "warn: hyper.client[0] yes\ndbug: clock_app.worker[0] yes\n"
    );
}

#[test]
fn spans_are_scopes_when_asked_for() {
    let log = || {
        let outer = tracing::info_span!("connection", id = 7, user = tracing::field::Empty);
        outer.record("user", "ada");
        outer.in_scope(|| {
            tracing::info_span!("call", method = "Ring").in_scope(|| tracing::info!("inside"));
        });
    };
    assert_eq!(
        written(&[SINGLE_LINE, SCOPES], log),
        "info: logging_console[0] => connection id=7 user=ada => call method=Ring inside\n"
    );
    assert_eq!(
        written(&[SCOPES], log),
        "info: logging_console[0]\n      => connection id=7 user=ada => call method=Ring\n      inside\n"
    );
    assert_eq!(
        written(&[SINGLE_LINE], log),
        "info: logging_console[0] inside\n"
    );
}

#[test]
fn scopes_that_nobody_is_to_see_are_not_written() {
    let settings = [
        ("Logging:Console:FormatterOptions:IncludeScopes", "true"),
        ("Logging:CaptureScopes", "false"),
    ];
    let text = written(&settings, || {
        tracing::info_span!("request", id = 7).in_scope(|| tracing::info!("inside"));
    });
    assert!(
        text.contains("inside") && !text.contains("request"),
        "{text}"
    );
}

#[test]
fn what_is_logged_cannot_forge_an_entry() {
    let text = written(&[], || {
        tracing::info!(name = "x\ninfo: Forged[0]\r\u{1b}[2J", "hello");
    });
    assert_eq!(
        text,
        "info: logging_console[0]\n      hello name=x\n      info: Forged[0]\\u000d\\u001b[2J\n"
    );
}

#[test]
fn rules_can_be_replaced_while_they_are_in_use() {
    let screen = Screen::default();
    let layer = ConsoleLayer::from_configuration(&configured(&[SINGLE_LINE]))
        .unwrap()
        .with_writer(screen.clone());
    let handle = layer.filter_handle();
    let log = || tracing::debug!("detail");
    log_support::on_this_thread(tracing_subscriber::registry().with(layer), || {
        log();
        let verbose = configured(&[("Logging:LogLevel:Default", "Debug")]);
        handle.replace(LogFilter::from_configuration(&verbose).unwrap());
        log();
    });
    assert_eq!(screen.text(), "dbug: logging_console[0] detail\n");
}

#[test]
fn json_keeps_the_types_of_fields_and_has_spans_as_scopes() {
    let settings = [
        ("Logging:Console:FormatterName", "json"),
        ("Logging:Console:FormatterOptions:IncludeScopes", "true"),
    ];
    let text = written(&settings, || {
        let _outer = tracing::info_span!("plain").entered();
        let _inner = tracing::info_span!("request", path = "/clock", hop = 2).entered();
        tracing::info!(
            target: "a::b",
            event_id = 3,
            count = 7,
            ratio = 0.5,
            never = f64::NAN,
            ok = true,
            name = "x",
            shown = ?Some(1),
            "done"
        );
    });
    assert_eq!(
        text,
        "{\"EventId\":3,\"LogLevel\":\"Information\",\"Category\":\"a.b\",\
         \"Message\":\"done count=7 ratio=0.5 never=NaN ok=true name=x shown=Some(1)\",\
         \"State\":{\"count\":7,\"ratio\":0.5,\"never\":\"NaN\",\"ok\":true,\"name\":\"x\",\"shown\":\"Some(1)\"},\
         \"Scopes\":[\"plain\",{\"Message\":\"request path=/clock hop=2\",\"path\":\"/clock\",\"hop\":2}]}\n"
    );
}

#[test]
fn a_value_may_log_while_it_is_formatted() {
    struct Chatty;

    impl std::fmt::Display for Chatty {
        fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            tracing::info!("by the way");
            formatter.write_str("chatty")
        }
    }

    // A subscriber of one thread does not see what is logged meanwhile; the process's does.
    assert_eq!(
        written(&[SINGLE_LINE], || tracing::info!("{Chatty}")),
        "info: logging_console[0] chatty\n"
    );
}

#[test]
fn an_output_that_is_closed_is_no_failure() {
    struct Closed;

    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
    }

    let layer = ConsoleLayer::from_configuration(&configured(&[]))
        .unwrap()
        .with_writer(Closed);
    log_support::on_this_thread(tracing_subscriber::registry().with(layer), || {
        tracing::info!("to nobody");
    });
}

#[test]
fn a_section_that_cannot_be_used_is_an_error_that_names_the_key() {
    for (key, value, named) in [
        (
            "Logging:LogLevel:Default",
            "Verbose",
            "Logging:LogLevel:Default",
        ),
        ("Logging:LogLevel:a*b*c", "Debug", "Logging:LogLevel:a*b*c"),
        ("Logging:Console:FormatterName", "xml", "xml"),
        (
            "Logging:Console:FormatterOptions:TimestampFormat",
            "'open",
            "Logging:Console:FormatterOptions:TimestampFormat",
        ),
        (
            "Logging:Console:FormatterOptions:SingelLine",
            "true",
            "SingelLine",
        ),
        (
            "Logging:Console:LogToStandardErrorThreshold",
            "Bad",
            "LogToStandardErrorThreshold",
        ),
    ] {
        let error = ConsoleLayer::from_configuration(&configured(&[(key, value)])).unwrap_err();
        assert!(error.to_string().contains(named), "{error}");
    }
}

#[test]
fn an_unknown_key_of_the_console_is_named_with_its_place_and_the_nearest_one() {
    let error = |console: &str| {
        let mut builder = ConfigurationBuilder::new();
        builder.add_json_text(format!("{{\"Logging\":\n{{\"Console\":\n{console}}}}}"));
        let configuration = builder.build().unwrap();
        ConsoleLayer::from_configuration(&configuration)
            .unwrap_err()
            .to_string()
    };
    for (console, expected) in [
        (
            r#"{"FormaterName": "json"}"#,
            "'Logging:Console:FormaterName' (JSON text:3): there is no such setting; did you mean 'FormatterName'?",
        ),
        (
            r#"{"FormatterOptions": {"SingelLine": true}}"#,
            "'Logging:Console:FormatterOptions:SingelLine' (JSON text:3): there is no such setting; did you mean 'SingleLine'?",
        ),
        (
            r#"{"FormatterOptions": {"JsonWriterOptions": {"Indent": true}}}"#,
            "'Logging:Console:FormatterOptions:JsonWriterOptions:Indent' (JSON text:3): there is no such setting; did you mean 'Indented'?",
        ),
        (
            r#"{"FormatterName": "xml"}"#,
            "'Logging:Console:FormatterName' (JSON text:3): wanted one of simple, json, systemd, found 'xml'",
        ),
        (
            r#"{"LogToStandardErrorThreshold": "Bad"}"#,
            "'Logging:Console:LogToStandardErrorThreshold' (JSON text:3): `Bad` is not a log level;",
        ),
        (
            r#"{"QueueFullMode": "DropWrite"}"#,
            "'Logging:Console:QueueFullMode' (JSON text:3): wanted Wait, found 'DropWrite'",
        ),
        (
            r#"{"MaxQueueLength": 0}"#,
            "'Logging:Console:MaxQueueLength' (JSON text:3): ",
        ),
        (
            r#"{"IncludeScopes": true}"#,
            "'Logging:Console:IncludeScopes' (JSON text:3): this is not read in its old place: wanted the same key below Logging:Console:FormatterOptions",
        ),
        (
            r#"{"DisableColors": false}"#,
            "'Logging:Console:DisableColors' (JSON text:3): this is not read any more: wanted Disabled as Logging:Console:FormatterOptions:ColorBehavior",
        ),
        (
            r#"{"Format": "Systemd"}"#,
            "'Logging:Console:Format' (JSON text:3): this is not read any more: wanted simple, json or systemd as Logging:Console:FormatterName",
        ),
    ] {
        let error = error(console);
        assert!(error.starts_with(expected), "{console}: {error}");
    }
    let both = error(r#"{"FormaterName": "json", "TimestampFormat": "HH"}"#);
    assert!(both.starts_with("2 problems"), "{both}");
}

#[test]
fn what_dotnet_knows_of_a_console_and_means_nothing_here_is_accepted() {
    let text = written(
        &[
            SINGLE_LINE,
            ("Logging:Console:LogLevel:Default", "Warning"),
            ("LOGGING:CONSOLE:LOGTOSTANDARDERRORTHRESHOLD", "4"),
            ("Logging:Console:QueueFullMode", "wait"),
            ("Logging:Console:MaxQueueLength", "2500"),
            ("Logging:Console:FormatterOptions:TimestampFormat", ""),
            ("Logging:Debug:Anything", "is somebody else's"),
        ],
        || {
            tracing::info!("no");
            tracing::warn!("yes");
        },
    );
    assert_eq!(text, "warn: logging_console[0] yes\n");
    let empty = [
        ("Logging:Console:FormatterName", ""),
        ("Logging:Console:LogToStandardErrorThreshold", ""),
    ];
    assert!(ConsoleLayer::from_configuration(&configured(&empty)).is_ok());
}
