//! Imports: many documents, all of them or none, or each by itself; tried first, if that is asked.
//!
//! Invariants: documents come by the same door as single ones, with every question asked; what is to be written at
//! once waits in the daemon's memory, and is written in one turn or not at all. Absent: files (`gatewarden document
//! import`), what waits between requests (`imports`).

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use gatewarden_documents::Mistake;
use gatewarden_engine::{Command, Reply};
use gatewarden_model::{DocumentContent, Masked, no_fields};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    Api,
    auth::Who,
    documents::create_right,
    mask::Eyes,
    problem::{Body, Problem},
};
use crate::{
    imports::{AT_ONCE_MAX, IMPORTS_MAX, IMPORTS_OF_ONE_MAX, Mode, Put, Working},
    shapes::DocumentShape,
};

/// What an import does with what is right.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Does {
    /// Nothing: all is tried.
    DryRun,
    /// It is written when the import ends, all of it or nothing.
    Whole,
    /// Each document is written as it comes.
    Each,
}

/// An import that begins.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Begin {
    mode: Does,
}

/// An import that began.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Begun {
    /// What it goes on by.
    import: Uuid,
}

/// Documents of an import.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Documents {
    /// Up to 1,000, in their order; the number of a version is not looked at, it is the next one.
    #[schema(value_type = Vec<DocumentShape>)]
    documents: Vec<DocumentContent>,
}

/// What became of them.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Results {
    /// One for each document, in their order.
    results: Vec<ResultOf>,
}

/// What became of one document.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ResultOf {
    /// `new`, `changed` or `same`; none where it is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    put: Option<String>,
    /// All that is wrong with it: code, field and message.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Object>)]
    mistakes: Vec<Mistake>,
}

/// The end of an import.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct End {
    /// Whether what waits is written; else it is forgotten.
    commit: bool,
}

/// An import that ended.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Ended {
    /// Versions that were written now.
    written: u64,
}

no_fields!(Begun, Results, Ended);

impl From<Put> for ResultOf {
    fn from(put: Put) -> Self {
        match put {
            Ok(word) => Self { put: Some(word.to_owned()), mistakes: vec![] },
            Err(mistakes) => Self { put: None, mistakes },
        }
    }
}

/// Begins an import: it is tried (`dry-run`), written as a whole when it ends (`whole`), or document by document
/// (`each`). One that nobody goes on with for a quarter of an hour is forgotten.
#[utoipa::path(post, path = "/api/v1/imports", tag = "documents", request_body = Begin,
    responses((status = 201, body = Begun), (status = 401, body = Problem), (status = 429, body = Problem)))]
pub(crate) async fn begin(
    State(api): State<Api>,
    who: Who,
    Body(begin): Body<Begin>,
) -> Result<(StatusCode, Json<Masked<Begun>>), Problem> {
    let mode = match begin.mode {
        Does::DryRun => Mode::Trial,
        Does::Whole => Mode::Whole,
        Does::Each => Mode::Each,
    };
    let Some(import) = api.app.imports.begin(who.actor(), mode) else {
        let message = format!(
            "{IMPORTS_MAX} imports are open, or {IMPORTS_OF_ONE_MAX} of yours: wait until one of them ends"
        );
        return Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, "imports-full", message));
    };
    Ok((StatusCode::CREATED, Eyes::of(&api, &who).await?.json(Begun { import })))
}

fn working(api: &Api, who: &Who, import: Uuid) -> Result<Working, Problem> {
    api.app.imports.take(import, &who.actor()).ok_or_else(|| {
        let message = "there is no such import of yours: it ended, was forgotten, or is worked on; begin it again";
        Problem::new(StatusCode::NOT_FOUND, "unknown-import", message)
    })
}

/// Puts documents into an import, and tells of each what it is or all that is wrong with it. Each counts as there
/// for those behind it. Needs the right to write each of them.
#[utoipa::path(post, path = "/api/v1/imports/{import}/documents", tag = "documents", request_body = Documents,
    responses((status = 200, body = Results), (status = 404, body = Problem), (status = 413, body = Problem)))]
pub(crate) async fn put(
    State(api): State<Api>,
    who: Who,
    Path(import): Path<Uuid>,
    Body(Documents { documents }): Body<Documents>,
) -> Result<Json<Masked<Results>>, Problem> {
    let mut working = working(&api, &who, import)?;
    if documents.len() > AT_ONCE_MAX {
        let message =
            format!("documents: {} at once, at most {AT_ONCE_MAX}: send several", documents.len());
        working.give_back();
        return Err(Problem::unprocessable("too-many-documents", message).at("documents"));
    }
    let kinds: Vec<_> = documents.iter().map(|content| content.document.kind).collect();
    let id = import;
    let Some(import) = &mut working.import else { return Err(Problem::not_found("import")) };
    let puts = api.app.put_documents((id, import), documents).await?;
    let denied = kinds.iter().zip(&puts).find(|(_, put)| is_denied(put));
    if let Some((kind, _)) = denied {
        // A trial leaves no trace; that somebody asked for what he may not do does.
        let kind = *kind;
        let right = api.app.recorder.query(move |engine| create_right(engine, kind)).await?;
        let what = "an import of documents".to_owned();
        let (action, module) = (right.action, right.module);
        let _ = api
            .app
            .recorder
            .command(Command::Ask { by: who.actor(), action, module, what })
            .await?;
    }
    working.give_back();
    let results = puts.into_iter().map(ResultOf::from).collect();
    Ok(Eyes::of(&api, &who).await?.json(Results { results }))
}

fn is_denied(put: &Put) -> bool {
    put.as_ref().is_err_and(|mistakes| mistakes.iter().any(|mistake| mistake.code == "denied"))
}

/// Ends an import: what waits is written, all of it in one turn or nothing, or is forgotten. One of which something
/// was refused is not written as a whole.
#[utoipa::path(post, path = "/api/v1/imports/{import}/end", tag = "documents", request_body = End,
    responses((status = 200, body = Ended), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub(crate) async fn end(
    State(api): State<Api>,
    who: Who,
    Path(import): Path<Uuid>,
    Body(End { commit }): Body<End>,
) -> Result<Json<Masked<Ended>>, Problem> {
    let mut working = working(&api, &who, import)?;
    let Some(mut import) = working.import.take() else { return Err(Problem::not_found("import")) };
    let mut written = 0;
    if commit && import.mode == Mode::Whole {
        if import.refused > 0 {
            let message =
                format!("{} documents of it were refused: nothing is written", import.refused);
            return Err(Problem::unprocessable("import-refused", message));
        }
        if let Reply::Documents { written: new } = api.app.write_waiting(&mut import).await?? {
            written = new as u64;
        }
    }
    Ok(Eyes::of(&api, &who).await?.json(Ended { written }))
}
