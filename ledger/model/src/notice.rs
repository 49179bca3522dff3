//! Notices: what the journal keeps of something that was told to somebody.
//!
//! Invariants: a notice names the entry that it is about, so what was told can be followed back; whatever
//! becomes of one is exactly one outcome. Absent on purpose: the words that were sent (they are made from the
//! entry, masked by the rights of whoever they went to) and who is told what (`gatewarden-notices`).

use serde::{Deserialize, Serialize};

use crate::{Document, name::NoticeId};

/// Longest name of a receiver or channel, in bytes.
pub const RECEIVER_BYTES_MAX: usize = 96;
/// Longest reason of a refused notice, in bytes.
pub const NOTICE_REASON_BYTES_MAX: usize = 500;

/// What became of a notice to one receiver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoticeSettled {
    /// By which definition.
    pub notice: NoticeId,
    /// The entry that gave occasion.
    pub about: u64,
    /// The document that it was about, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<Document>,
    /// To whom: `operator:NAME`, or `group:ROLE` for the audience of a channel.
    pub receiver: String,
    /// By which channel, where one took it or was the last to refuse it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// How often it was escalated before, 0 for the first receivers.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub step: u32,
    /// How many further occasions of the same it stands for.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub further: u32,
    /// What became of it.
    pub outcome: NoticeOutcome,
}

/// What became of a notice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum NoticeOutcome {
    /// The channel has it.
    Delivered {
        /// How the channel calls it; may be empty.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        remote_id: String,
    },
    /// The channel has it, as one line of a message about several.
    Digested {
        /// How many notices the message was about.
        of: u32,
    },
    /// The same was told to the same receiver a short while before: it was counted, not sent.
    Repeated,
    /// What it asked for was done before it was sent.
    Answered,
    /// No channel took it.
    Rejected {
        /// Why, at most [`NOTICE_REASON_BYTES_MAX`].
        reason: String,
    },
}

impl NoticeOutcome {
    /// The name, as in entries.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Delivered { .. } => "delivered",
            Self::Digested { .. } => "digested",
            Self::Repeated => "repeated",
            Self::Answered => "answered",
            Self::Rejected { .. } => "rejected",
        }
    }
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // A failing unwrap is a failing test.
    use super::*;
    use crate::canonical;

    #[test]
    fn every_outcome_has_one_spelling_and_comes_back() {
        let outcomes = [
            NoticeOutcome::Delivered { remote_id: "task-7".into() },
            NoticeOutcome::Digested { of: 12 },
            NoticeOutcome::Repeated,
            NoticeOutcome::Answered,
            NoticeOutcome::Rejected { reason: "no such user".into() },
        ];
        for outcome in outcomes {
            let settled = NoticeSettled {
                notice: "approval-waiting".parse().unwrap(),
                about: 12,
                document: None,
                receiver: "operator:li.wei".into(),
                channel: Some("wecom".into()),
                step: 0,
                further: 3,
                outcome,
            };
            let bytes = canonical::encode(&settled).unwrap();
            let text = String::from_utf8(bytes.clone()).unwrap();
            assert!(text.contains(settled.outcome.name()) && !text.contains("step"), "{text}");
            assert_eq!(canonical::decode::<NoticeSettled>(&bytes).unwrap(), settled);
        }
        let more = r#"{"about":1,"notice":"n","outcome":{"kind":"answered"},"receiver":"x","y":1}"#;
        assert!(serde_json::from_str::<NoticeSettled>(more).is_err());
    }
}
