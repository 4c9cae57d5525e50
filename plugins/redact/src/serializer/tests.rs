use klamm_plugin::testing::{self, Records, Rewritten};
use proptest::prelude::*;
use serde_json::Value;

use super::Redact;

/// What becomes of one value.
fn redact(parameters: &[(&str, &str)], value: &str) -> Rewritten {
    let mut redact: Redact = testing::start(parameters).unwrap();
    testing::encode(&mut redact, &Records::of_values([value])).unwrap().remove(0)
}

/// The changed value; "kept" if there is no change.
fn value(parameters: &[(&str, &str)], value: &str) -> String {
    match redact(parameters, value) {
        Rewritten::Changed { value: Some(value), key: None } => String::from_utf8(value).unwrap(),
        Rewritten::Kept => "kept".into(),
        other => format!("{other:?}"),
    }
}

#[test]
fn every_byte_that_is_not_masked_stays() {
    let fields = [("fields", "card.number+ssn")];
    assert_eq!(
        value(
            &fields,
            "{ \"z\" : 1.50e0,\n\t\"card\":{\"number\" : \"4111\" , \"x\":\"\\u0041\"},\"ssn\":123, \"a\":[ ] }\n"
        ),
        "{ \"z\" : 1.50e0,\n\t\"card\":{\"number\" : \"***\" , \"x\":\"\\u0041\"},\"ssn\":\"***\", \"a\":[ ] }\n"
    );
    assert_eq!(value(&fields, r#"{"ssn":{"a":1},"ssn":[1,2]}"#), r#"{"ssn":"***","ssn":"***"}"#);
    assert_eq!(
        value(&fields, r#"[{"ssn":true},{"card":[{"number":1}]}]"#),
        r#"[{"ssn":"***"},{"card":[{"number":"***"}]}]"#
    );
}

#[test]
fn nothing_to_mask_is_kept() {
    let fields = [("fields", "ssn")];
    for json in ["{}", "7", r#"{"x":{"ssn":1}}"#, r#"{"ssn":null}"#, r#"{"ssn":"***"}"#] {
        assert_eq!(redact(&fields, json), Rewritten::Kept, "{json}");
    }
    let mut redact: Redact = testing::start(&fields).unwrap();
    let tombstone = Records::of_topic("t").record(Some(b"k"), None);
    assert_eq!(testing::encode(&mut redact, &tombstone).unwrap(), [Rewritten::Kept]);
}

#[test]
fn what_is_not_json_is_refused() {
    let mut redact: Redact = testing::start(&[("fields", "a")]).unwrap();
    let records = Records::of_values([r#"{"a":1}"#, r#"{"a":1"#, r#"{"a":2}"#]);
    let changed = Rewritten::Changed { key: None, value: Some(br#"{"a":"***"}"#.to_vec()) };
    let refused = Rewritten::Refused("not JSON: expected , or } at line 1 column 7".into());
    assert_eq!(testing::encode(&mut redact, &records).unwrap(), [changed.clone(), refused, changed]);
}

#[test]
fn a_field_goes_with_one_comma() {
    let remove = [("fields", "a+b"), ("mode", "remove")];
    for (before, after) in [
        (r#"{"a":1}"#, "{}"),
        (r#"{ "a" : 1 }"#, "{  }"),
        (r#"{"a":1, "c":2}"#, r#"{"c":2}"#),
        (r#"{"c":2, "a":1}"#, r#"{"c":2}"#),
        (r#"{"c":2 , "a":1 , "d":3}"#, r#"{"c":2  , "d":3}"#),
        (r#"{"a":1 , "b":2 , "c":3}"#, r#"{"c":3}"#),
        (r#"{"c":3,"a":1,"b":2}"#, r#"{"c":3}"#),
        (r#"{"a":1,"c":3,"b":2}"#, r#"{"c":3}"#),
        (r#"{"a":1,"b":2}"#, "{}"),
        (r#"[{"a":1},{"b":",","c":{"a":1}}]"#, r#"[{},{"c":{"a":1}}]"#),
        (r#"{"a":null,"c":1}"#, r#"{"c":1}"#),
    ] {
        assert_eq!(value(&remove, before), after, "{before}");
    }
}

#[test]
fn a_pseudonym_is_the_same_for_the_same_text() {
    let of = |salt: &'static str, json| value(&[("fields", "a"), ("mode", "hash"), ("salt", salt)], json);
    assert_eq!(
        of("Jefe", r#"{"a":"what do ya want for nothing?"}"#),
        r#"{"a":"5bdcc146bf60754e6a042426089575c7"}"#
    );
    assert_eq!(of("s", r#"{"a":"A"}"#), of("s", r#"{"a":"\u0041"}"#));
    assert_ne!(of("s", r#"{"a":"A"}"#), of("t", r#"{"a":"A"}"#));
}

#[test]
fn masks_are_json_strings() {
    assert_eq!(value(&[("fields", "a"), ("mask", "\"x\\")], r#"{"a":1}"#), r#"{"a":"\"x\\"}"#);
    assert_eq!(value(&[("fields", "a.b+a"), ("mask", "")], r#"{"a":{"b":1}}"#), r#"{"a":""}"#);
}

#[test]
fn parameters_that_make_no_sense_are_refused() {
    let sentence =
        |parameters: &[(&str, &str)]| testing::start::<Redact>(parameters).unwrap_err().to_string();
    assert_eq!(sentence(&[]), "parameter `fields` is missing");
    assert_eq!(sentence(&[("fields", "a+.b")]), "parameter `fields`: the field \".b\": a name is empty");
    assert_eq!(
        sentence(&[("fields", "a"), ("mode", "x")]),
        "parameter `mode` is \"x\": mask, remove, hash are possible"
    );
    assert_eq!(
        sentence(&[("fields", "a"), ("mode", "hash"), ("mask", "")]),
        "parameter `mask` is for mode mask only"
    );
    assert_eq!(sentence(&[("fields", "a"), ("salt", "s")]), "parameter `salt` is for mode hash only");
}

/// Objects of few names, so that the fields are often there.
fn objects() -> impl Strategy<Value = Value> {
    let leaf =
        prop_oneof![Just(Value::Null), any::<i32>().prop_map(Into::into), ".{0,3}".prop_map(Into::into)];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::btree_map("[a-d]", inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// The same by a tree: `None` in place of the mask removes.
fn by_tree(tree: &mut Value, path: &[&str], mask: Option<&Value>) {
    match (tree, path) {
        (Value::Array(elements), _) => elements.iter_mut().for_each(|element| by_tree(element, path, mask)),
        (Value::Object(object), [name]) => match (object.get_mut(*name), mask) {
            (Some(_), None) => drop(object.remove(*name)),
            (Some(value), Some(mask)) if !value.is_null() => *value = mask.clone(),
            _ => {}
        },
        (Value::Object(object), [name, rest @ ..]) => {
            if let Some(value) = object.get_mut(*name) {
                by_tree(value, rest, mask);
            }
        }
        _ => {}
    }
}

proptest! {
    #[test]
    fn redacting_bytes_is_redacting_a_tree(tree in objects(), pretty: bool, remove: bool) {
        let text = if pretty { serde_json::to_string_pretty(&tree) } else { serde_json::to_string(&tree) }.unwrap();
        let mode = if remove { "remove" } else { "mask" };
        let redacted = match value(&[("fields", "a+b.c+b.d.a"), ("mode", mode)], &text) {
            kept if kept == "kept" => text,
            changed => changed,
        };
        let (mut expected, mask) = (tree, Value::from("***"));
        for path in [&["a"][..], &["b", "c"], &["b", "d", "a"]] {
            by_tree(&mut expected, path, (!remove).then_some(&mask));
        }
        prop_assert_eq!(serde_json::from_str::<Value>(&redacted).unwrap(), expected);
    }
}
