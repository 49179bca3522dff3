//! Writes canonical bytes straight from a value, without a tree of `serde_json::Value` in between.
//!
//! What a value looks like as JSON is serde_json's convention (enums, options, map keys), so that
//! the bytes are those of `serde_json::to_value` in the profile of `canonical`. An object's fields
//! are written as they come and put into order at its end. Absent: reading.

use std::{borrow::Cow, fmt, fmt::Write as _, ops::Range};

use serde::{
    Serialize, Serializer,
    ser::{
        SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
        SerializeTupleStruct, SerializeTupleVariant,
    },
};
use serde_json::Value;

use super::{CanonicalError, DEPTH_MAX};

type Written = Result<(), CanonicalError>;

/// What is set aside for fields of open objects at first.
const FIELDS_EXPECTED: usize = 48;

/// The bytes so far.
#[derive(Debug)]
pub(super) struct Writer {
    pub(super) out: Vec<u8>,
    depth: usize,
    /// Where fields are put into order.
    scratch: Vec<u8>,
    /// The fields of the objects that are open, those of the innermost last: each field's key, and
    /// where `"key":value` stands.
    fields: Vec<(Cow<'static, str>, Range<usize>)>,
}

impl Writer {
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self {
            out: Vec::with_capacity(bytes),
            depth: 0,
            scratch: Vec::with_capacity(bytes),
            fields: Vec::with_capacity(FIELDS_EXPECTED),
        }
    }

    /// Forgets what was written; the room stays.
    pub(super) fn clear(&mut self) {
        self.out.clear();
        self.depth = 0;
        self.fields.clear();
    }

    /// Each value passes here once: none may stand too deep.
    fn check_depth(&self) -> Written {
        if self.depth > DEPTH_MAX { Err(CanonicalError::Depth) } else { Ok(()) }
    }

    fn word(&mut self, word: &[u8]) -> Written {
        self.check_depth()?;
        self.out.extend_from_slice(word);
        Ok(())
    }

    fn integer(&mut self, n: impl TryInto<i64> + fmt::Display + Copy) -> Written {
        self.check_depth()?;
        let n: i64 = n.try_into().map_err(|_| CanonicalError::Number(n.to_string()))?;
        digits(n, &mut self.out);
        Ok(())
    }

    fn open(&mut self, bracket: u8) -> Written {
        self.check_depth()?;
        self.out.push(bracket);
        self.depth += 1;
        Ok(())
    }

    fn close(&mut self, bracket: u8) {
        self.out.push(bracket);
        self.depth -= 1;
    }

    /// `{"variant":`, which `close` ends.
    fn open_variant(&mut self, variant: &str) -> Written {
        self.open(b'{')?;
        quote(variant, &mut self.out);
        self.out.push(b':');
        Ok(())
    }
}

/// Escapes what is written to it.
struct Text<'a>(&'a mut Vec<u8>);

impl fmt::Write for Text<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        escape(text, self.0);
        Ok(())
    }
}

/// The shortest decimal form.
fn digits(n: i64, out: &mut Vec<u8>) {
    const DIGITS_MAX: usize = 20;
    let (mut rest, mut text, mut at) = (n.unsigned_abs(), [0; DIGITS_MAX], DIGITS_MAX);
    loop {
        at -= 1;
        text[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if n < 0 {
        out.push(b'-');
    }
    out.extend_from_slice(&text[at..]);
}

fn quote(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    escape(text, out);
    out.push(b'"');
}

fn escape(text: &str, out: &mut Vec<u8>) {
    // Without a way out early the compiler looks at many bytes at once.
    let is_special = |b: u8| (b < 0x20) | (b == b'"') | (b == b'\\');
    if !text.bytes().fold(false, |found, b| found | is_special(b)) {
        return out.extend_from_slice(text.as_bytes());
    }
    for byte in text.bytes() {
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            0..0x20 => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
            _ => out.push(byte),
        }
    }
}

/// An array, perhaps as the value of a variant.
pub(super) struct Array<'a> {
    writer: &'a mut Writer,
    is_first: bool,
    in_variant: bool,
}

impl Array<'_> {
    fn item<T: Serialize + ?Sized>(&mut self, item: &T) -> Written {
        if !std::mem::take(&mut self.is_first) {
            self.writer.out.push(b',');
        }
        item.serialize(&mut *self.writer)
    }

    fn finish(self) {
        self.writer.close(b']');
        if self.in_variant {
            self.writer.close(b'}');
        }
    }
}

/// An object, perhaps as the value of a variant.
pub(super) struct Object<'a> {
    writer: &'a mut Writer,
    /// Where its first field begins.
    start: usize,
    /// How many fields of the objects around it come before its own.
    outer: usize,
    key: Option<String>,
    in_variant: bool,
}

impl<'a> Object<'a> {
    fn new(writer: &'a mut Writer, in_variant: bool) -> Self {
        let (start, outer) = (writer.out.len(), writer.fields.len());
        Self { writer, start, outer, key: None, in_variant }
    }

    fn field<T: Serialize + ?Sized>(&mut self, key: Cow<'static, str>, value: &T) -> Written {
        if self.writer.fields.len() > self.outer {
            self.writer.out.push(b',');
        }
        let at = self.writer.out.len();
        quote(&key, &mut self.writer.out);
        self.writer.out.push(b':');
        value.serialize(&mut *self.writer)?;
        let end = self.writer.out.len();
        self.writer.fields.push((key, at..end));
        Ok(())
    }

    fn finish(mut self) {
        let own = &self.writer.fields[self.outer..];
        if !own.is_sorted_by(|a, b| a.0.as_bytes() < b.0.as_bytes()) {
            self.sort();
        }
        self.writer.fields.truncate(self.outer);
        self.writer.close(b'}');
        if self.in_variant {
            self.writer.close(b'}');
        }
    }

    /// Puts the fields into the order of their keys; of two with one key the later counts.
    fn sort(&mut self) {
        let Writer { out, scratch, fields, .. } = &mut *self.writer;
        let fields = &mut fields[self.outer..];
        fields.sort_by(|a, b| a.0.as_bytes().cmp(b.0.as_bytes()));
        scratch.clear();
        for (place, (key, range)) in fields.iter().enumerate() {
            if fields.get(place + 1).is_some_and(|(next, _)| next == key) {
                continue;
            }
            if !scratch.is_empty() {
                scratch.push(b',');
            }
            scratch.extend_from_slice(&out[range.clone()]);
        }
        out.truncate(self.start);
        out.extend_from_slice(scratch);
    }
}

/// A map's key as serde_json writes it: a text, or a number or truth value as one.
fn key_text<T: Serialize + ?Sized>(key: &T) -> Result<String, CanonicalError> {
    match serde_json::to_value(key)? {
        Value::String(text) => Ok(text),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(value) => Ok(value.to_string()),
        _ => Err(serde::ser::Error::custom("a key must be a text")),
    }
}

impl serde::ser::Error for CanonicalError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Value(serde::ser::Error::custom(message))
    }
}

impl<'a> Serializer for &'a mut Writer {
    type Ok = ();
    type Error = CanonicalError;
    type SerializeSeq = Array<'a>;
    type SerializeTuple = Array<'a>;
    type SerializeTupleStruct = Array<'a>;
    type SerializeTupleVariant = Array<'a>;
    type SerializeMap = Object<'a>;
    type SerializeStruct = Object<'a>;
    type SerializeStructVariant = Object<'a>;

    fn serialize_bool(self, value: bool) -> Written {
        self.word(if value { b"true" } else { b"false" })
    }
    fn serialize_i8(self, n: i8) -> Written {
        self.integer(n)
    }
    fn serialize_i16(self, n: i16) -> Written {
        self.integer(n)
    }
    fn serialize_i32(self, n: i32) -> Written {
        self.integer(n)
    }
    fn serialize_i64(self, n: i64) -> Written {
        self.integer(n)
    }
    fn serialize_i128(self, n: i128) -> Written {
        self.integer(n)
    }
    fn serialize_u8(self, n: u8) -> Written {
        self.integer(n)
    }
    fn serialize_u16(self, n: u16) -> Written {
        self.integer(n)
    }
    fn serialize_u32(self, n: u32) -> Written {
        self.integer(n)
    }
    fn serialize_u64(self, n: u64) -> Written {
        self.integer(n)
    }
    fn serialize_u128(self, n: u128) -> Written {
        self.integer(n)
    }
    fn serialize_f32(self, n: f32) -> Written {
        Err(CanonicalError::Number(n.to_string()))
    }
    fn serialize_f64(self, n: f64) -> Written {
        Err(CanonicalError::Number(n.to_string()))
    }
    fn serialize_char(self, text: char) -> Written {
        self.serialize_str(text.encode_utf8(&mut [0; 4]))
    }
    fn serialize_str(self, text: &str) -> Written {
        self.check_depth()?;
        quote(text, &mut self.out);
        Ok(())
    }
    fn serialize_bytes(self, bytes: &[u8]) -> Written {
        bytes.serialize(self)
    }
    fn serialize_none(self) -> Written {
        self.word(b"null")
    }
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Written {
        value.serialize(self)
    }
    fn serialize_unit(self) -> Written {
        self.word(b"null")
    }
    fn serialize_unit_struct(self, _: &'static str) -> Written {
        self.word(b"null")
    }
    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Written {
        self.serialize_str(variant)
    }
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Written {
        value.serialize(self)
    }
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Written {
        self.open_variant(variant)?;
        value.serialize(&mut *self)?;
        self.close(b'}');
        Ok(())
    }
    fn serialize_seq(self, _: Option<usize>) -> Result<Array<'a>, CanonicalError> {
        self.open(b'[')?;
        Ok(Array { writer: self, is_first: true, in_variant: false })
    }
    fn serialize_tuple(self, len: usize) -> Result<Array<'a>, CanonicalError> {
        self.serialize_seq(Some(len))
    }
    fn serialize_tuple_struct(
        self,
        _: &'static str,
        len: usize,
    ) -> Result<Array<'a>, CanonicalError> {
        self.serialize_seq(Some(len))
    }
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Array<'a>, CanonicalError> {
        self.open_variant(variant)?;
        self.open(b'[')?;
        Ok(Array { writer: self, is_first: true, in_variant: true })
    }
    fn serialize_map(self, _: Option<usize>) -> Result<Object<'a>, CanonicalError> {
        self.open(b'{')?;
        Ok(Object::new(self, false))
    }
    fn serialize_struct(self, _: &'static str, len: usize) -> Result<Object<'a>, CanonicalError> {
        self.serialize_map(Some(len))
    }
    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Object<'a>, CanonicalError> {
        self.open_variant(variant)?;
        self.open(b'{')?;
        Ok(Object::new(self, true))
    }
    fn collect_str<T: fmt::Display + ?Sized>(self, value: &T) -> Written {
        self.check_depth()?;
        self.out.push(b'"');
        let told = write!(Text(&mut self.out), "{value}");
        told.map_err(<CanonicalError as serde::ser::Error>::custom)?;
        self.out.push(b'"');
        Ok(())
    }
}

macro_rules! array {
    ($($trait:ident :: $method:ident),*) => {$(
        impl $trait for Array<'_> {
            type Ok = ();
            type Error = CanonicalError;
            fn $method<T: Serialize + ?Sized>(&mut self, item: &T) -> Written {
                self.item(item)
            }
            fn end(self) -> Written {
                self.finish();
                Ok(())
            }
        }
    )*};
}

array!(
    SerializeSeq::serialize_element,
    SerializeTuple::serialize_element,
    SerializeTupleStruct::serialize_field,
    SerializeTupleVariant::serialize_field
);

macro_rules! object {
    ($($trait:ident),*) => {$(
        impl $trait for Object<'_> {
            type Ok = ();
            type Error = CanonicalError;
            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                key: &'static str,
                value: &T,
            ) -> Written {
                self.field(Cow::Borrowed(key), value)
            }
            fn end(self) -> Written {
                self.finish();
                Ok(())
            }
        }
    )*};
}

object!(SerializeStruct, SerializeStructVariant);

impl SerializeMap for Object<'_> {
    type Ok = ();
    type Error = CanonicalError;
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Written {
        self.key = Some(key_text(key)?);
        Ok(())
    }
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Written {
        let key = self.key.take().unwrap_or_default();
        self.field(Cow::Owned(key), value)
    }
    fn end(self) -> Written {
        self.finish();
        Ok(())
    }
}
