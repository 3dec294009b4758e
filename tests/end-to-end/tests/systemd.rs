//! The clock under a real systemd, installed as the README says.

use std::{env, fs, path::Path, process::Command, time::Duration};

use campanile_host::{
    BackgroundService, BoxError, CancellationToken, HostBuilder, HostError, HostedService, Inject,
    systemd::{self, Watchdog},
};
use end_to_end::{clock_app, find, left_out, missing, repository};
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
        self.journal()
            .filter(|(_, message)| message.contains(text))
            .map(|(priority, _)| priority)
            .collect()
    }

    /// Where the first entry is that contains the text.
    fn position(&self, text: &str) -> Option<usize> {
        self.journal()
            .position(|(_, message)| message.contains(text))
    }

    /// Priorities and texts, in order.
    fn journal(&self) -> impl Iterator<Item = (String, String)> {
        self.all("journal").map(|entry| {
            let entry: Value = serde_json::from_str(entry).expect("the journal is JSON");
            // What is not a text is no line of the log.
            let text = |field: &str| entry[field].as_str().unwrap_or_default().to_owned();
            (text("PRIORITY"), text("MESSAGE"))
        })
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
        ("/bin/kill", fs::exists("/bin/kill").unwrap_or(false)),
    ];
    if missing(test, &needs) {
        return;
    }

    let scripts = repository().join("tests/end-to-end/systemd");
    let binary = clock_app();
    let binaries = binary.parent().expect("a binary is in a directory");
    let here = env::current_exe().expect("the running test is a file");
    let service = |test: &str| {
        format!(
            "\"{}\" --exact {test} --ignored --nocapture",
            here.display()
        )
    };
    let output = Command::new(scripts.join("sandbox"))
        .arg("--share")
        .arg(binaries)
        .arg(scripts.join("life.sh"))
        .arg(binaries)
        .args([service(STUBBORN), service(SILENT)])
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

    // What `systemctl status` shows.
    assert_eq!(
        findings.one("status_text"),
        "Running, listening on http://127.0.0.1:5000"
    );

    // A reload has it read its settings again, and not before; here, that requests are logged.
    assert_eq!(findings.one("reloaded"), "alive");
    let reload = findings.position("the configuration was read again, and has changed");
    let request = findings.position("/healthz?after");
    assert!(reload.is_some() && reload < request, "{printed}");
    assert_eq!(findings.position("/healthz?before"), None);
    assert_eq!(findings.one("unharmed"), "HTTP/1.1 200 OK");
    let unreadable = findings.priorities("not all of it can be");
    assert!(
        !unreadable.is_empty() && unreadable.iter().all(|it| it == "3"),
        "{unreadable:?}"
    );

    // Its client is a service as good as itself.
    assert_eq!(findings.one("client_unit"), "");
    let exposure: f32 = findings.one("client_exposure").parse().unwrap();
    assert!(exposure <= 2.0, "systemd-analyze security says {exposure}");
    assert_eq!(findings.one("client_result"), "success");

    // Under notify-reload the command waits until all is read again.
    if let Some(why) = findings.all("no_reloads").next() {
        left_out(test, why);
    } else {
        let reloads: Vec<&str> = findings.all("reloads").collect();
        let [changed, unreadable, again, process] = reloads[..] else {
            panic!("three reloads, and the process: {reloads:?}");
        };
        assert!(changed.ends_with("and has changed"), "{changed}");
        assert!(unreadable.contains("not all of it can be"), "{unreadable}");
        assert!(again.ends_with("and has changed"), "{again}");
        assert_eq!(process, "the same process");
    }

    // Restarts refuse nobody; the script has waited for an answer after each.
    let answers: Vec<&str> = findings.all("client").collect();
    assert!(answers.len() > 3, "{answers:?}");
    assert!(!answers.contains(&"refused"), "{answers:?}");

    // A credential is a setting: since there is one for it, other hosts are turned away.
    assert_eq!(findings.one("elsewhere"), "HTTP/1.1 400 Bad Request");

    // A connection starts what was stopped.
    assert_eq!(findings.one("stopped"), "inactive");
    assert_eq!(findings.one("woken"), "HTTP/1.1 200 OK");

    // A stuck process is aborted and replaced, and a client of that time is answered by the next.
    assert_eq!(findings.one("stuck"), "HTTP/1.1 200 OK");
    assert_eq!(findings.one("restarts"), "1");
    assert_eq!(
        findings
            .priorities("Watchdog timeout")
            .first()
            .map(String::as_str),
        Some("3")
    );

    // Stopped successfully, and for good.
    assert_eq!(findings.one("result"), "success");
    assert_eq!(findings.one("status"), "0");
    assert_eq!(findings.one("closed"), "yes");

    // A part that takes its time to start can be seen.
    assert_eq!(
        findings.one("starting"),
        "activating Starting Stubborn (1 of 1)"
    );
    assert_eq!(findings.one("started"), "Running");

    // A part that falls silent is named, and the process replaced although all else of it goes on.
    assert_eq!(
        findings
            .priorities("no sign of life from the importer")
            .first()
            .map(String::as_str),
        Some("2")
    );
    let restarts: u32 = findings.one("silent_restarts").parse().unwrap();
    assert!(restarts > 0, "it was not replaced");
    assert_eq!(findings.one("silent_result"), "success");

    // A part that does not stop is named, and let go before systemd's patience ends.
    assert_eq!(findings.one("stubborn"), "success");
    assert_eq!(
        findings.priorities("Stubborn was busy in its phase `stop`"),
        ["4"]
    );

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
    let details = findings.priorities("Hosting starting");
    assert!(
        !details.is_empty() && details.iter().all(|priority| priority == "7"),
        "{details:?}"
    );
    let ends = findings.priorities("Application is shutting down...");
    assert!(
        !ends.is_empty() && ends.iter().all(|priority| priority == "6"),
        "{ends:?}"
    );
    assert_eq!(findings.priorities("<6>"), Vec::<String>::new());

    // A setting that is wrong keeps it from starting, and can be read there.
    assert_eq!(findings.one("refused"), "yes");
    assert!(
        !findings.priorities("Clock:Intervall").is_empty(),
        "the journal says why:\n{printed}"
    );
}

/// The service that does not stop, as a test of this program.
const STUBBORN: &str = "a_service_that_does_not_stop";

/// Starts when it is told to, and is stopped, but never done.
#[derive(Inject)]
struct Stubborn;

impl HostedService for Stubborn {
    async fn start(&self, _: CancellationToken) -> Result<(), BoxError> {
        while !Path::new("/run/go").exists() {
            tokio::time::sleep(MOMENT).await;
        }
        Ok(())
    }

    async fn stop(&self, _: CancellationToken) -> Result<(), BoxError> {
        std::future::pending().await
    }
}

#[tokio::test]
#[ignore = "started by systemd, in the other test"]
async fn a_service_that_does_not_stop() -> Result<(), HostError> {
    if !systemd::is_systemd_service() {
        return Ok(());
    }
    HostBuilder::new()
        .with_args(Vec::<String>::new())
        .add_hosted_service::<Stubborn>()
        .build()?
        .run()
        .await
}

/// The service of which a part falls silent, as a test of this program.
const SILENT: &str = "a_service_that_falls_silent";

/// Gives signs of life where there is somebody to hear them.
#[derive(Inject)]
struct Importer {
    watchdog: Watchdog,
}

impl BackgroundService for Importer {
    async fn execute(&self, stopping: CancellationToken) -> Result<(), BoxError> {
        if !Path::new("/run/heard").exists() {
            let _watched = self.watchdog.watch("the importer", MOMENT);
            stopping.cancelled().await;
            return Ok(());
        }
        let watched = self.watchdog.watch("the importer", Duration::from_secs(60));
        tracing::info!("the importer is heard");
        while !stopping.is_cancelled() {
            watched.feed();
            tokio::time::sleep(MOMENT).await;
        }
        Ok(())
    }
}

const MOMENT: Duration = Duration::from_millis(50);

#[tokio::test]
#[ignore = "started by systemd, in the other test"]
async fn a_service_that_falls_silent() -> Result<(), HostError> {
    if !systemd::is_systemd_service() {
        return Ok(());
    }
    HostBuilder::new()
        .with_args(Vec::<String>::new())
        .add_hosted_service::<Importer>()
        .build()?
        .run()
        .await
}

/// Whether this process may do everything.
fn is_root() -> bool {
    fs::read_to_string("/proc/self/status").is_ok_and(|status| {
        status
            .lines()
            .any(|line| line.split_whitespace().take(3).eq(["Uid:", "0", "0"]))
    })
}
