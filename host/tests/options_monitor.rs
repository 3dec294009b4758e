//! Options that follow the configuration: fixed, per scope, live, with and without a name.

mod log_support;

use std::io::Write;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use campanile_host::configuration::{Configuration, ConfigurationBuilder};
use campanile_host::logging::ConsoleLayer;
use campanile_host::options::{self, Options, OptionsMonitor, OptionsSnapshot};
use campanile_host::{HostBuilder, Inject, ServiceCollection, ServiceProvider};
use serde::Deserialize;
use tempfile::TempDir;
use tokio::time::timeout;
use tracing_subscriber::layer::SubscriberExt;

/// Longer than any machine takes.
const LONG: Duration = Duration::from_secs(30);

#[derive(Deserialize, Debug, Default, PartialEq)]
#[serde(default)]
struct Clock {
    zone: String,
    ticks: i32,
}

/// A program with a settings file that changes.
struct Program {
    folder: TempDir,
    configuration: Configuration,
    provider: ServiceProvider,
}

impl Program {
    /// The options `Clock` are the section `Clock`, with ticks that are not negative.
    fn new(json: &str) -> Self {
        Self::with(json, |services| {
            services.configure::<Clock>("Clock");
        })
    }

    fn with(json: &str, register: impl FnOnce(&mut ServiceCollection)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("settings.json"), json).unwrap();
        let configuration = ConfigurationBuilder::new()
            .base_path(folder.path())
            .add_json_file("settings.json", false)
            .build()
            .unwrap();
        let mut services = ServiceCollection::new();
        services.add_instance(Arc::new(configuration.clone()));
        register(&mut services);
        services
            .options_of_every_name::<Clock>()
            .validate(|clock| match clock.ticks {
                ..0 => Err("the ticks are negative".to_owned()),
                _ => Ok(()),
            });
        Self {
            folder,
            configuration,
            provider: services.build().unwrap(),
        }
    }

    fn change(&self, json: &str) {
        std::fs::write(self.path(), json).unwrap();
        self.configuration.reload().unwrap();
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("settings.json")
    }

    fn monitor(&self) -> OptionsMonitor<Clock> {
        self.provider.inject().unwrap()
    }
}

fn clock(zone: &str, ticks: i32) -> Clock {
    Clock {
        zone: zone.to_owned(),
        ticks,
    }
}

const ONE: &str = r#"{"Clock": {"Zone": "one", "Ticks": 1}}"#;
const TWO: &str = r#"{"Clock": {"Zone": "two", "Ticks": 2}}"#;

#[test]
fn options_are_fixed_a_monitor_is_live_and_a_snapshot_lasts_for_a_scope() {
    let program = Program::new(ONE);
    let fixed: Options<Clock> = program.provider.inject().unwrap();
    let monitor = program.monitor();
    let early = program.provider.create_scope();
    let snapshot: OptionsSnapshot<Clock> = early.services().inject().unwrap();
    program.change(TWO);
    assert_eq!(*monitor.current(), clock("two", 2));
    assert_eq!(*fixed, clock("one", 1));
    let fixed_later: Options<Clock> = program.provider.inject().unwrap();
    assert_eq!(*fixed_later, clock("one", 1));
    let again: OptionsSnapshot<Clock> = early.services().inject().unwrap();
    assert_eq!((&*snapshot, &*again), (&clock("one", 1), &clock("one", 1)));
    let late = program.provider.create_scope();
    let snapshot: OptionsSnapshot<Clock> = late.services().inject().unwrap();
    assert_eq!(*snapshot, clock("two", 2));
}

#[tokio::test]
async fn a_change_is_told_to_callbacks_first_and_once() {
    let program = Program::new(ONE);
    let monitor = program.monitor();
    let told = Arc::new(Mutex::new(Vec::new()));
    let list = Arc::clone(&told);
    let registration = monitor.on_change(move |clock| list.lock().unwrap().push(clock.ticks));
    let mut changes = monitor.changes();
    assert!(!changes.has_changed());
    program.change(TWO);
    assert!(changes.has_changed());
    let now = timeout(LONG, changes.changed()).await.unwrap();
    assert_eq!(*now, clock("two", 2));
    assert!(!changes.has_changed());
    drop(registration);
    program.change(ONE);
    assert_eq!(*told.lock().unwrap(), [2]);
}

#[test]
fn a_change_elsewhere_in_the_configuration_is_none_of_these_options() {
    let program = Program::new(ONE);
    let monitor = program.monitor();
    let (changes, before) = (monitor.changes(), monitor.current());
    program.change(r#"{"Clock": {"Zone": "one", "Ticks": 1}, "Mail": {"Port": 25}}"#);
    assert!(!changes.has_changed());
    assert!(Arc::ptr_eq(&before, &monitor.current()));
}

#[test]
fn all_steps_are_taken_anew_for_a_changed_section() {
    let program = Program::with(ONE, |services| {
        services
            .configure::<Clock>("Clock")
            .configure_with::<Clock>(|clock| clock.ticks += 10)
            .post_configure::<Clock>(|clock| clock.zone.push('!'));
    });
    let monitor = program.monitor();
    program.change(TWO);
    assert_eq!(*monitor.current(), clock("two!", 12));
}

/// What is logged while `action` runs.
fn logged(action: impl FnOnce()) -> String {
    #[derive(Clone, Default)]
    struct Memory(Arc<Mutex<Vec<u8>>>);
    impl Write for Memory {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let memory = Memory::default();
    let nothing = ConfigurationBuilder::new().build().unwrap();
    let layer = ConsoleLayer::from_configuration(&nothing)
        .unwrap()
        .with_writer(memory.clone());
    let subscriber = tracing_subscriber::registry().with(layer);
    log_support::on_this_thread(subscriber, action);
    let bytes = memory.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn what_becomes_invalid_or_unbindable_is_logged_and_stays_as_it_was() {
    for (broken, says) in [
        (
            r#"{"Clock": {"Zone": "two", "Ticks": -1}}"#,
            "the ticks are negative",
        ),
        (
            r#"{"Clock": {"Zone": "two", "Ticks": "x"}}"#,
            "'Clock:Ticks' (settings.json:1): wanted an integer",
        ),
        (
            r#"{"Clock": {"Zone": "two", "Tics": 2}}"#,
            "did you mean 'Ticks'?",
        ),
    ] {
        let program = Program::new(ONE);
        let monitor = program.monitor();
        let changes = monitor.changes();
        let log = logged(|| program.change(broken));
        assert_eq!(log.matches("stay as they were").count(), 1, "{log}");
        assert!(log.contains("fail: Campanile.Hosting.Options"), "{log}");
        assert!(log.contains(says), "{log}");
        assert_eq!(*monitor.current(), clock("one", 1));
        assert!(!changes.has_changed());
        assert_eq!(
            program.configuration.get("Clock:Zone").as_deref(),
            Some("two")
        );
        program.change(r#"{"Clock": {"Zone": "three", "Ticks": 3}}"#);
        assert_eq!(*monitor.current(), clock("three", 3));
        assert!(changes.has_changed());
    }
}

#[derive(Inject)]
struct Bells {
    plain: Options<Clock>,
    #[inject(key = "red")]
    red: Options<Clock>,
    #[inject(key = "blue")]
    blue: OptionsMonitor<Clock>,
}

#[test]
fn options_of_different_names_have_nothing_to_do_with_each_other() {
    let json = r#"{"Clock": {"Ticks": 1}, "Red": {"Ticks": 2}, "Blue": {"Ticks": 3}}"#;
    let program = Program::with(json, |services| {
        services
            .configure::<Clock>("Clock")
            .configure_named::<Clock>("red", "Red")
            .configure_named::<Clock>("blue", "Blue")
            .add_singleton::<Bells>();
        services
            .options_named::<Clock>("red")
            .configure(|clock| clock.zone.push_str("red"));
        services
            .options_of_every_name::<Clock>()
            .post_configure(|clock| clock.zone.push('!'));
    });
    let bells = program.provider.required::<Bells>().unwrap();
    assert_eq!(*bells.plain, clock("!", 1));
    assert_eq!(*bells.red, clock("red!", 2));
    assert_eq!(*bells.blue.current(), clock("!", 3));
    let scope = program.provider.create_scope();
    program.change(r#"{"Clock": {"Ticks": 1}, "Red": {"Ticks": 2}, "Blue": {"Ticks": 4}}"#);
    assert_eq!(bells.blue.current().ticks, 4);
    let snapshot = scope
        .services()
        .required_keyed::<OptionsSnapshot<Clock>>("blue");
    assert_eq!(snapshot.unwrap().ticks, 4);
}

#[test]
fn a_name_that_is_not_registered_is_found_when_the_container_is_built() {
    let mut services = ServiceCollection::new();
    services.add_options::<Clock>().add_singleton::<Bells>();
    services.options_named::<Clock>("red").or_default();
    let report = services.build().unwrap_err().to_string();
    assert!(report.contains("blue"), "{report}");
    assert!(!report.contains("[red]"), "{report}");
}

#[test]
fn all_names_are_checked_before_the_start_and_reported_together() {
    let json = r#"{"Clock": {"Ticks": 1}, "Red": {"Ticks": -2}, "Blue": {"Ticks": "x"}}"#;
    let program = Program::with(json, |services| {
        services
            .configure::<Clock>("Clock")
            .configure_named::<Clock>("red", "Red")
            .configure_named::<Clock>("blue", "Blue");
    });
    let report = options::validate(&program.provider)
        .unwrap_err()
        .to_string();
    assert!(
        report.contains("the section 'Red' is not valid"),
        "{report}"
    );
    assert!(
        report.contains("'Blue:Ticks' (settings.json:1)"),
        "{report}"
    );
    assert_eq!(report.lines().count(), 2, "{report}");
}

#[derive(Inject)]
struct Captive {
    #[expect(dead_code, reason = "the container never makes it")]
    options: OptionsSnapshot<Clock>,
}

#[test]
fn a_singleton_cannot_have_a_snapshot() {
    let mut services = ServiceCollection::new();
    services.add_options::<Clock>().add_singleton::<Captive>();
    let report = services.build().unwrap_err().to_string();
    assert!(report.contains("OptionsSnapshot"), "{report}");
}

#[test]
fn an_unknown_key_is_let_pass_where_that_is_asked_for() {
    let json = r#"{"Clock": {"Ticks": 1, "Colour": "red"}}"#;
    let program = Program::with(json, |services| {
        services.options::<Clock>().bind_lenient("Clock");
    });
    assert_eq!(program.monitor().current().ticks, 1);
}

#[tokio::test]
async fn a_test_makes_and_changes_a_monitor_of_its_own() {
    let monitor = OptionsMonitor::new(clock("one", 1));
    let mut changes = monitor.clone().changes();
    monitor.replace(clock("two", 2));
    let now = timeout(LONG, changes.changed()).await.unwrap();
    assert_eq!(*now, clock("two", 2));
}

#[tokio::test]
async fn a_file_that_changes_while_a_host_runs_reaches_the_services() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("settings.json");
    std::fs::write(&path, ONE).unwrap();
    let file = path.clone();
    let host = HostBuilder::empty()
        .configure_configuration(move |sources| {
            sources.reload_on_change(true).add_json_file(&file, false);
        })
        .configure::<Clock>("Clock")
        .build()
        .unwrap();
    host.start().await.unwrap();
    let monitor: OptionsMonitor<Clock> = host.services().inject().unwrap();
    let mut changes = monitor.changes();
    std::fs::write(&path, TWO).unwrap();
    let now = timeout(LONG, changes.changed()).await.unwrap();
    assert_eq!(*now, clock("two", 2));
    host.stop().await.unwrap();
}
