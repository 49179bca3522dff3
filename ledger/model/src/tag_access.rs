//! Work on a tag's memory, as entries tell of it: what was asked of a reader, and what came of it.
//!
//! Invariants: no password ever stands here, neither one that was used nor one that was written; what is not known to
//! have happened or not is `unknown`. Words are 16 bits, as upper-case hex. Absent: how a reader does it
//! (`gatewarden_llrp::access`).

use serde::{Deserialize, Serialize};

use crate::{Action, Tid};

/// Most words of one operation.
pub const TAG_WORDS_MAX: usize = 64;

/// A memory bank of a Gen2 tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TagBank {
    /// The passwords.
    Reserved,
    /// CRC, PC, then the EPC from word 2.
    Epc,
    /// What the chip says of itself.
    Tid,
    /// For the user.
    User,
}

/// What a lock covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TagField {
    /// The kill password.
    KillPassword,
    /// The access password.
    AccessPassword,
    /// The EPC bank.
    Epc,
    /// The TID bank.
    Tid,
    /// The user bank.
    User,
}

/// What a lock allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TagLock {
    /// Writing with the password only.
    Lock,
    /// Never again.
    PermaLock,
    /// For ever free.
    PermaUnlock,
    /// Free.
    Unlock,
}

/// One operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "kebab-case", deny_unknown_fields)]
pub enum TagOp {
    /// Reads words.
    Read {
        /// Where; never the passwords.
        bank: TagBank,
        /// The first word.
        pointer: u16,
        /// How many.
        words: u16,
    },
    /// Writes words, and reads them back.
    Write {
        /// Where.
        bank: TagBank,
        /// The first word.
        pointer: u16,
        /// How many.
        words: u16,
        /// What; none where it is a password.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        data: Option<String>,
    },
    /// Locks or unlocks, and tries it.
    Lock {
        /// What.
        field: TagField,
        /// How.
        lock: TagLock,
    },
    /// Silences the tag for ever.
    Kill {},
}

impl TagOp {
    /// The right that it needs in the module `tag`.
    #[must_use]
    pub fn action(&self) -> Action {
        match self {
            Self::Read { .. } => Action::View,
            Self::Write { .. } => Action::Modify,
            Self::Lock { .. } => Action::Execute,
            Self::Kill {} => Action::Delete,
        }
    }

    /// Whether it can't be taken back: then it needs a second person, or a stronger proof than a PIN.
    #[must_use]
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Lock { .. } | Self::Kill {})
    }

    /// In words.
    #[must_use]
    pub fn words(&self) -> String {
        let bank = |bank: &TagBank| match bank {
            TagBank::Reserved => "the passwords",
            TagBank::Epc => "the EPC bank",
            TagBank::Tid => "the TID bank",
            TagBank::User => "the user bank",
        };
        match self {
            Self::Read { bank: of, pointer, words } => {
                format!("read {words} words of {} from word {pointer}", bank(of))
            }
            Self::Write { bank: of, pointer, data: Some(data), .. } => {
                format!("write {data} to {} from word {pointer}", bank(of))
            }
            Self::Write { bank: of, pointer, words, data: None } => {
                format!("write {words} words to {} from word {pointer}", bank(of))
            }
            Self::Lock { field, lock } => {
                let of = match field {
                    TagField::KillPassword => "the kill password",
                    TagField::AccessPassword => "the access password",
                    TagField::Epc => "the EPC bank",
                    TagField::Tid => "the TID bank",
                    TagField::User => "the user bank",
                };
                match lock {
                    TagLock::Lock => format!("lock {of}"),
                    TagLock::PermaLock => format!("lock {of} for ever"),
                    TagLock::PermaUnlock => format!("unlock {of} for ever"),
                    TagLock::Unlock => format!("unlock {of}"),
                }
            }
            Self::Kill {} => "kill it".to_owned(),
        }
    }
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case", deny_unknown_fields)]
pub enum TagOutcome {
    /// It was done: what was written was read back, a lock was tried, a killed tag was silent.
    Done {
        /// The tag's TID, as far as it was read.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tid: Option<Tid>,
        /// The words that were read, or read back; none where they are passwords.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        words: Option<String>,
    },
    /// The tag is as it was.
    NotDone {
        /// Why.
        reason: String,
    },
    /// It may have been done, in part or whole.
    Unknown {
        /// Why.
        reason: String,
    },
}

impl TagOutcome {
    /// In words.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Done { tid, words } => {
                let tid = tid.as_ref().map(|tid| format!(", TID {tid}")).unwrap_or_default();
                let read =
                    words.as_ref().map(|words| format!(", read {words}")).unwrap_or_default();
                format!("done{tid}{read}")
            }
            Self::NotDone { reason } => format!("not done: {reason}"),
            Self::Unknown { reason } => format!("NOT KNOWN whether it was done: {reason}"),
        }
    }
}
