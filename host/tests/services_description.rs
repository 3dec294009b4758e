//! The description of all services, for people and for Graphviz.

use std::sync::Arc;

use campanile_host::options::Options;
use campanile_host::services::{GraphFinding, Lazy, ServiceDescriptor};
use campanile_host::{BoxError, CancellationToken, HostedService, Inject, ServiceCollection};

trait Greeter: Send + Sync {}

#[derive(Inject)]
struct English;

impl Greeter for English {}

#[derive(Inject)]
struct French;

impl Greeter for French {}

struct Dictionary;

struct Journal;

#[derive(Default, serde::Deserialize)]
struct ChoirOptions {}

#[derive(Inject)]
struct Choir {
    _greeters: Vec<Arc<dyn Greeter>>,
    #[inject(key = "small")]
    _words: Arc<Dictionary>,
    _options: Options<ChoirOptions>,
    _journal: Option<Arc<Journal>>,
}

#[derive(Inject)]
struct Concert {
    _choir: Lazy<Choir>,
}

impl HostedService for Concert {
    async fn start(&self, _: CancellationToken) -> Result<(), BoxError> {
        Ok(())
    }

    async fn stop(&self, _: CancellationToken) -> Result<(), BoxError> {
        Ok(())
    }
}

#[derive(Inject)]
struct Curtain;

impl HostedService for Curtain {
    async fn start(&self, _: CancellationToken) -> Result<(), BoxError> {
        Ok(())
    }

    async fn stop(&self, _: CancellationToken) -> Result<(), BoxError> {
        Ok(())
    }
}

fn services() -> ServiceCollection {
    let mut services = ServiceCollection::new();
    services
        .add_scoped_as::<dyn Greeter, English>(|it| it)
        .add_transient_as::<dyn Greeter, French>(|it| it)
        .add_options::<ChoirOptions>()
        .add_hosted_service::<Curtain>()
        .add(
            ServiceDescriptor::singleton_async_factory(async |_: Options<ChoirOptions>| Dictionary)
                .keyed("small"),
        )
        .add_scoped::<Choir>()
        .add_instance(Arc::new(7_u8))
        .add_hosted_service_factory(|_: Arc<u8>| Curtain);
    services
}

#[test]
fn people_see_what_there_is_and_who_needs_whom() {
    assert_eq!(
        services().graph().to_string(),
        "\
hosted services, in the order in which they start:
  1. Curtain
  2. Curtain, made by a factory
       needs u8

awaited before any hosted service is constructed, in this order:
  1. Dictionary[small]

services:
  scoped     dyn Greeter (English), 1 of 2
  transient  dyn Greeter (French), 2 of 2
  singleton  Options<ChoirOptions>, made by a factory
  singleton  OptionsMonitor<ChoirOptions>, made by a factory
  scoped     OptionsSnapshot<ChoirOptions>, made by a factory
  singleton  Dictionary[small], awaited at the start
               needs Options<ChoirOptions>
  scoped     Choir
               needs Vec<dyn Greeter>: 2 of them
               needs Dictionary[small]
               needs Options<ChoirOptions>
               needs Option<Journal>: none
  singleton  u8, an instance
"
    );
}

#[test]
fn people_see_what_is_wrong() {
    let mut services = ServiceCollection::new();
    services
        .add_hosted_service::<Concert>()
        .add_singleton::<Choir>();
    let graph = services.graph();
    assert_eq!(
        graph.to_string(),
        "\
hosted services, in the order in which they start:
  1. Concert
       needs Lazy<Choir>

services:
  singleton  Choir
               needs Vec<dyn Greeter>: 0 of them
               needs Dictionary[small]: NOT REGISTERED
               needs Options<ChoirOptions>: NOT REGISTERED
               needs Option<Journal>: none

what is wrong:
  1. `Dictionary[small]` is not registered: dyn HostedService (Concert) -> Lazy<Choir> -> Dictionary[small]
  2. `Options<ChoirOptions>` is not registered: dyn HostedService (Concert) -> Lazy<Choir> -> Options<ChoirOptions>
"
    );
    let report = services.build().err().map(|it| it.findings().to_vec());
    assert_eq!(report.as_deref(), Some(graph.findings()));
}

#[test]
fn a_circle_is_described_and_no_end() {
    let mut services = ServiceCollection::new();
    services
        .add_singleton_async_factory(async |_: Arc<Journal>| Dictionary)
        .add_singleton_async_factory(async |_: Arc<Dictionary>| Journal);
    let graph = services.graph();
    assert!(matches!(graph.findings(), [GraphFinding::Cycle { .. }]));
    assert!(graph.to_dot().contains("  n0 -> n1;\n  n1 -> n0;\n"));
}

#[test]
fn graphviz_gets_a_graph() {
    let mut services = ServiceCollection::new();
    services
        .add_scoped_as::<dyn Greeter, English>(|it| it)
        .add_hosted_service::<Concert>()
        .add(ServiceDescriptor::instance(Arc::new(Dictionary)).keyed("a \"b\""))
        .add_transient::<Choir>()
        .add_instance(Arc::new(Journal));
    assert_eq!(
        services.graph().to_dot(),
        r#"digraph services {
  rankdir=LR;
  node [fontname="sans-serif"];
  edge [fontname="sans-serif"];
  subgraph cluster_hosted {
    label="hosted services";
    n1 [shape=box, label="Concert\nstarts as number 1"];
  }
  n0 [shape=hexagon, label="dyn Greeter (English)\nscoped"];
  n2 [shape=box, label="Dictionary[a \"b\"]\nsingleton\nan instance"];
  n3 [shape=ellipse, label="Choir\ntransient"];
  n4 [shape=box, label="Journal\nsingleton\nan instance"];
  n1 -> n3 [style=dotted];
  n3 -> n0 [label="all"];
  "Dictionary[small]" [shape=box, color=red, fontcolor=red, label="Dictionary[small]\nnot registered"];
  n3 -> "Dictionary[small]" [color=red];
  "Options<ChoirOptions>" [shape=box, color=red, fontcolor=red, label="Options<ChoirOptions>\nnot registered"];
  n3 -> "Options<ChoirOptions>" [color=red];
  n3 -> n4 [style=dashed];
}
"#
    );
}
