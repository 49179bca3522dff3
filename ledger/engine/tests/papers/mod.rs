//! A house under the shipped procedures: documents in TOML, who writes and signs them, and what the journal tells of
//! documents that are over.
#![allow(dead_code, unreachable_pub)] // Each test binary uses a part of it.
#![allow(clippy::unwrap_used)] // A failing unwrap is a failing test.

use std::collections::BTreeMap;

use gatewarden_documents::Frame;
use gatewarden_engine::{
    Access, Command, DOCUMENTS, Judge, Page, Past, Reply, Settings, WORKFLOWS,
};
use gatewarden_model::{
    Action, ApprovalAct, Body, Bucket, Document, DocumentContent, DocumentKind, Entry, Hash,
    Module, StockStatus, Verdict, canonical,
};

use crate::common::{self, House, pass, session_id, settings, word};

fn text<T: serde::Serialize>(value: &T) -> String {
    String::from_utf8(canonical::encode(value).unwrap()).unwrap()
}

/// The shipped kinds and workflows; numbers are anybody's.
pub fn parts() -> BTreeMap<String, String> {
    let mut kinds = gatewarden_config::shipped_kinds();
    for kind in &mut kinds.kinds {
        kind.numbers_given = true;
    }
    let workflows = gatewarden_config::procedures::workflows::shipped_workflows();
    BTreeMap::from([(DOCUMENTS.to_owned(), text(&kinds)), (WORKFLOWS.to_owned(), text(&workflows))])
}

/// The roles of all tests, with those of the documents beside: `sue` writes, `mia` and `max` sign.
pub fn access() -> Access {
    let mut matrix = common::matrix();
    let mut grant = |role: &str, modules: &[Module], actions: &[Action]| {
        let role = matrix.0.get_mut(role).unwrap();
        for module in modules {
            role.grants.entry(*module).or_default().extend(actions.iter().copied());
        }
    };
    use Action::{Approve, Create, Execute, Modify, View};
    let all = [Module::Quality, Module::Production, Module::Purchase, Module::Transfer];
    grant("storekeeper", &all, &[View, Create, Modify, Execute]);
    let all = [Module::Purchase, Module::Sales, Module::Outbound];
    grant("storekeeper", &all, &[View, Action::Request, Create, Modify, Execute]);
    grant("department-manager", &all, &[View, Approve]);
    let all =
        [Module::Quality, Module::Production, Module::Purchase, Module::Inbound, Module::Count];
    grant("department-manager", &all, &[View, Approve]);
    grant("warehouse-supervisor", &[Module::Quality], &[View, Approve]);
    Access::new(&matrix, "").unwrap()
}

/// A house with procedures, `sue` at the console, `sam` at the dock, `joe` nowhere yet.
pub fn house() -> House {
    let mut house = without_procedures();
    house.ok(Command::DefineProcedures);
    house
}

/// The same before procedures are in force.
pub fn without_procedures() -> House {
    let settings = Settings { procedures: parts(), ..settings() };
    let mut house = House::with_both(settings, access());
    house.sign_in(1, Some("dock-1"), "sam");
    house.sign_in(2, None, "sue");
    house.enrol("joe", &["storekeeper"]);
    house
}

/// A document that TOML tells, of version 1.
pub fn content(kind: &str, number: &str, rest: &str) -> DocumentContent {
    let text =
        format!("version = 1\ndocument = {{ kind = {kind:?}, number = {number:?} }}\n{rest}");
    toml::from_str(&text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

pub fn named(kind: DocumentKind, number: &str) -> Document {
    Document { kind, number: number.to_owned() }
}

/// The page of a document, as the daemon reads it in the journal.
pub fn page_of(journal: &[Entry], document: &Document) -> Page {
    let mut page = Page::default();
    let mut versions: BTreeMap<Document, DocumentContent> = BTreeMap::new();
    for entry in journal {
        let about = match &entry.body {
            Body::DocumentWritten { content, .. } => {
                versions.insert(content.document.clone(), content.clone());
                continue;
            }
            Body::Moved { movement, .. } => &movement.document,
            Body::DocumentStepped { document, .. } => document,
            _ => continue,
        };
        page.take(document, versions.get(about), &entry.body);
        if let Body::DocumentStepped { document: over, step, .. } = &entry.body
            && step.is_final()
        {
            versions.remove(over);
        }
    }
    page
}

/// What the journal tells of a document that is over.
fn past_of(journal: &[Entry], document: &Document) -> Option<Past> {
    let written = journal.iter().filter_map(|entry| match &entry.body {
        Body::DocumentWritten { content, .. } if content.document == *document => Some(content),
        _ => None,
    });
    let versions: Vec<_> = written.collect();
    let lines = versions.iter().flat_map(|content| &content.lines).map(|line| line.line).collect();
    let digests = versions.iter().map(|content| content.digest()).collect();
    (!versions.is_empty()).then_some(Past { frame: Frame::Closed, lines, digests })
}

pub trait Papers {
    fn recall(&mut self, command: &Command);
    fn command(&mut self, command: &Command);
    fn write(&mut self, content: &DocumentContent, who: &str) -> Hash;
    fn submit(&mut self, content: &DocumentContent, who: &str) -> Command;
    fn sign(&mut self, content: &DocumentContent, who: &str) -> Command;
    fn signed(&mut self, content: &DocumentContent, signers: &[&str]);
    fn frame(&self, content: &DocumentContent) -> Option<Frame>;
    fn seen(&mut self, n: u128, station: &str, session: u128, things: &str) -> String;
    fn lies(&self, place: &str, status: StockStatus) -> i64;
    fn judged_of(&self, journal: &[Entry]) -> Vec<String>;
}

impl Papers for House {
    /// Looks up the documents that a command names.
    fn recall(&mut self, command: &Command) {
        for missing in self.engine.missing_documents(&self.now, command) {
            let past = past_of(&self.journal, &missing);
            self.engine.supply_document(missing, past);
        }
    }

    /// Looks up what a command needs, as the recorder does.
    fn command(&mut self, command: &Command) {
        self.recall(command);
        // Pages tell of further documents: the named ones, then those they moved for, then what else did.
        for _ in 0..3 {
            for missing in self.engine.missing_pages(command) {
                let page = page_of(&self.journal, &missing);
                self.engine.supply_page(missing, Some(page));
            }
        }
        assert_eq!(self.engine.missing_pages(command), [], "pages lead on without end");
    }

    fn write(&mut self, content: &DocumentContent, who: &str) -> Hash {
        let command = Command::WriteDocument { content: content.clone(), by: self.by(who) };
        self.command(&command);
        match self.ok(command) {
            Reply::Document { digest, .. } => digest,
            other => panic!("{other:?}"),
        }
    }

    /// Writes a version and gives the command that hands it in.
    fn submit(&mut self, content: &DocumentContent, who: &str) -> Command {
        let digest = self.write(content, who);
        let (document, by) = (content.document.clone(), self.by(who));
        let command = Command::SubmitDocument { document, digest, by };
        self.command(&command);
        command
    }

    fn sign(&mut self, content: &DocumentContent, who: &str) -> Command {
        let (on, comment) = (content.digest(), String::new());
        let act = ApprovalAct::Decide { node: None, on, verdict: Verdict::Approve, comment };
        Command::ActOnDocument { document: content.document.clone(), act, by: self.by(who) }
    }

    /// Written and handed in by sue, signed by these.
    fn signed(&mut self, content: &DocumentContent, signers: &[&str]) {
        let submit = self.submit(content, "sue");
        self.ok(submit);
        for who in signers {
            let sign = self.sign(content, who);
            self.ok(sign);
        }
    }

    fn frame(&self, content: &DocumentContent) -> Option<Frame> {
        self.engine.state().document(&content.document).map(|open| open.frame())
    }

    /// What comes of things that are seen at a station.
    fn seen(&mut self, n: u128, station: &str, session: u128, things: &str) -> String {
        let second = self.now.mono_us / 1_000_000;
        self.now = common::at(second + 4);
        let seen = pass(n, station, Some(session_id(session)), second + 1, things);
        word(&self.handle(Command::Pass(seen)))
    }

    /// Bolts of a status at a place, in no handling unit.
    fn lies(&self, place: &str, status: StockStatus) -> i64 {
        self.quantity("BOLT-M8", place, &Bucket { status, ..Bucket::default() })
    }

    fn judged_of(&self, journal: &[Entry]) -> Vec<String> {
        let mut judge = Judge::knowing(self.engine.access().clone());
        journal.iter().filter_map(|entry| judge.judge(entry)).collect()
    }
}

/// So many bolts, told apart.
pub fn bolts(serials: std::ops::RangeInclusive<u32>) -> String {
    serials.map(|serial| format!("bolt#{serial} ")).collect()
}

/// A receipt of bolts at the dock, in this status.
pub fn receipt(number: &str, quantity: u32, status: &str) -> DocumentContent {
    let rest = format!(
        "partner = 'ACME'\nstation = 'dock-1'\nlines = [{{ line = 10, item = 'BOLT-M8', \
         quantity = {quantity}, to = 'wh1/dock', to_status = '{status}' }}]"
    );
    content("receipt", number, &rest)
}

/// The house with bolts that came on GR-1 in this status.
pub fn received(quantity: u32, status: &str) -> (House, DocumentContent) {
    let mut house = house();
    let came = receipt("GR-1", quantity, status);
    house.signed(&came, &["mia"]);
    assert_eq!(house.seen(1, "dock-1", 1, &bolts(1..=quantity)), "posted");
    (house, came)
}
