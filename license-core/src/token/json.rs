//! JSON as a license carries it: no member may stand twice in one object, at
//! any level, however its name is spelled.
//!
//! `serde_json` by itself keeps the last of two equal members, so two readers
//! of one token could see two different licenses. Integers stay exact;
//! what does not fit 64 bits becomes a float and is told apart by that.

use std::fmt;

use serde::{
    Deserializer,
    de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Number, Value, map::Entry};

/// Why bytes are not such an object. Repeats nothing of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum JsonError {
    /// Not JSON, not UTF-8, data after the end, or nested too deep.
    #[error("not valid JSON, or nested too deep")]
    Syntax,
    /// JSON, but not an object.
    #[error("not a JSON object")]
    NotAnObject,
    /// A member stands twice in one object.
    #[error("a member stands twice in one object")]
    Duplicate,
}

/// Reads one value of any type; the same at every level.
struct StrictValue;

/// Reads exactly one object, to the end of `bytes`.
pub(crate) fn object(bytes: &[u8]) -> Result<Map<String, Value>, JsonError> {
    // Once for all of it, and not once more for each string.
    let text = str::from_utf8(bytes).map_err(|_| JsonError::Syntax)?;
    let mut reader = serde_json::Deserializer::from_str(text);
    // The only error of type `Data` that this reader makes is its own.
    let value = StrictValue
        .deserialize(&mut reader)
        .map_err(|error| if error.is_data() { JsonError::Duplicate } else { JsonError::Syntax })?;
    reader.end().map_err(|_| JsonError::Syntax)?;
    match value {
        Value::Object(members) => Ok(members),
        _ => Err(JsonError::NotAnObject),
    }
}

impl<'de> DeserializeSeed<'de> for StrictValue {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for StrictValue {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(Self)? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            match object.entry(name) {
                Entry::Vacant(entry) => {
                    entry.insert(members.next_value_seed(Self)?);
                }
                Entry::Occupied(_) => return Err(A::Error::custom(JsonError::Duplicate)),
            }
        }
        Ok(Value::Object(object))
    }
}

/// What a JSON pointer (RFC 6901) points at, `None` where it is absent; a
/// `null` on the way is as good as absent. [`Value::pointer`] allocates for
/// every step, and does not tell a dead end from what is absent.
///
/// # Errors
///
/// The part of the pointer that points at what cannot have the next step: a
/// scalar, or an array where the step is a name.
pub(crate) fn at<'v, 'p>(value: &'v Value, pointer: &'p str) -> Result<Option<&'v Value>, &'p str> {
    let (mut found, mut rest) = (value, pointer);
    while let Some(steps) = rest.strip_prefix('/') {
        // Steps are short: a search that is made for long texts costs more.
        let end = steps.bytes().position(|byte| byte == b'/').unwrap_or(steps.len());
        let (step, after) = steps.split_at(end);
        let next = match found {
            Value::Object(members) if step.contains('~') => members.get(&unescaped(step)),
            Value::Object(members) => members.get(step),
            Value::Array(_) if is_number(step) => found.pointer(&format!("/{step}")),
            Value::Null => None,
            _ => return Err(pointer.strip_suffix(rest).unwrap_or_default()),
        };
        match next {
            Some(next) => (found, rest) = (next, after),
            None => return Ok(None),
        }
    }
    Ok(rest.is_empty().then_some(found))
}

fn unescaped(step: &str) -> String {
    step.replace("~1", "/").replace("~0", "~")
}

fn is_number(step: &str) -> bool {
    !step.is_empty() && step.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_what_serde_json_reads() {
        let text =
            br#" {"a":[1,-2,3.5,true,null,"x\u00e9"],"b":{"c":{}}, "d":18446744073709551615} "#;
        let expected: Value = serde_json::from_slice(text).unwrap();
        assert_eq!(object(text).map(Value::Object), Ok(expected));
    }

    #[test]
    fn case_25_a_duplicate_member_is_refused_at_every_level_and_in_every_spelling() {
        for text in [
            r#"{"exp":1,"exp":1}"#,
            r#"{"exp":1,"\u0065xp":2}"#,
            r#"{"a":{"b":{"c":1,"c":1}}}"#,
            r#"{"a":[[{"c":1,"c":1}]]}"#,
            r#"{"":1,"":2}"#,
        ] {
            assert_eq!(object(text.as_bytes()), Err(JsonError::Duplicate), "{text}");
        }
        assert!(object(br#"{"a":{"c":1},"b":{"c":1},"A":1}"#).is_ok());
    }

    #[test]
    fn an_integer_of_65_bits_is_no_integer() {
        let members =
            object(br#"{"exp":18446744073709551616,"low":-9223372036854775809}"#).unwrap();
        for (name, value) in &members {
            assert!(
                value.is_f64() && value.as_u64().is_none() && value.as_i64().is_none(),
                "{name}"
            );
        }
        assert!(object(br#"{"exp":1.0}"#).unwrap()["exp"].is_f64());
    }

    #[test]
    fn what_is_no_single_object_is_refused() {
        for text in ["[]", "null", "1", "\"x\"", "true"] {
            assert_eq!(object(text.as_bytes()), Err(JsonError::NotAnObject), "{text}");
        }
        for text in [
            "",
            "{",
            "{}{}",
            "{} x",
            "{\"a\":1,}",
            "\u{feff}{}",
            "{a:1}",
            "{\"a\":NaN}",
            "{\"a\":1e999}",
        ] {
            assert_eq!(object(text.as_bytes()), Err(JsonError::Syntax), "{text}");
        }
        for bytes in
            [&b"{\"a\":\"\xff\"}"[..], b"\xff", b"{\"\xc0\x80\":1}", b"{}\0", br#"{"a":"\ud800"}"#]
        {
            assert_eq!(object(bytes), Err(JsonError::Syntax), "{bytes:?}");
        }
    }

    #[test]
    fn nesting_is_limited() {
        let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert!(object(nested(100).as_bytes()).is_ok());
        assert_eq!(object(nested(500).as_bytes()), Err(JsonError::Syntax));
        assert_eq!(object(nested(200_000).as_bytes()), Err(JsonError::Syntax));
    }

    #[test]
    fn an_error_repeats_nothing_of_what_was_read() {
        let error = object(br#"{"secret":1,"secret":1}"#).unwrap_err();
        assert!(!error.to_string().contains("secret"));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

        #[test]
        fn a_pointer_points_where_serde_json_says(pointer in "(/?[ab01~/]{0,6})") {
            let value = serde_json::json!({
                "a": {"": 1, "a": [{"b": 2}, {"": 3}], "~": 4, "a/b": 5, "01": 6},
                "": {"b": 7, "": 8}, "b": [[9, 10], {"a": null}], "~1": 12, "/": 13, "0": "x",
            });
            let found = at(&value, &pointer).unwrap_or_default();
            prop_assert_eq!(found, value.pointer(&pointer), "{}", pointer);
        }
    }

    #[test]
    fn following_a_pointer_without_escapes_allocates_nothing() {
        let value = serde_json::json!({"binding": {"domain": "acme.internal"}});
        let allocated = allocation_counter::measure(|| {
            assert!(at(&value, "/binding/domain").is_ok_and(|found| found.is_some()));
            assert_eq!(at(&value, "/binding/machine"), Ok(None));
        });
        assert_eq!(allocated.count_total, 0);
    }

    #[test]
    fn a_dead_end_is_told_from_what_is_absent() {
        let value = serde_json::json!({"a": {"b": "text", "c": [1], "d": null}, "~/": 7});
        for (pointer, end) in [
            ("/a/b/x", "/a/b"),
            ("/a/b/x/y", "/a/b"),
            ("/a/c/x", "/a/c"),
            ("/a/c/", "/a/c"),
            ("/a/c/0/x", "/a/c/0"),
            ("/~0~1/x", "/~0~1"),
        ] {
            assert_eq!(at(&value, pointer), Err(end), "{pointer}");
        }
        for pointer in ["/x", "/x/y", "/a/x", "/a/c/1", "/a/d/x", "a"] {
            assert_eq!(at(&value, pointer), Ok(None), "{pointer}");
        }
    }
}
