//! The station's page: sign in with badge and PIN, see what is expected and what the light shows.
//!
//! The page itself holds no data and may be fetched by anybody who stands at the station; all it
//! shows comes from the API with the session's cookie.

use axum::{
    extract::{Path, State},
    http::header,
    response::{Html, IntoResponse},
};

use super::{Api, problem::Problem};

/// Scripts and styles only from the page itself.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'";

/// The page of one station.
pub(crate) async fn station(
    State(api): State<Api>,
    Path(station): Path<String>,
) -> Result<impl IntoResponse, Problem> {
    let known = api.app.config.stations.iter().any(|s| s.name.as_str() == station);
    if !known {
        return Err(Problem::not_found("station"));
    }
    let page = include_str!("station.html").replace("{{station}}", &station);
    Ok(([(header::CONTENT_SECURITY_POLICY, POLICY)], Html(page)))
}
