//! Stock: now and on past days, by age, in handling units, by lot; where a thing is; vouchers; the
//! items.

mod answers;

use answers::{Contents, Lot, Whereabouts};
use axum::{
    Json,
    extract::{Path, Query, State, rejection::QueryRejection},
    http::header,
    response::{IntoResponse, Response},
};
use gatewarden_model::{Action, Day, Field, Item, ItemId, Location, Masked, Module, StockStatus};
use gatewarden_stock::Wants;
use gatewarden_store::BalanceFilter;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::{
    Api,
    auth::Who,
    mask::{Eyes, good},
    problem::Problem,
};
use crate::{
    trace,
    views::{
        self,
        ageing::{self, Aged},
        past::{self, Evening, View},
        vouchers,
    },
};

/// Which stock.
#[derive(Debug, Default, Deserialize, IntoParams, ToSchema)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct StockQuery {
    /// Of this item only.
    item: Option<String>,
    /// At this place or below it.
    location: Option<String>,
    /// Of this lot only.
    lot: Option<String>,
    /// Of this owner only; `house` for the house's own.
    owner: Option<String>,
    /// In this status only: available, quality-inspection, blocked, reserved.
    status: Option<String>,
    /// In this handling unit (SSCC) only; `none` for loose stock.
    unit: Option<String>,
    /// True for the virtual places too.
    #[serde(default)]
    all: bool,
    /// At the end of this day, such as `2026-11-22`; now where it is left out.
    on: Option<String>,
    /// Of that day: `corrected` (what is known today) or `known` (what was known then).
    view: Option<View>,
}

/// A text of the query, or what is wrong with it by its name.
fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(
    field: &'static str,
    text: Option<&String>,
) -> Result<Option<T>, Problem> {
    let parse =
        |text: &String| text.parse().map_err(|e: T::Err| Problem::bad_field(field, e.to_string()));
    text.map(parse).transpose()
}

fn status(text: &str) -> Result<StockStatus, Problem> {
    StockStatus::ALL.into_iter().find(|s| s.name() == text).ok_or_else(|| {
        let names = StockStatus::ALL.map(StockStatus::name).join(", ");
        Problem::bad_field("status", format!("{text:?} is no status: use one of {names}"))
    })
}

impl StockQuery {
    fn filter(&self) -> Result<BalanceFilter, Problem> {
        let besides = |word: &str, text: &String| (text != word).then(|| text.clone());
        Ok(BalanceFilter {
            item: parsed::<ItemId>("item", self.item.as_ref())?,
            below: parsed::<Location>("location", self.location.as_ref())?,
            physical: !self.all,
            lot: self.lot.clone(),
            owner: self.owner.as_ref().map(|owner| besides("house", owner)),
            status: self.status.as_deref().map(status).transpose()?,
            unit: self.unit.as_ref().map(|unit| besides("none", unit).map(|u| sscc(&u).to_owned())),
        })
    }
}

impl StockQuery {
    /// The filter, unless it filters by what the caller may not see: whether anything matches would
    /// tell it.
    async fn seen_filter(
        &self,
        api: &Api,
        who: &Who,
        eyes: &Eyes,
    ) -> Result<BalanceFilter, Problem> {
        if self.owner.is_some() {
            eyes.need(api, who, vec![Field::Owner], "a filter by owner").await?;
        }
        let filter = self.filter()?;
        eyes.need_place(api, who, filter.below.as_ref()).await?;
        Ok(filter)
    }
}

/// Whether values need to be looked up at all.
fn shown(eyes: &Eyes) -> views::Shown {
    if eyes.sees(&Field::Cost) { views::Shown::Values } else { views::Shown::Quantities }
}

/// The 18 digits of an SSCC, with or without its application identifier.
fn sscc(text: &str) -> &str {
    text.strip_prefix("(00)").unwrap_or(text)
}

fn offset(api: &Api) -> i32 {
    api.app.config.gateway.utc_offset_min
}

/// Stock that is not zero, by item, place, lot, owner, status and handling unit; its value where the
/// caller may view prices.
#[utoipa::path(get, path = "/api/v1/stock", tag = "stock", params(StockQuery),
    responses((status = 200, body = Vec<views::Row>), (status = 400, body = Problem),
        (status = 403, body = Problem)))]
pub(crate) async fn stock(
    State(api): State<Api>,
    who: Who,
    query: Result<Query<StockQuery>, QueryRejection>,
) -> Result<Json<Masked<Vec<views::Row>>>, Problem> {
    who.may(&api, Action::View, Module::Ledger, "stock").await?;
    let query = good(query)?;
    let eyes = Eyes::of(&api, &who).await?;
    let (filter, shown) = (query.seen_filter(&api, &who, &eyes).await?, shown(&eyes));
    let rows = match parsed::<Day>("on", query.on.as_ref())? {
        None if query.view.is_some() => {
            return Err(Problem::bad_field("view", "name the day too: on=2026-11-22"));
        }
        None => api.app.read(move |ledger| views::now(ledger, &filter, shown)).await?,
        Some(day) => {
            let view = query.view.unwrap_or_default();
            let evening = Evening { day, offset_min: offset(&api), view };
            api.app.read(move |ledger| past::stock(ledger, &filter, evening, shown)).await?
        }
    };
    Ok(eyes.json(rows))
}

/// How long stock has been in the house, by item, place, lot and owner.
#[utoipa::path(get, path = "/api/v1/stock/ageing", tag = "stock", params(StockQuery),
    responses((status = 200, body = Vec<Aged>), (status = 403, body = Problem)))]
pub(crate) async fn age(
    State(api): State<Api>,
    who: Who,
    query: Result<Query<StockQuery>, QueryRejection>,
) -> Result<Json<Masked<Vec<Aged>>>, Problem> {
    who.may(&api, Action::View, Module::Ledger, "stock by age").await?;
    let query = good(query)?;
    if query.on.is_some() || query.view.is_some() {
        return Err(Problem::bad_field("on", "the age of stock is told as it is now"));
    }
    let eyes = Eyes::of(&api, &who).await?;
    let (filter, shown) = (query.seen_filter(&api, &who, &eyes).await?, shown(&eyes));
    // Material at a subcontractor and in transit grows old too.
    let filter = BalanceFilter { physical: false, ..filter };
    let today = Day::of(&api.app.clock.now(), offset(&api));
    Ok(eyes.json(api.app.read(move |ledger| ageing::ageing(ledger, &filter, today, shown)).await?))
}

/// What is in a handling unit, and where.
#[utoipa::path(get, path = "/api/v1/units/{sscc}", tag = "stock",
    responses((status = 200, body = Object), (status = 404, body = Problem)))]
pub(crate) async fn unit(
    State(api): State<Api>,
    who: Who,
    Path(unit): Path<String>,
) -> Result<Json<Masked<Contents>>, Problem> {
    who.may(&api, Action::View, Module::Ledger, "a handling unit").await?;
    let eyes = Eyes::of(&api, &who).await?;
    let shown = shown(&eyes);
    let unit = sscc(&unit).to_owned();
    let filter = BalanceFilter { unit: Some(Some(unit.clone())), ..BalanceFilter::default() };
    let contents = api.app.read(move |ledger| views::now(ledger, &filter, shown)).await?;
    if contents.is_empty() {
        return Err(Problem::not_found("handling unit with contents"));
    }
    Ok(eyes.json(Contents { unit, contents }))
}

/// A lot: its last day and where it is.
#[utoipa::path(get, path = "/api/v1/lots/{item}/{lot}", tag = "stock",
    responses((status = 200, body = Object), (status = 404, body = Problem)))]
pub(crate) async fn lot(
    State(api): State<Api>,
    who: Who,
    Path((item, lot)): Path<(String, String)>,
) -> Result<Json<Masked<Lot>>, Problem> {
    who.may(&api, Action::View, Module::Ledger, "a lot").await?;
    let eyes = Eyes::of(&api, &who).await?;
    let shown = shown(&eyes);
    let item: ItemId = item.parse().map_err(|e| Problem::bad_field("item", format!("{e}")))?;
    let key = (item.clone(), lot.clone());
    let found = api
        .app
        .read(move |ledger| {
            let wants = Wants { lots: [key.clone()].into(), ..Wants::default() };
            let Some(facts) = ledger.look_up(&wants)?.lots.get(&key).copied() else {
                return Ok(None);
            };
            let (item, lot) = (Some(key.0), Some(key.1));
            let filter = BalanceFilter { item, lot, ..BalanceFilter::default() };
            Ok(Some((facts, views::now(ledger, &filter, shown)?)))
        })
        .await?;
    let (facts, stock) = found.ok_or_else(|| Problem::not_found("lot"))?;
    Ok(eyes.json(Lot { item, lot, expires: facts.expires, first_entry: facts.seq, stock }))
}

/// Where a thing is: a serialised piece or a tag, by its key or as it was read.
#[utoipa::path(get, path = "/api/v1/things/{key}", tag = "stock",
    responses((status = 200, body = Object), (status = 404, body = Problem)))]
pub(crate) async fn thing(
    State(api): State<Api>,
    who: Who,
    Path(key): Path<String>,
) -> Result<Json<Masked<Whereabouts>>, Problem> {
    who.may(&api, Action::View, Module::Ledger, "a thing").await?;
    let key = trace::tag_key(&key).unwrap_or(key);
    let wants = Wants { things: [key.clone()].into(), ..Wants::default() };
    let supply = api.app.read(move |ledger| ledger.look_up(&wants)).await?;
    let facts = supply.things.get(&key).cloned().ok_or_else(|| Problem::not_found("thing"))?;
    Ok(Eyes::of(&api, &who).await?.json(Whereabouts {
        key,
        item: facts.item,
        lot: facts.lot,
        serial: facts.serial,
        tid: facts.tid,
        place: facts.place,
        unit: facts.unit,
        commissioned: facts.commissioned,
        last_entry: facts.seq,
    }))
}

/// The items as this gateway knows them, in the order of their codes.
#[utoipa::path(get, path = "/api/v1/items", tag = "stock",
    responses((status = 200, body = Vec<Object>), (status = 403, body = Problem)))]
pub(crate) async fn items(
    State(api): State<Api>,
    who: Who,
) -> Result<Json<Masked<Vec<Item>>>, Problem> {
    who.may(&api, Action::View, Module::Ledger, "items").await?;
    let items = api.app.recorder.query(|e| e.settings().items.iter().cloned().collect()).await?;
    Ok(Eyes::of(&api, &who).await?.json(items))
}

/// Which vouchers.
#[derive(Debug, Default, Deserialize, IntoParams, ToSchema)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct VoucherQuery {
    /// The first day they count for.
    from: Option<String>,
    /// The last day they count for.
    to: Option<String>,
    /// `json` or `csv`.
    #[serde(default)]
    format: Format,
}

/// How they are written.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Format {
    /// A list.
    #[default]
    Json,
    /// A table.
    Csv,
}

/// Finance vouchers by the day they count for. Once a period is closed its list is final.
#[utoipa::path(get, path = "/api/v1/vouchers", tag = "stock", params(VoucherQuery),
    responses((status = 200, body = Vec<vouchers::Voucher>), (status = 403, body = Problem),
        (status = 422, body = Problem)))]
pub(crate) async fn list_vouchers(
    State(api): State<Api>,
    who: Who,
    query: Result<Query<VoucherQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    who.may(&api, Action::View, Module::Price, "vouchers").await?;
    let eyes = Eyes::of(&api, &who).await?;
    // They are nothing but cost.
    eyes.need(&api, &who, vec![Field::Cost], "a list of vouchers").await?;
    let query = good(query)?;
    let from = parsed::<Day>("from", query.from.as_ref())?;
    let to = parsed::<Day>("to", query.to.as_ref())?;
    let offset = offset(&api);
    let (found, more) =
        api.app.read(move |ledger| vouchers::between(ledger, from, to, offset)).await?;
    if more {
        let max = vouchers::VOUCHERS_MAX;
        let message = format!("there are more than {max} vouchers: ask for fewer days");
        return Err(Problem::unprocessable("too-many", message));
    }
    Ok(match query.format {
        Format::Json => eyes.json(found).into_response(),
        Format::Csv => {
            let kind = [(header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present")];
            (kind, vouchers::csv(&eyes.show(found))).into_response()
        }
    })
}
