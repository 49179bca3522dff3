//! What waits for a decision: held passes and quarantined ones.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use gatewarden_engine::{Command, Reply};
use gatewarden_model::{Action, Module, PassId, entry::Verdict};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{
    Api,
    auth::Who,
    problem::{Body, Problem},
};

fn pass_id(text: &str) -> Result<PassId, Problem> {
    text.parse().map_err(|_| Problem::bad_request("a pass's id is a UUID"))
}

/// Passes that differ from their task.
#[utoipa::path(get, path = "/holds", tag = "exceptions",
    responses((status = 200, body = Vec<Object>), (status = 403, body = Problem)))]
pub(crate) async fn holds(State(api): State<Api>, who: Who) -> Result<Json<Value>, Problem> {
    who.may(&api, Action::View, Module::Transfer, "held passes").await?;
    let holds = api.app.recorder.query(|e| json!(e.state().holds().collect::<Vec<_>>())).await?;
    Ok(Json(holds))
}

/// What is decided on a held pass.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct HoldDecision {
    /// `accept` posts what fits, `reject` posts nothing.
    #[schema(value_type = String)]
    verdict: Verdict,
    /// Why, for the journal.
    reason: String,
}

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
) -> Result<Json<Value>, Problem> {
    let HoldDecision { verdict, reason } = decision;
    let pass = pass_id(&pass)?;
    let command = Command::DecideHold { pass, verdict, reason, by: who.actor() };
    let movement = match api.app.recorder.command(command).await?? {
        Reply::Posted { movement, .. } => Some(movement),
        _ => None,
    };
    Ok(Json(json!({ "movement": movement })))
}

/// Passes that nobody may claim.
#[utoipa::path(get, path = "/quarantine", tag = "exceptions",
    responses((status = 200, body = Vec<Object>), (status = 403, body = Problem)))]
pub(crate) async fn quarantine(State(api): State<Api>, who: Who) -> Result<Json<Value>, Problem> {
    who.may(&api, Action::View, Module::Transfer, "quarantine").await?;
    let list =
        api.app.recorder.query(|e| json!(e.state().quarantine().collect::<Vec<_>>())).await?;
    Ok(Json(list))
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
    let _ = api.app.recorder.command(command).await??;
    Ok(StatusCode::NO_CONTENT)
}
