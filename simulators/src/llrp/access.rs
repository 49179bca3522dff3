//! AccessSpecs and the memories of the tags that they work on: read, write, lock, kill, block erase and write,
//! with passwords and lock bits, and the result codes of LLRP 1.1. Pure.
//!
//! Invariants: at most [`SPECS_MAX`] AccessSpecs of at most [`OPS_MAX`] operations; a spec without an operation count
//! comes to a tag at most every [`AGAIN_US`]; memories are kept for at most `FIELD_TAGS_MAX` EPCs.
//! Absent: block permalock and recommissioning (answered as a nonspecific reader error), tags of the same EPC with
//! different memories (they differ by antenna alone), chance.

use std::collections::BTreeMap;

use gatewarden_llrp::codec::{Cursor, Message, Param, StatusCode};

use super::config::malformed;
use super::field::{FIELD_TAGS_MAX, Field};
use super::plan::Refusal;

/// The most AccessSpecs.
pub(super) const SPECS_MAX: usize = 8;
/// The most operations of one.
pub(super) const OPS_MAX: usize = 8;
const AGAIN_US: u64 = 50_000;
const ACCESS_SPEC: u16 = 207;
const USER_WORDS: usize = 32;

/// A tag's memory besides its EPC, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagMemory {
    /// 0 can't kill.
    pub kill_password: u32,
    /// 0 is none: locks do not bind then.
    pub access_password: u32,
    /// The TID bank.
    pub tid: Vec<u16>,
    /// The user bank.
    pub user: Vec<u16>,
    /// Locked for writing without the password: kill password, access password, EPC, TID, user.
    pub locked: [bool; 5],
    /// Locked or free for ever, in the same order.
    pub permanent: [bool; 5],
    /// Answers no more.
    pub killed: bool,
}

impl TagMemory {
    /// A fresh tag's: its TID follows from its EPC.
    #[must_use]
    pub fn fresh(epc: &[u8]) -> Self {
        let serial = epc.iter().fold(0x1234_5678_9ABC_u64, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3)
        });
        let serial = serial.to_be_bytes().map(u16::from);
        let word = |at: usize| serial[at] << 8 | serial[at + 1];
        Self {
            kill_password: 0,
            access_password: 0,
            tid: vec![0xE280, 0x1105, word(0), word(2), word(4), word(6)],
            user: vec![0; USER_WORDS],
            locked: [false, false, false, true, false],
            permanent: [false, false, false, true, false],
            killed: false,
        }
    }
}

#[derive(Debug)]
struct Spec {
    source: Param,
    antenna: u16,
    rospec: u32,
    enabled: bool,
    /// Operations left; `None` is no limit.
    left: Option<u16>,
    due_us: u64,
}

#[derive(Debug, Default)]
pub(super) struct Access {
    specs: BTreeMap<u32, Spec>,
    memories: BTreeMap<Vec<u8>, TagMemory>,
}

impl Access {
    pub(super) fn memory(&self, epc: &[u8]) -> TagMemory {
        self.memories.get(epc).cloned().unwrap_or_else(|| TagMemory::fresh(epc))
    }

    pub(super) fn set_memory(&mut self, epc: &[u8], memory: TagMemory) {
        if self.memories.len() < FIELD_TAGS_MAX || self.memories.contains_key(epc) {
            self.memories.insert(epc.to_vec(), memory);
        }
    }

    /// Each AccessSpec as added, with its state now.
    pub(super) fn list(&self) -> Vec<Param> {
        let told = |spec: &Spec| {
            let mut param = spec.source.clone();
            if let Some(state) = param.fields.get_mut(7) {
                *state = u8::from(spec.enabled) << 7;
            }
            param
        };
        self.specs.values().map(told).collect()
    }

    pub(super) fn add(&mut self, message: &Message) -> Result<(), Refusal> {
        let refuse = |what: &str| Refusal::error(StatusCode::FIELD_ERROR, what);
        let source = message.params.iter().find(|param| param.kind == ACCESS_SPEC);
        let missing = || Refusal::error(StatusCode::MISSING_PARAMETER, "AccessSpec is missing");
        let source = source.ok_or_else(missing)?.clone();
        let mut cursor = Cursor::new("AccessSpec", &source.fields);
        let (id, antenna): (u32, u16) =
            (cursor.get().map_err(malformed)?, cursor.get().map_err(malformed)?);
        let (_, state): (u8, u8) =
            (cursor.get().map_err(malformed)?, cursor.get().map_err(malformed)?);
        let rospec = cursor.get().map_err(malformed)?;
        if id == 0 || state != 0 || self.specs.contains_key(&id) || self.specs.len() >= SPECS_MAX {
            return Err(refuse("AccessSpecID is 0, there already, one too many, or not disabled"));
        }
        let command = child(&source, 209).ok_or_else(|| refuse("AccessCommand is missing"))?;
        let target = child(command, 338).and_then(|tag| child(tag, 339));
        if target.is_none() || command.params.len() > OPS_MAX + 1 || ops(command).next().is_none() {
            return Err(refuse("an AccessCommand needs a C1G2TagSpec and 1 to 8 OpSpecs"));
        }
        let left = child(&source, 208).and_then(|stop| match stop.fields[..] {
            [1, high, low] => Some(u16::from_be_bytes([high, low])).filter(|count| *count > 0),
            _ => None,
        });
        let spec = Spec { source, antenna, rospec, enabled: false, left, due_us: 0 };
        self.specs.insert(id, spec);
        Ok(())
    }

    /// DELETE, ENABLE or DISABLE; 0 is all.
    pub(super) fn change(&mut self, message: &Message) -> Result<(), Refusal> {
        use gatewarden_llrp::codec::MessageKind;
        let id: u32 = message.cursor().get().map_err(malformed)?;
        if id != 0 && !self.specs.contains_key(&id) {
            let what = format!("there is no AccessSpec {id}");
            return Err(Refusal::error(StatusCode::FIELD_ERROR, &what));
        }
        if message.kind == MessageKind::DELETE_ACCESSSPEC {
            self.specs.retain(|at, _| id != 0 && *at != id);
            return Ok(());
        }
        let named = self.specs.iter_mut().filter(|(at, _)| id == 0 || **at == id);
        named.for_each(|(_, spec)| spec.enabled = message.kind == MessageKind::ENABLE_ACCESSSPEC);
        Ok(())
    }

    /// Works on what is in the field; gives one TagReportData a tag and spec.
    pub(super) fn run(&mut self, rospec: u32, field: &mut Field, now_us: u64) -> Vec<Param> {
        let mut reports = Vec::new();
        let ids: Vec<u32> = self.specs.keys().copied().collect();
        for id in ids {
            let Some(spec) = self.specs.get_mut(&id) else { continue };
            let named = spec.rospec == 0 || spec.rospec == rospec;
            if !spec.enabled || !named || spec.due_us > now_us {
                continue;
            }
            spec.due_us = now_us.saturating_add(AGAIN_US);
            let (antenna, mut left) = (spec.antenna, spec.left);
            let Some(command) = child(&spec.source, 209).cloned() else { continue };
            for seen in field.all(now_us) {
                let at_it = antenna == 0 || antenna == seen.antenna;
                if left == Some(0) || !at_it || !field.is_plugged(seen.antenna) {
                    continue;
                }
                let mut memory = self.memory(&seen.epc);
                if memory.killed || !matches(&command, &seen.epc, &memory) {
                    continue;
                }
                left = left.map(|left| left - 1);
                let (results, epc) = work(&command, &seen.epc, &mut memory);
                if *epc != *seen.epc {
                    self.memories.remove(&*seen.epc);
                    field.rename(&seen.epc, &epc);
                }
                self.set_memory(&epc, memory);
                reports.push(report(id, &seen.epc, seen.antenna, results));
            }
            if let Some(spec) = self.specs.get_mut(&id) {
                spec.left = left;
            }
            if left == Some(0) {
                self.specs.remove(&id);
            }
        }
        reports
    }
}

fn report(spec: u32, epc: &[u8], antenna: u16, results: Vec<Param>) -> Param {
    let leaf = |kind, fields| Param { kind, fields, params: Vec::new() };
    let bits = u16::try_from(epc.len() * 8).unwrap_or(u16::MAX);
    let mut params = vec![
        leaf(241, [&bits.to_be_bytes()[..], epc].concat()),
        leaf(1, antenna.to_be_bytes().to_vec()),
        leaf(16, spec.to_be_bytes().to_vec()),
    ];
    params.extend(results);
    Param { kind: 240, fields: Vec::new(), params }
}

fn child(param: &Param, kind: u16) -> Option<&Param> {
    param.params.iter().find(|param| param.kind == kind)
}

fn ops(command: &Param) -> impl Iterator<Item = &Param> {
    command.params.iter().filter(|param| matches!(param.kind, 341..=347 | 357..=359))
}

/// The words of a bank.
fn bank(number: u8, epc: &[u8], memory: &TagMemory) -> Vec<u16> {
    let words = |value: u32| value.to_be_bytes().map(u16::from);
    match number {
        0 => [memory.kill_password, memory.access_password]
            .into_iter()
            .flat_map(|password| {
                let [a, b, c, d] = words(password);
                [a << 8 | b, c << 8 | d]
            })
            .collect(),
        1 => {
            let words = epc
                .chunks(2)
                .map(|pair| u16::from(pair[0]) << 8 | pair.get(1).map_or(0, |low| u16::from(*low)));
            [super::report::crc_of(epc), super::report::pc_of(epc)]
                .into_iter()
                .chain(words)
                .collect()
        }
        2 => memory.tid.clone(),
        _ => memory.user.clone(),
    }
}

fn matches(command: &Param, epc: &[u8], memory: &TagMemory) -> bool {
    let targets = child(command, 338).into_iter().flat_map(|tag| &tag.params);
    targets
        .filter(|target| target.kind == 339)
        .all(|target| matches_one(&target.fields, epc, memory).unwrap_or(false))
}

fn matches_one(fields: &[u8], epc: &[u8], memory: &TagMemory) -> Option<bool> {
    let mut cursor = Cursor::new("C1G2TargetTag", fields);
    let flags: u8 = cursor.get().ok()?;
    let pointer: u16 = cursor.get().ok()?;
    let bits: u16 = cursor.get().ok()?;
    let mask = cursor.take(usize::from(bits).div_ceil(8)).ok()?;
    let data_bits: u16 = cursor.get().ok()?;
    let data = cursor.take(usize::from(data_bits).div_ceil(8)).ok()?;
    let words = bank(flags >> 6, epc, memory);
    let stored: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
    let bit = |bytes: &[u8], at: usize| bytes.get(at / 8).map(|byte| byte >> (7 - at % 8) & 1);
    let same = (0..usize::from(bits.min(data_bits))).all(|at| {
        bit(mask, at) == Some(0) || bit(&stored, usize::from(pointer) + at) == bit(data, at)
    });
    Some(same == (flags & 0x20 != 0))
}

/// All operations on one tag, and its EPC after them.
fn work(command: &Param, epc: &[u8], memory: &mut TagMemory) -> (Vec<Param>, Vec<u8>) {
    let mut epc = epc.to_vec();
    let results = ops(command).filter_map(|op| one(op, &mut epc, memory)).collect();
    (results, epc)
}

fn one(op: &Param, epc: &mut Vec<u8>, memory: &mut TagMemory) -> Option<Param> {
    let mut cursor = Cursor::new("OpSpec", &op.fields);
    let id: u16 = cursor.get().ok()?;
    let password: u32 = cursor.get().ok()?;
    let known = memory.access_password == 0 || password == memory.access_password;
    let wrong = password != 0 && !known;
    let result = |kind, code: u8, rest: &[u8]| {
        let fields = [&[code][..], &id.to_be_bytes(), rest].concat();
        Some(Param { kind, fields, params: Vec::new() })
    };
    let gone = memory.killed;
    match op.kind {
        341 => {
            let (number, from, count) = place(&mut cursor)?;
            let words = bank(number, epc, memory);
            let to = if count == 0 { words.len() } else { from + count };
            let read = words.get(from..to);
            let code = match read {
                _ if gone => 2,
                _ if wrong => 6,
                _ if number == 0 && !known && (memory.locked[0] || memory.locked[1]) => 5,
                None => 4,
                Some(_) => 0,
            };
            let read = read.filter(|_| code == 0).unwrap_or(&[]);
            let mut rest = u16::try_from(read.len()).ok()?.to_be_bytes().to_vec();
            rest.extend(read.iter().flat_map(|word| word.to_be_bytes()));
            result(349, code, &rest)
        }
        342 | 347 => {
            let (number, from) = (cursor.get::<u8>().ok()? >> 6, cursor.get::<u16>().ok()?);
            let data: Vec<u16> = cursor.get().ok()?;
            let code = match write(number, from.into(), &data, known, epc, memory) {
                _ if gone => 5,
                _ if wrong => 7,
                code => code,
            };
            let written = if code == 0 { u16::try_from(data.len()).ok()? } else { 0 };
            result(if op.kind == 342 { 350 } else { 354 }, code, &written.to_be_bytes())
        }
        346 => {
            let (number, from, count) = place(&mut cursor)?;
            let code =
                if wrong { 7 } else { write(number, from, &vec![0; count], known, epc, memory) };
            result(353, code, &[])
        }
        343 => {
            let code = match memory.kill_password {
                0 => 1,
                right if right == password => 0,
                _ => 6,
            };
            memory.killed |= code == 0;
            result(351, code, &[])
        }
        344 => {
            let code = if known { lock(op, memory) } else { 5 };
            result(352, code, &[])
        }
        357 => result(360, 5, &[]),
        358 => result(361, 4, &[]),
        _ => result(362, 4, &[0, 0]),
    }
}

fn place(cursor: &mut Cursor<'_>) -> Option<(u8, usize, usize)> {
    let number = cursor.get::<u8>().ok()? >> 6;
    let from: u16 = cursor.get().ok()?;
    let count: u16 = cursor.get().ok()?;
    Some((number, from.into(), count.into()))
}

/// The code of a write: 0 success, 1 overrun, 2 locked.
fn write(
    number: u8,
    from: usize,
    data: &[u16],
    known: bool,
    epc: &mut Vec<u8>,
    memory: &mut TagMemory,
) -> u8 {
    let mut words = bank(number, epc, memory);
    let locks: &[usize] = match number {
        0 if from >= 2 => &[1],
        0 if from + data.len() <= 2 => &[0],
        0 => &[0, 1],
        1 => &[2],
        2 => &[3],
        _ => &[4],
    };
    if locks.iter().any(|at| memory.locked[*at] && (memory.permanent[*at] || !known)) {
        return 2;
    }
    let Some(place) = words.get_mut(from..from + data.len()) else { return 1 };
    place.copy_from_slice(data);
    let number_of = |words: &[u16]| words.iter().fold(0, |all, word| all << 16 | u32::from(*word));
    match number {
        0 => {
            memory.kill_password = number_of(&words[..2]);
            memory.access_password = number_of(&words[2..]);
        }
        1 => {
            *epc =
                words.iter().skip(2).flat_map(|word| word.to_be_bytes()).take(epc.len()).collect()
        }
        2 => memory.tid = words,
        _ => memory.user = words,
    }
    0
}

fn lock(op: &Param, memory: &mut TagMemory) -> u8 {
    for payload in &op.params {
        let [privilege, field] = payload.fields[..] else { return 4 };
        let at = usize::from(field);
        let Some(permanent) = memory.permanent.get(at) else { return 4 };
        let locks = privilege < 2;
        if *permanent && memory.locked[at] != locks {
            return 7;
        }
        memory.locked[at] = locks;
        memory.permanent[at] |= privilege == 1 || privilege == 2;
    }
    0
}
