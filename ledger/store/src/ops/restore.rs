//! Brings a backup back, and refuses to lose what was signed.
//!
//! What the backup lacks is told from three sides: the ledger that lies there, the `witnessed` file
//! beside it, and checkpoints that were kept elsewhere. With a reason the loss is accepted, and is the
//! first thing that the restored ledger records. The ledger that lay there is set aside, never deleted.

use std::path::{Path, PathBuf};

use ed25519_dalek::SigningKey;
use gatewarden_model::{Actor, Body, Entry, Stamp};

use super::{
    backup::verified,
    error::{OpsError, io_error},
    files,
    witnessed::{Standing, Witnessed, words_of},
};
use crate::{Group, OpenOptions, ledger::Ledger, lock::WriterLock, reader::LedgerReader};

/// Who accepts that history is lost, and why.
#[derive(Debug, Clone)]
pub struct AcceptedLoss {
    /// In words.
    pub reason: String,
    /// Who.
    pub by: Actor,
    /// When.
    pub at: Stamp,
}

/// How to restore.
#[derive(Debug)]
pub struct RestoreOptions {
    /// Signs what the restored ledger records, and is the key that the backup must be signed with.
    pub key: SigningKey,
    /// Further keys at hand, as in `OpenOptions`.
    pub more_keys: Vec<SigningKey>,
    /// The gateway's name.
    pub origin: String,
    /// Checkpoints kept elsewhere: a name for messages, and the signed note.
    pub checkpoints: Vec<(String, String)>,
    /// None refuses a loss.
    pub accept_loss: Option<AcceptedLoss>,
}

/// What a restore did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// Entries in the backup.
    pub size: u64,
    /// Entries beyond it that were signed and are lost.
    pub lost: u64,
    /// The name that the ledger which lay there has now.
    pub set_aside: Option<PathBuf>,
}

/// What a backup lacks.
#[derive(Debug, Default)]
struct Lacking {
    lost: u64,
    why: Option<String>,
    other_history: bool,
}

impl Lacking {
    fn take(&mut self, standing: &Standing, name: &str) {
        let lost = match standing {
            Standing::Holds => return,
            Standing::Shorter { has, covers } => covers - has,
            Standing::Differs { size, .. } => {
                self.other_history = true;
                *size
            }
        };
        if lost > self.lost || self.why.is_none() {
            self.lost = lost;
            self.why = Some(words_of(standing, name).replacen("the ledger", "the backup", 2));
        }
    }
}

/// Puts the backup at `from` in the place of the ledger at `path`. The daemon must not run.
pub fn restore(from: &Path, path: &Path, options: &RestoreOptions) -> Result<Restored, OpsError> {
    let _lock = WriterLock::take(path)?;
    let part = files::beside(path, ".part");
    files::discard(&part);
    let done = prepare(from, &part, path, options);
    let (size, lost) = match done {
        Ok(prepared) => prepared,
        Err(error) => {
            files::discard(&part);
            files::remove_lock(&part);
            return Err(error);
        }
    };
    files::remove_lock(&part);
    let set_aside = match path.exists() {
        true => Some(files::set_aside(path, "replaced")?),
        false => None,
    };
    files::place(&part, path)?;
    renew_witnessed(path, lost > 0)?;
    Ok(Restored { size, lost, set_aside })
}

/// Makes and verifies what will be the ledger; its size as a backup and what is lost.
fn prepare(
    from: &Path,
    part: &Path,
    path: &Path,
    options: &RestoreOptions,
) -> Result<(u64, u64), OpsError> {
    let key = options.key.verifying_key();
    let backup = LedgerReader::open(from)?;
    let report = backup.backup(part, &key)?;
    let copy = LedgerReader::open(part)?;
    if copy.origin()? != options.origin {
        let (found, given) = (copy.origin()?, options.origin.clone());
        return Err(crate::StoreError::WrongOrigin { found, given }.into());
    }
    let lacking = lacking(&copy, path, options)?;
    drop(copy);
    let Some(why) = lacking.why else { return Ok((report.entries, 0)) };
    let Some(accepted) = &options.accept_loss else {
        return Err(match lacking.other_history {
            true => OpsError::Loss { why: format!("two histories: {why}") },
            false => OpsError::Loss { why },
        });
    };
    record(part, report.entries, lacking.lost, accepted, options)?;
    Ok((report.entries, lacking.lost))
}

/// Everything that is known to have been signed, held against the backup.
fn lacking(
    copy: &LedgerReader,
    path: &Path,
    options: &RestoreOptions,
) -> Result<Lacking, OpsError> {
    let mut lacking = Lacking::default();
    let mut take = |name: &str, note: &str| -> Result<(), OpsError> {
        lacking.take(&copy.standing(name, note)?, name);
        Ok(())
    };
    for (name, note) in &options.checkpoints {
        take(&format!("the checkpoint {name}"), note)?;
    }
    for (name, note) in Witnessed::load(path)?.notes() {
        take(name, note)?;
    }
    if path.exists() {
        // One that can't be read any more is what a restore is for.
        match LedgerReader::open(path).and_then(|present| present.checkpoint()) {
            Ok(Some(newest)) => take("the ledger that is there", &newest.note)?,
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "the ledger that is there can't be compared"),
        }
    }
    Ok(lacking)
}

/// Records the loss as the first new entry.
fn record(
    part: &Path,
    size: u64,
    lost: u64,
    accepted: &AcceptedLoss,
    options: &RestoreOptions,
) -> Result<(), OpsError> {
    let open = OpenOptions {
        key: options.key.clone(),
        more_keys: options.more_keys.clone(),
        origin: options.origin.clone(),
        vfs: None,
    };
    let mut ledger = Ledger::open(part, open)?;
    let AcceptedLoss { reason, by, at } = accepted.clone();
    let body = Body::Restored { size, lost, reason, by };
    let entries = vec![Entry::new(ledger.next_seq(), at, body)];
    ledger.append(&Group { entries, credentials: vec![] })?;
    drop(ledger);
    one_file(part)?;
    verified(part, &options.key.verifying_key())?;
    files::discard_companions(part);
    Ok(())
}

/// Copies the log into the database and does without one, so that a rename takes everything along.
pub(crate) fn one_file(path: &Path) -> Result<(), OpsError> {
    let connection = rusqlite::Connection::open(path)?;
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "DELETE", |row| row.get(0))?;
    if mode == "delete" {
        return Ok(());
    }
    Err(OpsError::Refused(format!("{} is in use by another program", path.display())))
}

/// The restored ledger's own newest checkpoint takes the place of those that it contradicts, which are
/// kept under another name.
fn renew_witnessed(path: &Path, lossy: bool) -> Result<(), OpsError> {
    let file = super::witnessed::witnessed_path(path);
    if lossy && file.exists() {
        let free = (1_u32..).map(|n| files::beside(&file, &format!(".replaced-{n}")));
        if let Some(name) = free.into_iter().find(|name| !name.exists()) {
            std::fs::rename(&file, &name).map_err(io_error("rename", &file))?;
        }
    }
    super::witnessed::note_newest(path, &LedgerReader::open(path)?)
}
