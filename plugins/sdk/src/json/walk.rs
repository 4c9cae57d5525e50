//! One pass over a JSON text: syntax, depth, and the values of paths.

use super::broken::Broken;
use super::paths::{Node, Paths};
use super::{literals, strings};

/// What a walk tells of.
pub trait Visitor {
    /// The value of a path was found, and has been checked to its end. A value that holds others comes after them.
    fn found(&mut self, found: &Found<'_>);

    /// An object lacks the field of a required path.
    fn missing(&mut self, path: usize);
}

/// The value of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found<'t> {
    /// The path's number.
    pub path: usize,
    /// What it is.
    pub kind: Kind,
    /// As it stands in the text.
    pub raw: &'t [u8],
    /// Where that is.
    pub start: usize,
    /// Where the quote is with which the field's name begins.
    pub name_start: usize,
}

/// The kinds of JSON values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// null.
    Null,
    /// true or false.
    Boolean,
    /// Any number.
    Number,
    /// A text.
    String,
    /// Values, one after the other.
    Array,
    /// Values with names.
    Object,
}

/// Walks over texts. It keeps memory from one to the next, so that nothing is allocated in the long run.
#[derive(Debug)]
pub struct Walker {
    frames: Vec<Frame>,
    max_depth: usize,
}

impl Walker {
    /// Texts may be nested so deep: `[[1]]` has a depth of 2.
    pub fn new(max_depth: usize) -> Walker {
        Walker { frames: Vec::new(), max_depth }
    }

    /// Walks over a text.
    pub fn walk<V: Visitor>(&mut self, text: &[u8], paths: &Paths, visitor: &mut V) -> Result<(), Broken> {
        self.frames.clear();
        let (frames, max_depth) = (&mut self.frames, self.max_depth);
        Walk { text, at: 0, frames, max_depth, nodes: &paths.nodes, visitor }.run()
    }
}

/// No path leads here.
const NOWHERE: usize = usize::MAX;

/// An object or array that isn't through.
#[derive(Debug, Clone, Copy)]
struct Frame {
    is_object: bool,
    place: Place,
    start: usize,
    /// The children of the node that were there.
    seen: u64,
}

/// What paths say of a value.
#[derive(Debug, Clone, Copy)]
struct Place {
    node: usize,
    /// Whether the node's own path means this value: not where it is an element of the array that the path means.
    is_own: bool,
    name_start: usize,
}

impl Place {
    const NOWHERE: Place = Place { node: NOWHERE, is_own: false, name_start: 0 };
}

struct Walk<'a, V> {
    text: &'a [u8],
    at: usize,
    frames: &'a mut Vec<Frame>,
    max_depth: usize,
    nodes: &'a [Node],
    visitor: &'a mut V,
}

impl<V: Visitor> Walk<'_, V> {
    fn run(mut self) -> Result<(), Broken> {
        let mut place = Place { node: 0, is_own: true, name_start: 0 };
        self.skip_space();
        loop {
            if !self.value(place)? && !self.is_followed()? {
                return Ok(());
            }
            place = self.place()?;
        }
    }

    /// Goes over a scalar or an empty container, or into a container: then there is a value in it.
    #[inline]
    fn value(&mut self, place: Place) -> Result<bool, Broken> {
        let (text, start) = (self.text, self.at);
        let (kind, end) = match text.get(start) {
            Some(b'"') => (Kind::String, strings::end(text, start + 1)?.0 + 1),
            Some(b'{') => return self.open(place, true),
            Some(b'[') => return self.open(place, false),
            Some(b'-' | b'0'..=b'9') => (Kind::Number, literals::number(text, start)?),
            Some(b't') => (Kind::Boolean, literals::word(text, start, b"true")?),
            Some(b'f') => (Kind::Boolean, literals::word(text, start, b"false")?),
            Some(b'n') => (Kind::Null, literals::word(text, start, b"null")?),
            _ => return Err(self.broken("expected a value")),
        };
        self.at = end;
        if place.node != NOWHERE {
            self.found(place, kind, start);
            if let Some(path) = self.nodes[place.node].first_required {
                self.visitor.missing(path);
            }
        }
        Ok(false)
    }

    #[inline]
    fn open(&mut self, place: Place, is_object: bool) -> Result<bool, Broken> {
        if self.frames.len() >= self.max_depth {
            return Err(Broken { at: self.at, what: "nested too deep", too_deep: true });
        }
        self.frames.push(Frame { is_object, place, start: self.at, seen: 0 });
        self.at += 1;
        self.skip_space();
        let close = if is_object { b'}' } else { b']' };
        if self.text.get(self.at) != Some(&close) {
            return Ok(true);
        }
        self.close();
        Ok(false)
    }

    /// Goes over the end of the innermost container.
    #[inline]
    fn close(&mut self) {
        self.at += 1;
        let Some(frame) = self.frames.pop() else { return };
        if frame.place.node == NOWHERE {
            return;
        }
        if frame.is_object {
            let node = &self.nodes[frame.place.node];
            let missing = node.required & !frame.seen;
            if missing != 0
                && let Some(path) = node.first_of(missing)
            {
                self.visitor.missing(path);
            }
        }
        let kind = if frame.is_object { Kind::Object } else { Kind::Array };
        self.found(frame.place, kind, frame.start);
    }

    /// Goes over what comes after a value: whether another one follows.
    #[inline]
    fn is_followed(&mut self) -> Result<bool, Broken> {
        loop {
            self.skip_space();
            let next = self.text.get(self.at);
            let Some(frame) = self.frames.last() else {
                return if next.is_none() { Ok(false) } else { Err(self.broken("expected the end")) };
            };
            match (next, frame.is_object) {
                (Some(b','), _) => {
                    self.at += 1;
                    self.skip_space();
                    return Ok(true);
                }
                (Some(b'}'), true) | (Some(b']'), false) => self.close(),
                (_, true) => return Err(self.broken("expected , or }")),
                (_, false) => return Err(self.broken("expected , or ]")),
            }
        }
    }

    /// Goes to the next value of the innermost container, over its name if it has one.
    #[inline]
    fn place(&mut self) -> Result<Place, Broken> {
        let Some(frame) = self.frames.last_mut() else { return Ok(Place::NOWHERE) };
        if !frame.is_object {
            return Ok(Place { is_own: false, ..frame.place });
        }
        let name_start = self.at;
        if self.text.get(name_start) != Some(&b'"') {
            return Err(self.broken("expected a field's name"));
        }
        let (name_end, escaped) = strings::end(self.text, name_start + 1)?;
        let mut place = Place::NOWHERE;
        if let Some(node) = self.nodes.get(frame.place.node)
            && let Some((bit, node)) = node.child(&self.text[name_start + 1..name_end], escaped)
        {
            frame.seen |= bit;
            place = Place { node, is_own: true, name_start };
        }
        self.at = name_end + 1;
        self.skip_space();
        if self.text.get(self.at) != Some(&b':') {
            return Err(self.broken("expected :"));
        }
        self.at += 1;
        self.skip_space();
        Ok(place)
    }

    fn found(&mut self, place: Place, kind: Kind, start: usize) {
        if place.is_own
            && let Some(path) = self.nodes[place.node].path
        {
            let raw = &self.text[start..self.at];
            self.visitor.found(&Found { path, kind, raw, start, name_start: place.name_start });
        }
    }

    #[inline]
    fn skip_space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.text.get(self.at) {
            self.at += 1;
        }
    }

    fn broken(&self, what: &'static str) -> Broken {
        Broken::new(self.at, what)
    }
}
