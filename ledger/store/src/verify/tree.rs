//! Replays the Merkle tree and holds it against the stored nodes, every signed checkpoint, and a
//! checkpoint that was kept elsewhere.

use std::collections::VecDeque;

use ed25519_dalek::VerifyingKey;
use gatewarden_model::{Body, Entry, Hash};

use super::{Findings, What, source::Source};
use crate::{
    GROUP_ENTRIES_MAX, StoreError,
    merkle::{Frontier, StoredNode},
    note::{self, Checkpoint, NoteError},
    projection::number,
};

/// Checkpoints that are read at once.
const PAGE: usize = 1024;

/// Fewer signatures than this are checked by one thread.
const ALONE_MAX: usize = 32;

/// A checkpoint as it is stored, with what opening it came to.
struct Stored {
    size: i64,
    note: String,
    opened: Result<Checkpoint, NoteError>,
}

/// A stored note, and the checkpoint that it is.
type Opened = (String, Result<Checkpoint, NoteError>);

/// The tree as it grows again.
pub(super) struct Tree<'a> {
    source: &'a dyn Source,
    /// The key that the caller trusts.
    trusted: VerifyingKey,
    /// It signed a checkpoint: what it covers is trusted, and what begins with a rotation from it.
    reached: bool,
    /// The key in force.
    key: VerifyingKey,
    /// The key that comes after the checkpoint which covers its entry.
    next_key: Option<VerifyingKey>,
    origin: String,
    kept: Option<String>,
    /// Checkpoints read and not met yet, by size, opened with `ahead_key`.
    ahead: VecDeque<Stored>,
    ahead_key: VerifyingKey,
    /// The size of the last checkpoint read.
    read: i64,
    is_read: bool,
    frontier: Frontier,
    completed: Vec<StoredNode>,
    /// An entry is missing or a root did not fit: later roots can't fit either.
    broken: bool,
    nodes: u64,
    /// Entries under the last stored checkpoint that was met.
    covered: u64,
    checked: u64,
    proven: u64,
}

impl<'a> Tree<'a> {
    pub(super) fn new(
        source: &'a dyn Source,
        (trusted, first): (VerifyingKey, VerifyingKey),
        origin: String,
        kept: Option<&str>,
    ) -> Self {
        Self {
            source,
            trusted,
            reached: false,
            key: first,
            next_key: None,
            origin,
            kept: kept.map(str::to_owned),
            ahead: VecDeque::new(),
            ahead_key: first,
            read: i64::MIN,
            is_read: false,
            frontier: Frontier::default(),
            completed: Vec::new(),
            broken: false,
            nodes: 0,
            covered: 0,
            checked: 0,
            proven: 0,
        }
    }

    /// Checkpoints checked.
    pub(super) fn checked(&self) -> u64 {
        self.checked
    }

    /// Entries that the newest good checkpoint covers.
    pub(super) fn proven_size(&self) -> u64 {
        self.proven
    }

    /// The root as replayed.
    pub(super) fn root(&self) -> Hash {
        self.frontier.root()
    }

    /// Entries before `seq` are missing.
    pub(super) fn hole(&mut self) {
        self.broken = true;
    }

    /// The key that signs from the next checkpoint on.
    pub(super) fn key(&self) -> VerifyingKey {
        self.next_key.unwrap_or(self.key)
    }

    /// Opens a note with the key in force.
    fn open(&self, note: &str) -> Result<Checkpoint, NoteError> {
        Checkpoint::open(note, &self.origin, &self.key)
    }

    /// The checkpoint kept elsewhere. Whichever key signed it, it was one that this run trusts: the
    /// key in force when its size was reached, or the newest.
    fn open_kept(&self) -> Option<Result<Checkpoint, NoteError>> {
        let note = self.kept.as_deref()?;
        let next = self.next_key.map(|key| Checkpoint::open(note, &self.origin, &key));
        Some(match (self.open(note), next) {
            (Err(_), Some(Ok(checkpoint))) => Ok(checkpoint),
            (found, _) => found,
        })
    }

    /// How many entries the signed checkpoints, or the kept one, say there are; 0 where they say of
    /// no more than `len`.
    pub(super) fn claimed_size(&self, len: u64) -> Result<u64, StoreError> {
        let stored = self.signed_beyond(len, |_, _| {})?;
        let kept = self.open_kept().and_then(Result::ok).map_or(0, |kept| kept.size);
        Ok(stored.max(kept))
    }

    /// The newest checkpoint beyond `len` entries that is signed, 0 for none; `other` gets those
    /// that are not.
    fn signed_beyond(&self, len: u64, mut other: impl FnMut(u64, &str)) -> Result<u64, StoreError> {
        let (mut after, mut signed) = (number(len), 0);
        loop {
            let page = self.source.checkpoints(after, PAGE)?;
            let Some((last, _)) = page.last() else { return Ok(signed) };
            after = *last;
            for (size, note) in &page {
                let size = u64::try_from(*size).unwrap_or(0);
                match self.open(note) {
                    Ok(checkpoint) if checkpoint.size == size => signed = size,
                    Ok(checkpoint) => other(size, &format!("it is one of {}", checkpoint.size)),
                    Err(error) => other(size, &error.to_string()),
                }
            }
        }
    }

    /// The stored checkpoint of `size` entries, and what opening it with the key in force comes to.
    /// Reports those that no tree can have.
    fn stored(&mut self, size: u64, findings: &mut Findings) -> Result<Option<Opened>, StoreError> {
        loop {
            match self.ahead.front() {
                Some(Stored { size: met, .. }) if *met < number(size) => {
                    // Between two sizes there is none; what is below 1 no group ends in.
                    if *met < 1 {
                        let message = format!(
                            "there is a checkpoint of {met} entries, which no group ends in"
                        );
                        findings.add(None, What::Checkpoint, message);
                    }
                    self.ahead.pop_front();
                }
                Some(Stored { size: met, .. }) if *met == number(size) => {
                    let is_same_key = self.key == self.ahead_key;
                    return Ok(self.ahead.pop_front().map(|Stored { note, opened, .. }| {
                        let opened = if is_same_key { opened } else { self.open(&note) };
                        (note, opened)
                    }));
                }
                Some(_) => return Ok(None),
                None if self.is_read => return Ok(None),
                None => {
                    let page = self.source.checkpoints(self.read, PAGE)?;
                    self.is_read = page.is_empty();
                    self.read = page.last().map_or(self.read, |(last, _)| *last);
                    self.ahead_key = self.key;
                    self.ahead.extend(open_all(page, &self.origin, &self.key));
                }
            }
        }
    }

    /// Adds the leaf of entry `seq`, and checks what its place completes. `rotation` is the entry,
    /// where it changes the key.
    pub(super) fn push(
        &mut self,
        seq: u64,
        leaf: Hash,
        rotation: Option<&Entry>,
        findings: &mut Findings,
    ) -> Result<(), StoreError> {
        if let Some(Body::KeyRotated { old, new, .. }) = rotation.map(|entry| &entry.body) {
            self.rotate(seq, old, new, findings);
        }
        self.completed.clear();
        self.frontier.push(leaf, &mut self.completed);
        if !self.broken {
            for node in &self.completed {
                self.nodes += 1;
                if self.source.node(node.level, node.number)? != Some(node.hash) {
                    let message = format!(
                        "the stored tree (level {}, number {}) does not fit the entries below it",
                        node.level, node.number
                    );
                    findings.add(Some(seq), What::Tree, message);
                }
            }
        }
        let size = seq + 1;
        if let Some((note, opened)) = self.stored(size, findings)? {
            self.gap(size, findings);
            self.reached |= opened.is_ok() && self.key == self.trusted;
            self.checkpoint(size, opened, findings);
            if let Some(next) = self.next_key.take() {
                let signs = || Checkpoint::open(&note, &self.origin, &next).is_ok();
                self.reached |= next == self.trusted && signs();
                self.key = next;
            }
        }
        if self.kept.is_some()
            && let Some(Ok(kept)) = self.open_kept()
            && kept.size == size
        {
            self.compare_kept(&kept, findings);
            self.kept = None;
        }
        Ok(())
    }

    fn rotate(&mut self, seq: u64, old: &str, new: &str, findings: &mut Findings) {
        let now = note::verifier_key_text(&self.origin, &self.key());
        let next = note::parse_verifier_key(new).ok().filter(|(name, _)| *name == self.origin);
        match next {
            Some((_, key)) if old == now => self.next_key = Some(key),
            Some(_) => {
                let message =
                    format!("entry {seq}: it gives up the key {old}, but {now} was in force");
                findings.add(Some(seq), What::Rule, message);
            }
            None => {
                let message = format!("entry {seq}: the new key {new:?} is no key of this ledger");
                findings.add(Some(seq), What::Rule, message);
            }
        }
    }

    /// Reports more entries since the last checkpoint than one group can have.
    fn gap(&mut self, size: u64, findings: &mut Findings) {
        let first = std::mem::replace(&mut self.covered, size);
        if !self.broken && size - first > GROUP_ENTRIES_MAX as u64 {
            let message = format!(
                "{}: checkpoints between them are missing, for each group of at most \
                 {GROUP_ENTRIES_MAX} entries has one",
                span(first, size - 1)
            );
            findings.add(Some(first), What::Checkpoint, message);
        }
    }

    fn checkpoint(
        &mut self,
        size: u64,
        opened: Result<Checkpoint, NoteError>,
        findings: &mut Findings,
    ) {
        self.checked += 1;
        let last = size.saturating_sub(1);
        let checkpoint = match opened {
            Ok(checkpoint) if checkpoint.size == size => checkpoint,
            Ok(checkpoint) => {
                let message = format!(
                    "the checkpoint stored for {size} entries is one of {}",
                    checkpoint.size
                );
                findings.add(Some(last), What::Checkpoint, message);
                return;
            }
            Err(error) => {
                let message = format!("the checkpoint of {size} entries can't be trusted: {error}");
                findings.add(Some(last), What::Checkpoint, message);
                return;
            }
        };
        if self.broken {
            return;
        }
        if checkpoint.root == self.frontier.root() {
            self.proven = size;
            return;
        }
        self.broken = true;
        let first = self.proven;
        let message = format!(
            "{}: the tree does not lead to the root that the checkpoint of {size} entries signed; \
             what was recorded there was changed, and its hash made anew",
            span(first, last)
        );
        findings.add(Some(first), What::Checkpoint, message);
    }

    /// Compares with the checkpoint kept elsewhere. Where the own checkpoints fit and this one does
    /// not, they are of another history from an entry on that no checkpoint tells.
    fn compare_kept(&mut self, kept: &Checkpoint, findings: &mut Findings) {
        self.checked += 1;
        if self.broken {
            return;
        }
        let size = kept.size;
        if kept.root == self.frontier.root() {
            self.proven = size;
            return;
        }
        let message = format!(
            "two histories: the checkpoint kept elsewhere of {size} entries signed another root than \
             the first {size} entries here have; `gatewarden ledger compare` with a copy of the other \
             names the first that differs"
        );
        findings.add(None, What::Checkpoint, message);
    }

    /// After the last entry: nothing uncovered, nothing deleted, no node too many.
    pub(super) fn finish(&mut self, len: u64, findings: &mut Findings) -> Result<(), StoreError> {
        // Also tells of checkpoints below the first entry, where there is none.
        self.stored(len.saturating_add(1), findings)?;
        let signed = self.signed_beyond(len, |size, why| {
            let message = format!(
                "the checkpoint of {size} entries can't be trusted, nor are there as many: {why}"
            );
            findings.add(None, What::Checkpoint, message);
        })?;
        if signed > len {
            let message = format!(
                "{} deleted: a signed checkpoint covers {signed} entries, the journal has {len}",
                were(len, signed - 1)
            );
            findings.add(Some(len), What::Missing, message);
        } else if self.covered < len {
            let first = self.covered;
            let message = format!("{}: not covered by any checkpoint", span(first, len - 1));
            findings.add(Some(first), What::Checkpoint, message);
        }
        self.finish_kept(len, signed, findings);
        if self.covered > 0 && !self.reached && findings.list.is_empty() {
            let key = note::verifier_key_text(&self.origin, &self.trusted);
            let message = format!("no checkpoint is signed by the trusted key {key}");
            findings.add(None, What::Checkpoint, message);
        }
        let count = self.source.node_count()?;
        if !self.broken && count != self.nodes {
            let nodes = self.nodes;
            let message = format!("the stored tree has {count} nodes, the journal makes {nodes}");
            findings.add(None, What::Tree, message);
        }
        Ok(())
    }

    fn finish_kept(&self, len: u64, signed: u64, findings: &mut Findings) {
        match self.open_kept() {
            Some(Err(error)) => {
                let message = format!("the checkpoint kept elsewhere can't be used: {error}");
                findings.add(None, What::Checkpoint, message);
            }
            Some(Ok(kept)) if kept.size > len && kept.size > signed => {
                let message = format!(
                    "{} deleted: the checkpoint kept elsewhere covers {} entries, the journal has \
                     {len}",
                    were(len, kept.size - 1),
                    kept.size
                );
                findings.add(Some(len), What::Missing, message);
            }
            Some(Ok(_)) | None => {}
        }
    }
}

/// Opens checkpoints, on as many cores as there are: where each entry has one, their signatures are
/// most of the work.
fn open_all(page: Vec<(i64, String)>, origin: &str, key: &VerifyingKey) -> Vec<Stored> {
    let open = |(size, note): (i64, String)| {
        let opened = Checkpoint::open(&note, origin, key);
        Stored { size, note, opened }
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    if page.len() <= ALONE_MAX || cores == 1 {
        return page.into_iter().map(open).collect();
    }
    let share = page.len().div_ceil(cores);
    let (mut rest, mut parts) = (page, vec![]);
    while rest.len() > share {
        parts.push(rest.split_off(rest.len() - share));
    }
    std::thread::scope(|scope| {
        let others: Vec<_> = parts
            .into_iter()
            .rev()
            .map(|part| scope.spawn(move || part.into_iter().map(open).collect::<Vec<_>>()))
            .collect();
        let mut all: Vec<Stored> = rest.into_iter().map(open).collect();
        for other in others {
            all.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        all
    })
}

/// `entry 5` or `entries 5 to 9`.
pub(super) fn span(first: u64, last: u64) -> String {
    if first >= last { format!("entry {last}") } else { format!("entries {first} to {last}") }
}

fn were(first: u64, last: u64) -> String {
    let verb = if first >= last { "was" } else { "were" };
    format!("{} {verb}", span(first, last))
}
