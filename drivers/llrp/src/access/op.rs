//! Operations and the AccessSpec that holds them (LLRP 1.1 clauses 12 and 16.2.1.3).

use crate::codec::Param;

const ACCESS_SPEC: u16 = 207;
const STOP_TRIGGER: u16 = 208;
const COMMAND: u16 = 209;
const REPORT_SPEC: u16 = 239;
const TAG_SPEC: u16 = 338;
const TARGET_TAG: u16 = 339;
const LOCK_PAYLOAD: u16 = 345;
const GEN2: u8 = 1;
/// Where the EPC begins in its bank, in bits.
const EPC_BEGINS_BIT: u16 = 0x20;

/// A memory bank of a Gen2 tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Bank {
    /// Kill password in words 0 and 1, access password in 2 and 3.
    Reserved = 0,
    /// CRC, PC, then the EPC from word 2.
    Epc = 1,
    /// The chip's own number.
    Tid = 2,
    /// For the user.
    User = 3,
}

/// What is locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum LockField {
    /// The kill password.
    KillPassword = 0,
    /// The access password.
    AccessPassword = 1,
    /// The EPC bank.
    Epc = 2,
    /// The TID bank.
    Tid = 3,
    /// The user bank.
    User = 4,
}

impl LockField {
    /// A word that the lock covers.
    pub(super) fn a_word(self) -> (Bank, u16) {
        match self {
            Self::KillPassword => (Bank::Reserved, 0),
            Self::AccessPassword => (Bank::Reserved, 2),
            Self::Epc => (Bank::Epc, 2),
            Self::Tid => (Bank::Tid, 0),
            Self::User => (Bank::User, 0),
        }
    }
}

/// What a lock allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Privilege {
    /// Only with the password.
    Lock = 0,
    /// Never again.
    PermaLock = 1,
    /// For ever free.
    PermaUnlock = 2,
    /// Free.
    Unlock = 3,
}

/// One operation. `pointer` is the first word (of 16 bits), `words` how many, `data` the words to write.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)] // the fields are told above
pub enum Operation {
    /// Reads words; 0 words is all from the pointer on.
    Read { bank: Bank, pointer: u16, words: u16 },
    /// Writes words one by one.
    Write { bank: Bank, pointer: u16, data: Vec<u16> },
    /// Writes words at once.
    BlockWrite { bank: Bank, pointer: u16, data: Vec<u16> },
    /// Erases words.
    BlockErase { bank: Bank, pointer: u16, words: u16 },
    /// Locks.
    Lock { field: LockField, privilege: Privilege },
    /// Kills for ever, with the kill password.
    Kill { password: u32 },
    /// Recommissions (1.1): the three low bits of `flags` are SB3, SB2, LSB.
    Recommission { password: u32, flags: u8 },
    /// Locks blocks for ever (1.1).
    BlockPermalock { bank: Bank, pointer: u16, mask: Vec<u16> },
}

impl Operation {
    /// The OpSpec.
    pub(super) fn to_param(&self, id: u16, password: u32) -> Param {
        let mut fields = id.to_be_bytes().to_vec();
        match self {
            Self::Kill { password } | Self::Recommission { password, .. } => {
                fields.extend(password.to_be_bytes());
            }
            _ => fields.extend(password.to_be_bytes()),
        }
        let mut place = |bank: &Bank, pointer: &u16| {
            fields.push((*bank as u8) << 6);
            fields.extend(pointer.to_be_bytes());
        };
        let mut params = Vec::new();
        let kind = match self {
            Self::Read { bank, pointer, words } => {
                place(bank, pointer);
                fields.extend(words.to_be_bytes());
                341
            }
            Self::BlockErase { bank, pointer, words } => {
                place(bank, pointer);
                fields.extend(words.to_be_bytes());
                346
            }
            Self::Write { bank, pointer, data } => {
                place(bank, pointer);
                list(data, &mut fields);
                342
            }
            Self::BlockWrite { bank, pointer, data } => {
                place(bank, pointer);
                list(data, &mut fields);
                347
            }
            Self::BlockPermalock { bank, pointer, mask } => {
                place(bank, pointer);
                list(mask, &mut fields);
                358
            }
            Self::Kill { .. } => 343,
            Self::Recommission { flags, .. } => {
                fields.push(flags & 7);
                357
            }
            Self::Lock { field, privilege } => {
                params.push(leaf(LOCK_PAYLOAD, vec![*privilege as u8, *field as u8]));
                344
            }
        };
        Param { kind, fields, params }
    }
}

/// Which tag: those whose bits in a bank match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Where to look.
    pub bank: Bank,
    /// The first bit.
    pub pointer_bits: u16,
    /// How many bits.
    pub bits: u16,
    /// Which of the bits count, filled to whole bytes.
    pub mask: Vec<u8>,
    /// What they must be, as long as `mask`.
    pub data: Vec<u8>,
}

impl Target {
    /// The tag with exactly these bytes as the beginning of its EPC; 31 words at most.
    #[must_use]
    pub fn epc(epc: &[u8]) -> Self {
        let epc = &epc[..epc.len().min(62)];
        let bits = u16::try_from(epc.len() * 8).unwrap_or(u16::MAX);
        let mask = vec![0xFF; epc.len()];
        Self { bank: Bank::Epc, pointer_bits: EPC_BEGINS_BIT, bits, mask, data: epc.to_vec() }
    }

    fn to_param(&self) -> Param {
        // Bank in the top two bits, then Match.
        let mut fields = vec![(self.bank as u8) << 6 | 0x20];
        fields.extend(self.pointer_bits.to_be_bytes());
        for bytes in [&self.mask, &self.data] {
            fields.extend(self.bits.to_be_bytes());
            fields.extend(bytes.iter().take(usize::from(self.bits).div_ceil(8)));
        }
        leaf(TARGET_TAG, fields)
    }
}

/// An AccessSpec, disabled as it must be when added; `rospec` 0 and `antenna` 0 are all, `count` 0 is no limit.
#[must_use]
pub fn access_spec(
    id: u32,
    (rospec, antenna): (u32, u16),
    target: &Target,
    ops: &[(u16, Operation)],
    (password, count): (u32, u16),
) -> Param {
    let mut fields = id.to_be_bytes().to_vec();
    fields.extend(antenna.to_be_bytes());
    fields.extend([GEN2, 0]);
    fields.extend(rospec.to_be_bytes());
    let mut stop = vec![u8::from(count > 0)];
    stop.extend(count.to_be_bytes());
    let tag = Param { kind: TAG_SPEC, fields: vec![], params: vec![target.to_param()] };
    let ops = ops.iter().map(|(id, op)| op.to_param(*id, password));
    let command =
        Param { kind: COMMAND, fields: vec![], params: std::iter::once(tag).chain(ops).collect() };
    let params = vec![leaf(STOP_TRIGGER, stop), command, leaf(REPORT_SPEC, vec![1])];
    Param { kind: ACCESS_SPEC, fields, params }
}

fn leaf(kind: u16, fields: Vec<u8>) -> Param {
    Param { kind, fields, params: Vec::new() }
}

fn list(words: &[u16], out: &mut Vec<u8>) {
    let count = u16::try_from(words.len()).unwrap_or(u16::MAX);
    out.extend(count.to_be_bytes());
    out.extend(words.iter().take(count.into()).flat_map(|word| word.to_be_bytes()));
}
