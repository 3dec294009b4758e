//! The clock as a process.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::{Lines, PATIENCE, Response, clock_app, http, repository};

/// How the clock is to be started: in a new, empty directory, with nothing of this process's environment.
#[derive(Debug)]
pub struct Launch {
    arguments: Vec<String>,
    variables: Vec<(String, String)>,
    directory: TempDir,
}

impl Default for Launch {
    fn default() -> Self {
        Self::new()
    }
}

impl Launch {
    /// With the settings that the repository ships, in `config`.
    ///
    /// # Panics
    ///
    /// Where the directory cannot be made.
    #[must_use]
    pub fn new() -> Self {
        ["appsettings.json", "appsettings.Development.json"]
            .into_iter()
            .fold(Self::bare(), |launch, name| {
                let path = format!("config/{name}");
                let settings = fs::read_to_string(repository().join(&path))
                    .expect("the repository has settings");
                launch.file(&path, &settings)
            })
    }

    /// With no settings at all.
    ///
    /// # Panics
    ///
    /// Where the directory cannot be made.
    #[must_use]
    pub fn bare() -> Self {
        let directory = tempfile::tempdir().expect("there is room for a directory");
        Self {
            arguments: Vec::new(),
            variables: Vec::new(),
            directory,
        }
    }

    /// With another argument.
    #[must_use]
    pub fn argument(mut self, argument: &str) -> Self {
        self.arguments.push(argument.to_owned());
        self
    }

    /// With another variable in its environment.
    #[must_use]
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With this file below its working directory.
    ///
    /// # Panics
    ///
    /// Where the file cannot be written.
    #[must_use]
    pub fn file(self, path: &str, text: &str) -> Self {
        let path = self.directory.path().join(path);
        path.parent()
            .map(fs::create_dir_all)
            .transpose()
            .expect("a directory can be made");
        fs::write(path, text).expect("a file can be written");
        self
    }

    /// Where it will run.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Starts it on a free port of 127.0.0.1, and returns when it listens.
    #[must_use]
    pub fn start(self) -> Clock {
        self.start_on(0)
    }

    /// Starts it on that port of 127.0.0.1, and returns when it listens.
    #[must_use]
    pub fn start_on(self, port: u16) -> Clock {
        self.argument("--urls")
            .argument(&format!("http://127.0.0.1:{port}"))
            .start_as_configured()
    }

    /// Starts it where its settings say, and returns when it listens there.
    #[must_use]
    pub fn start_as_configured(self) -> Clock {
        let mut clock = self.spawn();
        (clock.scheme, clock.address) = clock.output.find("`Now listening on`", |line| {
            let (_, url) = line.split_once("Now listening on: ")?;
            let (scheme, address) = url.trim_end().split_once("://").expect("a URL");
            let address = address.parse().expect("an address and a port");
            Some((scheme.to_owned(), address))
        });
        clock
    }

    /// Starts it, and returns when it has ended by itself, as it does when something is wrong with its settings.
    #[must_use]
    pub fn run(self) -> Ended {
        self.spawn().ended()
    }

    fn spawn(self) -> Clock {
        let mut process = Command::new(clock_app())
            .args(&self.arguments)
            .env_clear()
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(self.directory.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the clock's binary can be started");
        let output = Lines::of(process.stdout.take().expect("stdout is piped"));
        let errors = Lines::of(process.stderr.take().expect("stderr is piped"));
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Clock {
            process,
            output,
            errors,
            scheme: String::new(),
            address,
            directory: self.directory,
        }
    }
}

/// A clock that runs; it is killed when dropped.
#[derive(Debug)]
pub struct Clock {
    process: Child,
    output: Lines,
    errors: Lines,
    scheme: String,
    address: SocketAddr,
    directory: TempDir,
}

/// What is left of a clock that has ended.
#[derive(Debug)]
pub struct Ended {
    /// How it ended.
    pub status: ExitStatus,
    /// All that it printed on stdout.
    pub output: String,
    /// All that it printed on stderr.
    pub errors: String,
}

impl Clock {
    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address of its page or of a path below.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("{}://{}{path}", self.scheme, self.address)
    }

    /// Its working directory.
    #[must_use]
    pub fn directory(&self) -> PathBuf {
        self.directory.path().to_owned()
    }

    /// What it answers to a GET.
    #[must_use]
    pub fn get(&self, path: &str) -> Response {
        http::request(self.address, "GET", path)
    }

    /// Waits for a line on stdout that contains the text.
    pub fn says(&mut self, text: &str) {
        self.output
            .find(text, |line| line.contains(text).then_some(()));
    }

    /// Whether it has said, up to now, a line on stdout that contains the text.
    #[must_use]
    pub fn has_said(&mut self, text: &str) -> bool {
        self.output.so_far().iter().any(|line| line.contains(text))
    }

    /// Sends a signal, by its name without `SIG`.
    ///
    /// # Panics
    ///
    /// Where the process is not there any more.
    pub fn signal(&self, name: &str) {
        // The shell has `kill` built in everywhere; a crate for one call would be more.
        let sent = Command::new("/bin/sh")
            .args([
                "-c",
                "kill -s \"$0\" \"$1\"",
                name,
                &self.process.id().to_string(),
            ])
            .status();
        assert!(
            sent.is_ok_and(|status| status.success()),
            "SIG{name} could not be sent"
        );
    }

    /// Whether it still runs.
    ///
    /// # Panics
    ///
    /// Where the system does not tell.
    #[must_use]
    pub fn runs(&mut self) -> bool {
        self.process
            .try_wait()
            .expect("a child can be asked for")
            .is_none()
    }

    /// Waits for its end.
    ///
    /// # Panics
    ///
    /// When it still runs after a long time.
    #[must_use]
    pub fn ended(mut self) -> Ended {
        let until = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.process.try_wait().expect("a child can be waited for") {
                break status;
            }
            assert!(Instant::now() < until, "it still runs after {PATIENCE:?}");
            thread::sleep(Duration::from_millis(2));
        };
        Ended {
            status,
            output: self.output.all().join("\n"),
            errors: self.errors.all().join("\n"),
        }
    }
}

impl Drop for Clock {
    fn drop(&mut self) {
        // Nothing is to be done about a process that has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
