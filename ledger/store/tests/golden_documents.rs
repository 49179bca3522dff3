//! The canonical bytes of entries about documents, approvals and rules, against files: see `golden`.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use common::{decision, stamp};
use gatewarden_model::{
    Actor, ApprovalEvent, ApprovalSeat, Body, Bucket, Change, ChangeId, CountBook, CountSeen,
    CountSheet, Document, DocumentContent, DocumentKind, DocumentLine, DocumentLink, DocumentStep,
    DraftLine, Entry, ExtraApproval, Hash, LineDone, MovementId, ReturnTo, RuleEffect, RuleFiring,
    RuleSubject, RuleTrigger, Scalar, SessionId, SignerPlace, StockStatus, SubjectKind, TaskId,
    Verdict,
};
use uuid::Uuid;

fn operator() -> Actor {
    let session = Some(SessionId(Uuid::from_u128(0x5e55)));
    Actor::Operator { id: "mueller".parse().unwrap(), session }
}

fn document(kind: DocumentKind, number: &str) -> Document {
    Document { kind, number: number.to_owned() }
}

fn link(kind: DocumentKind, number: &str) -> DocumentLink {
    let digest = Some(Hash::of(b"bom"));
    DocumentLink { document: document(kind, number), line: Some(10), digest }
}

fn content() -> DocumentContent {
    let custom =
        |name: &str, value: &str| BTreeMap::from([(name.parse().unwrap(), value.to_owned())]);
    DocumentContent {
        document: document(DocumentKind::Requisition, "MR-202611-0001"),
        version: 2,
        title: "bolts for line 3".into(),
        partner: Some("ACME".into()),
        date: Some("2026-11-29".parse().unwrap()),
        due: Some("2026-12-01".parse().unwrap()),
        requester: Some("ann".into()),
        station: Some("counter-1".into()),
        lines: vec![DocumentLine {
            line: 10,
            item: "BOLT-M8".parse().unwrap(),
            quantity: 40,
            from: Some("wh1/a-01".parse().unwrap()),
            to: Some("@production/WO-1".parse().unwrap()),
            lot: Some("L1".into()),
            owner: Some("KUNDE".into()),
            from_status: StockStatus::Available,
            to_status: StockStatus::Blocked,
            amount: Some("12.5".parse().unwrap()),
            due: Some("2026-11-30".parse().unwrap()),
            links: vec![link(DocumentKind::Bom, "PUMP")],
            custom: custom("excess-reason", "spilt"),
        }],
        links: vec![link(DocumentKind::WorkOrder, "WO-1")],
        custom: custom("department", "assembly"),
        note: "by noon".into(),
    }
}

fn stepped(step: DocumentStep) -> Body {
    Body::DocumentStepped {
        document: document(DocumentKind::Requisition, "MR-202611-0001"),
        version: 2,
        digest: Hash::of(b"version"),
        step,
        by: Actor::Daemon,
        decision: None,
    }
}

fn events() -> Vec<(&'static str, ApprovalEvent)> {
    let who = |name: &str| name.parse().unwrap();
    let node = || "manager".parse().unwrap();
    let (on, comment) = (Hash::of(b"version"), || "looked at".to_owned());
    let seat = |name: &str, weight, up| ApprovalSeat {
        who: who(name),
        source: "role:department-manager".into(),
        weight,
        up,
        instead_of: up.then(|| "role:finance-director".to_owned()),
    };
    let approve = Verdict::Approve;
    vec![
        ("branched", ApprovalEvent::Branched { node: node(), case: Some(1) }),
        ("notified", ApprovalEvent::Notified { node: node(), whom: vec![who("ann")] }),
        (
            "decided",
            ApprovalEvent::Decided {
                node: node(),
                by: who("eva"),
                of: who("mia"),
                verdict: approve,
                on,
                comment: comment(),
            },
        ),
        (
            "carried",
            ApprovalEvent::Carried {
                node: node(),
                of: who("mia"),
                from: "first".parse().unwrap(),
                on,
            },
        ),
        (
            "advised",
            ApprovalEvent::Advised {
                node: node(),
                by: who("eva"),
                of: who("mia"),
                verdict: Verdict::Reject,
                on,
                comment: comment(),
            },
        ),
        (
            "transferred",
            ApprovalEvent::Transferred {
                node: node(),
                by: who("mia"),
                of: who("mia"),
                to: who("eva"),
                comment: comment(),
            },
        ),
        (
            "delegated",
            ApprovalEvent::Delegated {
                node: node(),
                by: who("mia"),
                of: who("mia"),
                to: who("eva"),
                comment: comment(),
            },
        ),
        (
            "signer-added",
            ApprovalEvent::SignerAdded {
                node: node(),
                by: who("mia"),
                of: who("mia"),
                who: who("eva"),
                place: SignerPlace::After,
                comment: comment(),
            },
        ),
        (
            "signer-removed",
            ApprovalEvent::SignerRemoved {
                node: node(),
                by: who("mia"),
                of: who("mia"),
                who: who("eva"),
            },
        ),
        ("taken-back", ApprovalEvent::TakenBack { node: node(), by: who("mia"), of: who("mia") }),
        (
            "returned",
            ApprovalEvent::Returned {
                node: node(),
                by: who("mia"),
                of: who("mia"),
                to: ReturnTo::Initiator,
                on,
                comment: comment(),
            },
        ),
        (
            "voided",
            ApprovalEvent::Voided {
                node: node(),
                of: vec![who("mia")],
                fields: vec!["lines.10.quantity".into()],
            },
        ),
        (
            "revised",
            ApprovalEvent::Revised { by: who("ann"), version: 3, on, changed: vec!["note".into()] },
        ),
        ("passed", ApprovalEvent::Passed { node: node(), cancelled: vec![who("eva")] }),
        ("reminded", ApprovalEvent::Reminded { node: node(), whom: vec![who("mia")], round: 1 }),
        (
            "escalated",
            ApprovalEvent::Escalated {
                node: node(),
                of: who("mia"),
                to: vec![who("eva")],
                round: 1,
            },
        ),
        ("rejected", ApprovalEvent::Rejected { node: node(), cancelled: vec![] }),
        ("withdrawn", ApprovalEvent::Withdrawn { by: who("ann"), comment: comment() }),
        ("approved", ApprovalEvent::Approved { on }),
        (
            "opened",
            ApprovalEvent::Opened {
                node: node(),
                seats: vec![seat("mia", 1, false), seat("eva", 2, true)],
            },
        ),
    ]
}

/// What was found in a bin, typed.
fn sheet() -> CountSheet {
    let bucket = || Bucket { lot: Some("L7".to_owned()), ..Bucket::default() };
    CountSheet {
        bin: "wh1/a-01".parse().unwrap(),
        by: vec!["li.wei".parse().unwrap()],
        auth_level: 0,
        seen: vec![CountSeen {
            thing: None,
            item: "BOLT-M8".parse().unwrap(),
            bucket: bucket(),
            quantity: 38,
            elsewhere: None,
        }],
        unknown: 1,
        pass: None,
        done: true,
        book: vec![CountBook {
            item: "BOLT-M8".parse().unwrap(),
            bucket: bucket(),
            quantity: 40,
            value: Some("80".parse().unwrap()),
        }],
    }
}

fn bodies() -> Vec<(String, Body)> {
    let reason = || "not needed".to_owned();
    let order = || document(DocumentKind::WorkOrder, "WO-1");
    let movement = MovementId(Uuid::from_u128(1));
    let submitted = DocumentStep::Submitted {
        workflow: Some("requisition".into()),
        procedures: Hash::of(b"procedures"),
        facts: BTreeMap::from([("document.amount".into(), Scalar::Integer(125_000))]),
        lines: vec![BTreeMap::from([("class".into(), Scalar::from("A"))])],
        extra: vec![ExtraApproval {
            rule: "over-limit".into(),
            title: "Over 5,000".into(),
            approvers: vec!["role:finance-director".into()],
        }],
    };
    let steps = [
        ("submitted", submitted),
        ("approved", DocumentStep::Approved { signatures: vec![7, 9] }),
        ("returned", DocumentStep::Returned),
        ("rejected", DocumentStep::Rejected),
        ("started", DocumentStep::Started { task: TaskId(Uuid::from_u128(2)) }),
        (
            "fulfilled",
            DocumentStep::Fulfilled {
                movement,
                by: order(),
                lines: vec![
                    LineDone { line: 10, quantity: 4 },
                    LineDone { line: 20, quantity: -1 },
                ],
            },
        ),
        (
            "consumed",
            DocumentStep::Consumed {
                movement,
                by: order(),
                items: BTreeMap::from([("BOLT-M8".parse().unwrap(), 4)]),
            },
        ),
        (
            "inspected",
            DocumentStep::Inspected {
                movement,
                by: Document { kind: DocumentKind::Inspection, number: "QI-1".into() },
                items: BTreeMap::from([("BOLT-M8".parse().unwrap(), 4)]),
            },
        ),
        ("count-begun", DocumentStep::CountBegun),
        ("counted", DocumentStep::Counted { sheet: Box::new(sheet()) }),
        ("own", DocumentStep::Own { name: "pause".into() }),
        ("in-force", DocumentStep::InForce),
        ("superseded", DocumentStep::Superseded),
        ("closed", DocumentStep::Closed { reason: reason() }),
        ("cancelled", DocumentStep::Cancelled { reason: reason() }),
    ];
    let firing = RuleFiring {
        rule: "safety-stock".into(),
        title: "Stock is under its level.".into(),
        version: Hash::of(b"rule"),
        trigger: RuleTrigger::Level,
        subjects: vec![RuleSubject { kind: SubjectKind::Item, key: "BOLT-M8".into() }],
        cause: Some(12),
        key: "BOLT-M8".into(),
        row: 0,
        facts: BTreeMap::from([("stock.shortage".into(), Scalar::Integer(40))]),
        effects: vec![
            RuleEffect::Todo {
                to: vec!["role:buyer".into()],
                title: "Buy it.".into(),
                due_h: Some(24),
            },
            RuleEffect::Draft {
                kind: DocumentKind::PurchaseSuggestion,
                title: String::new(),
                lines: vec![DraftLine { item: "BOLT-M8".into(), quantity: 40 }],
            },
        ],
    };
    let parts = || BTreeMap::from([("documents".to_owned(), "{\"kinds\":[]}".to_owned())]);
    let (version, change) = (Hash::of(b"procedures"), ChangeId(Uuid::from_u128(3)));
    let asked = Change::Procedures { version, parts: parts() };
    let written =
        Body::DocumentWritten { content: content(), by: operator(), decision: Some(decision()) };
    let mut bodies = vec![
        ("document-written".to_owned(), written),
        (
            "procedures-defined".to_owned(),
            Body::ProceduresDefined { version, parts: parts(), change: Some(change) },
        ),
        (
            "change-requested+procedures".to_owned(),
            Body::ChangeRequested {
                id: change,
                change: asked,
                reason: reason(),
                by: operator(),
                decision: None,
            },
        ),
        ("rule-fired".to_owned(), Body::RuleFired { firing, document: Some(order()) }),
        ("todo-done".to_owned(), Body::TodoDone { fired: 9, reason: reason(), by: operator() }),
        (
            "receiver-seen".to_owned(),
            Body::ReceiverSeen {
                station: "counter-1".parse().unwrap(),
                operator: "ann".parse().unwrap(),
                badge: Hash::of(b"badge"),
            },
        ),
    ];
    bodies.extend(
        steps.into_iter().map(|(name, step)| (format!("document-stepped+{name}"), stepped(step))),
    );
    bodies.extend(events().into_iter().map(|(name, event)| {
        (format!("document-stepped+approval-{name}"), stepped(DocumentStep::Approval { event }))
    }));
    bodies
}

#[test]
fn documents_have_their_bytes() {
    for (name, body) in bodies() {
        let entry = Entry::new(12, stamp(12), body);
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
        same_as_file(&entry, &folder.join(format!("v1-{name}.json")));
    }
}

fn same_as_file(entry: &Entry, path: &Path) {
    let bytes = entry.encode().unwrap();
    if std::env::var_os("GOLDEN_WRITE").is_some() && !path.exists() {
        fs::write(path, &bytes).unwrap();
    }
    let golden = fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    assert_eq!(String::from_utf8_lossy(&bytes), String::from_utf8_lossy(&golden));
    assert_eq!(Entry::decode(&golden).unwrap(), *entry);
}
