//! Definitions: on which occasion who is told what, by which channels, and what follows if nobody reacts.
//!
//! Invariants: one set is whole (its words stand in it), so that the journal can hold it; whatever it names of the
//! house (roles, people, channels) is only a name here. Absent: reading TOML (`gatewarden-config`).

use std::{collections::BTreeMap, fmt, str::FromStr};

use gatewarden_model::{DocumentKind, MovementKind, NoticeId, OperatorId};
use serde::{Deserialize, Serialize};

use crate::{
    Occasion, On, QuietHours,
    facts::{Facts, specs},
    template::{Lang, Slot, TemplateFault, Words, check},
};

/// Most notices of one set.
pub const NOTICES_MAX: usize = 128;
/// Most receivers of one notice or escalation.
pub const RECEIVERS_MAX: usize = 32;
/// Most channels of one notice.
pub const CHANNELS_MAX: usize = 8;
/// Most escalations of one notice.
pub const ESCALATIONS_MAX: usize = 5;
/// Most facts that make a repeat the same.
pub const SAME_MAX: usize = 6;

/// Everything that a house tells.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoticeSet {
    /// The channels of notices that name none, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<String>,
    /// When it is quiet.
    #[serde(default, skip_serializing_if = "is_default")]
    pub quiet: QuietHours,
    /// The notices, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub notices: BTreeMap<NoticeId, Notice>,
}

/// One definition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notice {
    /// What it is called.
    pub title: String,
    /// On which occasion.
    pub on: On,
    /// On which of them only.
    #[serde(default, skip_serializing_if = "is_default")]
    pub only: Only,
    /// To whom.
    pub to: Vec<Receiver>,
    /// By which channels: the first that takes it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<String>,
    /// How bad it is.
    pub severity: Severity,
    /// In quiet hours.
    pub quiet: Waiting,
    /// The facts by which a repeat is the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub same: Vec<String>,
    /// For how many minutes a repeat is counted instead of told.
    #[serde(default, skip_serializing_if = "is_default")]
    pub same_minutes: u32,
    /// Who is told if nobody reacts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub escalate: Vec<Escalation>,
    /// Whether it brings a one-time link to whoever may sign.
    #[serde(default, skip_serializing_if = "is_default")]
    pub link: bool,
    /// What it says.
    pub words: Words,
}

/// What narrows an occasion: of each list that stands one must fit.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Only {
    /// Documents of these kinds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<DocumentKind>,
    /// Movements of these kinds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub movements: Vec<MovementKind>,
    /// These rules.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<String>,
}

/// Who is told if nobody reacts for so long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Escalation {
    /// After how many minutes from the occasion.
    pub after_minutes: u32,
    /// Whom.
    pub to: Vec<Receiver>,
}

/// How bad something is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Good to know.
    Info,
    /// To be looked at.
    #[default]
    Notice,
    /// Something is wrong.
    Warning,
    /// At once.
    Urgent,
}

impl Severity {
    /// The names, from the least.
    pub const NAMES: [&'static str; 4] = ["info", "notice", "warning", "urgent"];

    /// What people read.
    #[must_use]
    pub fn word(self, lang: Lang) -> &'static str {
        match (lang, self) {
            (Lang::Zh, Self::Info) => "信息",
            (Lang::Zh, Self::Notice) => "提醒",
            (Lang::Zh, Self::Warning) => "警告",
            (Lang::Zh, Self::Urgent) => "紧急",
            (Lang::En, one) => Self::NAMES[one as usize],
        }
    }
}

/// What a notice does in the quiet hours of its receiver.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Waiting {
    /// It waits for their end.
    #[default]
    Hold,
    /// It waits for their end and comes with others in one message.
    Digest,
    /// It does not wait.
    Through,
}

/// To whom something is told.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Receiver {
    /// `role:NAME`: everybody who holds it.
    Role(String),
    /// `operator:NAME`.
    Operator(OperatorId),
    /// `field:NAME`: somebody whom the occasion names.
    Field(String),
    /// `approvers`: whose signature is awaited.
    Approvers,
    /// `named`: whom the occasion itself says to tell, as a rule does.
    Named,
    /// `manager-of:NAME`: who stands above somebody whom the occasion names; `initiator` is the author.
    ManagerOf(String),
    /// `group:ROLE`: the audience of a channel that has no receivers of its own, such as a robot's group. It may
    /// see what this role may.
    Group(String),
}

/// Why a text names no receiver.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no receiver: use role:NAME, operator:NAME, field:NAME, manager-of:NAME, group:ROLE, approvers or named"
)]
pub struct ReceiverError(pub String);

impl FromStr for Receiver {
    type Err = ReceiverError;

    fn from_str(text: &str) -> Result<Self, ReceiverError> {
        let wrong = || ReceiverError(text.chars().take(80).collect());
        match text {
            "approvers" => return Ok(Self::Approvers),
            "named" => return Ok(Self::Named),
            _ => {}
        }
        let (kind, name) = text.split_once(':').ok_or_else(wrong)?;
        let name: OperatorId = name.parse().map_err(|_| wrong())?;
        Ok(match kind {
            "operator" => Self::Operator(name),
            "role" => Self::Role(name.to_string()),
            "field" => Self::Field(name.to_string()),
            "manager-of" => Self::ManagerOf(name.to_string()),
            "group" => Self::Group(name.to_string()),
            _ => return Err(wrong()),
        })
    }
}

impl fmt::Display for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Role(name) => write!(f, "role:{name}"),
            Self::Operator(name) => write!(f, "operator:{name}"),
            Self::Field(name) => write!(f, "field:{name}"),
            Self::ManagerOf(name) => write!(f, "manager-of:{name}"),
            Self::Approvers => f.write_str("approvers"),
            Self::Named => f.write_str("named"),
            Self::Group(name) => write!(f, "group:{name}"),
        }
    }
}

impl Serialize for Receiver {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Receiver {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// What is wrong with a definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SetFault {
    /// A value of a key names what the occasion does not have.
    Key {
        /// Which notice.
        notice: NoticeId,
        /// Which key.
        key: &'static str,
        /// Which kind of mistake.
        code: &'static str,
        /// What is wrong.
        message: String,
        /// The word that is wrong, as it stands there; empty where it is none.
        word: String,
        /// What would be right, each a word.
        known: Vec<String>,
    },
    /// A part of its words.
    Words {
        /// Which notice.
        notice: NoticeId,
        /// In which language.
        lang: Lang,
        /// Which part.
        slot: Slot,
        /// What and where.
        fault: TemplateFault,
    },
}

impl NoticeSet {
    /// The notices that an occasion calls for.
    pub fn called_for(&self, occasion: &Occasion) -> impl Iterator<Item = (&NoticeId, &Notice)> {
        self.notices.iter().filter(|(_, notice)| notice.fits(occasion))
    }

    /// The channels of a notice, in order.
    #[must_use]
    pub fn channels_of<'a>(&'a self, notice: &'a Notice) -> &'a [String] {
        if notice.channels.is_empty() { &self.channels } else { &notice.channels }
    }

    /// Everything that is wrong with the definitions by themselves.
    #[must_use]
    pub fn check(&self) -> Vec<SetFault> {
        self.notices.iter().flat_map(|(id, notice)| notice.check(id)).collect()
    }
}

impl Notice {
    /// Whether an occasion is one of this notice.
    #[must_use]
    pub fn fits(&self, occasion: &Occasion) -> bool {
        let Only { documents, movements, rules } = &self.only;
        let kind = occasion.document.as_ref().map(|document| document.kind);
        self.on == occasion.on
            && (documents.is_empty() || kind.is_some_and(|kind| documents.contains(&kind)))
            && (movements.is_empty()
                || occasion.movement.is_some_and(|kind| movements.contains(&kind)))
            && (rules.is_empty() || occasion.rule.as_ref().is_some_and(|rule| rules.contains(rule)))
    }

    /// What makes a repeat the same; none where each is told.
    #[must_use]
    pub fn key(&self, id: &NoticeId, facts: &Facts) -> Option<String> {
        if self.same_minutes == 0 {
            return None;
        }
        let values = self.same.iter().filter_map(|name| facts.get(name));
        let parts: Vec<String> = values.map(ToString::to_string).collect();
        Some(format!("{id} {}", parts.join(" ")))
    }

    /// All receivers, those of escalations too.
    pub fn receivers(&self) -> impl Iterator<Item = &Receiver> {
        self.to.iter().chain(self.escalate.iter().flat_map(|step| &step.to))
    }

    fn check(&self, id: &NoticeId) -> Vec<SetFault> {
        let specs = specs(self.on);
        let key = |key, code, message, word: String, known: Vec<String>| SetFault::Key {
            notice: id.clone(),
            key,
            code,
            message,
            word,
            known,
        };
        let mut faults = vec![];
        for name in &self.same {
            if !specs.iter().any(|spec| spec.name == name) {
                let known = specs.iter().map(|spec| spec.name.to_owned()).collect();
                let message = format!("{} has no fact {name:?}", self.on.name());
                faults.push(key("same", "unknown-fact", message, name.clone(), known));
            }
        }
        for receiver in self.receivers() {
            let people = self.on.people();
            let known = || people.iter().map(|name| format!("field:{name}")).collect();
            match receiver {
                Receiver::Field(name) if !people.contains(&name.as_str()) => {
                    let message = format!("{} names no {name:?}", self.on.name());
                    faults.push(key(
                        "to",
                        "unknown-receiver",
                        message,
                        receiver.to_string(),
                        known(),
                    ));
                }
                Receiver::Named if !self.on.names_receivers() => {
                    let message = format!("{} says of nobody to tell him", self.on.name());
                    let word = receiver.to_string();
                    faults.push(key("to", "unknown-receiver", message, word, known()));
                }
                Receiver::Approvers if self.on != On::ApprovalWaiting => {
                    let message = format!("{} waits for nobody's signature", self.on.name());
                    faults.push(key(
                        "to",
                        "unknown-receiver",
                        message,
                        receiver.to_string(),
                        known(),
                    ));
                }
                _ => {}
            }
        }
        if self.link && self.on != On::ApprovalWaiting {
            let message = format!("nothing is signed on {}", self.on.name());
            let known = vec![On::ApprovalWaiting.name().into()];
            faults.push(key("link", "no-link", message, String::new(), known));
        }
        for lang in Lang::ALL {
            for slot in Slot::ALL {
                let text = self.words.said(lang).slot(slot);
                let found = check(slot, text, &specs).into_iter();
                faults.extend(found.map(|fault| SetFault::Words {
                    notice: id.clone(),
                    lang,
                    slot,
                    fault,
                }));
            }
        }
        faults
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
