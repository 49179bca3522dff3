//! Occasions: what an entry gives reason to tell, and what is a reaction to something that was told.
//!
//! Invariants: occasions are read off the entry alone, so that a lost queue is made again from the journal; what
//! is about a notice itself gives no occasion, or telling would never end. Absent: who is told (the definitions)
//! and with which facts (`facts`).

mod approval;

use std::collections::BTreeMap;

use gatewarden_model::{
    Actor, Body, ChangeVerdict, Document, Entry, Hash, MovementKind, OperatorId,
};
use serde::{Deserialize, Serialize};

pub(crate) use approval::acted;

use crate::Receiver;

/// What happened that may be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum On {
    /// A document waits for somebody's signature.
    ApprovalWaiting,
    /// Every signature of a document is there.
    Approved,
    /// Somebody who had to sign a document said no for good.
    Rejected,
    /// A document went back to its author.
    Returned,
    /// A workflow lets somebody know of a document.
    Copied,
    /// Something is to be done at a station.
    TaskOpened,
    /// Stock moved.
    Moved,
    /// A count found another quantity than the books.
    CountDifference,
    /// A rule found something.
    RuleFired,
    /// Somebody is to do something.
    TodoOpened,
    /// A pass differs from its task and waits for a decision.
    Held,
    /// A pass that nobody may claim.
    Quarantined,
    /// Something was refused.
    Denied,
    /// An ERP refused a movement for good.
    DeliveryRejected,
    /// A device is not the one that was approved.
    DeviceRefused,
    /// Too many failures locked somebody out until another person unlocks him.
    LockedOut,
    /// What gives rights waits for a second person.
    ChangeRequested,
    /// Evidence is missing.
    Gap,
    /// A channel takes nothing any more.
    ChannelBroken,
}

impl On {
    /// All of them.
    pub const ALL: [Self; 19] = [
        Self::ApprovalWaiting,
        Self::Approved,
        Self::Rejected,
        Self::Returned,
        Self::Copied,
        Self::TaskOpened,
        Self::Moved,
        Self::CountDifference,
        Self::RuleFired,
        Self::TodoOpened,
        Self::Held,
        Self::Quarantined,
        Self::Denied,
        Self::DeliveryRejected,
        Self::DeviceRefused,
        Self::LockedOut,
        Self::ChangeRequested,
        Self::Gap,
        Self::ChannelBroken,
    ];

    /// The names, in the same order.
    pub const NAMES: [&'static str; 19] = [
        "approval-waiting",
        "approved",
        "rejected",
        "returned",
        "copied",
        "task-opened",
        "moved",
        "count-difference",
        "rule-fired",
        "todo-opened",
        "held",
        "quarantined",
        "denied",
        "delivery-rejected",
        "device-refused",
        "locked-out",
        "change-requested",
        "gap",
        "channel-broken",
    ];

    /// The name, as in definitions.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().position(|on| *on == self).map_or("", |at| Self::NAMES[at])
    }

    /// The occasion of this name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::NAMES.iter().position(|known| *known == name).map(|at| Self::ALL[at])
    }

    /// The people that an occasion names beside approvers: `field:…` of a receiver.
    #[must_use]
    pub fn people(self) -> &'static [&'static str] {
        match self {
            Self::ApprovalWaiting
            | Self::Approved
            | Self::Rejected
            | Self::Returned
            | Self::Copied => &["author", "requester"],
            Self::TaskOpened => &["requester"],
            Self::Moved | Self::CountDifference => &["operator", "second", "receiver"],
            Self::Held | Self::Denied | Self::LockedOut | Self::ChangeRequested => &["operator"],
            Self::RuleFired | Self::TodoOpened => &["author", "requester"],
            _ => &[],
        }
    }

    /// Whether an occasion says itself who is to be told: `named` as a receiver.
    #[must_use]
    pub fn names_receivers(self) -> bool {
        matches!(self, Self::RuleFired | Self::TodoOpened | Self::Copied)
    }
}

/// What a one-time link would let its receiver sign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// Which document.
    pub document: Document,
    /// The digest of its version.
    pub digest: Hash,
    /// At which node of its workflow.
    pub node: String,
}

/// What an entry gives reason to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Occasion {
    /// What happened.
    pub on: On,
    /// The entry.
    pub about: u64,
    /// On which document.
    pub document: Option<Document>,
    /// The digest of its version, where the entry names one.
    pub digest: Option<Hash>,
    /// By which kind of movement.
    pub movement: Option<MovementKind>,
    /// By which rule.
    pub rule: Option<String>,
    /// Whose signature is awaited.
    pub approvers: Vec<OperatorId>,
    /// Whom it says itself to tell.
    pub named: Vec<Receiver>,
    /// Who else it concerns, by the names of [`On::people`].
    pub people: BTreeMap<&'static str, OperatorId>,
    /// What a reaction will name; none where nothing is awaited.
    pub subject: Option<String>,
    /// What may be signed from the notice.
    pub grant: Option<Grant>,
}

/// Something was done about what was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reaction {
    /// About what; everything that begins with it and a `/` too.
    pub subject: String,
    /// For whom it is done by that; everybody where nobody is named.
    pub whose: Option<OperatorId>,
}

impl Occasion {
    /// An occasion that names nothing yet.
    #[must_use]
    pub fn new(on: On, about: u64) -> Self {
        Self {
            on,
            about,
            document: None,
            digest: None,
            movement: None,
            rule: None,
            approvers: vec![],
            named: vec![],
            people: BTreeMap::new(),
            subject: None,
            grant: None,
        }
    }

    /// Adds whom the version of its document names: what only the document says.
    pub fn know(&mut self, requester: Option<&str>, author: Option<&OperatorId>) {
        let has = |name: &str| self.on.people().contains(&name);
        let requester = requester.and_then(|name| name.parse::<OperatorId>().ok());
        let people = [("requester", requester), ("author", author.cloned())];
        for (name, who) in people.into_iter().filter(|(name, _)| has(name)) {
            if let Some(who) = who {
                self.people.entry(name).or_insert(who);
            }
        }
    }

    fn on_document(mut self, document: &Document) -> Self {
        self.document = Some(document.clone());
        self
    }

    fn with(mut self, name: &'static str, who: Option<&OperatorId>) -> Self {
        if let Some(who) = who {
            self.people.insert(name, who.clone());
        }
        self
    }

    fn awaiting(mut self, kind: &str, id: impl std::fmt::Display) -> Self {
        self.subject = Some(format!("{kind}/{id}"));
        self
    }
}

/// What an entry gives reason to tell.
#[must_use]
pub fn occasions(entry: &Entry) -> Vec<Occasion> {
    let new = |on| Occasion::new(on, entry.seq);
    match &entry.body {
        Body::TaskOpened { task, .. } => {
            let mut one = new(On::TaskOpened)
                .on_document(&task.document)
                .with("requester", task.requester.as_ref())
                .awaiting("task", task.id);
            one.movement = Some(task.kind);
            one.digest = task.document_digest;
            vec![one]
        }
        Body::Moved { movement, .. } => {
            let of = |on| {
                let mut one = new(on)
                    .on_document(&movement.document)
                    .with("operator", Some(&movement.operator))
                    .with("second", movement.second.as_ref().map(|second| &second.operator))
                    .with("receiver", movement.received_by.as_ref());
                one.movement = Some(movement.kind);
                one.digest = movement.document_digest;
                one
            };
            let differs = movement.counts.iter().any(|count| count.book != count.counted);
            let more = differs.then(|| of(On::CountDifference));
            std::iter::once(of(On::Moved)).chain(more).collect()
        }
        Body::Held { pass, operator, .. } => {
            vec![new(On::Held).with("operator", Some(operator)).awaiting("pass", pass.id)]
        }
        Body::Quarantined { pass, .. } => vec![new(On::Quarantined).awaiting("pass", pass.id)],
        Body::Denied { by, .. } => vec![new(On::Denied).with("operator", who(by))],
        Body::Rejected { movement, lane, .. } => {
            vec![new(On::DeliveryRejected).awaiting("delivery", format!("{lane}/{movement}"))]
        }
        Body::DeviceRefused { device, .. } => {
            vec![new(On::DeviceRefused).awaiting("device", device)]
        }
        Body::SignInRefused { operator: Some(operator), until_unlocked: true, .. } => {
            vec![new(On::LockedOut).with("operator", Some(operator)).awaiting("locked", operator)]
        }
        Body::ChangeRequested { id, by, .. } => {
            vec![new(On::ChangeRequested).with("operator", who(by)).awaiting("change", id)]
        }
        Body::DocumentStepped { document, digest, step, .. } => {
            approval::of_step(entry.seq, document, *digest, step)
        }
        Body::RuleFired { firing, document } => {
            approval::of_firing(entry.seq, firing, document.as_ref())
        }
        Body::Gap { .. } => vec![new(On::Gap)],
        _ => vec![],
    }
}

/// What was done by an entry about something told before.
#[must_use]
pub fn reactions(entry: &Entry) -> Vec<Reaction> {
    let all = |kind: &str, id: &dyn std::fmt::Display| {
        vec![Reaction { subject: format!("{kind}/{id}"), whose: None }]
    };
    match &entry.body {
        Body::TaskClosed { task, .. } => all("task", task),
        Body::Moved { movement, .. } => {
            let task = movement.task.iter().map(|task| format!("task/{task}"));
            let pass = movement.pass.iter().map(|pass| format!("pass/{pass}"));
            task.chain(pass).map(|subject| Reaction { subject, whose: None }).collect()
        }
        Body::HoldDecided { pass, .. } | Body::QuarantineResolved { pass, .. } => all("pass", pass),
        Body::Delivered { movement, lane, .. } => all("delivery", &format!("{lane}/{movement}")),
        Body::DeviceApproved { device, .. } | Body::DeviceBack { device, .. } => {
            all("device", device)
        }
        Body::Unlocked { operator, .. } => all("locked", operator),
        Body::DocumentStepped { document, step, .. } => approval::reactions_of_step(document, step),
        Body::TodoDone { fired, .. } => all("todo", fired),
        // The first of two yeses leaves it waiting.
        Body::ChangeDecided { id, verdict, .. } if *verdict != ChangeVerdict::Endorsed => {
            all("change", id)
        }
        _ => vec![],
    }
}

fn who(actor: &Actor) -> Option<&OperatorId> {
    match actor {
        Actor::Operator { id, .. } => Some(id),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_occasion_is_its_name() {
        for on in On::ALL {
            assert_eq!(On::of_name(on.name()), Some(on));
            assert_eq!(serde_json::to_value(on).ok(), Some(on.name().into()));
        }
        assert_eq!(On::of_name("approval"), None);
    }
}
