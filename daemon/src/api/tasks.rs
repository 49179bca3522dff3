//! Tasks: what documents expect to happen.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use gatewarden_engine::{Command, Engine, TaskState};
use gatewarden_model::{
    Action, Actor, Body as Says, Masked, Subject, SubjectKind, Task, TaskId, no_fields,
};
use serde::Serialize;

use super::{
    Api,
    auth::Who,
    mask::{Eyes, act},
    problem::{Body, Problem},
    stations::{TaskView, task_view},
};

/// Entries of one task that are looked through for its opening.
const TASK_ENTRIES_MAX: usize = 10_000;

fn task_id(text: &str) -> Result<TaskId, Problem> {
    text.parse().map_err(|_| Problem::bad_request("a task's id is a UUID"))
}

/// Open tasks of the modules that the caller may view.
#[utoipa::path(get, path = "/tasks", tag = "tasks",
    responses((status = 200, body = Vec<Object>), (status = 401, body = Problem)))]
pub(crate) async fn list(
    State(api): State<Api>,
    who: Who,
) -> Result<Json<Masked<Vec<TaskView>>>, Problem> {
    let actor = who.actor();
    let tasks = api
        .app
        .recorder
        .query(move |engine| {
            let seen = |t: &&TaskState| engine.may(&actor, Action::View, t.task.kind.module());
            engine.state().tasks().filter(seen).map(task_view).collect::<Vec<_>>()
        })
        .await?;
    Ok(Eyes::of(&api, &who).await?.json(tasks))
}

/// One open task with its progress.
#[utoipa::path(get, path = "/tasks/{task}", tag = "tasks",
    responses((status = 200, body = Object), (status = 404, body = Problem)))]
pub(crate) async fn one(
    State(api): State<Api>,
    who: Who,
    Path(task): Path<String>,
) -> Result<Json<Masked<TaskView>>, Problem> {
    let id = task_id(&task)?;
    let found = api
        .app
        .recorder
        .query(move |engine| engine.state().task(id).map(|t| (t.task.kind.module(), task_view(t))))
        .await?;
    let (module, view) = found.ok_or_else(|| Problem::not_found("open task"))?;
    who.may(&api, Action::View, module, "a task").await?;
    Ok(Eyes::of(&api, &who).await?.json(view))
}

/// A task that is open.
#[derive(Debug, Serialize)]
pub(crate) struct Opened {
    task: TaskId,
}

no_fields!(Opened);

/// Opens a task. The id is the caller's, so that a repeated request is harmless.
#[utoipa::path(post, path = "/tasks", tag = "tasks", request_body = Object,
    responses((status = 201, body = Object), (status = 403, body = Problem),
        (status = 422, body = Problem)))]
pub(crate) async fn open(
    State(api): State<Api>,
    who: Who,
    Body(task): Body<Task>,
) -> Result<(StatusCode, Json<Masked<Opened>>), Problem> {
    if !api.app.config.stations.iter().any(|s| s.name == task.station) {
        return Err(Problem::bad_request(format!("there is no station {}", task.station)));
    }
    let id = task.id;
    let eyes = Eyes::of(&api, &who).await?;
    let opened = || (StatusCode::CREATED, eyes.json(Opened { task: id }));
    let may = may_open(&api, &who, &task).await?;
    if let Some((known, by)) = closed_task(&api, id).await?.filter(|_| may) {
        // Whether it is the same is told to who sent it, and to who sees all of it.
        let told = by == who.actor() || eyes.sees_whole(&known);
        return if told && known == task {
            Ok(opened())
        } else {
            let message = format!("task {id} has other content already: mint a new id");
            Err(Problem::new(StatusCode::CONFLICT, "task-differs", message))
        };
    }
    let _ = api.app.recorder.command(Command::OpenTask { task, by: who.actor() }).await??;
    Ok(opened())
}

/// Whether the caller may open such a task at all; whoever may not gets his answer from the engine.
async fn may_open(api: &Api, who: &Who, task: &Task) -> Result<bool, Problem> {
    let (actor, module, fields) = (who.actor(), task.kind.module(), task.fields());
    let look = move |engine: &Engine| {
        let asks = [Action::Create, Action::Request];
        asks.iter().any(|action| engine.may(&actor, *action, module))
            && engine.fields(&actor).first_unset(&fields).is_none()
    };
    Ok(api.app.recorder.query(look).await?)
}

/// What a task said that is closed already: the engine remembers only the latest of them, the
/// journal all, so a repeat is harmless however late it comes.
async fn closed_task(api: &Api, id: TaskId) -> Result<Option<(Task, Actor)>, Problem> {
    if api.app.recorder.query(move |engine| engine.state().task(id).is_some()).await? {
        return Ok(None);
    }
    let subject = Subject { kind: SubjectKind::Task, key: id.to_string() };
    let entries = api.app.read(move |ledger| ledger.touching(&subject, TASK_ENTRIES_MAX)).await?;
    Ok(entries.into_iter().find_map(|entry| match entry.body {
        Says::TaskOpened { task, by, .. } => Some((task, by)),
        _ => None,
    }))
}

/// Approves a task's document.
#[utoipa::path(post, path = "/tasks/{task}/approve", tag = "tasks",
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn approve(
    State(api): State<Api>,
    who: Who,
    Path(task): Path<String>,
) -> Result<StatusCode, Problem> {
    let command = Command::ApproveTask { task: task_id(&task)?, by: who.actor() };
    act(&api, &who, command).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Withdraws an open task.
#[utoipa::path(delete, path = "/tasks/{task}", tag = "tasks",
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn withdraw(
    State(api): State<Api>,
    who: Who,
    Path(task): Path<String>,
) -> Result<StatusCode, Problem> {
    let command = Command::WithdrawTask { task: task_id(&task)?, by: who.actor() };
    act(&api, &who, command).await?;
    Ok(StatusCode::NO_CONTENT)
}
