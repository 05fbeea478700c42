//! A `serde` deserializer over a value that a JSON parser returned.

use serde::de::value::{StringDeserializer, U32Deserializer};
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};

use super::DecodeError;

/// A value that a JSON parser returned.
pub(super) trait Parsed: Sized {
    fn null() -> Self;
    fn is_null(&self) -> bool;
    fn bool(&self) -> Option<bool>;
    fn number(&self) -> Option<f64>;
    fn text(&self) -> Option<String>;
    /// The number of elements of an array; `None` if the value is not an array.
    fn len(&self) -> Option<u32>;
    /// An element of an array.
    fn element(&self, index: u32) -> Self;
    /// Whether the value is an object and not an array.
    fn is_object(&self) -> bool;
    /// The names of an object's fields; `None` if the value is not an object.
    fn names(&self) -> Option<Vec<String>>;
    /// A field of an object; `None` if the object has no field of this name.
    fn field(&self, name: &str) -> Option<Self>;
}

/// Deserializes a type from a parsed value.
pub(super) struct Reader<P>(pub(super) P);

impl<P: Parsed> Reader<P> {
    /// An integer from 0 to 2^53.
    fn whole(&self) -> Result<u64, DecodeError> {
        u64::try_from(self.integer()?).map_err(|_| DecodeError)
    }

    /// An integer from -2^53 to 2^53.
    fn integer(&self) -> Result<i64, DecodeError> {
        const LARGEST: f64 = 9_007_199_254_740_992.0;
        let number = self.0.number().ok_or(DecodeError)?;
        if number.trunc() == number && (-LARGEST..=LARGEST).contains(&number) {
            Ok(number as i64)
        } else {
            Err(DecodeError)
        }
    }

    /// The elements of an array of exactly `len` elements.
    fn tuple(self, len: usize) -> Result<Elements<P>, DecodeError> {
        let elements = Elements::of(self.0)?;
        if u32::try_from(len) == Ok(elements.len) {
            Ok(elements)
        } else {
            Err(DecodeError)
        }
    }

    /// The index of the variant, and its content.
    fn variant(self, variants: &[&str]) -> Result<Variant<P>, DecodeError> {
        let (name, content) = if let Some(name) = self.0.text() {
            (name, None)
        } else {
            // `{"variant": content}`
            let mut names = self.0.names().ok_or(DecodeError)?;
            let name = names.pop().ok_or(DecodeError)?;
            if !names.is_empty() {
                return Err(DecodeError);
            }
            let content = self.0.field(&name).ok_or(DecodeError)?;
            (name, Some(content))
        };
        let index = variants.iter().position(|known| *known == name);
        Ok(Variant {
            index: index.and_then(|n| n.try_into().ok()).ok_or(DecodeError)?,
            content,
        })
    }
}

impl<'de, P: Parsed> Deserializer<'de> for Reader<P> {
    type Error = DecodeError;

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_bool(self.0.bool().ok_or(DecodeError)?)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_u64(self.whole()?)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_u64(self.whole()?)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_string(self.0.text().ok_or(DecodeError)?)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        if !self.0.is_null() {
            return Err(DecodeError);
        }
        visitor.visit_unit()
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        if self.0.is_null() {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_seq(Elements::of(self.0)?)
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        visitor.visit_seq(self.tuple(len)?)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        visitor.visit_seq(self.tuple(len)?)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        if !self.0.is_object() {
            return Err(DecodeError);
        }
        visitor.visit_map(Entries {
            names: self.0.names().ok_or(DecodeError)?.into_iter(),
            of: self.0,
            name: String::new(),
        })
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        Fields::of(self.0, names).and_then(|fields| visitor.visit_seq(fields))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        visitor.visit_enum(self.variant(variants)?)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_unit()
    }

    /// For values that serde buffers before it knows their type: tags and flattened fields.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        if self.0.is_null() {
            visitor.visit_unit()
        } else if let Some(value) = self.0.bool() {
            visitor.visit_bool(value)
        } else if let Some(text) = self.0.text() {
            visitor.visit_string(text)
        } else if let Ok(whole) = self.whole() {
            visitor.visit_u64(whole)
        } else if let Ok(integer) = self.integer() {
            visitor.visit_i64(integer)
        } else if let Some(number) = self.0.number() {
            visitor.visit_f64(number)
        } else if self.0.len().is_some() {
            self.deserialize_seq(visitor)
        } else {
            self.deserialize_map(visitor)
        }
    }

    // The JSON type determines which visitor method these types receive.
    serde::forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u16 u128 f32 f64 char str bytes byte_buf identifier
    }
}

/// The elements of an array, in order.
struct Elements<P> {
    of: P,
    next: u32,
    len: u32,
}

impl<P: Parsed> Elements<P> {
    fn of(of: P) -> Result<Self, DecodeError> {
        let len = of.len().ok_or(DecodeError)?;
        Ok(Self { of, next: 0, len })
    }
}

impl<'de, P: Parsed> SeqAccess<'de> for Elements<P> {
    type Error = DecodeError;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, DecodeError> {
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
    /// Refuses all values but objects: a struct that has only options would be read from any of
    /// them.
    fn of(of: P, names: &'static [&'static str]) -> Result<Self, DecodeError> {
        if of.is_object() {
            Ok(Self { of, names })
        } else {
            Err(DecodeError)
        }
    }
}

impl<'de, P: Parsed> SeqAccess<'de> for Fields<P> {
    type Error = DecodeError;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, DecodeError> {
        let Some((name, remaining)) = self.names.split_first() else {
            return Ok(None);
        };
        self.names = remaining;
        let field = self.of.field(name);
        let is_missing = field.is_none();
        // A missing field is read as null: `None` for an option, the default if the field has one;
        // other types report it as missing.
        match seed.deserialize(Reader(field.unwrap_or_else(P::null))) {
            Ok(value) => Ok(Some(value)),
            Err(_) if is_missing => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// The names and values of an object that is read as a map.
struct Entries<P> {
    of: P,
    names: std::vec::IntoIter<String>,
    name: String,
}

impl<'de, P: Parsed> MapAccess<'de> for Entries<P> {
    type Error = DecodeError;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, DecodeError> {
        let Some(name) = self.names.next() else {
            return Ok(None);
        };
        self.name.clone_from(&name);
        let name: StringDeserializer<DecodeError> = name.into_deserializer();
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<S::Value, DecodeError> {
        let value = self.of.field(&self.name).ok_or(DecodeError)?;
        seed.deserialize(Reader(value))
    }
}

/// A variant of an enum, identified by its index.
struct Variant<P> {
    index: u32,
    content: Option<P>,
}

impl<'de, P: Parsed> EnumAccess<'de> for Variant<P> {
    type Error = DecodeError;
    type Variant = Content<P>;

    fn variant_seed<S: DeserializeSeed<'de>>(
        self,
        seed: S,
    ) -> Result<(S::Value, Content<P>), DecodeError> {
        let index: U32Deserializer<DecodeError> = self.index.into_deserializer();
        Ok((seed.deserialize(index)?, Content(self.content)))
    }
}

/// The content of a variant.
struct Content<P>(Option<P>);

impl<'de, P: Parsed> VariantAccess<'de> for Content<P> {
    type Error = DecodeError;

    fn unit_variant(self) -> Result<(), DecodeError> {
        match self.0 {
            Some(content) if !content.is_null() => Err(DecodeError),
            _ => Ok(()),
        }
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(
        self,
        seed: S,
    ) -> Result<S::Value, DecodeError> {
        seed.deserialize(Reader(self.0.ok_or(DecodeError)?))
    }

    fn tuple_variant<V: Visitor<'de>>(
        self,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        Reader(self.0.ok_or(DecodeError)?).deserialize_tuple(len, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        let content = self.0.ok_or(DecodeError)?;
        Fields::of(content, names).and_then(|fields| visitor.visit_seq(fields))
    }
}

#[cfg(test)]
mod tests;
