//! The life cycle: the whole table of states and steps, and what no walk through it can do.
// A test may fail loudly.
#![allow(clippy::unwrap_used)]

mod common;

use common::{House, definition};
use gatewarden_documents::{
    Circumstances, Frame, KindDefinition, State, Step, after, allowed, steps,
};
use gatewarden_model::{Action, DocumentKind};
use proptest::prelude::*;

const NOTHING: Circumstances = Circumstances { in_hand: false, executed: false, complete: false };
const DONE: Circumstances = Circumstances { in_hand: false, executed: true, complete: true };

fn at(frame: Frame) -> State {
    State { frame, own: None }
}

/// Each state with the steps of a kind that is signed and amended until it is approved, and where they
/// lead, once everything is executed.
const TABLE: &[(Frame, &[(&str, Frame)])] = &[
    (
        Frame::Draft,
        &[("write", Frame::Draft), ("submit", Frame::Submitted), ("cancel", Frame::Cancelled)],
    ),
    (
        Frame::Submitted,
        &[
            ("write", Frame::Draft),
            ("ask-approval", Frame::InApproval),
            ("return", Frame::Draft),
            ("reject", Frame::Rejected),
            ("withdraw", Frame::Draft),
            ("cancel", Frame::Cancelled),
        ],
    ),
    (
        Frame::InApproval,
        &[
            ("write", Frame::Draft),
            ("approve", Frame::Approved),
            ("return", Frame::Draft),
            ("reject", Frame::Rejected),
            ("withdraw", Frame::Draft),
            ("void", Frame::InApproval),
            ("cancel", Frame::Cancelled),
        ],
    ),
    (
        Frame::Approved,
        &[
            ("write", Frame::Draft),
            ("void", Frame::InApproval),
            ("start", Frame::InExecution),
            ("close-short", Frame::Closed),
            ("cancel", Frame::Cancelled),
        ],
    ),
    (
        Frame::InExecution,
        &[
            ("execute", Frame::InExecution),
            ("close", Frame::Closed),
            ("close-short", Frame::Closed),
            ("cancel", Frame::Cancelled),
        ],
    ),
    (Frame::Closed, &[]),
    (Frame::Cancelled, &[]),
    (
        Frame::Rejected,
        &[("write", Frame::Draft), ("return", Frame::Draft), ("cancel", Frame::Cancelled)],
    ),
];

#[test]
fn the_table_is_the_whole_of_it() {
    let kind = definition(DocumentKind::Receipt);
    assert_eq!(TABLE.len(), Frame::ALL.len());
    for (frame, expect) in TABLE {
        let names: Vec<String> =
            steps(&kind, &at(*frame)).iter().map(|step| step.name().to_owned()).collect();
        assert_eq!(names, expect.iter().map(|(name, _)| *name).collect::<Vec<_>>(), "{frame:?}");
        for step in Step::ALL {
            let to = expect.iter().find(|(name, _)| *name == step.name());
            assert_eq!(allowed(&kind, &at(*frame), &step), to.is_some());
            let cancel_now = if step == Step::Cancel { NOTHING } else { DONE };
            let got = after(&kind, &at(*frame), &step, &cancel_now);
            match to {
                Some((_, to)) => assert_eq!(got.unwrap().frame, *to, "{frame:?} {step:?}"),
                None => assert!(got.is_err(), "{frame:?} {step:?}"),
            }
        }
    }
}

#[test]
fn what_stands_against_a_step_is_told_with_a_way_out() {
    let kind = definition(DocumentKind::Receipt);
    let in_hand = Circumstances { in_hand: true, ..NOTHING };
    let part = Circumstances { executed: true, ..NOTHING };
    let cases = [
        (Frame::Closed, Step::Write, NOTHING, "document-final", "write a new document"),
        (Frame::Draft, Step::Start, NOTHING, "step-not-allowed", "there are write, submit, cancel"),
        (Frame::Approved, Step::CloseShort, NOTHING, "document-not-executed", "cancel it"),
        (Frame::InExecution, Step::Cancel, in_hand, "document-in-hand", "decide on it first"),
        (Frame::InExecution, Step::CloseShort, in_hand, "document-in-hand", "finish"),
        (Frame::InExecution, Step::Cancel, part, "document-executed", "close it short"),
        (Frame::InExecution, Step::Close, part, "document-incomplete", "execute the rest"),
        (Frame::InExecution, Step::Write, NOTHING, "not-amended", "cancel it and write a new one"),
        (Frame::Submitted, Step::Move("pack".into()), NOTHING, "step-not-allowed", "there are"),
    ];
    for (frame, step, now, code, message) in cases {
        let fault = after(&kind, &at(frame), &step, &now).unwrap_err();
        assert_eq!(fault.code(), code, "{frame:?} {step:?}");
        assert!(fault.to_string().starts_with("state: "), "{fault}");
        assert!(fault.to_string().contains(message), "{fault}");
    }
}

#[test]
fn a_kind_is_amended_as_long_as_it_says() {
    let until = |kind: &KindDefinition| -> Vec<Frame> {
        let writes = |frame: &Frame| allowed(kind, &at(*frame), &Step::Write);
        Frame::ALL.iter().copied().filter(writes).collect()
    };
    use Frame::{Approved, Draft, InApproval, InExecution, Rejected, Submitted};
    let draft = until(&definition(DocumentKind::PurchaseRequest));
    assert_eq!(draft, [Draft, Rejected]);
    let approved = until(&definition(DocumentKind::Receipt));
    assert_eq!(approved, [Draft, Submitted, InApproval, Approved, Rejected]);
    let order = definition(DocumentKind::PurchaseOrder);
    assert_eq!(until(&order), [Draft, Submitted, InApproval, Approved, InExecution, Rejected]);
    // What was executed of it stays, and the new version is signed anew.
    let part = Circumstances { executed: true, ..NOTHING };
    assert_eq!(after(&order, &at(InExecution), &Step::Write, &part).unwrap().frame, Draft);
}

#[test]
fn states_of_a_kinds_own_stand_within_the_frame() {
    let kind = definition(DocumentKind::Requisition);
    let approved = at(Frame::Approved);
    let picking = after(&kind, &approved, &Step::Start, &NOTHING).unwrap();
    assert_eq!(picking.own.as_deref(), Some("picking"));
    assert_eq!(picking.title(&kind), "Being picked");
    assert_eq!(approved.title(&kind), "approved");
    let pack = Step::Move("pack".into());
    assert!(steps(&kind, &picking).contains(&pack) && !steps(&kind, &approved).contains(&pack));
    let packed = after(&kind, &picking, &pack, &NOTHING).unwrap();
    assert_eq!((packed.frame, packed.own.as_deref()), (Frame::InExecution, Some("packed")));
    let still = after(&kind, &packed, &Step::Execute, &NOTHING).unwrap();
    assert_eq!(still, packed, "executing a part leaves it where it is");
    assert!(after(&kind, &packed, &pack, &NOTHING).is_err(), "only from where it leads");
    assert_eq!(State::first(&kind), at(Frame::Draft));
}

#[test]
fn each_step_takes_its_right_and_some_take_nobodys() {
    let kind = definition(DocumentKind::Requisition);
    let right = |step: &Step, first| kind.right_for(step, first).map(|right| right.action);
    assert_eq!(right(&Step::Write, true), Some(Action::Request));
    assert_eq!(right(&Step::Approve, false), Some(Action::Approve));
    assert_eq!(right(&Step::Start, false), Some(Action::Execute));
    assert_eq!(right(&Step::Move("pack".into()), false), Some(Action::Execute));
    assert_eq!(right(&Step::Move("unpack".into()), false), None);
    assert_eq!(right(&Step::AskApproval, false), None, "the workflow asks, nobody else");
    assert_eq!(right(&Step::Void, false), None);
}

#[test]
fn without_a_workflow_handing_in_approves() {
    let kind = definition(DocumentKind::PurchaseRequest);
    let submitted = after(&kind, &State::first(&kind), &Step::Submit, &NOTHING).unwrap();
    let approved = after(&kind, &submitted, &Step::Approve, &NOTHING).unwrap();
    assert_eq!(approved.frame, Frame::Approved);
    assert!(!allowed(&kind, &submitted, &Step::AskApproval));
    let signed = definition(DocumentKind::Receipt);
    assert!(!allowed(&signed, &submitted, &Step::Approve), "but not past one");
    let _ = House::new();
}

fn step() -> impl Strategy<Value = (Step, Circumstances)> {
    let own = ["pack", "nothing"].map(|name| Step::Move(name.into()));
    let all: Vec<Step> = Step::ALL.into_iter().chain(own).collect();
    let now = any::<(bool, bool, bool)>();
    let now =
        now.prop_map(|(in_hand, executed, complete)| Circumstances { in_hand, executed, complete });
    (proptest::sample::select(all), now)
}

proptest! {
    #[test]
    fn no_walk_reaches_execution_past_approval(
        walk in proptest::collection::vec(step(), 0..60),
        at in 0_usize..3,
    ) {
        let of = [DocumentKind::Requisition, DocumentKind::PurchaseOrder, DocumentKind::Receipt];
        let kind = definition(of[at]);
        let mut state = State::first(&kind);
        // Whether the last version was approved: a plain model of what the frame promises.
        let mut approved = false;
        for (step, now) in walk {
            let before = state.clone();
            let told = allowed(&kind, &before, &step);
            match after(&kind, &before, &step, &now) {
                Ok(next) => {
                    prop_assert!(told, "{:?} {:?}", before, step);
                    prop_assert!(!before.frame.is_final());
                    match step {
                        Step::Approve => approved = true,
                        Step::Write | Step::Void | Step::Return | Step::Withdraw => approved = false,
                        Step::Cancel => prop_assert!(!now.in_hand && !now.executed),
                        Step::CloseShort => prop_assert!(approved && !now.in_hand),
                        Step::Close => prop_assert!(!now.in_hand && now.complete),
                        _ => {}
                    }
                    if step == Step::Write {
                        prop_assert_eq!(next.frame, Frame::Draft);
                    }
                    if next.frame == Frame::InExecution {
                        prop_assert!(approved, "executed without approval");
                        let from = [Frame::Approved, Frame::InExecution];
                        prop_assert!(from.contains(&before.frame));
                    }
                    state = next;
                }
                Err(fault) => {
                    let text = fault.to_string();
                    prop_assert!(text.starts_with("state: "), "{}", text);
                }
            }
        }
    }
}
