//! The daemon's door for documents as an import's sink.
//!
//! Invariants: everything is asked and decided in the daemon; the version is the daemon's, never the file's. All or
//! nothing waits in the daemon's memory and is written in one turn: whoever goes away half-way, this program or the
//! daemon, leaves nothing. Absent: any rule of its own.

use std::time::{Duration, Instant};

use gatewarden_documents::exchange::{Fault, Mode, Put, Refusal, Sink};
use gatewarden_model::DocumentContent;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Daemon, wait};

const IMPORTS: &str = "/api/v1/imports";
/// Bytes of one request, below what the daemon takes.
const REQUEST_BYTES_MAX: usize = 768 << 10;
/// Longest silence about how far it is.
const TELL_EVERY: Duration = Duration::from_secs(3);

/// The door.
pub(super) struct Door {
    control: Daemon,
    mode: Mode,
    /// Where it puts documents, once it is open.
    import: Option<String>,
    /// The file's name, for telling how far it is.
    name: String,
    documents: u64,
    told: Instant,
}

impl Door {
    /// A door for whoever is signed in.
    pub(super) fn new(control: Daemon, mode: Mode, name: String) -> Self {
        Self { control, mode, import: None, name, documents: 0, told: Instant::now() }
    }

    /// Counts documents that are behind the cursor.
    pub(super) fn skipped(&mut self, documents: u64) {
        self.documents = documents;
    }

    /// Ends what is still open, and gives back whoever is signed in.
    pub(super) fn close(mut self) -> Daemon {
        // It is forgotten anyway where the daemon is away.
        let _ = self.end(false);
        self.control
    }

    fn ask(&self, method: Method, path: &str, body: &Value) -> Result<Value, Fault> {
        let answer = wait(self.control.ask(method, path, Some(body)));
        let (status, body) = answer.map_err(|error| {
            let way_out = "look whether the daemon runs, and go on as is told below";
            stop("daemon-away", format!("{error:#}"), way_out)
        })?;
        if (200..300).contains(&status) {
            return Ok(body);
        }
        let text = |key: &str| body.get(key).and_then(Value::as_str).map(str::to_owned);
        let code = text("code").unwrap_or_else(|| format!("http-{status}"));
        let told = text("message").unwrap_or_else(|| body.to_string());
        let (message, way_out) = cut_way_out(&told);
        let refusal = Refusal { code: code.into(), field: text("field"), message, way_out };
        Err(match status {
            401 | 404 | 408 | 429 | 500.. => Fault::Stop(refusal),
            _ => Fault::Refused(vec![refusal]),
        })
    }

    /// Where documents are put.
    fn open(&mut self) -> Result<String, Fault> {
        if let Some(path) = &self.import {
            return Ok(path.clone());
        }
        let mode = match self.mode {
            Mode::DryRun => "dry-run",
            Mode::Whole => "whole",
            Mode::Each => "each",
        };
        let begun = self.ask(Method::POST, IMPORTS, &json!({"mode": mode}))?;
        let Some(id) = begun["import"].as_str() else { return Err(malformed()) };
        let path = format!("{IMPORTS}/{id}");
        self.import = Some(path.clone());
        Ok(path)
    }

    /// One request.
    fn send(&mut self, documents: Vec<Value>) -> Vec<Result<Put, Fault>> {
        let count = documents.len();
        let path = match self.open() {
            Ok(path) => format!("{path}/documents"),
            Err(fault) => return vec![Err(stopped(fault))],
        };
        match self.ask(Method::POST, &path, &json!({"documents": documents})) {
            Ok(answer) => self.answers(&answer, count),
            // One document alone is too long, or malformed in a way that only the daemon sees.
            Err(Fault::Refused(refusals)) if count == 1 => vec![Err(Fault::Refused(refusals))],
            Err(fault) => vec![Err(stopped(fault))],
        }
    }

    fn answers(&mut self, answer: &Value, count: usize) -> Vec<Result<Put, Fault>> {
        let results = answer["results"].as_array().map_or(&[][..], Vec::as_slice);
        if results.len() != count {
            return vec![Err(malformed())];
        }
        self.documents += count as u64;
        self.tell();
        results.iter().map(put_of).collect()
    }

    /// Says how far it is, now and then.
    fn tell(&mut self) {
        if self.told.elapsed() < TELL_EVERY {
            return;
        }
        self.told = Instant::now();
        let done = if self.mode == Mode::Each { "done" } else { "looked at, nothing written yet" };
        eprintln!("{}: {} documents {done}", self.name, self.documents);
    }

    fn end(&mut self, commit: bool) -> Result<(), Fault> {
        match self.import.take() {
            Some(path) => {
                self.ask(Method::POST, &format!("{path}/end"), &json!({"commit": commit})).map(drop)
            }
            None => Ok(()),
        }
    }
}

impl Sink for Door {
    fn put(&mut self, contents: Vec<DocumentContent>) -> Vec<Result<Put, Fault>> {
        let (mut answers, mut waiting, mut bytes) = (vec![], vec![], 0);
        for content in contents {
            let Ok(value) = serde_json::to_value(&content) else { return vec![Err(malformed())] };
            let length = value.to_string().len();
            if !waiting.is_empty() && bytes + length > REQUEST_BYTES_MAX {
                answers.extend(self.send(std::mem::take(&mut waiting)));
                bytes = 0;
                if matches!(answers.last(), Some(Err(Fault::Stop(_)))) {
                    return answers;
                }
            }
            bytes += length;
            waiting.push(value);
        }
        if !waiting.is_empty() {
            answers.extend(self.send(waiting));
        }
        answers
    }

    fn begin(&mut self) -> Result<(), Fault> {
        self.open().map(drop)
    }

    fn commit(&mut self) -> Result<(), Fault> {
        if self.mode == Mode::Whole && self.told.elapsed() > TELL_EVERY {
            eprintln!("{}: all is right, it is written", self.name);
        }
        self.end(true).map_err(|fault| match fault {
            Fault::Stop(refusal) => Fault::Stop(Refusal {
                way_out: "it is written whole, or nothing of it is: run the same import again, and what is there is \
                          left as it is"
                    .to_owned(),
                ..refusal
            }),
            refused @ Fault::Refused(_) => refused,
        })
    }

    fn roll_back(&mut self) {
        // It is forgotten anyway where the daemon is away.
        let _ = self.end(false);
    }
}

/// What became of one document.
fn put_of(result: &Value) -> Result<Put, Fault> {
    match result["put"].as_str() {
        Some("new") => Ok(Put::New),
        Some("changed") => Ok(Put::Changed),
        Some("same") => Ok(Put::Same),
        _ => {
            let mistakes = result["mistakes"].as_array().map_or(&[][..], Vec::as_slice);
            Err(Fault::Refused(mistakes.iter().map(refusal).collect()))
        }
    }
}

fn refusal(mistake: &Value) -> Refusal {
    let text = |key: &str| mistake[key].as_str().unwrap_or_default().to_owned();
    let (message, way_out) = cut_way_out(&text("message"));
    Refusal { code: text("code").into(), field: Some(text("field")), message, way_out }
}

/// A message that says what is wrong and, behind a colon, the way out.
fn cut_way_out(message: &str) -> (String, String) {
    match message.rsplit_once(": ") {
        Some((what, way_out)) => (what.to_owned(), way_out.to_owned()),
        None => (message.to_owned(), "correct it".to_owned()),
    }
}

/// What is no fault of one document.
fn stopped(fault: Fault) -> Fault {
    match fault {
        Fault::Refused(refusals) => match refusals.into_iter().next() {
            Some(refusal) => Fault::Stop(refusal),
            None => malformed(),
        },
        stop => stop,
    }
}

fn malformed() -> Fault {
    let message = "the daemon's answer is not understood".to_owned();
    stop("answer-malformed", message, "use the program of the daemon's own version")
}

fn stop(code: &'static str, message: String, way_out: &str) -> Fault {
    Fault::Stop(Refusal { code: code.into(), field: None, message, way_out: way_out.to_owned() })
}
