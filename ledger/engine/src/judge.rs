//! Judges the journal: was every decision the one that the policies of its time give, and was
//! nothing done by one person that needs two?
//!
//! It is fed every entry in sequence and keeps what the engine keeps, so it asks the policies the
//! very questions that the engine asked. Invariants: it never refuses and never stops; what differs
//! is told in words with the entry's number. What it can't know it does not judge: decisions before
//! the journal tells its policies (older versions did not), and of denials only whether some
//! question of that moment gives them. Pure.

mod approved;
mod changed;
mod counts;
mod documents;
mod holds;
mod labels;
mod planned;
mod questions;
mod replayed;
mod rules;
mod sessions;
mod settlements;
mod steps;
mod tags;

use std::collections::{HashMap, HashSet};

use gatewarden_model::{
    Action, Actor, Body, Change, ChangeVerdict, Decision, DeviceId, Entry, Guards, Hash, ItemClass,
    ItemId, LabelId, Module, Movement, MovementId, OperatorId, PassId, ReviewItem, RoleMatrix,
    Second, entry::Verdict::Accept,
};

use crate::{
    access::{Access, AccessError, Facts, Known, Looks, Principal},
    apply::actor_name,
    factors::FactorUse,
    passes::orderer,
    state::{Hold, OpenChange, OpenLabel, Reservation, State},
    tasks::is_same,
    turn::authenticated,
};
pub use replayed::{Replayed, Who};

use questions::{Asker, By, Question};

/// Policy sets that are kept ready; journals have few.
const POLICY_SETS_MAX: usize = 16;

/// Replays decisions against the policies of their time. See the file's header.
#[derive(Debug, Default)]
pub struct Judge {
    state: State,
    policies: HashMap<Hash, Access>,
    /// The version in force; none before the journal tells one.
    current: Option<Hash>,
    /// Of every item that the journal defines.
    classes: HashMap<ItemId, ItemClass>,
    /// The label that was issued just before, of which the tag is bound next.
    issued: Option<OpenLabel>,
    /// Every label that was ever queued.
    queued: HashSet<LabelId>,
    /// Work on tags of which it is not told what came of it, by the entry that asked.
    asks: HashMap<u64, (String, DeviceId)>,
    /// Holds that were accepted and whose movement follows.
    accepted: HashMap<PassId, Hold>,
    /// Sessions that have ended.
    ended: sessions::Ended,
    /// The request that was approved last, and whose effect follows.
    approved: Option<OpenChange>,
    /// What is remembered of documents.
    papers: documents::Papers,
    /// What is remembered of rules.
    rules: rules::Rulebook,
    /// Whether the journal's program asks a second person: then nothing goes without one.
    two_needed: bool,
}

/// What may be said against an entry.
type Verdict = Result<(), String>;

impl Judge {
    /// A judge of a journal's first entry.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// As `new`, with policies that need not be built again where the journal names them.
    #[must_use]
    pub fn knowing(access: Access) -> Self {
        Self { policies: HashMap::from([(access.version(), access)]), ..Self::default() }
    }

    /// Judges the next entry: what is wrong with it, in words.
    pub fn judge(&mut self, entry: &Entry) -> Option<String> {
        let verdict = self.decisions(&entry.body).and_then(|()| self.duties(&entry.body));
        let verdict = verdict.and_then(|()| self.devices(&entry.body));
        let papers = self.papers.judge(&self.state, &self.classes, entry);
        let verdict = verdict.and(papers);
        let verdict = verdict.and_then(|()| self.rules.judge(&self.state, entry));
        let verdict = verdict.and_then(|()| self.in_session(&entry.body));
        let verdict = verdict.and(self.learn(&entry.body));
        self.count(entry);
        self.state.apply(entry);
        verdict.err().map(|what| format!("entry {}: {what}", entry.seq))
    }

    /// Takes an entry over without judging it.
    pub fn pass_over(&mut self, entry: &Entry) {
        // Policies that can't be read decide nothing.
        let _ = self.learn(&entry.body);
        self.count(entry);
        self.state.apply(entry);
    }

    /// The question behind an entry's decision, with all facts that can be told; none where nothing
    /// was decided or it can't be told who asked. Ask before the entry is judged.
    #[must_use]
    pub fn replayed(&self, entry: &Entry) -> Option<Replayed> {
        let said = entry.body.decision()?;
        let tells_facts = !said.facts.is_empty()
            || self.policies.get(&said.version).is_none_or(Access::tells_facts);
        let (state, classes) = (&self.state, &self.classes);
        let asker = Asker { state, classes, looks: Looks::ALL, tells_facts };
        let question = match asker.question(&entry.body) {
            Ok(Some(question)) => question,
            _ => return None,
        };
        let mut answers = question.facts.iter().filter_map(|known| {
            let (principal, known) = self.principal(&question.by, known, Looks::ALL).ok()?;
            let fits = self.policies.get(&said.version).is_none_or(|access| {
                access.decide_known(&principal, said.action, said.module, &known) == *said
            });
            Some((fits, Who::of(&principal), known))
        });
        let first = answers.next()?;
        let (_, who, known) =
            if first.0 { first } else { answers.find(|(fits, ..)| *fits).unwrap_or(first) };
        Some(Replayed { who, said: said.clone(), known, others: question.others })
    }

    /// The policies of a version, once the journal has told them.
    #[must_use]
    pub fn policies(&self, version: &Hash) -> Option<&Access> {
        self.policies.get(version)
    }

    /// What is open after the entries so far.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Keeps what later entries rest on.
    fn learn(&mut self, body: &Body) -> Verdict {
        self.issued = labels::issued(&self.state, body);
        match body {
            Body::PoliciesDefined { version, roles, cedar, guards, .. } => {
                self.approved = None;
                self.current = Some(*version);
                self.define(*version, (roles, cedar), guards.as_deref())
            }
            Body::ItemDefined { item, .. } => {
                self.classes.insert(item.code.clone(), item.class);
                Ok(())
            }
            Body::HoldDecided { pass, verdict, .. } => {
                if let Some(hold) = self.state.hold(*pass).filter(|_| *verdict == Accept) {
                    self.accepted.insert(*pass, hold.clone());
                }
                Ok(())
            }
            Body::Moved { movement, .. } => {
                movement.pass.map(|pass| self.accepted.remove(&pass));
                Ok(())
            }
            Body::ChangeRequested { .. } => {
                self.two_needed = true;
                Ok(())
            }
            // What is recorded with people comes before the policies that it is said for.
            Body::Enrolled { change, .. } if self.approved_policies(change.as_ref()).is_some() => {
                Ok(())
            }
            Body::Enrolled { .. }
            | Body::ClientAdded { .. }
            | Body::DeviceApproved { .. }
            | Body::ProceduresDefined { .. } => {
                // One approval, one effect.
                self.approved = None;
                Ok(())
            }
            Body::ChangeDecided { id, verdict: ChangeVerdict::Approved, mitigations, .. } => {
                self.approved = self.state.change(*id).cloned();
                self.approved.iter_mut().for_each(|open| open.bear(mitigations));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Keeps what happens once.
    fn count(&mut self, entry: &Entry) {
        self.papers.count(&self.state, entry);
        self.rules.count(&self.state, entry);
        self.ended.keep(&self.state, entry);
        match &entry.body {
            Body::LabelQueued { label, .. } => drop(self.queued.insert(label.id)),
            Body::TagAccessAsked { tag, device, .. } => {
                self.asks.insert(entry.seq, (tag.clone(), device.clone()));
            }
            Body::TagAccessEnded { asked, .. } => drop(self.asks.remove(asked)),
            _ => {}
        }
    }

    fn define(
        &mut self,
        version: Hash,
        (roles, cedar): (&RoleMatrix, &str),
        guards: Option<&Guards>,
    ) -> Verdict {
        if self.policies.contains_key(&version) {
            return Ok(());
        }
        let access =
            Access::recorded(roles, cedar, guards, version).map_err(|error| match error {
                AccessError::Version { said, found } => {
                    format!("it says policies {said}, they are {found}")
                }
                other => format!("policies {version} can't be read: {other}"),
            })?;
        if self.policies.len() >= POLICY_SETS_MAX {
            self.policies.clear();
        }
        self.policies.insert(version, access);
        Ok(())
    }

    /// Asks the policies again what the entry says they answered.
    fn decisions(&self, body: &Body) -> Verdict {
        if self.current.is_none() {
            return Ok(());
        }
        if let Body::Moved { movement, .. } = body
            && let Some(verdict) = self.accepted(movement)
        {
            return verdict;
        }
        if let Some(verdict) = labels::bound(self.issued.as_ref(), body) {
            return verdict;
        }
        let Some(said) = body.decision() else { return Ok(()) };
        if !said.allowed && !matches!(body, Body::Denied { .. }) {
            return Err("it did what was denied".to_owned());
        }
        let looks = self.policies_of(said)?.looks(said.module, said.action);
        let asker = self.asker(self.policies_of(said)?, looks);
        if let Some(question) = asker.question(body)? {
            self.answers(&question, said, looks)?;
        }
        match asker.second_question(body)? {
            Some((question, said)) => self.answers(&question, said, looks),
            None => Ok(()),
        }
    }

    /// Whether the policies answer a question so.
    fn answers(&self, question: &Question<'_>, said: &Decision, looks: Looks) -> Verdict {
        let access = self.policies_of(said)?;
        let mut answer = None;
        for known in &question.facts {
            let (principal, known) = self.principal(&question.by, known, looks)?;
            let found = access.decide_known(&principal, said.action, said.module, &known);
            if found == *said {
                return Ok(());
            }
            answer = answer.or(Some(found));
        }
        let Some(found) = answer else { return Ok(()) };
        let (version, found, said) = (said.version, words(&found), words(said));
        Err(format!("the policies of version {version} answer {found}, it says {said}"))
    }

    /// The policies that a decision says it was made by, which must be those in force.
    fn policies_of(&self, said: &Decision) -> Result<&Access, String> {
        if let Some(current) = self.current.filter(|current| *current != said.version) {
            let version = said.version;
            return Err(format!("it was decided by policies {version}, in force were {current}"));
        }
        let access = self.policies.get(&said.version);
        access.ok_or_else(|| format!("its policies {} are not in the journal", said.version))
    }

    fn asker(&self, access: &Access, looks: Looks) -> Asker<'_> {
        let (state, classes, tells_facts) = (&self.state, &self.classes, access.tells_facts());
        Asker { state, classes, looks, tells_facts }
    }

    /// Who asked, as the policies saw him, and the facts with how strongly he was authenticated.
    fn principal<'j>(
        &'j self,
        by: &'j By<'_>,
        known: &Known,
        looks: Looks,
    ) -> Result<(Principal<'j>, Known), String> {
        match by {
            By::Actor(actor) => {
                let (principal, facts) = authenticated(&self.state, actor, &Facts::default())
                    .map_err(|(_, reason)| reason)?;
                Ok((principal, known.with(&facts, looks)))
            }
            By::Mover(operator) => {
                let Some(who) = self.state.operator(operator) else {
                    return Err(format!("{operator} is not enrolled"));
                };
                let principal = Principal::Operator { id: &who.id, roles: &who.roles };
                Ok((principal, known.clone()))
            }
        }
    }

    /// What is to be said of a movement whose pass was held and accepted; none of any other.
    fn accepted(&self, movement: &Movement) -> Option<Verdict> {
        if !movement.decision.allowed {
            return Some(Err("it moved what was denied".to_owned()));
        }
        let hold = self.accepted.get(&movement.pass?)?;
        let differs = || Err(format!("entry {} held it by another decision", hold.seq));
        let same = (&hold.decision, &hold.second) == (&movement.decision, &movement.second);
        Some(if same { Ok(()) } else { differs() })
    }

    fn reservation(&self, id: MovementId) -> Result<&Reservation, String> {
        self.state.reservation(id).ok_or_else(|| format!("{id} was not reserved"))
    }

    /// Whether every device that saw what was moved, or held to be moved, was the approved one. Journals
    /// that never tell of devices are of older versions, which did not ask.
    fn devices(&self, body: &Body) -> Verdict {
        let (Body::Moved { pass: Some(pass), .. } | Body::Held { pass, .. }) = body else {
            return Ok(());
        };
        if self.state.devices.is_empty() && self.state.refused.is_empty() {
            return Ok(());
        }
        self.state.unknown_device(pass).map_or(Ok(()), Err)
    }

    /// What needs two people, whatever the policies say: looked at in the entries themselves.
    fn duties(&self, body: &Body) -> Verdict {
        match body {
            Body::TaskApproved { task, by, .. } => {
                let Some(open) = self.state.task(*task) else { return Ok(()) };
                let own = is_same(by, &open.by) || orderer(open).is_some_and(|o| is_name(o, by));
                two(!own, by, "approved the document that he ordered")
            }
            Body::Unlocked { operator, by, .. } => {
                two(!is_name(operator.as_str(), by), by, "unlocked himself")
            }
            Body::TagAccessAsked { .. } => tags::asked(&self.state, body),
            Body::TagAccessEnded { asked, tag, device, .. } => {
                tags::ended(self.asks.get(asked), *asked, tag, device)
            }
            Body::SessionChanged { .. } => self.changed(body),
            Body::HoldDecided { .. } => holds::decided(&self.state, body),
            Body::Moved { movement, .. } => self.two_moved(movement),
            Body::ChangeDecided {
                id,
                verdict: verdict @ (ChangeVerdict::Approved | ChangeVerdict::Endorsed),
                by,
                decision,
                ..
            } => {
                let Some(open) = self.state.change(*id) else {
                    return Err(format!("it approves request {id}, which does not wait"));
                };
                let right = decision.as_ref().map(|said| (said.module, said.action));
                if right != Some((Module::System, Action::Approve)) {
                    return Err("it approves by another right".to_owned());
                }
                self.endorsed(open, by, *verdict)?;
                two(matches!(by, Actor::Operator { .. }), by, "approved without being a person")?;
                two(!is_same(&open.by, by), by, "approved what he asked for")?;
                let own = open.change.operator().is_some_and(|who| is_name(who.as_str(), by));
                two(!own, by, "approved what is about himself")
            }
            Body::ChangeRequested { change: Change::Factor { operator, .. }, by, .. } => {
                two(is_name(operator.as_str(), by), by, "asked for a factor of somebody else")
            }
            Body::FactorRemoved { operator, by, decision: None, .. } => {
                two(is_name(operator.as_str(), by), by, "took a factor of somebody else, undecided")
            }
            Body::FactorUsed { operator, factor, counter } => {
                let used = FactorUse { id: *factor, counter: *counter };
                let used = self.state.check_use(operator, &used);
                used.map(drop).map_err(|why| format!("the factor {factor} of {operator}: {why}"))
            }
            Body::Enrolled { .. }
            | Body::FactorAdded { .. }
            | Body::ClientAdded { .. }
            | Body::DeviceApproved { .. }
            | Body::ProceduresDefined { .. }
            | Body::PoliciesDefined { .. } => self.two_changed(body),
            Body::ReservationEnded { movement, reason, by, .. } if reason == "posted" => {
                let held = self.reservation(*movement)?;
                two(!is_same(&held.by, by), by, "posted what he reserved")
            }
            Body::DocumentWritten { by, decision: Some(said), .. }
            | Body::DocumentStepped { by, decision: Some(said), .. } => self.strong(by, said),
            Body::LabelQueued { label, .. } => labels::queued(&self.state, &self.queued, label),
            Body::LabelChanged { .. } | Body::LabelDecided { .. } => {
                labels::follows(&self.state, body)
            }
            Body::ReviewDecided { item, by, .. } => {
                let own = item.operator().is_some_and(|whom| is_name(whom.as_str(), by));
                two(!own, by, "decided on what he holds himself")
            }
            Body::ReviewClosed { review, expired, spared, .. } => {
                let Some(open) = self.state.review(*review) else { return Ok(()) };
                let told = |item: &&ReviewItem| expired.contains(item) || spared.contains(item);
                match open.undecided().find(|item| !told(item)) {
                    None => Ok(()),
                    Some(item) => Err(format!("it closed a review without a word on {item}")),
                }
            }
            _ => Ok(()),
        }
    }
}

/// Whether a second person was another one, with the right to what he stood beside.
fn beside(second: &Second, first: &OperatorId, right: (Module, Action)) -> Verdict {
    let (who, said) = (&second.operator, &second.decision);
    if who == first {
        return Err(format!("{who} is the second person beside himself"));
    }
    match said.allowed && (said.module, said.action) == right {
        true => Ok(()),
        false => Err(format!("{who} was not allowed to do what he stood beside")),
    }
}

/// Whether a decision answers for this right.
fn answers_for(said: &Decision, (module, action): (Module, Action)) -> Verdict {
    match (said.module, said.action) == (module, action) {
        true => Ok(()),
        false => Err(format!(
            "it needs {} in {}, decided was {} in {}",
            action.name(),
            module.name(),
            said.action.name(),
            said.module.name()
        )),
    }
}

fn two(fits: bool, by: &Actor, what: &str) -> Verdict {
    if fits { Ok(()) } else { Err(format!("{} {what}", actor_name(by))) }
}

/// Whether an operator has this name, as duties compare it.
fn is_name(name: &str, by: &Actor) -> bool {
    matches!(by, Actor::Operator { id, .. } if name.trim().to_lowercase() == id.as_str())
}

/// A decision in words.
fn words(decision: &Decision) -> String {
    let verb = if decision.allowed { "allow" } else { "deny" };
    let by = match (&decision.errors[..], &decision.policies[..]) {
        ([], []) => "no policy".to_owned(),
        ([], policies) => policies.join(", "),
        (errors, _) => format!("error {}", errors.join("; ")),
    };
    let action: Action = decision.action;
    let facts: Vec<String> = decision.facts.iter().map(|(k, v)| format!("{k} {v}")).collect();
    let on = if facts.is_empty() { String::new() } else { format!(" on {}", facts.join(", ")) };
    format!("{verb} by {by} ({} in {}){on}", action.name(), decision.module.name())
}
