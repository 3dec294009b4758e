//! What serde does not tell of types that it buffers for, found out by trying.
//!
//! The fields of a flattened struct, and those of internally tagged and untagged enumerations, are matched by serde itself, as
//! they are spelled, after it has buffered keys and values. So the keys of such a section are first given under all spellings
//! that they may have in Rust, with values that no type takes (see [`poison`](super::poison)): the spelling whose value is
//! refused is the one that is read. Once all keys are known that way, the section is given as the type spells it.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::enumeration;
use super::fault::Fault;
use super::heard::Seen;
use super::poison::{self, Kind};
use super::shape::{Form, Shape};
use crate::configuration::tree::NodeId;

/// After how many attempts keys are left as they are.
const ATTEMPTS: usize = 2000;

/// A section whose keys serde matches.
#[derive(Debug, Default)]
pub(super) struct Loose {
    /// Whether something takes any key, as a flattened map does.
    pub(super) takes_all: bool,
    /// Whether its keys are as well known as they will be.
    is_settled: bool,
    /// What the types say that they know, which is those alone that deny unknown fields.
    pub(super) fields: BTreeSet<&'static str>,
    /// Which spelling is tried, where only one key may be given: an enumeration with content has the variant as its only one.
    pub(super) single: Option<usize>,
}

/// What an enumeration wants.
const ENUMERATION: &str = "string or map";

/// What the type of a section wants where it is an enumeration.
const SINGLE: &str = "map with a single key";

type Variants = &'static [&'static str];

/// One poisoned value of an attempt.
#[derive(Debug)]
pub(super) struct Served {
    pub(super) section: NodeId,
    /// The key whose spelling is tried; none for one that no type knows.
    pub(super) key: Option<NodeId>,
    pub(super) spelling: String,
}

/// What is known so far, and what this attempt is told.
#[derive(Debug, Default)]
pub(super) struct Learning {
    /// What is served in this attempt in place of values of keys that are not known yet.
    pub(super) kind: Option<Kind>,
    pub(super) loose: BTreeMap<NodeId, Loose>,
    /// The keys that are known, as their types spell them.
    pub(super) spelled: HashMap<NodeId, String>,
    /// Texts that stand for one of these variants.
    pub(super) variants: HashMap<NodeId, Variants>,
    pub(super) forms: HashMap<NodeId, Form>,
    /// What types said of what was served for these keys.
    wants: HashMap<NodeId, String>,
    /// Names that some type asked for.
    pub(super) names: BTreeSet<&'static str>,
    pub(super) attempt: RefCell<Attempt>,
    tried: HashSet<(NodeId, Form)>,
    tried_variants: HashSet<(NodeId, Variants)>,
    attempts: usize,
}

/// What one attempt leaves behind.
#[derive(Debug, Default)]
pub(super) struct Attempt {
    pub(super) sections: BTreeSet<NodeId>,
    pub(super) served: Vec<Served>,
    /// The values that were given as what they look like, in order.
    pub(super) shapes: Vec<(NodeId, Shape)>,
}

impl Learning {
    /// An attempt begins.
    pub(super) fn begin(&mut self) {
        self.attempt.take();
    }

    /// What an attempt has shown, and whether there has to be another one for it.
    pub(super) fn learn(&mut self, seen: &[Seen], fault: Option<&Fault>) -> bool {
        let attempt = self.attempt.take();
        for section in &attempt.sections {
            self.loose.entry(*section).or_default();
        }
        if self.loose.is_empty() && attempt.shapes.is_empty() {
            return false;
        }
        self.attempts += 1;
        if self.attempts > ATTEMPTS {
            let goes_on = self.give_up();
            self.attempt.replace(attempt);
            return goes_on;
        }
        if self.learn_keys(seen, &attempt) || self.learn_single(seen, &attempt) {
            return self.go_on(&attempt);
        }
        let is_open = self.loose.values().any(|section| !section.is_settled);
        let kind = self.kind;
        match kind {
            None if is_open => self.kind = Some(Kind::Bytes),
            None if fault.is_some_and(|fault| self.repair(seen, fault, &attempt)) => {
                return self.go_on(&attempt);
            }
            None => {
                self.attempt.replace(attempt);
                return false;
            }
            Some(Kind::Bytes) => self.kind = Some(Kind::Float),
            Some(Kind::Float) => {
                for section in self.loose.values_mut() {
                    section.is_settled = true;
                }
                self.kind = None;
            }
        }
        true
    }

    /// There is more to be learned of what was read now.
    fn go_on(&mut self, attempt: &Attempt) -> bool {
        for section in &attempt.sections {
            self.loose.entry(*section).or_default().is_settled = false;
        }
        self.kind.get_or_insert(Kind::Bytes);
        true
    }

    /// Whether serde has kept this in a buffer.
    pub(super) fn is_buffered(&self, node: NodeId) -> bool {
        let attempt = self.attempt.borrow();
        self.loose.contains_key(&node) || attempt.shapes.iter().any(|(it, _)| *it == node)
    }

    /// The value that a fault is about, of those that serde had buffered.
    pub(super) fn value_of(&self, seen: &Seen) -> Option<NodeId> {
        let attempt = self.attempt.borrow();
        match seen {
            Seen::Invalid { shape, wanted } => self.alike(&attempt, shape, wanted).first().copied(),
            Seen::UnknownVariant(text, _) => {
                let shape = Shape::Text(text.clone());
                let mut nodes = self.alike(&attempt, &shape, ENUMERATION);
                nodes.sort_by_key(|node| !self.variants.contains_key(node));
                nodes.first().copied()
            }
            Seen::Missing(_) | Seen::UnknownField(..) => None,
        }
    }

    /// The values that look like this, in order: those for whose keys this was wanted before others.
    fn alike(&self, attempt: &Attempt, shape: &Shape, wanted: &str) -> Vec<NodeId> {
        let nodes = attempt.shapes.iter().filter(|(_, it)| it == shape);
        let mut nodes: Vec<NodeId> = nodes.map(|(node, _)| *node).collect();
        nodes.sort_by_key(|node| {
            self.wants
                .get(node)
                .map_or(1, |it| if it == wanted { 0 } else { 2 })
        });
        nodes
    }

    /// Something was taken out, so that types may be read that were not before.
    pub(super) fn start_again(&mut self) {
        for section in self.loose.values_mut() {
            section.is_settled = false;
        }
    }

    fn give_up(&mut self) -> bool {
        let is_new = self.kind.is_some() || self.loose.values().any(|it| !it.is_settled);
        for section in self.loose.values_mut() {
            section.takes_all = true;
            section.is_settled = true;
        }
        self.kind = None;
        is_new
    }

    fn learn_keys(&mut self, seen: &[Seen], attempt: &Attempt) -> bool {
        let mut has_learned = false;
        let mut done = BTreeSet::new();
        for seen in seen {
            match seen {
                Seen::Missing(name) => has_learned |= self.names.insert(name),
                Seen::UnknownField(found, fields) => {
                    let served = poison::of_text(found).and_then(|at| attempt.served.get(at));
                    if let Some(served) = served {
                        let section = self.loose.entry(served.section).or_default();
                        for field in *fields {
                            has_learned |= section.fields.insert(field);
                        }
                    }
                }
                Seen::UnknownVariant(found, variants) => {
                    match poison::of_text(found).and_then(|at| attempt.served.get(at)) {
                        Some(served) => {
                            has_learned |= self.refused(served, "", &mut done);
                            if let Some(key) = served.key {
                                self.variants.entry(key).or_insert(variants);
                            }
                        }
                        None => {
                            for variant in *variants {
                                has_learned |= self.names.insert(variant);
                            }
                        }
                    }
                }
                Seen::Invalid {
                    shape: Shape::Poison(at),
                    wanted,
                } => {
                    if let Some(served) = attempt.served.get(*at) {
                        has_learned |= self.refused(served, wanted, &mut done);
                    }
                }
                Seen::Invalid { .. } => {}
            }
        }
        has_learned
    }

    /// Has the next section be given one key at a time, or the next spelling be tried.
    fn learn_single(&mut self, seen: &[Seen], attempt: &Attempt) -> bool {
        let is_wanted = seen
            .iter()
            .any(|seen| matches!(seen, Seen::Invalid { wanted, .. } if wanted == SINGLE));
        let mut served: BTreeMap<NodeId, BTreeSet<Option<NodeId>>> = BTreeMap::new();
        for it in &attempt.served {
            served.entry(it.section).or_default().insert(it.key);
        }
        for (section, keys) in served {
            let section = self.loose.entry(section).or_default();
            match &mut section.single {
                Some(at) => {
                    *at += 1;
                    return true;
                }
                // The key, and the one that nobody can know.
                single if is_wanted && keys.len() == 2 => {
                    *single = Some(0);
                    return true;
                }
                _ => {}
            }
        }
        false
    }

    /// Somebody reads this. What comes after a key that nobody can know is read by who reads everything.
    fn refused(&mut self, served: &Served, wanted: &str, done: &mut BTreeSet<NodeId>) -> bool {
        if done.contains(&served.section) {
            return false;
        }
        match served.key {
            None => {
                done.insert(served.section);
                let section = self.loose.entry(served.section).or_default();
                !std::mem::replace(&mut section.takes_all, true)
            }
            Some(key) if self.spelled.contains_key(&key) => false,
            Some(key) => {
                self.spelled.insert(key, served.spelling.clone());
                self.wants.insert(key, wanted.to_owned());
                if self.kind == Some(Kind::Float) {
                    // What takes bytes and no number.
                    self.forms.insert(key, Form::Bytes);
                } else if let Some(form) = Form::of(wanted) {
                    self.forms.entry(key).or_insert(form);
                }
                true
            }
        }
    }

    /// Has a value be something else that a type did not take.
    fn repair(&mut self, seen: &[Seen], fault: &Fault, attempt: &Attempt) -> bool {
        seen.iter().any(|seen| match seen {
            Seen::Invalid { shape, wanted } => {
                let Some(form) = Form::instead(shape, wanted) else {
                    return false;
                };
                let mut nodes = self.alike(attempt, shape, wanted).into_iter();
                let node = nodes.find(|node| !self.tried.contains(&(*node, form)));
                let Some(node) = node else {
                    return false;
                };
                self.tried.insert((node, form));
                self.forms.insert(node, form);
                true
            }
            Seen::UnknownVariant(found, variants) => {
                if enumeration::find(found, variants).is_err() {
                    return false;
                }
                let shape = Shape::Text(found.clone());
                let nodes = self.alike(attempt, &shape, ENUMERATION);
                let is_enumeration = |node: &NodeId| {
                    self.wants.get(node).is_some_and(|it| it == ENUMERATION)
                        && !self.variants.contains_key(node)
                };
                let node = match fault.node {
                    Some(node) if nodes.contains(&node) => Some(node),
                    // Those before it are known by now.
                    _ => nodes.iter().copied().find(is_enumeration),
                };
                // Of texts that are the same and in no struct none can be told apart.
                let single = nodes.first().copied().filter(|_| nodes.len() == 1);
                let Some(node) = node.or(single) else {
                    return false;
                };
                self.variants.insert(node, variants);
                self.tried_variants.insert((node, *variants))
            }
            Seen::Missing(_) | Seen::UnknownField(..) => false,
        })
    }
}
