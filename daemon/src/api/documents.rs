//! Documents: written, checked, handed in, signed, ended, and looked at with all that belongs to them.
//!
//! Invariants: a document is seen by whoever has its kind's right to view it, masked by his rights on fields; what
//! is done to one is a command that the engine decides on, whatever door it came by. A document that is over is
//! told from its entries. Absent: files of documents (`exchange` of the command line), the page for signing.

mod check;
pub(crate) mod count;
mod diff;
mod past;
mod plans;
mod view;

use axum::{
    Json,
    extract::{Path, Query, State, rejection::QueryRejection},
    http::StatusCode,
};
use gatewarden_engine::{Command, DocumentAct, Engine, OpenDocument, Reply};
use gatewarden_model::{
    Action, Actor, ApprovalAct, Document, DocumentContent, DocumentKind, Hash, Masked, Module,
    Right, no_fields,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Api,
    auth::Who,
    mask::{Eyes, act, good, write},
    problem::{Body, Problem},
};
use crate::shapes::{ActShape, DocumentShape};
use past::Past;
use view::{DocumentView, Listed};

pub(crate) use check::check;
pub(crate) use diff::diff;
pub(crate) use past::{Told, past_of};
pub(crate) use plans::{__path_impact, __path_settlement, impact, settlement};

// What the description of the API is made of stands beside each handler.
pub(crate) use check::__path_check;
pub(crate) use diff::__path_diff;

/// Documents that one list shows at most.
const LIST_MAX: usize = 1_000;

/// What a path says.
fn named(kind: &str, number: &str) -> Result<Document, Problem> {
    let kind = DocumentKind::of_name(kind).ok_or_else(|| {
        let names: Vec<&str> = DocumentKind::ALL.iter().map(|kind| kind.name()).collect();
        Problem::bad_request(format!("there is no kind of document {kind:?}: {}", names.join(", ")))
    })?;
    Ok(Document { kind, number: number.to_owned() })
}

/// The right that it takes to see a kind of document: that of its definition.
fn view_right(engine: &Engine, kind: DocumentKind) -> Right {
    let defined = engine.state().procedures_in_force().and_then(|known| known.kinds.of(kind));
    let none = Right { module: Module::Ledger, action: Action::View };
    defined.map_or(none, |kind| kind.rights.view)
}

/// The right that it takes to write a first version of a kind of document; to see it, where nobody defined it.
pub(super) fn create_right(engine: &Engine, kind: DocumentKind) -> Right {
    let defined = engine.state().procedures_in_force().and_then(|known| known.kinds.of(kind));
    defined.map_or_else(|| view_right(engine, kind), |kind| kind.rights.create)
}

/// Asks for the right to see a kind of document.
async fn may_view(api: &Api, who: &Who, document: &Document) -> Result<(), Problem> {
    let kind = document.kind;
    let right = api.app.recorder.query(move |engine| view_right(engine, kind)).await?;
    who.may(api, right.action, right.module, "a document").await
}

/// Which documents are listed.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Which {
    /// Of which kind.
    kind: Option<String>,
    /// In which state of the frame, such as `in-approval`.
    state: Option<String>,
    /// Whose number comes after this one.
    after: Option<String>,
}

/// Open documents that the caller may view, by kind and number; at most 1,000 at once.
#[utoipa::path(get, path = "/api/v1/documents", tag = "documents",
    params(("kind" = Option<String>, Query,), ("state" = Option<String>, Query,), ("after" = Option<String>, Query,)),
    responses((status = 200, body = Vec<Object>), (status = 401, body = Problem)))]
pub(crate) async fn list(
    State(api): State<Api>,
    who: Who,
    query: Result<Query<Which>, QueryRejection>,
) -> Result<Json<Masked<Vec<Listed>>>, Problem> {
    let which = good(query)?;
    let kind = which.kind.as_deref().map(|kind| named(kind, "").map(|one| one.kind)).transpose()?;
    let (actor, is_local) = (who.actor(), matches!(who, Who::Local(_)));
    let listed = api
        .app
        .recorder
        .query(move |engine| {
            let fits = |open: &&OpenDocument| {
                let right = view_right(engine, open.document().kind);
                kind.is_none_or(|kind| kind == open.document().kind)
                    && which.state.as_deref().is_none_or(|state| state == open.frame().name())
                    && which.after.as_ref().is_none_or(|after| open.document().number > *after)
                    && (is_local || engine.may(&actor, right.action, right.module))
            };
            let all = engine.state().documents().filter(fits).take(LIST_MAX);
            all.map(Listed::of).collect::<Vec<_>>()
        })
        .await?;
    Ok(Eyes::of(&api, &who).await?.json(listed))
}

/// One document: what it says, where it stands, who signed and who is asked, what was done of it.
#[utoipa::path(get, path = "/api/v1/documents/{kind}/{number}", tag = "documents",
    responses((status = 200, body = Object), (status = 404, body = Problem)))]
pub(crate) async fn one(
    State(api): State<Api>,
    who: Who,
    Path((kind, number)): Path<(String, String)>,
) -> Result<Json<Masked<DocumentView>>, Problem> {
    let document = named(&kind, &number)?;
    may_view(&api, &who, &document).await?;
    let (wanted, by) = (document.clone(), who.actor());
    let look = move |engine: &Engine| {
        DocumentView::of_open(engine, engine.state().document(&wanted)?, &by)
    };
    let open = api.app.recorder.query(look).await?;
    let view = match open {
        Some(view) if view.may_be_found() => {
            let past = api.app.read(move |ledger| Past::of(ledger, &document)).await?;
            view.with_order(
                past.ok_or_else(|| Problem::not_found("document"))?.without_found(false),
            )
        }
        Some(view) => view,
        None => past(&api, document, who.actor())
            .await?
            .ok_or_else(|| Problem::not_found("document"))?,
    };
    Ok(Eyes::of(&api, &who).await?.json(view))
}

/// A document that is over, from its entries.
async fn past(api: &Api, document: Document, who: Actor) -> Result<Option<DocumentView>, Problem> {
    let of = document.clone();
    let told = api.app.recorder.query(move |engine| engine.state().retelling(of)).await?;
    Ok(api.app.read(move |ledger| DocumentView::of_past(ledger, &document, (told, &who))).await?)
}

/// A version that is written.
#[derive(Debug, Serialize)]
pub(crate) struct Written {
    document: Document,
    version: u32,
    /// What whoever hands it in or signs it names.
    digest: Hash,
}

no_fields!(Written);

fn written(reply: Reply, document: Document) -> Result<Written, Problem> {
    match reply {
        Reply::Document { document, version, digest } => Ok(Written { document, version, digest }),
        _ => Err(Problem::not_found(&format!("document {}", document.number))),
    }
}

/// Writes a version of a document: the first, or the one after the newest. The same version again is
/// harmless.
#[utoipa::path(post, path = "/api/v1/documents", tag = "documents", request_body = DocumentShape,
    responses((status = 201, body = Object), (status = 403, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(crate) async fn write_one(
    State(api): State<Api>,
    who: Who,
    Body(content): Body<DocumentContent>,
) -> Result<(StatusCode, Json<Masked<Written>>), Problem> {
    let document = content.document.clone();
    let command = Command::WriteDocument { content, by: who.actor() };
    let reply = write(&api, &who, command).await?;
    let eyes = Eyes::of(&api, &who).await?;
    Ok((StatusCode::CREATED, eyes.json(written(reply, document)?)))
}

/// Which version is meant.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Version {
    /// The digest of the version that was seen.
    #[schema(value_type = String)]
    digest: Hash,
}

/// Hands the newest version in: whoever wrote it. Its workflow asks the first signers.
#[utoipa::path(post, path = "/api/v1/documents/{kind}/{number}/submit", tag = "documents", request_body = Version,
    responses((status = 200, body = Object), (status = 403, body = Problem), (status = 422, body = Problem)))]
pub(crate) async fn submit(
    State(api): State<Api>,
    who: Who,
    Path((kind, number)): Path<(String, String)>,
    Body(version): Body<Version>,
) -> Result<Json<Masked<Written>>, Problem> {
    let document = named(&kind, &number)?;
    let digest = version.digest;
    let command = Command::SubmitDocument { document: document.clone(), digest, by: who.actor() };
    let reply = act(&api, &who, command).await?;
    Ok(Eyes::of(&api, &who).await?.json(written(reply, document)?))
}

/// Signs a document, sends it back, hands it over, or whatever else its workflow lets a signer do.
#[utoipa::path(post, path = "/api/v1/documents/{kind}/{number}/act", tag = "documents", request_body = ActShape,
    responses((status = 204), (status = 403, body = Problem), (status = 422, body = Problem)))]
pub(crate) async fn sign(
    State(api): State<Api>,
    who: Who,
    Path((kind, number)): Path<(String, String)>,
    Body(said): Body<ApprovalAct>,
) -> Result<StatusCode, Problem> {
    let document = named(&kind, &number)?;
    act(&api, &who, Command::ActOnDocument { document, act: said, by: who.actor() }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// How a document ends, or moves within the states of its kind.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct End {
    /// `close`, `cancel`, or a step of the kind's own.
    step: String,
    /// The digest of the version that was seen; whichever is the newest where it is left out.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    digest: Option<Hash>,
    /// Why.
    #[serde(default)]
    reason: String,
}

/// Closes a document short, cancels it, or takes a step of its kind's own.
#[utoipa::path(post, path = "/api/v1/documents/{kind}/{number}/step", tag = "documents", request_body = End,
    responses((status = 204), (status = 403, body = Problem), (status = 422, body = Problem)))]
pub(crate) async fn step(
    State(api): State<Api>,
    who: Who,
    Path((kind, number)): Path<(String, String)>,
    Body(end): Body<End>,
) -> Result<StatusCode, Problem> {
    let document = named(&kind, &number)?;
    let what = match end.step.as_str() {
        "close" => DocumentAct::Close,
        "cancel" => DocumentAct::Cancel,
        own => DocumentAct::Own(own.to_owned()),
    };
    let (digest, reason, by) = (end.digest, end.reason, who.actor());
    let command = Command::EndDocument { document, act: what, digest, reason, by };
    act(&api, &who, command).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What waits for somebody.
#[derive(Debug, Serialize)]
pub(crate) struct Inbox {
    /// Documents that he is asked to sign, or to advise on.
    documents: Vec<Listed>,
    /// To-dos that rules opened for him.
    todos: Vec<view::TodoView>,
}

impl gatewarden_model::Mask for Inbox {
    fn mask(&mut self, rights: &gatewarden_model::FieldRights) {
        let Self { documents, todos } = self;
        documents.mask(rights);
        todos.mask(rights);
    }
}

/// What waits for the caller: documents to sign, things to do.
#[utoipa::path(get, path = "/api/v1/inbox", tag = "documents",
    responses((status = 200, body = Object), (status = 401, body = Problem)))]
pub(crate) async fn inbox(
    State(api): State<Api>,
    who: Who,
) -> Result<Json<Masked<Inbox>>, Problem> {
    let Actor::Operator { id, .. } = who.actor() else {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "not-an-operator",
            "only a person is asked",
        ));
    };
    let inbox = api
        .app
        .recorder
        .query(move |engine| {
            let asked = |open: &&OpenDocument| {
                let asked = open.approval.as_ref().map(|one| one.asked());
                open.waits() && asked.is_some_and(|all| all.contains(&id))
            };
            let documents = engine.state().documents().filter(asked).take(LIST_MAX);
            let documents = documents.map(Listed::asked).collect();
            let todos = engine.todos_of(&id).iter().map(view::TodoView::of).collect();
            Inbox { documents, todos }
        })
        .await?;
    Ok(Eyes::of(&api, &who).await?.json(inbox))
}

/// What was done.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Done {
    /// In words.
    reason: String,
}

/// Says that a to-do is done: one of those whom the rule names.
#[utoipa::path(post, path = "/api/v1/todos/{entry}/done", tag = "documents", request_body = Done,
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn done(
    State(api): State<Api>,
    who: Who,
    Path(entry): Path<u64>,
    Body(done): Body<Done>,
) -> Result<StatusCode, Problem> {
    let command = Command::FinishTodo { fired: entry, reason: done.reason, by: who.actor() };
    act(&api, &who, command).await?;
    Ok(StatusCode::NO_CONTENT)
}
