//! Fields by their definition: bytes to values and back.

use std::fmt;

use serde::{Serialize, Serializer};

use super::{CodecError, DATA, Def, RESERVED, Type};
use crate::codec::{
    definitions::Names,
    schema::{fixed_bits, unit_bits},
};

/// A field's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A number.
    Number(u64),
    /// A number below zero too.
    Signed(i64),
    /// A bit.
    Flag(bool),
    /// A value that has a name.
    Named(u64, &'static str),
    /// Text.
    Text(String),
    /// Bytes, shown as hexadecimal digits.
    Bytes(Vec<u8>),
    /// So many bits, filled to whole bytes.
    Bits(u16, Vec<u8>),
    /// Numbers.
    List(Vec<u32>),
}

/// Numbers and flags as themselves, names as text, bytes as hexadecimal digits.
impl Serialize for Value {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Number(value) => to.serialize_u64(*value),
            Self::Signed(value) => to.serialize_i64(*value),
            Self::Flag(value) => to.serialize_bool(*value),
            Self::Named(_, name) => to.serialize_str(name),
            Self::Text(text) => to.serialize_str(text),
            Self::List(list) => list.serialize(to),
            Self::Bytes(_) | Self::Bits(..) => to.collect_str(self),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(value) => write!(f, "{value}"),
            Self::Signed(value) => write!(f, "{value}"),
            Self::Flag(value) => write!(f, "{value}"),
            Self::Named(value, name) => write!(f, "{name}({value})"),
            Self::Text(text) => write!(f, "{text:?}"),
            Self::List(list) => write!(f, "{list:?}"),
            Self::Bytes(bytes) => hex(bytes, f),
            Self::Bits(bits, bytes) => {
                hex(bytes, f)?;
                write!(f, "/{bits}")
            }
        }
    }
}

fn hex(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

/// The values in `bytes`; `None` if they are not exactly the fields of `def`.
pub(super) fn read(def: &'static Def, bytes: &[u8]) -> Option<Vec<(&'static str, Value)>> {
    let mut at = Bits { bytes, at: 0 };
    let mut fields = Vec::with_capacity(def.fields.len());
    for field in def.fields {
        let value = at.value(field.kind, field.names)?;
        if field.name != RESERVED || value != Value::Number(0) {
            fields.push((field.name, value));
        }
    }
    (at.at == bytes.len() * 8).then_some(fields)
}

struct Bits<'a> {
    bytes: &'a [u8],
    /// In bits.
    at: usize,
}

impl<'a> Bits<'a> {
    fn number(&mut self, bits: usize) -> Option<u64> {
        let mut value = 0;
        for at in self.at..self.at + bits {
            let byte = self.bytes.get(at / 8)?;
            value = (value << 1) | u64::from(byte >> (7 - at % 8) & 1);
        }
        self.at += bits;
        Some(value)
    }

    fn take(&mut self, bytes: usize) -> Option<&'a [u8]> {
        let from = self.at / 8;
        let taken = self.bytes.get(from..from.checked_add(bytes)?)?;
        self.at += bytes * 8;
        Some(taken)
    }

    fn value(&mut self, kind: Type, names: Names) -> Option<Value> {
        match kind {
            Type::S8 => Some(Value::Signed(self.take(1)?.first()?.cast_signed().into())),
            Type::S16 => {
                Some(Value::Signed(i16::from_be_bytes(*self.take(2)?.first_chunk()?).into()))
            }
            Type::S32 => {
                Some(Value::Signed(i32::from_be_bytes(*self.take(4)?.first_chunk()?).into()))
            }
            Type::Flag => Some(Value::Flag(self.number(1)? == 1)),
            Type::Bytes(bytes) => self.take(bytes).map(|bytes| Value::Bytes(bytes.to_vec())),
            Type::Rest => {
                let left = self.bytes.len().checked_sub(self.at / 8)?;
                self.take(left).map(|bytes| Value::Bytes(bytes.to_vec()))
            }
            _ => match fixed_bits(kind) {
                Some(bits) => self.number(bits).map(|value| named(value, names)),
                None => self.counted(kind),
            },
        }
    }

    fn counted(&mut self, kind: Type) -> Option<Value> {
        let count = u16::try_from(self.number(16)?).ok()?;
        let bytes = self.take((usize::from(count) * unit_bits(kind)).div_ceil(8))?;
        Some(match kind {
            Type::BitString => Value::Bits(count, bytes.to_vec()),
            Type::Text => match std::str::from_utf8(bytes) {
                Ok(text) => Value::Text(text.to_owned()),
                Err(_) => Value::Bytes(bytes.to_vec()),
            },
            Type::Blob => Value::Bytes(bytes.to_vec()),
            _ => Value::List(bytes.chunks(unit_bits(kind) / 8).map(be).collect()),
        })
    }
}

fn be(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |all, byte| (all << 8) | u32::from(*byte))
}

fn named(value: u64, names: Names) -> Value {
    let name = names.iter().find(|(number, _)| u64::from(*number) == value);
    name.map_or(Value::Number(value), |(_, name)| Value::Named(value, name))
}

/// Writes `fields` as `def` has them; without a row, their bytes.
pub(super) fn write(
    def: Option<&'static Def>,
    fields: &[(&'static str, Value)],
    out: &mut Vec<u8>,
) -> Result<(), CodecError> {
    let raw = match fields {
        [(DATA, Value::Bytes(bytes))] => Some(bytes),
        _ => None,
    };
    let Some(def) =
        def.filter(|def| raw.is_none() || def.fields.first().is_some_and(|f| f.name == DATA))
    else {
        out.extend(raw.into_iter().flatten());
        return Ok(());
    };
    let missing = |name| CodecError::Missing { parent: def.name, missing: name };
    let mut values = fields.iter().peekable();
    let mut at = Writer { out, bits: 0, left: 0 };
    for field in def.fields {
        let value = values.next_if(|(name, _)| *name == field.name).map(|(_, value)| value);
        match value {
            Some(value) => at.value(field.kind, value).ok_or(missing(field.name))?,
            None if field.name == RESERVED => at.number(0, fixed_bits(field.kind).unwrap_or(0)),
            None => return Err(missing(field.name)),
        }
    }
    Ok(())
}

struct Writer<'a> {
    out: &'a mut Vec<u8>,
    /// Bits that do not fill a byte yet.
    bits: u8,
    left: usize,
}

impl Writer<'_> {
    fn number(&mut self, value: u64, bits: usize) {
        for bit in (0..bits).rev() {
            self.bits = (self.bits << 1) | u8::from(value >> bit & 1 == 1);
            self.left += 1;
            if self.left == 8 {
                self.out.push(self.bits);
                (self.bits, self.left) = (0, 0);
            }
        }
    }

    /// Writes one value; `None` if it does not suit the type.
    fn value(&mut self, kind: Type, value: &Value) -> Option<()> {
        let bits = fixed_bits(kind);
        match (value, bits) {
            (Value::Number(value) | Value::Named(value, _), Some(bits)) => {
                self.number(*value, bits)
            }
            (Value::Signed(value), Some(bits)) => self.number(value.cast_unsigned(), bits),
            (Value::Flag(value), Some(bits)) => self.number((*value).into(), bits),
            (Value::Bytes(bytes), Some(bits)) if bytes.len() * 8 == bits => self.out.extend(bytes),
            (Value::Bytes(bytes), None) if kind == Type::Rest => self.out.extend(bytes),
            (Value::Bytes(bytes), None) => self.counted(bytes.len(), bytes)?,
            (Value::Text(text), None) => self.counted(text.len(), text.as_bytes())?,
            (Value::Bits(bits, bytes), None) => self.counted((*bits).into(), bytes)?,
            (Value::List(list), None) => {
                self.number(u16::try_from(list.len()).ok()?.into(), 16);
                list.iter().for_each(|item| self.number((*item).into(), unit_bits(kind)));
            }
            _ => return None,
        }
        Some(())
    }

    fn counted(&mut self, count: usize, bytes: &[u8]) -> Option<()> {
        self.number(u16::try_from(count).ok()?.into(), 16);
        self.out.extend(bytes);
        Some(())
    }
}
