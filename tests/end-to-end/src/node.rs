//! The scripts in `node/`, which drive other people's programs.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::OnceLock,
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{Lines, artefacts, find, repository};

/// A running script: it is told what to do, and tells what happened, in lines of JSON.
#[derive(Debug)]
pub struct Script {
    process: Child,
    input: Option<ChildStdin>,
    output: Lines,
}

impl Script {
    /// Starts the script, with its packages installed.
    ///
    /// # Panics
    ///
    /// Where node or its packages are not to be had.
    #[must_use]
    pub fn start(name: &str, arguments: &[&str]) -> Self {
        let mut process = Self::command(name, arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node can be started");
        let output = Lines::of(process.stdout.take().expect("stdout is piped"));
        Self {
            input: process.stdin.take(),
            process,
            output,
        }
    }

    /// The command that runs the script to its end, with its packages installed.
    ///
    /// # Panics
    ///
    /// Where node or its packages are not to be had.
    #[must_use]
    pub fn command(name: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(find("node").expect("node is there"));
        command.arg(name).args(arguments).current_dir(installed());
        command
    }

    /// Tells it to do something.
    ///
    /// # Panics
    ///
    /// Where it has ended.
    pub fn tell(&mut self, command: &Value) {
        let input = self.input.as_mut().expect("stdin is piped");
        writeln!(input, "{command}").expect("the script reads what it is told");
    }

    /// Waits for an event of that name, passing over others.
    ///
    /// # Panics
    ///
    /// When the script ends, fails, or is silent instead.
    pub fn event(&mut self, name: &str) -> Value {
        self.output.find(&format!("event `{name}`"), |line| {
            let event: Value = serde_json::from_str(line).expect("events are JSON");
            assert!(
                name == "failed" || event["event"] != "failed",
                "failed: {}",
                event["message"]
            );
            (event["event"] == name).then_some(event)
        })
    }

    /// Ends it at once, which is right for a script that does not listen and has nothing to tidy up.
    pub fn kill(mut self) {
        let _ = self.process.kill();
    }

    /// Waits for a line, whatever it is.
    pub fn line(&mut self) -> String {
        self.output.find("line", |line| Some(line.to_owned()))
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        // The end of its input is the end of a script that reads it: a browser is closed then, which killing the
        // script would leave behind.
        drop(self.input.take());
        let until = Instant::now() + Duration::from_secs(5);
        while self.process.try_wait().is_ok_and(|ended| ended.is_none()) && Instant::now() < until {
            thread::sleep(Duration::from_millis(10));
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A copy of `node/` with the packages of its lock file, outside of the source tree.
fn installed() -> &'static Path {
    static DIRECTORY: OnceLock<PathBuf> = OnceLock::new();
    DIRECTORY.get_or_init(|| {
        let directory = artefacts().join("node");
        fs::create_dir_all(&directory).expect("the target directory can be written");
        // Tests of other binaries may be about the same.
        let lock =
            File::create(directory.join("in-use")).expect("the target directory can be written");
        lock.lock().expect("files can be locked");

        let sources = repository().join("tests/end-to-end/node");
        for entry in fs::read_dir(&sources).expect("the scripts are there") {
            let source = entry.expect("the scripts can be listed").path();
            if source.is_file() {
                let name = source.file_name().expect("a file has a name");
                fs::copy(&source, directory.join(name)).expect("a script can be copied");
            }
        }

        let wanted =
            fs::read_to_string(sources.join("package-lock.json")).expect("the lock file is there");
        let mark = directory.join("installed");
        if fs::read_to_string(&mark).is_ok_and(|installed| installed == wanted) {
            return directory;
        }
        let install = Command::new("npm")
            .args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"])
            .current_dir(&directory)
            .stdin(Stdio::null())
            .output()
            .expect("npm can be started");
        assert!(
            install.status.success(),
            "npm ci failed:\n{}",
            String::from_utf8_lossy(&install.stderr)
        );
        fs::write(mark, wanted).expect("the target directory can be written");
        directory
    })
}
