//! A node of the configuration on its way into a type.

use std::cell::RefCell;
use std::collections::HashSet;

use super::access::Entry;
use super::enumeration;
use super::error::{BindProblem, BindProblemKind};
use super::fault::{Fault, FaultKind};
use super::field;
use super::learning::{Learning, Served};
use super::poison::{self, Poison};
use super::scalar::Text;
use super::shape::Shape;
use super::spelling;
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
    pub(super) learning: Learning,
    pub(super) problems: RefCell<Vec<BindProblem>>,
}

impl<'t> Context<'t> {
    pub(super) fn new(tree: &'t Tree, strict: bool) -> Self {
        Self {
            tree,
            strict,
            skipped: HashSet::new(),
            nulls: HashSet::new(),
            learning: Learning::default(),
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
        Some(Text::value(self.variant().unwrap_or(text)))
    }

    /// The variant that the text stands for, where serde does not look for it itself.
    pub(super) fn variant(self) -> Option<&'static str> {
        let variants = self.learning().variants.get(&self.id)?;
        enumeration::find(self.node().text()?, variants).ok()
    }

    pub(super) fn learning(self) -> &'c Learning {
        &self.context.learning
    }

    /// Notes what the node was given as.
    pub(super) fn note(self, shape: Shape) {
        let mut attempt = self.learning().attempt.borrow_mut();
        attempt.shapes.push((self.id, shape));
    }

    /// Notes that it is serde that matches the keys.
    pub(super) fn note_loose(self) {
        let mut attempt = self.learning().attempt.borrow_mut();
        attempt.sections.insert(self.id);
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
    pub(super) fn somewhere(self) -> Option<&'c str> {
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
                    child.report_twice(*other);
                }
                Some(_) => {}
                None => found.push((field, child)),
            }
        }
        // A null keeps the field's default; an empty text that means none of an option has to get through.
        found.retain(|(_, child)| child.node().exists());
        found
    }

    /// The children under their names, or under those that types have for them where serde matches them.
    pub(super) fn entries(self) -> Vec<Entry<'c>> {
        let learning = self.learning();
        let Some(loose) = learning.loose.get(&self.id) else {
            return self
                .children()
                .map(|it| Entry::real(it.name(), it))
                .collect();
        };
        let mut entries = Vec::new();
        let mut serve = |key: Option<Self>, spelling: String| {
            let kind = learning.kind?;
            let mut attempt = learning.attempt.borrow_mut();
            let number = attempt.served.len();
            let name = key.map_or_else(|| poison::key(number), |_| spelling.clone());
            attempt.served.push(Served {
                section: self.id,
                key: key.map(|key| key.id),
                spelling,
            });
            entries.push(Entry::poison(name, Poison { kind, number }));
            Some(())
        };
        if !loose.takes_all && loose.single.is_none() {
            serve(None, String::new());
        }
        for child in self.children() {
            if self.spelling(child).is_none() && !loose.takes_all {
                let mut spellings = self.spellings(child);
                if let Some(at) = loose.single {
                    spellings = spellings.into_iter().skip(at).take(1).collect();
                }
                for spelling in spellings {
                    serve(Some(child), spelling);
                }
            }
        }
        let is_given = loose.takes_all || loose.single.is_some() || !self.context.strict;
        let mut given: Vec<(&str, Self)> = Vec::new();
        for child in self.children() {
            match self.spelling(child) {
                Some(spelling) => match given.iter().find(|(it, _)| *it == spelling) {
                    Some((_, other)) if self.context.strict => child.report_twice(*other),
                    Some(_) => {}
                    None => given.push((spelling, child)),
                },
                None if loose.takes_all || (is_given && learning.kind.is_none()) => {
                    entries.push(Entry::real(child.name(), child));
                }
                None => {}
            }
        }
        // As everywhere, a null leaves a field its default.
        given.retain(|(_, child)| child.node().exists());
        entries.extend(given.into_iter().map(|(it, child)| Entry::real(it, child)));
        entries
    }

    fn report_twice(self, other: Self) {
        self.report(BindProblemKind::Twice {
            other: other.node().path.clone(),
        });
    }

    /// How the type spells the key of a child.
    fn spelling(self, child: Self) -> Option<&'c str> {
        let learning = self.learning();
        if let Some(spelling) = learning.spelled.get(&child.id) {
            return Some(spelling);
        }
        let loose = learning.loose.get(&self.id)?;
        let mut fields = loose.fields.iter().copied();
        fields.find(|field| field::matches(field, child.name()))
    }

    /// How the type may spell the key of a child.
    fn spellings(self, child: Self) -> Vec<String> {
        let mut spellings = spelling::of(child.name());
        for name in &self.learning().names {
            if field::matches(name, child.name()) && !spellings.iter().any(|it| it == name) {
                spellings.push((*name).to_owned());
            }
        }
        spellings
    }

    /// Whether serde matches the keys of this section.
    pub(super) fn is_loose(self) -> bool {
        self.learning().loose.contains_key(&self.id)
    }

    /// Reports the keys that no type has read.
    pub(super) fn report_unread(self) {
        let Some(loose) = self.learning().loose.get(&self.id) else {
            return;
        };
        if loose.takes_all || !self.context.strict {
            return;
        }
        let children = || self.children().map(|it| (it, self.spelling(it)));
        let known: Vec<&str> = children().filter_map(|(_, spelling)| spelling).collect();
        for (child, _) in children().filter(|(_, spelling)| spelling.is_none()) {
            if loose.fields.is_empty() {
                child.report(BindProblemKind::Unread);
            } else {
                let mut fields: Vec<&str> = loose.fields.iter().copied().collect();
                fields.extend(known.iter().filter(|it| !loose.fields.contains(*it)));
                child.report_unknown(&fields);
            }
        }
    }

    fn report_unknown(self, fields: &[&str]) {
        let nearest = field::nearest(self.name(), fields.iter().copied());
        self.report(BindProblemKind::Unknown {
            nearest: nearest.map(field::display),
            known: fields.iter().map(|it| field::display(it)).collect(),
        });
    }
}
