//! Programs that prove what a client can do with the server, check by check.

use std::{
    fmt::Write as _,
    io::Write as _,
    process::{Command, Stdio},
};

use crate::{ConformanceServer, Lines, Wire, not_yet};

/// Runs a program against a new conformance server, and holds it to what it printed.
///
/// Its arguments are those that it has already, then the server's URL, the URL of a [`Wire`] to the server, and the
/// address of the wire's control. It prints a line a check, its parts separated by tabs: `ok`, the feature, the title;
/// or `failed`, the feature, the title, the reason. The last line is `done`: a program that ended without it has not
/// come to all its checks.
///
/// # Panics
///
/// When a check failed, and its feature is not one of those that the server does not have yet.
pub fn prove(client: &str, command: &mut Command) {
    let server = ConformanceServer::start();
    prove_with(client, command, server);
}

/// As [`prove`], for a program that uses nothing but this transport. Where the server does not offer it, that is said,
/// as long as it is one of those things that the server does not have yet.
///
/// # Panics
///
/// As [`prove`], and where the transport is not offered that has to be.
pub fn prove_over(client: &str, transport: &str, command: &mut Command) {
    let server = ConformanceServer::start();
    let negotiated = server.ask("POST", "/hubs/conformance/negotiate?negotiateVersion=1");
    let client = format!("{client} over {transport}");
    if negotiated.body.contains(&format!("\"{transport}\"")) {
        prove_with(&client, command, server);
        return;
    }
    assert!(
        not_yet(transport),
        "{transport} is not offered: {}",
        negotiated.body
    );
    tell(&format!("{client}: the server does not offer it yet"));
}

fn prove_with(client: &str, command: &mut Command, mut server: ConformanceServer) {
    let wire = Wire::to(server.address());
    let mut process = command
        .args([server.url(""), wire.url(), wire.control()])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program can be started");
    let mut output = Lines::of(process.stdout.take().expect("stdout is piped"));

    let (mut passed, mut report, mut failures, mut later) =
        (0, String::new(), Vec::new(), Vec::new());
    loop {
        let line = output.find("check", |line| Some(line.to_owned()));
        let parts: Vec<&str> = line.split('\t').collect();
        match parts[..] {
            ["done"] => break,
            ["ok", feature, title] => {
                passed += 1;
                let _ = writeln!(report, "{client}: {feature}: {title}");
            }
            ["failed", feature, title, reason] if not_yet(feature) => {
                later.push(feature.to_owned());
                let _ = writeln!(report, "{client}: NOT YET {feature}: {title}: {reason}");
            }
            ["failed", feature, title, reason] => {
                failures.push(format!("{feature}: {title}: {reason}"));
            }
            // Clients of other people print what they like.
            _ => {
                let _ = writeln!(report, "  {line}");
            }
        }
    }
    let status = process.wait().expect("a child can be waited for");

    say(&report);
    if let Some(status) = server.ended() {
        failures.push(format!("the server itself ended with {status}"));
    }
    assert!(
        failures.is_empty(),
        "{client}, against {}:\n  {}\n",
        server.address(),
        failures.join("\n  ")
    );
    assert!(status.success(), "{client} ended with {status}");
    assert!(passed > 0, "{client} has proved something");
    let mut summary = format!("{client}: {passed} checks hold");
    if !later.is_empty() {
        let count = later.len();
        later.sort();
        later.dedup();
        let _ = write!(summary, ", {count} do not yet ({})", later.join(", "));
    }
    tell(&summary);
}

/// Straight to the descriptor: the test harness swallows what a passing test prints.
fn tell(summary: &str) {
    let _ = writeln!(std::io::stderr(), "{summary}");
}

/// Prints for those who read the output of a test: with `--nocapture`, or when it fails.
#[allow(clippy::print_stdout)] // The test harness captures nothing else.
fn say(report: &str) {
    print!("{report}");
}
