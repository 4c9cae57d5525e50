use proptest::prelude::*;

use super::{Broken, Found, Need, Paths, Visitor, Walker, quote, text};

/// Everything that a walk tells.
#[derive(Default)]
struct Told(Vec<String>);

impl Visitor for Told {
    fn found(&mut self, found: &Found<'_>) {
        self.0.push(format!("{}={}", found.path, String::from_utf8_lossy(found.raw)));
    }

    fn missing(&mut self, path: usize) {
        self.0.push(format!("{path} missing"));
    }
}

fn walk(json: &[u8], max_depth: usize) -> Result<(), Broken> {
    Walker::new(max_depth).walk(json, &Paths::default(), &mut Told::default())
}

fn told(json: &str, paths: &[(&str, Need)]) -> Vec<String> {
    let mut tree = Paths::default();
    for (path, need) in paths {
        tree.add(path, *need).unwrap();
    }
    let mut told = Told::default();
    Walker::new(16).walk(json.as_bytes(), &tree, &mut told).unwrap();
    told.0
}

/// serde_json's opinion. A number that it can't hold is JSON all the same; then it is only asked for the syntax.
fn serde_accepts(json: &[u8]) -> bool {
    match serde_json::from_slice::<serde_json::Value>(json) {
        Err(error) if error.to_string().contains("number out of range") => {
            str::from_utf8(json).is_ok() && serde_json::from_slice::<serde::de::IgnoredAny>(json).is_ok()
        }
        result => result.is_ok(),
    }
}

#[test]
fn what_is_json_is_accepted() {
    let accepted: [&[u8]; 22] = [
        b"0",
        b"-0",
        b"-0.0e-0",
        b"1E400",
        b"123456789012345678901234567890",
        b"true",
        b"null",
        b"\"\"",
        b" \t\r\n[ ] \n",
        b"{}",
        b"{\"\":0}",
        b"{\"a\":1,\"a\":2}",
        b"[1,[2,[3]]]",
        b"\"\\u0000\"",
        b"\"\\ud83d\\ude00\"",
        b"\"\\/\\b\\f\\n\\r\\t\\\"\\\\\"",
        "\"\u{7f}\u{80}\u{7ff}\u{800}\u{ffff}\u{10ffff}\"".as_bytes(),
        b"[{\"a\":[{}]}]",
        b"1.5e+10",
        b"\"12345678\"",
        b"\"1234567\\n90123456789\"",
        b"[true,false,null]",
    ];
    for json in accepted {
        assert_eq!(walk(json, 16), Ok(()), "{}", String::from_utf8_lossy(json));
        assert!(serde_accepts(json), "{}", String::from_utf8_lossy(json));
    }
}

#[test]
fn what_is_not_json_is_refused() {
    let refused: [&[u8]; 42] = [
        b"",
        b" ",
        b"\xef\xbb\xbf{}",
        b"nul",
        b"True",
        b"NaN",
        b"-",
        b"+1",
        b"01",
        b"1.",
        b".5",
        b"1e",
        b"1e+",
        b"0x1",
        b"[1,]",
        b"[,1]",
        b"[1 2]",
        b"[",
        b"]",
        b"{",
        b"{\"a\"}",
        b"{\"a\":}",
        b"{\"a\":1,}",
        b"{a:1}",
        b"{'a':1}",
        b"{\"a\":1]",
        b"[1}",
        b"1 2",
        b"\"",
        b"\"\\\"",
        b"\"\\x\"",
        b"\"\\u12\"",
        b"\"\\u12g4\"",
        b"\"a\nb\"",
        b"\"a\0b\"",
        b"\"\\ud83d\"",
        b"\"\\ude00\"",
        b"\"\\ud83d\\u0041\"",
        b"\"\xff\"",
        b"\"\xc0\x80\"",
        b"\"\xed\xa0\x80\"",
        b"\"\xf4\x90\x80\x80\"",
    ];
    for json in refused {
        assert!(walk(json, 16).is_err(), "{}", String::from_utf8_lossy(json));
        assert!(!serde_accepts(json), "{}", String::from_utf8_lossy(json));
    }
}

#[test]
fn a_refusal_says_what_and_where() {
    let sentence = |json: &[u8]| walk(json, 2).unwrap_err().sentence(json);
    assert_eq!(sentence(b""), "expected a value at line 1 column 1");
    assert_eq!(sentence(b"{\"a\":}"), "expected a value at line 1 column 6");
    assert_eq!(sentence(b"{\"a\":1,}"), "expected a field's name at line 1 column 8");
    assert_eq!(sentence("[\n\"ü\" 1]".as_bytes()), "expected , or ] at line 2 column 5");
    assert_eq!(sentence(b"{\"a\" 1}"), "expected : at line 1 column 6");
    assert_eq!(sentence(b"{} x"), "expected the end at line 1 column 4");
    assert_eq!(sentence(b"[[[1]]]"), "nested too deep at line 1 column 3");
    assert_eq!(sentence(b"\"a"), "expected the end of a string at line 1 column 3");
    assert_eq!(sentence(b"\"a\x01\""), "found a control character in a string at line 1 column 3");
}

#[test]
fn depth_is_bounded() {
    let nested = |depth: usize| [vec![b'['; depth], vec![b']'; depth]].concat();
    assert_eq!(walk(&nested(100), 100), Ok(()));
    let broken = walk(&nested(101), 100).unwrap_err();
    assert!(broken.too_deep && broken.at == 100);
    // No recursion: a stack would not hold this.
    assert!(walk(&nested(1_000_000), usize::MAX).is_ok());
}

#[test]
fn values_of_paths_are_found_where_they_are() {
    let optional = |path| (path, Need::Optional);
    let json = r#"{"a": {"b": 1, "x": {"b": 2}}, "b": 3, "a.b": 4, "a" : { "b":[5] }, "\u0061": {"b": "6"}}"#;
    assert_eq!(told(json, &[optional("a.b")]), ["0=1", "0=[5]", "0=\"6\""]);
    assert_eq!(told(json, &[optional(r"a\.b"), optional("b")]), ["1=3", "0=4"]);
    assert_eq!(told("[{\"a\":1},[{\"a\":2}],3]", &[optional("a")]), ["0=1", "0=2"]);
    assert_eq!(told("{\"a\":{\"b\":1}}", &[optional("a"), optional("a.b")]), ["1=1", "0={\"b\":1}"]);
}

#[test]
fn a_required_path_is_missed_in_every_object_that_lacks_it() {
    let required = [("a.b", Need::Required), ("c", Need::Required)];
    assert_eq!(told(r#"{"c": null, "a": {"b": 1}}"#, &required), ["1=null", "0=1"]);
    assert_eq!(told(r#"{"a": {"b": 1}}"#, &required), ["0=1", "1 missing"]);
    assert_eq!(told(r#"{"c": 1}"#, &required), ["1=1", "0 missing"]);
    assert_eq!(told(r#"{"a": null, "c": 1}"#, &required), ["0 missing", "1=1"]);
    assert_eq!(
        told(r#"{"a": [{"b": 1}, {}, 5], "c": 1}"#, &required),
        ["0=1", "0 missing", "0 missing", "1=1"]
    );
    assert_eq!(told(r#"{"a": [], "c": 1}"#, &required), ["1=1"]);
    assert_eq!(told("7", &required), ["0 missing"]);
    assert_eq!(told("{}", &required), ["0 missing"]);
}

#[test]
fn texts_come_out_of_their_spelling() {
    assert_eq!(text(br#""a\u00e4\ud83d\ude00\n\"""#), "aä😀\n\"");
    assert_eq!(text(b"12.50"), "12.50");
    assert_eq!(quote("a\"\\\n\u{1}ü"), "\"a\\\"\\\\\\u000a\\u0001ü\"");
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<String>().prop_map(Into::into),
    ];
    leaf.prop_recursive(6, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Into::into),
            prop::collection::btree_map(any::<String>(), inner, 0..8)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Bytes that JSON is made of, so that random texts get far.
fn jsonish() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => prop::sample::select(&b"{}[],:\"\\ 0123456789.-+eEtrufalsn\n"[..]).prop_map(|byte| vec![byte]),
        1 => prop::sample::select(vec!["\"a\"", "\"b\":", "true", "null", "\\u00", "\\ud83d", "\\ude00", "1.5e3", "ü"])
            .prop_map(|word| word.as_bytes().to_vec()),
        1 => any::<u8>().prop_map(|byte| vec![byte]),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn what_serde_writes_is_accepted(value in json(), pretty: bool) {
        let text = if pretty { serde_json::to_vec_pretty(&value) } else { serde_json::to_vec(&value) }.unwrap();
        prop_assert_eq!(walk(&text, 64), Ok(()));
    }

    #[test]
    fn a_changed_byte_is_judged_as_serde_does(value in json(), at: prop::sample::Index, byte: u8, cut: bool) {
        let mut text = serde_json::to_vec(&value).unwrap();
        let at = at.index(text.len());
        if cut {
            text.remove(at);
        } else {
            text[at] = byte;
        }
        prop_assert_eq!(walk(&text, 127).is_ok(), serde_accepts(&text));
    }

    #[test]
    fn any_bytes_are_judged_as_serde_does(text in jsonish()) {
        prop_assert_eq!(walk(&text, 127).is_ok(), serde_accepts(&text));
    }

    #[test]
    fn quoting_is_undone(given: String) {
        let quoted = quote(&given);
        prop_assert_eq!(walk(quoted.as_bytes(), 1), Ok(()));
        prop_assert_eq!(text(quoted.as_bytes()), given.as_str());
        prop_assert_eq!(serde_json::from_str::<String>(&quoted).unwrap(), given);
    }
}
