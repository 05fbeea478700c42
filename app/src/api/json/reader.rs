//! Takes what a JSON parser returned apart into a type.

use serde::de::value::U32Deserializer;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, SeqAccess, VariantAccess, Visitor,
};

use super::Unreadable;

/// What a JSON parser returned.
pub(super) trait Parsed: Sized {
    fn is_null(&self) -> bool;
    fn bool(&self) -> Option<bool>;
    fn number(&self) -> Option<f64>;
    fn text(&self) -> Option<String>;
    /// How many elements an array has; `None` for what is no array.
    fn len(&self) -> Option<u32>;
    /// An element of an array.
    fn element(&self, index: u32) -> Self;
    /// Whether it is an object and no array.
    fn is_object(&self) -> bool;
    /// The names of an object's fields; `None` for what is no object.
    fn names(&self) -> Option<Vec<String>>;
    /// A field of an object, null where it has none of this name.
    fn field(&self, name: &str) -> Self;
}

/// Takes a parsed value apart into a type.
pub(super) struct Reader<P>(pub(super) P);

impl<P: Parsed> Reader<P> {
    /// A whole number from 0 to 2^53.
    fn whole(&self) -> Result<u64, Unreadable> {
        const LARGEST: f64 = 9_007_199_254_740_992.0;
        let number = self.0.number().ok_or(Unreadable)?;
        if number.trunc() == number && (0.0..=LARGEST).contains(&number) {
            Ok(number as u64)
        } else {
            Err(Unreadable)
        }
    }

    /// Which of the variants it is, and its content.
    fn variant(self, variants: &[&str]) -> Result<Variant<P>, Unreadable> {
        let (name, content) = if let Some(name) = self.0.text() {
            (name, None)
        } else {
            // `{"variant": content}`
            let mut names = self.0.names().ok_or(Unreadable)?;
            let name = names.pop().ok_or(Unreadable)?;
            if !names.is_empty() {
                return Err(Unreadable);
            }
            let content = self.0.field(&name);
            (name, Some(content))
        };
        let index = variants.iter().position(|known| *known == name);
        Ok(Variant {
            index: index.and_then(|n| n.try_into().ok()).ok_or(Unreadable)?,
            content,
        })
    }
}

impl<'de, P: Parsed> Deserializer<'de> for Reader<P> {
    type Error = Unreadable;

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        visitor.visit_bool(self.0.bool().ok_or(Unreadable)?)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        visitor.visit_u64(self.whole()?)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        visitor.visit_u64(self.whole()?)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        visitor.visit_string(self.0.text().ok_or(Unreadable)?)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        if !self.0.is_null() {
            return Err(Unreadable);
        }
        visitor.visit_unit()
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        if self.0.is_null() {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        visitor.visit_seq(Elements {
            len: self.0.len().ok_or(Unreadable)?,
            of: self.0,
            next: 0,
        })
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        Fields::of(self.0, names).and_then(|fields| visitor.visit_seq(fields))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        visitor.visit_enum(self.variant(variants)?)
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Unreadable> {
        // Nothing of ours asks for it.
        Err(Unreadable)
    }

    serde::forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u16 u128 f32 f64 char str bytes byte_buf unit_struct tuple
        tuple_struct map identifier ignored_any
    }
}

/// The elements of an array, in order.
struct Elements<P> {
    of: P,
    next: u32,
    len: u32,
}

impl<'de, P: Parsed> SeqAccess<'de> for Elements<P> {
    type Error = Unreadable;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Unreadable> {
        if self.next == self.len {
            return Ok(None);
        }
        let element = self.of.element(self.next);
        self.next += 1;
        seed.deserialize(Reader(element)).map(Some)
    }
}

/// The fields of an object, in the order in which the type declares them.
struct Fields<P> {
    of: P,
    names: &'static [&'static str],
}

impl<P: Parsed> Fields<P> {
    /// Anything else has no fields either: a type of options alone would be read from it.
    fn of(of: P, names: &'static [&'static str]) -> Result<Self, Unreadable> {
        if of.is_object() {
            Ok(Self { of, names })
        } else {
            Err(Unreadable)
        }
    }
}

impl<'de, P: Parsed> SeqAccess<'de> for Fields<P> {
    type Error = Unreadable;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Unreadable> {
        let Some((name, others)) = self.names.split_first() else {
            return Ok(None);
        };
        self.names = others;
        // What is missing is null: none for an option, unreadable for all others.
        seed.deserialize(Reader(self.of.field(name))).map(Some)
    }
}

/// A variant of an enum, known by its number.
struct Variant<P> {
    index: u32,
    content: Option<P>,
}

impl<'de, P: Parsed> EnumAccess<'de> for Variant<P> {
    type Error = Unreadable;
    type Variant = Content<P>;

    fn variant_seed<S: DeserializeSeed<'de>>(
        self,
        seed: S,
    ) -> Result<(S::Value, Content<P>), Unreadable> {
        let index: U32Deserializer<Unreadable> = self.index.into_deserializer();
        Ok((seed.deserialize(index)?, Content(self.content)))
    }
}

/// What a variant holds.
struct Content<P>(Option<P>);

impl<'de, P: Parsed> VariantAccess<'de> for Content<P> {
    type Error = Unreadable;

    fn unit_variant(self) -> Result<(), Unreadable> {
        match self.0 {
            Some(content) if !content.is_null() => Err(Unreadable),
            _ => Ok(()),
        }
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(
        self,
        seed: S,
    ) -> Result<S::Value, Unreadable> {
        seed.deserialize(Reader(self.0.ok_or(Unreadable)?))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Unreadable> {
        Reader(self.0.ok_or(Unreadable)?).deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        let content = self.0.ok_or(Unreadable)?;
        Fields::of(content, names).and_then(|fields| visitor.visit_seq(fields))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::de::DeserializeOwned;
    use serde::{Deserialize as _, Serialize};
    use serde_json::{Value, json};

    use super::*;
    use crate::api::error::ApiError;
    use crate::api::live::LiveEvent;
    use crate::api::types::{
        ChangeDone, ComposeForm, FoldersView, MessageRows, MessageView, OutboxEntry, SessionView,
        UploadView,
    };
    use crate::page::Flash;

    /// Stands for the browser's parser.
    impl Parsed for Value {
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

        fn field(&self, name: &str) -> Self {
            self.get(name).cloned().unwrap_or(Self::Null)
        }
    }

    /// Reads with both and returns whether it could be read, as what it would be written again.
    fn read_alike<T: Serialize + DeserializeOwned>(json: &Value) -> bool {
        let again = |value: T| serde_json::to_value(value).unwrap();
        let ours = T::deserialize(Reader(json.clone())).ok().map(again);
        let theirs = serde_json::from_str::<T>(&json.to_string()).ok().map(again);
        assert_eq!(ours, theirs, "{json}");
        ours.is_some()
    }

    type Answered<T> = Result<T, ApiError>;
    /// JSON, and how it is read.
    type Example = (Value, fn(&Value) -> bool);

    /// Every type that the page reads, with an example that has all its parts.
    fn examples() -> Vec<Example> {
        let date = json!({"short": "09:42", "long": "21 November 2026, 09:42",
            "iso": "2026-11-21T09:42:00+01:00", "group": "Today"});
        let person = json!({"name": "Marta \u{1f600}", "address": "marta@kowalczyk.example"});
        let error = json!({"kind": {"missing_folder": "archive"}, "cause": "None.", "fix": "",
            "retry_after_secs": 5, "reply": "NO", "field": "to", "ref_id": "r"});
        let attachment = json!({"part": "1.2", "name": "a.pdf", "media_type": "application/pdf",
            "size_bytes": 9_007_199_254_740_992_u64});
        let mut message = json!({"id": "7.1", "subject": "", "from": [person], "reply_to": [],
            "to": [person, person], "cc": [], "bcc": [], "date": date, "size_bytes": 4200,
            "is_seen": true, "is_starred": false, "body": {"empty": {"why": "w"}}, "attachments": [attachment],
            "headers": [{"name": "Subject", "value": ""}], "position": 0, "total": 2,
            "newer": null, "older": "7.0"});
        let empty = message.clone();
        message["body"] = json!({"text": {"blocks": [{"quote_depth": 1, "spans": [
            {"text": "words\n"}, {"link": {"href": "https://a.example/", "text": "a"}}]}],
            "is_cut": false}});
        let entry = json!({"id": "o", "account": "a", "subject": "s", "created": date,
            "changed": date, "host": "smtp.example", "size_bytes": 1,
            "state": {"waiting_to_retry": {"at": date}},
            "trouble": {"cause": "c", "fix": "f", "reply": null},
            "recipients": [{"address": "b@c.example", "state": "delayed", "meaning": "",
                "reply": "450"}],
            "copy": {"filed": {"folder": "f"}}});
        let form = json!({"account": "a", "from": person, "draft": {"to": "b@c.example",
            "cc": "", "bcc": "", "subject": "s", "body": "b", "source": {"kind": "reply_all",
            "folder": "f", "message": "7.1"}, "replaces": null, "uploads": ["u"],
            "keep_parts": ["1.2"], "form": "k", "files": 1}, "forwarded": [attachment],
            "uploads": [{"id": "u", "name": "n", "size_bytes": 1}],
            "missing": ["m"], "upload_max_bytes": 25_000_000, "server_max_bytes": null});
        let flash = json!({"account": "a", "change": {"change": {"moved": {"role": "trash",
            "name": "Bin"}}, "count": 2, "gone": 1, "messages": ["7.9"], "undo": "u"}, "error": error, "again": {"folder": "f",
            "messages": ["7.1"], "role": "junk"}, "note": null,
            "outbox": {"outbox": "o", "change": "put_back"}});
        vec![
            (json!(null), read_alike::<()>),
            (json!({"Err": error}), read_alike::<Answered<SessionView>>),
            (
                json!({"Ok": {"accounts": [{"id": "a", "address": "a@b.example",
                    "incoming": "pop3", "incoming_host": "i", "outgoing_host": "o", "inbox": "f",
                    "limitations": ["one_folder", {"polled": {"every_secs": 60}}]}],
                    "upload_max_bytes": 25_000_000, "outbox_open": 0}}),
                read_alike::<Answered<SessionView>>,
            ),
            (
                json!({"folders": [{"id": "f", "name": "INBOX", "depth": 0, "role": "inbox",
                    "is_selectable": true, "unread": 4_294_967_295_u32, "total": null}],
                    "left_out": 1}),
                read_alike::<FoldersView>,
            ),
            (
                json!({"folder": "f", "name": "INBOX", "role": null, "total": 1, "unread": 1,
                    "offset": 0, "rows": [{"id": "7.1", "position": 0, "people": [person],
                    "subject": "s", "date": date, "size_bytes": 1, "is_seen": true,
                    "is_starred": true, "is_answered": false, "is_forwarded": false,
                    "has_attachment": true}]}),
                read_alike::<MessageRows>,
            ),
            (
                json!({"Ok": message}),
                read_alike::<Answered<Option<MessageView>>>,
            ),
            (
                json!({"Ok": null}),
                read_alike::<Answered<Option<MessageView>>>,
            ),
            (empty, read_alike::<MessageView>),
            (json!([entry]), read_alike::<Vec<OutboxEntry>>),
            (form, read_alike::<ComposeForm>),
            (flash, read_alike::<Option<Flash>>),
            (
                json!({"id": "u", "name": "n", "size_bytes": 1}),
                read_alike::<UploadView>,
            ),
            (
                json!({"change": {"marked": "unseen"}, "count": 1, "gone": 0, "messages": ["7.9"], "undo": null}),
                read_alike::<ChangeDone>,
            ),
            (
                json!({"change": {"delete_pending": {"in_secs": 9}}, "count": 1, "gone": 0, "messages": ["7.9"], "undo": null}),
                read_alike::<ChangeDone>,
            ),
            (
                json!({"type": "hello", "build": "b", "seq": "1"}),
                read_alike::<LiveEvent>,
            ),
            (
                json!({"type": "folder", "account": "a", "folder": "f", "total": 1,
                    "unread": null, "arrived": 0}),
                read_alike::<LiveEvent>,
            ),
            (
                json!({"type": "outbox", "outbox": "o"}),
                read_alike::<LiveEvent>,
            ),
            (
                json!({"type": "connection", "account": "a", "host": "h", "is_up": false,
                    "retry_in_secs": 5}),
                read_alike::<LiveEvent>,
            ),
            (json!({"type": "resync"}), read_alike::<LiveEvent>),
            (json!({"type": "end"}), read_alike::<LiveEvent>),
        ]
    }

    #[test]
    fn every_answer_is_read_as_serde_json_reads_it() {
        for (example, read) in examples() {
            assert!(read(&example), "{example}");
        }
    }

    #[test]
    fn what_is_no_object_is_no_type_of_options() {
        for json in [json!(0.5), json!("text"), json!([]), json!(true)] {
            assert!(!read_alike::<Flash>(&json), "{json}");
        }
    }

    #[test]
    fn a_large_number_is_refused_rather_than_rounded() {
        let large = json!(9_007_199_254_740_994_u64);
        assert_eq!(u64::deserialize(Reader(large)), Err(Unreadable));
        assert_eq!(u64::deserialize(Reader(json!(-1))), Err(Unreadable));
        assert_eq!(u32::deserialize(Reader(json!(1.5))), Err(Unreadable));
    }

    /// How many values a tree has.
    fn count(json: &Value) -> usize {
        1 + match json {
            Value::Array(all) => all.iter().map(count).sum(),
            Value::Object(all) => all.values().map(count).sum::<usize>(),
            _ => 0,
        }
    }

    /// The value of that number, counted from the root down.
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
        fn an_answer_with_anything_wrong_is_read_as_serde_json_reads_it(
            example in any::<prop::sample::Index>(),
            at in any::<prop::sample::Index>(),
            other in prop::sample::select(vec![
                json!(null), json!(true), json!(0), json!(-1), json!(0.5), json!(1_u64 << 32),
                json!(""), json!("seen"), json!("archive"), json!([]), json!([null]), json!({}),
                json!({"Ok": null}), json!({"text": "t"}), json!({"seen": null}),
                json!({"seen": 1}), json!({"text": 1, "link": 2}),
            ]),
            is_more in any::<bool>(),
        ) {
            let examples = examples();
            let (json, read) = example.get(&examples);
            let mut json = json.clone();
            let mut n = at.index(count(&json));
            let changed = nth(&mut json, &mut n).unwrap();
            match changed.as_object_mut() {
                // A field that a newer server may add.
                Some(fields) if is_more => drop(fields.insert("newer_field".into(), other)),
                _ => *changed = other,
            }
            read(&json);
        }

        #[test]
        fn an_answer_without_one_of_its_fields_is_read_as_serde_json_reads_it(
            example in any::<prop::sample::Index>(),
            at in any::<prop::sample::Index>(),
            field in any::<prop::sample::Index>(),
        ) {
            let examples = examples();
            let (json, read) = example.get(&examples);
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
}
