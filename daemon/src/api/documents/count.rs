//! Counting: what is to be counted where, and what somebody found in a bin.
//!
//! Invariant: who counts is shown bins, items and what he himself found, and never what the book says. Absent:
//! what a count found, which is a version of its order (`view`).

use axum::{
    Json,
    extract::{Path, State},
};
use gatewarden_engine::{BinCount, Command, Count, CountPhase, Engine, Reply};
use gatewarden_model::{
    Actor, CountSeen, Document, FieldRights, ItemId, Location, Mask, Masked, OperatorId, no_fields,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{may_view, named};
use crate::api::{
    Api,
    auth::Who,
    mask::{Eyes, act},
    problem::{Body, Problem},
};

/// What is to be counted.
#[derive(Debug, Serialize)]
pub(crate) struct CountView {
    document: Document,
    /// `counting`, `recounting` or `deciding`.
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    station: Option<String>,
    bins: Vec<BinView>,
}

#[derive(Debug, Serialize)]
struct BinView {
    bin: Location,
    /// `open`, `again` (to be counted once more, by somebody else) or `counted`.
    state: &'static str,
    /// Who counted it whole.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    counted_by: Vec<OperatorId>,
    /// What is counted there.
    items: Vec<ItemView>,
    /// How much whoever asks found there and did not end yet: things, or figures.
    #[serde(skip_serializing_if = "Option::is_none")]
    found: Option<usize>,
}

#[derive(Debug, Serialize)]
struct ItemView {
    item: ItemId,
    #[serde(skip_serializing_if = "Option::is_none")]
    lot: Option<String>,
}

impl Mask for CountView {
    fn mask(&mut self, rights: &FieldRights) {
        self.bins.iter_mut().for_each(|one| one.bin.mask(rights));
    }
}

impl CountView {
    fn of(engine: &Engine, document: &Document, by: &Actor) -> Option<Self> {
        let open = engine.state().document(document)?;
        let count = open.count.as_deref()?;
        let due = engine.state().bins_due(open);
        let who = match by {
            Actor::Operator { id, .. } => Some(id),
            _ => None,
        };
        let bins = count.bins().into_iter().map(|bin| {
            let counted_by: Vec<OperatorId> = count.counters_of(&bin).into_iter().collect();
            let state = match (counted_by.is_empty(), due.contains(&bin)) {
                (true, _) => "open",
                (false, true) => "again",
                (false, false) => "counted",
            };
            let found =
                who.filter(|who| count.is_at(who, &bin)).map(|who| count.found_by(who, &bin));
            BinView { items: items(count, &bin), bin, state, counted_by, found }
        });
        Some(Self {
            document: document.clone(),
            state: phase(count.phase),
            station: count.order.station.clone(),
            bins: bins.collect(),
        })
    }
}

fn phase(phase: CountPhase) -> &'static str {
    phase.name()
}

fn items(count: &Count, bin: &Location) -> Vec<ItemView> {
    let here = count.order.lines.iter().filter(|line| line.from.as_ref() == Some(bin));
    here.map(|line| ItemView { item: line.item.clone(), lot: line.lot.clone() }).collect()
}

/// What is to be counted in which bins of a count order: items without quantities.
#[utoipa::path(get, path = "/api/v1/documents/{kind}/{number}/count", tag = "documents",
    responses((status = 200, body = Object), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn sheet(
    State(api): State<Api>,
    who: Who,
    Path((kind, number)): Path<(String, String)>,
) -> Result<Json<Masked<CountView>>, Problem> {
    let document = named(&kind, &number)?;
    may_view(&api, &who, &document).await?;
    let by = who.actor();
    let view = api.app.recorder.query(move |engine| CountView::of(engine, &document, &by)).await?;
    let view = view.ok_or_else(|| Problem::not_found("count"))?;
    Ok(Eyes::of(&api, &who).await?.json(view))
}

/// What somebody found in a bin.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Found {
    /// Which bin.
    #[schema(value_type = String)]
    bin: Location,
    /// What is typed beside what devices saw: item, quantity in base units, and the bucket where it is told apart.
    #[serde(default)]
    #[schema(value_type = Vec<Object>)]
    seen: Vec<CountSeen>,
    /// Whether the bin is counted whole with it.
    #[serde(default = "whole")]
    done: bool,
}

fn whole() -> bool {
    true
}

/// What was recorded.
#[derive(Debug, Serialize)]
pub(crate) struct Recorded {
    done: bool,
}

no_fields!(Recorded);

/// Says what was found in a bin, or that it is counted whole. What is typed is marked so.
#[utoipa::path(post, path = "/api/v1/documents/{kind}/{number}/count", tag = "documents", request_body = Object,
    responses((status = 200, body = Object), (status = 403, body = Problem), (status = 422, body = Problem)))]
pub(crate) async fn hand_in(
    State(api): State<Api>,
    who: Who,
    Path((kind, number)): Path<(String, String)>,
    Body(found): Body<Found>,
) -> Result<Json<Masked<Recorded>>, Problem> {
    let document = named(&kind, &number)?;
    let Found { bin, seen, done } = found;
    let count = BinCount { bin, seen, done };
    let reply = act(&api, &who, Command::CountBin { document, count, by: who.actor() }).await?;
    let done = matches!(reply, Reply::Counted { done: true, .. });
    Ok(Eyes::of(&api, &who).await?.json(Recorded { done }))
}
