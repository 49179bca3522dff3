//! Acts need a live session: every command is asked in a session that is idle, and in one that is locked,
//! and denied; only what leads out of it is done.
#![allow(clippy::unwrap_used)] // A failing unwrap is a failing test.

mod common;

use std::sync::Arc;

use common::{
    House, at, badge, label, movement_id, pass, pass_id, posting, session_id, settings, task,
    task_id,
};
use gatewarden_engine::{BinCount, Command, DocumentAct, Factor, FactorCheck, PinCheck, Settings};
use gatewarden_model::{
    Action, Actor, ApprovalAct, Body, Change, ChangeId, Document, DocumentContent, DocumentKind,
    Hash, LabelVerdict, Module, MovementKind, Review, ReviewId, ReviewItem, ReviewVerdict,
    SessionPhase, entry::Verdict,
};
use uuid::Uuid;

/// What becomes of a command in a session that rests.
enum Rests {
    Denied,
    LeadsOut,
    NotInASession,
}

/// A further command does not compile before somebody has said here what becomes of it.
fn rests(command: &Command) -> Rests {
    use Command as C;
    match command {
        C::Activity { .. }
        | C::ChangePin { .. }
        | C::StepUp { .. }
        | C::Join { .. }
        | C::Leave { .. }
        | C::Enrol { .. }
        | C::RequestChange { .. }
        | C::DecideChange { .. }
        | C::WithdrawChange { .. }
        | C::Remove { .. }
        | C::AddClient { .. }
        | C::RevokeClient { .. }
        | C::RemoveFactor { .. }
        | C::Unlock { .. }
        | C::WriteDocument { .. }
        | C::WriteDocuments { .. }
        | C::SubmitDocument { .. }
        | C::ActOnDocument { .. }
        | C::EndDocument { .. }
        | C::CountBin { .. }
        | C::FinishTodo { .. }
        | C::OpenTask { .. }
        | C::ApproveTask { .. }
        | C::WithdrawTask { .. }
        | C::DecideHold { .. }
        | C::ResolveQuarantine { .. }
        | C::Ask { .. }
        | C::AskFields { .. }
        | C::Reserve { .. }
        | C::PostReservation { .. }
        | C::VoidReservation { .. }
        | C::Commission { .. }
        | C::Decommission { .. }
        | C::QueueLabel { .. }
        | C::DecideLabel { .. }
        | C::AskTagAccess { .. }
        | C::LandCost { .. }
        | C::ClosePeriod { .. }
        | C::RotateKey { .. }
        | C::OpenReview { .. }
        | C::DecideReview { .. }
        | C::Restored { .. } => Rests::Denied,
        C::Resume { .. } | C::SignOut { .. } => Rests::LeadsOut,
        C::SignIn { .. }
        | C::Activate { .. }
        | C::Badge { .. }
        | C::Pass(_)
        | C::Start { .. }
        | C::EndLeftoverSessions
        | C::EndLeftoverLabels
        | C::LabelChanged { .. }
        | C::Stop { .. }
        | C::ClientUsed { .. }
        | C::Delivered { .. }
        | C::Rejected { .. }
        | C::Gap { .. }
        | C::EndTagAccess { .. }
        | C::Alarm { .. }
        | C::Tick
        | C::DefineItems
        | C::DefinePolicies
        | C::DefineProcedures
        | C::Fire { .. }
        | C::SettleNotice(_)
        | C::Identify { .. } => Rests::NotInASession,
    }
}

/// How many kinds of commands are denied: each stands in `all`.
const DENIED: usize = 42;

/// One of each command that names a session or who asks, in session 1 of `adam`.
#[allow(clippy::too_many_lines, reason = "a table")]
fn all() -> Vec<Command> {
    let session = session_id(1);
    let adam = || Actor::Operator { id: "adam".parse().unwrap(), session: Some(session) };
    let (check, reason) = (PinCheck::Right, || "because".to_owned());
    let change = ChangeId(Uuid::from_u128(5));
    let client = || "till".parse().unwrap();
    let sue = || "sue".parse().unwrap();
    let lines = ["10 BOLT-M8 1 @supplier/ACME wh1/dock"];
    let review = Review {
        id: ReviewId(Uuid::from_u128(9)),
        title: "spring".to_owned(),
        scope: Default::default(),
        reviewers: vec![sue()],
        fallback: sue(),
        due_us: at(9_000_000).wall_us,
        items: vec![],
    };
    let document = || Document { kind: DocumentKind::WorkOrder, number: "W-1".to_owned() };
    let content = DocumentContent::new(document());
    vec![
        Command::WriteDocuments { contents: Arc::new(vec![content.clone()]), by: adam() },
        Command::WriteDocument { content, by: adam() },
        Command::SubmitDocument { document: document(), digest: Hash::of(b"d"), by: adam() },
        Command::ActOnDocument {
            document: document(),
            act: ApprovalAct::Withdraw { comment: String::new() },
            by: adam(),
        },
        Command::EndDocument {
            document: document(),
            act: DocumentAct::Close,
            digest: None,
            reason: reason(),
            by: adam(),
        },
        Command::CountBin {
            document: document(),
            count: BinCount { bin: "wh1/dock".parse().unwrap(), seen: vec![], done: true },
            by: adam(),
        },
        Command::FinishTodo { fired: 7, reason: reason(), by: adam() },
        Command::Activity { session, what: "POST /stations/{station}/close-pass".to_owned() },
        Command::ChangePin { session, check, pin: Hash::of(b"new") },
        Command::StepUp { session, proof: FactorCheck { factor: Factor::Totp, check }, used: None },
        Command::Join { session, badge: Some(badge("sue")), pin: check },
        Command::Leave { session },
        Command::Enrol {
            operator: sue(),
            name: "Sue".to_owned(),
            roles: vec!["auditor".to_owned()],
            badges: vec![],
            pin: None,
            kinds: Default::default(),
            by: adam(),
        },
        Command::RequestChange {
            id: change,
            change: Change::Client {
                client: client(),
                scopes: vec!["inbound:view".to_owned()],
                token: Hash::of(b"t"),
                certificate: None,
                until_us: None,
            },
            reason: reason(),
            by: adam(),
        },
        Command::DecideChange {
            id: change,
            approve: true,
            reason: reason(),
            activation: None,
            mitigations: vec![],
            by: adam(),
        },
        Command::WithdrawChange { id: change, reason: reason(), by: adam() },
        Command::Remove { operator: sue(), by: adam() },
        Command::AddClient {
            client: client(),
            scopes: vec!["inbound:view".to_owned()],
            token: Hash::of(b"t"),
            by: adam(),
        },
        Command::RevokeClient { client: client(), by: adam() },
        Command::RemoveFactor {
            operator: "adam".parse().unwrap(),
            factor: Hash::of(b"f"),
            reason: reason(),
            by: adam(),
        },
        Command::Unlock { operator: sue(), by: adam() },
        Command::OpenTask { task: task(1, "dock-1", MovementKind::Receipt, &lines), by: adam() },
        Command::ApproveTask { task: task_id(1), by: adam() },
        Command::WithdrawTask { task: task_id(1), by: adam() },
        Command::DecideHold {
            pass: pass_id(1),
            verdict: Verdict::Reject,
            reason: reason(),
            doubts: vec![],
            by: adam(),
        },
        Command::ResolveQuarantine { pass: pass_id(1), reason: reason(), by: adam() },
        Command::Ask {
            by: adam(),
            action: Action::View,
            module: Module::System,
            what: "clients".to_owned(),
        },
        Command::AskFields { by: adam(), fields: vec![], what: "a proof".to_owned() },
        Command::Reserve { posting: posting(1, MovementKind::Receipt, &lines), by: adam() },
        Command::PostReservation { reservation: movement_id(1), by: adam(), confirmation: None },
        Command::VoidReservation { reservation: movement_id(1), reason: reason(), by: adam() },
        Command::Commission {
            tag: "t".to_owned(),
            item: "BOLT-M8".parse().unwrap(),
            lot: None,
            serial: None,
            tid: None,
            by: adam(),
        },
        Command::Decommission { tag: "t".to_owned(), reason: reason(), by: adam() },
        Command::QueueLabel { label: label(1), by: adam() },
        Command::DecideLabel {
            label: label(1).id,
            verdict: LabelVerdict::Void,
            reason: reason(),
            by: adam(),
        },
        Command::AskTagAccess {
            tag: "t".to_owned(),
            station: "dock-1".parse().unwrap(),
            device: "r".parse().unwrap(),
            access: gatewarden_model::TagOp::Kill {},
            reason: reason(),
            by: adam(),
        },
        Command::LandCost {
            movement: movement_id(1),
            document: task(1, "dock-1", MovementKind::Receipt, &lines).document,
            amounts: vec![],
            by: adam(),
        },
        Command::ClosePeriod { until: "2026-01-01".parse().unwrap(), by: adam() },
        Command::RotateKey {
            old: "a".to_owned(),
            new: "b".to_owned(),
            reason: reason(),
            by: adam(),
        },
        Command::OpenReview { review, by: adam() },
        Command::DecideReview {
            review: ReviewId(Uuid::from_u128(9)),
            item: ReviewItem::Role { operator: sue(), role: "auditor".to_owned() },
            verdict: ReviewVerdict::Keep,
            justification: reason(),
            by: adam(),
        },
        Command::Restored { size: 1, lost: 0, reason: reason(), by: adam() },
        Command::Resume { session, pin: check },
        Command::SignOut { session, reason: "operator".to_owned() },
    ]
}

/// `adam` at dock-1 in session 1, which is idle or locked.
fn resting(phase: SessionPhase) -> House {
    let mut house = House::with(Settings { idle_end_ms: 600_000, ..settings() });
    house.sign_in(1, Some("dock-1"), "adam");
    if phase == SessionPhase::Locked {
        for _ in 0..4 {
            let wrong = Command::Resume { session: session_id(1), pin: PinCheck::Wrong };
            assert!(house.handle(wrong).answer.is_err());
        }
        house.now = at(100);
    } else {
        house.now = at(300);
    }
    house.ok(Command::Tick);
    assert_eq!(house.engine.state().session(session_id(1)).unwrap().phase, phase);
    house
}

#[test]
fn nothing_is_done_in_a_session_that_rests_but_what_leads_out_of_it() {
    let denied = all().iter().filter(|one| matches!(rests(one), Rests::Denied)).count();
    assert_eq!(denied, DENIED);
    for (phase, code) in
        [(SessionPhase::Idle, "session-idle"), (SessionPhase::Locked, "session-locked")]
    {
        for command in all() {
            let mut house = resting(phase);
            let before = (house.journal.len(), house.engine.state().clone());
            match rests(&command) {
                Rests::Denied => {
                    assert_eq!(house.refused(command.clone()), code, "{command:?}");
                    assert_eq!(house.journal.len(), before.0 + 1, "{command:?}");
                    assert_eq!(*house.engine.state(), before.1, "{command:?}");
                    let Body::Denied { by, reason, .. } = &house.journal.last().unwrap().body
                    else {
                        panic!("{command:?}: {:?}", house.journal.last());
                    };
                    assert!(matches!(by, Actor::Operator { id, .. } if id.as_str() == "adam"));
                    assert!(reason.contains("enter the PIN to resume it"), "{reason}");
                }
                Rests::LeadsOut => drop(house.ok(command)),
                Rests::NotInASession => panic!("{command:?} stands in the table"),
            }
            assert_eq!(house.judged(), Vec::<String>::new());
        }
    }
}

/// What the idle session's own station sees goes to quarantine, as ever.
#[test]
fn a_pass_in_a_session_that_rests_is_nobodys() {
    let mut house = resting(SessionPhase::Idle);
    house.ok(Command::Pass(pass(1, "dock-1", Some(session_id(1)), 310, "bolt#1")));
    let Body::Quarantined { reason, .. } = &house.journal.last().unwrap().body else {
        panic!("{:?}", house.journal.last());
    };
    assert!(reason.contains("idle"), "{reason}");
}
