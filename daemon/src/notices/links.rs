//! One-time links: what a notice lets its receiver open, and sign after he proved who he is.
//!
//! Invariants: a token has 256 bits and is on disk as its digest alone; it stands for one person, one version of one
//! document at one step, until a time; it is good for one act. The same notice has the same token for as long as
//! the gateway runs, so that a repeated message says the same. Absent: who may sign (the engine asks again).

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use gatewarden_model::{Entry, Hash, OperatorId};
use gatewarden_notices::{Grant, NoticeSet, Row, occasions};
use rusqlite::{OptionalExtension, Transaction, params};
use serde::{Deserialize, Serialize};

use crate::{
    secrets,
    spool::{Spool, SpoolError},
};

/// How long a link is good.
const LINK_US: i64 = 72 * 3_600_000_000;
/// Most links that are kept; the oldest goes.
const LINKS_MAX: u32 = 20_000;
/// What a token begins with, so that scanners of secrets know it.
const PREFIX: &str = "gwl_";

/// What a link stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Link {
    /// For whom alone.
    pub(crate) operator: OperatorId,
    /// What may be signed.
    pub(crate) grant: Grant,
    /// The notice's entry.
    pub(crate) about: u64,
}

/// Whether a link is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum LinkState {
    /// It may be used.
    Open,
    /// It was used.
    Used,
    /// Its time is over.
    Expired,
}

/// Makes links.
#[derive(Clone)]
pub(crate) struct Links {
    spool: Spool,
    /// In memory only: tokens can't be made from what is on disk.
    key: Arc<[u8; 32]>,
}

impl Links {
    pub(crate) fn new(spool: Spool) -> Self {
        Self { spool, key: Arc::new(rand::random()) }
    }

    /// The address of a notice's link, kept; none where the notice brings none.
    pub(super) async fn of(
        &self,
        row: &Row,
        entry: &Entry,
        set: &NoticeSet,
        origin: &str,
        now_us: i64,
    ) -> Result<Option<String>, SpoolError> {
        let Some(notice) = set.notices.get(&row.notice).filter(|notice| notice.link) else {
            return Ok(None);
        };
        let Some(operator) =
            row.to.strip_prefix("operator:").and_then(|id| OperatorId::parse(id).ok())
        else {
            return Ok(None);
        };
        let mut all = occasions(entry).into_iter().filter(|one| notice.fits(one));
        let Some(grant) = all.find_map(|one| one.grant) else { return Ok(None) };
        let link = Link { operator, grant, about: row.about };
        let token = self.token(&link, row.step)?;
        let (hash, body) = (secrets::token_digest(&token), serde_json::to_string(&link)?);
        let expires_us = now_us.saturating_add(LINK_US);
        self.spool.run(move |t| keep(t, &hash, &body, expires_us)).await?;
        Ok(Some(format!("{origin}/approve/{token}")))
    }

    fn token(&self, link: &Link, step: u32) -> Result<String, SpoolError> {
        let mut bytes = self.key.to_vec();
        bytes.extend_from_slice(&step.to_be_bytes());
        bytes.extend_from_slice(&serde_json::to_vec(link)?);
        Ok(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(Hash::of(&bytes).0)))
    }
}

fn keep(t: &Transaction<'_>, hash: &Hash, link: &str, expires_us: i64) -> Result<(), SpoolError> {
    t.prepare_cached(
        "INSERT OR IGNORE INTO notice_link(hash, link, expires_us, used_us)
         VALUES (?1, ?2, ?3, (SELECT max(used_us) FROM notice_link WHERE link = ?2))",
    )?
    .execute(params![hash.to_string(), link, expires_us])?;
    t.prepare_cached(
        "DELETE FROM notice_link WHERE hash IN
         (SELECT hash FROM notice_link ORDER BY expires_us DESC LIMIT -1 OFFSET ?1)",
    )?
    .execute([LINKS_MAX])?;
    Ok(())
}

/// What a token stands for; none where nobody made it.
pub(crate) fn look_up(
    t: &Transaction<'_>,
    hash: &Hash,
    now_us: i64,
) -> Result<Option<(Link, LinkState)>, SpoolError> {
    let found: Option<(String, i64, Option<i64>)> = t
        .prepare_cached("SELECT link, expires_us, used_us FROM notice_link WHERE hash = ?1")?
        .query_row([hash.to_string()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let Some((link, expires_us, used_us)) = found else { return Ok(None) };
    let state = match used_us {
        Some(_) => LinkState::Used,
        None if expires_us <= now_us => LinkState::Expired,
        None => LinkState::Open,
    };
    Ok(Some((serde_json::from_str(&link)?, state)))
}

/// Uses a link up; every other token of the same is used with it. False where it was used before.
pub(crate) fn claim(t: &Transaction<'_>, link: &Link, now_us: i64) -> Result<bool, SpoolError> {
    let body = serde_json::to_string(link)?;
    let used = t.execute(
        "UPDATE notice_link SET used_us = ?2 WHERE link = ?1 AND used_us IS NULL AND expires_us > ?2",
        params![body, now_us],
    )?;
    Ok(used > 0)
}

/// Gives a link back whose act was refused, so that it may be mended and tried again.
pub(crate) fn give_back(t: &Transaction<'_>, link: &Link) -> Result<(), SpoolError> {
    let body = serde_json::to_string(link)?;
    t.execute("UPDATE notice_link SET used_us = NULL WHERE link = ?1", [body])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

    use gatewarden_model::{
        Actor, ApprovalEvent, ApprovalSeat, Body, Document, DocumentKind, DocumentStep, Stamp,
    };
    use gatewarden_notices::{Key, Offer, Queue, template::Words};

    use super::*;

    fn entry() -> Entry {
        let at = Stamp { boot: uuid::Uuid::nil(), mono_us: 0, wall_us: 0, synced: true };
        let seat = |who: &str| ApprovalSeat {
            who: who.parse().unwrap(),
            source: "role:department-manager".into(),
            weight: 1,
            up: false,
        };
        let event = ApprovalEvent::Opened {
            node: "manager".parse().unwrap(),
            seats: vec![seat("wu.director")],
            fallback: false,
        };
        let body = Body::DocumentStepped {
            document: Document { kind: DocumentKind::Requisition, number: "R-1".into() },
            version: 1,
            digest: Hash::of(b"version 1"),
            step: DocumentStep::Approval { event },
            by: Actor::Daemon,
            decision: None,
        };
        Entry::new(7, at, body)
    }

    /// The row of the notice that the entry gives to an approver.
    fn row(step: u32) -> Row {
        let occasion = occasions(&entry()).remove(0);
        let mut queue = Queue::default();
        queue.offer(
            Offer {
                notice: "approval-waiting".parse().unwrap(),
                on: occasion.on,
                about: 7,
                document: occasion.document.clone(),
                to: "operator:wu.director".into(),
                channels: vec!["wecom".into()],
                severity: gatewarden_notices::Severity::Notice,
                quiet: gatewarden_notices::Waiting::Hold,
                subject: occasion.subject,
                step,
                key: None::<Key>,
                open_from_us: 0,
            },
            0,
        );
        queue.row(0).unwrap().clone()
    }

    fn set() -> NoticeSet {
        let mut set = gatewarden_config::shipped_notices();
        let notice = set.notices.get_mut(&"approval-waiting".parse().unwrap()).unwrap();
        notice.words = Words::default();
        set
    }

    async fn state(spool: &Spool, token: &str, now_us: i64) -> Option<LinkState> {
        let hash = secrets::token_digest(token);
        let found = spool.run(move |t| look_up(t, &hash, now_us)).await.unwrap();
        found.map(|(_, state)| state)
    }

    #[tokio::test]
    async fn a_link_is_good_once_for_a_while_and_only_its_digest_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("spool.db");
        let (spool, _) = Spool::open(&path, 10).unwrap();
        let links = Links::new(spool.clone());
        let make = |step| {
            let links = links.clone();
            async move {
                let url =
                    links.of(&row(step), &entry(), &set(), "https://gw", 0).await.unwrap().unwrap();
                url.strip_prefix("https://gw/approve/").unwrap().to_owned()
            }
        };
        let (token, reminder) = (make(0).await, make(1).await);
        assert_eq!(make(0).await, token, "a repeated message says the same");
        assert!(token.len() > 40 && token != reminder);
        let disk: Vec<u8> = std::fs::read(&path).unwrap();
        let wal = std::fs::read(path.with_extension("db-wal")).unwrap_or_default();
        let secret = token.strip_prefix(PREFIX).unwrap().as_bytes();
        for bytes in [disk, wal] {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret));
        }

        let hash = secrets::token_digest(&token);
        let (link, first) = spool.run(move |t| look_up(t, &hash, 1)).await.unwrap().unwrap();
        assert_eq!((first, link.operator.as_str()), (LinkState::Open, "wu.director"));
        assert_eq!((&*link.grant.node, link.grant.digest), ("manager", Hash::of(b"version 1")));
        assert_eq!(state(&spool, &token, LINK_US).await, Some(LinkState::Expired));
        assert_eq!(state(&spool, "gwl_other", 1).await, None);

        let claim_it = |now_us| {
            let (spool, link) = (spool.clone(), link.clone());
            async move { spool.run(move |t| claim(t, &link, now_us)).await.unwrap() }
        };
        assert!(!claim_it(LINK_US).await, "its time is over");
        assert!(claim_it(1).await);
        assert!(!claim_it(2).await, "once");
        for used in [&token, &reminder] {
            assert_eq!(
                state(&spool, used, 3).await,
                Some(LinkState::Used),
                "whichever message it came by"
            );
        }
        assert_eq!(
            state(&spool, &make(2).await, 3).await,
            Some(LinkState::Used),
            "nor by a later one"
        );
        let back = link.clone();
        spool.run(move |t| give_back(t, &back)).await.unwrap();
        assert_eq!(state(&spool, &token, 3).await, Some(LinkState::Open), "its act was refused");
    }
}
