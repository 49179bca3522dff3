//! Labels: what is to be printed, where that stands, and on what evidence it counts as issued.
//!
//! Invariants: a label is *issued* only from *sending* by what its printer confirmed, or from *unknown* by a person
//! who looked; what may have been sent and was not confirmed is *unknown* and never sent again but by a person's
//! decision. Pure. Absent: the format that is sent (the journal has its digest), and talking to printers.

use serde::{Deserialize, Serialize};

use crate::{DeviceId, Hash, ItemId, LabelId, item::is_default};

/// A label to be printed. It never changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Label {
    /// Its id (UUIDv7), which stands in the format too.
    pub id: LabelId,
    /// Where.
    pub printer: DeviceId,
    /// The template's name.
    pub template: String,
    /// The digest of the template's text.
    pub template_digest: Hash,
    /// The digest of the format as it is first sent; what a reprint sends differs in the number of its attempt.
    pub format: Hash,
    /// How many good labels come out of it.
    pub copies: u32,
    /// For which item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<ItemId>,
    /// Of which lot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lot: Option<String>,
    /// For which piece.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// For which handling unit, 18 digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sscc: Option<String>,
    /// For which document, by its number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
    /// The tag in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<LabelTag>,
}

/// What is written to a label's tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabelTag {
    /// The EPC bank from its first word on, in upper-case hexadecimal: what must be read back.
    pub epc: String,
    /// The key that reads of it have.
    pub key: String,
}

/// Where a label stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LabelState {
    /// Not a byte of it was sent.
    Queued,
    /// Some or all of it may have been sent.
    Sending,
    /// It is there: printed, and encoded where it has a tag.
    Issued,
    /// Nobody knows; a person is asked.
    Unknown,
    /// Given up.
    Void,
}

impl LabelState {
    /// The name, as in entries.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Issued => "issued",
            Self::Unknown => "unknown",
            Self::Void => "void",
        }
    }

    /// Whether nothing follows any more.
    #[must_use]
    pub fn is_over(self) -> bool {
        matches!(self, Self::Issued | Self::Void)
    }

    /// Whether the gateway may say by itself that this one follows. After a crash what was being sent is unknown;
    /// what was never sent is void where its format is lost.
    #[must_use]
    pub fn leads_to(self, next: Self) -> bool {
        matches!(
            (self, next),
            (Self::Queued, Self::Sending | Self::Void)
                | (Self::Sending, Self::Issued | Self::Unknown)
        )
    }

    /// What a person's decision makes of it. `read_back` tells whether it has no tag or its tag was read back.
    ///
    /// # Errors
    /// Where there is nothing to decide, or `Printed` is said of a tag that nobody read back.
    pub fn decide(self, verdict: LabelVerdict, read_back: bool) -> Result<Self, LabelError> {
        match (self, verdict) {
            (Self::Unknown, LabelVerdict::Printed) if !read_back => Err(LabelError::NotReadBack),
            (Self::Unknown, LabelVerdict::Printed) => Ok(Self::Issued),
            (Self::Unknown, LabelVerdict::Reprint) => Ok(Self::Queued),
            (Self::Unknown | Self::Queued, LabelVerdict::Void) => Ok(Self::Void),
            (other, _) => Err(LabelError::NotOpen(other.name())),
        }
    }
}

/// What a person decides about a label of which nobody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LabelVerdict {
    /// The label is there and good.
    Printed,
    /// There is no good label: print it again.
    Reprint,
    /// No label is wanted any more.
    Void,
}

impl LabelVerdict {
    /// The name, as in entries.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Printed => "printed",
            Self::Reprint => "reprint",
            Self::Void => "void",
        }
    }
}

/// Why a decision is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LabelError {
    /// Nobody has to decide about it.
    #[error(
        "the label is {0}: only one that is unknown, or not yet sent and to be voided, is decided about"
    )]
    NotOpen(&'static str),
    /// A tag whose EPC was not read back.
    #[error("its tag was not read back as it should be: reprint or void it")]
    NotReadBack,
}

/// What the printer told of a label. Counters are `[before, after]` and absent where the printer does not tell both.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LabelEvidence {
    /// The printer's serial number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub printer: Option<String>,
    /// Labels in its life.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<[u64; 2]>,
    /// Tags encoded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoded: Option<[u64; 2]>,
    /// Tags voided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub voided: Option<[u64; 2]>,
    /// What was read back from the tag's EPC bank, as it was told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub echo: Option<String>,
    /// What was read from the tag's TID bank, in upper-case hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tid: Option<String>,
    /// The digest of all that the printer said about it, byte for byte.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answers: Option<Hash>,
}

impl LabelEvidence {
    /// How many labels came out.
    #[must_use]
    pub fn came_out(&self) -> Option<u64> {
        self.labels.map(|[before, after]| after.saturating_sub(before))
    }

    /// Whether a label has no tag, or its tag was read back as it was to be written.
    #[must_use]
    pub fn reads_back(&self, tag: Option<&LabelTag>) -> bool {
        tag.is_none_or(|tag| {
            self.echo.as_ref().is_some_and(|echo| echo.eq_ignore_ascii_case(&tag.epc))
        })
    }

    /// True where nothing was told.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        is_default(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_sent_twice_but_by_a_person_s_decision() {
        use LabelState::{Issued, Queued, Sending, Unknown, Void};
        assert_eq!(Unknown.decide(LabelVerdict::Reprint, false), Ok(Queued));
        assert_eq!(Unknown.decide(LabelVerdict::Printed, true), Ok(Issued));
        assert_eq!(Unknown.decide(LabelVerdict::Printed, false), Err(LabelError::NotReadBack));
        assert_eq!(Unknown.decide(LabelVerdict::Void, false), Ok(Void));
        assert_eq!(Queued.decide(LabelVerdict::Void, true), Ok(Void));
        for state in [Queued, Sending, Issued, Void] {
            let refused = Err(LabelError::NotOpen(state.name()));
            assert_eq!(state.decide(LabelVerdict::Reprint, true), refused);
            // The gateway itself never brings one back to where it would be sent.
            for from in [Sending, Issued, Unknown, Void] {
                assert!(!from.leads_to(Queued) && !from.leads_to(Sending));
            }
        }
        assert!(!Queued.leads_to(Issued) && !Unknown.leads_to(Issued));
    }

    #[test]
    fn a_tag_is_read_back_where_its_echo_is_what_was_to_be_written() {
        let tag = LabelTag { epc: "30AB".to_owned(), key: "k".to_owned() };
        let told = |echo: Option<&str>| {
            let echo = echo.map(str::to_owned);
            LabelEvidence { echo, ..LabelEvidence::default() }.reads_back(Some(&tag))
        };
        assert!(told(Some("30ab")) && !told(Some("30AC")) && !told(None));
        assert!(LabelEvidence::default().reads_back(None));
    }
}
