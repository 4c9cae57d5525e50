//! A message's `Debug` text as a tree of named fields, so that two crates' structs can be compared by the
//! names and values of their fields.

use std::collections::BTreeMap;
use std::iter::Peekable;
use std::str::Chars;

use klamm_model::TopicId;

/// What a `Debug` text says, without the names of types and without newtypes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Tree {
    Null,
    /// A number, a text, a byte string, a topic id: as written.
    Leaf(String),
    List(Vec<Tree>),
    Struct(BTreeMap<String, Tree>),
}

/// The tree of a value.
pub(super) fn tree_of(value: &impl std::fmt::Debug) -> Tree {
    let text = format!("{value:?}");
    let mut parser = Parser { text: text.chars().peekable() };
    let tree = parser.value();
    assert_eq!(parser.text.next(), None, "the whole text is parsed: {text}");
    tree
}

struct Parser<'a> {
    text: Peekable<Chars<'a>>,
}

impl Parser<'_> {
    fn value(&mut self) -> Tree {
        match self.text.peek() {
            Some('[') => Tree::List(self.list('[', ']')),
            Some('{') => self.fields(),
            Some('"') => Tree::Leaf(self.quoted()),
            _ => self.word(),
        }
    }

    /// A number, an id, a byte string, or a type's name with what belongs to it.
    fn word(&mut self) -> Tree {
        let mut word = String::new();
        while let Some(&c) = self.text.peek().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.'))
        {
            word.push(c);
            self.text.next();
        }
        match self.text.peek() {
            Some('"') if word == "b" => Tree::Leaf(format!("b{}", self.quoted())),
            Some(' ') if word != "None" && word.starts_with(char::is_uppercase) => {
                self.expect(' ');
                self.fields()
            }
            Some('(') if word == "Records" => joined(self.list('(', ')').remove(0)),
            Some('(') => self.list('(', ')').remove(0),
            _ if word == "None" => Tree::Null,
            _ => Tree::Leaf(uuid_as_topic_id(&word).unwrap_or(word)),
        }
    }

    /// `open` value, value .. `close`.
    fn list(&mut self, open: char, close: char) -> Vec<Tree> {
        self.expect(open);
        let mut values = Vec::new();
        while !self.take(close) {
            values.push(self.value());
            self.separator();
        }
        values
    }

    /// `{ name: value, .. }`; the oracle's unknown tagged fields must be empty and are left out.
    fn fields(&mut self) -> Tree {
        self.expect('{');
        let mut fields = BTreeMap::new();
        while !self.take('}') {
            self.take(' ');
            if self.take('}') {
                break;
            }
            let name: String = std::iter::from_fn(|| self.text.next_if(|&c| c != ':')).collect();
            self.expect(':');
            self.expect(' ');
            let value = self.value();
            self.separator();
            if name == "unknown_tagged_fields" {
                assert_eq!(value, Tree::Struct(BTreeMap::new()), "the oracle knows every tagged field");
            } else {
                fields.insert(name, value);
            }
        }
        Tree::Struct(fields)
    }

    fn quoted(&mut self) -> String {
        let mut quoted = String::new();
        quoted.extend(self.text.next());
        while let Some(c) = self.text.next() {
            quoted.push(c);
            match c {
                '\\' => quoted.extend(self.text.next()),
                '"' => break,
                _ => {}
            }
        }
        quoted
    }

    fn separator(&mut self) {
        if self.take(',') {
            self.take(' ');
        }
    }

    fn take(&mut self, c: char) -> bool {
        self.text.next_if_eq(&c).is_some()
    }

    fn expect(&mut self, c: char) {
        assert_eq!(self.text.next(), Some(c));
    }
}

/// Several slices of records are one byte string on the wire.
fn joined(chunks: Tree) -> Tree {
    let Tree::List(chunks) = chunks else { panic!("records are a list of slices: {chunks:?}") };
    let mut bytes = String::from("b\"");
    for chunk in chunks {
        let Tree::Leaf(text) = chunk else { panic!("a slice is a byte string: {chunk:?}") };
        bytes.push_str(&text[2..text.len() - 1]);
    }
    Tree::Leaf(bytes + "\"")
}

/// The oracle's UUIDs in Kafka's text form.
fn uuid_as_topic_id(word: &str) -> Option<String> {
    let hex: Vec<u8> = word.bytes().filter(|byte| *byte != b'-').collect();
    let is_uuid = word.len() == 36 && hex.len() == 32;
    let digits: Vec<u8> =
        hex.iter().map_while(|digit| (*digit as char).to_digit(16).map(|d| d as u8)).collect();
    if !is_uuid || digits.len() != 32 {
        return None;
    }
    let bytes: Vec<u8> = digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect();
    Some(TopicId::from_bytes(bytes.try_into().ok()?).to_string())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Tree, tree_of};

    #[derive(Debug)]
    #[expect(dead_code, reason = "read through Debug")]
    struct Outer {
        id: Newtype,
        list: Vec<Option<&'static str>>,
        unknown_tagged_fields: BTreeMap<i32, i32>,
    }

    #[derive(Debug)]
    #[expect(dead_code, reason = "read through Debug")]
    struct Newtype(i32);

    #[test]
    fn names_of_types_go_and_names_of_fields_stay() {
        let outer = Outer {
            id: Newtype(-7),
            list: vec![None, Some("a, \"b}")],
            unknown_tagged_fields: BTreeMap::default(),
        };
        let list = Tree::List(vec![Tree::Null, Tree::Leaf("\"a, \\\"b}\"".into())]);
        let fields = [("id".to_owned(), Tree::Leaf("-7".into())), ("list".to_owned(), list)];
        assert_eq!(tree_of(&outer), Tree::Struct(fields.into()));
    }
}
