//! Stations and the sessions at them.

use axum::{
    Json,
    extract::{ConnectInfo, Path, State},
    http::StatusCode,
};
use axum_extra::extract::CookieJar;
use gatewarden_engine::{Command, TaskState};
use gatewarden_model::{Action, Module, Signal, StationId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{
    Api, Peer,
    auth::Who,
    gate, mask,
    problem::{Body, Problem},
};
use crate::app::StationOrder;

/// One station as its page shows it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StationView {
    /// Its name.
    name: String,
    /// Its title.
    title: String,
    /// Its devices.
    devices: Vec<String>,
    /// What its light shows: `off`, `busy`, `go`, `stop`, `alarm`.
    #[schema(value_type = String)]
    light: Signal,
    /// The open session, if there is one: `operator`, `auth_level`, `opened`.
    #[schema(value_type = Option<Object>)]
    session: Option<Value>,
    /// Open tasks of the modules that the caller may view, oldest first.
    #[schema(value_type = Vec<Object>)]
    tasks: Vec<Value>,
    /// Passes held for a decision.
    holds: usize,
    /// Passes in quarantine.
    quarantine: usize,
}

fn station_id(api: &Api, name: &str) -> Result<StationId, Problem> {
    let stations = &api.app.config.stations;
    let found = stations.iter().find(|s| s.name.as_str() == name);
    found.map(|s| s.name.clone()).ok_or_else(|| Problem::not_found("station"))
}

pub(super) fn task_view(task: &TaskState) -> Value {
    // Tasks are shown to whoever is at the station; what things cost is not.
    let mut shown = task.task.clone();
    mask::task(&mut shown);
    let remaining: Vec<i64> = (0..task.task.lines.len()).map(|i| task.remaining(i)).collect();
    json!({
        "seq": task.seq, "task": shown, "approval": task.approval, "remaining": remaining,
    })
}

async fn view(api: &Api, who: &Who, station: &StationId) -> Result<StationView, Problem> {
    let config = api.app.config.stations.iter().find(|s| &s.name == station);
    let config = config.ok_or_else(|| Problem::not_found("station"))?;
    let (at, actor) = (station.clone(), who.actor());
    let (session, tasks, holds, quarantine) = api
        .app
        .recorder
        .query(move |engine| {
            let state = engine.state();
            let session = state.session_at(&at).map(
                |s| json!({"operator": s.operator, "auth_level": s.auth_level, "opened": s.opened}),
            );
            let seen = |t: &&TaskState| engine.may(&actor, Action::View, t.task.kind.module());
            let tasks = state.tasks_at(&at).filter(seen).map(task_view).collect();
            let holds = state.holds().filter(|h| h.pass.station == at).count();
            let quarantine = state.quarantine().filter(|q| q.pass.station == at).count();
            (session, tasks, holds, quarantine)
        })
        .await?;
    Ok(StationView {
        name: config.name.to_string(),
        title: config.title.clone(),
        devices: config.devices.iter().map(ToString::to_string).collect(),
        light: api.app.lamps.shown(station),
        session,
        tasks,
        holds,
        quarantine,
    })
}

/// All stations.
#[utoipa::path(get, path = "/stations", tag = "stations",
    responses((status = 200, body = Vec<StationView>), (status = 401, body = Problem)))]
pub(crate) async fn list(
    State(api): State<Api>,
    who: Who,
) -> Result<Json<Vec<StationView>>, Problem> {
    let mut views = Vec::new();
    for station in &api.app.config.stations {
        views.push(view(&api, &who, &station.name).await?);
    }
    Ok(Json(views))
}

/// One station.
#[utoipa::path(get, path = "/stations/{station}", tag = "stations",
    responses((status = 200, body = StationView), (status = 404, body = Problem)))]
pub(crate) async fn one(
    State(api): State<Api>,
    who: Who,
    Path(station): Path<String>,
) -> Result<Json<StationView>, Problem> {
    let station = station_id(&api, &station)?;
    Ok(Json(view(&api, &who, &station).await?))
}

/// All open sessions.
#[utoipa::path(get, path = "/sessions", tag = "stations",
    responses((status = 200, body = Vec<Object>), (status = 403, body = Problem)))]
pub(crate) async fn sessions(State(api): State<Api>, who: Who) -> Result<Json<Value>, Problem> {
    who.may(&api, Action::View, Module::System, "sessions").await?;
    let sessions = api
        .app
        .recorder
        .query(|engine| json!(engine.state().sessions().collect::<Vec<_>>()))
        .await?;
    Ok(Json(sessions))
}

/// Badge and PIN.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Credentials {
    /// The badge's number; none if it was just scanned at the station.
    #[serde(default)]
    pub(super) badge: Option<String>,
    /// 4 to 12 digits.
    pub(super) pin: String,
}

/// Signs in at a station. Answers with the session and sets the cookie of the station's page.
#[utoipa::path(post, path = "/stations/{station}/session", tag = "stations",
    request_body = Credentials,
    responses((status = 201, body = Object), (status = 401, body = Problem),
        (status = 429, body = Problem)))]
pub(crate) async fn sign_in(
    State(api): State<Api>,
    Path(station): Path<String>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    jar: CookieJar,
    Body(credentials): Body<Credentials>,
) -> Result<gate::SignedIn, Problem> {
    let station = station_id(&api, &station)?;
    gate::sign_in(&api, Some(station), credentials, jar, peer).await
}

/// Ends the session at a station; only its own operator, or an administrator.
#[utoipa::path(delete, path = "/stations/{station}/session", tag = "stations",
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn sign_out(
    State(api): State<Api>,
    who: Who,
    Path(station): Path<String>,
    jar: CookieJar,
) -> Result<(StatusCode, CookieJar), Problem> {
    let station = station_id(&api, &station)?;
    let open = api.app.recorder.session_at(&station);
    let session = open.ok_or_else(|| Problem::not_found("session"))?;
    let own = matches!(&who, Who::Operator(_, mine) if *mine == session);
    if !own {
        who.may(&api, Action::Modify, Module::System, "end somebody's session").await?;
    }
    let reason = if own { "operator" } else { "administrator" };
    let _ = api.app.recorder.command(Command::SignOut { session, reason: reason.into() }).await??;
    Ok((StatusCode::NO_CONTENT, jar.add(api.cookies.removal())))
}

/// Closes the pass that is open at a station, without waiting for the quiet time.
#[utoipa::path(post, path = "/stations/{station}/close-pass", tag = "stations",
    responses((status = 202), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn close_pass(
    State(api): State<Api>,
    who: Who,
    Path(station): Path<String>,
) -> Result<StatusCode, Problem> {
    let station = station_id(&api, &station)?;
    let own = matches!(&who, Who::Operator(_, mine)
        if api.app.recorder.session_at(&station) == Some(*mine));
    if !own {
        who.may(&api, Action::Modify, Module::System, "close a pass").await?;
    }
    let order = api.app.stations.get(&station).ok_or_else(|| Problem::not_found("station"))?;
    let sent = order.send(StationOrder::ClosePass).await;
    sent.map(|()| StatusCode::ACCEPTED).map_err(|_| Problem::not_found("station"))
}
