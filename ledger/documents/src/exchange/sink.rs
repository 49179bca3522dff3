//! Where documents go, as an import sees it.

use std::borrow::Cow;

use gatewarden_model::DocumentContent;
use serde::{Deserialize, Serialize};

/// What became of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Put {
    /// There was none of this number.
    New,
    /// It is a further version of one that was there.
    Changed,
    /// It is there with the same content: nothing was done.
    Same,
}

/// What somebody found wrong with a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Its code.
    pub code: Cow<'static, str>,
    /// Which part: `partner`, `custom.colour`, `lines[0].quantity`; none for the whole.
    pub field: Option<String>,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub way_out: String,
}

/// Why a document was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// All that is wrong with it; others may be right.
    Refused(Vec<Refusal>),
    /// No document can be taken now: the import stops and can go on later.
    Stop(Refusal),
}

/// Where documents go: the one door of them all, in which every rule is asked.
pub trait Sink {
    /// Takes documents in order, each counting as there for those behind it, and tells of each whether it changes
    /// anything. The same content again is harmless. The list ends early where one stops: with that one.
    fn put(&mut self, contents: Vec<DocumentContent>) -> Vec<Result<Put, Fault>>;

    /// From here on everything waits for `commit`; what was put counts as there for what follows.
    fn begin(&mut self) -> Result<(), Fault>;

    /// What was put since `begin` takes effect, all of it or nothing.
    fn commit(&mut self) -> Result<(), Fault>;

    /// What was put since `begin` is forgotten.
    fn roll_back(&mut self);
}
