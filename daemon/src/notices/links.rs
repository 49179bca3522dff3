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
