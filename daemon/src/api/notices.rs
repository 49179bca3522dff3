//! Notices that wait or were rejected, and the page on which somebody signs.
//!
//! The pages hold no data: they ask the API. Absent: the words of notices, which are their receivers', and
//! what a link stands for (`links`).

use axum::{
    Json,
    extract::{Path, State},
    http::{StatusCode, header},
    response::{Html, IntoResponse},
};
use gatewarden_model::{Action, Masked, Module};

use super::{Api, auth::Who, mask::Eyes, problem::Problem};
use crate::notices::{self, NoticeRow};

/// Scripts and styles only from the page itself.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'";

/// Notices that wait, are being sent or were rejected by every channel, in order; at most 1,000.
#[utoipa::path(get, path = "/api/v1/notices", tag = "notices",
    responses((status = 200, body = Vec<NoticeRow>), (status = 403, body = Problem)))]
pub(crate) async fn list(
    State(api): State<Api>,
    who: Who,
) -> Result<Json<Masked<Vec<NoticeRow>>>, Problem> {
    who.may(&api, Action::View, Module::Ledger, "notices").await?;
    let eyes = Eyes::of(&api, &who).await?;
    Ok(eyes.json(api.app.spool.run(notices::rows).await?))
}

/// Lets a rejected notice be tried again, by the channels that its definition names now.
#[utoipa::path(post, path = "/api/v1/notices/{id}/retry", tag = "notices",
    responses((status = 202), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn retry(
    State(api): State<Api>,
    who: Who,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    who.may(&api, Action::Modify, Module::System, "retry a notice").await?;
    let id: u64 = id.parse().map_err(|_| Problem::not_found("rejected notice"))?;
    let rows = api.app.spool.run(notices::rows).await?;
    if !rows.iter().any(|row| row.is_rejected(id)) {
        return Err(Problem::not_found("rejected notice"));
    }
    let desk = api.app.notices.as_ref().ok_or_else(|| Problem::not_found("channel"))?;
    if desk.retry(id) {
        return Ok(StatusCode::ACCEPTED);
    }
    let message = "too many retries wait already; try again in a moment";
    Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, "busy", message))
}

/// The page on which somebody signs what waits for him.
pub(crate) async fn inbox() -> impl IntoResponse {
    page()
}

/// The same, for one link. Whether it is good is found out by the page.
pub(crate) async fn approve(Path(_token): Path<String>) -> impl IntoResponse {
    page()
}

fn page() -> impl IntoResponse {
    ([(header::CONTENT_SECURITY_POLICY, POLICY)], Html(include_str!("inbox.html")))
}
