//! Movements, stock, traces, proofs and deliveries: what the ledger says.

use axum::{
    Json,
    extract::{Path, State},
    http::{StatusCode, header},
    response::IntoResponse,
};
use gatewarden_model::{Action, Body, Entry, Masked, Module, MovementId, no_fields};
use gatewarden_proof::Trust;
use gatewarden_store::{Balance, BalanceFilter, LedgerReader, MovementPage};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Api, auth::Who, mask::Eyes, problem::Problem, query::Asked};
use crate::{dispatcher, trace};

/// Which part of the movements.
#[derive(Debug, Deserialize, IntoParams, ToSchema)]
#[into_params(parameter_in = Query)]
pub(crate) struct Page {
    /// Only movements older than this sequence.
    #[serde(default)]
    before: Option<u64>,
    /// At most this many, up to 1,000.
    #[serde(default = "page_size")]
    limit: u32,
}

fn page_size() -> u32 {
    100
}

/// Movements, the newest first.
#[utoipa::path(get, path = "/movements", tag = "ledger", params(Page),
    responses((status = 200, body = Vec<Object>), (status = 403, body = Problem)))]
pub(crate) async fn movements(
    State(api): State<Api>,
    who: Who,
    Asked(page): Asked<Page>,
) -> Result<Json<Masked<Vec<Entry>>>, Problem> {
    who.may(&api, Action::View, Module::Ledger, "movements").await?;
    let limit = page.limit.clamp(1, 1000) as usize;
    let page = MovementPage { before: page.before, limit };
    let eyes = Eyes::of(&api, &who).await?;
    Ok(eyes.json(api.app.read(move |ledger| ledger.movements(page)).await?))
}

/// One movement's entry.
#[utoipa::path(get, path = "/movements/{movement}", tag = "ledger",
    responses((status = 200, body = Object), (status = 404, body = Problem)))]
pub(crate) async fn movement(
    State(api): State<Api>,
    who: Who,
    Path(movement): Path<String>,
) -> Result<Json<Masked<Entry>>, Problem> {
    who.may(&api, Action::View, Module::Ledger, "a movement").await?;
    let id = movement_id(&movement)?;
    let entry = api.app.read(move |ledger| ledger.movement(id)).await?;
    let entry = entry.ok_or_else(|| Problem::not_found("movement"))?;
    Ok(Eyes::of(&api, &who).await?.json(entry))
}

fn movement_id(text: &str) -> Result<MovementId, Problem> {
    text.parse().map_err(|_| Problem::bad_request("a movement's id is a UUID"))
}

/// A self-contained proof of a movement, to be checked offline: under the newest checkpoint with the
/// quorum of the configured witnesses, or the newest of all where none has it yet.
#[utoipa::path(get, path = "/movements/{movement}/proof", tag = "ledger",
    responses((status = 200, body = String), (status = 404, body = Problem)))]
pub(crate) async fn proof(
    State(api): State<Api>,
    who: Who,
    Path(movement): Path<String>,
) -> Result<impl IntoResponse, Problem> {
    who.may(&api, Action::View, Module::Ledger, "a proof").await?;
    let id = movement_id(&movement)?;
    let entry = api.app.read(move |ledger| ledger.movement(id)).await?;
    let entry = entry.ok_or_else(|| Problem::not_found("movement"))?;
    let eyes = Eyes::of(&api, &who).await?;
    if !eyes.sees_whole(&entry) {
        // A proof holds the whole entry, and nothing can be taken out of it.
        eyes.need(&api, &who, vec![], "a proof").await?;
    }
    let witnesses = crate::witnesses::trust(&api.app.config.witnesses)?;
    let prove = move |ledger: &LedgerReader| {
        let trust = Trust::with_witnesses_of(ledger.log_keys()?, &witnesses);
        Ok(ledger.witnessed_proof(entry.seq, &trust)?.0.to_text())
    };
    let text = api.app.read(prove).await?;
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text))
}

/// Stock that is not zero, by item, lot and location.
#[utoipa::path(get, path = "/stock", tag = "ledger",
    responses((status = 200, body = Vec<Object>), (status = 403, body = Problem)))]
pub(crate) async fn stock(
    State(api): State<Api>,
    who: Who,
) -> Result<Json<Masked<Vec<Balance>>>, Problem> {
    who.may(&api, Action::View, Module::Ledger, "stock").await?;
    let eyes = Eyes::of(&api, &who).await?;
    Ok(eyes.json(api.app.read(|ledger| ledger.balances(&BalanceFilter::default())).await?))
}

/// An entry in words, and the movement that it is.
#[derive(Debug, Serialize)]
pub(crate) struct Told {
    #[serde(flatten)]
    line: trace::Line,
    #[serde(skip_serializing_if = "Option::is_none")]
    movement: Option<MovementId>,
}

// Words are made of masked entries alone (`trace::line`).
no_fields!(Told);

impl Told {
    fn of(entry: &Masked<Entry>) -> Self {
        let movement = match &entry.get().body {
            Body::Moved { movement, .. } => Some(movement.id),
            _ => None,
        };
        Self { line: trace::line(entry), movement }
    }
}

/// The whole chain about an item, tag, document, operator, movement, task, station, device, lot (as
/// `ITEM/LOT`), client, entry (its sequence) or voucher (of an entry or a movement): of a document, movement, voucher
/// or lot from its origin to all that followed.
#[utoipa::path(get, path = "/trace/{kind}/{key}", tag = "ledger",
    responses((status = 200, body = Vec<trace::Line>), (status = 400, body = Problem)))]
pub(crate) async fn trace(
    State(api): State<Api>,
    who: Who,
    Path((kind, key)): Path<(String, String)>,
) -> Result<Json<Masked<Vec<Told>>>, Problem> {
    who.may(&api, Action::View, Module::Ledger, "a trace").await?;
    let start = trace::Start::named(&kind, &key).ok_or_else(|| {
        Problem::bad_request(format!("trace one of {}, {}", trace::KINDS, trace::ALSO))
    })?;
    let entries = api.app.read(move |ledger| start.collect(ledger)).await?;
    let eyes = Eyes::of(&api, &who).await?;
    Ok(eyes.json(entries.into_iter().map(|entry| Told::of(&eyes.show(entry))).collect()))
}

/// Deliveries that are not done: waiting, under way, or rejected with the reason.
#[utoipa::path(get, path = "/deliveries", tag = "ledger",
    responses((status = 200, body = Vec<dispatcher::DeliveryRow>), (status = 403, body = Problem)))]
pub(crate) async fn deliveries(
    State(api): State<Api>,
    who: Who,
) -> Result<Json<Masked<Vec<dispatcher::DeliveryRow>>>, Problem> {
    who.may(&api, Action::View, Module::Ledger, "deliveries").await?;
    let eyes = Eyes::of(&api, &who).await?;
    Ok(eyes.json(api.app.spool.run(|t| dispatcher::rows(t, None)).await?))
}

/// Lets a rejected delivery be tried again; it is looked up at the ERP first.
#[utoipa::path(post, path = "/deliveries/{lane}/{movement}/retry", tag = "ledger",
    responses((status = 202), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn retry(
    State(api): State<Api>,
    who: Who,
    Path((lane, movement)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    who.may(&api, Action::Modify, Module::System, "retry a delivery").await?;
    let found = api.app.spool.run(move |t| dispatcher::reopen(t, &lane, &movement)).await?;
    found.then_some(StatusCode::ACCEPTED).ok_or_else(|| Problem::not_found("rejected delivery"))
}
