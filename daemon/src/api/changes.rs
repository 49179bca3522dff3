//! Requests for what needs a second person: listed, approved, rejected, taken back.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use gatewarden_engine::{Command, OpenChange, Policies, gained_by};
use gatewarden_model::{Action, Change, ChangeId, Field, MitigationOf, Module, mask::HIDDEN};
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
use crate::app::Decided;

/// A request that waits.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Asked {
    /// Its id: whoever decides names it.
    #[schema(value_type = String)]
    pub(crate) change: ChangeId,
}

/// Asks for a change; its entry is written.
pub(super) async fn ask(
    api: &Api,
    who: &Who,
    change: Change,
    reason: String,
) -> Result<(StatusCode, Json<Asked>), Problem> {
    let id = ChangeId(Uuid::now_v7());
    let command = Command::RequestChange { id, change, reason, by: who.actor() };
    let _ = api.app.recorder.command(command).await??;
    Ok((StatusCode::ACCEPTED, Json(Asked { change: id })))
}

/// All that wait for a second person, oldest first. Digests of badges and tokens are left out.
#[utoipa::path(get, path = "/changes", tag = "people",
    responses((status = 200, body = Vec<Object>), (status = 403, body = Problem)))]
pub(crate) async fn list(State(api): State<Api>, who: Who) -> Result<Json<Value>, Problem> {
    who.may(&api, Action::View, Module::System, "changes").await?;
    let notes = Eyes::of(&api, &who).await?.sees(&Field::Notes);
    let list = api.app.recorder.query(move |engine| {
        let mut open: Vec<&OpenChange> = engine.state().changes().collect();
        open.sort_unstable_by_key(|open| open.seq);
        let told = |open: &&OpenChange| {
            let before = before(engine.state(), &open.change);
            let mut told = json!(open);
            leave_out(&mut told["change"]);
            told["before"] = before;
            if let Some(new) = Policies::asked(&open.change) {
                let known = engine.state().policies_in_force();
                told["differs"] = json!(known.map(|known| known.differs(&new)));
                told["conflicts"] = json!(gained_by(engine.state(), &new));
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
fn before(state: &gatewarden_engine::State, change: &Change) -> Value {
    match change {
        Change::Operator { operator, .. } => json!(state.operator(operator)),
        Change::Client { .. } => Value::Null,
        Change::Factor { operator, .. } => crate::factors::told(state, operator),
        Change::Device { device, .. } => json!(state.device(device)),
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
        if let Some(badges) = map.get_mut("badges") {
            *badges = json!(badges.as_array().map_or(0, Vec::len));
        }
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
/// has the one-time code with which he sets one: hand it to him, and to nobody else. `state` is `in-force`,
/// `rejected`, or `needs-another`: what no person asked for needs two who approve it, where there are two.
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
    let (state, code) = match api.app.decide_change(id, said, who.actor()).await?? {
        Decided::InForce(code) => ("in-force", code),
        Decided::Endorsed => ("needs-another", None),
        Decided::Rejected => ("rejected", None),
    };
    Ok(Json(json!({"state": state, "activation_code": code})))
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
