//! Configuration files that change while the program runs, in every way in which files are replaced.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use campanile_host::HostBuilder;
use campanile_host::configuration::{
    Configuration, ConfigurationBuilder, ConfigurationWatch, HostConfigurationBuilder,
};
use tempfile::TempDir;
use tokio::time::timeout;

/// Longer than any machine takes; what is waited for comes within a second.
const LONG: Duration = Duration::from_secs(30);

/// Longer than a change takes to be seen. Time is paused where this is waited for.
const A_WHILE: Duration = Duration::from_secs(10);

struct Files {
    folder: TempDir,
}

impl Files {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) -> &Self {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    /// A file whose key `Zone` is this.
    fn zone(&self, name: &str, zone: &str) -> &Self {
        self.write(name, &format!(r#"{{"Clock": {{"Zone": "{zone}"}}}}"#))
    }

    fn builder(&self) -> ConfigurationBuilder {
        let mut builder = ConfigurationBuilder::new();
        builder.base_path(self.folder.path()).reload_on_change(true);
        builder
    }

    /// `appsettings.json`, which may be missing, watched.
    fn watch(&self) -> Watched {
        let mut builder = self.builder();
        Watched::new(
            builder
                .add_json_file("appsettings.json", true)
                .build()
                .unwrap(),
        )
    }
}

struct Watched {
    configuration: Configuration,
    changes: campanile_host::configuration::ConfigurationChanges,
    count: Arc<AtomicUsize>,
    watch: Option<ConfigurationWatch>,
}

impl Watched {
    fn new(configuration: Configuration) -> Self {
        let count = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&count);
        configuration
            .on_change(move || {
                counter.fetch_add(1, Ordering::SeqCst);
            })
            .detach();
        Self {
            changes: configuration.changes(),
            watch: configuration.watch(),
            configuration,
            count,
        }
    }

    async fn changed(&mut self) -> Option<String> {
        timeout(LONG, self.changes.changed())
            .await
            .expect("the change should be noticed");
        self.zone()
    }

    fn zone(&self) -> Option<String> {
        self.configuration.get("Clock:Zone")
    }

    fn count(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[tokio::test]
async fn a_file_that_is_written_in_place_is_read_again() {
    let files = Files::new();
    files.zone("appsettings.json", "one");
    let mut watched = files.watch();
    assert_eq!(watched.zone(), some("one"));
    files.zone("appsettings.json", "two");
    assert_eq!(watched.changed().await, some("two"));
    let path = files.path("appsettings.json");
    assert_eq!(watched.configuration.files()[0].path, path);
}

#[tokio::test]
async fn a_file_that_is_replaced_by_rename_is_read_again_and_again() {
    let files = Files::new();
    files.zone("appsettings.json", "one");
    let mut watched = files.watch();
    for zone in ["two", "three"] {
        files.zone("appsettings.json.new", zone);
        fs::rename(
            files.path("appsettings.json.new"),
            files.path("appsettings.json"),
        )
        .unwrap();
        assert_eq!(watched.changed().await, some(zone));
    }
    assert_eq!(watched.count(), 2);
}

#[cfg(unix)]
#[tokio::test]
async fn links_that_are_swapped_as_kubernetes_does_are_followed() {
    use std::os::unix::fs::symlink;
    let swap = |target: &str, link: &Path| {
        let fresh = link.with_file_name("fresh");
        symlink(target, &fresh).unwrap();
        fs::rename(fresh, link).unwrap();
    };
    let files = Files::new();
    files.zone("..1/appsettings.json", "one");
    files.zone("..2/appsettings.json", "two");
    swap("..1", &files.path("..data"));
    swap("..data/appsettings.json", &files.path("appsettings.json"));
    let mut watched = files.watch();
    assert_eq!(watched.zone(), some("one"));
    swap("..2", &files.path("..data"));
    assert_eq!(watched.changed().await, some("two"));
}

#[tokio::test]
async fn a_file_that_is_deleted_takes_its_values_along() {
    let files = Files::new();
    files.zone("appsettings.json", "one");
    let mut watched = files.watch();
    fs::remove_file(files.path("appsettings.json")).unwrap();
    assert_eq!(watched.changed().await, None);
    assert!(!watched.configuration.files()[0].read);
    files.zone("appsettings.json", "back");
    assert_eq!(watched.changed().await, some("back"));
}

#[tokio::test]
async fn a_file_in_a_folder_that_appears_later_is_read() {
    let files = Files::new();
    let configuration = files
        .builder()
        .add_json_file("config/appsettings.json", true)
        .build()
        .unwrap();
    let mut watched = Watched::new(configuration);
    files.zone("config/appsettings.json", "later");
    assert_eq!(watched.changed().await, some("later"));
}

#[tokio::test]
async fn a_folder_of_secrets_is_read_again() {
    let files = Files::new();
    files.write("secrets/Clock__Zone", "one\n");
    let configuration = files
        .builder()
        .add_key_per_file("secrets", false)
        .build()
        .unwrap();
    let mut watched = Watched::new(configuration);
    files.write("secrets/Clock__Interval", "00:00:01");
    watched.changed().await;
    assert_eq!(
        watched.configuration.get("Clock:Interval"),
        some("00:00:01")
    );
    files.write("secrets/Clock__Zone", "two\n");
    assert_eq!(watched.changed().await, some("two"));
}

#[tokio::test]
async fn what_stronger_sources_say_stays() {
    let files = Files::new();
    files.write(
        "appsettings.json",
        r#"{"Clock": {"Zone": "file", "Ticks": 1}}"#,
    );
    let configuration = files
        .builder()
        .add_json_file("appsettings.json", false)
        .add_command_line(["--Clock:Zone=argument"])
        .build()
        .unwrap();
    let mut watched = Watched::new(configuration);
    files.write(
        "appsettings.json",
        r#"{"Clock": {"Zone": "new", "Ticks": 2}}"#,
    );
    assert_eq!(watched.changed().await, some("argument"));
    assert_eq!(watched.configuration.get("Clock:Ticks"), some("2"));
}

#[tokio::test]
async fn a_shorter_array_leaves_nothing_of_the_longer_one() {
    let files = Files::new();
    files.write("appsettings.json", r#"{"Zones": ["a", "b", "c"]}"#);
    let mut watched = files.watch();
    files.write("appsettings.json", r#"{"Zones": ["x"]}"#);
    watched.changed().await;
    let zones: Vec<String> = watched.configuration.bind("Zones").unwrap();
    assert_eq!(zones, ["x"]);
}

#[tokio::test(start_paused = true)]
async fn several_writes_are_one_change() {
    let files = Files::new();
    files.zone("appsettings.json", "one");
    let mut watched = files.watch();
    for zone in ["two", "three", "four"] {
        files.zone("appsettings.json", zone);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(watched.changed().await, some("four"));
    tokio::time::sleep(A_WHILE).await;
    assert_eq!(watched.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_file_that_says_the_same_as_before_is_no_change() {
    let files = Files::new();
    files.zone("appsettings.json", "one");
    let watched = files.watch();
    files.write("appsettings.json", "{ \"Clock\":\n { \"Zone\": \"one\" } }");
    tokio::time::sleep(A_WHILE).await;
    assert_eq!(watched.count(), 0);
    let origin = watched.configuration.origin("Clock:Zone");
    assert_eq!(origin.as_deref(), Some("appsettings.json:2"));
}

#[tokio::test(start_paused = true)]
async fn a_file_that_cannot_be_read_keeps_what_it_had_and_the_others_go_on() {
    let files = Files::new();
    files.zone("appsettings.json", "one");
    files.write("more.json", r#"{"Ticks": 1}"#);
    let configuration = files
        .builder()
        .add_json_file("appsettings.json", true)
        .add_json_file("more.json", true)
        .build()
        .unwrap();
    let mut watched = Watched::new(configuration);
    files.write("appsettings.json", r#"{"Clock": {"Zone": "#);
    files.write("more.json", r#"{"Ticks": 2}"#);
    assert_eq!(watched.changed().await, some("one"));
    assert_eq!(watched.configuration.get("Ticks"), some("2"));
    let error = watched.configuration.reload().unwrap_err().to_string();
    assert!(error.contains("appsettings.json:1:"), "{error}");
    files.zone("appsettings.json", "whole");
    assert_eq!(watched.changed().await, some("whole"));
    assert_eq!(watched.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_file_that_has_to_be_there_keeps_its_values_when_it_goes() {
    let files = Files::new();
    files.zone("needed.json", "one");
    let configuration = files
        .builder()
        .add_json_file("needed.json", false)
        .build()
        .unwrap();
    let watched = Watched::new(configuration);
    fs::remove_file(files.path("needed.json")).unwrap();
    tokio::time::sleep(A_WHILE).await;
    assert_eq!((watched.zone(), watched.count()), (some("one"), 0));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_watched_after_the_watch_is_dropped() {
    let files = Files::new();
    files.zone("appsettings.json", "one");
    let mut watched = files.watch();
    watched.watch = None;
    files.zone("appsettings.json", "two");
    tokio::time::sleep(A_WHILE).await;
    assert_eq!(watched.zone(), some("one"));
    assert!(watched.configuration.reload().unwrap());
    assert_eq!(watched.zone(), some("two"));
    assert!(!watched.configuration.reload().unwrap());
}

#[tokio::test]
async fn without_files_there_is_nothing_to_watch() {
    let files = Files::new();
    let mut builder = files.builder();
    builder.add_in_memory([("a", "b")]);
    assert!(builder.build().unwrap().watch().is_none());
    let mut builder = files.builder();
    builder
        .reload_on_change(false)
        .add_json_file("appsettings.json", true);
    assert!(builder.build().unwrap().watch().is_none());
}

#[tokio::test]
async fn a_snapshot_stays_as_it_is_and_a_callback_that_is_dropped_is_quiet() {
    let files = Files::new();
    files.zone("appsettings.json", "one");
    let watched = files.watch();
    let (snapshot, changes) = (
        watched.configuration.snapshot(),
        watched.configuration.changes(),
    );
    drop(watched.configuration.on_change(|| panic!("it was dropped")));
    files.zone("appsettings.json", "two");
    watched.configuration.reload().unwrap();
    assert_eq!(snapshot.get("Clock:Zone"), some("one"));
    assert_eq!(watched.zone(), some("two"));
    assert!(changes.has_changed());
}

#[tokio::test(start_paused = true)]
async fn reload_config_on_change_switches_it_off() {
    let files = Files::new();
    files.zone("appsettings.json", "one");
    let load = |argument: &str| {
        HostConfigurationBuilder::new()
            .variables([("A", "b")])
            .directory(files.folder.path())
            .arguments([argument])
            .load()
    };
    let off = load("--hostBuilder:reloadConfigOnChange=false").unwrap();
    assert!(off.configuration.watch().is_none());
    assert!(load("a").unwrap().configuration.watch().is_some());
    let error = load("--hostbuilder:reloadConfigOnChange=perhaps")
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("'hostbuilder:reloadConfigOnChange'"),
        "{error}"
    );
    assert!(
        error.contains("wanted true or false, found 'perhaps'"),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_host_watches_while_it_runs_and_no_longer() {
    let files = Files::new();
    files.zone("settings.json", "one");
    let path = files.path("settings.json");
    let host = HostBuilder::empty()
        .configure_configuration(move |sources| {
            sources.reload_on_change(true).add_json_file(&path, true);
        })
        .build()
        .unwrap();
    // What changes before the start is noticed as well.
    files.zone("settings.json", "two");
    let mut changes = host.configuration().changes();
    host.start().await.unwrap();
    timeout(LONG, changes.changed()).await.unwrap();
    assert_eq!(host.configuration().get("Clock:Zone"), some("two"));
    host.stop().await.unwrap();
    files.zone("settings.json", "three");
    tokio::time::sleep(A_WHILE).await;
    assert_eq!(host.configuration().get("Clock:Zone"), some("two"));
}
