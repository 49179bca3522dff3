//! Postings made by hand: one person or machine reserves, a second person posts or voids.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use gatewarden_engine::{Command, Engine, Reservation};
use gatewarden_identity::webauthn::Assertion;
use gatewarden_model::{
    Action, Actor, Body as Says, Confirmation, FieldRights, Hash, Mask, Masked, MovementId,
    MovementLine, Posting, Stamp, Subject, SubjectKind, canonical, no_fields,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Api,
    auth::Who,
    factors,
    mask::{Eyes, act, write},
    problem::{Body, MaybeBody, Problem},
};
use crate::factors::{About, confirmation};

/// Entries of one posting that are looked through.
const ENTRIES_MAX: usize = 100;

fn posting_id(text: &str) -> Result<MovementId, Problem> {
    text.parse().map_err(|_| Problem::bad_request("a posting's id is a UUID"))
}

/// A posting that waits for its second person.
#[derive(Debug, Serialize)]
pub(crate) struct Open {
    id: MovementId,
    state: &'static str,
    seq: u64,
    at: Stamp,
    by: Actor,
    posting: Posting,
    lines: Vec<MovementLine>,
    left: Vec<i64>,
}

impl Mask for Open {
    fn mask(&mut self, rights: &FieldRights) {
        let Self { id: _, state: _, seq: _, at: _, by: _, posting, lines, left: _ } = self;
        posting.mask(rights);
        lines.mask(rights);
    }
}

impl Open {
    fn of(reservation: &Reservation) -> Self {
        let Reservation { seq, at, posting, lines, left, by, .. } = reservation.clone();
        Self { id: posting.id, state: "reserved", seq, at, by, posting, lines, left }
    }
}

/// What became of a posting.
#[derive(Debug, Serialize)]
pub(crate) struct Fate {
    id: MovementId,
    state: &'static str,
}

no_fields!(Fate);

/// A posting: open, or what became of it.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum View {
    Open(Box<Open>),
    Over(Fate),
}

impl Mask for View {
    fn mask(&mut self, rights: &FieldRights) {
        match self {
            Self::Open(open) => open.mask(rights),
            Self::Over(over) => over.mask(rights),
        }
    }
}

/// Asks for a posting. What it takes is reserved until a second person posts it; its lines are all
/// or none. The id is the caller's: the same request again is answered 200, with other content 409.
#[utoipa::path(post, path = "/api/v1/postings", tag = "postings", request_body = Object,
    responses((status = 201, body = Object), (status = 200, body = Object),
        (status = 403, body = Problem), (status = 409, body = Problem),
        (status = 413, body = Problem), (status = 422, body = Problem)))]
pub(crate) async fn reserve(
    State(api): State<Api>,
    who: Who,
    Body(posting): Body<Posting>,
) -> Result<(StatusCode, Json<Masked<Fate>>), Problem> {
    let id = posting.id;
    let known = state_of(&api, id).await?;
    let command = Command::Reserve { posting, by: who.actor() };
    let _ = write(&api, &who, command).await?;
    let status = if known.is_some() { StatusCode::OK } else { StatusCode::CREATED };
    let fate = Fate { id, state: known.unwrap_or("reserved") };
    Ok((status, Eyes::of(&api, &who).await?.json(fate)))
}

/// What became of a posting; none for one that nobody asked for.
async fn state_of(api: &Api, id: MovementId) -> Result<Option<&'static str>, Problem> {
    if api.app.recorder.query(move |e| e.state().reservation(id).is_some()).await? {
        return Ok(Some("reserved"));
    }
    let subject = Subject { kind: SubjectKind::Movement, key: id.to_string() };
    let entries = api.app.read(move |ledger| ledger.touching(&subject, ENTRIES_MAX)).await?;
    Ok(entries.into_iter().rev().find_map(|entry| match entry.body {
        Says::Moved { movement, .. } if movement.id == id => Some("posted"),
        Says::ReservationEnded { movement, reason, .. } if movement == id && reason != "posted" => {
            Some(if reason == "used" { "used" } else { "void" })
        }
        _ => None,
    }))
}

/// Postings that wait for their second person, of the modules that the caller may view.
#[utoipa::path(get, path = "/api/v1/postings", tag = "postings",
    responses((status = 200, body = Vec<Object>), (status = 401, body = Problem)))]
pub(crate) async fn list(
    State(api): State<Api>,
    who: Who,
) -> Result<Json<Masked<Vec<Open>>>, Problem> {
    let eyes = Eyes::of(&api, &who).await?;
    let all = matches!(who, Who::Local(_));
    let actor = who.actor();
    let open = api
        .app
        .recorder
        .query(move |engine| {
            let seen =
                |r: &&Reservation| all || engine.may(&actor, Action::View, r.posting.kind.module());
            let open = engine.state().reservations().filter(seen);
            open.map(Open::of).collect::<Vec<_>>()
        })
        .await?;
    Ok(eyes.json(open))
}

/// One posting: waiting, posted, or over.
#[utoipa::path(get, path = "/api/v1/postings/{id}", tag = "postings",
    responses((status = 200, body = Object), (status = 404, body = Problem)))]
pub(crate) async fn one(
    State(api): State<Api>,
    who: Who,
    Path(id): Path<String>,
) -> Result<Json<Masked<View>>, Problem> {
    let id = posting_id(&id)?;
    let eyes = Eyes::of(&api, &who).await?;
    let open = api
        .app
        .recorder
        .query(move |e| e.state().reservation(id).map(|r| (r.posting.kind.module(), Open::of(r))))
        .await?;
    if let Some((module, open)) = open {
        who.may(&api, Action::View, module, "a posting").await?;
        return Ok(eyes.json(View::Open(Box::new(open))));
    }
    let state = state_of(&api, id).await?.ok_or_else(|| Problem::not_found("posting"))?;
    who.may(&api, Action::View, gatewarden_model::Module::Ledger, "a posting").await?;
    Ok(eyes.json(View::Over(Fate { id, state })))
}

/// What a browser asks the caller's keys for, so that one of them confirms exactly this posting.
#[utoipa::path(post, path = "/api/v1/postings/{id}/confirmation", tag = "postings",
    responses((status = 200, body = Object), (status = 404, body = Problem),
        (status = 422, body = Problem)))]
pub(crate) async fn ask_confirmation(
    State(api): State<Api>,
    who: Who,
    Path(id): Path<String>,
) -> Result<factors::Question, Problem> {
    let ((_, session), id) = (factors::own(&who)?, posting_id(&id)?);
    let digest = digest_of(&api, &who, id).await?.ok_or_else(|| Problem::not_found("posting"))?;
    Ok(factors::question(api.app.ask_key(session, About::Confirm(id), digest).await?))
}

/// The digest of a posting that waits and that the caller may view: the evidence of its movement.
async fn digest_of(api: &Api, who: &Who, id: MovementId) -> Result<Option<Hash>, Problem> {
    let actor = who.actor();
    let look = move |engine: &Engine| {
        let posting = &engine.state().reservation(id)?.posting;
        let seen = engine.may(&actor, Action::View, posting.kind.module())
            || engine.may(&actor, Action::Approve, posting.kind.module());
        let bytes = seen.then(|| canonical::encode(posting).ok()).flatten()?;
        Some(Hash::of(&bytes))
    };
    Ok(api.app.recorder.query(look).await?)
}

/// What the caller's key signed over this posting, checked.
async fn confirmed(
    api: &Api,
    who: &Who,
    id: MovementId,
    answer: &Assertion,
) -> Result<Option<Confirmation>, Problem> {
    let (_, session) = factors::own(who)?;
    // One that is over is answered as it was.
    let Some(digest) = digest_of(api, who, id).await? else { return Ok(None) };
    let about = (About::Confirm(id), digest);
    let (used, nonce) = api.app.check_answer(session, about, answer).await?;
    Ok(Some(confirmation(used.id, nonce, answer)))
}

/// How a posting is posted.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PostInput {
    /// What the browser answered to the options of `confirmation`, where a key confirms it.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    assertion: Option<Box<Assertion>>,
}

/// Posts what is reserved: only an operator with a session, never the one who reserved it. Kinds of
/// `confirm_kinds` need his key's confirmation; the body may be left out for others.
#[utoipa::path(post, path = "/api/v1/postings/{id}/post", tag = "postings",
    request_body = Option<PostInput>,
    responses((status = 200, body = Object), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 422, body = Problem)))]
pub(crate) async fn post(
    State(api): State<Api>,
    who: Who,
    Path(id): Path<String>,
    MaybeBody(input): MaybeBody<PostInput>,
) -> Result<Json<Masked<Fate>>, Problem> {
    let id = posting_id(&id)?;
    let confirmation = match input.and_then(|input| input.assertion) {
        Some(answer) => confirmed(&api, &who, id, &answer).await?,
        None => None,
    };
    let command = Command::PostReservation { reservation: id, by: who.actor(), confirmation };
    act(&api, &who, command).await?;
    Ok(Eyes::of(&api, &who).await?.json(Fate { id, state: "posted" }))
}

/// Why it shall not be posted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct VoidInput {
    /// Why.
    reason: String,
}

/// Voids what is reserved; it is free again.
#[utoipa::path(post, path = "/api/v1/postings/{id}/void", tag = "postings",
    request_body = VoidInput,
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn void(
    State(api): State<Api>,
    who: Who,
    Path(id): Path<String>,
    Body(input): Body<VoidInput>,
) -> Result<StatusCode, Problem> {
    let VoidInput { reason } = input;
    let command =
        Command::VoidReservation { reservation: posting_id(&id)?, reason, by: who.actor() };
    act(&api, &who, command).await?;
    Ok(StatusCode::NO_CONTENT)
}
