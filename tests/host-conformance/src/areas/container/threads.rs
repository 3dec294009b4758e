use std::collections::HashSet;
use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::Duration;

use campanile_host::services::ServiceDescriptor;
use campanile_host::{ServiceCollection, ServiceProvider};

use super::place::{Place, build};
use super::trace;
use super::types::{A, B, Born, C, D, X};

pub(super) async fn disposed_while_constructing() {
    let (started, has_started) = channel();
    let (go_on, may_go_on) = channel::<()>();
    let may_go_on = Mutex::new(may_go_on);
    let factory = move || {
        trace::write("step factory started");
        let _ = started.send(());
        if let Ok(may_go_on) = may_go_on.lock() {
            let _ = may_go_on.recv();
        }
        X {
            born: Born::default(),
        }
    };
    let mut services = ServiceCollection::new();
    services.add(ServiceDescriptor::transient_factory(factory).disposed());
    let Some(root) = build(&services) else { return };
    let mut scope1 = root.open("scope1");
    let other = Place::of("scope1", &scope1.provider);
    let thread = thread::spawn(move || drop(other.ask::<X>()));
    let _ = has_started.recv();
    scope1.close().await;
    let _ = go_on.send(());
    let _ = thread.join();
}

fn slow_a() -> A {
    thread::sleep(Duration::from_millis(50));
    A {
        born: Born::default(),
    }
}

/// Lets 16 threads do this together, each with its number; the lines that are written meanwhile are sorted.
fn together<T: Send>(ask: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let position = trace::position();
    let barrier = Barrier::new(16);
    let results = thread::scope(|threads| {
        let spawn = |number| {
            let (barrier, ask) = (&barrier, &ask);
            threads.spawn(move || {
                barrier.wait();
                ask(number)
            })
        };
        let running: Vec<_> = (0..16).map(spawn).collect();
        running
            .into_iter()
            .filter_map(|it| it.join().ok())
            .collect()
    });
    trace::sort_from(position);
    results
}

fn distinct<'a, T: 'a>(what: &str, objects: impl IntoIterator<Item = &'a Arc<T>>) {
    let addresses: HashSet<_> = objects.into_iter().map(Arc::as_ptr).collect();
    trace::write(format!("distinct {what} = {}", addresses.len()));
}

pub(super) fn concurrent_singleton() {
    let mut services = ServiceCollection::new();
    services
        .add_singleton_factory(slow_a)
        .add_singleton::<B>()
        .add_singleton::<C>()
        .add_singleton::<D>();
    let Some(root) = build(&services) else { return };
    let provider: &ServiceProvider = &root.provider;
    let results = together(|number| match number % 2 {
        0 => (provider.required::<C>().ok(), None),
        _ => (None, provider.required::<D>().ok()),
    });
    distinct("C", results.iter().filter_map(|it| it.0.as_ref()));
    distinct("D", results.iter().filter_map(|it| it.1.as_ref()));
}

pub(super) fn concurrent_in_scopes() {
    let mut services = ServiceCollection::new();
    services.add_scoped_factory(slow_a).add_scoped::<B>();
    let Some(root) = build(&services) else { return };
    let scopes = [root.open("scope1"), root.open("scope2")];
    let results = together(|number| {
        let b = scopes[number % 2].provider.required::<B>();
        b.ok().map(|it| (number % 2, it))
    });
    let of_scope = |scope| {
        let found = results.iter().flatten().filter(move |it| it.0 == scope);
        found.map(|it| &it.1)
    };
    distinct("B in scope1", of_scope(0));
    distinct("B in scope2", of_scope(1));
    distinct("B", results.iter().flatten().map(|it| &it.1));
}
