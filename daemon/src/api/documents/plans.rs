//! What is computed about a document and not written: what an engineering change meets, how a subcontract order is
//! settled.
//!
//! Invariants: whoever may view the document may ask; he is told of the purchases that a change meets if he may view
//! purchase orders, as anywhere; a settlement is money, so it is shown to those who see prices and costs alone. Absent: writing what was computed, which goes by the door of any document.

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::{Path, Query, State, rejection::QueryRejection},
    http::StatusCode,
};
use gatewarden_engine::{ChangeImpact, Engine, settlements::read_left};
use gatewarden_model::{
    Day, Document, DocumentContent, DocumentKind, Field, FieldRights, ItemId, Mask, Masked,
};
use gatewarden_planning::{
    bom::BomChange,
    eco::{Affected, Held, OpenPurchase, Replaced, ReplacedStock},
};
use gatewarden_store::BalanceFilter;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{may_view, named, view_right};
use crate::{
    api::{
        Api,
        auth::Who,
        mask::{Eyes, good},
        problem::Problem,
    },
    views,
};

/// What an engineering change meets.
#[derive(Debug, Serialize)]
pub(crate) struct ImpactView {
    change: Document,
    /// What it changes, by product.
    changes: Vec<ProductChange>,
    /// Components that it takes no more, or less of.
    replaced: BTreeMap<ItemId, Replaced>,
    /// Open work that the new version is for by its day.
    works: Vec<MetWork>,
    /// Where replaced components lie.
    stock: Vec<ReplacedStock>,
    /// Replaced components that are still to come, for who may view purchase orders.
    purchases: Vec<OpenPurchase>,
}

#[derive(Debug, Serialize)]
struct ProductChange {
    product: ItemId,
    changes: Vec<BomChange>,
}

#[derive(Debug, Serialize)]
struct MetWork {
    #[serde(flatten)]
    met: Affected,
    /// The version that the order names, and stays with until it is amended.
    #[serde(skip_serializing_if = "Option::is_none")]
    names: Option<u32>,
}

impl Mask for ImpactView {
    fn mask(&mut self, rights: &FieldRights) {
        self.stock.iter_mut().for_each(|one| one.held.location.mask(rights));
    }
}

impl ImpactView {
    fn new(change: Document, found: ChangeImpact) -> Self {
        let ChangeImpact { changes, impact, named } = found;
        let changes = changes.into_iter();
        let works = impact
            .works
            .into_iter()
            .map(|met| MetWork { names: named.get(&met.work.number).copied(), met });
        Self {
            change,
            changes: changes.map(|(product, changes)| ProductChange { product, changes }).collect(),
            replaced: impact.replaced,
            works: works.collect(),
            stock: vec![],
            purchases: impact.purchases,
        }
    }
}

fn refused((code, message): (&'static str, String)) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code, message)
}

/// What an open engineering change meets: what it changes, open work orders and the version that they name, stock
/// of the components that it replaces, purchases of them.
#[utoipa::path(get, path = "/api/v1/documents/{kind}/{number}/impact", tag = "documents",
    responses((status = 200, body = Object), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub(crate) async fn impact(
    State(api): State<Api>,
    who: Who,
    Path((kind, number)): Path<(String, String)>,
) -> Result<Json<Masked<ImpactView>>, Problem> {
    let change = of_kind(&api, &who, (&kind, &number), DocumentKind::EngineeringChange).await?;
    let today = Day::of(&api.app.clock.now(), api.app.config.gateway.utc_offset_min);
    let (wanted, by, is_local) = (change.clone(), who.actor(), matches!(who, Who::Local(_)));
    let look = move |engine: &Engine| {
        let right = view_right(engine, DocumentKind::PurchaseOrder);
        let sees = is_local || engine.may(&by, right.action, right.module);
        engine.impact(&wanted, today).map(|found| (found, sees))
    };
    let (mut found, sees) = api.app.recorder.query(look).await?.map_err(refused)?;
    if !sees {
        found.impact.purchases.clear();
    }
    let mut view = ImpactView::new(change, found);
    let replaced = view.replaced.clone();
    let stock = api
        .app
        .read(move |ledger| {
            let mut stock = vec![];
            for (item, how) in replaced {
                let filter =
                    BalanceFilter { item: Some(item), physical: true, ..BalanceFilter::default() };
                let rows = views::now(ledger, &filter, views::Shown::Quantities)?;
                stock.extend(rows.into_iter().map(|row| {
                    let (item, location, quantity) = (row.item, row.location, row.quantity);
                    ReplacedStock { held: Held { item, location, quantity }, how }
                }));
            }
            Ok(stock)
        })
        .await?;
    view.stock = stock;
    Ok(Eyes::of(&api, &who).await?.json(view))
}

/// The document of a path, if it is of this kind and its caller may view it.
async fn of_kind(
    api: &Api,
    who: &Who,
    (kind, number): (&str, &str),
    wanted: DocumentKind,
) -> Result<Document, Problem> {
    let document = named(kind, number)?;
    may_view(api, who, &document).await?;
    match document.kind == wanted {
        true => Ok(document),
        false => Err(Problem::not_found(wanted.words())),
    }
}

/// By which prices, and what is left.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Settling {
    /// The day whose prices count, such as `2026-11-29`; today where it is left out.
    on: Option<String>,
    /// What the subcontractor still has, such as `BOLT-M8 x 5, CLOTH x 2`; nothing where it is left out.
    left: Option<String>,
}

/// The settlement of a subcontract order as the journal gives it: what was sent, came back and was made, what the
/// bill of material gives for that, and what is charged beyond. It is a first version without a number, to be
/// written as any document; one that says something else is refused when it is handed in.
#[utoipa::path(get, path = "/api/v1/documents/{kind}/{number}/settlement", tag = "documents",
    params(("on" = Option<String>, Query,), ("left" = Option<String>, Query,)),
    responses((status = 200, body = Object), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub(crate) async fn settlement(
    State(api): State<Api>,
    who: Who,
    Path((kind, number)): Path<(String, String)>,
    query: Result<Query<Settling>, QueryRejection>,
) -> Result<Json<Masked<DocumentContent>>, Problem> {
    let order = of_kind(&api, &who, (&kind, &number), DocumentKind::SubcontractOrder).await?;
    let eyes = Eyes::of(&api, &who).await?;
    eyes.need(&api, &who, vec![Field::Price, Field::Cost], "a settlement").await?;
    let asked = good(query)?;
    let today = || Day::of(&api.app.clock.now(), api.app.config.gateway.utc_offset_min);
    let day = match &asked.on {
        Some(text) => text.parse().map_err(|e| Problem::bad_field("on", format!("{e}")))?,
        None => today(),
    };
    let left = read_left(asked.left.as_deref().unwrap_or_default());
    let left = left.map_err(|(_, message)| Problem::bad_field("left", message))?;
    let draft =
        api.app.recorder.query(move |engine| engine.draft_settlement(&order, day, &left)).await?;
    Ok(eyes.json(draft.map_err(refused)?))
}
