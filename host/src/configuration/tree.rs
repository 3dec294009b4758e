//! The merged configuration: every key of every source, with the value of the source that wins.

use std::collections::HashMap;

use config::{Value, ValueKind};

use super::key;

/// Where a node stands in its tree.
pub(super) type NodeId = usize;

/// The node that all keys are below.
pub(super) const ROOT: NodeId = 0;

/// One key: perhaps with a value, perhaps with children, perhaps with both.
#[derive(Clone, Default)]
pub(super) struct Node {
    /// The last segment of the key, spelled as by the last source that mentions it.
    pub(super) name: String,
    /// The whole key, for messages.
    pub(super) path: String,
    /// A text or an explicit null; nothing where no source gives the key itself a value.
    pub(super) value: Option<Value>,
    /// In the order in which children are enumerated.
    pub(super) children: Vec<NodeId>,
}

impl Node {
    /// The text of the value; nothing for a null.
    pub(super) fn text(&self) -> Option<&str> {
        match self.value.as_ref().map(|value| &value.kind) {
            Some(ValueKind::String(text)) => Some(text),
            _ => None,
        }
    }

    /// Where the value comes from.
    pub(super) fn origin(&self) -> Option<&str> {
        self.value.as_ref().and_then(Value::origin)
    }

    /// Whether there is anything here: a text, or keys below.
    pub(super) fn exists(&self) -> bool {
        self.text().is_some() || !self.children.is_empty()
    }
}

/// A tree of keys over an arena, with an index by the folded key.
pub(super) struct Tree {
    nodes: Vec<Node>,
    index: HashMap<String, NodeId>,
}

impl Tree {
    /// Merges layers of flat keys; what comes later wins.
    ///
    /// The leaves are texts or nulls (see [`super::layer::Layer`]).
    pub(super) fn merge<'l>(layers: impl IntoIterator<Item = &'l [(String, Value)]>) -> Self {
        let mut tree = Self::empty(String::new());
        for layer in layers {
            for (replaced, _) in layer.iter().filter_map(|(key, _)| key::replacement(key)) {
                tree.clear(&replaced);
            }
            for (key, value) in layer {
                let replacement = key::replacement(key);
                let key = replacement.as_ref().map_or(key, |(_, key)| key);
                let node = tree.entry(key);
                tree.nodes[node].value = Some(value.clone());
            }
        }
        tree.sort();
        tree.name_paths();
        tree
    }

    /// A tree of its own of what is below the given keys, laid over each other; what comes later wins.
    ///
    /// The root of the new tree stands for the keys, and all paths stay what they were. A key of `None` is the root.
    pub(super) fn view(&self, keys: &[Option<&str>]) -> Self {
        let first = keys.first().copied().flatten().unwrap_or_default();
        let mut view = Self::empty(first.to_owned());
        for key in keys {
            if let Some(from) = self.find(*key) {
                self.copy_into(from, &mut view);
            }
        }
        view.sort();
        view
    }

    /// The node of a key, or the root for `None`.
    pub(super) fn find(&self, key: Option<&str>) -> Option<NodeId> {
        match key {
            None => Some(ROOT),
            Some(key) => self.index.get(&key::fold(key)).copied(),
        }
    }

    pub(super) fn node(&self, node: NodeId) -> &Node {
        &self.nodes[node]
    }

    /// The children of a node, in order.
    pub(super) fn children(&self, node: NodeId) -> impl Iterator<Item = (NodeId, &Node)> {
        self.nodes[node]
            .children
            .iter()
            .map(|child| (*child, &self.nodes[*child]))
    }

    /// Every node but the root, a section before what is in it.
    pub(super) fn descend(&self, from: NodeId) -> Vec<&Node> {
        let mut found = Vec::new();
        let mut open: Vec<NodeId> = self.nodes[from].children.iter().rev().copied().collect();
        while let Some(node) = open.pop() {
            let node = &self.nodes[node];
            found.push(node);
            open.extend(node.children.iter().rev());
        }
        found
    }

    /// Whether both have the same keys with the same values, wherever these are from.
    pub(super) fn has_same_values(&self, other: &Self) -> bool {
        let value = |node: &Node| node.value.as_ref().map(|value| value.kind.clone());
        let (left, right) = (self.descend(ROOT), other.descend(ROOT));
        value(self.node(ROOT)) == value(other.node(ROOT))
            && left.len() == right.len()
            && left
                .iter()
                .zip(right)
                .all(|(left, right)| left.path == right.path && value(left) == value(right))
    }

    fn empty(path: String) -> Self {
        let root = Node {
            path,
            ..Node::default()
        };
        Self {
            nodes: vec![root],
            index: HashMap::new(),
        }
    }

    /// Forgets the value of a key and all that is below it.
    fn clear(&mut self, key: &str) {
        let Some(node) = self.find(Some(key)) else {
            return;
        };
        self.nodes[node].value = None;
        self.nodes[node].children.clear();
        // Nothing leads to the nodes below any more.
        let below = key::join(Some(&key::fold(key)), "");
        self.index.retain(|key, _| !key.starts_with(&below));
    }

    /// The node of a key, which is made where it is missing, and spelled anew.
    fn entry(&mut self, key: &str) -> NodeId {
        let mut node = ROOT;
        let mut folded = None::<String>;
        for segment in key.split(key::SEPARATOR) {
            let path = key::join(folded.as_deref(), &key::fold(segment));
            node = self.child(node, &path, segment);
            folded = Some(path);
        }
        node
    }

    fn child(&mut self, parent: NodeId, folded: &str, name: &str) -> NodeId {
        let node = self.index.get(folded).copied().unwrap_or_else(|| {
            let node = self.nodes.len();
            self.nodes.push(Node::default());
            self.nodes[parent].children.push(node);
            self.index.insert(folded.to_owned(), node);
            node
        });
        name.clone_into(&mut self.nodes[node].name);
        node
    }

    /// Puts a node and all that is below it into another tree, as its root.
    fn copy_into(&self, from: NodeId, view: &mut Self) {
        let mut open = vec![(from, ROOT, None::<String>)];
        while let Some((from, to, folded)) = open.pop() {
            let source = &self.nodes[from];
            view.nodes[to].path.clone_from(&source.path);
            if source.value.is_some() {
                view.nodes[to].value.clone_from(&source.value);
            }
            for child in &source.children {
                let name = &self.nodes[*child].name;
                let path = key::join(folded.as_deref(), &key::fold(name));
                let node = view.child(to, &path, name);
                open.push((*child, node, Some(path)));
            }
        }
    }

    fn sort(&mut self) {
        for node in 0..self.nodes.len() {
            let mut children = std::mem::take(&mut self.nodes[node].children);
            children.sort_by(|left, right| {
                key::compare_segments(&self.nodes[*left].name, &self.nodes[*right].name)
            });
            self.nodes[node].children = children;
        }
    }

    /// A parent always stands before its children in the arena, so one pass names them all.
    fn name_paths(&mut self) {
        for node in 0..self.nodes.len() {
            for child in self.nodes[node].children.clone() {
                let parent = (node != ROOT).then(|| self.nodes[node].path.as_str());
                self.nodes[child].path = key::join(parent, &self.nodes[child].name);
            }
        }
    }
}
