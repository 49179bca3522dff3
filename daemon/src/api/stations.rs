//! Stations and the sessions at them.

use axum::{
    Json,
    extract::{ConnectInfo, Path, State},
    http::StatusCode,
};
use axum_extra::extract::CookieJar;
use gatewarden_engine::{Approval, Command, Engine, Session, TaskState};
use gatewarden_model::{
    Action, FieldRights, Mask, Masked, Module, OperatorId, Signal, Stamp, StationId, Task,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Api, Peer,
    auth::Who,
    gate,
    mask::Eyes,
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
    session: Option<Present>,
    /// Open tasks of the modules that the caller may view, oldest first.
    #[schema(value_type = Vec<Object>)]
    tasks: Vec<TaskView>,
    /// Passes held for a decision.
    holds: usize,
    /// Passes in quarantine.
    quarantine: usize,
}

impl Mask for StationView {
    fn mask(&mut self, rights: &FieldRights) {
        let Self {
            name: _,
            title: _,
            devices: _,
            light: _,
            session: _,
            tasks,
            holds: _,
            quarantine: _,
        } = self;
        tasks.mask(rights);
    }
}

/// Who is at a station.
#[derive(Debug, Serialize)]
struct Present {
    operator: OperatorId,
    auth_level: u8,
    opened: Stamp,
}

/// An open task with its progress.
#[derive(Debug, Serialize)]
pub(crate) struct TaskView {
    seq: u64,
    task: Task,
    approval: Option<Approval>,
    remaining: Vec<i64>,
}

impl Mask for TaskView {
    fn mask(&mut self, rights: &FieldRights) {
        let Self { seq: _, task, approval: _, remaining: _ } = self;
        task.mask(rights);
    }
}

fn station_id(api: &Api, name: &str) -> Result<StationId, Problem> {
    let stations = &api.app.config.stations;
    let found = stations.iter().find(|s| s.name.as_str() == name);
    found.map(|s| s.name.clone()).ok_or_else(|| Problem::not_found("station"))
}

pub(super) fn task_view(task: &TaskState) -> TaskView {
    let remaining = (0..task.task.lines.len()).map(|i| task.remaining(i)).collect();
    let (approval, seq) = (task.approval.clone(), task.seq);
    TaskView { seq, task: task.task.clone(), approval, remaining }
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
            let session = state.session_at(&at).map(|s| Present {
                operator: s.operator.clone(),
                auth_level: s.auth_level,
                opened: s.opened,
            });
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
) -> Result<Json<Masked<Vec<StationView>>>, Problem> {
    let mut views = Vec::new();
    for station in &api.app.config.stations {
        views.push(view(&api, &who, &station.name).await?);
    }
    Ok(Eyes::of(&api, &who).await?.json(views))
}

/// One station.
#[utoipa::path(get, path = "/stations/{station}", tag = "stations",
    responses((status = 200, body = StationView), (status = 404, body = Problem)))]
pub(crate) async fn one(
    State(api): State<Api>,
    who: Who,
    Path(station): Path<String>,
) -> Result<Json<Masked<StationView>>, Problem> {
    let station = station_id(&api, &station)?;
    let view = view(&api, &who, &station).await?;
    Ok(Eyes::of(&api, &who).await?.json(view))
}

/// All open sessions.
#[utoipa::path(get, path = "/sessions", tag = "stations",
    responses((status = 200, body = Vec<Object>), (status = 403, body = Problem)))]
pub(crate) async fn sessions(
    State(api): State<Api>,
    who: Who,
) -> Result<Json<Masked<Vec<Session>>>, Problem> {
    who.may(&api, Action::View, Module::System, "sessions").await?;
    let open = |engine: &Engine| engine.state().sessions().cloned().collect();
    let sessions = api.app.recorder.query(open).await?;
    Ok(Eyes::of(&api, &who).await?.json(sessions))
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
