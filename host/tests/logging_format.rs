//! What the formatters write, to the character, and what no text can make them write.

use campanile_host::configuration::ConfigurationBuilder;
use campanile_host::logging::{ConsoleFormatter, LogEntry, LogFilter, LogLevel};
use proptest::prelude::*;

fn formatter(name: &str, options: &[(&str, &str)]) -> ConsoleFormatter {
    let mut settings = vec![("Logging:Console:FormatterName".to_owned(), name.to_owned())];
    for (option, value) in options {
        let key = format!("Logging:Console:FormatterOptions:{option}");
        settings.push((key, (*value).to_owned()));
    }
    let configuration = ConfigurationBuilder::new()
        .add_in_memory(settings)
        .build()
        .unwrap();
    ConsoleFormatter::from_configuration(&configuration).unwrap()
}

fn written(name: &str, options: &[(&str, &str)], entry: &LogEntry<'_>) -> String {
    let mut out = String::new();
    formatter(name, options).format(entry, &mut out);
    out
}

fn entry<'a>(level: LogLevel, message: &'a str, scopes: &'a [&'a str]) -> LogEntry<'a> {
    let mut entry = LogEntry::new(level, "Clock", message);
    entry.event_id = 14;
    entry.error = Some("Failure: one\n   at two");
    entry.scopes = scopes;
    entry
}

const SCOPES: (&str, &str) = ("IncludeScopes", "true");
const STAMP: (&str, &str) = ("TimestampFormat", "'at noon '");
const PLAIN: (&str, &str) = ("ColorBehavior", "Disabled");

#[test]
fn json_escapes_and_orders_as_dotnet_does() {
    let text = "hello \"x\" <\u{e9}> 'a' + & \u{1} \u{2028} \n\t \\ / \u{1f600}";
    let mut hello = LogEntry::new(LogLevel::Information, "A.B", text);
    hello.event_id = 14;
    let mut failure = LogEntry::new(LogLevel::Error, "A", "boom");
    failure.error = Some("bad\nline");
    failure.scopes = &["one", "two a=1"];
    let nothing = LogEntry::new(LogLevel::Warning, "", "");
    assert_eq!(
        written("json", &[], &hello),
        "{\"EventId\":14,\"LogLevel\":\"Information\",\"Category\":\"A.B\",\"Message\":\"hello \\u0022x\\u0022 \
         \\u003C\\u00E9\\u003E \\u0027a\\u0027 \\u002B \\u0026 \\u0001 \\u2028 \\n\\t \\\\ / \\uD83D\\uDE00\",\
         \"State\":{}}\n"
    );
    assert_eq!(
        written("JSON", &[SCOPES, STAMP], &failure),
        "{\"Timestamp\":\"at noon \",\"EventId\":0,\"LogLevel\":\"Error\",\"Category\":\"A\",\"Message\":\"boom\",\
         \"Exception\":\"bad\\nline\",\"State\":{},\"Scopes\":[\"one\",\"two a=1\"]}\n"
    );
    assert_eq!(
        written("json", &[SCOPES], &nothing),
        "{\"EventId\":0,\"LogLevel\":\"Warning\",\"Category\":\"\",\"Message\":\"\",\"State\":{},\"Scopes\":[]}\n"
    );
    assert_eq!(
        written(
            "json",
            &[SCOPES, ("JsonWriterOptions:Indented", "true")],
            &failure
        ),
        "{\n  \"EventId\": 0,\n  \"LogLevel\": \"Error\",\n  \"Category\": \"A\",\n  \"Message\": \"boom\",\n  \
         \"Exception\": \"bad\\nline\",\n  \"State\": {},\n  \"Scopes\": [\n    \"one\",\n    \"two a=1\"\n  ]\n}\n"
    );
}

#[test]
fn each_format_has_its_shape() {
    let entry = entry(LogLevel::Error, "two\nlines", &["outer", "inner"]);
    for (name, options, expected) in [
        (
            "Simple",
            vec![PLAIN],
            "fail: Clock[14]\n      two\n      lines\n      Failure: one\n         at two\n",
        ),
        (
            "simple",
            vec![PLAIN, SCOPES, STAMP],
            "at noon fail: Clock[14]\n      => outer => inner\n      two\n      lines\n      Failure: one\n         at two\n",
        ),
        (
            "simple",
            vec![PLAIN, SCOPES, ("SingleLine", "true")],
            "fail: Clock[14] => outer => inner two lines Failure: one    at two\n",
        ),
        (
            "simple",
            vec![("ColorBehavior", "Enabled"), ("SingleLine", "true")],
            "\u{1b}[41m\u{1b}[30mfail\u{1b}[39m\u{1b}[22m\u{1b}[49m: Clock[14] two lines Failure: one    at two\n",
        ),
        (
            "systemd",
            vec![],
            "<3>Clock[14] two lines Failure: one    at two\n",
        ),
        (
            "SYSTEMD",
            vec![SCOPES, STAMP],
            "<3>at noon Clock[14] => outer => inner two lines Failure: one    at two\n",
        ),
    ] {
        assert_eq!(
            written(name, &options, &entry),
            expected,
            "{name} {options:?}"
        );
    }
}

#[test]
fn an_entry_without_message_and_error_is_not_written() {
    let silent = LogEntry::new(LogLevel::Information, "Clock", "");
    assert_eq!(written("simple", &[PLAIN], &silent), "");
    assert_eq!(written("systemd", &[], &silent), "");
}

#[test]
fn the_rule_that_counts_is_the_consoles_then_the_longest_then_the_last() {
    let filter = |settings: &[(&str, &str)]| {
        let configuration = ConfigurationBuilder::new()
            .add_in_memory(settings.iter().copied())
            .build()
            .unwrap();
        LogFilter::from_configuration(&configuration).unwrap()
    };
    let general = filter(&[
        ("Logging:LogLevel:Default", "Error"),
        ("Logging:LogLevel:Clock", "Debug"),
        ("Logging:LogLevel:CLOCK.worker", "4"),
        ("Logging:LogLevel:*Lifetime", "None"),
        ("Logging:LogLevel:Empty", ""),
        ("Logging:Debug:LogLevel:Default", "Trace"),
    ]);
    for (category, level) in [
        ("Clock", LogLevel::Debug),
        ("clockwork", LogLevel::Debug),
        ("Clock.Worker.Hands", LogLevel::Error),
        ("Microsoft.Hosting.Lifetime", LogLevel::None),
        ("Empty", LogLevel::Error),
    ] {
        assert_eq!(general.lowest(category), level, "{category}");
    }
    let console = filter(&[
        ("Logging:LogLevel:Clock.Worker", "Error"),
        ("Logging:CONSOLE:LogLevel:Default", "Trace"),
    ]);
    assert_eq!(console.lowest("Clock.Worker"), LogLevel::Trace);
    assert_eq!(filter(&[]).lowest("Clock"), LogLevel::Information);
}

proptest! {
    #[test]
    fn no_text_begins_a_line_of_its_own_or_drives_the_terminal(message in any::<String>(), scope in any::<String>()) {
        let scopes = [scope.as_str()];
        let entry = entry(LogLevel::Warning, &message, &scopes);
        for (name, options) in [
            ("simple", vec![PLAIN, SCOPES]),
            ("simple", vec![PLAIN, SCOPES, ("SingleLine", "true")]),
            ("systemd", vec![SCOPES]),
        ] {
            let text = written(name, &options, &entry);
            let lines: Vec<&str> = text.strip_suffix('\n').unwrap().split('\n').collect();
            if name == "systemd" || options.len() == 3 {
                prop_assert_eq!(lines.len(), 1);
            }
            prop_assert!(lines[1..].iter().all(|line| line.starts_with("      ")));
            prop_assert!(!text.contains(|it: char| it.is_control() && !"\n\r\t".contains(it)));
        }
    }
}
