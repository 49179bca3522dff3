//! A ledger as text: JSON lines, the same for the same history, bit for bit.
//!
//! Line 1 is the header; then each entry's canonical bytes as a JSON string, and after the last entry
//! of a commit group its checkpoint; PIN hashes only where they are asked for; the last line counts the
//! lines and holds the SHA-256 of all before it, so that a cut file is told from a short one. The import
//! believes nothing: see `compose`. Absent: the projections, which the import makes anew.

use std::{
    io::{self, BufRead, Read as _, Write},
    ops::Range,
    path::{Path, PathBuf},
};

use ed25519_dalek::VerifyingKey;
use gatewarden_model::{Body, Entry, Hash};
use rusqlite::params;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{
    compose::Composer,
    error::{OpsError, io_error},
    files,
};
use crate::{
    Committed,
    merkle::leaf_hash,
    note,
    projection::{number, unsigned},
    reader::LedgerReader,
};

/// The format's name and version.
const FORMAT: &str = "gatewarden-ledger-export-1";
/// Longest line that is read: an entry at its bound, every byte of it escaped.
const LINE_BYTES_MAX: u64 = 6 * crate::ENTRY_BYTES_MAX as u64 + 1024;

/// A line of an export. Each kind has one spelling; any other is refused.
#[derive(Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Line {
    Header(Header),
    Entry(String),
    Checkpoint(String),
    Cosignature(Cosignature),
    Credential(Credential),
    End(End),
}

#[derive(Debug, Clone, Serialize, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
struct Header {
    format: String,
    origin: String,
    /// The key that the ledger says it is signed with now.
    verifier: String,
    /// The key that its history begins with.
    first_key: String,
    from: u64,
    to: u64,
}

/// A witness's line under the checkpoint before it.
#[derive(Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
struct Cosignature {
    name: String,
    line: String,
}

#[derive(Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
struct Credential {
    operator: String,
    phc: String,
}

#[derive(Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
struct End {
    lines: u64,
    sha256: Hash,
}

/// What to export.
#[derive(Debug, Clone, Default)]
pub struct ExportOptions {
    /// The first entry; 0 for the beginning. Only an export from the beginning can be imported.
    pub from: u64,
    /// The end, this entry not included; none for all. An import needs it at the end of a commit group.
    pub to: Option<u64>,
    /// Also the operators' PIN hashes.
    pub with_credentials: bool,
}

/// What an export or import came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Carried {
    /// Entries.
    pub entries: u64,
    /// Checkpoints.
    pub checkpoints: u64,
    /// PIN hashes.
    pub credentials: u64,
}

struct Out<'a, W> {
    inner: &'a mut W,
    digest: Sha256,
    lines: u64,
}

impl<W: Write> Out<'_, W> {
    fn line(&mut self, line: &Line) -> io::Result<()> {
        let mut text = serde_json::to_string(line)?;
        text.push('\n');
        self.digest.update(&text);
        self.lines += 1;
        self.inner.write_all(text.as_bytes())
    }
}

impl LedgerReader {
    /// Writes the ledger as text, from one snapshot. Refuses bytes that do not match their leaf: what
    /// was changed is not carried on.
    pub fn export<W: Write>(
        &self,
        options: &ExportOptions,
        out: &mut W,
    ) -> Result<Carried, OpsError> {
        let _snapshot = self.connection.unchecked_transaction()?;
        let len = self.len()?;
        let to = options.to.unwrap_or(len);
        if options.from > to || to > len {
            let from = options.from;
            return Err(OpsError::Refused(format!(
                "there are no entries {from} to {to}: the journal has {len}"
            )));
        }
        let mut out = Out { inner: out, digest: Sha256::new(), lines: 0 };
        let mut carried = Carried { entries: to - options.from, checkpoints: 0, credentials: 0 };
        let write = io_error("write", Path::new("the export"));
        let done =
            self.lines(options.from..to, options.with_credentials, &mut out, &mut carried)?;
        done.and_then(|()| {
            let end = End { lines: out.lines, sha256: Hash(out.digest.clone().finalize().into()) };
            out.line(&Line::End(end))?;
            out.inner.flush()
        })
        .map_err(write)?;
        Ok(carried)
    }

    fn lines<W: Write>(
        &self,
        range: Range<u64>,
        with_credentials: bool,
        out: &mut Out<'_, W>,
        carried: &mut Carried,
    ) -> Result<io::Result<()>, OpsError> {
        let header = Header {
            format: FORMAT.to_owned(),
            origin: self.origin()?,
            verifier: self.verifier_key()?,
            first_key: self.first_key()?,
            from: range.start,
            to: range.end,
        };
        if let Err(error) = out.line(&Line::Header(header)) {
            return Ok(Err(error));
        }
        let sql = "SELECT entry.seq, leaf, bytes, note FROM entry \
            LEFT JOIN checkpoint ON checkpoint.size = entry.seq + 1 \
            WHERE entry.seq >= ?1 AND entry.seq < ?2 ORDER BY entry.seq";
        let mut select = self.connection.prepare(sql)?;
        let mut rows = select.query(params![number(range.start), number(range.end)])?;
        let mut expected = range.start;
        while let Some(row) = rows.next()? {
            let seq = unsigned(row, 0)?;
            let (leaf, bytes, note): ([u8; 32], String, Option<String>) =
                (row.get(1)?, row.get(2)?, row.get(3)?);
            if seq != expected {
                let why = format!("entry {expected} is missing in the journal");
                return Err(OpsError::Refused(why));
            }
            if leaf_hash(bytes.as_bytes()).0 != leaf {
                return Err(crate::StoreError::Edited { seq }.into());
            }
            expected += 1;
            carried.checkpoints += u64::from(note.is_some());
            let entry = Line::Entry(bytes);
            let cosigned = if note.is_some() { self.cosignatures_of(seq + 1)? } else { vec![] };
            let done = out.line(&entry).and_then(|()| match note {
                Some(note) => out.line(&Line::Checkpoint(note)),
                None => Ok(()),
            });
            let done = done.and_then(|()| cosigned.iter().try_for_each(|line| out.line(line)));
            if done.is_err() {
                return Ok(done);
            }
        }
        if !with_credentials {
            return Ok(Ok(()));
        }
        let mut select =
            self.connection.prepare("SELECT operator, phc FROM credential ORDER BY operator")?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let credential = Credential { operator: row.get(0)?, phc: row.get(1)? };
            carried.credentials += 1;
            if let Err(error) = out.line(&Line::Credential(credential)) {
                return Ok(Err(error));
            }
        }
        Ok(Ok(()))
    }

    fn cosignatures_of(&self, size: u64) -> Result<Vec<Line>, OpsError> {
        let sql = "SELECT name, line FROM cosignature WHERE size = ?1 ORDER BY name";
        let mut select = self.connection.prepare_cached(sql)?;
        let rows = select.query_map([number(size)], |row| {
            Ok(Line::Cosignature(Cosignature { name: row.get(0)?, line: row.get(1)? }))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The key that the history begins with: the one that its first rotation replaced.
    pub(crate) fn first_key(&self) -> Result<String, OpsError> {
        let sql = "SELECT bytes FROM entry WHERE instr(bytes, '\"kind\":\"key-rotated\"') > 0 \
            ORDER BY seq";
        let mut select = self.connection.prepare(sql)?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let bytes: String = row.get(0)?;
            // The words may stand in another entry's text.
            if let Ok(Entry { body: Body::KeyRotated { old, .. }, .. }) =
                Entry::decode(bytes.as_bytes())
            {
                return Ok(old);
            }
        }
        Ok(self.verifier_key()?)
    }
}

/// Makes a new ledger at `path` out of an export. Everything is verified before the file gets its
/// name; a file that is refused leaves nothing behind.
pub fn import(
    lines: impl BufRead,
    path: &Path,
    trusted: &VerifyingKey,
) -> Result<(Carried, Committed), OpsError> {
    if path.exists() {
        return Err(OpsError::Exists { path: path.to_owned() });
    }
    let part = files::beside(path, ".part");
    let mut import = Import::begin(lines, &part, trusted)?;
    import.all()?;
    let Import { composer, carried, .. } = import;
    let committed = composer.finish()?;
    let placed = files::place(&part, path);
    if placed.is_err() {
        files::discard(&part);
    }
    placed.map(|()| (carried, committed))
}

/// The ledger that an export would become, to be looked at before: its origin.
pub fn export_origin(mut lines: impl BufRead) -> Result<String, OpsError> {
    let mut text = String::new();
    let read = lines.by_ref().take(LINE_BYTES_MAX).read_line(&mut text);
    read.map_err(io_error("read", Path::new("the export")))?;
    match parse(1, &text)? {
        Line::Header(header) => Ok(header.origin),
        _ => Err(refuse(1, "an export begins with its header")),
    }
}

struct Import<R> {
    lines: R,
    composer: Composer,
    header: Header,
    digest: Sha256,
    carried: Carried,
    /// The line that was read last, from 1.
    line: u64,
    last_credential: Option<String>,
    name: PathBuf,
}

impl<R: BufRead> Import<R> {
    fn begin(mut lines: R, part: &Path, trusted: &VerifyingKey) -> Result<Self, OpsError> {
        let name = PathBuf::from("the export");
        let first = read_line(&mut lines, &name, 1)?
            .ok_or_else(|| refuse(1, "the file is empty: an export begins with its header"))?;
        let Line::Header(header) = parse(1, &first)? else {
            return Err(refuse(1, "an export begins with its header"));
        };
        if header.format != FORMAT {
            let why = format!("the format is {:?}, this program reads {FORMAT:?}", header.format);
            return Err(refuse(1, why));
        }
        if header.from != 0 {
            let why =
                format!("it begins with entry {}: import needs all from entry 0", header.from);
            return Err(refuse(1, why));
        }
        let key = |text: &str| {
            let parsed = note::parse_verifier_key(text).map_err(|e| refuse(1, e.to_string()))?;
            match parsed {
                (name, key) if name == header.origin => Ok(key),
                (name, _) => Err(refuse(1, format!("the key is {name}'s"))),
            }
        };
        key(&header.verifier)?;
        let composer = Composer::begin(
            part,
            &header.origin,
            key(&header.first_key)?,
            *trusted,
            &header.first_key,
        )?;
        let carried = Carried { entries: 0, checkpoints: 0, credentials: 0 };
        let digest = Sha256::new().chain_update(&first);
        let last_credential = None;
        Ok(Self { lines, composer, header, digest, carried, line: 1, last_credential, name })
    }

    fn all(&mut self) -> Result<(), OpsError> {
        loop {
            let line = self.line + 1;
            let text = read_line(&mut self.lines, &self.name, line)?
                .ok_or_else(|| refuse(line, "the file is cut off: it has no line \"end\""))?;
            self.line = line;
            match parse(line, &text)? {
                Line::End(end) => {
                    self.end(&end)?;
                    break;
                }
                other => self.take(other)?,
            }
            self.digest.update(&text);
        }
        let line = self.line + 1;
        match read_line(&mut self.lines, &self.name, line)? {
            Some(_) => Err(refuse(line, "something follows the line \"end\"")),
            None => Ok(()),
        }
    }

    fn take(&mut self, line: Line) -> Result<(), OpsError> {
        match line {
            Line::Header(_) => Err(refuse(self.line, "a second header")),
            Line::Entry(_) | Line::Checkpoint(_) if self.last_credential.is_some() => {
                Err(refuse(self.line, "the journal goes on after the PIN hashes"))
            }
            Line::Entry(bytes) => {
                let seq = self.composer.len();
                self.carried.entries += 1;
                let taken = self.composer.entry(&bytes)?;
                taken.map_err(|why| refuse(self.line, format!("entry {seq}: {why}")))
            }
            Line::Checkpoint(note) => {
                self.carried.checkpoints += 1;
                self.composer.checkpoint(&note)?.map_err(|why| refuse(self.line, why))
            }
            Line::Cosignature(Cosignature { name, line }) => {
                let size = self.composer.covered();
                if size != self.composer.len() || !self.composer.cosignature(size, &name, &line)? {
                    let why = format!("it is no line of {name:?} for the checkpoint before it");
                    return Err(refuse(self.line, why));
                }
                Ok(())
            }
            Line::Credential(Credential { operator, phc }) => {
                if self.last_credential.as_ref().is_some_and(|last| *last >= operator) {
                    return Err(refuse(self.line, "the PIN hashes are out of order"));
                }
                self.carried.credentials += 1;
                if !self.composer.credential(&operator, &phc)? {
                    let why =
                        format!("the PIN hash of {operator:?} is not the one the journal names");
                    return Err(refuse(self.line, why));
                }
                self.last_credential = Some(operator);
                Ok(())
            }
            Line::End(_) => Ok(()),
        }
    }

    fn end(&self, end: &End) -> Result<(), OpsError> {
        let len = self.composer.len();
        if len != self.header.to {
            let why = format!("the header says {} entries, there are {len}", self.header.to);
            return Err(refuse(self.line, why));
        }
        if self.composer.covered() != len {
            let covered = self.composer.covered();
            let why = format!("entries from {covered} on are not covered by any checkpoint");
            return Err(refuse(self.line, why));
        }
        let found = Hash(self.digest.clone().finalize().into());
        if end.lines + 1 != self.line || end.sha256 != found {
            let why =
                "the lines before it are not those that were written: lines or SHA-256 differ";
            return Err(refuse(self.line, why));
        }
        Ok(())
    }
}

fn read_line(lines: &mut impl BufRead, name: &Path, line: u64) -> Result<Option<String>, OpsError> {
    let mut bytes = Vec::new();
    lines.take(LINE_BYTES_MAX).read_until(b'\n', &mut bytes).map_err(io_error("read", name))?;
    if bytes.is_empty() {
        return Ok(None);
    }
    if bytes.last() != Some(&b'\n') {
        return Err(refuse(line, "the line is cut off or too long"));
    }
    String::from_utf8(bytes).map(Some).map_err(|_| refuse(line, "it is not UTF-8"))
}

/// A line in its one spelling: what would be written differently is refused.
fn parse(line: u64, text: &str) -> Result<Line, OpsError> {
    let text = text.trim_end_matches('\n');
    let parsed: Line = serde_json::from_str(text)
        .map_err(|error| refuse(line, format!("it is no line of an export ({error})")))?;
    let again = serde_json::to_string(&parsed).map_err(|error| refuse(line, error.to_string()))?;
    if again == text {
        return Ok(parsed);
    }
    let at = again.bytes().zip(text.bytes()).take_while(|(a, b)| a == b).count();
    Err(refuse(line, format!("it is spelt otherwise than an export is, at byte {at}")))
}

fn refuse(line: u64, why: impl Into<String>) -> OpsError {
    OpsError::Line { line, why: why.into() }
}
