//! Bindings as text.

use proptest::prelude::*;

use super::{BindingSpec, InvalidBinding, OnPluginFailure, PluginRole};

fn read(text: &str) -> BindingSpec {
    text.parse().unwrap()
}

fn refusal(text: &str) -> String {
    text.parse::<BindingSpec>().unwrap_err().to_string()
}

#[test]
fn a_binding_says_what_and_how() {
    let binding = read(
        "json-guard@1.0.0/required:id+amount/note:a%2Cb%2Fc%20%25/on-failure:reject/deadline-ms:20/\
         memory-mib:64/shadow:true",
    );
    assert_eq!(binding.reference().to_string(), "json-guard@1.0.0");
    let parameters: Vec<_> = binding.parameters.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    assert_eq!(parameters, [("note", "a,b/c %"), ("required", "id+amount")]);
    assert_eq!(binding.on_failure, Some(OnPluginFailure::Reject));
    assert_eq!((binding.deadline_ms, binding.memory_mib, binding.shadow), (Some(20), Some(64), true));
    let plain = read("redact@2");
    assert_eq!((plain.on_failure, plain.deadline_ms, plain.shadow), (None, None, false));
    assert!(plain.parameters.is_empty());
}

#[test]
fn values_have_every_character() {
    let empty = read("a@1/x:");
    assert_eq!(empty.parameters["x"], "");
    // Colons after the first belong to the value; what Kafka's tools dislike is read where it gets through.
    assert_eq!(read("a@1/map:eu:0+1;us:2").parameters["map"], "eu:0+1;us:2");
    assert_eq!(read("a@1/x:a=[b]").to_string(), "a@1/x:a%3D%5Bb%5D");
    assert_eq!(read("a@1/x:%C3%A4%0A").parameters["x"], "ä\n");
    assert_eq!(read("a@1/x:ä").to_string(), "a@1/x:ä");
}

#[test]
fn wrong_texts_say_what_to_do() {
    let cases = [
        ("", "a binding can't be empty: write NAME@VERSION; to bind nothing, delete the setting"),
        ("guard", "\"guard\" lacks the version: write it as NAME@VERSION, such as json-guard@1.0.0"),
        ("guard@", "\"\" is no version: 1 to 64 letters, digits, '.', '+' and '-' are, such as 1.4.0"),
        ("Guard@1", "\"Guard\" is no plug-in name: 1 to 63 of a-z, 0-9 and '-' are, not starting with '-'"),
        (
            "a@1,b@1",
            "a comma separates bindings, and only klamm.filters has several; in a parameter write it as %2C",
        ),
        (
            "a@1/x",
            "parameter \"x\" lacks its value: write it as NAME:VALUE; a '/' in a value is written as %2F",
        ),
        ("a@1/:y", "\"\" is no parameter name: 1 to 63 letters, digits, '.', '_' and '-' are"),
        ("a@1/x y:z", "\"x y\" is no parameter name: 1 to 63 letters, digits, '.', '_' and '-' are"),
        ("a@1/x:1/x:2", "parameter x is given twice"),
        ("a@1/shadow:true/shadow:false", "parameter shadow is given twice"),
        ("a@1/x:%2", "the value of parameter x is not well encoded: a '%' is written as %25"),
        ("a@1/x:%zz", "the value of parameter x is not well encoded: a '%' is written as %25"),
        ("a@1/x:%FF", "the value of parameter x is not well encoded: a '%' is written as %25"),
        (
            "a@1/on-failure:explode",
            "parameter on-failure can't be \"explode\": it is dead-letter, reject or pass",
        ),
        ("a@1/deadline-ms:0", "parameter deadline-ms can't be \"0\": it is 1 to 1000 milliseconds"),
        ("a@1/deadline-ms:1001", "parameter deadline-ms can't be \"1001\": it is 1 to 1000 milliseconds"),
        ("a@1/memory-mib:257", "parameter memory-mib can't be \"257\": it is 1 to 256 MiB"),
        ("a@1/shadow:yes", "parameter shadow can't be \"yes\": it is true or false"),
    ];
    for (text, expected) in cases {
        assert_eq!(refusal(text), expected, "{text}");
    }
    let long = format!("a@1/x:{}", "y".repeat(4090));
    assert_eq!(long.len(), 4096);
    assert!(long.parse::<BindingSpec>().is_ok());
    assert_eq!((long + "y").parse::<BindingSpec>(), Err(InvalidBinding::TooLong(4097)));
}

#[test]
fn only_filters_are_several_or_none() {
    let names = |role: PluginRole, value: &str| -> Result<Vec<String>, InvalidBinding> {
        Ok(role.read(value)?.iter().map(ToString::to_string).collect())
    };
    assert_eq!(names(PluginRole::Filter, "b@1, a@2/x:1"), Ok(vec!["b@1".to_owned(), "a@2/x:1".to_owned()]));
    assert_eq!(names(PluginRole::Filter, ""), Ok(vec![]));
    assert_eq!(names(PluginRole::Filter, "a@1/x:%41,a@1/x:A"), Ok(vec!["a@1/x:A".to_owned()]));
    let twice = names(PluginRole::Filter, "a@1,b@1,a@2").unwrap_err();
    assert_eq!(twice.to_string(), "filter a is bound twice: a topic binds a filter once, in one version");
    let many: Vec<_> = (0..17).map(|i| format!("f{i}@1")).collect();
    assert_eq!(PluginRole::Filter.read(&many[..16].join(",")).unwrap().len(), 16);
    assert_eq!(names(PluginRole::Filter, &many.join(",")), Err(InvalidBinding::TooMany(17)));
    for role in [PluginRole::Serializer, PluginRole::Partitioner] {
        assert_eq!(names(role, " a@1 "), Ok(vec!["a@1".to_owned()]));
        assert_eq!(names(role, "a@1,b@1"), Err(InvalidBinding::Comma));
        assert_eq!(names(role, ""), Err(InvalidBinding::Empty));
    }
    for role in PluginRole::ALL {
        assert_eq!(PluginRole::of_setting(role.setting()), Some(role));
    }
    assert_eq!(PluginRole::of_setting("retention.ms"), None);
}

proptest! {
    #[test]
    fn text_round_trips(
        name in "[a-z0-9][a-z0-9-]{0,62}",
        version in "[0-9A-Za-z.+-]{1,64}",
        parameters in proptest::collection::btree_map("[A-Za-z0-9._-]{1,20}", ".{0,40}|[\\PC\u{a0}\u{0}-\u{1f}]{0,20}", 0..5),
        on_failure in proptest::option::of(proptest::sample::select(OnPluginFailure::ALL.to_vec())),
        deadline_ms in proptest::option::of(1_u32..=1000),
        memory_mib in proptest::option::of(1_u32..=256),
        shadow: bool,
    ) {
        prop_assume!(!parameters.keys().any(|key: &String| BindingSpec::RESERVED.contains(&key.as_str())));
        let reference = format!("{name}@{version}").parse().unwrap();
        let binding = BindingSpec { parameters, on_failure, deadline_ms, memory_mib, shadow, ..BindingSpec::new(reference) };
        let text = binding.to_string();
        let forbidden = |c: char| c == ',' || c == '=' || c == '[' || c == ']' || c.is_whitespace();
        prop_assert!(!text.contains(forbidden), "{}", text);
        prop_assert_eq!(text.parse(), Ok(binding));
    }

    #[test]
    fn no_text_panics(text in ".{0,60}|a@1(/[a-c]{0,2}[:%]?[%0-9a-f,]{0,5}){0,4}") {
        if let Ok(binding) = text.parse::<BindingSpec>() {
            prop_assert_eq!(binding.to_string().parse(), Ok(binding));
        }
    }
}
