//! Whom a reader trusts: keys of logs with the sizes they count for, witnesses, and how many of
//! them must agree. The file is a C2SP tlog-policy; our own addition is `from` and `until`.
//!
//! ```text
//! log VKEY [URL] [from SIZE] [until SIZE]
//! witness NAME VKEY [URL]
//! group NAME all|any|K MEMBER...
//! quorum NAME|none
//! ```
//!
//! A log's name in its VKEY is its origin. `from` and `until` are sizes of checkpoints, both
//! included: a key that was rotated away signs nothing more, whoever has it. A line that is only a
//! VKEY is a `log` line; `quorum none` may be left out where there is no witness. Absent: files and
//! clocks; `check` judges a proof with it.

mod parse;

use ed25519_dalek::VerifyingKey;

use crate::{
    cosignature::WitnessKey,
    note::{self, Checkpoint, NoteError, SignatureLine, verifier_key_text},
};

pub use parse::TRUST_BYTES_MAX;

/// Why a trust file can't be read: what is wrong in which line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct TrustError {
    /// The line, from 1; the last for something that is missing.
    pub line: usize,
    /// What is wrong.
    pub what: String,
}

/// A key of a log and the sizes of checkpoints that it counts for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogKey {
    /// The log's origin, the key's name.
    pub origin: String,
    /// The key.
    pub key: VerifyingKey,
    /// The smallest checkpoint that it may sign.
    pub from: u64,
    /// The largest checkpoint that it may sign; none for the key in force.
    pub until: Option<u64>,
}

impl LogKey {
    /// A key that counts for every size.
    #[must_use]
    pub fn always(origin: &str, key: VerifyingKey) -> Self {
        Self { origin: origin.to_owned(), key, from: 0, until: None }
    }

    /// The key as text.
    #[must_use]
    pub fn text(&self) -> String {
        verifier_key_text(&self.origin, &self.key)
    }

    /// The line of a trust file.
    #[must_use]
    pub fn line(&self) -> String {
        let from = if self.from == 0 { String::new() } else { format!(" from {}", self.from) };
        let until = self.until.map(|until| format!(" until {until}")).unwrap_or_default();
        format!("log {}{from}{until}", self.text())
    }

    /// Whether the line claims to be of this key.
    pub(crate) fn signed(&self, line: &SignatureLine<'_>) -> bool {
        line.is_of(note::ALGORITHM_ED25519, &self.origin, &self.key)
    }

    fn counts_for(&self, size: u64) -> bool {
        self.from <= size && self.until.is_none_or(|until| size <= until)
    }
}

/// A witness with the name that the policy calls it by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownWitness {
    /// The policy's name.
    pub name: String,
    /// Its key.
    pub key: WitnessKey,
}

/// A member of a group, or the quorum itself: a place in the file's lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Member {
    Witness(usize),
    Group(usize),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Group {
    name: String,
    least: usize,
    members: Vec<Member>,
}

/// The keys and the rule that a reader trusts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Trust {
    logs: Vec<LogKey>,
    witnesses: Vec<KnownWitness>,
    groups: Vec<Group>,
    quorum: Option<Member>,
}

/// A witness that cosigned, and when it did, in seconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cosigned {
    /// The policy's name of the witness.
    pub witness: String,
    /// When, by the witness's clock.
    pub time: u64,
}

/// A checkpoint whose signatures were checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// What it says.
    pub checkpoint: Checkpoint,
    /// The log's key that signed it, as text.
    pub key: String,
    /// The known witnesses that cosigned it, in the file's order.
    pub cosigned: Vec<Cosigned>,
}

impl Trust {
    /// Reads a trust file.
    pub fn parse(text: &str) -> Result<Self, TrustError> {
        parse::parse(text)
    }

    /// One log's keys and no witnesses.
    #[must_use]
    pub fn of_logs(logs: Vec<LogKey>) -> Self {
        Self { logs, ..Self::default() }
    }

    /// One log's keys, and `least` of these witnesses.
    #[must_use]
    pub fn with_quorum(logs: Vec<LogKey>, witnesses: Vec<KnownWitness>, least: usize) -> Self {
        let members = (0..witnesses.len()).map(Member::Witness).collect();
        let groups = vec![Group { name: QUORUM_GROUP.to_owned(), least, members }];
        let quorum = (least > 0).then_some(Member::Group(0));
        Self { logs, witnesses, groups: if least > 0 { groups } else { Vec::new() }, quorum }
    }

    /// These logs' keys with the witnesses and the quorum of another.
    #[must_use]
    pub fn with_witnesses_of(logs: Vec<LogKey>, other: &Self) -> Self {
        Self { logs, ..other.clone() }
    }

    /// The logs' keys, in the file's order.
    #[must_use]
    pub fn logs(&self) -> &[LogKey] {
        &self.logs
    }

    /// The witnesses, in the file's order.
    #[must_use]
    pub fn witnesses(&self) -> &[KnownWitness] {
        &self.witnesses
    }

    /// Whether a log of this origin is known.
    #[must_use]
    pub fn knows(&self, origin: &str) -> bool {
        self.logs.iter().any(|log| log.origin == origin)
    }

    /// Checks a checkpoint's signatures: the log's by a key that counts for its size, and the
    /// quorum of witnesses.
    pub fn open(&self, note: &str) -> Result<Sealed, NoteError> {
        let (text, lines) = note::split(note)?;
        let checkpoint = Checkpoint::parse(text)?;
        let key = self.signer(text, &checkpoint, &lines)?.text();
        let cosigned = self.cosigned(text, &lines)?;
        if !self.is_quorum(&cosigned) {
            return Err(NoteError::Unwitnessed { rule: self.rule(), by: names(&cosigned) });
        }
        Ok(Sealed { checkpoint, key, cosigned })
    }

    /// The key that signed `text` and counts for its size.
    pub(crate) fn signer(
        &self,
        text: &str,
        checkpoint: &Checkpoint,
        lines: &[SignatureLine<'_>],
    ) -> Result<&LogKey, NoteError> {
        let Checkpoint { origin, size, .. } = checkpoint;
        if !self.knows(origin) {
            return Err(NoteError::Stranger(origin.clone()));
        }
        let mut late = None;
        for log in self.logs.iter().filter(|log| log.origin == *origin) {
            if !note::is_signed(text, lines, origin, &log.key)? {
                continue;
            }
            if log.counts_for(*size) {
                return Ok(log);
            }
            late = Some(log);
        }
        Err(late.map_or_else(
            || NoteError::Nobody(origin.clone()),
            |log| NoteError::Range {
                key: log.text(),
                size: *size,
                from: log.from,
                until: log.until,
            },
        ))
    }

    /// Which known witnesses cosigned. A line that claims to be of one and does not fit spoils the
    /// whole note.
    pub fn cosigned(
        &self,
        text: &str,
        lines: &[SignatureLine<'_>],
    ) -> Result<Vec<Cosigned>, NoteError> {
        let mut found = Vec::new();
        for known in &self.witnesses {
            let mut newest = None;
            for line in lines {
                newest = newest.max(known.key.signed_at(text, line)?);
            }
            let name = known.name.clone();
            found.extend(newest.map(|time| Cosigned { witness: name, time }));
        }
        Ok(found)
    }

    /// Whether these are enough.
    #[must_use]
    pub fn is_quorum(&self, cosigned: &[Cosigned]) -> bool {
        let signed = |index: &usize| {
            self.witnesses
                .get(*index)
                .is_some_and(|known| cosigned.iter().any(|c| c.witness == known.name))
        };
        // A group names only what stands before it, so one pass in order is enough.
        let mut met: Vec<bool> = Vec::with_capacity(self.groups.len());
        for group in &self.groups {
            let count = group.members.iter().filter(|member| match member {
                Member::Witness(index) => signed(index),
                Member::Group(index) => met.get(*index).copied().unwrap_or(false),
            });
            met.push(count.count() >= group.least);
        }
        match self.quorum {
            None => true,
            Some(Member::Witness(index)) => signed(&index),
            Some(Member::Group(index)) => met.get(index).copied().unwrap_or(false),
        }
    }

    /// The quorum in words.
    #[must_use]
    pub fn rule(&self) -> String {
        match self.quorum {
            None => "none".to_owned(),
            Some(Member::Witness(index)) => {
                self.witnesses.get(index).map_or_else(String::new, |w| w.name.clone())
            }
            Some(Member::Group(index)) => self.groups.get(index).map_or_else(String::new, |g| {
                format!("{} ({} of {})", g.name, g.least, g.members.len())
            }),
        }
    }

    /// The file's text.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        let mut line = |words: String| text.push_str(&(words + "\n"));
        self.logs.iter().for_each(|log| line(log.line()));
        for known in &self.witnesses {
            line(format!("witness {} {}", known.name, known.key.text()));
        }
        for group in &self.groups {
            let members: Vec<&str> = group.members.iter().map(|m| self.name(*m)).collect();
            line(format!("group {} {} {}", group.name, group.least, members.join(" ")));
        }
        line(format!("quorum {}", self.quorum.map_or("none", |member| self.name(member))));
        text
    }

    fn name(&self, member: Member) -> &str {
        match member {
            Member::Witness(index) => self.witnesses.get(index).map_or("", |w| &w.name),
            Member::Group(index) => self.groups.get(index).map_or("", |g| &g.name),
        }
    }
}

/// The group that `with_quorum` makes.
const QUORUM_GROUP: &str = "witnesses";

fn names(cosigned: &[Cosigned]) -> String {
    if cosigned.is_empty() {
        return "nobody".to_owned();
    }
    cosigned.iter().map(|c| c.witness.as_str()).collect::<Vec<_>>().join(", ")
}
