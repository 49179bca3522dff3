//! What changes the books beside postings: tags bound to pieces, landed cost, the close of a period.

use axum::{Json, extract::State, http::StatusCode};
use gatewarden_engine::Command;
use gatewarden_model::{Amount, Day, Document, ItemId, Masked, MovementId, Tid, no_fields};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Api,
    auth::Who,
    mask::{Eyes, act},
    problem::{Body, Problem},
};
use crate::trace;

/// A tag or code, by its key or as it was read.
fn key(tag: &str) -> String {
    trace::tag_key(tag).unwrap_or_else(|| tag.to_owned())
}

/// What was done.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Done {
    Tag(String),
    Movement(MovementId),
    ClosedUntil(Day),
}

no_fields!(Done);

/// A tag or code to be bound to a piece of an item.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Commission {
    /// The tag or code: its key, or as it was read (EPC in hex, tag URI, scan).
    tag: String,
    /// The item.
    #[schema(value_type = String)]
    item: ItemId,
    /// Its lot.
    #[serde(default)]
    lot: Option<String>,
    /// Its serial.
    #[serde(default)]
    serial: Option<String>,
    /// The TID of its chip in hex, 8 to 32 bytes, as it was read.
    #[serde(default)]
    tid: Option<String>,
}

/// Binds a tag or code to a piece of an item.
#[utoipa::path(post, path = "/api/v1/tags", tag = "stock", request_body = Commission,
    responses((status = 201, body = Object), (status = 403, body = Problem),
        (status = 422, body = Problem)))]
pub(crate) async fn commission(
    State(api): State<Api>,
    who: Who,
    Body(input): Body<Commission>,
) -> Result<(StatusCode, Json<Masked<Done>>), Problem> {
    let Commission { tag, item, lot, serial, tid } = input;
    let tid = tid.as_deref().map(Tid::parse).transpose();
    let tid = tid.map_err(|error| Problem::bad_field("tid", format!("tid: {error}")))?;
    let tag = key(&tag);
    let command = Command::Commission { tag: tag.clone(), item, lot, serial, tid, by: who.actor() };
    act(&api, &who, command).await?;
    Ok((StatusCode::CREATED, Eyes::of(&api, &who).await?.json(Done::Tag(tag))))
}

/// A tag or code that stands for nothing any more.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Decommission {
    /// The tag or code: its key, or as it was read.
    tag: String,
    /// Why.
    reason: String,
}

/// Releases a tag or code.
#[utoipa::path(delete, path = "/api/v1/tags", tag = "stock", request_body = Decommission,
    responses((status = 204), (status = 403, body = Problem), (status = 422, body = Problem)))]
pub(crate) async fn decommission(
    State(api): State<Api>,
    who: Who,
    Body(input): Body<Decommission>,
) -> Result<StatusCode, Problem> {
    let Decommission { tag, reason } = input;
    let command = Command::Decommission { tag: key(&tag), reason, by: who.actor() };
    act(&api, &who, command).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What was paid beside the price of a receipt.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LandedCost {
    /// The receipt.
    #[schema(value_type = String)]
    movement: MovementId,
    /// On which document.
    #[schema(value_type = Object)]
    document: Document,
    /// What is added to each line's value, in the order of the receipt's lines.
    #[schema(value_type = Vec<String>)]
    amounts: Vec<Amount>,
}

/// Adds cost to a receipt; what left of it since is revalued.
#[utoipa::path(post, path = "/api/v1/landed-costs", tag = "stock", request_body = LandedCost,
    responses((status = 201, body = Object), (status = 403, body = Problem),
        (status = 422, body = Problem)))]
pub(crate) async fn land_cost(
    State(api): State<Api>,
    who: Who,
    Body(input): Body<LandedCost>,
) -> Result<(StatusCode, Json<Masked<Done>>), Problem> {
    let LandedCost { movement, document, amounts } = input;
    let command = Command::LandCost { movement, document, amounts, by: who.actor() };
    let _ = api.app.recorder.command(command).await??;
    Ok((StatusCode::CREATED, Eyes::of(&api, &who).await?.json(Done::Movement(movement))))
}

/// Up to when.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Close {
    /// The last closed day.
    #[schema(value_type = String)]
    until: Day,
}

/// Closes a period: nothing counts any more for a day up to the last closed one.
#[utoipa::path(post, path = "/api/v1/periods/close", tag = "stock", request_body = Close,
    responses((status = 201, body = Object), (status = 403, body = Problem),
        (status = 422, body = Problem)))]
pub(crate) async fn close(
    State(api): State<Api>,
    who: Who,
    Body(input): Body<Close>,
) -> Result<(StatusCode, Json<Masked<Done>>), Problem> {
    let Close { until } = input;
    let _ = api.app.recorder.command(Command::ClosePeriod { until, by: who.actor() }).await??;
    Ok((StatusCode::CREATED, Eyes::of(&api, &who).await?.json(Done::ClosedUntil(until))))
}
