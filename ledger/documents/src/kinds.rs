//! What a kind of document is, as data: its numbers, states, rights, fields, lines, links, how it is
//! executed and by how much it may be exceeded.
//!
//! Invariants: `Kinds::faults` finds nothing in definitions that the configuration let through, so that
//! code which asks them needs no case for nonsense; every list is bounded; canonical bytes exist for all of
//! it. Absent: who holds a right (the policies), who signs (`gatewarden-workflow`), what is in stock.

mod faults;
mod movements;
mod places;
mod rules;
mod words;

use gatewarden_model::{
    DocumentKind, Location, MovementKind, Right, canonical::CanonicalError, rule::FieldFact,
};
use serde::{Deserialize, Serialize};

pub use faults::{At, Fault};
pub use movements::{may_go, may_take, stays};
pub use places::PlaceClass;
pub use rules::{CountRules, Leg, LineRules, LinkRule, SOURCES_MAX, SamplingRules, Tolerance, WAY};
pub(crate) use words::words_of;
pub use words::{
    Amend, Execution, HeadField, InspectionLevel, LineField, Outcome, OverAct, QuantityRule,
};

use crate::{
    fields::FieldDeclaration,
    frame::{Frame, Step},
    numbering::Numbering,
};

/// Most kinds: one definition each.
pub const KINDS_MAX: usize = DocumentKind::ALL.len();
/// Most states of a kind's own, and most steps between them.
pub const STATES_MAX: usize = 32;
/// Most legs of a kind.
pub const LEGS_MAX: usize = 16;
/// Most links that a kind may have rules for.
pub const LINK_RULES_MAX: usize = 32;
/// Largest tolerance: as much again.
pub const TOLERANCE_PERMILLE_MAX: u32 = 1_000;
/// Most recounts of one count.
pub const RECOUNTS_MAX: u8 = 9;

/// All that a house has decided about its documents. One version of it is in force at a time.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kinds {
    /// One definition a kind at most; a kind without one can't be written.
    pub kinds: Vec<KindDefinition>,
    /// The typed fields of kinds and of the house.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldDeclaration>,
}

/// One kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KindDefinition {
    /// Which.
    pub kind: DocumentKind,
    /// Its name for people.
    pub title: String,
    /// How its documents are numbered here.
    pub numbering: Numbering,
    /// Whether a number of another pattern may be given, as an ERP's documents bring theirs.
    #[serde(default, skip_serializing_if = "is_default")]
    pub numbers_given: bool,
    /// What it takes to see, write, approve and execute one.
    pub rights: KindRights,
    /// The workflow that approves it; none: submitting approves it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workflow: Option<String>,
    /// What an approved one leads to.
    pub execution: Execution,
    /// The kind of document whose execution alone puts it in force; drafts of it are written as of any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_by: Option<DocumentKind>,
    /// The kind of document whose approval alone closes it, once all of it is executed: its settlement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_by: Option<DocumentKind>,
    /// Until when a new version may replace it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub amend: Amend,
    /// Its own states within the frame. The first of a frame's state is the one that is entered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub states: Vec<OwnState>,
    /// Its own steps between states of the same frame's state.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub moves: Vec<OwnMove>,
    /// What its head must state.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<HeadField>,
    /// What its lines are like.
    #[serde(default, skip_serializing_if = "is_default")]
    pub lines: LineRules,
    /// Between which places its lines go, and as which movement; none where it moves nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub legs: Vec<Leg>,
    /// What it may and must follow from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<LinkRule>,
    /// By how much it may be exceeded, and fall short.
    #[serde(default, skip_serializing_if = "is_default")]
    pub tolerance: Tolerance,
    /// How it is counted, where it is a count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<CountRules>,
    /// How it is sampled, where it is an inspection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sampling: Option<SamplingRules>,
}

/// The rights that govern a kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KindRights {
    /// To see one.
    pub view: Right,
    /// To write the first version, submit and withdraw it.
    pub create: Right,
    /// To write a further version, close or cancel it.
    pub modify: Right,
    /// To approve, return or reject it, beside what its workflow says.
    pub approve: Right,
    /// To execute it.
    pub execute: Right,
}

/// A state of a kind's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnState {
    /// Its name, a slug, unique within the kind.
    pub name: String,
    /// Its name for people.
    pub title: String,
    /// Which of the frame's states it is.
    pub frame: Frame,
}

/// A step of a kind's own, within one of the frame's states.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnMove {
    /// Its name, a slug, unique within the kind.
    pub name: String,
    /// Its name for people.
    pub title: String,
    /// From which of its states.
    pub from: String,
    /// To which of its states, within the same of the frame's.
    pub to: String,
    /// What it takes.
    pub right: Right,
}

/// Something that a definition says of each line, resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// As which movement.
    pub movement: MovementKind,
    /// From where.
    pub from: Location,
    /// To where.
    pub to: Location,
}

impl Kinds {
    /// The definition of a kind.
    #[must_use]
    pub fn of(&self, kind: DocumentKind) -> Option<&KindDefinition> {
        self.kinds.iter().find(|one| one.kind == kind)
    }

    /// The kind whose approval it takes to move something on a document of `kind` by `movement`; none where no
    /// procedure governs that.
    #[must_use]
    pub fn governing(&self, kind: DocumentKind, movement: MovementKind) -> Option<&KindDefinition> {
        let moves = |one: &&KindDefinition| {
            one.execution != Execution::None && one.movements().any(|leg| leg == movement)
        };
        self.of(kind).or_else(|| self.kinds.iter().find(moves))
    }

    /// The facts that conditions may ask the declared fields for: by name, of which type, and what people call them.
    #[must_use]
    pub fn facts(&self) -> Vec<(String, FieldFact, String)> {
        let fact = |field: &FieldDeclaration| {
            let (name, is) = field.fact();
            (name, is, field.title.clone())
        };
        self.fields.iter().map(fact).collect()
    }

    /// The canonical bytes: what is recorded when a change of them is approved.
    pub fn to_bytes(&self) -> Result<Vec<u8>, CanonicalError> {
        gatewarden_model::canonical::encode(self)
    }

    /// Reads canonical bytes, and nothing else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CanonicalError> {
        gatewarden_model::canonical::decode(bytes)
    }

    /// These definitions with others on top: a kind replaces the one of its name, a field the one of its
    /// name and level that stands in the same kinds. The others' fields come last.
    #[must_use]
    pub fn with(mut self, others: Self) -> Self {
        for kind in others.kinds {
            match self.kinds.iter_mut().find(|one| one.kind == kind.kind) {
                Some(place) => *place = kind,
                None => self.kinds.push(kind),
            }
        }
        let same = |one: &FieldDeclaration, other: &FieldDeclaration| {
            one.name == other.name && one.on == other.on && one.kinds == other.kinds
        };
        self.fields.retain(|one| !others.fields.iter().any(|other| same(one, other)));
        self.fields.extend(others.fields);
        self
    }
}

impl KindDefinition {
    /// Whether a head must state this.
    #[must_use]
    pub fn needs(&self, field: HeadField) -> bool {
        self.needs.contains(&field)
    }

    /// The right that a step takes; none for those that nobody takes by hand.
    #[must_use]
    pub fn right_for(&self, step: &Step, is_first_version: bool) -> Option<Right> {
        let rights = &self.rights;
        match step {
            Step::Write if is_first_version => Some(rights.create),
            Step::Write | Step::Close | Step::CloseShort | Step::Cancel => Some(rights.modify),
            Step::Submit | Step::Withdraw => Some(rights.create),
            Step::Approve | Step::Return | Step::Reject => Some(rights.approve),
            Step::Start | Step::Execute => Some(rights.execute),
            Step::Move(name) => {
                self.moves.iter().find(|one| one.name == *name).map(|one| one.right)
            }
            Step::AskApproval | Step::Void => None,
        }
    }

    /// The own state that a step of the kind's own leads to from here; none where it is no step here.
    #[must_use]
    pub fn moved(&self, own: Option<&String>, name: &str) -> Option<String> {
        let step = self.moves.iter().find(|one| one.name == name && Some(&one.from) == own);
        step.map(|one| one.to.clone())
    }

    /// The rule for links to a kind.
    #[must_use]
    pub fn link_rule(&self, to: DocumentKind, by_line: bool) -> Option<&LinkRule> {
        self.links.iter().find(|rule| rule.to == to && rule.by_line == by_line)
    }

    /// The kinds of movement that execute it, each once.
    pub fn movements(&self) -> impl Iterator<Item = MovementKind> {
        let mut kinds: Vec<MovementKind> = self.legs.iter().map(|leg| leg.movement).collect();
        kinds.sort_unstable();
        kinds.dedup();
        kinds.into_iter()
    }
}

pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
