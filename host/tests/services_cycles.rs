//! Cycles that no declaration shows, threads that construct together, constructors that fail or panic.
#![allow(
    clippy::needless_pass_by_value,
    reason = "a factory takes what it is given by value"
)]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use campanile_host::services::{ServiceDescriptor, ServiceError, ServiceErrorKind, ServiceKey};
use campanile_host::{BoxError, Inject, ServiceCollection, ServiceProvider};

type TestResult = Result<(), BoxError>;

#[derive(Debug)]
struct Left;

#[derive(Debug)]
struct Right;

#[derive(Inject)]
struct Between {
    _left: Arc<Left>,
}

fn left(provider: ServiceProvider) -> Result<Left, ServiceError> {
    provider.required::<Right>().map(|_| Left)
}

fn right(provider: ServiceProvider) -> Result<Right, ServiceError> {
    provider.required::<Between>().map(|_| Right)
}

fn assert_cycle<T: std::fmt::Debug>(result: Result<T, ServiceError>, path: &str) {
    let error = result.expect_err("a cycle");
    assert!(matches!(error.kind(), ServiceErrorKind::Cycle), "{error}");
    assert_eq!(error.path().to_string(), path);
}

#[test]
fn transients_that_ask_a_provider_for_each_other_are_an_error() -> TestResult {
    let mut services = ServiceCollection::new();
    services
        .add_transient_factory::<Left, _>(left)
        .add_transient_factory::<Right, _>(right)
        .add_transient::<Between>();
    let provider = services.build()?;
    for _ in 0..2 {
        assert_cycle(
            provider.required::<Left>(),
            "Between -> Left -> Right -> Between",
        );
        assert_cycle(
            provider.inject::<Arc<Right>>(),
            "Between -> Left -> Right -> Between",
        );
        assert_cycle(
            provider.all::<Left>(),
            "Between -> Left -> Right -> Between",
        );
    }
    Ok(())
}

#[test]
fn singletons_and_scoped_services_that_ask_for_each_other_are_an_error() -> TestResult {
    let mut services = ServiceCollection::new();
    services
        .add_scoped_factory::<Left, _>(left)
        .add_scoped_factory::<Right, _>(right)
        .add_transient::<Between>();
    let provider = services.build()?;
    let scope = provider.create_scope();
    assert_cycle(
        scope.services().required::<Left>(),
        "Between -> Left -> Right -> Between",
    );

    let mut services = ServiceCollection::new();
    services
        .add_singleton_factory::<Left, _>(left)
        .add_singleton_factory::<Right, _>(right)
        .add_singleton::<Between>();
    let provider = services.build()?;
    assert_cycle(
        provider.required::<Left>(),
        "Between -> Left -> Right -> Between",
    );
    Ok(())
}

#[test]
fn a_service_that_opens_scopes_for_itself_is_an_error() -> TestResult {
    fn left(provider: ServiceProvider) -> Result<Left, ServiceError> {
        provider
            .create_scope()
            .services()
            .required::<Left>()
            .map(|_| Left)
    }
    let mut services = ServiceCollection::new();
    services.add_scoped_factory::<Left, _>(left);
    let provider = services.build()?;
    assert_cycle(
        provider.create_scope().services().required::<Left>(),
        "Left -> Left",
    );
    Ok(())
}

#[test]
fn one_key_may_be_made_of_another_but_not_of_itself() -> TestResult {
    fn number(key: ServiceKey, provider: ServiceProvider) -> Result<i128, ServiceError> {
        let key = key.as_number().unwrap_or_default();
        match key {
            0 => Ok(0),
            9 => provider.required_keyed::<i128>(9).map(|it| *it),
            _ => Ok(1 + *provider.required_keyed::<i128>((key - 1) as i64)?),
        }
    }
    let any = |descriptor: ServiceDescriptor<i128>| descriptor.keyed(ServiceKey::ANY);
    for descriptor in [
        any(ServiceDescriptor::transient_factory::<i128, _>(number)),
        any(ServiceDescriptor::singleton_factory::<i128, _>(number)),
    ] {
        let mut services = ServiceCollection::new();
        services.add(descriptor);
        let provider = services.build()?;
        assert_eq!(*provider.required_keyed::<i128>(5)?, 5);
        assert_cycle(provider.required_keyed::<i128>(9), "i128[9] -> i128[9]");
        assert_cycle(provider.required_keyed::<i128>(10), "i128[9] -> i128[9]");
    }
    Ok(())
}

#[test]
fn threads_that_would_wait_for_each_other_get_an_error() -> TestResult {
    for _ in 0..20 {
        let barrier = Arc::new(Barrier::new(2));
        let entered = Arc::new(AtomicUsize::new(0));
        let meet = move || {
            if entered.fetch_add(1, Ordering::Relaxed) < 2 {
                barrier.wait();
            }
        };
        let (meet_left, meet_right) = (meet.clone(), meet);
        let mut services = ServiceCollection::new();
        services
            .add_singleton_factory::<Left, _>(move |provider: ServiceProvider| {
                meet_left();
                provider.required::<Right>().map(|_| Left)
            })
            .add_singleton_factory::<Right, _>(move |provider: ServiceProvider| {
                meet_right();
                provider.required::<Left>().map(|_| Right)
            });
        let provider = services.build()?;
        let (one, two) = thread::scope(|threads| {
            let one = threads.spawn(|| provider.required::<Left>().map(drop));
            let two = threads.spawn(|| provider.required::<Right>().map(drop));
            (one.join().expect("no panic"), two.join().expect("no panic"))
        });
        assert!(one.is_err() || two.is_err());
        for error in [one, two].into_iter().filter_map(Result::err) {
            assert!(matches!(error.kind(), ServiceErrorKind::Cycle), "{error}");
            let path = error.path().to_string();
            assert!(
                ["Left -> Right -> Left", "Right -> Left -> Right"].contains(&path.as_str()),
                "{path}"
            );
        }
    }
    Ok(())
}

#[test]
fn threads_that_wait_in_a_line_are_no_circle() -> TestResult {
    #[derive(Inject)]
    struct Top {
        _middle: Arc<Middle>,
    }
    #[derive(Inject)]
    struct Middle {
        _bottom: Arc<u8>,
    }
    static MADE: AtomicUsize = AtomicUsize::new(0);
    for round in 1..=50 {
        let mut services = ServiceCollection::new();
        services
            .add_singleton::<Top>()
            .add_singleton::<Middle>()
            .add_singleton_factory(|| {
                MADE.fetch_add(1, Ordering::Relaxed);
                thread::sleep(Duration::from_millis(1));
                7_u8
            });
        let provider = services.build()?;
        thread::scope(|threads| {
            for number in 0..6 {
                let provider = &provider;
                threads.spawn(move || {
                    match number % 3 {
                        0 => provider.required::<Top>().map(drop),
                        1 => provider.required::<Middle>().map(drop),
                        _ => provider.required::<u8>().map(drop),
                    }
                    .expect("nobody waits for itself");
                });
            }
        });
        assert_eq!(MADE.load(Ordering::Relaxed), round);
    }
    Ok(())
}

#[test]
fn threads_that_construct_the_same_web_never_see_a_circle() -> TestResult {
    for round in 0..100_u64 {
        let made = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&made);
        let factory = move |key: ServiceKey, provider: ServiceProvider| {
            let number = i64::try_from(key.as_number().unwrap_or_default()).unwrap_or_default();
            counted.fetch_add(1, Ordering::Relaxed);
            for below in [number / 2, number - 1, number / 3] {
                if (0..number).contains(&below) {
                    provider.required_keyed::<i64>(below)?;
                }
            }
            Ok::<_, ServiceError>(number)
        };
        let mut services = ServiceCollection::new();
        let descriptor = ServiceDescriptor::singleton_factory::<i64, _>(factory);
        services.add(descriptor.keyed(ServiceKey::ANY));
        let provider = services.build()?;
        let barrier = Barrier::new(6);
        thread::scope(|threads| {
            for thread in 0..6_u64 {
                let (provider, barrier) = (&provider, &barrier);
                threads.spawn(move || {
                    barrier.wait();
                    for step in 0..10 {
                        let number = (thread * 7 + step * 5 + round) % 24;
                        let got = provider.required_keyed::<i64>(number);
                        let got = got.expect("there is no circle");
                        assert_eq!(u64::try_from(*got), Ok(number));
                    }
                });
            }
        });
        let distinct = provider.required_keyed::<i64>(23).map(|_| 24)?;
        assert_eq!(made.load(Ordering::Relaxed), distinct);
    }
    Ok(())
}

#[test]
fn a_panic_in_a_constructor_leaves_the_container_usable() -> TestResult {
    let calls = AtomicUsize::new(0);
    let mut services = ServiceCollection::new();
    services
        .add_singleton_factory(move || match calls.fetch_add(1, Ordering::Relaxed) {
            0 => panic!("the first time"),
            _ => Left,
        })
        .add_transient::<Between>();
    let provider = services.build()?;
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        provider.required::<Between>().map(drop)
    }));
    assert!(panicked.is_err());
    provider.required::<Between>()?;
    Ok(())
}

#[test]
fn those_who_waited_for_a_failed_construction_try_it_themselves() -> TestResult {
    let calls = AtomicUsize::new(0);
    let mut services = ServiceCollection::new();
    services.add_singleton_factory::<Left, _>(move || {
        thread::sleep(Duration::from_millis(5));
        match calls.fetch_add(1, Ordering::Relaxed) {
            0 => Err("the first time"),
            _ => Ok(Left),
        }
    });
    let provider = services.build()?;
    let failed = thread::scope(|threads| {
        let spawn = |_| threads.spawn(|| provider.required::<Left>().is_err());
        let running: Vec<_> = (0..4).map(spawn).collect();
        running
            .into_iter()
            .filter_map(|it| it.join().ok())
            .filter(|failed| *failed)
            .count()
    });
    assert_eq!(failed, 1);
    Ok(())
}

#[test]
fn a_failure_carries_the_path_and_the_cause() -> TestResult {
    #[derive(Debug, thiserror::Error)]
    #[error("no connection")]
    struct NoConnection;

    let mut services = ServiceCollection::new();
    services
        .add_singleton_factory::<Left, _>(|| Err::<Left, _>(NoConnection))
        .add_transient::<Between>();
    let provider = services.build()?;
    let error = provider.required::<Between>().err().ok_or("no error")?;
    assert_eq!(
        error.to_string(),
        "`Left` could not be constructed: no connection (Between -> Left)"
    );
    let ServiceErrorKind::Failed(cause) = error.kind() else {
        return Err(error.into());
    };
    assert!(cause.is::<NoConnection>());
    Ok(())
}
