//! Compares the reader with `serde_json` over values derived from the types themselves.

mod derived;

use proptest::prelude::*;
use serde::de::DeserializeOwned;
use serde::{Deserialize as _, Serialize};
use serde_json::{Value, json};

use super::*;
use crate::flash::Flash;
use derived::{Example, examples};

/// Replaces the browser's parser.
impl Parsed for Value {
    fn null() -> Self {
        Self::Null
    }

    fn is_null(&self) -> bool {
        self.is_null()
    }

    fn bool(&self) -> Option<bool> {
        self.as_bool()
    }

    fn number(&self) -> Option<f64> {
        self.as_f64()
    }

    fn text(&self) -> Option<String> {
        self.as_str().map(ToOwned::to_owned)
    }

    fn len(&self) -> Option<u32> {
        self.as_array().map(|a| a.len().try_into().unwrap())
    }

    fn element(&self, index: u32) -> Self {
        self[index as usize].clone()
    }

    fn is_object(&self) -> bool {
        self.is_object()
    }

    fn names(&self) -> Option<Vec<String>> {
        Some(self.as_object()?.keys().cloned().collect())
    }

    fn field(&self, name: &str) -> Option<Self> {
        self.get(name).cloned()
    }
}

/// Decodes with both readers, checks that they agree, and returns whether the value was readable.
fn decodes_alike<T: Serialize + DeserializeOwned>(json: &Value) -> bool {
    let encode = |value: T| serde_json::to_value(value).unwrap();
    let ours = T::deserialize(Reader(json.clone())).ok().map(encode);
    let theirs = serde_json::from_str::<T>(&json.to_string())
        .ok()
        .map(encode);
    assert_eq!(ours, theirs, "{json}");
    ours.is_some()
}

#[test]
fn every_response_decodes_as_with_serde_json() {
    for Example { json, read } in examples() {
        assert!(read(&json), "{json}");
    }
}

#[test]
fn struct_of_options_rejects_values_that_are_not_objects() {
    for json in [json!(0.5), json!("text"), json!([]), json!(true)] {
        assert!(!decodes_alike::<Flash>(&json), "{json}");
    }
}

#[test]
fn large_number_is_refused_rather_than_rounded() {
    let large = json!(9_007_199_254_740_994_u64);
    assert_eq!(u64::deserialize(Reader(large)), Err(DecodeError));
    assert_eq!(u64::deserialize(Reader(json!(-1))), Err(DecodeError));
    assert_eq!(u32::deserialize(Reader(json!(1.5))), Err(DecodeError));
}

/// The number of values in a tree.
fn count(json: &Value) -> usize {
    1 + match json {
        Value::Array(all) => all.iter().map(count).sum(),
        Value::Object(all) => all.values().map(count).sum::<usize>(),
        _ => 0,
    }
}

/// The `n`th value, counted from the root down.
fn nth<'a>(json: &'a mut Value, n: &mut usize) -> Option<&'a mut Value> {
    if *n == 0 {
        return Some(json);
    }
    *n -= 1;
    match json {
        Value::Array(all) => all.iter_mut().find_map(|child| nth(child, n)),
        Value::Object(all) => all.values_mut().find_map(|child| nth(child, n)),
        _ => None,
    }
}

proptest! {
    #[test]
    fn response_with_a_changed_value_decodes_as_with_serde_json(
        example in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
        other in prop::sample::select(vec![
            json!(null), json!(true), json!(0), json!(-1), json!(0.5), json!(1_u64 << 32),
            json!(""), json!("seen"), json!("archive"), json!([]), json!([null]), json!({}),
            json!({"Ok": null}), json!({"text": "t"}), json!({"seen": null}),
            json!({"seen": 1}), json!({"text": 1, "link": 2}),
        ]),
        is_extended in any::<bool>(),
    ) {
        let examples = examples();
        let Example { json, read } = example.get(&examples);
        let mut json = json.clone();
        let mut n = at.index(count(&json));
        let changed = nth(&mut json, &mut n).unwrap();
        match changed.as_object_mut() {
            // A field that a newer server may add.
            Some(fields) if is_extended => drop(fields.insert("newer_field".into(), other)),
            _ => *changed = other,
        }
        read(&json);
    }

    #[test]
    fn response_with_a_missing_field_decodes_as_with_serde_json(
        example in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
        field in any::<prop::sample::Index>(),
    ) {
        let examples = examples();
        let Example { json, read } = example.get(&examples);
        let mut json = json.clone();
        let mut n = at.index(count(&json));
        if let Some(fields) = nth(&mut json, &mut n).unwrap().as_object_mut()
            && !fields.is_empty()
        {
            let name = field.index(fields.len());
            let name = fields.keys().nth(name).unwrap().clone();
            fields.remove(&name);
        }
        read(&json);
    }
}

/// Shapes that serde derives and that no API type has yet.
mod shapes {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Unit;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Pair(u8, i16);

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(tag = "kind", rename_all = "snake_case")]
    enum Tagged {
        Named { at: i64 },
        Bare,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(untagged)]
    enum Either {
        Text(String),
        Number(f64),
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    enum Variants {
        Tuple(u32, String),
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Rest {
        first: bool,
        #[serde(flatten)]
        rest: BTreeMap<String, u32>,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Defaults {
        #[serde(default)]
        count: u32,
        name: String,
        #[serde(skip)]
        skipped: u32,
    }

    #[test]
    fn every_derived_shape_decodes_as_with_serde_json() {
        assert!(decodes_alike::<Unit>(&json!(null)));
        assert!(decodes_alike::<Pair>(&json!([255, -3])));
        assert!(!decodes_alike::<Pair>(&json!([255, -3, 1])));
        assert!(!decodes_alike::<Pair>(&json!([256, -3])));
        assert!(decodes_alike::<Tagged>(&json!({"at": -5, "kind": "named"})));
        assert!(decodes_alike::<Tagged>(&json!({"kind": "bare"})));
        assert!(decodes_alike::<Either>(&json!("text")));
        assert!(decodes_alike::<Either>(&json!(0.5)));
        assert!(decodes_alike::<Variants>(&json!({"Tuple": [1, "a"]})));
        assert!(!decodes_alike::<Variants>(&json!({"Tuple": [1, "a", 2]})));
        assert!(decodes_alike::<Rest>(
            &json!({"a": 1, "first": true, "b": 2})
        ));
        assert!(decodes_alike::<Defaults>(&json!({"name": "n"})));
        assert!(!decodes_alike::<Defaults>(
            &json!({"name": "n", "count": null})
        ));
        assert!(!decodes_alike::<Defaults>(&json!({"count": 1})));
        assert!(decodes_alike::<BTreeMap<String, Vec<char>>>(
            &json!({"a": ["x"]})
        ));
        assert!(decodes_alike::<(i8, f32, Option<()>)>(&json!([
            -8, 1.5, null
        ])));
    }
}
