//! A node of the configuration on its way into a type.

use std::cell::RefCell;
use std::collections::HashSet;

use super::error::{BindProblem, BindProblemKind};
use super::fault::{Fault, FaultKind};
use super::field;
use super::scalar::Text;
use crate::configuration::credentials;
use crate::configuration::environment_variables;
use crate::configuration::key;
use crate::configuration::tree::{Node, NodeId, Tree};

/// What one binding knows.
pub(super) struct Context<'t> {
    pub(super) tree: &'t Tree,
    /// Whether keys that a type does not have are problems.
    pub(super) strict: bool,
    /// What failed before, and is now taken for absent.
    pub(super) skipped: HashSet<NodeId>,
    /// Empty texts that are to be the absence of an option.
    pub(super) nulls: HashSet<NodeId>,
    pub(super) problems: RefCell<Vec<BindProblem>>,
}

impl<'t> Context<'t> {
    pub(super) fn new(tree: &'t Tree, strict: bool) -> Self {
        Self {
            tree,
            strict,
            skipped: HashSet::new(),
            nulls: HashSet::new(),
            problems: RefCell::default(),
        }
    }

    /// Notes a problem, once.
    pub(super) fn report(&self, problem: BindProblem) {
        let mut problems = self.problems.borrow_mut();
        if !problems.contains(&problem) {
            problems.push(problem);
        }
    }
}

/// A node to be deserialized.
#[derive(Clone, Copy)]
pub(super) struct Here<'c> {
    context: &'c Context<'c>,
    pub(super) id: NodeId,
}

impl<'c> Here<'c> {
    pub(super) fn new(context: &'c Context<'c>, id: NodeId) -> Self {
        Self { context, id }
    }

    pub(super) fn node(self) -> &'c Node {
        self.context.tree.node(self.id)
    }

    /// The children that are still to be read.
    pub(super) fn children(self) -> impl Iterator<Item = Self> {
        self.context
            .tree
            .children(self.id)
            .map(move |(id, _)| Self::new(self.context, id))
            .filter(move |child| !self.context.skipped.contains(&child.id))
    }

    /// Neither text nor children, or only a null.
    pub(super) fn is_nothing(self) -> bool {
        !self.node().exists() || self.context.nulls.contains(&self.id)
    }

    /// A fault that this node is to be named for.
    pub(super) fn blame(self, fault: Fault) -> Fault {
        fault.at(self.id)
    }

    /// A fault of the node's name, not of its value.
    pub(super) fn blame_key(self, fault: Fault) -> Fault {
        let kind = match fault.kind {
            FaultKind::Wanted(wanted) => {
                FaultKind::Message(format!("the key itself has to be {wanted}"))
            }
            kind => kind,
        };
        self.blame(Fault { kind, ..fault })
    }

    pub(super) fn name(self) -> &'c str {
        &self.node().name
    }

    /// The text of a scalar. What is below one is known to nobody.
    pub(super) fn scalar(self) -> Option<Text<'c>> {
        let text = self.node().text()?;
        if self.context.strict {
            for child in self.children() {
                child.report(BindProblemKind::Unknown {
                    nearest: None,
                    known: Vec::new(),
                });
            }
        }
        Some(Text::value(text))
    }

    /// Whether the text of the node stands in the way of its being a section or a list.
    pub(super) fn has_text_in_the_way(self) -> bool {
        let node = self.node();
        let is_text = node.text().is_some_and(|text| !text.is_empty());
        let is_overruled = !self.context.strict && !node.children.is_empty();
        is_text && !is_overruled && !self.is_foreign_variable()
    }

    /// Whether the text may be a variable that has nothing to do with this program: `MAIL` is there in every login shell,
    /// and does not mean the section `Mail`. Credentials have any names as well.
    fn is_foreign_variable(self) -> bool {
        let node = self.node();
        let is_foreign = node.origin().is_some_and(|origin| {
            origin.starts_with(environment_variables::ORIGIN)
                || origin.starts_with(credentials::ORIGIN)
        });
        is_foreign && !node.path.contains(key::SEPARATOR)
    }

    fn report(self, kind: BindProblemKind) {
        let node = self.node();
        let problem = BindProblem::new(node.path.clone(), self.somewhere(), kind);
        self.context.report(problem);
    }

    /// Where the node is from, or the first value below it.
    fn somewhere(self) -> Option<&'c str> {
        let below = || self.context.tree.descend(self.id).into_iter();
        self.node()
            .origin()
            .or_else(|| below().find_map(Node::origin))
    }

    /// Whether the children are what an array has: 0, 1, 2.
    pub(super) fn is_array(self) -> bool {
        self.children()
            .enumerate()
            .all(|(at, child)| child.name().parse() == Ok(at))
    }

    /// The children that are a struct's fields; what is none of them is a problem.
    pub(super) fn fields(self, fields: &'static [&'static str]) -> Vec<(&'static str, Self)> {
        let mut found: Vec<(&'static str, Self)> = Vec::new();
        for child in self.children() {
            let name = child.name();
            let Some(field) = fields.iter().find(|it| field::matches(it, name)) else {
                if self.context.strict {
                    child.report_unknown(fields);
                }
                continue;
            };
            match found.iter().find(|(earlier, _)| earlier == field) {
                Some((_, other)) if self.context.strict => {
                    child.report(BindProblemKind::Twice {
                        other: other.node().path.clone(),
                    });
                }
                Some(_) => {}
                None => found.push((field, child)),
            }
        }
        // A null keeps the field's default; an empty text that means none of an option has to get through.
        found.retain(|(_, child)| child.node().exists());
        found
    }

    fn report_unknown(self, fields: &[&str]) {
        let nearest = field::nearest(self.name(), fields.iter().copied());
        self.report(BindProblemKind::Unknown {
            nearest: nearest.map(field::display),
            known: fields.iter().map(|it| field::display(it)).collect(),
        });
    }
}
