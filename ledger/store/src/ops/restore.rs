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
use crate::{
    Group, KeyFiles, OpenOptions, ledger::Ledger, lock::WriterLock, note, reader::LedgerReader,
};

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
    /// The gateway's key. The backup must have one of all these keys in force, which signs what the
    /// restored ledger records.
    pub key: SigningKey,
    /// Further keys at hand, as in `OpenOptions`.
    pub more_keys: Vec<SigningKey>,
    /// Keys that were rotated away and are kept. A backup with one of them in force is history lost,
    /// whatever else is known: it comes from before the rotation, or from whoever stole the key.
    pub retired_keys: Vec<SigningKey>,
    /// The files of the keys, which follow the restored ledger; none where they are no files.
    pub key_files: Option<KeyFiles>,
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
    /// The key in force now, a C2SP verifier key.
    pub key: String,
}

/// What will be the ledger.
struct Prepared {
    size: u64,
    lost: u64,
    /// The key that it has in force.
    key: SigningKey,
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
    let Prepared { size, lost, key } = match done {
        Ok(prepared) => prepared,
        Err(error) => {
            files::discard(&part);
            files::remove_lock(&part);
            return Err(error);
        }
    };
    files::remove_lock(&part);
    if let Some(keys) = &options.key_files {
        // As in a rotation: dying anywhere from here on, the next start has the key in force.
        keys.prepare_again(&key, &options.origin)?;
    }
    let set_aside = match path.exists() {
        true => Some(files::set_aside(path, "replaced")?),
        false => None,
    };
    files::place(&part, path)?;
    renew_witnessed(path, lost > 0)?;
    let key = note::verifier_key_text(&options.origin, &key.verifying_key());
    if let Some(keys) = &options.key_files {
        keys.settle(&options.origin, &key, false)?;
    }
    Ok(Restored { size, lost, set_aside, key })
}

/// Makes and verifies what will be the ledger.
fn prepare(
    from: &Path,
    part: &Path,
    path: &Path,
    options: &RestoreOptions,
) -> Result<Prepared, OpsError> {
    let backup = LedgerReader::open(from)?;
    let (origin, named) = (backup.origin()?, backup.verifier_key()?);
    if origin != options.origin {
        let (found, given) = (origin, options.origin.clone());
        return Err(crate::StoreError::WrongOrigin { found, given }.into());
    }
    let (key, is_retired) = options.key_of(&named)?;
    let size = backup.backup(part, &key.verifying_key())?.entries;
    let copy = LedgerReader::open(part)?;
    let mut lacking = lacking(&copy, path, options)?;
    drop(copy);
    if is_retired && lacking.why.is_none() {
        lacking.why = Some(format!("the backup is signed with {named}, which was rotated away"));
    }
    let lost = lacking.lost;
    let Some(why) = lacking.why else { return Ok(Prepared { size, lost: 0, key }) };
    let Some(accepted) = &options.accept_loss else {
        return Err(match lacking.other_history {
            true => OpsError::Loss { why: format!("two histories: {why}") },
            false => OpsError::Loss { why },
        });
    };
    record(part, (size, lost), accepted, options, &key)?;
    Ok(Prepared { size, lost, key })
}

impl RestoreOptions {
    /// The key of this name, and whether it was rotated away.
    fn key_of(&self, named: &str) -> Result<(SigningKey, bool), OpsError> {
        let has = |key: &&SigningKey| {
            note::verifier_key_text(&self.origin, &key.verifying_key()) == named
        };
        let current = std::iter::once(&self.key).chain(&self.more_keys).find(has);
        let retired = || self.retired_keys.iter().find(has).map(|key| (key.clone(), true));
        current.map(|key| (key.clone(), false)).or_else(retired).ok_or_else(|| {
            let given = note::verifier_key_text(&self.origin, &self.key.verifying_key());
            crate::StoreError::WrongKey { found: named.to_owned(), given }.into()
        })
    }
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
    (size, lost): (u64, u64),
    accepted: &AcceptedLoss,
    options: &RestoreOptions,
    key: &SigningKey,
) -> Result<(), OpsError> {
    let open = OpenOptions {
        key: key.clone(),
        more_keys: vec![],
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
    verified(part, &key.verifying_key())?;
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
