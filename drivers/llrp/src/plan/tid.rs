//! The TID of each tag by an AccessSpec, for readers without an extension for it. Pure.
//!
//! The first six words of the TID bank are read from every tag that the ROSpec sees: class, maker, model and,
//! with most chips, the 48-bit serial number. The result stands beside the EPC in the tag's report.

use crate::codec::{Message, MessageKind, Param, param::split_param};

/// The AccessSpec's id; only this one is added and deleted.
pub(crate) const ACCESS_SPEC: u32 = 0x6757_0001;
/// The OpSpec's id, by which its result is known.
pub(crate) const OP_SPEC: u16 = 0x6757;
/// Words that are read.
const WORDS: u16 = 6;
const BANK_TID: u8 = 2;
const PROTOCOL_GEN2: u8 = 1;
const ACCESS_SPEC_KIND: u16 = 207;
const STOP_TRIGGER: u16 = 208;
const COMMAND: u16 = 209;
const TAG_SPEC: u16 = 338;
const TARGET_TAG: u16 = 339;
const READ: u16 = 341;
const READ_RESULT: u16 = 349;

/// ADD_ACCESSSPEC for all antennas and every tag of `rospec`.
pub(crate) fn add(id: u32, rospec: u32) -> Message {
    let param = |kind, fields: Vec<u8>, params| Param { kind, fields, params };
    // Stop trigger: none. Target: any tag, by a mask without bits.
    let stop = param(STOP_TRIGGER, vec![0, 0, 0], vec![]);
    let any = param(TARGET_TAG, vec![(1 << 6) | (1 << 5), 0, 0, 0, 0, 0, 0], vec![]);
    let tags = param(TAG_SPEC, vec![], vec![any]);
    let mut fields = OP_SPEC.to_be_bytes().to_vec();
    fields.extend_from_slice(&[0; 4]); // no password
    fields.push(BANK_TID << 6);
    fields.extend_from_slice(&[0; 2]); // from the first word
    fields.extend_from_slice(&WORDS.to_be_bytes());
    let command = param(COMMAND, vec![], vec![tags, param(READ, fields, vec![])]);
    let mut fields = ACCESS_SPEC.to_be_bytes().to_vec();
    fields.extend_from_slice(&[0; 2]); // all antennas
    fields.push(PROTOCOL_GEN2);
    fields.push(0); // disabled, as it must be when added
    fields.extend_from_slice(&rospec.to_be_bytes());
    let spec = param(ACCESS_SPEC_KIND, fields, vec![stop, command]);
    let mut message = Message::new(MessageKind::ADD_ACCESSSPEC, id);
    message.params.push(spec);
    message
}

/// A message about our AccessSpec alone.
pub(crate) fn on(kind: MessageKind, id: u32) -> Message {
    Message::new(kind, id).field(ACCESS_SPEC)
}

/// The TID in a tag report's parameters, if our read succeeded.
pub(crate) fn read_of(mut raw: &[u8]) -> Option<Vec<u8>> {
    while !raw.is_empty() {
        let param = split_param(raw).ok()?;
        raw = param.rest;
        // Result, OpSpec, then the words, counted.
        if param.kind == READ_RESULT
            && let Some((&[result, a, b, ..], words)) = param.content.split_first_chunk::<5>()
            && result == 0
            && u16::from_be_bytes([a, b]) == OP_SPEC
            && !words.is_empty()
        {
            return Some(words.to_vec());
        }
    }
    None
}
