//! Answers one case of the host conformance probe: `host-conformance AREA < case.json`.
#![allow(
    clippy::print_stdout,
    reason = "the answer is what this program is for"
)]

mod areas;

use std::io::Read;
use std::process::ExitCode;

use serde_json::{Value, json};

fn main() -> ExitCode {
    let area = std::env::args().nth(1).unwrap_or_default();
    let mut text = String::new();
    let case: Value = match std::io::stdin()
        .read_to_string(&mut text)
        .map(|_| serde_json::from_str(&text))
    {
        Ok(Ok(case)) => case,
        _ => {
            eprintln!("host-conformance: the case on standard input is not JSON");
            return ExitCode::from(2);
        }
    };
    let answer = match area.as_str() {
        "configuration" => areas::configuration::answer(&case),
        "binding" => areas::binding::answer(&case),
        "filter" => areas::filter::answer(&case),
        "format" => areas::format::answer(&case),
        "listen" => areas::listen::answer(&case),
        "options" => areas::options::answer(&case),
        "lifecycle" => areas::lifecycle::answer(&case),
        "container" => areas::container::answer(&case),
        _ => Err(format!("there is no area '{area}'").into()),
    };
    let answer = answer.unwrap_or_else(|error| {
        eprintln!("{error}");
        json!({ "error": true })
    });
    println!("{answer}");
    ExitCode::SUCCESS
}
