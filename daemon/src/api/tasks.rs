//! Tasks: what documents expect to happen.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use gatewarden_engine::{Command, TaskState};
use gatewarden_model::{Action, Body as Says, Subject, SubjectKind, Task, TaskId};
use serde_json::{Value, json};

use super::{
    Api,
    auth::Who,
    problem::{Body, Problem},
    stations::task_view,
};

/// Entries of one task that are looked through for its opening.
const TASK_ENTRIES_MAX: usize = 10_000;

fn task_id(text: &str) -> Result<TaskId, Problem> {
    text.parse().map_err(|_| Problem::bad_request("a task's id is a UUID"))
}

/// Open tasks of the modules that the caller may view.
#[utoipa::path(get, path = "/tasks", tag = "tasks",
    responses((status = 200, body = Vec<Object>), (status = 401, body = Problem)))]
pub(crate) async fn list(State(api): State<Api>, who: Who) -> Result<Json<Value>, Problem> {
    let actor = who.actor();
    let tasks = api
        .app
        .recorder
        .query(move |engine| {
            let seen = |t: &&TaskState| engine.may(&actor, Action::View, t.task.kind.module());
            engine.state().tasks().filter(seen).map(task_view).collect::<Vec<_>>()
        })
        .await?;
    Ok(Json(json!(tasks)))
}

/// One open task with its progress.
#[utoipa::path(get, path = "/tasks/{task}", tag = "tasks",
    responses((status = 200, body = Object), (status = 404, body = Problem)))]
pub(crate) async fn one(
    State(api): State<Api>,
    who: Who,
    Path(task): Path<String>,
) -> Result<Json<Value>, Problem> {
    let id = task_id(&task)?;
    let found = api
        .app
        .recorder
        .query(move |engine| engine.state().task(id).map(|t| (t.task.kind.module(), task_view(t))))
        .await?;
    let (module, view) = found.ok_or_else(|| Problem::not_found("open task"))?;
    who.may(&api, Action::View, module, "a task").await?;
    Ok(Json(view))
}

/// Opens a task. The id is the caller's, so that a repeated request is harmless.
#[utoipa::path(post, path = "/tasks", tag = "tasks", request_body = Object,
    responses((status = 201, body = Object), (status = 403, body = Problem),
        (status = 422, body = Problem)))]
pub(crate) async fn open(
    State(api): State<Api>,
    who: Who,
    Body(task): Body<Task>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    if !api.app.config.stations.iter().any(|s| s.name == task.station) {
        return Err(Problem::bad_request(format!("there is no station {}", task.station)));
    }
    let id = task.id;
    if let Some(known) = closed_task(&api, id).await? {
        return if known == task {
            Ok((StatusCode::CREATED, Json(json!({ "task": id }))))
        } else {
            let message = format!("task {id} has other content already: mint a new id");
            Err(Problem::new(StatusCode::CONFLICT, "task-differs", message))
        };
    }
    let _ = api.app.recorder.command(Command::OpenTask { task, by: who.actor() }).await??;
    Ok((StatusCode::CREATED, Json(json!({ "task": id }))))
}

/// What a task said that is closed already: the engine remembers only the latest of them, the
/// journal all, so a repeat is harmless however late it comes.
async fn closed_task(api: &Api, id: TaskId) -> Result<Option<Task>, Problem> {
    if api.app.recorder.query(move |engine| engine.state().task(id).is_some()).await? {
        return Ok(None);
    }
    let subject = Subject { kind: SubjectKind::Task, key: id.to_string() };
    let entries = api.app.read(move |ledger| ledger.touching(&subject, TASK_ENTRIES_MAX)).await?;
    Ok(entries.into_iter().find_map(|entry| match entry.body {
        Says::TaskOpened { task, .. } => Some(task),
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
    let _ = api.app.recorder.command(command).await??;
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
    let _ = api.app.recorder.command(command).await??;
    Ok(StatusCode::NO_CONTENT)
}
