//! Requests for what needs a second person: listed, approved, rejected, taken back.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use gatewarden_engine::{Command, Holder, OpenChange, Policies, gained_by};
use gatewarden_model::{
    Action, Change, ChangeId, Day, Field, MitigationOf, Module, Stamp, mask::HIDDEN,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    Api,
    auth::Who,
    mask::Eyes,
    problem::{Body, Problem},
};
use crate::{
    activation::{Decided, askers_half},
    views::{people, procedures, roles},
};

/// A request that waits.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Asked {
    /// Its id: whoever decides names it.
    #[schema(value_type = String)]
    pub(crate) change: ChangeId,
    /// Where it leaves an operator without a PIN: half of the one-time code with which he sets one, shown
    /// this once. Hand it to him, and to nobody else; whoever approves has the other half.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) activation_half: Option<String>,
    /// Whether two have to approve it as things are now: each of them is given a half then, and the asker's
    /// does not count.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) takes_two: bool,
}

/// Asks for a change; its entry is written.
pub(super) async fn ask(
    api: &Api,
    who: &Who,
    change: Change,
    reason: String,
) -> Result<(StatusCode, Json<Asked>), Problem> {
    let (id, by) = (ChangeId(Uuid::now_v7()), who.actor());
    let half = askers_half(&api.app.factors, &api.app.recorder, (id, &change, &by)).await?;
    let command = Command::RequestChange { id, change, reason, by };
    let _ = api.app.recorder.command(command).await??;
    let takes_two = half.as_ref().is_some_and(|half| half.takes_two);
    let activation_half = half.map(|half| half.half);
    Ok((StatusCode::ACCEPTED, Json(Asked { change: id, activation_half, takes_two })))
}

/// All that wait for a second person, oldest first. Digests of badges and tokens are left out; of a badge
/// stands what it is, whether a copy can be made, the last characters of its number, to be held against
/// the badge in one's hand, and whether it is new. With an operator's roles stand what they give, within
/// which limits, and the conflicts of duties that they make. With procedures stands, definition by
/// definition, what differs from those in force.
#[utoipa::path(get, path = "/changes", tag = "people",
    responses((status = 200, body = Vec<Object>), (status = 403, body = Problem)))]
pub(crate) async fn list(State(api): State<Api>, who: Who) -> Result<Json<Value>, Problem> {
    who.may(&api, Action::View, Module::System, "changes").await?;
    let notes = Eyes::of(&api, &who).await?.sees(&Field::Notes);
    let now = api.app.clock.now();
    let today = Day::of(&now, api.app.config.gateway.utc_offset_min);
    let list = api.app.recorder.query(move |engine| {
        let mut open: Vec<&OpenChange> = engine.state().changes().collect();
        open.sort_unstable_by_key(|open| open.seq);
        let told = |open: &&OpenChange| {
            let before = before(engine.state(), &open.change, &now);
            let mut told = json!(open);
            leave_out(&mut told["change"]);
            people::asked_operator(&mut told["change"], &open.change, engine, today);
            told["before"] = before;
            if let Some(new) = Policies::asked(&open.change) {
                let known = engine.state().policies_in_force();
                let differs = known.map(|known| {
                    let roles = roles::differs(&known.roles, &new.roles);
                    let cedar = roles::lines_that_differ(&known.cedar, &new.cedar);
                    [known.differs(&new), roles, cedar].concat()
                });
                told["differs"] = json!(differs);
                told["conflicts"] = json!(gained_by(engine.state(), &new));
            }
            if let Change::Procedures { parts, .. } = &open.change {
                let known = engine.state().procedures_in_force().map(|known| known.parts.clone());
                told["differs"] = json!(procedures::differs(&known.unwrap_or_default(), parts));
            }
            if !notes {
                told["reason"] = json!(HIDDEN);
            }
            told
        };
        Value::Array(open.iter().map(told).collect())
    });
    Ok(Json(list.await?))
}

/// What is in force now of what would change.
fn before(state: &gatewarden_engine::State, change: &Change, now: &Stamp) -> Value {
    match change {
        Change::Operator { operator, .. } => {
            json!(state.operator(operator).map(|known| people::operator(state, known, now)))
        }
        Change::Client { .. } => Value::Null,
        Change::Factor { operator, .. } => crate::factors::told(state, operator),
        Change::Device { device, .. } => json!(state.device(device)),
        Change::Procedures { .. } => state
            .procedures_in_force()
            .map_or(Value::Null, |known| json!({"version": known.version, "parts": *known.parts})),
        Change::Policies { .. } => state.policies_in_force().map_or(Value::Null, |known| {
            json!({"version": known.version, "roles": known.roles, "cedar": known.cedar,
                    "sod": known.sod, "guards": known.guards})
        }),
    }
}

/// Takes out what helps nobody to decide and somebody to guess.
fn leave_out(change: &mut Value) {
    if let Some(map) = change.as_object_mut() {
        map.remove("token");
        map.remove("kinds");
        map.remove("tails");
        map.remove("badges");
    }
}

/// A decision.
#[derive(Deserialize, ToSchema)]
pub(crate) struct DecisionInput {
    /// Yes or no.
    approve: bool,
    /// Why; needed for a no.
    #[serde(default)]
    reason: String,
    /// With a yes to policies: what makes bearable each conflict of duties that they give to somebody, as
    /// `operator`, `conflict`, `reason` and `until`.
    #[serde(default)]
    #[schema(value_type = Vec<Object>)]
    mitigations: Vec<MitigationOf>,
}

/// Approves or rejects a request of somebody else. Where an operator is left without a PIN, the answer
/// has half of the one-time code with which he sets one (`activation_half`): hand it to him, and to nobody
/// else. The other half has whoever asked, or whoever approved first (`other_half`: `asker`,
/// `first-approver`, `next-approver`). `state` is `in-force`, `rejected`, or `needs-another`: what no person
/// asked for needs two who approve it, where there are two.
#[utoipa::path(post, path = "/changes/{change}/decision", tag = "people",
    request_body = DecisionInput, params(("change" = String, Path)),
    responses((status = 200, body = Object), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 422, body = Problem)))]
pub(crate) async fn decide(
    State(api): State<Api>,
    who: Who,
    Path(change): Path<String>,
    Body(input): Body<DecisionInput>,
) -> Result<Json<Value>, Problem> {
    let id = parse(&change)?;
    let said = (input.approve, input.reason, input.mitigations);
    let (state, half, other) = match api.app.decide_change(id, said, who.actor()).await?? {
        Decided::InForce(None) => ("in-force", None, None),
        Decided::InForce(Some((half, Holder::Asker))) => ("in-force", Some(half), Some("asker")),
        Decided::InForce(Some((half, Holder::FirstApprover))) => {
            ("in-force", Some(half), Some("first-approver"))
        }
        Decided::Endorsed(half) => {
            let other = half.as_ref().map(|_| "next-approver");
            ("needs-another", half, other)
        }
        Decided::Rejected => ("rejected", None, None),
    };
    Ok(Json(json!({"state": state, "activation_half": half, "other_half": other})))
}

/// Takes back a request of one's own.
#[utoipa::path(delete, path = "/changes/{change}", tag = "people",
    params(("change" = String, Path)),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn withdraw(
    State(api): State<Api>,
    who: Who,
    Path(change): Path<String>,
) -> Result<StatusCode, Problem> {
    let (id, by) = (parse(&change)?, who.actor());
    let command = Command::WithdrawChange { id, reason: "taken back".to_owned(), by };
    let _ = api.app.recorder.command(command).await??;
    Ok(StatusCode::NO_CONTENT)
}

fn parse(text: &str) -> Result<ChangeId, Problem> {
    text.parse().map_err(|_| Problem::not_found("change"))
}
