//! Access reviews: opened by whoever keeps the system, seen by whoever may look at it, decided on by the
//! reviewers.

use axum::{
    Json,
    extract::{Path, Query, State},
    http::StatusCode,
};
use gatewarden_engine::Command;
use gatewarden_model::{
    Action, ClientId, Day, Module, OperatorId, Review, ReviewId, ReviewItem, ReviewScope,
    ReviewVerdict,
};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{
    Api,
    auth::Who,
    problem::{Body, Problem},
};
use crate::views::{reviews, uses};

/// A campaign to be opened.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewReview {
    /// Its id, a UUID; one is minted where it is left out. The same one twice is one campaign.
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    id: Option<ReviewId>,
    /// What it is called.
    title: String,
    /// The roles asked about; all where it is empty.
    #[serde(default)]
    roles: Vec<String>,
    /// Whether the machines' scopes are asked about too.
    #[serde(default)]
    clients: bool,
    /// Who confirms: operators with a role that may approve in the module system.
    reviewers: Vec<String>,
    /// Who confirms what a reviewer holds himself; none of them.
    fallback: String,
    /// What is not confirmed by then expires: RFC 3339, such as 2026-12-31T17:00:00Z.
    due: String,
}

/// Opens a campaign about all that is held now.
#[utoipa::path(post, path = "/reviews", tag = "reviews", request_body = NewReview,
    responses((status = 201, body = Object), (status = 403, body = Problem),
        (status = 422, body = Problem)))]
pub(crate) async fn open(
    State(api): State<Api>,
    who: Who,
    Body(new): Body<NewReview>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let due: jiff::Timestamp = new
        .due
        .parse()
        .map_err(|_| Problem::bad_field("due", "due: write a moment as 2026-12-31T17:00:00Z"))?;
    let name = |field: &str, text: &str| {
        OperatorId::parse(text)
            .map_err(|error| Problem::bad_field(field, format!("{field}: {error}")))
    };
    let reviewers = new.reviewers.iter().map(|text| name("reviewers", text));
    let id = new.id.unwrap_or_else(|| ReviewId(Uuid::now_v7()));
    let review = Review {
        id,
        title: new.title,
        scope: ReviewScope { roles: new.roles, clients: new.clients },
        reviewers: reviewers.collect::<Result<_, _>>()?,
        fallback: name("fallback", &new.fallback)?,
        due_us: due.as_microsecond(),
        items: vec![],
    };
    let _ = api.app.recorder.command(Command::OpenReview { review, by: who.actor() }).await??;
    let now = api.app.clock.now();
    let opened = api
        .app
        .recorder
        .query(move |e| e.state().review(id).map(|open| reviews::summary(open, &now)))
        .await?;
    Ok((StatusCode::CREATED, Json(opened.unwrap_or_else(|| json!({ "id": id })))))
}

/// The open campaigns.
#[utoipa::path(get, path = "/reviews", tag = "reviews",
    responses((status = 200, body = Vec<Object>), (status = 403, body = Problem)))]
pub(crate) async fn list(State(api): State<Api>, who: Who) -> Result<Json<Value>, Problem> {
    who.may(&api, Action::View, Module::System, "reviews").await?;
    let now = api.app.clock.now();
    let all = move |engine: &gatewarden_engine::Engine| {
        engine.state().reviews().map(|open| reviews::summary(open, &now)).collect::<Value>()
    };
    Ok(Json(api.app.recorder.query(all).await?))
}

/// The span of the uses that are shown.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Span {
    /// Uses of the last so many days, 1 to 3660; 90 where it is left out.
    days: Option<u32>,
}

/// A campaign: every item with whom it is for, the last use of its rights, the peers' share and its
/// conflicts of duties.
#[utoipa::path(get, path = "/reviews/{review}", tag = "reviews", params(Span),
    responses((status = 200, body = Object), (status = 403, body = Problem),
        (status = 404, body = Problem)))]
pub(crate) async fn one(
    State(api): State<Api>,
    who: Who,
    Path(review): Path<String>,
    Query(span): Query<Span>,
) -> Result<Json<Value>, Problem> {
    who.may(&api, Action::View, Module::System, "a review").await?;
    let id = review_id(&review)?;
    let days = span.days.unwrap_or(uses::USE_DAYS);
    if !(1..=uses::USE_DAYS_MAX).contains(&days) {
        let message = format!("days: must be 1 to {}", uses::USE_DAYS_MAX);
        return Err(Problem::bad_field("days", message));
    }
    let parts = api.app.recorder.query(move |engine| {
        let open = engine.state().review(id)?.clone();
        Some((open, engine.state().people(), engine.access().source().0.clone()))
    });
    let (open, state, matrix) = parts.await?.ok_or_else(|| Problem::not_found("open review"))?;
    let now = api.app.clock.now();
    let today = Day::of(&now, api.app.config.gateway.utc_offset_min);
    let around = reviews::Around { state, matrix, table: api.app.config.sod.clone(), now, today };
    let told = api.app.read(move |ledger| {
        let used = uses::recent(ledger, days, &now)?;
        Ok(reviews::detail(&open, &around, &used, days))
    });
    Ok(Json(told.await?))
}

/// What is decided on one item: a role of an operator, or a scope of a client.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReviewDecision {
    /// Whose role.
    #[serde(default)]
    operator: Option<String>,
    /// Which role.
    #[serde(default)]
    role: Option<String>,
    /// Whose scope.
    #[serde(default)]
    client: Option<String>,
    /// Which scope.
    #[serde(default)]
    scope: Option<String>,
    /// `keep`, or `revoke`: it is taken away at once.
    #[schema(value_type = String)]
    verdict: ReviewVerdict,
    /// Why, for the journal.
    justification: String,
}

/// Decides on one item; never on one's own.
#[utoipa::path(post, path = "/reviews/{review}/decisions", tag = "reviews",
    request_body = ReviewDecision,
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn decide(
    State(api): State<Api>,
    who: Who,
    Path(review): Path<String>,
    Body(said): Body<ReviewDecision>,
) -> Result<StatusCode, Problem> {
    let review = review_id(&review)?;
    let item = item(&said)?;
    let ReviewDecision { verdict, justification, .. } = said;
    let command = Command::DecideReview { review, item, verdict, justification, by: who.actor() };
    let _ = api.app.recorder.command(command).await??;
    Ok(StatusCode::NO_CONTENT)
}

fn item(said: &ReviewDecision) -> Result<ReviewItem, Problem> {
    match (&said.operator, &said.role, &said.client, &said.scope) {
        (Some(operator), Some(role), None, None) => {
            let operator = OperatorId::parse(operator)
                .map_err(|error| Problem::bad_field("operator", format!("operator: {error}")))?;
            Ok(ReviewItem::Role { operator, role: role.clone() })
        }
        (None, None, Some(client), Some(scope)) => {
            let client = ClientId::parse(client)
                .map_err(|error| Problem::bad_field("client", format!("client: {error}")))?;
            Ok(ReviewItem::Scope { client, scope: scope.clone() })
        }
        _ => Err(Problem::bad_request(
            "name an operator and a role, or a client and a scope, as the review lists them",
        )),
    }
}

fn review_id(text: &str) -> Result<ReviewId, Problem> {
    text.parse().map_err(|_| Problem::bad_request("a review's id is a UUID"))
}
