//! One-time links: what a notice lets its receiver see and sign.
//!
//! Invariants: a link alone tells that a decision waits, and nothing else: who, on what and which is told to
//! its own person alone, once he is signed in and as long as he is asked, masked by his rights of that
//! moment. Signing asks for his badge and PIN, or for a session that he opened with them (and may have
//! raised by a second factor). A link is good once, and only for the version and step that it names; one
//! that is used, over or somebody else's is refused, and what was tried with it is recorded, as slowly as
//! strangers are. The engine decides whether the person may sign, as for every other door. Absent: making
//! links (`crate::notices`).

use axum::{
    Json,
    extract::{ConnectInfo, Path, State},
    http::StatusCode,
};
use axum_extra::extract::CookieJar;
use gatewarden_documents::{Change, diff};
use gatewarden_engine::Command;
use gatewarden_model::{
    ApprovalAct, Body as EntryBody, Document, DocumentContent, FieldRights, Mask, Masked,
    OperatorId, SessionId, Subject, SubjectKind, Verdict,
};
use gatewarden_store::{LedgerReader, StoreError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Api, Peer,
    auth::{Somebody, Who},
    gate,
    mask::{Eyes, act},
    problem::{Body, Problem},
    stations::Credentials,
};
use crate::{
    notices::{self, Link, LinkState},
    secrets,
};

/// Entries of a document that are looked through for its versions.
const ENTRIES_MAX: usize = 2_000;
/// Longest token that is looked at.
const TOKEN_BYTES_MAX: usize = 128;

/// What a link shows.
#[derive(Debug, Serialize)]
pub(crate) struct LinkView {
    /// Always `open`: what is not is refused.
    state: LinkState,
    /// What waits; only to its own person, signed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<Waiting>,
}

/// A decision that waits for its person.
#[derive(Debug, Serialize)]
pub(crate) struct Waiting {
    /// Whose it is.
    operator: OperatorId,
    document: Document,
    /// At which step.
    node: String,
    /// The version that it signs.
    content: DocumentContent,
    /// The version before it.
    #[serde(skip)]
    before: Option<DocumentContent>,
    /// What differs from that; found once both are masked.
    changed: Vec<Change>,
}

impl Mask for LinkView {
    fn mask(&mut self, rights: &FieldRights) {
        let Self { state: _, decision } = self;
        decision.mask(rights);
    }
}

impl Mask for Waiting {
    fn mask(&mut self, rights: &FieldRights) {
        let Self { operator: _, document: _, node: _, content, before, changed } = self;
        content.mask(rights);
        before.mask(rights);
        *changed = before.as_ref().map(|before| diff(before, content)).unwrap_or_default();
    }
}

/// What a one-time link stands for: that a decision waits, to whoever holds it; the decision, to its own
/// person once signed in (`POST /session`).
#[utoipa::path(get, path = "/api/v1/links/{token}", tag = "notices",
    responses((status = 200, body = Object), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 410, body = Problem)))]
pub(crate) async fn show(
    State(api): State<Api>,
    Somebody(who): Somebody,
    Path(token): Path<String>,
) -> Result<Json<Masked<LinkView>>, Problem> {
    let (link, state) = link_of(&api, &token).await?;
    if let Some((what, why)) = no_good(state) {
        return Err(gone(what, why));
    }
    let Ok(Who::Operator(operator, session)) = who else {
        return Ok(Eyes::nobody().json(LinkView { state, decision: None }));
    };
    if operator != link.operator {
        return Err(refused(&api, &link, "foreign", &format!("{operator} tried to open it")).await);
    }
    let decision = Some(waiting(&api, link).await?);
    let eyes = Eyes::of(&api, &Who::Operator(operator, session)).await?;
    Ok(eyes.json(LinkView { state, decision }))
}

/// What waits, if it still waits for its person.
async fn waiting(api: &Api, link: Link) -> Result<Waiting, Problem> {
    let Link { operator, grant, .. } = link;
    let (who, now) = (operator.clone(), api.app.clock.now());
    let (document, digest, node) = (grant.document.clone(), grant.digest, grant.node.clone());
    let content = api
        .app
        .recorder
        .query(move |engine| {
            let open = engine.state().document(&document)?;
            let may = engine.may_decide(&document, (digest, &node), &who, &now);
            may.then(|| (*open.content).clone())
        })
        .await?;
    let why = "this version waits for you no more: it was changed or decided, or others are asked";
    let content = content.ok_or_else(|| gone("over", why))?;
    let (document, version) = (grant.document.clone(), content.version);
    let before = api.app.read(move |ledger| version_before(ledger, &document, version)).await?;
    let (document, node) = (grant.document, grant.node);
    Ok(Waiting { operator, document, node, content, before, changed: vec![] })
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

/// Why a link is no good, if it is not.
fn no_good(state: LinkState) -> Option<(&'static str, &'static str)> {
    match state {
        LinkState::Open => None,
        LinkState::Used => Some(("used", "it was used already")),
        LinkState::Expired => Some(("expired", "its time is over")),
    }
}

/// A verdict by a one-time link.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Signing {
    /// The badge's number; left out, with the PIN, by whoever is signed in.
    #[serde(default)]
    badge: Option<String>,
    /// 4 to 12 digits.
    #[serde(default)]
    pin: Option<String>,
    /// `approve` or `reject`.
    #[schema(value_type = String)]
    verdict: Verdict,
    /// Why; a no needs one.
    #[serde(default)]
    comment: String,
}

/// Signs by a one-time link: in a session of the person whom it was sent to, or with his badge and PIN. A
/// session that is opened for it ends at once.
#[utoipa::path(post, path = "/api/v1/links/{token}", tag = "notices", request_body = Signing,
    responses((status = 204), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 410, body = Problem), (status = 429, body = Problem)))]
pub(crate) async fn sign(
    State(api): State<Api>,
    Somebody(who): Somebody,
    Path(token): Path<String>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    jar: CookieJar,
    Body(signing): Body<Signing>,
) -> Result<StatusCode, Problem> {
    let (link, state) = link_of(&api, &token).await?;
    if let Some((what, why)) = no_good(state) {
        return Err(refused(&api, &link, what, why).await);
    }
    let Signing { badge, pin, verdict, comment } = signing;
    if verdict == Verdict::Reject && comment.trim().is_empty() {
        let message = "comment: a no needs a reason: say what is wrong";
        return Err(Problem::bad_field("comment", message));
    }
    let (badge, pin) = match (badge, pin, who) {
        (None, None, Ok(Who::Operator(operator, session))) => {
            return decide(&api, &link, (operator, session), verdict, comment).await;
        }
        // Only a person signs.
        (None, None, Ok(_)) => return Err(Problem::unauthenticated()),
        (None, None, Err(problem)) => return Err(problem),
        (Some(badge), Some(pin), _) => (badge, pin),
        (None, Some(_), _) => return Err(Problem::bad_field("badge", "badge: it is missing")),
        (Some(_), None, _) => return Err(Problem::bad_field("pin", "pin: it is missing")),
    };
    let credentials = Credentials { badge: Some(badge), pin };
    let session = gate::sign_in_once(&api, credentials, jar, peer).await?;
    let operator = api
        .app
        .recorder
        .query(move |engine| engine.state().session(session).map(|one| one.operator.clone()))
        .await?
        .ok_or_else(Problem::unauthenticated)?;
    let signed = decide(&api, &link, (operator, session), verdict, comment).await;
    let reason = "link".to_owned();
    let _ = api.app.recorder.command(Command::SignOut { session, reason }).await?;
    signed
}

async fn decide(
    api: &Api,
    link: &Link,
    (operator, session): (OperatorId, SessionId),
    verdict: Verdict,
    comment: String,
) -> Result<StatusCode, Problem> {
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
            // Nothing was signed: what is wrong may be mended, such as a level that is too low.
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
    match what {
        "foreign" => {
            let message = "the link was sent to somebody else: open /inbox for what waits for you";
            Problem::new(StatusCode::FORBIDDEN, "link-foreign", message)
        }
        _ => gone(what, why),
    }
}

/// A link that is good no more.
fn gone(what: &str, why: &str) -> Problem {
    let message = format!("the link is no good: {why}; open /inbox instead");
    Problem::new(StatusCode::GONE, &format!("link-{what}"), message)
}
