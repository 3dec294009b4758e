//! What `build` finds without constructing anything.

use std::sync::Arc;

use campanile_host::services::{
    GraphFinding, Lazy, ServiceDescriptor, ServiceKey, ServiceProvider,
};
use campanile_host::{BoxError, Inject, ServiceCollection};

#[derive(Inject)]
struct Options;

#[derive(Inject)]
struct Smtp {
    _options: Arc<Options>,
}

#[derive(Inject)]
struct Mailer {
    _smtp: Option<Arc<Smtp>>,
}

#[derive(Inject)]
struct Worker {
    _mailer: Arc<Mailer>,
}

fn findings(services: &ServiceCollection) -> Vec<String> {
    match services.build() {
        Ok(_) => Vec::new(),
        Err(error) => error.findings().iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn the_report_has_all_findings_numbered_with_their_paths() {
    #[derive(Inject)]
    struct Left {
        _right: Arc<Right>,
    }
    #[derive(Inject)]
    struct Right {
        _left: Arc<Left>,
    }
    #[derive(Inject)]
    struct Session;
    #[derive(Inject)]
    struct Cache {
        _sessions: Vec<Arc<Session>>,
    }
    #[derive(Inject)]
    struct Job {
        #[inject(key = "fast")]
        _session: Arc<Session>,
    }
    let mut services = ServiceCollection::new();
    services
        .add_singleton::<Smtp>()
        .add_singleton::<Mailer>()
        .add_singleton::<Worker>()
        .add_transient::<Right>()
        .add_transient::<Left>()
        .add_scoped::<Session>()
        .add_singleton::<Cache>()
        .add_transient::<Job>();
    let report = services.build().expect_err("nothing of it can work");
    let expected = "the services cannot work together as they are registered:
  1. `Options` is not registered: Worker -> Mailer -> Option<Smtp> -> Options
  2. `Session[fast]` is not registered: Job -> Session[fast]
  3. `Left` needs itself: Left -> Right -> Left
  4. a singleton cannot keep the scoped service `Session`: Cache -> Vec<Session> -> Session";
    assert_eq!(report.to_string(), expected);
    assert_eq!(format!("{report:?}"), expected);
}

#[test]
fn paths_name_what_implements_a_service() {
    trait Source: Send + Sync {}
    #[derive(Inject)]
    struct File {
        _options: Arc<Options>,
    }
    impl Source for File {}
    let mut services = ServiceCollection::new();
    services.add(ServiceDescriptor::singleton_as::<dyn Source, File>(|it| it).keyed(7));
    assert_eq!(
        findings(&services),
        ["`Options` is not registered: dyn Source[7] (File) -> Options"]
    );
}

#[test]
fn what_is_only_optional_may_be_missing_but_not_broken() {
    let mut services = ServiceCollection::new();
    services.add_singleton::<Mailer>();
    assert_eq!(findings(&services), [""; 0]);
    services.add_transient::<Smtp>();
    assert_eq!(findings(&services).len(), 1);
}

#[test]
fn lazy_breaks_a_circle_but_has_to_be_registered() -> Result<(), BoxError> {
    #[derive(Inject)]
    struct Chicken {
        egg: Arc<Egg>,
    }
    #[derive(Inject)]
    struct Egg {
        chicken: Lazy<Chicken>,
    }
    let mut services = ServiceCollection::new();
    services.add_singleton::<Egg>();
    assert_eq!(
        findings(&services),
        ["`Chicken` is not registered: Egg -> Lazy<Chicken>"]
    );
    services.add_singleton::<Chicken>();
    let chicken = services.build()?.required::<Chicken>();
    // The container went with the last handle, before the chicken was asked for.
    assert!(chicken?.egg.chicken.get().is_err());
    let provider = services.build()?;
    let chicken = provider.required::<Chicken>()?;
    assert!(Arc::ptr_eq(chicken.egg.chicken.get()?, &chicken));
    Ok(())
}

#[test]
fn a_singleton_cannot_have_a_scoped_service_lazily_either() {
    #[derive(Inject)]
    struct Patient {
        _options: Lazy<Options>,
    }
    let mut services = ServiceCollection::new();
    services.add_scoped::<Options>().add_singleton::<Patient>();
    assert_eq!(
        findings(&services),
        ["a singleton cannot keep the scoped service `Options`: Patient -> Lazy<Options>"]
    );
}

#[test]
fn keys_and_arguments_that_nobody_gives_are_found() {
    #[derive(Inject)]
    struct Labelled {
        #[inject(service_key)]
        _key: String,
    }
    #[derive(Inject)]
    struct Page {
        #[inject(argument)]
        _text: String,
    }
    let mut services = ServiceCollection::new();
    services.add_singleton::<Labelled>().add_singleton::<Page>();
    let report = services.build().expect_err("both need a text");
    assert!(matches!(report.findings()[0], GraphFinding::NoKey { .. }));
    assert!(matches!(
        report.findings()[1],
        GraphFinding::Argument { .. }
    ));
}

#[test]
fn the_any_key_answers_for_every_key_in_the_check_too() {
    #[derive(Inject)]
    struct Job {
        #[inject(key = "fast")]
        _options: Arc<Options>,
    }
    let mut services = ServiceCollection::new();
    services
        .add_transient::<Job>()
        .add_keyed_singleton::<Options>(ServiceKey::ANY);
    assert_eq!(findings(&services), [""; 0]);
}

#[test]
fn a_cycle_is_reported_once_however_many_need_it() {
    #[derive(Inject)]
    struct Selfish {
        _selfish: Arc<Self>,
    }
    #[derive(Inject)]
    struct One {
        _selfish: Arc<Selfish>,
    }
    let mut services = ServiceCollection::new();
    services
        .add_transient::<One>()
        .add_transient::<Selfish>()
        .add_scoped::<One>();
    assert_eq!(
        findings(&services),
        ["`Selfish` needs itself: Selfish -> Selfish"]
    );
}

#[test]
fn the_provider_is_always_there() -> Result<(), BoxError> {
    let mut services = ServiceCollection::new();
    services.add_singleton_factory(|provider: ServiceProvider| provider.is_service::<Options>());
    assert!(!*services.build()?.required::<bool>()?);
    Ok(())
}
