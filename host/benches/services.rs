//! What it costs to get a service: compare with an `Arc` clone and with the construction itself.
#![allow(missing_docs, reason = "criterion's macros write public functions")]

use std::hint::black_box;
use std::sync::Arc;

use campanile_host::{Inject, ServiceCollection, ServiceProvider};
use criterion::{Criterion, criterion_group, criterion_main};

// The same services as those that .NET's figures in the documentation are of.

#[derive(Inject)]
struct Settings;

#[derive(Inject)]
struct Middle {
    _settings: Arc<Settings>,
}

/// Two transients that need a singleton: itself and a `Middle`.
#[derive(Inject)]
struct Outer {
    _middle: Arc<Middle>,
    _settings: Arc<Settings>,
}

#[derive(Inject)]
struct Session {
    _outer: Arc<Outer>,
}

/// As a hub is constructed for a call.
#[derive(Inject)]
struct Hub {
    _settings: Arc<Settings>,
}

trait Greeter: Send + Sync {}

#[derive(Inject)]
struct English;

impl Greeter for English {}

fn provider() -> ServiceProvider {
    let mut services = ServiceCollection::new();
    services
        .add_transient::<Middle>()
        .add_transient::<Outer>()
        .add_scoped::<Session>()
        .add_singleton::<Settings>();
    for _ in 0..8 {
        services.add_singleton_as::<dyn Greeter, English>(|it| it);
    }
    services.build().expect("the services fit together")
}

fn benches(criterion: &mut Criterion) {
    let provider = provider();
    let settings = provider.required::<Settings>().expect("it is registered");
    criterion.bench_function("arc clone", |it| it.iter(|| black_box(&settings).clone()));
    criterion.bench_function("singleton", |it| {
        it.iter(|| black_box(&provider).required::<Settings>());
    });
    criterion.bench_function("singleton in a scope", |it| {
        let scope = provider.create_scope();
        it.iter(|| black_box(&scope).services().required::<Settings>());
    });
    criterion.bench_function("two transients of a singleton, by hand", |it| {
        it.iter(|| {
            let settings = black_box(&settings);
            let middle = Arc::new(Middle {
                _settings: Arc::clone(settings),
            });
            Arc::new(Outer {
                _middle: black_box(middle),
                _settings: Arc::clone(settings),
            })
        });
    });
    criterion.bench_function("two transients of a singleton", |it| {
        it.iter(|| black_box(&provider).required::<Outer>());
    });
    criterion.bench_function("all of eight singletons", |it| {
        it.iter(|| black_box(&provider).all::<dyn Greeter>());
    });
    criterion.bench_function("empty scope", |it| {
        it.iter(|| black_box(&provider).create_scope());
    });
    criterion.bench_function("scope with one scoped service", |it| {
        it.iter(|| {
            let scope = black_box(&provider).create_scope();
            scope.services().required::<Session>()
        });
    });
    criterion.bench_function("construct without dependencies", |it| {
        it.iter(|| black_box(&provider).construct::<Settings>());
    });
    criterion.bench_function("construct with one singleton", |it| {
        it.iter(|| black_box(&provider).construct::<Hub>());
    });
}

criterion_group!(services, benches);
criterion_main!(services);
