//! Documents in the small house: the shipped kinds, two workflows, a requisition of bolts on its way to the counter.
#![allow(dead_code)] // Each test binary uses a part of it.
#![allow(clippy::unwrap_used)] // A failing unwrap is a failing test.

use std::collections::BTreeMap;

use gatewarden_documents::{Frame, Kinds, kinds::Amend};
use gatewarden_engine::{Command, DOCUMENTS, Reply, Settings, WORKFLOWS};
use gatewarden_model::{
    ApprovalAct, Document, DocumentContent, DocumentKind, DocumentLine, Hash, Verdict, canonical,
};
use gatewarden_workflow::{Approve, Mode, Node, Workflow, Workflows};

use crate::common::{self, House, at, badge, settings};

/// The shipped kinds, with requisitions that need no work order.
pub(crate) fn kinds() -> Kinds {
    let mut kinds = gatewarden_config::procedures::documents::shipped_kinds();
    for kind in &mut kinds.kinds {
        kind.links.clear();
        kind.numbers_given = true;
        if kind.kind == DocumentKind::Requisition {
            kind.amend = Amend::InExecution;
        }
    }
    kinds
}

pub(crate) fn step(name: &str, who: &str, mode: Mode) -> Node {
    Node::Approve(Approve {
        name: name.parse().unwrap(),
        title: name.to_owned(),
        mode,
        approvers: vec![who.parse().unwrap()],
        weights: BTreeMap::new(),
        threshold: 0,
        signs: vec![],
        distinct_from: vec![],
        allow: vec![],
        transfer_to: vec![],
        return_to: vec![gatewarden_model::ReturnTo::Initiator],
        remind_after_h: 0,
        escalate_after_h: 0,
        escalate_to: vec![],
    })
}

pub(crate) fn workflow(name: &str, kinds: &[DocumentKind], steps: Vec<Node>) -> Workflow {
    Workflow {
        name: name.parse().unwrap(),
        title: name.to_owned(),
        kinds: kinds.to_vec(),
        once: false,
        fallback: vec!["role:warehouse-supervisor".parse().unwrap()],
        steps,
    }
}

pub(crate) fn workflows() -> Workflows {
    Workflows {
        workflows: vec![
            workflow(
                "requisition",
                &[DocumentKind::Requisition],
                vec![step("manager", "role:department-manager", Mode::AnyOne)],
            ),
            workflow(
                "adjustment",
                &[DocumentKind::AdjustmentRequest],
                vec![step("supervisor", "role:warehouse-supervisor", Mode::AnyOne)],
            ),
        ],
        ..Workflows::default()
    }
}

pub(crate) fn text<T: serde::Serialize>(value: &T) -> String {
    String::from_utf8(canonical::encode(value).unwrap()).unwrap()
}

pub(crate) fn parts() -> BTreeMap<String, String> {
    BTreeMap::from([
        (DOCUMENTS.to_owned(), text(&kinds())),
        (WORKFLOWS.to_owned(), text(&workflows())),
    ])
}

/// The house of all tests, with procedures.
pub(crate) fn house() -> House {
    let settings = Settings { procedures: parts(), ..settings() };
    let mut house = House::with_both(settings, common::access());
    house.ok(Command::DefineProcedures);
    house
}

pub(crate) fn document(number: &str) -> Document {
    Document { kind: DocumentKind::Requisition, number: number.to_owned() }
}

/// A requisition of bolts for ann at counter-1.
pub(crate) fn requisition(number: &str, version: u32, quantity: i64) -> DocumentContent {
    DocumentContent {
        version,
        title: "bolts for the line".to_owned(),
        requester: Some("ann".to_owned()),
        station: Some("counter-1".to_owned()),
        lines: vec![DocumentLine {
            from: Some("wh1/dock".parse().unwrap()),
            to: Some("@loss/tools".parse().unwrap()),
            ..DocumentLine::new(10, "BOLT-M8".parse().unwrap(), quantity)
        }],
        ..DocumentContent::new(document(number))
    }
}

/// Three bolts are missing.
pub(crate) fn adjustment() -> DocumentContent {
    let mut content = requisition("AD-1", 1, 3);
    content.document.kind = DocumentKind::AdjustmentRequest;
    content.requester = None;
    content.station = None;
    content.note = "three are missing".to_owned();
    content.lines[0].to = Some("@loss/count".parse().unwrap());
    content
}

/// Nothing is handed out.
pub(crate) fn stock_taking() -> gatewarden_rules::RuleDefinitions {
    stock_taking_before("execute")
}

/// Nothing is done with a requisition while stock is taken.
pub(crate) fn stock_taking_before(operation: &str) -> gatewarden_rules::RuleDefinitions {
    let file = r#"
[[rules]]
id = "stock-taking"
title = "Nothing leaves while stock is taken."
when = "before"
on = ["execute"]
if = "document.kind == 'requisition'"
then = [{ kind = "refuse", reason = "stock is taken" }]
"#;
    rules_of(&file.replace("execute", operation))
}

/// The rules of a file, and no others.
pub(crate) fn rules_of(file: &str) -> gatewarden_rules::RuleDefinitions {
    let (path, env) = (std::path::Path::new("rules.toml"), gatewarden_config::SystemEnvironment);
    let file = format!("defaults = false\n{file}");
    let schema = gatewarden_rules::Schema::standard();
    let checked = gatewarden_config::parse_rules(path, file.as_bytes(), &env, &schema);
    checked.rules.unwrap_or_else(|| panic!("{:?}", checked.mistakes))
}

pub(crate) trait Papers {
    fn look(&mut self, command: &Command);
    fn write(&mut self, content: &DocumentContent, who: &str) -> Hash;
    fn submit(&mut self, number: &str, digest: Hash, who: &str);
    fn sign(&mut self, number: &str, on: Hash, who: &str) -> Command;
    fn frame(&self, number: &str) -> Option<Frame>;
}

impl Papers for House {
    /// Tells the engine that no document of the past has a number, as the journal of a test has none.
    fn look(&mut self, command: &Command) {
        for missing in self.engine.missing_documents(&self.now, command) {
            self.engine.supply_document(missing, None);
        }
    }

    fn write(&mut self, content: &DocumentContent, who: &str) -> Hash {
        let command = Command::WriteDocument { content: content.clone(), by: self.by(who) };
        self.look(&command);
        match self.ok(command) {
            Reply::Document { digest, .. } => digest,
            other => panic!("{other:?}"),
        }
    }

    fn submit(&mut self, number: &str, digest: Hash, who: &str) {
        let (document, by) = (document(number), self.by(who));
        self.ok(Command::SubmitDocument { document, digest, by });
    }

    fn sign(&mut self, number: &str, on: Hash, who: &str) -> Command {
        let act = ApprovalAct::Decide {
            node: None,
            on,
            verdict: Verdict::Approve,
            comment: String::new(),
        };
        Command::ActOnDocument { document: document(number), act, by: self.by(who) }
    }

    fn frame(&self, number: &str) -> Option<Frame> {
        self.engine.state().document(&document(number)).map(|open| open.frame())
    }
}

/// 100 bolts at the dock, which came before procedures governed anything.
pub(crate) fn stocked() -> House {
    stocked_under(parts())
}

pub(crate) fn stocked_under(procedures: BTreeMap<String, String>) -> House {
    let settings = Settings { procedures, ..settings() };
    let mut house = House::with_both(settings, common::access());
    house.sign_in(1, Some("dock-1"), "sam");
    house.receive(
        1,
        "10 BOLT-M8 100 in",
        &(1..=100).map(|n| format!("bolt#{n} ")).collect::<String>(),
    );
    house.ok(Command::DefineProcedures);
    house
}

/// An approved requisition of 5 bolts, and its requester at the counter.
pub(crate) fn at_the_counter(procedures: BTreeMap<String, String>) -> (House, Hash) {
    let (mut house, digest) = approved_under(procedures);
    house.sign_in(2, Some("counter-1"), "sue");
    house.ok(Command::Badge { station: "counter-1".parse().unwrap(), badge: badge("ann") });
    house.now = at(10);
    (house, digest)
}

/// An approved requisition of 5 bolts.
pub(crate) fn approved() -> (House, Hash) {
    approved_under(parts())
}

pub(crate) fn approved_under(procedures: BTreeMap<String, String>) -> (House, Hash) {
    let mut house = stocked_under(procedures);
    let digest = house.write(&requisition("MR-1", 1, 5), "ann");
    house.submit("MR-1", digest, "ann");
    assert_eq!(house.frame("MR-1"), Some(Frame::InApproval));
    let sign = house.sign("MR-1", digest, "mia");
    house.ok(sign);
    assert_eq!(house.frame("MR-1"), Some(Frame::InExecution));
    (house, digest)
}
