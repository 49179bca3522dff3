//! The daemon's door for documents as an import's sink.
//!
//! Invariants: a document is checked before it is written, because a refused write is an entry and a check is none;
//! the version is the daemon's, never the file's; where the importer doesn't see all of a document, it is not
//! replaced by what he sees of it. Absent: any rule of its own.

use std::collections::BTreeSet;

use gatewarden_documents::exchange::{Fault, Put, Refusal, Sink};
use gatewarden_model::{Document, DocumentContent, Hash};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Daemon, path_of, wait};

const CHECK: &str = "/api/v1/documents/check";
const WRITE: &str = "/api/v1/documents";

/// The door.
pub(super) struct Door {
    control: Daemon,
    /// Everything is only tried.
    is_trial: bool,
    /// What was tried: it counts as there for what follows in the file.
    tried: BTreeSet<Document>,
    /// What was not there before.
    new: Vec<Document>,
    /// What could not be taken back.
    pub(super) left: Vec<String>,
}

/// A document as it is there.
enum There {
    Nothing,
    Same,
    Other { version: u32 },
}

impl Door {
    /// A door for whoever is signed in.
    pub(super) fn new(control: Daemon) -> Self {
        let (tried, new, left) = (BTreeSet::new(), Vec::new(), Vec::new());
        Self { control, is_trial: false, tried, new, left }
    }

    /// Whoever is signed in.
    pub(super) fn into_control(self) -> Daemon {
        self.control
    }

    fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, Fault> {
        let answer = wait(self.control.ask(method, path, body));
        let (status, body) = answer.map_err(|error| stop("daemon-away", format!("{error:#}")))?;
        if (200..300).contains(&status) {
            return Ok(body);
        }
        let text = |key: &str| body.get(key).and_then(Value::as_str).map(str::to_owned);
        let code = text("code").unwrap_or_else(|| format!("http-{status}"));
        let message = text("message").unwrap_or_else(|| body.to_string());
        let refusal = Refusal {
            code: code.into(),
            field: text("field"),
            message,
            way_out: "ask whoever has the right, or correct the document".to_owned(),
        };
        Err(match status {
            401 | 408 | 429 | 500.. => Fault::Stop(refusal),
            _ => Fault::Refused(vec![refusal]),
        })
    }

    /// What is there of a document.
    fn there(&self, content: &DocumentContent) -> Result<There, Fault> {
        let path = path_of(content.document.kind, &content.document.number);
        let view = match self.ask(Method::GET, &path, None) {
            Ok(view) => view,
            Err(Fault::Refused(refusals)) if refusals.iter().all(|r| r.code == "not-found") => {
                return Ok(There::Nothing);
            }
            Err(fault) => return Err(fault),
        };
        let read = serde_json::from_value::<DocumentContent>(view["content"].clone());
        let known = read.map_err(|error| stop("answer-malformed", error.to_string()))?;
        if view["digest"].as_str() == Some(&Hash::of(b"").to_string()) {
            return Err(Fault::Refused(vec![Refusal {
                code: "fields-hidden".into(),
                field: None,
                message: "it is there, with fields that you don't see".to_owned(),
                way_out: "have it imported by somebody who sees all of it".to_owned(),
            }]));
        }
        let version = known.version;
        let same = known == DocumentContent { version, ..content.clone() };
        Ok(if same { There::Same } else { There::Other { version } })
    }

    /// Everything that is wrong with it.
    fn check(&self, content: &Value, of: &DocumentContent) -> Result<(), Fault> {
        let checked = self.ask(Method::POST, CHECK, Some(content))?;
        let mistakes = checked["mistakes"].as_array().map_or(&[][..], Vec::as_slice);
        let refusal = |mistake: &Value| {
            let text = |key: &str| mistake[key].as_str().unwrap_or_default().to_owned();
            let (message, way_out) = cut_way_out(&text("message"));
            Refusal { code: text("code").into(), field: Some(text("field")), message, way_out }
        };
        let found: Vec<_> = mistakes.iter().map(refusal).filter(|r| !self.knows(r, of)).collect();
        if found.is_empty() { Ok(()) } else { Err(Fault::Refused(found)) }
    }

    /// Whether the document that is missing comes before it in the file.
    fn knows(&self, refusal: &Refusal, of: &DocumentContent) -> bool {
        if !self.is_trial || refusal.code != "unknown-document" {
            return false;
        }
        let field = refusal.field.as_deref().unwrap_or_default();
        let at = |part: &str| {
            let (_, rest) = field.split_once(part)?;
            rest.split_once(']')?.0.parse::<usize>().ok()
        };
        let line = field.starts_with("lines[").then(|| at("lines[")).flatten();
        let links = line.map_or(Some(&of.links), |line| of.lines.get(line).map(|line| &line.links));
        let link = links.zip(at("links[")).and_then(|(links, at)| links.get(at));
        link.is_some_and(|link| self.tried.contains(&link.document))
    }

    fn write(&mut self, content: &DocumentContent, body: &Value, put: Put) -> Result<(), Fault> {
        if self.is_trial {
            self.tried.insert(content.document.clone());
            return Ok(());
        }
        self.ask(Method::POST, WRITE, Some(body))?;
        if put == Put::New {
            self.new.push(content.document.clone());
        }
        Ok(())
    }
}

impl Sink for Door {
    fn put(&mut self, mut content: DocumentContent) -> Result<Put, Fault> {
        let (put, version) = match self.there(&content)? {
            There::Same => {
                self.tried.insert(content.document.clone());
                return Ok(Put::Same);
            }
            There::Nothing => (Put::New, 1),
            There::Other { version } => (Put::Changed, version.saturating_add(1)),
        };
        content.version = version;
        let body = serde_json::to_value(&content)
            .map_err(|error| stop("content-malformed", error.to_string()))?;
        self.check(&body, &content)?;
        self.write(&content, &body, put)?;
        Ok(put)
    }

    fn begin(&mut self) -> Result<(), Fault> {
        self.is_trial = true;
        Ok(())
    }

    /// Never asked for: all or nothing is a trial, and then document by document.
    fn commit(&mut self) -> Result<(), Fault> {
        Err(stop("not-staged", "nothing is staged here".to_owned()))
    }

    /// A trial is forgotten; of what was written, what is new is cancelled.
    fn roll_back(&mut self) {
        if std::mem::take(&mut self.is_trial) {
            self.tried.clear();
            return;
        }
        for document in std::mem::take(&mut self.new) {
            let path = format!("{}/step", path_of(document.kind, &document.number));
            let body =
                json!({"step": "cancel", "reason": "not all of its import could be written"});
            if self.ask(Method::POST, &path, Some(&body)).is_err() {
                self.left.push(format!("{} {}", document.kind.words(), document.number));
            }
        }
    }
}

/// A message that says what is wrong and, behind a colon, the way out.
fn cut_way_out(message: &str) -> (String, String) {
    match message.rsplit_once(": ") {
        Some((what, way_out)) => (what.to_owned(), way_out.to_owned()),
        None => (message.to_owned(), "correct it".to_owned()),
    }
}

fn stop(code: &'static str, message: String) -> Fault {
    let way_out = "look whether the daemon runs, and go on with --each --resume".to_owned();
    Fault::Stop(Refusal { code: code.into(), field: None, message, way_out })
}
