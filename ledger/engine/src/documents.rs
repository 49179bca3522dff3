//! Documents: written by whoever may, signed by whoever must, executed when the last signature is there.
//!
//! Invariants: there is one gate. A task or a posting of a document that a procedure defines exists only
//! because this module opened it in the turn of the last signature, over the digest that was signed; whoever
//! comes by whatever door sends these same commands. Nobody signs what he wrote. What an error leaves open is
//! refused and recorded. Absent: what kinds there are (`gatewarden-documents`), who signs
//! (`gatewarden-workflow`), what is there (`gatewarden-stock`).

mod act;
mod batch;
pub(crate) mod check;
mod close;
pub(crate) mod counts;
mod draft;
mod execute;
pub(crate) mod facts;
pub(crate) mod follow;
mod fulfil;
pub(crate) mod inspect;
mod master;
pub(crate) mod past;
mod posted;
pub(crate) mod returns;
mod submit;
mod trial;
pub(crate) mod worth;
mod write;

use gatewarden_documents::{Circumstances, KindDefinition, Mistake, Step as FrameStep, after};
use gatewarden_model::{
    Actor, Body, Decision, Document, DocumentContent, DocumentLine, DocumentStep, Hash, ItemClass,
    ItemId, Location, MovementKind, Right,
};

use crate::{
    access::{Access, Facts, Goods, Line, Request},
    command::{Refusal, Reply},
    state::{OpenDocument, State},
    turn::{Asked, Fault, Turn, authenticated, cut},
};

pub use batch::{DOCUMENTS_AT_ONCE_MAX, WRITTEN_AT_ONCE_MAX};
pub use close::DocumentAct;
pub use counts::BinCount;
pub(crate) use draft::{Beside, House, mistakes_in};
pub(crate) use execute::{check_version, posting_of, tasks_for};
pub use past::LOOKED_UP_MAX;
pub use returns::Page;
pub use trial::{Trial, Tried};

/// Documents that are open at once.
pub const DOCUMENTS_MAX: usize = 200_000;

/// A place that a line leaves out: it tells no warehouse.
const NOWHERE: &str = "@transit";

impl Turn<'_> {
    /// The definition that new versions of a kind are written under.
    fn kind_of(&self, document: &Document) -> Result<KindDefinition, Fault> {
        defined(self.state, document).cloned()
    }

    /// The open document that somebody means, with the definition that holds for it.
    fn open_of(&self, document: &Document) -> Result<(OpenDocument, KindDefinition), Fault> {
        let number = cut(&document.number, 64);
        let Some(open) = self.state.document(document) else {
            let message = format!(
                "{} {number} is not open: it was never written, or is over",
                document.kind.words()
            );
            return Err(("unknown-document", message));
        };
        let Some(kind) = self.state.definition(open) else {
            let message =
                format!("the definitions {} of {number} can't be read here", open.procedures);
            return Err(("no-procedures", message));
        };
        Ok((open.clone(), counts::definition_now(open, kind.clone())))
    }

    /// Asks for a right on a document.
    fn permit_document(
        &mut self,
        by: &Actor,
        right: Right,
        content: &DocumentContent,
        author: Option<&str>,
    ) -> Result<(Asked, Decision), Refusal> {
        let mut asked = Asked::new(by, right.action, right.module);
        asked.document = Some(cut(&content.document.number, 64));
        let looks = self.looks(right.module, &[right.action]);
        let nowhere = nowhere();
        let goods = self.goods(looks, of_content(content, &nowhere));
        let facts = Facts { goods: goods.as_ref(), ..facts_of(self.state, content, author) };
        let decision = self.permit(asked.clone(), facts)?;
        Ok((asked, decision))
    }

    /// Refuses what was asked for a document.
    fn refuse_document(&mut self, asked: Asked, decision: Decision, fault: Fault) -> Refusal {
        self.deny(asked, fault.0, fault.1, Some(decision))
    }

    /// Refuses what is about a document that nobody can see.
    fn refuse_unseen(&mut self, by: &Actor, document: &Document, fault: Fault) -> Refusal {
        use gatewarden_model::{Action, Module};
        let mut asked = Asked::new(by, Action::Modify, Module::Ledger);
        asked.document = Some(cut(&document.number, 64));
        self.deny(asked, fault.0, fault.1, None)
    }

    /// Records a step.
    pub(crate) fn step(
        &mut self,
        document: &Document,
        step: DocumentStep,
        by: Actor,
        decision: Option<Decision>,
    ) -> u64 {
        let (version, digest) = match self.state.document(document) {
            Some(open) => (open.content.version, open.digest),
            None => (0, Hash::of(b"")),
        };
        let document = document.clone();
        self.record(Body::DocumentStepped { document, version, digest, step, by, decision })
    }

    /// Whether a step of the frame is one now.
    fn frame_allows(
        &self,
        open: &OpenDocument,
        kind: &KindDefinition,
        step: &FrameStep,
    ) -> Result<(), Fault> {
        let now = self.circumstances(open, kind);
        after(kind, &open.stage, step, &now)
            .map(drop)
            .map_err(|fault| (fault.code(), fault.to_string()))
    }

    /// What a step depends on beside the state.
    pub(crate) fn circumstances(
        &self,
        open: &OpenDocument,
        kind: &KindDefinition,
    ) -> Circumstances {
        circumstances(self.state, open, kind)
    }
}

/// The definition that new versions of a kind are written under.
fn defined<'s>(state: &'s State, document: &Document) -> Result<&'s KindDefinition, Fault> {
    let kind = document.kind;
    let Some(procedures) = state.procedures_in_force() else {
        let message = "no procedures are defined here: name them under [procedures]".to_owned();
        return Err(("no-procedures", message));
    };
    procedures.kinds.of(kind).ok_or_else(|| {
        let message = format!(
            "document.kind: no procedure defines a {}: add it to the documents of [procedures]",
            kind.name()
        );
        ("unknown-kind", message)
    })
}

/// What a step of a document depends on beside where it stands.
pub(crate) fn circumstances(
    state: &State,
    open: &OpenDocument,
    kind: &KindDefinition,
) -> Circumstances {
    let held = state.holds().any(|hold| open.tasks.contains(&hold.task));
    let lines = open.quantities.lines();
    let (in_hand, executed) = lines.fold((held, false), |(hand, done), (_, line)| {
        (hand || line.in_hand != 0, done || line.executed != 0)
    });
    let complete = open.quantities.is_complete(&kind.tolerance);
    Circumstances { in_hand, executed, complete }
}

/// What the policies say of somebody and a document, without a trace.
struct Decided {
    decision: Decision,
    /// How strongly he is authenticated, where he is a person.
    level: Option<u8>,
}

/// Asks the policies for a right on a document. Fails where somebody is not authenticated.
fn decide_document(
    (state, access): (&State, &Access),
    class: &dyn Fn(&ItemId) -> Option<ItemClass>,
    by: &Actor,
    (right, content, author): (Right, &DocumentContent, Option<&str>),
) -> Result<Decided, Fault> {
    let Right { module, action } = right;
    let nowhere = nowhere();
    let looks = access.looks(module, action);
    let goods = looks.has_goods().then(|| Goods::of(of_content(content, &nowhere), class));
    let facts = Facts { goods: goods.as_ref(), ..facts_of(state, content, author) };
    let (principal, facts) = authenticated(state, by, &facts)?;
    let decision = access.decide(&Request { principal, action, module, facts });
    Ok(Decided { decision, level: facts.auth_level })
}

/// What policies see of a document.
pub(crate) fn facts_of<'c>(
    state: &State,
    content: &'c DocumentContent,
    author: Option<&'c str>,
) -> Facts<'c> {
    Facts {
        requested_by: author,
        document: Some(content.document.kind),
        movement: movement_of(state, content),
        amount: content.amount(),
        ..Facts::default()
    }
}

/// The kind of movement that all its lines lead to, as its kind is defined now; none where they lead to several.
fn movement_of(state: &State, content: &DocumentContent) -> Option<MovementKind> {
    let kind = state.procedures_in_force()?.kinds.of(content.document.kind)?;
    let mut ways = content.lines.iter().map(|line| Some(kind.way(content, line)?.movement));
    let first = ways.next()??;
    ways.all(|one| one == Some(first)).then_some(first)
}

/// The lines of a document; `nowhere` stands for a place that a line leaves out.
pub(crate) fn of_content<'c>(
    content: &'c DocumentContent,
    nowhere: &'c Location,
) -> impl Iterator<Item = Line<'c>> {
    content.lines.iter().map(move |line: &DocumentLine| Line {
        item: &line.item,
        places: [line.from.as_ref().unwrap_or(nowhere), line.to.as_ref().unwrap_or(nowhere)],
        owner: line.owner.as_deref(),
        statuses: [line.from_status, line.to_status],
    })
}

/// A place that is in no warehouse.
pub(crate) fn nowhere() -> Location {
    // The text is one of the places that there are.
    #[allow(clippy::expect_used, reason = "a constant")]
    Location::parse(NOWHERE).expect("a virtual place")
}

/// Mistakes as one refusal: the first, and how many there are.
fn first_of(mistakes: &[Mistake]) -> Option<Fault> {
    let first = mistakes.first()?;
    let more = match mistakes.len() {
        1 => String::new(),
        n => format!(" (and {} more mistakes)", n - 1),
    };
    Some((first.code, format!("{}: {}{more}", first.field, first.message)))
}

/// Who an actor is, as documents name their author.
pub(crate) fn author_of(by: &Actor) -> String {
    crate::apply::actor_name(by)
}

/// What a command on a document answers.
fn written(document: &Document, version: u32, digest: Hash) -> Reply {
    Reply::Document { document: document.clone(), version, digest }
}
