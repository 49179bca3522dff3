//! Notices that wait or were rejected, one-time links, and the page on which somebody signs.
//!
//! Invariants: a link alone changes nothing: what it stands for is shown as its person may see it, and signing asks
//! for that person's badge and PIN; a link is good once, and only for the version and step that it names; one that
//! is used, over or somebody else's is refused, and that is recorded, as slowly as strangers are. The engine
//! decides whether the person may sign, as for every other door. The pages hold no data. Absent: the words of
//! notices, which are their receivers'.

use axum::{
    Json,
    extract::{ConnectInfo, Path, State},
    http::{StatusCode, header},
    response::{Html, IntoResponse},
};
use axum_extra::extract::CookieJar;
use gatewarden_documents::{Change, diff};
use gatewarden_engine::Command;
use gatewarden_model::{
    Action, ApprovalAct, Body as EntryBody, Document, DocumentContent, FieldRights, Hash, Mask,
    Masked, Module, OperatorId, SessionId, Subject, SubjectKind, Verdict,
};
use gatewarden_store::{LedgerReader, StoreError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Api, Peer,
    auth::Who,
    gate,
    mask::{Eyes, act},
    problem::{Body, Problem},
    query::Described,
    stations::Credentials,
};
use crate::{
    notices::{self, Link, LinkState, NoticeRow},
    secrets,
};

/// Scripts and styles only from the page itself.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'";
/// Entries of a document that are looked through for its versions.
const ENTRIES_MAX: usize = 2_000;
/// Longest token that is looked at.
const TOKEN_BYTES_MAX: usize = 128;

/// Notices that wait, are being sent or were rejected by every channel, in order; at most 1,000.
#[utoipa::path(get, path = "/api/v1/notices", tag = "notices",
    responses((status = 200, body = Vec<NoticeRow>), (status = 403, body = Problem)))]
pub(crate) async fn list(
    State(api): State<Api>,
    who: Who,
) -> Result<Json<Masked<Vec<NoticeRow>>>, Problem> {
    who.may(&api, Action::View, Module::Ledger, "notices").await?;
    let eyes = Eyes::of(&api, &who).await?;
    Ok(eyes.json(api.app.spool.run(|t| notices::rows(t)).await?))
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
    let rows = api.app.spool.run(|t| notices::rows(t)).await?;
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

/// What a link shows.
#[derive(Debug, Serialize)]
pub(crate) struct LinkView {
    /// Whose it is.
    operator: OperatorId,
    /// `open`, `used` or `expired`.
    state: LinkState,
    document: Document,
    /// At which step.
    node: String,
    /// The version that it would sign; none where there is another now, or the document is over.
    content: Option<DocumentContent>,
    /// What differs from the version before.
    changed: Vec<Change>,
}

impl Mask for LinkView {
    fn mask(&mut self, rights: &FieldRights) {
        // What changed was found between two versions that were masked already.
        let Self { operator: _, state: _, document: _, node: _, content, changed: _ } = self;
        content.mask(rights);
    }
}

/// What a one-time link stands for, as its person may see it.
#[utoipa::path(get, path = "/api/v1/links/{token}", tag = "notices",
    responses((status = 200, body = Object), (status = 404, body = Problem)))]
pub(crate) async fn show(
    State(api): State<Api>,
    _: Described,
    Path(token): Path<String>,
) -> Result<Json<Masked<LinkView>>, Problem> {
    let (link, state) = link_of(&api, &token).await?;
    let eyes = Eyes::of_operator(&api, &link.operator).await?;
    let Link { operator, grant, .. } = link;
    let (content, changed) = match state {
        LinkState::Open => seen(&api, &eyes, &grant.document, grant.digest).await?,
        _ => (None, vec![]),
    };
    let (document, node) = (grant.document, grant.node);
    Ok(eyes.json(LinkView { operator, state, document, node, content, changed }))
}

/// The version of a digest and what changed in it, if it is the one that waits.
async fn seen(
    api: &Api,
    eyes: &Eyes,
    document: &Document,
    digest: Hash,
) -> Result<(Option<DocumentContent>, Vec<Change>), Problem> {
    let wanted = document.clone();
    let content = api
        .app
        .recorder
        .query(move |engine| {
            let open = engine.state().document(&wanted)?;
            (open.digest == digest).then(|| (*open.content).clone())
        })
        .await?;
    let Some(content) = content else { return Ok((None, vec![])) };
    let (document, version) = (document.clone(), content.version);
    let before = api.app.read(move |ledger| version_before(ledger, &document, version)).await?;
    let shown = eyes.show(content.clone()).into_inner();
    let changed = before.map(|before| diff(&eyes.show(before).into_inner(), &shown));
    Ok((Some(content), changed.unwrap_or_default()))
}

fn version_before(
    ledger: &LedgerReader,
    document: &Document,
    version: u32,
) -> Result<Option<DocumentContent>, StoreError> {
    let subject = Subject { kind: SubjectKind::Document, key: document.number.clone() };
    let entries = ledger.touching(&subject, ENTRIES_MAX)?.into_iter();
    let versions = entries.filter_map(|entry| match entry.body {
        EntryBody::DocumentWritten { content, .. } => Some(content),
        _ => None,
    });
    let mut fits = versions
        .filter(|one| one.document == *document && one.version.checked_add(1) == Some(version));
    Ok(fits.next())
}

/// A link by its token. Who has none is a stranger.
async fn link_of(api: &Api, token: &str) -> Result<(Link, LinkState), Problem> {
    let digest = secrets::token_digest(
        &token[..token.floor_char_boundary(TOKEN_BYTES_MAX.min(token.len()))],
    );
    let now_us = api.app.clock.now().wall_us;
    match api.app.spool.run(move |t| notices::look_up(t, &digest, now_us)).await? {
        Some(found) => Ok(found),
        None => {
            gate::admit_stranger(api)?;
            Err(Problem::not_found("link"))
        }
    }
}

/// A verdict by a one-time link.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Signing {
    /// The badge's number.
    badge: String,
    /// 4 to 12 digits.
    pin: String,
    /// `approve` or `reject`.
    #[schema(value_type = String)]
    verdict: Verdict,
    /// Why; a no needs one.
    #[serde(default)]
    comment: String,
}

/// Signs by a one-time link: with the badge and PIN of the person whom it was sent to. The session ends at once.
#[utoipa::path(post, path = "/api/v1/links/{token}", tag = "notices", request_body = Signing,
    responses((status = 204), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 410, body = Problem), (status = 429, body = Problem)))]
pub(crate) async fn sign(
    State(api): State<Api>,
    Path(token): Path<String>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    jar: CookieJar,
    Body(signing): Body<Signing>,
) -> Result<StatusCode, Problem> {
    let (link, state) = link_of(&api, &token).await?;
    match state {
        LinkState::Open => {}
        LinkState::Used => return Err(refused(&api, &link, "used", "it was used already").await),
        LinkState::Expired => return Err(refused(&api, &link, "expired", "its time is over").await),
    }
    let Signing { badge, pin, verdict, comment } = signing;
    let credentials = Credentials { badge: Some(badge), pin };
    let (_, _, Json(opened)) = gate::sign_in(&api, None, credentials, jar, peer).await?;
    let session: SessionId = serde_json::from_value(opened["id"].clone())
        .map_err(|_| Problem::bad_request("the session can't be read"))?;
    let signed = by_session(&api, &link, session, verdict, comment).await;
    let reason = "link".to_owned();
    let _ = api.app.recorder.command(Command::SignOut { session, reason }).await?;
    signed
}

async fn by_session(
    api: &Api,
    link: &Link,
    session: SessionId,
    verdict: Verdict,
    comment: String,
) -> Result<StatusCode, Problem> {
    let operator = api
        .app
        .recorder
        .query(move |engine| engine.state().session(session).map(|one| one.operator.clone()))
        .await?
        .ok_or_else(Problem::unauthenticated)?;
    if operator != link.operator {
        let why = format!("{operator} tried to use it");
        return Err(refused(api, link, "foreign", &why).await);
    }
    let (now_us, claimed) = (api.app.clock.now().wall_us, link.clone());
    if !api.app.spool.run(move |t| notices::claim(t, &claimed, now_us)).await? {
        return Err(refused(api, link, "used", "it was used already").await);
    }
    let node = link.grant.node.parse().map_err(|_| Problem::not_found("step"))?;
    let said = ApprovalAct::Decide { node: Some(node), on: link.grant.digest, verdict, comment };
    let (document, by) = (link.grant.document.clone(), Who::Operator(operator, session));
    let command = Command::ActOnDocument { document, act: said, by: by.actor() };
    match act(api, &by, command).await {
        Ok(_) => Ok(StatusCode::NO_CONTENT),
        Err(problem) => {
            // Nothing was signed: what is wrong may be mended, such as a no without a reason.
            let link = link.clone();
            api.app.spool.run(move |t| notices::give_back(t, &link)).await?;
            Err(problem)
        }
    }
}

/// Refuses a link; recorded, as slowly as strangers are.
async fn refused(api: &Api, link: &Link, what: &str, why: &str) -> Problem {
    let Link { operator, grant, .. } = link;
    let number = &grant.document.number;
    if let Err(busy) = gate::admit_stranger(api) {
        return busy;
    }
    let reason = format!("link of {operator} to sign {number} refused: {why}");
    let command = Command::Alarm { reason, further: 1, station: None };
    if let Err(error) = api.app.recorder.command(command).await {
        tracing::error!(%error, "a refused link was not recorded");
    }
    let (status, message) = match what {
        "foreign" => (StatusCode::FORBIDDEN, "the link was sent to somebody else".to_owned()),
        _ => (StatusCode::GONE, format!("the link is no good: {why}; open /inbox instead")),
    };
    Problem::new(status, &format!("link-{what}"), message)
}
