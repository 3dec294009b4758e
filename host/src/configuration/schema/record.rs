//! What is known of a type so far.

use std::cell::{Cell, RefCell};

pub(super) type NodeId = usize;

/// The type itself.
pub(super) const ROOT: NodeId = 0;

/// What a value is asked for as.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) enum Shape {
    /// Nothing is said.
    #[default]
    Any,
    Bool,
    /// With the limits of its type, where JSON has such numbers.
    Integer(Option<(i64, u64)>),
    Number,
    /// With what the type says that it wants.
    Text(String),
    Bytes,
    TimeSpan,
    Nullable(NodeId),
    List(NodeId),
    Tuple(Vec<NodeId>),
    Map(NodeId),
    Struct(Vec<(&'static str, NodeId)>),
    /// Each variant with its content, if it has any.
    Enum(Vec<(&'static str, Option<NodeId>)>),
    /// The same as a value around it.
    Again(NodeId),
}

/// A type with a name: serde's name of it, and where its fields or variants stand.
type Named = (&'static str, *const &'static str);

/// One value.
#[derive(Debug, Default)]
struct Node {
    shape: Shape,
    /// Whether there is nothing more to be found out.
    is_known: bool,
}

/// All values of a type.
pub(super) struct Record {
    nodes: RefCell<Vec<Node>>,
    /// The named types around what is being asked for.
    around: RefCell<Vec<(Named, NodeId)>>,
    known: Cell<usize>,
}

impl Default for Record {
    fn default() -> Self {
        Self {
            nodes: RefCell::new(vec![Node::default()]),
            around: RefCell::default(),
            known: Cell::new(0),
        }
    }
}

impl Record {
    /// How much is known; it never becomes less.
    pub(super) fn known(&self) -> usize {
        self.known.get()
    }

    pub(super) fn is_known(&self, node: NodeId) -> bool {
        self.nodes.borrow()[node].is_known
    }

    pub(super) fn shape(&self, node: NodeId) -> Shape {
        self.nodes.borrow()[node].shape.clone()
    }

    /// Notes a value that there is nothing more to know of.
    pub(super) fn finish(&self, node: NodeId, shape: Shape) {
        self.nodes.borrow_mut()[node].shape = shape;
        self.mark(node);
    }

    pub(super) fn mark(&self, node: NodeId) {
        let mut nodes = self.nodes.borrow_mut();
        if !nodes[node].is_known {
            nodes[node].is_known = true;
            self.known.set(self.known.get() + 1);
        }
    }

    /// The shape of a value, which `make` makes, with new nodes, when it is first asked for.
    pub(super) fn shape_or(&self, node: NodeId, make: impl FnOnce(&Self) -> Shape) -> Shape {
        let shape = self.shape(node);
        if shape != Shape::Any {
            return shape;
        }
        let shape = make(self);
        self.nodes.borrow_mut()[node].shape = shape.clone();
        shape
    }

    pub(super) fn new_node(&self) -> NodeId {
        let mut nodes = self.nodes.borrow_mut();
        nodes.push(Node::default());
        nodes.len() - 1
    }

    /// Notes the content of a variant, or that it has none.
    pub(super) fn set_variant(&self, node: NodeId, at: usize, content: Option<NodeId>) {
        if let Shape::Enum(variants) = &mut self.nodes.borrow_mut()[node].shape {
            variants[at].1 = content;
        }
    }

    /// Runs `inside` with a named type around it; where that type is around already, notes that and runs nothing.
    pub(super) fn within<R>(
        &self,
        name: &'static str,
        members: &'static [&'static str],
        node: NodeId,
        inside: impl FnOnce() -> R,
    ) -> Option<R> {
        let named = (name, members.as_ptr());
        let same = |(other, outer): &(Named, NodeId)| (*other == named).then_some(*outer);
        let outer = self.around.borrow().iter().find_map(same);
        if let Some(outer) = outer.filter(|_| !members.is_empty()) {
            self.finish(node, Shape::Again(outer));
            return None;
        }
        self.around.borrow_mut().push((named, node));
        let result = inside();
        self.around.borrow_mut().pop();
        Some(result)
    }
}
