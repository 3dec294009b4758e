//! Starts this very test program as the program under test.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, Stdio};

/// The variable that says what the program is to be.
pub(crate) const SCENARIO: &str = "CAMPANILE_TEST_SCENARIO";

/// A started program and what it writes.
pub(crate) struct Program {
    child: Child,
    output: Option<BufReader<ChildStdout>>,
}

/// How a program has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Program {
    pub(crate) fn start(scenario: &str, configure: impl FnOnce(&mut Command)) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .env(SCENARIO, scenario)
            .env_remove("NOTIFY_SOCKET")
            .env_remove("SYSTEMD_EXEC_PID")
            .env_remove("RUST_BACKTRACE")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        configure(&mut command);
        let mut child = command.spawn().unwrap();
        let output = child.stdout.take().map(BufReader::new);
        Self { child, output }
    }

    /// Reads until a line contains `text`; what was read.
    pub(crate) fn read_until(&mut self, text: &str) -> String {
        let mut read = String::new();
        let output = self.output.as_mut().unwrap();
        while !read.contains(text) {
            let taken = output.read_line(&mut read).unwrap();
            assert!(taken > 0, "the program ended without `{text}`: {read}");
        }
        read
    }

    pub(crate) fn signal(&self, name: &str) {
        // The shell's own, since not every system has a program of that name.
        let sent = Command::new("sh")
            .args(["-c", &format!("kill -{name} {}", self.child.id())])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    /// From now on nobody reads what the program writes.
    #[allow(dead_code, reason = "not every test program needs it")]
    pub(crate) fn close_output(&mut self) {
        self.output = None;
    }

    pub(crate) fn wait(mut self) -> Ended {
        let mut stdout = String::new();
        if let Some(mut output) = self.output.take() {
            output.read_to_string(&mut stdout).unwrap();
        }
        let rest = self.child.wait_with_output().unwrap();
        Ended {
            code: rest.status.code(),
            stdout,
            stderr: String::from_utf8(rest.stderr).unwrap(),
        }
    }
}

/// Runs the tests one after the other, as libtest would with one thread.
pub(crate) fn run(tests: &[(&str, fn())]) {
    let wanted: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with('-'))
        .collect();
    for (name, test) in tests {
        if wanted.is_empty() || wanted.iter().any(|part| name.contains(part.as_str())) {
            eprintln!("test {name} ...");
            test();
        }
    }
}
