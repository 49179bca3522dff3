//! Stations and the sessions at them.

use axum::{
    Json,
    extract::{ConnectInfo, Path, State},
    http::StatusCode,
};
use axum_extra::extract::CookieJar;
use gatewarden_engine::{Approval, Command, Engine, Session, TaskState};
use gatewarden_model::{
    Action, FieldRights, Mask, Masked, Module, OperatorId, SessionId, Signal, Stamp, StationId,
    Task,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Api, Peer,
    auth::{Resting, Who},
    gate,
    mask::Eyes,
    problem::{Body, Problem},
    query::Described,
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
    /// Its state: `free`, `badge-seen`, `authenticated`, `idle` or `locked`.
    phase: &'static str,
    /// The open session, if there is one: `operator`, `auth_level`, `opened`, `second`.
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
            phase: _,
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
    second: Option<gatewarden_model::Present>,
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
    let (at, actor, now) = (station.clone(), who.actor(), api.app.clock.now());
    let (phase, session, tasks, holds, quarantine) = api
        .app
        .recorder
        .query(move |engine| {
            let state = engine.state();
            let phase = engine.phase_at(&at, &now).name();
            let session = state.session_at(&at).map(|s| Present {
                operator: s.operator.clone(),
                auth_level: s.auth_level,
                opened: s.opened,
                second: s.second.clone(),
            });
            let seen = |t: &&TaskState| engine.may(&actor, Action::View, t.task.kind.module());
            let tasks = state.tasks_at(&at).filter(seen).map(task_view).collect();
            let holds = state.holds().filter(|h| h.pass.station == at).count();
            let quarantine = state.quarantine().filter(|q| q.pass.station == at).count();
            (phase, session, tasks, holds, quarantine)
        })
        .await?;
    Ok(StationView {
        name: config.name.to_string(),
        title: config.title.clone(),
        devices: config.devices.iter().map(ToString::to_string).collect(),
        light: api.app.lamps.shown(station),
        phase,
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

/// What a station says of itself to whoever stands before it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StationPhase {
    /// `free`, `badge-seen`, `authenticated`, `idle` or `locked`; never whose badge or session.
    phase: &'static str,
}

gatewarden_model::no_fields!(StationPhase);

/// The state of a station, for its page: open to everybody, like the station itself.
#[utoipa::path(get, path = "/stations/{station}/phase", tag = "stations",
    responses((status = 200, body = StationPhase), (status = 404, body = Problem)))]
pub(crate) async fn phase(
    State(api): State<Api>,
    _: Described,
    Path(station): Path<String>,
) -> Result<Json<Masked<StationPhase>>, Problem> {
    let station = station_id(&api, &station)?;
    let now = api.app.clock.now();
    let phase = api.app.recorder.query(move |engine| engine.phase_at(&station, &now)).await?;
    // Whoever asks may be nobody: it has no field of a document.
    Ok(Eyes::nobody().json(StationPhase { phase: phase.name() }))
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
#[serde(deny_unknown_fields)]
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
    Resting(who): Resting,
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

/// The PIN alone: the session says whose.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Pin {
    /// 4 to 12 digits.
    pin: String,
}

fn own_session(who: &Who) -> Result<SessionId, Problem> {
    match who {
        Who::Operator(_, session) => Ok(*session),
        _ => Err(Problem::bad_request("only a person has a session")),
    }
}

/// Opens the caller's idle or locked session again.
#[utoipa::path(post, path = "/session/resume", tag = "stations", request_body = Pin,
    responses((status = 200, body = Object), (status = 401, body = Problem),
        (status = 429, body = Problem)))]
pub(crate) async fn resume(
    State(api): State<Api>,
    Resting(who): Resting,
    Body(Pin { pin }): Body<Pin>,
) -> Result<gate::Opened, Problem> {
    gate::resume(&api, own_session(&who)?, pin).await
}

/// Lets a second person join the caller's session, with his own badge and PIN.
#[utoipa::path(post, path = "/session/second", tag = "stations", request_body = Credentials,
    responses((status = 200, body = Object), (status = 401, body = Problem),
        (status = 409, body = Problem), (status = 429, body = Problem)))]
pub(crate) async fn join(
    State(api): State<Api>,
    who: Who,
    ConnectInfo(peer): ConnectInfo<Peer>,
    Body(credentials): Body<Credentials>,
) -> Result<gate::Opened, Problem> {
    gate::join(&api, own_session(&who)?, credentials, peer).await
}

/// Lets the second person leave the caller's session.
#[utoipa::path(delete, path = "/session/second", tag = "stations",
    responses((status = 204), (status = 401, body = Problem), (status = 422, body = Problem)))]
pub(crate) async fn leave(State(api): State<Api>, who: Who) -> Result<StatusCode, Problem> {
    let session = own_session(&who)?;
    let _ = api.app.recorder.command(Command::Leave { session }).await??;
    Ok(StatusCode::NO_CONTENT)
}

/// Lets an operator try again whom failures locked out; somebody else does it.
#[utoipa::path(post, path = "/operators/{operator}/unlock", tag = "people",
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn unlock(
    State(api): State<Api>,
    who: Who,
    Path(operator): Path<String>,
) -> Result<StatusCode, Problem> {
    let operator = operator.parse().map_err(|_| Problem::not_found("operator"))?;
    let command = Command::Unlock { operator, by: who.actor() };
    let _ = api.app.recorder.command(command).await??;
    Ok(StatusCode::NO_CONTENT)
}

/// Closes the pass that is open at a station, without waiting for the quiet time. In a session that is idle or
/// locked nothing is closed.
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
