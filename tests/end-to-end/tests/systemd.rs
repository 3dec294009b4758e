//! The clock under a real systemd, installed as the README says.

use std::{fs, process::Command};

use end_to_end::{clock_app, find, missing, repository};
use serde_json::Value;

/// What the script found, by name.
struct Findings(Vec<(String, String)>);

impl Findings {
    fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .filter(move |(found, _)| found == name)
            .map(|(_, value)| value.as_str())
    }

    fn one(&self, name: &str) -> &str {
        self.all(name)
            .next()
            .unwrap_or_else(|| panic!("nothing about {name}: {:?}", self.0))
    }

    /// The priorities of all entries of the journal that contain the text.
    fn priorities(&self, text: &str) -> Vec<String> {
        let entries = self
            .all("journal")
            .map(|entry| serde_json::from_str::<Value>(entry).expect("the journal is JSON"));
        entries
            .filter(|entry| {
                entry["MESSAGE"]
                    .as_str()
                    .is_some_and(|message| message.contains(text))
            })
            .map(|entry| {
                entry["PRIORITY"]
                    .as_str()
                    .expect("each has a priority")
                    .to_owned()
            })
            .collect()
    }
}

#[test]
fn it_lives_under_systemd() {
    let test = "it_lives_under_systemd";
    let needs = [
        ("root", is_root()),
        (
            "systemd",
            fs::exists("/lib/systemd/systemd").unwrap_or(false)
                && find("systemd-analyze").is_some(),
        ),
        (
            "unshare and nsenter",
            find("unshare").is_some() && find("nsenter").is_some(),
        ),
    ];
    if missing(test, &needs) {
        return;
    }

    let scripts = repository().join("tests/end-to-end/systemd");
    let binary = clock_app();
    let output = Command::new(scripts.join("sandbox"))
        .arg("--share")
        .arg(binary.parent().expect("a binary is in a directory"))
        .arg(scripts.join("life.sh"))
        .arg(binary)
        .current_dir(repository())
        .output()
        .expect("the sandbox can be started");
    let (printed, errors) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    if output.status.code() == Some(125) && missing(test, &[(errors.trim(), false)]) {
        return;
    }
    assert!(output.status.success(), "{printed}\n{errors}");
    let findings = Findings(
        printed
            .lines()
            .filter_map(|line| line.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
    );

    // There is nothing in the unit that systemd does not know.
    assert_eq!(findings.one("unit"), "");

    // `systemctl start` has returned, so it has told that it is ready; and it was.
    assert_eq!(findings.one("active"), "active");
    assert_eq!(findings.one("answer"), "HTTP/1.1 200 OK");
    assert_eq!(findings.one("health"), "HTTP/1.1 200 OK");

    // Confined: a user of its own, and next to nothing that it could do.
    let user: u32 = findings.one("user").parse().unwrap();
    assert!((61184..=65519).contains(&user), "a dynamic user: {user}");
    let exposure: f32 = findings.one("exposure").parse().unwrap();
    assert!(exposure <= 2.0, "systemd-analyze security says {exposure}");

    // Stopped in a moment, and successfully.
    let stop: u32 = findings.one("stop").parse().unwrap();
    assert!(stop < 2_000, "the stop took {stop} ms");
    assert_eq!(findings.one("result"), "success");
    assert_eq!(findings.one("status"), "0");

    // The journal has the levels as priorities, and no marks of them in the text.
    assert_eq!(
        findings
            .priorities("Now listening on: http://")
            .first()
            .map(String::as_str),
        Some("6")
    );
    assert_eq!(
        findings
            .priorities("Application started")
            .first()
            .map(String::as_str),
        Some("6")
    );
    assert_eq!(
        findings.priorities("Application is shutting down..."),
        ["6"]
    );
    assert_eq!(findings.priorities("<6>"), Vec::<String>::new());

    // A setting that is wrong keeps it from starting, and can be read there.
    assert_eq!(findings.one("refused"), "yes");
    assert!(
        !findings.priorities("Clock:Intervall").is_empty(),
        "the journal says why:\n{printed}"
    );
}

/// Whether this process may do everything.
fn is_root() -> bool {
    fs::read_to_string("/proc/self/status").is_ok_and(|status| {
        status
            .lines()
            .any(|line| line.split_whitespace().take(3).eq(["Uid:", "0", "0"]))
    })
}
