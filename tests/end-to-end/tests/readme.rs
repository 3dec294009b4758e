//! What the README shows is what is tested.

use std::fs;

use end_to_end::repository;

/// The first fenced block of that kind.
fn block<'a>(readme: &'a str, language: &str) -> &'a str {
    let (_, rest) = readme
        .split_once(&format!("```{language}\n"))
        .expect("there is such a block");
    rest.split_once("```").expect("it has an end").0
}

#[test]
fn its_script_is_the_one_that_is_run() {
    let readme = fs::read_to_string(repository().join("README.md")).unwrap();
    let script = fs::read_to_string(repository().join("tests/end-to-end/node/ticks.mjs")).unwrap();
    assert_eq!(block(&readme, "js"), script);
}

#[test]
fn its_installation_is_the_one_that_is_done() {
    let readme = fs::read_to_string(repository().join("README.md")).unwrap();
    let life = fs::read_to_string(repository().join("tests/end-to-end/systemd/life.sh")).unwrap();
    let (_, section) = readme.split_once("## Under systemd").unwrap();
    let mut commands = 0;
    for command in block(section, "sh")
        .lines()
        .filter_map(|line| line.strip_prefix("sudo "))
    {
        let command = command
            .replace("target/release/clock-app", "\"$1/clock-app\"")
            .replace("enable --now", "start");
        assert!(
            life.lines().any(|line| line == command),
            "not done by the test: {command}"
        );
        commands += 1;
    }
    assert!(commands > 4, "the README installs");
}
