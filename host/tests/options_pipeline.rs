//! Options: how they are made, who gets them, and what is reported before a start.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use campanile_host::configuration::{Configuration, ConfigurationBuilder};
use campanile_host::options::{self, Options, OptionsError, StartupValidator};
use campanile_host::{BoxError, Inject, ServiceCollection, ServiceProvider};
use serde::Deserialize;

#[derive(Deserialize, Debug, PartialEq)]
#[serde(default)]
struct Clock {
    zone: String,
    ticks: u32,
}

impl Default for Clock {
    fn default() -> Self {
        Self {
            zone: "UTC".to_owned(),
            ticks: 1,
        }
    }
}

#[derive(Deserialize, Debug)]
struct Mail {
    #[expect(dead_code, reason = "it is only bound")]
    port: u16,
}

fn services(json: &str) -> ServiceCollection {
    let configuration = ConfigurationBuilder::new()
        .add_json_text(json)
        .build()
        .unwrap();
    let mut services = ServiceCollection::new();
    services.add_instance(Arc::new(configuration));
    services
}

fn clock(services: &ServiceCollection) -> Options<Clock> {
    let provider = services.build().unwrap();
    options::validate(&provider).unwrap();
    provider.inject().unwrap()
}

fn report(services: &ServiceCollection) -> String {
    let provider = services.build().unwrap();
    options::validate(&provider).unwrap_err().to_string()
}

#[test]
fn a_section_is_the_beginning_and_code_has_the_last_word() {
    let mut services = services(r#"{"Clock": {"Ticks": 5}}"#);
    services
        .post_configure::<Clock>(|clock| clock.zone.push('!'))
        .configure_with::<Clock>(|clock| clock.ticks *= 2)
        .add_options::<Clock>()
        .configure::<Clock>("Clock")
        .configure_with::<Clock>(|clock| clock.ticks += 1)
        .validate::<Clock>(|clock| match clock.ticks {
            11 => Ok(()),
            ticks => Err(format!("{ticks} ticks")),
        });
    let clock = clock(&services);
    assert_eq!((clock.ticks, clock.zone.as_str()), (11, "UTC!"));
}

#[test]
fn options_without_a_section_begin_with_their_default() {
    let mut services = ServiceCollection::new();
    services
        .add_options::<Clock>()
        .configure_with::<Clock>(|clock| clock.ticks = 3);
    assert_eq!(clock(&services).ticks, 3);
}

#[test]
fn several_sections_are_laid_over_each_other() {
    let mut services =
        services(r#"{"A": {"Zone": "CET", "Ticks": 2}, "B": {"ticks": 3}, "C": {"Tick": 1}}"#);
    services.configure::<Clock>("A").configure::<Clock>("B");
    let expected = Clock {
        zone: "CET".to_owned(),
        ticks: 3,
    };
    assert_eq!(*clock(&services), expected);
    services.configure::<Clock>("C").configure::<Clock>("None");
    let report = report(&services);
    assert!(
        report
            .starts_with("'C:Tick' (JSON text:1): there is no such setting; did you mean 'Ticks'?"),
        "{report}"
    );
}

#[test]
fn services_share_the_same_options() {
    static MADE: AtomicUsize = AtomicUsize::new(0);
    #[derive(Inject)]
    struct Worker {
        options: Options<Clock>,
        configuration: Configuration,
    }
    let mut services = services(r#"{"Clock": {"Ticks": 5}}"#);
    services
        .configure::<Clock>("Clock")
        .configure_with::<Clock>(|_| {
            MADE.fetch_add(1, Ordering::Relaxed);
        })
        .add_transient::<Worker>();
    let provider = services.build().unwrap();
    options::validate(&provider).unwrap();
    let one = provider.required::<Worker>().unwrap();
    let other = provider.required::<Worker>().unwrap();
    assert!(Arc::ptr_eq(one.options.value(), other.options.value()));
    assert_eq!(one.configuration.get("clock:ticks").as_deref(), Some("5"));
    assert_eq!(MADE.load(Ordering::Relaxed), 1);
}

#[test]
fn options_that_nobody_registered_are_found_missing_before_anything_is_made() {
    #[derive(Inject)]
    struct Worker {
        _options: Options<Clock>,
    }
    let mut services = ServiceCollection::new();
    services.add_singleton::<Worker>();
    let message = services.build().unwrap_err().to_string();
    assert!(message.contains("Worker -> "), "{message}");
    assert!(message.contains("Options<"), "{message}");
    // A test gives them as they should be.
    services.add_instance(Arc::new(Options::new(Clock::default())));
    assert!(services.build().unwrap().required::<Worker>().is_ok());
}

#[test]
fn everything_that_is_wrong_is_in_one_report() {
    struct Other;
    impl StartupValidator for Other {
        fn validate(&self, _: &ServiceProvider) -> Result<(), BoxError> {
            Err("the bell is cracked".into())
        }
    }
    let mut services = services("{\"Clock\": {\"Ticks\": 0},\n\"Mail\": {\"Prot\": 25}}");
    services
        .configure::<Clock>("Clock")
        .validate::<Clock>(|clock| match clock.ticks {
            0 => Err("Ticks has to be at least 1".to_owned()),
            _ => Ok(()),
        })
        .validate::<Clock>(|clock| Err(format!("there is no zone {}", clock.zone)))
        .configure::<Mail>("Mail")
        .add_instance::<dyn StartupValidator>(Arc::new(Other));
    let provider = services.build().unwrap();
    let error = options::validate(&provider).unwrap_err();
    let (clock, mail) = (
        std::any::type_name::<Clock>(),
        std::any::type_name::<Mail>(),
    );
    assert_eq!(
        error.to_string(),
        format!(
            "the section 'Clock' is not valid: Ticks has to be at least 1; there is no zone UTC (as {clock})
2 problems in the section 'Mail' as {mail}:
  1. 'Mail:Port': the setting is missing, and it has no default
  2. 'Mail:Prot' (JSON text:2): there is no such setting; did you mean 'Port'?
the bell is cracked"
        )
    );
    let kinds: Vec<bool> = error
        .failures()
        .iter()
        .map(|failure| failure.is::<OptionsError>())
        .collect();
    assert_eq!(kinds, [true, true, false]);
    // Whoever asks without a host hears the same.
    let message = provider
        .required::<Options<Mail>>()
        .unwrap_err()
        .to_string();
    assert!(message.contains("'Mail:Port'"), "{message}");
}

#[test]
fn a_section_needs_a_configuration() {
    let mut services = ServiceCollection::new();
    services.configure::<Mail>("Mail");
    let report = report(&services);
    assert!(
        report.contains("'Mail', but no `Configuration` is registered"),
        "{report}"
    );
}

#[test]
fn an_application_can_overrule_what_a_library_registers() {
    let mut services = services(r#"{"Clock": {"Ticks": 5}}"#);
    services
        .configure::<Clock>("Clock")
        .add_instance(Arc::new(Options::new(Clock::default())));
    assert_eq!(*clock(&services), Clock::default());
}
