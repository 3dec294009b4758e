//! JSON files: what they mean, where their values are from, and what is said of broken ones.

use std::path::Path;

use campanile_host::configuration::{Configuration, ConfigurationBuilder, ConfigurationError};

fn read(text: &str) -> Result<Configuration, ConfigurationError> {
    ConfigurationBuilder::new().add_json_text(text).build()
}

fn refusal(text: &str) -> String {
    read(text).unwrap_err().to_string()
}

#[test]
fn values_are_text_as_it_stands_in_the_file() {
    let configuration = read(
        r#"{
            "number": 1.50, "exponent": 1e3, "large": 12345678901234567890123,
            "yes": true, "no": false, "null": null, "object": {}, "array": [],
            "text": "a\u00e9\n", "list": [1, [2, 3]], "a:b": "flat"
        }"#,
    )
    .unwrap();
    for (key, value) in [
        ("number", Some("1.50")),
        ("exponent", Some("1e3")),
        ("large", Some("12345678901234567890123")),
        ("yes", Some("True")),
        ("no", Some("False")),
        ("null", None),
        ("object", None),
        ("array", Some("")),
        ("text", Some("aé\n")),
        ("list:1:0", Some("2")),
        ("A:B", Some("flat")),
    ] {
        assert_eq!(configuration.get(key).as_deref(), value, "{key}");
    }
}

#[test]
fn every_value_knows_its_line() {
    let configuration = read(
        "{ // first\n  \"a\": 1, /* two\n lines */ \"b\":\n  \"x\",\r\n  \"c\": [\n true,\n null,],\n}",
    )
    .unwrap();
    for (key, line) in [("a", 2), ("b", 4), ("c:0", 6), ("c:1", 7)] {
        let expected = format!("JSON text:{line}");
        assert_eq!(configuration.origin(key), Some(expected), "{key}");
    }
    assert_eq!(configuration.origin("c"), None);
}

#[test]
fn broken_json_is_refused_with_its_place() {
    for (text, place) in [
        ("", "JSON text:1:"),
        ("// nothing\n", "JSON text:1:11: not valid JSON"),
        (
            "{\n  \"a\": 1,\n  \"b\": tru\n}",
            "JSON text:3:11: not valid JSON",
        ),
        ("{'a': 1}", "JSON text:1:2: not valid JSON"),
        ("{\"a\": 1} x", "JSON text:1:10: not valid JSON"),
        ("{\"a\": [1,,]}", "JSON text:1:10: not valid JSON"),
        ("{\"a\": {,}}", "JSON text:1:8: not valid JSON"),
        ("{\"a\": /* open", "JSON text:1:13: not valid JSON"),
        ("{\"a\":\n {\"b\": \"\\ud800\"}}", "JSON text:2:"),
        (
            "[1]",
            "JSON text:1:1: an object was wanted at the top, found an array",
        ),
        (
            "\n \"text\"",
            "JSON text:2:2: an object was wanted at the top, found a string",
        ),
        (
            "7",
            "JSON text:1:1: an object was wanted at the top, found a number",
        ),
    ] {
        let message = refusal(text);
        assert!(message.starts_with(place), "{text}: {message}");
    }
}

#[test]
fn a_key_that_is_there_twice_is_refused_with_both_lines() {
    for (text, key) in [
        ("{\"A\": 1,\n \"A\": 2}", "A"),
        ("{\"Abc\": 1,\n \"aBC\": 2}", "aBC"),
        ("{\"a:b\": 1,\n \"a\": {\"b\": 2}}", "a:b"),
        ("{\"a\": {},\n \"A\": {}}", "A"),
    ] {
        let error = read(text).unwrap_err();
        let ConfigurationError::DuplicateKey {
            key: found,
            line,
            first_line,
            ..
        } = &error
        else {
            panic!("{text}: {error}");
        };
        assert_eq!((found.as_str(), *first_line, *line), (key, 1, 2), "{text}");
        assert!(error.to_string().contains(&format!("'{key}'")), "{error}");
    }
    // Two objects of one name are one section, as in .NET.
    let configuration = read(r#"{"a": {"b": 1}, "A": {"c": 2}}"#).unwrap();
    assert_eq!(configuration.section("a").children().len(), 2);
}

#[test]
fn nesting_without_end_is_refused() {
    let deep = |levels: usize| {
        let (open, close) = ("{\"a\":".repeat(levels), "}".repeat(levels));
        read(&format!("{open}1{close}"))
    };
    assert!(deep(64).is_ok());
    for levels in [65, 100_000] {
        let message = deep(levels).unwrap_err().to_string();
        assert!(message.contains("more than 64 levels"), "{message}");
    }
    assert!(read(&"[".repeat(100_000)).is_err());
}

#[test]
fn files_are_found_read_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
    write("bom.json", b"\xef\xbb\xbf{\"a\": \"bom\"}");
    write("latin.json", b"{\"a\":\n \"\xe9\"}");
    write("broken.json", b"{");

    let build = |name: &str, optional| {
        ConfigurationBuilder::new()
            .base_path(folder.path())
            .add_json_file(name, optional)
            .build()
    };
    let configuration = build("bom.json", false).unwrap();
    assert_eq!(configuration.get("a").as_deref(), Some("bom"));
    assert_eq!(configuration.origin("a").as_deref(), Some("bom.json:1"));

    let configuration = build("none.json", true).unwrap();
    let [file] = &configuration.files()[..] else {
        panic!("{configuration:?}");
    };
    assert_eq!(file.path, folder.path().join("none.json"));
    assert!(file.optional && !file.read);

    let path = |name: &str| display(folder.path(), name);
    for (name, says) in [
        (
            "none.json",
            "was not found, and it is not optional".to_owned(),
        ),
        ("bom.json/inner.json", "was not found".to_owned()),
        (
            "latin.json",
            format!("{}:2:3: the file is not UTF-8", path("latin.json")),
        ),
        (
            "broken.json",
            format!("{}:1:1: not valid JSON", path("broken.json")),
        ),
        (".", "cannot read".to_owned()),
    ] {
        let message = build(name, false).unwrap_err().to_string();
        assert!(message.contains(&says), "{name}: {message}");
        assert!(message.contains(&path(name)), "{name}: {message}");
    }
    // Optional is about being there, not about being right.
    assert!(build("broken.json", true).is_err());
}

fn display(folder: &Path, name: &str) -> String {
    folder.join(name).to_string_lossy().into_owned()
}
