//! Changes that need a second person: asked for by one, in force when another has approved.
//!
//! Invariants: nobody approves what he asked for, nor what is about himself; only a person in a
//! session approves; what is approved is what stands in the request's entry, checked again at that
//! moment; a request that nobody decides on in `CHANGE_MS_MAX` is over; of the code with which an
//! operator sets a PIN nobody is given both halves. Taking rights away needs nobody else: leaving,
//! revoking and withdrawing are immediate. Absent: minting codes (the daemon), what policies
//! ask for (`policies`).

mod borne;
mod policies;
mod procedures;

pub(crate) use borne::with_said;
pub use borne::{Gained, gained_by};

use gatewarden_identity::activation::Holder;
use gatewarden_model::{
    Action, Actor, Body, Change, ChangeId, ChangeVerdict, Day, Decision, Hash, Mitigation,
    MitigationOf, Module, OperatorId, RoleMatrix, sod::SodTable,
};

use crate::{
    access::{Facts, Principal},
    apply::actor_name,
    command::{ActivationCodes, Refusal, Reply},
    holds::check_reason,
    people, sod,
    state::{OpenChange, Operator, Policies, approves},
    tasks::is_same,
    turn::{Answer, Asked, Fault, REASON_BYTES_MAX, Turn, cut},
};

/// A request that nobody decided on is over after so many milliseconds: seven days.
pub const CHANGE_MS_MAX: u64 = 7 * 86_400_000;
/// Requests that are open at once.
pub(crate) const CHANGES_MAX: usize = 1000;
/// Those of one person or machine.
const CHANGES_OF_ONE_MAX: usize = 100;

/// What somebody says to a request.
pub(crate) struct Said {
    /// Yes or no.
    pub(crate) approve: bool,
    /// Why.
    pub(crate) reason: String,
    /// What makes conflicts of duties bearable that policies give to people.
    pub(crate) mitigations: Vec<MitigationOf>,
}

impl Turn<'_> {
    pub(crate) fn request_change(
        &mut self,
        id: ChangeId,
        change: Change,
        reason: String,
        by: Actor,
    ) -> Answer {
        let asked = about(&by, self.action_of(&change), &change);
        let decision = self.permit_change(&asked, &change)?;
        if self.state.change(id).is_some_and(|open| open.change == change && open.by == by) {
            return Ok(Reply::Requested(id));
        }
        if let Err((code, message)) = self.check_change(id, &change, &by) {
            return Err(self.deny(asked, code, message, decision));
        }
        let reason = cut(&reason, REASON_BYTES_MAX);
        self.record(Body::ChangeRequested { id, change, reason, by, decision });
        Ok(Reply::Requested(id))
    }

    /// The decision to let somebody ask for a change; none for factors, which everybody asks for himself.
    fn permit_change(
        &mut self,
        asked: &Asked,
        change: &Change,
    ) -> Result<Option<Decision>, Refusal> {
        match change {
            Change::Factor { operator, .. } => self.check_own(asked, operator).map(|()| None),
            _ => self.permit(asked.clone(), Facts::default()).map(Some),
        }
    }

    /// What of the system it takes to ask for a change.
    fn action_of(&self, change: &Change) -> Action {
        match change {
            Change::Operator { operator, .. } if self.state.operator(operator).is_none() => {
                Action::Create
            }
            Change::Client { .. } => Action::Create,
            _ => Action::Modify,
        }
    }

    fn check_change(&self, id: ChangeId, change: &Change, by: &Actor) -> Result<(), Fault> {
        if self.state.change(id).is_some() {
            return Err(("change-differs", format!("request {id} is another: mint a new id")));
        }
        let own = self.state.changes().filter(|open| is_same(&open.by, by) || open.by == *by);
        if *by != Actor::Daemon && own.count() >= CHANGES_OF_ONE_MAX {
            let message = format!("{CHANGES_OF_ONE_MAX} requests of yours wait: take some back");
            return Err(("changes-full", message));
        }
        if self.state.changes.len() >= CHANGES_MAX {
            let message = format!("{CHANGES_MAX} requests wait for a decision: decide on some");
            return Err(("changes-full", message));
        }
        self.check_content(change, by)
    }

    /// Whether a change can be made as things are now.
    fn check_content(&self, change: &Change, by: &Actor) -> Result<(), Fault> {
        match change {
            Change::Operator {
                operator, name, roles, badges, kinds, tails, mitigations, ..
            } => {
                self.check_duties(operator, roles, mitigations)?;
                let (matrix, _) = self.access.source();
                self.keep_an_approver(matrix, Some(operator), Some(roles))?;
                let (roles, badges) =
                    (roles.iter().cloned().collect(), badges.iter().copied().collect());
                let fits = self.check_enrolment(operator, name, &roles, &badges, by);
                fits.and_then(|()| people::check_kinds(&badges, kinds))
                    .and_then(|()| people::check_tails(&badges, tails))
                    .map_err(|message| ("enrolment-invalid", message))
            }
            Change::Client { client, scopes, token, until_us, .. } => {
                let scopes = scopes.iter().cloned().collect();
                if until_us.is_some_and(|until| until <= self.now.wall_us) {
                    let message = "until: the time is over already: state a later one".to_owned();
                    return Err(("client-invalid", message));
                }
                let fits = self.check_client(client, &scopes, token);
                fits.map_err(|message| ("client-invalid", message))
            }
            Change::Device { device, identity } => self.check_identity(device, identity),
            Change::Factor { operator, factor } => self.check_factor(operator, factor),
            Change::Procedures { version, parts } => self.check_procedures(*version, parts),
            Change::Policies { version, roles, cedar, sod, guards } => {
                self.check_policies((*version, roles, cedar), sod, guards.as_deref())
            }
        }
    }

    /// Whether one person may hold these roles together, as they are in the policies in force, beside
    /// what raw Cedar permits him.
    fn check_duties(
        &self,
        id: &OperatorId,
        roles: &[String],
        said: &[Mitigation],
    ) -> Result<(), Fault> {
        let (matrix, _) = self.access.source();
        let today = Day::of(&self.now, self.settings.utc_offset_min);
        let raw = self.access.raw_rights(&Principal::Operator { id, roles });
        let holding = sod::Holding { roles, matrix, raw: &raw };
        let judged = sod::judge_grant(holding, self.duties(), said, today);
        judged.map(|_| ()).map_err(|message| ("duties-conflict", message))
    }

    /// Which duties one person must not hold together: those in force, or the configured ones while
    /// the journal tells none.
    fn duties(&self) -> &SodTable {
        let recorded = self.state.policies.as_ref().map(|known| &known.sod);
        recorded.filter(|sod| !sod.conflicts.is_empty()).unwrap_or(&self.settings.sod)
    }

    /// Decides on a request. `activation` is a fresh one-time code, which counts if the change leaves its
    /// operator without a PIN.
    pub(crate) fn decide_change(
        &mut self,
        id: ChangeId,
        said: Said,
        activation: Option<ActivationCodes>,
        by: Actor,
    ) -> Answer {
        let Said { approve, reason, mitigations } = said;
        let Some(mut open) = self.state.change(id).cloned() else {
            // Who may not decide does not learn either what waits.
            let asked = Asked::new(&by, Action::Approve, Module::System);
            let decision = self.permit(asked.clone(), Facts::default())?;
            if !matches!(by, Actor::Operator { .. }) {
                let reason = "only a person decides on a request: sign in";
                return Err(self.deny(asked, "not-an-operator", reason, Some(decision)));
            }
            return Err(unknown(id));
        };
        let asked = about(&by, Action::Approve, &open.change);
        let requester = actor_name(&open.by);
        let facts = Facts { requested_by: Some(&requester), ..Facts::default() };
        let decision = self.permit(asked.clone(), facts)?;
        if let Err((code, message)) = may_decide(&open, &by, approve, &reason) {
            return Err(self.deny(asked, code, message, Some(decision)));
        }
        open.bear(&mitigations);
        if let Err((code, message)) = self.check_borne(&open, &mitigations, approve) {
            return Err(self.deny(asked, code, message, Some(decision)));
        }
        let fits =
            self.still_there(&open.by).and_then(|()| self.check_content(&open.change, &open.by));
        if approve && let Err((code, message)) = fits {
            let message = format!("it can't be made any more: {message}");
            return Err(self.deny(asked, code, message, Some(decision)));
        }
        let (matrix, _) = self.access.source();
        open.endorsed = open.endorser(self.state, matrix).cloned();
        let two = approve && open.needs_two(self.state, matrix);
        let verdict = match &open.endorsed {
            _ if !approve => ChangeVerdict::Rejected,
            None if two => ChangeVerdict::Endorsed,
            // Also where the others who could have approved it were removed meanwhile.
            Some(first) if matches!(&by, Actor::Operator { id, .. } if id == first) => {
                let message = "you approved it already: it needs another one too";
                return Err(self.deny(asked, "same-person", message, Some(decision)));
            }
            _ => ChangeVerdict::Approved,
        };
        let holder = first_half_of(&open, &by);
        let activation = activation.map(|codes| (codes.of(holder), holder));
        let decision = Some(decision);
        self.record(Body::ChangeDecided { id, verdict, reason, by, decision, mitigations });
        match verdict {
            ChangeVerdict::Approved => self.put_in_force(open, activation),
            ChangeVerdict::Endorsed => {
                Ok(Reply::Endorsed { activation: self.state.leaves_without_pin(&open.change) })
            }
            _ => Ok(Reply::Done),
        }
    }

    /// What somebody asked for who is not here any more is asked for by nobody.
    fn still_there(&self, by: &Actor) -> Result<(), Fault> {
        let gone = match by {
            Actor::Operator { id, .. } => self.state.operator(id).is_none(),
            Actor::Client { id } => !self.state.clients.contains_key(id),
            _ => false,
        };
        let message = format!("{} asked for it and is not here any more", actor_name(by));
        if gone { Err(("requester-gone", message)) } else { Ok(()) }
    }

    /// Ends what somebody who leaves asked for, and what is about him.
    pub(crate) fn end_changes_of(&mut self, operator: &OperatorId) {
        let his = |open: &&OpenChange| {
            let asked = matches!(&open.by, Actor::Operator { id, .. } if id == operator);
            asked || open.change.operator() == Some(operator)
        };
        let ids: Vec<ChangeId> = self.state.changes().filter(his).map(|open| open.id).collect();
        for id in ids {
            self.end_change(id, ChangeVerdict::Withdrawn, "who it was of, or about, left");
        }
    }

    /// Refuses what would leave nobody who can decide on requests: no way led back.
    pub(crate) fn keep_an_approver(
        &self,
        matrix: &RoleMatrix,
        without: Option<&OperatorId>,
        with: Option<&[String]>,
    ) -> Result<(), Fault> {
        // Who waits for a PIN can't sign in: where others can, he is no way back.
        let can_sign_in = |one: &&Operator| one.pin.is_some();
        let any_can = self.state.approvers(matrix).any(|one| can_sign_in(&one));
        let mut staying = self.state.approvers(matrix).filter(|one| Some(&one.id) != without);
        let stays = staying.any(|one| !any_can || can_sign_in(&one));
        let comes = with.is_some_and(|roles| roles.iter().any(|role| approves(matrix, role)));
        let none = self.state.operators.is_empty();
        let message = "nobody could decide on requests any more: give somebody else a role with \
                       system approve first";
        if stays || comes || none { Ok(()) } else { Err(("last-approver", message.to_owned())) }
    }

    /// Takes a request back: whoever made it, or whoever may decide on it.
    pub(crate) fn withdraw_change(&mut self, id: ChangeId, reason: String, by: Actor) -> Answer {
        let Some(open) = self.state.change(id).cloned() else {
            let asked = Asked::new(&by, Action::Create, Module::System);
            let either = [(Module::System, Action::Modify)];
            self.permit_any(asked, &either, Facts::default())?;
            return Err(unknown(id));
        };
        let asked = about(&by, self.action_of(&open.change), &open.change);
        let decision = self.permit_change(&asked, &open.change)?;
        if !is_same(&open.by, &by) && open.by != by {
            let reason = "only whoever asked for it takes it back: reject it instead";
            return Err(self.deny(asked, "not-yours", reason, decision));
        }
        let verdict = ChangeVerdict::Withdrawn;
        let reason = cut(&reason, REASON_BYTES_MAX);
        let mitigations = vec![];
        self.record(Body::ChangeDecided { id, verdict, reason, by, decision, mitigations });
        Ok(Reply::Done)
    }

    fn put_in_force(&mut self, open: OpenChange, activation: Option<(Hash, Holder)>) -> Answer {
        self.record_borne(&open);
        let OpenChange { id, change, by, .. } = open;
        match change {
            Change::Operator {
                operator,
                name,
                roles,
                badges,
                kinds,
                tails,
                reset_pin,
                mitigations,
            } => {
                let old = self.state.operator(&operator);
                let pin = old.and_then(|old| old.pin).filter(|_| !reset_pin);
                let activation = activation.filter(|_| pin.is_none());
                let code = activation.map(|(code, _)| code);
                let now = people::Enrolment {
                    operator,
                    name,
                    roles,
                    badges,
                    pin,
                    kinds,
                    tails,
                    mitigations,
                };
                self.enrolled(now, code, Some(id), by);
                Ok(Reply::Approved { activation: activation.map(|(_, holder)| holder) })
            }
            Change::Client { client, scopes, token, certificate, until_us } => {
                let change = Some(id);
                self.record(Body::ClientAdded {
                    client,
                    scopes,
                    token,
                    certificate,
                    until_us,
                    change,
                    by,
                });
                Ok(Reply::Approved { activation: None })
            }
            Change::Factor { operator, factor } => {
                self.add_factor(operator, factor, id, by);
                Ok(Reply::Approved { activation: None })
            }
            Change::Device { device, identity } => {
                self.device_approved(device, identity, id, by);
                Ok(Reply::Approved { activation: None })
            }
            Change::Procedures { version, parts } => {
                self.procedures_approved(version, parts, id).map_err(refusal)?;
                Ok(Reply::Approved { activation: None })
            }
            Change::Policies { version, roles, cedar, sod, guards } => {
                let new = Policies { version, roles, cedar, sod, guards };
                self.policies_approved(new, id).map_err(refusal)?;
                Ok(Reply::Approved { activation: None })
            }
        }
    }

    /// Ends the requests that nobody decided on in time.
    pub(crate) fn time_out_changes(&mut self) {
        // A device that is refused is so until somebody decides.
        let waits = |open: &OpenChange| {
            open.by == Actor::Daemon && matches!(open.change, Change::Device { .. })
        };
        let over = |open: &&OpenChange| {
            !waits(open) && crate::state::remaining_ms(&open.at, CHANGE_MS_MAX, &self.now) == 0
        };
        let due: Vec<ChangeId> = self.state.changes().filter(over).map(|open| open.id).collect();
        for id in due {
            self.end_change(id, ChangeVerdict::Expired, "nobody decided on it in seven days");
        }
    }

    pub(crate) fn end_change(&mut self, id: ChangeId, verdict: ChangeVerdict, reason: &str) {
        let (reason, by) = (reason.to_owned(), Actor::Daemon);
        let (decision, mitigations) = (None, vec![]);
        self.record(Body::ChangeDecided { id, verdict, reason, by, decision, mitigations });
    }
}

/// Who has the first half of the one-time code, if this one's yes puts the request in force: who approved
/// first, unless that is himself, else who asked. So nobody is given both.
fn first_half_of(open: &OpenChange, by: &Actor) -> Holder {
    match (&open.endorsed, by) {
        (Some(first), Actor::Operator { id, .. }) if first != id => Holder::FirstApprover,
        _ => Holder::Asker,
    }
}

/// Who may say yes or no to a request, whatever the policies say.
fn may_decide(open: &OpenChange, by: &Actor, approve: bool, reason: &str) -> Result<(), Fault> {
    let Actor::Operator { id, .. } = by else {
        let message = "only a person decides on a request: sign in".to_owned();
        return Err(("not-an-operator", message));
    };
    if is_same(&open.by, by) {
        let message = "whoever asked for it does not decide on it: ask somebody else".to_owned();
        return Err(("same-person", message));
    }
    if open.change.operator() == Some(id) {
        let message = "nobody decides on what is about himself: ask somebody else".to_owned();
        return Err(("same-person", message));
    }
    // A yes may go without words: what was asked for stands there. A no tells why.
    match approve && reason.is_empty() {
        true => Ok(()),
        false => check_reason(reason).map_err(|message| ("reason-missing", message)),
    }
}

/// The id of the daemon's own request for what has this digest: random enough, since nobody else names a
/// digest and a place.
pub(crate) fn id_of(version: Hash, seq: u64) -> ChangeId {
    let digest = Hash::of(format!("gatewarden change 1\n{version}\n{seq}").as_bytes());
    let bytes: [u8; 16] = std::array::from_fn(|i| digest.0[i]);
    ChangeId(uuid::Builder::from_custom_bytes(bytes).into_uuid())
}

fn about(by: &Actor, action: Action, change: &Change) -> Asked {
    let mut asked = Asked::new(by, action, Module::System);
    asked.document = Some(change.about());
    asked
}

fn unknown(id: ChangeId) -> Refusal {
    let message = format!("request {id} does not wait for a decision");
    Refusal { code: "unknown-change", message, recorded: None }
}

fn refusal((code, message): Fault) -> Refusal {
    Refusal { code, message, recorded: None }
}
