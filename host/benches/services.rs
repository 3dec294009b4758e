//! What it costs to get a service: compare with an `Arc` clone and with the construction itself.
#![allow(missing_docs, reason = "criterion's macros write public functions")]

use std::hint::black_box;
use std::sync::Arc;

use campanile_host::{Inject, ServiceCollection, ServiceProvider};
use criterion::{Criterion, criterion_group, criterion_main};

#[derive(Inject)]
struct A;

#[derive(Inject)]
struct B {
    _a: Arc<A>,
}

/// Three transients: itself, a `B`, and that one's `A`.
#[derive(Inject)]
struct C {
    _b: Arc<B>,
}

#[derive(Inject)]
struct Session {
    _settings: Arc<Settings>,
}

#[derive(Inject)]
struct Settings;

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
        .add_transient::<A>()
        .add_transient::<B>()
        .add_transient::<C>()
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
    criterion.bench_function("three transients", |it| {
        it.iter(|| black_box(&provider).required::<C>());
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
