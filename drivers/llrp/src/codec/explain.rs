//! A message as a tree of names and values, for people and for JSON, and back to the same bytes.
//!
//! `explain(&frame)` looks up every field in [`definitions`](super::definitions), also those of known vendors'
//! types. What has no row, and what a row does not fit (a later firmware's), stands there as one field `Data` of bytes.
//!
//! Invariants: [`Tree::to_message`] of an explained message gives that message; reserved bits that are not zero
//! are shown and kept; no input panics; the tree is at most as deep and wide as the message was.

use std::fmt;

use serde::{Serialize, Serializer, ser::SerializeMap};

use super::{
    CodecError, DEPTH_MAX, Message, MessageKind, Param, decode_frame,
    definitions::{self, Def, RESERVED, Type},
    param::decode_params,
    schema::{CUSTOM, fields_bytes},
};

mod fields;

pub use fields::Value;

/// Names and values in wire order.
type Fields = Vec<(&'static str, Value)>;

const DATA: &str = "Data";
const CUSTOM_PARAM_HEAD: usize = 8;
const CUSTOM_MESSAGE_HEAD: usize = 5;

/// A message's or a parameter's name, fields and parameters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Node {
    /// Its name; `Unknown` if it has no row.
    pub name: &'static str,
    /// The type's number.
    #[serde(rename = "type")]
    pub kind: u16,
    /// Of a vendor's type: the vendor's number and the subtype.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom: Option<(u32, u32)>,
    /// Names and values in wire order.
    #[serde(serialize_with = "as_map", skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<(&'static str, Value)>,
    /// The parameters that follow.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub params: Vec<Node>,
}

/// An explained message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tree {
    /// Header version: 1 is LLRP 1.0.1, 2 is 1.1.
    pub version: u8,
    /// The message's id.
    pub id: u32,
    /// What it says.
    pub message: Node,
}

/// Explains the first frame of `bytes`; `None` if it is not all there.
pub fn explain(bytes: &[u8]) -> Result<Option<Tree>, CodecError> {
    Ok(decode_frame(bytes)?.map(|(message, _)| Tree::new(&message)))
}

impl Tree {
    /// Explains `message`.
    #[must_use]
    pub fn new(message: &Message) -> Self {
        let kind = message.kind.0;
        let params = || message.params.iter().map(|param| Node::of(param, 0)).collect();
        let node = match custom_head::<CUSTOM_MESSAGE_HEAD>(kind, &message.fields) {
            Some((head, data)) => {
                let (vendor, subtype) = vendor_and(head);
                let def = u8::try_from(subtype)
                    .ok()
                    .and_then(|subtype| definitions::custom_message(vendor, subtype));
                Node::custom(kind, (vendor, subtype), def, data, 0)
            }
            None => Node::standard(kind, definitions::message(kind), &message.fields, params()),
        };
        Self { version: message.version, id: message.id, message: node }
    }

    /// The message that was explained.
    pub fn to_message(&self) -> Result<Message, CodecError> {
        let node = &self.message;
        let kind = MessageKind(node.kind);
        let mut message = Message { version: self.version, ..Message::new(kind, self.id) };
        match node.custom {
            Some((vendor, subtype)) => {
                message.fields.extend_from_slice(&vendor.to_be_bytes());
                message.fields.extend(u8::try_from(subtype).ok());
                let def = u8::try_from(subtype)
                    .ok()
                    .and_then(|subtype| definitions::custom_message(vendor, subtype));
                node.write_custom(def, &mut message.fields)?;
            }
            None => {
                fields::write(definitions::message(node.kind), &node.fields, &mut message.fields)?;
                message.params = node.children()?;
            }
        }
        Ok(message)
    }
}

impl Node {
    /// Explains `param`.
    #[must_use]
    pub fn new(param: &Param) -> Self {
        Self::of(param, 0)
    }

    fn of(param: &Param, depth: usize) -> Self {
        match custom_head::<CUSTOM_PARAM_HEAD>(param.kind, &param.fields) {
            Some((head, data)) => {
                let (vendor, subtype) = vendor_and(head);
                let def = definitions::custom_param(vendor, subtype);
                Self::custom(param.kind, (vendor, subtype), def, data, depth)
            }
            None => {
                let def = definitions::param(param.kind);
                let params = param.params.iter().map(|param| Self::of(param, depth + 1));
                Self::standard(param.kind, def, &param.fields, params.collect())
            }
        }
    }

    fn standard(kind: u16, def: Option<&'static Def>, bytes: &[u8], params: Vec<Self>) -> Self {
        let name = def.map_or("Unknown", |def| def.name);
        let fields = def.and_then(|def| fields::read(def, bytes)).unwrap_or_else(|| data(bytes));
        Self { name, kind, custom: None, fields, params }
    }

    fn custom(
        kind: u16,
        ids: (u32, u32),
        def: Option<&'static Def>,
        bytes: &[u8],
        depth: usize,
    ) -> Self {
        let name = def.map_or("Unknown", |def| def.name);
        let known = def.and_then(|def| open(def, bytes, depth));
        let (fields, params) = known.unwrap_or_else(|| (data(bytes), Vec::new()));
        Self { name, kind, custom: Some(ids), fields, params }
    }

    /// The parameter that was explained.
    pub fn to_param(&self) -> Result<Param, CodecError> {
        let mut param = Param { kind: self.kind, ..Param::default() };
        if let Some((vendor, subtype)) = self.custom {
            param = Param::custom(vendor, subtype, &[]);
            self.write_custom(definitions::custom_param(vendor, subtype), &mut param.fields)?;
        } else {
            fields::write(definitions::param(self.kind), &self.fields, &mut param.fields)?;
            param.params = self.children()?;
        }
        Ok(param)
    }

    /// Fields and parameters of a vendor's type, which are all one run of bytes in a [`Param`].
    fn write_custom(&self, def: Option<&'static Def>, out: &mut Vec<u8>) -> Result<(), CodecError> {
        fields::write(def, &self.fields, out)?;
        self.children()?.iter().try_for_each(|param| param.encode(out))
    }

    fn children(&self) -> Result<Vec<Param>, CodecError> {
        self.params.iter().map(Self::to_param).collect()
    }

    /// The first field of that name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Value> {
        self.fields.iter().find(|(field, _)| *field == name).map(|(_, value)| value)
    }

    /// The first parameter of that name, at any depth.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Self> {
        self.params.iter().find_map(|node| match node.name == name {
            true => Some(node),
            false => node.find(name),
        })
    }

    fn write_lines(&self, depth: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:indent$}{}", "", self.name, indent = depth * 2)?;
        match self.custom {
            Some((vendor, subtype)) => write!(f, " ({vendor}/{subtype})")?,
            None => write!(f, " ({})", self.kind)?,
        }
        for (name, value) in &self.fields {
            write!(f, " {name}={value}")?;
        }
        writeln!(f)?;
        self.params.iter().try_for_each(|node| node.write_lines(depth + 1, f))
    }
}

/// One line a node, two spaces a level.
impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_lines(0, f)
    }
}

/// A line for the header, then the message's node.
impl fmt::Display for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "version {} id {}", self.version, self.id)?;
        self.message.fmt(f)
    }
}

/// Fields and parameters in the bytes of a vendor's type; `None` if its row does not fit them all.
fn open(def: &'static Def, bytes: &[u8], depth: usize) -> Option<(Fields, Vec<Node>)> {
    let length = fields_bytes(def, bytes).ok()?;
    let (head, below) = bytes.split_at(length);
    if depth >= DEPTH_MAX {
        return None;
    }
    let params = decode_params(below).ok()?;
    // What a TLV header reserves is not kept in a `Param`: only what comes back the same is opened.
    let mut again = Vec::with_capacity(below.len());
    params.iter().try_for_each(|param| param.encode(&mut again)).ok()?;
    if again != below {
        return None;
    }
    let fields = fields::read(def, head)?;
    Some((fields, params.iter().map(|param| Node::of(param, depth + 1)).collect()))
}

/// What stands before a vendor's data, and the data; `None` if this is not a vendor's type or too short for one.
fn custom_head<const N: usize>(kind: u16, bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    (kind == CUSTOM).then(|| bytes.split_at_checked(N)).flatten()
}

fn vendor_and(head: &[u8]) -> (u32, u32) {
    let number = |bytes: &[u8]| bytes.iter().fold(0, |all, byte| (all << 8) | u32::from(*byte));
    let (vendor, subtype) = head.split_at(head.len().min(4));
    (number(vendor), number(subtype))
}

fn data(bytes: &[u8]) -> Vec<(&'static str, Value)> {
    vec![(DATA, Value::Bytes(bytes.to_vec()))]
}

fn as_map<S: Serializer>(fields: &[(&'static str, Value)], to: S) -> Result<S::Ok, S::Error> {
    let mut map = to.serialize_map(Some(fields.len()))?;
    for (name, value) in fields {
        map.serialize_entry(name, value)?;
    }
    map.end()
}
