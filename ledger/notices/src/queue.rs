//! What is to be sent now: the pacing of notices as a state machine, with time as an argument.
//!
//! Invariants: a notice that was taken is sent, part of a digest, counted as a repeat of another, answered
//! before it was sent, or visibly rejected, and ends so exactly once; no channel is used more often than its
//! rates say, in whatever span one looks; what changed is told by `changes` as records, and a queue loaded from
//! the records goes on as this one would. What was being sent when it stopped is sent again, with the same id.
//! Full means that nothing is taken, so the journal is read no further. Absent: sending, masking, words.

mod answer;
mod pick;
mod record;
mod take;
mod time;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use gatewarden_model::{Document, NoticeId};
use serde::{Deserialize, Serialize};

use crate::{On, Severity, Waiting};

pub use answer::Answer;
pub use pick::Sending;
pub use take::{Offer, Offered};
pub use time::Escalate;

/// Most notices that wait.
pub const ROWS_MAX: usize = 10_000;
/// Most rejected notices that are kept for another try; the oldest goes.
pub const REJECTED_MAX: usize = 1_000;
/// Most repeats that are watched for, and most things that wait for a reaction.
pub const WATCHED_MAX: usize = 10_000;
/// First delay before a retry, in microseconds; it doubles.
pub const RETRY_US_FIRST: i64 = 2_000_000;
/// Longest delay before a retry.
pub const RETRY_US_MAX: i64 = 600_000_000;
/// So many failures in a row, and a channel is broken: what has another channel takes that.
pub const FAILURES_MAX: u32 = 5;
/// After so long without success a notice is rejected.
pub const GIVE_UP_US: i64 = 72 * 3_600_000_000;
/// Longest time that a channel may ask to be left alone, or is left alone while it is broken.
pub const PAUSE_US_MAX: i64 = 1_800_000_000;

/// How often a channel may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// At most so many messages, at least 1.
    pub count: u32,
    /// In any span of so many microseconds.
    pub span_us: i64,
}

/// The rates of each channel; one without any is not limited.
pub type ChannelLimits = BTreeMap<String, Vec<Rate>>;

/// Where a notice stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RowState {
    /// It waits.
    Waiting,
    /// It was handed to a channel; what came of it is not known yet.
    Sending,
    /// No channel took it. A person may let it be tried again.
    Rejected,
}

/// What makes a repeat the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Key {
    /// Equal for the same.
    pub text: String,
    /// For how long.
    pub span_us: i64,
}

/// A notice to one receiver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// Its place in the order.
    pub id: u64,
    /// By which definition.
    pub notice: NoticeId,
    /// On which occasion.
    pub on: On,
    /// The entry.
    pub about: u64,
    /// On which document, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<Document>,
    /// To whom: `operator:NAME` or `group:ROLE`.
    pub to: String,
    /// The channels that are left; the first is the one.
    pub channels: Vec<String>,
    /// How bad it is.
    pub severity: Severity,
    /// What it does in quiet hours.
    pub quiet: Waiting,
    /// What a reaction will name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// How often it was escalated before.
    #[serde(default)]
    pub step: u32,
    /// How many further occasions of the same it stands for.
    #[serde(default)]
    pub further: u32,
    /// What makes a repeat the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
    /// When it came, in microseconds of the wall clock.
    pub born_us: i64,
    /// When it may be sent.
    pub due_us: i64,
    /// Whether it waited for the end of quiet hours.
    #[serde(default)]
    pub held: bool,
    /// Whether a digest with it was refused: it goes alone.
    #[serde(default)]
    pub alone: bool,
    /// Where it stands.
    pub state: RowState,
    /// Tries so far, by the channel in use.
    #[serde(default)]
    pub attempts: u32,
    /// Whether an earlier try may have taken effect.
    #[serde(default)]
    pub uncertain: bool,
    /// The last reason of a failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Something that was told, for as long as the same is not told again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Repeat {
    notice: NoticeId,
    about: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    document: Option<Document>,
    to: String,
    key: String,
    until_us: i64,
    further: u32,
}

/// Something that waits for a reaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Open {
    notice: NoticeId,
    about: u64,
    subject: String,
    /// Which escalation comes next, from 1.
    step: u32,
    /// When each of those that are left is due.
    due_us: Vec<i64>,
}

/// What is known of a channel.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Channel {
    /// When it was used, as far back as its rates look.
    used_us: VecDeque<i64>,
    /// It is not used before this.
    #[serde(default)]
    paused_until_us: i64,
    /// Failures in a row.
    #[serde(default)]
    failures: u32,
}

/// Whose turn it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Queue {
    limits: ChannelLimits,
    rows: BTreeMap<u64, Row>,
    repeats: BTreeMap<String, Repeat>,
    open: BTreeMap<String, Open>,
    channels: BTreeMap<String, Channel>,
    next: u64,
    dirty: BTreeSet<String>,
}

impl Queue {
    /// An empty queue.
    #[must_use]
    pub fn new(limits: ChannelLimits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// All notices that wait, are being sent or were rejected, in order.
    pub fn rows(&self) -> impl Iterator<Item = &Row> {
        self.rows.values()
    }

    /// One of them.
    #[must_use]
    pub fn row(&self, id: u64) -> Option<&Row> {
        self.rows.get(&id)
    }

    /// How many wait or are being sent.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.rows.values().filter(|row| row.state != RowState::Rejected).count()
    }

    /// How many things wait for a reaction.
    #[must_use]
    pub fn awaiting(&self) -> usize {
        self.open.len()
    }

    /// How many more may be taken.
    #[must_use]
    pub fn room(&self) -> usize {
        ROWS_MAX.saturating_sub(self.depth())
    }

    /// Whether nothing more is taken for now.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.depth() >= ROWS_MAX || self.open.len() >= WATCHED_MAX
    }

    /// Whether a channel failed too often in a row.
    #[must_use]
    pub fn is_broken(&self, channel: &str) -> bool {
        self.channels.get(channel).is_some_and(|one| one.failures >= FAILURES_MAX)
    }

    /// The channels that are broken.
    pub fn broken(&self) -> impl Iterator<Item = &str> {
        let broken = self.channels.iter().filter(|(_, one)| one.failures >= FAILURES_MAX);
        broken.map(|(name, _)| name.as_str())
    }

    fn put(&mut self, row: Row) {
        self.dirty.insert(record::row_key(row.id));
        self.rows.insert(row.id, row);
    }

    fn remove(&mut self, id: u64) -> Option<Row> {
        self.dirty.insert(record::row_key(id));
        self.rows.remove(&id)
    }
}
