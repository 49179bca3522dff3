//! What the operations came to, out of an RO_ACCESS_REPORT.

use crate::codec::{Cursor, Message, MessageKind, Param};

const TAG_REPORT_DATA: u16 = 240;
const ACCESS_SPEC_ID: u16 = 16;

/// The result of one operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpResult {
    /// The result's parameter type, such as 349 for a read.
    pub kind: u16,
    /// The OpSpecID.
    pub op: u16,
    /// 0 is success; the others differ by operation.
    pub code: u8,
    /// The code's name in the standard.
    pub name: Option<&'static str>,
    /// What was read; the permalock status.
    pub words: Vec<u16>,
    /// How many words were written.
    pub written: Option<u16>,
}

/// The results of one tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagResults {
    /// The tag's EPC.
    pub epc: Vec<u8>,
    /// Whose they are; 0 if the reader did not say.
    pub access_spec: u32,
    /// In the reader's order.
    pub ops: Vec<OpResult>,
}

/// All tags of a report that carry results. Malformed results are left out, and so end in a time-out.
pub fn results(message: &Message) -> Vec<TagResults> {
    if message.kind != MessageKind::RO_ACCESS_REPORT {
        return Vec::new();
    }
    let tags = message.params.iter().filter(|param| param.kind == TAG_REPORT_DATA);
    tags.filter_map(tag).filter(|tag| !tag.ops.is_empty()).collect()
}

fn tag(param: &Param) -> Option<TagResults> {
    let epc = param.params.iter().find_map(|param| match param.kind {
        13 => Some(param.fields.clone()),
        241 => param.fields.get(2..).map(<[u8]>::to_vec),
        _ => None,
    })?;
    let spec = param.params.iter().find(|param| param.kind == ACCESS_SPEC_ID);
    let spec = spec.and_then(|param| Cursor::new("AccessSpecID", &param.fields).get().ok());
    let ops = param.params.iter().filter_map(op).collect();
    Some(TagResults { epc, access_spec: spec.unwrap_or(0), ops })
}

fn op(param: &Param) -> Option<OpResult> {
    if !matches!(param.kind, 349..=354 | 360..=362) {
        return None;
    }
    let mut cursor = Cursor::new("OpSpecResult", &param.fields);
    let (code, op) = (cursor.get().ok()?, cursor.get().ok()?);
    let words = match param.kind {
        349 | 362 => cursor.get().ok()?,
        _ => Vec::new(),
    };
    let written = match param.kind {
        350 | 354 => Some(cursor.get().ok()?),
        _ => None,
    };
    let def = crate::codec::definitions::param(param.kind)?;
    let names = def.fields.first()?.names;
    let name = names.iter().find(|(number, _)| *number == u32::from(code)).map(|(_, name)| *name);
    Some(OpResult { kind: param.kind, op, code, name, words, written })
}
