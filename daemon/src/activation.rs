//! The one-time code with which an operator sets a PIN, in two halves: one for whoever asked, or approved
//! first where it takes two, one for whoever approved last. With one half nobody becomes that person.
//!
//! Each half is shown once, in the answer to its holder, and stands nowhere; what the journal keeps of the
//! whole tells nothing to whoever does not have the installation's key. Absent: who approves, and which
//! first half counts (the engine); how often somebody may guess (`api::gate`).

use gatewarden_engine::{ActivationCodes, Command, Holder, Refusal, Reply, State};
use gatewarden_identity::activation::{digest, digest_typed, first_half, half};
use gatewarden_model::{Actor, Change, ChangeId, Hash, MitigationOf, OperatorId};

use crate::{
    app::App,
    factors::{FactorError, Factors},
    recorder::{Recorder, RecorderError},
};

/// What a decision on a request came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Decided {
    /// It is in force; perhaps with the second half of a one-time code, and who has the first.
    InForce(Option<(String, Holder)>),
    /// Another one has to approve it too; perhaps with the first half.
    Endorsed(Option<String>),
    /// It never will be.
    Rejected,
}

/// What whoever asked is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AskersHalf {
    /// The first half of the one-time code.
    pub(crate) half: String,
    /// Whether two have to approve as things are now: then each of them is given a half, and this one does
    /// not count.
    pub(crate) takes_two: bool,
}

/// The half of whoever asked for a change that is about to be asked for; none where it needs no code.
/// Called before it is asked for: without a key nobody should have to ask again.
pub(crate) async fn askers_half(
    factors: &Factors,
    recorder: &Recorder,
    (id, change, by): (ChangeId, &Change, &Actor),
) -> Result<Option<AskersHalf>, FactorError> {
    let (asked, by) = (change.clone(), by.clone());
    let takes_two = recorder.query(move |engine| {
        let (state, (matrix, _)) = (engine.state(), engine.access().source());
        state.leaves_without_pin(&asked).then(|| state.takes_two(&asked, &by, matrix))
    });
    let Some(takes_two) = takes_two.await? else { return Ok(None) };
    let key = factors.key(recorder).await?;
    Ok(Some(AskersHalf { half: first_half(&key, id, Holder::Asker), takes_two }))
}

impl App {
    /// Decides on a request for a change. With a yes comes half of a one-time code, where it needs one.
    pub(crate) async fn decide_change(
        &self,
        id: ChangeId,
        (approve, reason, mitigations): (bool, String, Vec<MitigationOf>),
        by: Actor,
    ) -> Result<Result<Decided, Refusal>, FactorError> {
        let about = self.recorder.query(move |engine| {
            let change = &engine.state().change(id)?.change;
            let needs_code = engine.state().leaves_without_pin(change);
            let reset = matches!(change, Change::Operator { reset_pin: true, .. });
            Some((needs_code, change.operator().filter(|_| reset).cloned()))
        });
        let (needs_code, resets) = about.await?.unwrap_or_default();
        let gone = resets.filter(|_| approve).map(|operator| (operator, None));
        let (second, codes) = match approve && needs_code {
            true => self.fresh_code(id).await?,
            false => (String::new(), None),
        };
        let command =
            Command::DecideChange { id, approve, reason, activation: codes, mitigations, by };
        Ok(match self.recorder.command_with(command, gone).await? {
            Ok(Reply::Approved { activation }) => {
                Ok(Decided::InForce(activation.map(|holder| (second, holder))))
            }
            Ok(Reply::Endorsed { activation: false }) => Ok(Decided::Endorsed(None)),
            Ok(Reply::Endorsed { activation: true }) => {
                let key = self.factors.key(&self.recorder).await?;
                Ok(Decided::Endorsed(Some(first_half(&key, id, Holder::FirstApprover))))
            }
            Ok(_) => Ok(Decided::Rejected),
            Err(refusal) => Err(refusal),
        })
    }

    /// A fresh second half, and the digests of what it makes with the first ones.
    async fn fresh_code(
        &self,
        id: ChangeId,
    ) -> Result<(String, Option<ActivationCodes>), FactorError> {
        let key = self.factors.key(&self.recorder).await?;
        let second = half(&rand::random());
        let with = |holder| digest(&key, &first_half(&key, id, holder), &second);
        let (with_asker, with_first_approver) = (with(Holder::Asker), with(Holder::FirstApprover));
        Ok((second, Some(ActivationCodes { with_asker, with_first_approver })))
    }

    /// The digest of a one-time code that somebody typed for an operator, and whether it is his.
    pub(crate) async fn typed_code(
        &self,
        operator: &OperatorId,
        code: &str,
    ) -> Result<(Hash, bool), FactorError> {
        let who = operator.clone();
        let kept = move |state: &State| Some(state.operator(&who)?.activation.as_ref()?.code);
        let kept: Result<_, RecorderError> =
            self.recorder.query(move |engine| kept(engine.state())).await;
        let (kept, key) = (kept?, self.factors.key(&self.recorder).await?);
        let typed = digest_typed(&key, code, kept.as_ref());
        Ok((typed, kept.is_some_and(|kept| crate::secrets::same_digest(&kept, &typed))))
    }
}
