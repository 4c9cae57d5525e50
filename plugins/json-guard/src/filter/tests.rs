use klamm_plugin::Verdict;
use klamm_plugin::testing::{self, Records};
use proptest::prelude::*;

use super::JsonGuard;

/// The verdict on one value.
fn verdict(parameters: &[(&str, &str)], value: &[u8]) -> Verdict {
    let mut guard: JsonGuard = testing::start(parameters).unwrap();
    testing::check(&mut guard, &Records::of_values([value])).unwrap().remove(0)
}

fn reason(parameters: &[(&str, &str)], value: &str) -> String {
    match verdict(parameters, value.as_bytes()) {
        Verdict::DeadLetter(reason) => reason,
        other => format!("{other:?}"),
    }
}

#[test]
fn json_passes_and_poison_does_not() {
    let mut guard: JsonGuard = testing::start(&[]).unwrap();
    let records = Records::of_values(["{\"a\": [1, 2]}", "{\"a\":", "7", ""]).record(Some(b"key"), None);
    let poison = |reason: &str| Verdict::DeadLetter(reason.to_owned());
    assert_eq!(
        testing::check(&mut guard, &records).unwrap(),
        [
            Verdict::Accept,
            poison("not JSON: expected a value at line 1 column 6"),
            Verdict::Accept,
            poison("not JSON: expected a value at line 1 column 1"),
            Verdict::Accept,
        ]
    );
}

#[test]
fn the_action_is_a_parameter() {
    let with = |action| verdict(&[("action", action)], b"x");
    assert_eq!(with("drop"), Verdict::Drop);
    assert!(matches!(with("reject"), Verdict::Reject(_)));
    assert!(matches!(with("dead-letter"), Verdict::DeadLetter(_)));
}

#[test]
fn required_fields_must_be_there() {
    let required = [("required", "id+customer.zip")];
    assert_eq!(reason(&required, r#"{"id": null, "customer": {"zip": 1}}"#), "Accept");
    assert_eq!(reason(&required, r#"{"customer": {"zip": 1}}"#), "field \"id\" is missing");
    assert_eq!(reason(&required, r#"{"id": 1, "customer": {}}"#), "field \"customer.zip\" is missing");
    assert_eq!(reason(&required, r#"{"id": 1, "customer": 5}"#), "field \"customer.zip\" is missing");
    assert_eq!(reason(&required, "[]"), "Accept");
    assert_eq!(reason(&required, "[{}]"), "field \"id\" is missing");
    assert_eq!(reason(&required, "7"), "field \"id\" is missing");
}

#[test]
fn fields_must_have_their_types_where_they_are() {
    let types = [("types", "amount:number+id:string|null+count:integer+tags:array")];
    assert_eq!(reason(&types, r#"{"amount": 1.5, "id": null, "count": -3, "tags": []}"#), "Accept");
    assert_eq!(reason(&types, "{}"), "Accept");
    assert_eq!(reason(&types, r#"{"amount": "1"}"#), "field \"amount\" is a string, not a number");
    assert_eq!(reason(&types, r#"{"id": 1}"#), "field \"id\" is a number, not null or a string");
    assert_eq!(reason(&types, r#"{"count": 1.0}"#), "field \"count\" is a number, not an integer");
    assert_eq!(reason(&types, r#"{"tags": {}}"#), "field \"tags\" is an object, not an array");
    // The last occurrence counts for parsers, but each has to be right.
    assert_eq!(
        reason(&types, r#"{"amount": 1, "amount": []}"#),
        "field \"amount\" is an array, not a number"
    );
    let items = [("types", "items.price:number")];
    assert_eq!(
        reason(&items, r#"{"items": [{"price": 1}, {"price": true}]}"#),
        "field \"items.price\" is a boolean, not a number"
    );
}

#[test]
fn size_and_depth_are_bounded() {
    assert_eq!(reason(&[("max-bytes", "4")], "1234"), "Accept");
    assert_eq!(reason(&[("max-bytes", "4")], "12345"), "the value has 5 bytes, 4 are allowed");
    assert_eq!(reason(&[("max-depth", "2")], "[[1]]"), "Accept");
    assert_eq!(reason(&[("max-depth", "2")], "[[[1]]]"), "nested deeper than 2 at line 1 column 3");
}

#[test]
fn parameters_that_make_no_sense_are_refused() {
    for (name, value, sentence) in [
        ("action", "delete", "parameter `action` is \"delete\": dead-letter, reject, drop are possible"),
        ("types", "id", "parameter `types`: \"id\" isn't of the form field:type"),
        (
            "types",
            "id:text",
            "parameter `types`: \"text\" is no type; null, boolean, integer, number, string, array, object are",
        ),
        ("required", "a..b", "parameter `required`: the field \"a..b\": a name is empty"),
        ("max-bytes", "0", "parameter `max-bytes` is \"0\": 1 to 1073741824 are possible"),
        (
            "requierd",
            "id",
            "this plug-in has no parameter `requierd`: it has action, max-bytes, max-depth, required, types",
        ),
    ] {
        let error = testing::start::<JsonGuard>(&[(name, value)]).unwrap_err();
        assert_eq!(error.to_string(), sentence);
    }
}

proptest! {
    /// What serde_json says, which builds a tree and asks it.
    #[test]
    fn required_is_what_a_parsed_tree_says(
        object in prop::collection::btree_map("[a-d]", prop::option::of(prop::collection::btree_map("[a-c]", any::<i32>(), 0..3)), 0..4)
    ) {
        let text = serde_json::to_string(&object).unwrap();
        let tree: serde_json::Value = serde_json::from_str(&text).unwrap();
        let has_all = tree.get("a").is_some() && tree.pointer("/b/c").is_some();
        prop_assert_eq!(verdict(&[("required", "a+b.c")], text.as_bytes()) == Verdict::Accept, has_all);
    }
}
