//! The witness protocol (C2SP tlog-witness, `add-checkpoint`): what a witness answers and what it
//! must remember, and how a log reads the answer. Pure: state, request and time are arguments.
//!
//! Invariants: of one log a witness never signs two roots of one size, never a smaller tree than the
//! last one, and never a tree that is not a continuation of it. `decide` gives answer and record
//! together; whoever runs it keeps the record before the answer leaves. Absent: HTTP, files, locks,
//! `sign-subtree` (optional in the specification).

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::SigningKey;
use gatewarden_model::Hash;

use crate::{
    cosignature::{WitnessKey, cosign},
    merkle::{empty_root, is_consistent},
    note::{self, Checkpoint, NOTE_BYTES_MAX, NoteError, decode_hash},
    trust::Trust,
};

/// Most hashes in a consistency proof, as the specification says.
pub const PATH_MAX: usize = 63;

/// Longest request body.
pub const REQUEST_BYTES_MAX: usize = NOTE_BYTES_MAX + 8 * 1024;

/// The content type of a 409's body.
pub const SIZE_TYPE: &str = "text/x.tlog.size";

/// What a log sends: a checkpoint, and the proof that it continues what the witness has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The size that the log believes the witness has.
    pub old: u64,
    /// The consistency proof from there.
    pub path: Vec<Hash>,
    /// The checkpoint, a signed note.
    pub note: String,
}

impl Request {
    /// The body.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = format!("old {}\n", self.old);
        for hash in &self.path {
            text.push_str(&STANDARD.encode(hash.0));
            text.push('\n');
        }
        text.push('\n');
        text.push_str(&self.note);
        text
    }

    /// Reads a body; the error says what is not of the protocol's shape.
    pub fn parse(body: &str) -> Result<Self, &'static str> {
        if body.len() > REQUEST_BYTES_MAX {
            return Err("the request is too long");
        }
        let (head, note) = body.split_once("\n\n").ok_or("no empty line before the checkpoint")?;
        let mut lines = head.split('\n');
        let old = lines
            .next()
            .and_then(|line| {
                let digits = line.strip_prefix("old ")?;
                digits.parse::<u64>().ok().filter(|n| n.to_string() == digits)
            })
            .ok_or("the first line is not \"old SIZE\"")?;
        let path: Option<Vec<Hash>> = lines.take(PATH_MAX + 1).map(decode_hash).collect();
        let path = path
            .filter(|path| path.len() <= PATH_MAX)
            .ok_or("a proof line is not 32 bytes of base64, or there are more than 63")?;
        Ok(Self { old, path, note: note.to_owned() })
    }

    /// The checkpoint's first line: whose it claims to be.
    #[must_use]
    pub fn origin(&self) -> &str {
        self.note.split('\n').next().unwrap_or_default()
    }
}

/// What a witness remembers of a log: the last tree that it cosigned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// How many leaves.
    pub size: u64,
    /// The root.
    pub root: Hash,
}

/// What must be kept before the answer leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// What `decide` has to be told next time.
    pub seen: Seen,
    /// The checkpoint with the log's signature and the witness's own: what monitors may read.
    pub note: String,
}

/// A witness's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// 200: the cosignature line, with its line feed.
    Cosigned(String),
    /// 400: not of the protocol's shape, or the old size is beyond the checkpoint's.
    Malformed(&'static str),
    /// 403: not signed by a trusted key.
    Untrusted(String),
    /// 404: the log is not known.
    Unknown(String),
    /// 409: the last size that was cosigned is another; it.
    Conflict(u64),
    /// 422: not a continuation of what was cosigned.
    Inconsistent(&'static str),
}

impl Answer {
    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::Cosigned(_) => 200,
            Self::Malformed(_) => 400,
            Self::Untrusted(_) => 403,
            Self::Unknown(_) => 404,
            Self::Conflict(_) => 409,
            Self::Inconsistent(_) => 422,
        }
    }

    /// The body's type.
    #[must_use]
    pub fn content_type(&self) -> &'static str {
        match self {
            Self::Conflict(_) => SIZE_TYPE,
            _ => "text/plain; charset=utf-8",
        }
    }

    /// The body.
    #[must_use]
    pub fn body(&self) -> String {
        match self {
            Self::Cosigned(line) => line.clone(),
            Self::Malformed(why) | Self::Inconsistent(why) => format!("{why}\n"),
            Self::Untrusted(why) => format!("{why}\n"),
            Self::Unknown(origin) => format!("the log {origin:?} is not known here\n"),
            Self::Conflict(size) => format!("{size}\n"),
        }
    }
}

/// A witness: its key, and the logs that it watches.
pub struct Witness {
    name: String,
    key: SigningKey,
    logs: Trust,
}

impl Witness {
    /// A witness of this name for these logs. The logs' `from` and `until` count: a key that was
    /// rotated away gets no cosignature.
    pub fn new(name: &str, key: SigningKey, logs: Trust) -> Result<Self, NoteError> {
        if !note::is_key_name(name) {
            return Err(NoteError::Key("the name is empty, or has a space or a plus"));
        }
        Ok(Self { name: name.to_owned(), key, logs })
    }

    /// The public key, for those who trust this witness.
    #[must_use]
    pub fn public(&self) -> WitnessKey {
        WitnessKey { name: self.name.clone(), key: self.key.verifying_key() }
    }

    /// The logs that it watches.
    #[must_use]
    pub fn logs(&self) -> &Trust {
        &self.logs
    }

    /// Answers a request at `now` (seconds since 1970), given what was last cosigned for the
    /// checkpoint's origin. A record comes with a cosignature, and only with one.
    #[must_use]
    pub fn decide(
        &self,
        seen: Option<Seen>,
        request: &Request,
        now: u64,
    ) -> (Answer, Option<Record>) {
        match self.judge(seen, request, now) {
            Ok((line, record)) => (Answer::Cosigned(line), Some(record)),
            Err(answer) => (answer, None),
        }
    }

    fn judge(
        &self,
        seen: Option<Seen>,
        request: &Request,
        now: u64,
    ) -> Result<(String, Record), Answer> {
        let shape = |_| Answer::Malformed("the checkpoint is not a signed note of a log");
        let (text, lines) = note::split(&request.note).map_err(shape)?;
        let new = Checkpoint::parse_any(text).map_err(shape)?;
        let signer = self.logs.signer(text, &new, &lines).map_err(|error| match error {
            NoteError::Stranger(origin) => Answer::Unknown(origin),
            other => Answer::Untrusted(other.to_string()),
        })?;
        continues(seen, request, &new)?;
        let line = cosign(text, &self.name, &self.key, now);
        let by_log = lines.iter().filter(|line| signer.signed(line)).map(|line| line.line);
        let mut kept = format!("{text}\n");
        by_log.for_each(|line| kept.push_str(&format!("{line}\n")));
        kept.push_str(&line);
        let seen = Seen { size: new.size, root: new.root };
        Ok((line, Record { seen, note: kept }))
    }

    /// What an earlier record says, if this witness signed it: a state file that somebody changed
    /// is no memory.
    pub fn recall(&self, note: &str) -> Result<Seen, NoteError> {
        let (text, lines) = note::split(note)?;
        let Checkpoint { size, root, .. } = Checkpoint::parse_any(text)?;
        let public = self.public();
        for line in &lines {
            if public.signed_at(text, line)?.is_some() {
                return Ok(Seen { size, root });
            }
        }
        Err(NoteError::Unsigned(public.text()))
    }
}

/// Whether the checkpoint continues what was seen; the checks and their order are the
/// specification's.
fn continues(seen: Option<Seen>, request: &Request, new: &Checkpoint) -> Result<(), Answer> {
    let Request { old, path, .. } = request;
    let last = seen.unwrap_or(Seen { size: 0, root: empty_root() });
    if *old > new.size {
        return Err(Answer::Malformed("the old size is beyond the checkpoint's"));
    }
    if *old != last.size {
        return Err(Answer::Conflict(last.size));
    }
    if new.size == 0 && new.root != empty_root() {
        return Err(Answer::Inconsistent("a tree of no entries has another root"));
    }
    if *old == 0 && !path.is_empty() {
        return Err(Answer::Inconsistent("a proof from size 0 must be empty"));
    }
    if *old == new.size && last.root != new.root {
        return Err(Answer::Inconsistent("another root of this size was cosigned before"));
    }
    if !is_consistent(*old, last.root, new.size, new.root, path) {
        return Err(Answer::Inconsistent(
            "the checkpoint does not continue the tree that was seen",
        ));
    }
    Ok(())
}

/// What a log makes of a witness's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// The line that fits (without its line feed) and its time.
    Cosigned {
        /// The line.
        line: String,
        /// Seconds since 1970, by the witness's clock.
        time: u64,
    },
    /// The witness has another size; the proof has to start there.
    Size(u64),
    /// Anything else, in words.
    Refused(String),
}

/// Longest answer that is read.
pub const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Reads the answer of the witness `key` to a request with this checkpoint. Lines of other keys are
/// passed over, as the specification asks.
#[must_use]
pub fn hear(key: &WitnessKey, note: &str, status: u16, content_type: &str, body: &str) -> Heard {
    let refused = |why: &str| Heard::Refused(format!("{why} (status {status})"));
    let is_size = content_type.split(';').next().is_some_and(|t| t.trim() == SIZE_TYPE);
    match status {
        200 => cosigned(key, note, body).unwrap_or_else(|error| refused(&error.to_string())),
        409 if is_size => match body.strip_suffix('\n').unwrap_or(body).parse() {
            Ok(size) => Heard::Size(size),
            Err(_) => refused("its answer 409 has no size"),
        },
        _ => {
            let shown: String = body.trim().chars().filter(|c| !c.is_control()).take(200).collect();
            refused(&format!("it said {shown:?}"))
        }
    }
}

fn cosigned(key: &WitnessKey, note: &str, body: &str) -> Result<Heard, NoteError> {
    let (text, _) = note::split(note)?;
    for line in body.split_terminator('\n') {
        let line = note::SignatureLine::parse(line)?;
        if let Some(time) = key.signed_at(text, &line)? {
            return Ok(Heard::Cosigned { line: line.line.to_owned(), time });
        }
    }
    Err(NoteError::Unsigned(key.text()))
}
