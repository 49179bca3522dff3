//! Random messages by the definition tables, deterministic by seed.

use std::collections::BTreeSet;

use gatewarden_llrp::codec::{
    Message, MessageKind, Param,
    definitions::{self, Def, Sub, Type},
};

/// Deterministic numbers (splitmix64).
#[derive(Default)]
pub(crate) struct Dice {
    seed: u64,
    /// What the reader of the messages knows, by type and vendor's subtype; then only such types are made,
    /// texts are text, runs of bits are whole bytes, and numbers are not 0.
    known: Option<Known>,
}

/// Vendor and type, or subtype.
pub(crate) type Known = BTreeSet<(Option<u32>, u16)>;

impl Dice {
    #[allow(dead_code)] // only where there are none
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, known: None }
    }

    #[allow(dead_code)] // only where there are peers
    pub(crate) fn for_peer(seed: u64, known: Known) -> Self {
        Self { seed, known: Some(known) }
    }

    pub(crate) fn roll(&mut self) -> u64 {
        self.seed = self.seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.seed;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.roll() % u64::try_from(bound).unwrap()).unwrap()
    }

    pub(crate) fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.roll().to_be_bytes()[0]).collect()
    }

    /// The fields of a row with random values, reserved bits zero.
    pub(crate) fn fields(&mut self, def: &Def) -> Vec<u8> {
        let (mut out, mut bits, mut left) = (Vec::new(), 0u8, 0);
        for field in def.fields {
            let (count, mask) = match field.kind {
                Type::Flag => (1, 1),
                Type::Bits(count) => (count.into(), 1),
                Type::Reserved(count) => (usize::from(count), 0),
                kind => {
                    self.whole(kind, &mut out);
                    continue;
                }
            };
            for _ in 0..count {
                bits = (bits << 1) | (self.roll().to_be_bytes()[0] & mask);
                left += 1;
                if left == 8 {
                    out.push(bits);
                    (bits, left) = (0, 0);
                }
            }
        }
        out
    }

    pub(crate) fn whole(&mut self, kind: Type, out: &mut Vec<u8>) {
        let counted = self.below(5);
        let bits = if self.known.is_some() { counted * 8 } else { counted * 3 };
        let (count, bytes) = match kind {
            Type::U8 | Type::S8 => (None, 1),
            Type::U16 | Type::S16 => (None, 2),
            Type::U32 | Type::S32 => (None, 4),
            Type::U64 => (None, 8),
            Type::Bytes(bytes) => (None, bytes),
            Type::Rest => (None, counted),
            Type::List16 => (Some(counted), counted * 2),
            Type::List32 => (Some(counted), counted * 4),
            Type::BitString => (Some(bits), bits.div_ceil(8)),
            _ => (Some(counted), counted),
        };
        out.extend(count.into_iter().flat_map(|count| u16::try_from(count).unwrap().to_be_bytes()));
        let bytes = self.bytes(bytes).into_iter();
        match (&self.known, kind) {
            (Some(_), Type::Text) => out.extend(bytes.map(|byte| b'a' + byte % 26)),
            (Some(_), _) => out.extend(bytes.map(|byte| byte.max(1))),
            (None, _) => out.extend(bytes),
        }
    }

    pub(crate) fn params(&mut self, subs: &[Sub], depth: usize) -> Vec<Param> {
        let mut params = Vec::new();
        for sub in subs {
            let more = if depth > 4 { 0 } else { self.below(if sub.many { 3 } else { 2 }) };
            let count = more.max(sub.min.into());
            for _ in 0..count {
                let choices = self.choices(sub.name);
                if !choices.is_empty() {
                    let (vendor, def) = choices[self.below(choices.len())];
                    params.push(self.param(vendor, def, depth + 1));
                }
            }
        }
        params
    }

    /// The rows that `name` stands for; to a peer, of those it knows. A vendor's is any of its types then.
    fn choices(&self, name: &'static str) -> Vec<Row> {
        let Some(known) = &self.known else { return named(name) };
        let rows = if name == "Custom" { all_params() } else { named(name) };
        rows.into_iter()
            .filter(|(vendor, def)| known.contains(&(*vendor, def.kind)))
            .filter(|(vendor, _)| name != "Custom" || vendor.is_some())
            .collect()
    }

    pub(crate) fn param(&mut self, vendor: Option<u32>, def: &Def, depth: usize) -> Param {
        let fields = self.fields(def);
        let params = self.params(def.subs, depth);
        let Some(vendor) = vendor else { return Param { kind: def.kind, fields, params } };
        let mut param = Param::custom(vendor, def.kind.into(), &fields);
        params.iter().for_each(|below| below.encode(&mut param.fields).unwrap());
        param
    }

    pub(crate) fn message(&mut self, vendor: Option<u32>, def: &Def) -> Message {
        let fields = self.fields(def);
        let params = self.params(def.subs, 0);
        let id = u32::from(self.roll().to_be_bytes()[0]);
        let Some(vendor) = vendor else {
            return Message { fields, params, ..Message::new(MessageKind(def.kind), id) };
        };
        let mut message = Message::custom(id, vendor, u8::try_from(def.kind).unwrap(), &fields);
        params.iter().for_each(|below| below.encode(&mut message.fields).unwrap());
        message
    }
}

/// A vendor, if any, and a row.
pub(crate) type Row = (Option<u32>, &'static Def);

fn named(name: &'static str) -> Vec<Row> {
    let choice = definitions::choice(name);
    let names = if choice.is_empty() { vec![name] } else { choice.to_vec() };
    names.into_iter().map(|name| definitions::param_named(name).unwrap()).collect()
}

pub(crate) fn rows(of: impl Fn(u32) -> &'static [Def]) -> Vec<Row> {
    let vendors = definitions::VENDORS.into_iter();
    vendors.flat_map(|vendor| of(vendor).iter().map(move |def| (Some(vendor), def))).collect()
}

pub(crate) fn all_messages() -> Vec<Row> {
    let standard = definitions::messages().map(|def| (None, def));
    standard.chain(rows(|vendor| definitions::vendor_tables(vendor).unwrap().0)).collect()
}

pub(crate) fn all_params() -> Vec<Row> {
    let standard = definitions::params().map(|def| (None, def));
    standard.chain(rows(|vendor| definitions::vendor_tables(vendor).unwrap().1)).collect()
}
