//! The check of everything that is declared: nothing is constructed.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::dependency::Need;
use super::descriptor::ServiceLifetime;
use super::graph_error::GraphFinding;
use super::index::Index;
use super::key::ServiceKey;
use super::path::{ServiceForm, ServicePath, ServiceStep};
use super::registration::Info;

/// What needs what: the numbers of the registrations are those of the collection.
pub(crate) struct Graph<'a> {
    nodes: Vec<Node<'a>>,
}

struct Node<'a> {
    info: &'a Info,
    edges: Vec<Edge>,
    faults: Vec<(Fault, ServiceStep)>,
    /// Who needs this one, the first in order.
    needed_by: Option<usize>,
}

/// Another registration that one needs.
struct Edge {
    to: usize,
    form: ServiceForm,
    /// Where all of a type are needed, that step of the path.
    through: Option<ServiceStep>,
}

#[derive(Clone, Copy)]
enum Fault {
    Missing,
    NoKey,
    Argument,
}

impl<'a> Graph<'a> {
    pub(crate) fn new(infos: &'a [Arc<Info>], index: &Index) -> Self {
        let mut nodes: Vec<_> = infos.iter().map(|info| node(info, index)).collect();
        for from in 0..nodes.len() {
            let targets: Vec<_> = nodes[from].edges.iter().map(|it| it.to).collect();
            for to in targets {
                nodes[to].needed_by.get_or_insert(from);
            }
        }
        Self { nodes }
    }

    /// Everything that is wrong: what is missing, then the cycles, then what is captured, each in the order of the
    /// registrations.
    pub(crate) fn findings(&self) -> Vec<GraphFinding> {
        let mut findings = Vec::new();
        for (number, node) in self.nodes.iter().enumerate() {
            for (fault, step) in &node.faults {
                let mut path = self.path_to(number);
                path.push(step.clone());
                let path = path.into_iter().collect();
                findings.push(match fault {
                    Fault::Missing => GraphFinding::Missing { path },
                    Fault::NoKey => GraphFinding::NoKey { path },
                    Fault::Argument => GraphFinding::Argument { path },
                });
            }
        }
        for (number, node) in self.nodes.iter().enumerate() {
            let any_key = node.info.service.key().is_some_and(ServiceKey::is_any);
            if node.info.is_awaited() && any_key {
                let path = self.path_to(number).into_iter().collect();
                findings.push(GraphFinding::AsyncForAnyKey { path });
            }
        }
        findings.extend(
            self.cycles()
                .into_iter()
                .map(|path| GraphFinding::Cycle { path }),
        );
        for (number, node) in self.nodes.iter().enumerate() {
            if node.info.lifetime == ServiceLifetime::Singleton {
                let mut path = vec![node.info.step()];
                self.captured_by(number, &mut path, &mut HashSet::new(), &mut findings);
            }
        }
        let mut known = HashSet::new();
        findings.retain(|it| known.insert(it.to_string()));
        findings
    }

    /// From a registration that nothing needs, down to this one.
    fn path_to(&self, number: usize) -> Vec<ServiceStep> {
        let mut numbers = vec![number];
        let mut at = number;
        while let Some(above) = self.nodes[at].needed_by {
            if numbers.contains(&above) {
                break;
            }
            numbers.push(above);
            at = above;
        }
        let mut steps = Vec::new();
        let mut above: Option<usize> = None;
        for number in numbers.into_iter().rev() {
            let edge = above.and_then(|it| self.nodes[it].edges.iter().find(|it| it.to == number));
            self.push_step(&mut steps, number, edge);
            above = Some(number);
        }
        steps
    }

    fn push_step(&self, steps: &mut Vec<ServiceStep>, number: usize, edge: Option<&Edge>) {
        let step = self.nodes[number].info.step();
        let Some(edge) = edge else {
            return steps.push(step);
        };
        steps.extend(edge.through.clone());
        steps.push(step.with_form(edge.form));
    }

    /// Every cycle once, however often it is met, beginning with its least name.
    fn cycles(&self) -> Vec<ServicePath> {
        let mut search = CycleSearch {
            graph: self,
            done: vec![false; self.nodes.len()],
            path: Vec::new(),
            cycles: Vec::new(),
        };
        for number in 0..self.nodes.len() {
            search.visit(number);
        }
        search.cycles
    }

    /// The scoped services that the singleton at the beginning of the path would keep, each with the first path to it.
    /// What another singleton on the way keeps is found there.
    fn captured_by(
        &self,
        number: usize,
        path: &mut Vec<ServiceStep>,
        seen: &mut HashSet<usize>,
        found: &mut Vec<GraphFinding>,
    ) {
        for edge in &self.nodes[number].edges {
            let lifetime = self.nodes[edge.to].info.lifetime;
            if lifetime == ServiceLifetime::Singleton || !seen.insert(edge.to) {
                continue;
            }
            let length = path.len();
            self.push_step(path, edge.to, Some(edge));
            if lifetime == ServiceLifetime::Scoped {
                let path = path.iter().cloned().collect();
                found.push(GraphFinding::CapturedScoped { path });
            } else {
                self.captured_by(edge.to, path, seen, found);
            }
            path.truncate(length);
        }
    }

    /// The registrations with async factories, those first that others need, each with who needs it, from a service that
    /// nothing needs. In a graph with cycles the order is not that of needs.
    pub(crate) fn awaited(&self) -> Vec<(usize, Vec<ServiceStep>)> {
        let mut order = Vec::new();
        let mut seen = vec![false; self.nodes.len()];
        for number in 0..self.nodes.len() {
            self.push_in_order(number, &mut seen, &mut order);
        }
        order.retain(|it| self.nodes[*it].info.is_awaited());
        let above = |number| {
            let mut path = self.path_to(number);
            path.pop();
            path
        };
        order.into_iter().map(|it| (it, above(it))).collect()
    }

    /// Adds everything that a registration cannot be constructed without, and then itself.
    fn push_in_order(&self, number: usize, seen: &mut [bool], order: &mut Vec<usize>) {
        if std::mem::replace(&mut seen[number], true) {
            return;
        }
        let edges = self.nodes[number].edges.iter();
        for edge in edges.filter(|it| it.form != ServiceForm::Lazy) {
            self.push_in_order(edge.to, seen, order);
        }
        order.push(number);
    }

    /// For each registration the path to a scoped service that it cannot be constructed without, itself included.
    pub(crate) fn needing_scope(&self) -> Vec<Option<ServicePath>> {
        let mut known: HashMap<usize, Option<ServicePath>> = HashMap::new();
        (0..self.nodes.len())
            .map(|it| self.scoped_below(it, &mut known))
            .collect()
    }

    /// The graph is free of cycles when this is asked.
    fn scoped_below(
        &self,
        number: usize,
        known: &mut HashMap<usize, Option<ServicePath>>,
    ) -> Option<ServicePath> {
        if let Some(path) = known.get(&number) {
            return path.clone();
        }
        let node = &self.nodes[number];
        let path = match node.info.lifetime {
            ServiceLifetime::Singleton => None,
            ServiceLifetime::Scoped => Some([node.info.step()].into_iter().collect()),
            ServiceLifetime::Transient => {
                let mut edges = node.edges.iter().filter(|it| it.form != ServiceForm::Lazy);
                edges.find_map(|edge| {
                    let mut path = self.scoped_below(edge.to, known)?;
                    if let Some(all) = &edge.through {
                        path.prepend(all.clone());
                    }
                    path.prepend(node.info.step());
                    Some(path)
                })
            }
        };
        known.insert(number, path.clone());
        path
    }
}

fn node<'a>(info: &'a Info, index: &Index) -> Node<'a> {
    let mut needs = Vec::new();
    info.dependencies.iter().for_each(|it| it.needs(&mut needs));
    let mut node = Node {
        info,
        edges: Vec::new(),
        faults: Vec::new(),
        needed_by: None,
    };
    for need in needs {
        match need {
            Need::Service(step) if step.form() == ServiceForm::All => {
                node.edges.extend(index.all(step.service()).map(|to| Edge {
                    to,
                    form: ServiceForm::One,
                    through: Some(step.clone()),
                }));
            }
            Need::Service(step) => match index.answering(step.service()) {
                Some(to) => node.edges.push(Edge {
                    to,
                    form: step.form(),
                    through: None,
                }),
                None if step.form() == ServiceForm::Optional => {}
                None => node.faults.push((Fault::Missing, step.clone())),
            },
            Need::ServiceKey(step) if info.service.key().is_none() => {
                node.faults.push((Fault::NoKey, step.clone()));
            }
            Need::Argument(step) => node.faults.push((Fault::Argument, step.clone())),
            Need::ServiceKey(_) | Need::Several(_) => {}
        }
    }
    node
}

struct CycleSearch<'a> {
    graph: &'a Graph<'a>,
    done: Vec<bool>,
    /// The registrations on the way, each with the number of the edge that is followed.
    path: Vec<(usize, usize)>,
    cycles: Vec<ServicePath>,
}

impl CycleSearch<'_> {
    fn visit(&mut self, number: usize) {
        if self.done[number] {
            return;
        }
        if let Some(start) = self.path.iter().position(|(it, _)| *it == number) {
            return self.found(start);
        }
        let graph = self.graph;
        for (index, edge) in graph.nodes[number].edges.iter().enumerate() {
            // What is had when it is used closes no circle.
            if edge.form != ServiceForm::Lazy {
                self.path.push((number, index));
                self.visit(edge.to);
                self.path.pop();
            }
        }
        self.done[number] = true;
    }

    fn found(&mut self, start: usize) {
        let mut cycle = self.path[start..].to_vec();
        let name = |(number, _): &(usize, usize)| self.graph.nodes[*number].info.step().to_string();
        let least = (0..cycle.len()).min_by_key(|it| name(&cycle[*it]));
        cycle.rotate_left(least.unwrap_or_default());
        let mut steps = Vec::new();
        let mut followed = None;
        for (number, edge) in cycle.iter().chain(cycle.first()) {
            self.graph.push_step(&mut steps, *number, followed);
            followed = Some(&self.graph.nodes[*number].edges[*edge]);
        }
        self.cycles.push(steps.into_iter().collect());
    }
}
