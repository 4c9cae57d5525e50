//! Paths of fields, as a tree that a walk goes down with the text.

use std::fmt;

use super::text;
use crate::parameters::split;

/// Children of one object that a path may name: as many as bits in a word.
const MOST_CHILDREN: usize = 64;

/// Paths of fields: names with dots between, as in `customer.address.zip`; `\.` is a dot in a name.
///
/// An array on the way stands for each of its elements: `items.price` is the price of every item.
#[derive(Debug, Clone)]
pub struct Paths {
    pub(super) nodes: Vec<Node>,
    texts: Vec<String>,
}

/// Whether a field must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// It may be left out.
    Optional,
    /// [`Visitor::missing`](super::Visitor::missing) is told where it is not.
    Required,
}

/// A path that makes no sense.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadPath {
    path: String,
    why: &'static str,
}

impl fmt::Display for BadPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the field {:?}: {}", self.path, self.why)
    }
}

impl std::error::Error for BadPath {}

#[derive(Debug, Clone, Default)]
pub(super) struct Node {
    children: Vec<Child>,
    /// The path that ends here.
    pub(super) path: Option<usize>,
    /// The children (a bit each) in which a required path is or ends.
    pub(super) required: u64,
    /// The first required path below.
    pub(super) first_required: Option<usize>,
}

#[derive(Debug, Clone)]
struct Child {
    name: Box<[u8]>,
    node: usize,
    /// The first required path that ends in this child, or below.
    required: Option<usize>,
}

impl Default for Paths {
    fn default() -> Paths {
        Paths { nodes: vec![Node::default()], texts: Vec::new() }
    }
}

impl Paths {
    /// One more path; what comes back is its number, which is that of an earlier path if that is the same.
    pub fn add(&mut self, path: &str, need: Need) -> Result<usize, BadPath> {
        let bad = |why| BadPath { path: path.to_owned(), why };
        let names = split(path, '.');
        if names.iter().any(String::is_empty) {
            return Err(bad("a name is empty"));
        }
        let mut way = Vec::new();
        let mut node = 0;
        for name in &names {
            let child = self.child_or_new(node, name).ok_or_else(|| bad("an object has too many fields"))?;
            way.push((node, child));
            node = self.nodes[node].children[child].node;
        }
        let number = *self.nodes[node].path.get_or_insert(self.texts.len());
        if number == self.texts.len() {
            self.texts.push(path.to_owned());
        }
        if need == Need::Required {
            for (node, child) in way {
                let node = &mut self.nodes[node];
                node.required |= 1 << child;
                node.first_required.get_or_insert(number);
                node.children[child].required.get_or_insert(number);
            }
        }
        Ok(number)
    }

    /// A path as it was added.
    pub fn text(&self, path: usize) -> &str {
        &self.texts[path]
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.texts.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    fn child_or_new(&mut self, parent: usize, name: &str) -> Option<usize> {
        let children = &self.nodes[parent].children;
        if let Some(found) = children.iter().position(|child| *child.name == *name.as_bytes()) {
            return Some(found);
        }
        let (place, node) = (children.len(), self.nodes.len());
        if place == MOST_CHILDREN {
            return None;
        }
        self.nodes.push(Node::default());
        self.nodes[parent].children.push(Child { name: name.as_bytes().into(), node, required: None });
        Some(place)
    }
}

impl Node {
    /// The child with this name, which is as it stands between quotes: its bit, and its node.
    pub(super) fn child(&self, raw: &[u8], escaped: bool) -> Option<(u64, usize)> {
        let place = if escaped {
            let name = text::unescape(raw);
            self.children.iter().position(|child| *child.name == *name.as_bytes())
        } else {
            self.children.iter().position(|child| *child.name == *raw)
        }?;
        Some((1 << place, self.children[place].node))
    }

    /// The first required path among children with these bits.
    pub(super) fn first_of(&self, children: u64) -> Option<usize> {
        self.children.get(children.trailing_zeros() as usize)?.required
    }
}

#[cfg(test)]
mod tests {
    use super::{Need, Paths};

    #[test]
    fn paths_are_numbered_once() {
        let mut paths = Paths::default();
        assert_eq!(paths.add("a.b", Need::Optional), Ok(0));
        assert_eq!(paths.add("a", Need::Required), Ok(1));
        assert_eq!(paths.add("a.b", Need::Required), Ok(0));
        assert_eq!(paths.add(r"a\.b", Need::Optional), Ok(2));
        assert_eq!((paths.len(), paths.text(2)), (3, r"a\.b"));
    }

    #[test]
    fn bad_paths_are_refused() {
        let mut paths = Paths::default();
        for path in ["", ".", "a.", ".a", "a..b"] {
            let error = paths.add(path, Need::Optional).unwrap_err().to_string();
            assert_eq!(error, format!("the field {path:?}: a name is empty"));
        }
        for name in 0..64 {
            paths.add(&format!("n{name}"), Need::Required).unwrap();
        }
        assert!(paths.add("one-too-many", Need::Optional).is_err());
    }
}
