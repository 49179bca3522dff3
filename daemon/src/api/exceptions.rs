//! What waits for a decision: held passes and quarantined ones.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use gatewarden_engine::{Command, Engine, Hold, Quarantine, Reply};
use gatewarden_model::{Action, Masked, Module, MovementId, PassId, entry::Verdict, no_fields};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Api,
    auth::Who,
    mask::{Eyes, act},
    problem::{Body, Problem},
};

fn pass_id(text: &str) -> Result<PassId, Problem> {
    text.parse().map_err(|_| Problem::bad_request("a pass's id is a UUID"))
}

/// Passes that differ from their task.
#[utoipa::path(get, path = "/holds", tag = "exceptions",
    responses((status = 200, body = Vec<Object>), (status = 403, body = Problem)))]
pub(crate) async fn holds(
    State(api): State<Api>,
    who: Who,
) -> Result<Json<Masked<Vec<Hold>>>, Problem> {
    who.may(&api, Action::View, Module::Transfer, "held passes").await?;
    let open = |engine: &Engine| engine.state().holds().cloned().collect();
    let holds = api.app.recorder.query(open).await?;
    Ok(Eyes::of(&api, &who).await?.json(holds))
}

/// What is decided on a held pass.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct HoldDecision {
    /// `accept` posts what fits, `reject` posts nothing.
    #[schema(value_type = String)]
    verdict: Verdict,
    /// Why, for the journal.
    reason: String,
    /// Keys of things that the portal doubted and that are to count as what went through. Where one may be
    /// a copy, a second person must have joined the session.
    #[serde(default)]
    doubts: Vec<String>,
}

/// What a decision came to.
#[derive(Debug, Serialize)]
pub(crate) struct Decided {
    movement: Option<MovementId>,
}

no_fields!(Decided);

/// Decides on a held pass; never its own operator, and only who may approve.
#[utoipa::path(post, path = "/holds/{pass}/decision", tag = "exceptions",
    request_body = HoldDecision,
    responses((status = 200, body = Object), (status = 403, body = Problem),
        (status = 404, body = Problem)))]
pub(crate) async fn decide(
    State(api): State<Api>,
    who: Who,
    Path(pass): Path<String>,
    Body(decision): Body<HoldDecision>,
) -> Result<Json<Masked<Decided>>, Problem> {
    let HoldDecision { verdict, reason, doubts } = decision;
    let pass = pass_id(&pass)?;
    let command = Command::DecideHold { pass, verdict, reason, doubts, by: who.actor() };
    let movement = match act(&api, &who, command).await? {
        Reply::Posted { movement, .. } => Some(movement),
        _ => None,
    };
    Ok(Eyes::of(&api, &who).await?.json(Decided { movement }))
}

/// Passes that nobody may claim.
#[utoipa::path(get, path = "/quarantine", tag = "exceptions",
    responses((status = 200, body = Vec<Object>), (status = 403, body = Problem)))]
pub(crate) async fn quarantine(
    State(api): State<Api>,
    who: Who,
) -> Result<Json<Masked<Vec<Quarantine>>>, Problem> {
    who.may(&api, Action::View, Module::Transfer, "quarantine").await?;
    let open = |engine: &Engine| engine.state().quarantine().cloned().collect();
    let list = api.app.recorder.query(open).await?;
    Ok(Eyes::of(&api, &who).await?.json(list))
}

/// Why a quarantined pass needs nothing more.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct Dismissal {
    /// Why, for the journal.
    reason: String,
}

/// Dismisses a quarantined pass: it stays in the journal and leaves the list.
#[utoipa::path(post, path = "/quarantine/{pass}/dismiss", tag = "exceptions",
    request_body = Dismissal,
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn dismiss(
    State(api): State<Api>,
    who: Who,
    Path(pass): Path<String>,
    Body(dismissal): Body<Dismissal>,
) -> Result<StatusCode, Problem> {
    let pass = pass_id(&pass)?;
    let command = Command::ResolveQuarantine { pass, reason: dismissal.reason, by: who.actor() };
    act(&api, &who, command).await?;
    Ok(StatusCode::NO_CONTENT)
}
