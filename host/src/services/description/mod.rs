//! What is registered, for people to look at.

mod dot;
mod text;

use super::collection::ServiceCollection;
use super::dependency::Need;
use super::descriptor::ServiceLifetime;
use super::graph::Graph;
use super::graph_error::GraphFinding;
use super::index::Index;
use super::path::{ServiceForm, ServiceStep, ShortName};
use super::registration::{Info, Origin};

/// Everything that is registered and what needs what, as it is declared. Made by [`ServiceCollection::graph`].
///
/// `Display` writes it for people: the hosted services in the order in which they start, what is awaited before them,
/// every service with its lifetime, key, implementation and needs in the order of registration, and what is wrong.
/// [`to_dot`](Self::to_dot) writes it for Graphviz. Both are the same each time.
///
/// Any application prints it, and ends, for the argument `--services`, or `--services=dot`.
///
/// ```
/// use std::sync::Arc;
/// use campanile_host::{Inject, ServiceCollection};
///
/// #[derive(Inject)]
/// struct Press;
///
/// #[derive(Inject)]
/// struct Page {
///     press: Arc<Press>,
/// }
///
/// # let _ = |it: Page| it.press;
/// let mut services = ServiceCollection::new();
/// services.add_singleton::<Press>().add_transient::<Page>();
/// assert_eq!(
///     services.graph().to_string(),
///     "services:
///   singleton  Press
///   transient  Page
///                needs Press
/// "
/// );
/// ```
#[derive(Clone, Debug)]
pub struct ServiceGraph {
    nodes: Vec<Node>,
    /// The numbers of those that are awaited, in that order.
    awaited: Vec<usize>,
    findings: Vec<GraphFinding>,
}

#[derive(Clone, Debug)]
struct Node {
    step: ServiceStep,
    lifetime: ServiceLifetime,
    origin: Origin,
    is_hosted: bool,
    is_internal: bool,
    /// The how manieth of how many with the same service and key.
    place: (usize, usize),
    edges: Vec<Edge>,
}

#[derive(Clone, Debug)]
struct Edge {
    /// What is needed.
    step: ServiceStep,
    /// Who answers. Nobody, where it is not registered.
    to: Vec<usize>,
}

impl ServiceGraph {
    /// What [`ServiceCollection::build`] would report.
    pub fn findings(&self) -> &[GraphFinding] {
        &self.findings
    }

    /// Those that a host starts, in that order.
    fn hosted(&self) -> impl Iterator<Item = &Node> {
        self.nodes.iter().filter(|it| it.is_hosted)
    }
}

impl ServiceCollection {
    /// What is registered so far and what needs what, for people to look at. Nothing is constructed, and what is wrong is a
    /// part of it.
    pub fn graph(&self) -> ServiceGraph {
        let (infos, index) = self.infos();
        let graph = Graph::new(&infos, &index);
        let findings = graph.findings();
        ServiceGraph {
            nodes: (0..infos.len())
                .map(|number| Node::new(&infos[number], number, &index))
                .collect(),
            awaited: graph.awaited().into_iter().map(|(it, _)| it).collect(),
            findings,
        }
    }
}

impl Node {
    fn new(info: &Info, number: usize, index: &Index) -> Self {
        let same: Vec<usize> = index.same(&info.service).collect();
        let place = same.iter().position(|it| *it == number);
        let mut needs = Vec::new();
        info.dependencies.iter().for_each(|it| it.needs(&mut needs));
        let edges = needs.into_iter().filter_map(|need| match need {
            Need::Service(step) => Some(Edge {
                step: step.clone(),
                to: match step.form() {
                    ServiceForm::All => index.all(step.service()).collect(),
                    _ => index.answering(step.service()).into_iter().collect(),
                },
            }),
            _ => None,
        });
        Self {
            step: info.step(),
            lifetime: info.lifetime,
            origin: info.origin,
            is_hosted: info.is_hosted,
            is_internal: info.is_internal,
            place: (place.unwrap_or_default() + 1, same.len()),
            edges: edges.collect(),
        }
    }

    /// What a hosted service is called: by its own type.
    fn name(&self) -> String {
        match self.step.implementation() {
            Some(name) if self.is_hosted => ShortName(name).to_string(),
            _ => self.step.to_string(),
        }
    }

    /// What is not said by the lifetime and the type.
    fn remarks(&self) -> Vec<String> {
        let origin = match self.origin {
            Origin::Constructor => None,
            Origin::Factory => Some("made by a factory".to_owned()),
            Origin::AsyncFactory => Some("awaited at the start".to_owned()),
            Origin::Instance => Some("an instance".to_owned()),
        };
        let place = match self.place {
            (_, 1) => None,
            // Their order is told.
            _ if self.is_hosted => None,
            (number, all) => Some(format!("{number} of {all}")),
        };
        origin.into_iter().chain(place).collect()
    }
}
