//! Templates of any shape are lowered, and every value stands in the file.

use proptest::prelude::*;

use super::{HEAD, models};
use crate::model::{Model, ValueId};

/// Values of any shape, with functions in right and wrong places.
fn any_value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("!Ref Name".to_string()),
        Just("!Ref Group".to_string()),
        Just("!Ref 'AWS::NoValue'".to_string()),
        Just("!Condition Odd".to_string()),
        Just("'${Name}-${Group}'".to_string()),
        Just("Odd".to_string()),
        Just("0".to_string()),
        Just("~".to_string()),
    ];
    leaf.prop_recursive(5, 40, 4, |inner| {
        let names =
            "Sub Join Select Split FindInMap If Equals And Or Not Base64 Length ToJsonString GetAtt Cidr";
        let names: Vec<&str> = names.split(' ').collect();
        let list =
            prop::collection::vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(", ")));
        let key = prop_oneof![
            Just("a"),
            Just("Fn::ForEach::A"),
            Just("Fn::Transform"),
            Just("Ref"),
            Just("Condition")
        ];
        let map = (key, inner.clone()).prop_map(|(key, value)| format!("{{b: 1, '{key}': {value}}}"));
        let long = (prop::sample::select(names.clone()), list.clone())
            .prop_map(|(name, argument)| format!("{{'Fn::{name}': {argument}}}"));
        let short =
            (prop::sample::select(names), list.clone()).prop_map(|(name, list)| format!("!{name} {list}"));
        prop_oneof![list, map, long, short]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn any_template_is_lowered_with_spans_inside_the_file(value in any_value(), condition in any_value()) {
        let template = format!(
            "{HEAD}
Conditions: {{Odd: {condition}, Other: !Not [!Condition Odd]}}
Resources:
  Group: {{Type: 'AWS::ElasticLoadBalancingV2::TargetGroup', Condition: Odd, Properties: {{A: {value}}}}}
  Fn::ForEach::X: {value}
  It: {{Type: 'AWS::ECS::Service', Condition: Other, Properties: {value}, DependsOn: {value}}}
"
        );
        let models = models(&template);
        prop_assert!(!models.is_empty());
        for model in &models {
            assert_places(model, model.root, &template, 0);
        }
    }
}

/// Fails when the span of a value is not a part of the text.
fn assert_places(model: &Model, value: ValueId, text: &str, depth: usize) {
    let place = model.values.place(value);
    assert!(text.get(place.span.range()).is_some() && text.get(place.anchor.range()).is_some());
    // Links lead in circles.
    if depth < 12 {
        model.values.items(value).iter().for_each(|item| assert_places(model, *item, text, depth + 1));
        for entry in model.values.entries(value) {
            if model.values.key_text(entry.key) != "Links" {
                assert_places(model, entry.value, text, depth + 1);
            }
        }
    }
}
