//! Iterates over a list of MAPI properties (MS-OXTNEF §2.1.3.4).

use std::ops::Range;

use super::reader::Reader;

/// Type of a string in the code page of the file (`PtypString8`).
const STRING_8: u16 = 0x001e;
/// Type of a string in UTF-16, little endian (`PtypString`).
const STRING_16: u16 = 0x001f;
/// Type of octets (`PtypBinary`).
const BINARY: u16 = 0x0102;
/// Type of an object: octets after the 16 octets of its interface (`PtypObject`).
const OBJECT: u16 = 0x000d;
/// Flag of a type whose property has any number of values.
const MULTIPLE: u16 = 0x1000;
/// Identifiers from here on stand for a name, which is written after them.
const NAMED_MIN: u16 = 0x8000;

/// The representation of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ValueKind {
    /// A number of up to 16 octets, little endian.
    Number,
    /// Text in a code page.
    CodePage,
    /// Text in UTF-16LE.
    Utf16,
    /// Octets.
    Binary,
    /// The identifier of an interface, 16 octets, and then octets.
    Object,
}

/// A property with its first value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Property {
    /// The property identifier. From 0x8000 on it has no meaning of its own.
    pub(super) id: u16,
    pub(super) kind: ValueKind,
    /// The position of the value in the file.
    pub(super) value: Range<usize>,
}

/// The properties of one attribute.
///
/// The announced counts only end the iteration early: every property takes at least 4 octets of the
/// input, so no count can make it long.
#[derive(Debug)]
pub(super) struct Properties<'a> {
    reader: Reader<'a>,
    remaining: u32,
    is_damaged: bool,
}

impl<'a> Properties<'a> {
    pub(super) fn new(mut reader: Reader<'a>) -> Self {
        let count = reader.u32();
        Self {
            reader,
            remaining: count.unwrap_or_default(),
            is_damaged: count.is_none(),
        }
    }

    /// Whether the list ended before its announced count, or a value was cut.
    pub(super) fn is_damaged(&self) -> bool {
        self.is_damaged
    }

    fn read(&mut self) -> Option<Property> {
        let written_type = self.reader.u16()?;
        let id = self.reader.u16()?;
        if id >= NAMED_MIN {
            self.skip_name()?;
        }
        let single = written_type & !MULTIPLE;
        let has_count = written_type & MULTIPLE != 0;
        let (kind, value) = match (single, fixed_size_bytes(single)) {
            (STRING_8, _) => (ValueKind::CodePage, self.variable()?),
            (STRING_16, _) => (ValueKind::Utf16, self.variable()?),
            (BINARY, _) => (ValueKind::Binary, self.variable()?),
            (OBJECT, _) => (ValueKind::Object, self.variable()?),
            (_, Some(size)) => (ValueKind::Number, self.fixed(size, has_count)?),
            // The size of a value of an unknown type is unknown, and so is the next property.
            _ => return None,
        };
        Some(Property { id, kind, value })
    }

    /// Skips the name of a property: a GUID, and a number or a string.
    fn skip_name(&mut self) -> Option<()> {
        self.reader.range(16)?;
        if self.reader.u32()? == 0 {
            self.reader.u32()?;
        } else {
            let len = self.reader.len()?;
            self.reader.range(len)?;
            self.reader.up_to(padding(len));
        }
        Some(())
    }

    /// Reads values of one size and returns the first.
    fn fixed(&mut self, size: usize, has_count: bool) -> Option<Range<usize>> {
        let count = if has_count { self.reader.len()? } else { 1 };
        let padded = size + padding(size);
        let values = self.reader.range(count.checked_mul(padded)?)?;
        let end = values.start.saturating_add(size).min(values.end);
        Some(values.start..end)
    }

    /// Reads values that each have a length, and returns the first. The list has a count even if
    /// the type has one value.
    fn variable(&mut self) -> Option<Range<usize>> {
        let count = self.reader.u32()?;
        let mut first = None;
        for _ in 0..count {
            // A later value that is cut does not take the first one away.
            let Some(len) = self.reader.len() else {
                self.is_damaged = true;
                break;
            };
            let value = self.reader.up_to(len);
            self.is_damaged |= value.len() < len;
            self.reader.up_to(padding(len));
            first.get_or_insert(value);
            if self.is_damaged {
                break;
            }
        }
        Some(first.unwrap_or_default())
    }
}

impl Iterator for Properties<'_> {
    type Item = Property;

    fn next(&mut self) -> Option<Property> {
        if self.is_damaged {
            return None;
        }
        self.remaining = self.remaining.checked_sub(1)?;
        let property = self.read();
        self.is_damaged |= property.is_none();
        property
    }
}

/// Returns the number of octets after a value of `len` octets: values begin at multiples of 4.
fn padding(len: usize) -> usize {
    len.wrapping_neg() % 4
}

/// Returns the size of a value of a type; `None` if values of the type have a length of their own.
fn fixed_size_bytes(single_type: u16) -> Option<usize> {
    Some(match single_type {
        // Unspecified and null.
        0x0000 | 0x0001 => 0,
        // A 16-bit integer, a Boolean.
        0x0002 | 0x000b => 2,
        // A 32-bit integer, a 32-bit float, an error code.
        0x0003 | 0x0004 | 0x000a => 4,
        // A double, a currency, two kinds of time, a 64-bit integer.
        0x0005 | 0x0006 | 0x0007 | 0x0014 | 0x0040 => 8,
        // A GUID.
        0x0048 => 16,
        _ => return None,
    })
}
