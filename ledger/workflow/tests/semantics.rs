//! The semantics of approvals as a table: one row each, as a definition and a script of acts, each with who
//! may act after it, or the code of its refusal. Every line is replayed as from a journal.
#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

mod common;

use common::{Rig, step, workflow};
use serde_json::{Value, json};

const PEOPLE: &[&str] =
    &["ann", "bob:buyer", "cho:buyer", "dan:chief", "eve:finance", "fay:", "gus:", "boss:"];

struct Row {
    name: &'static str,
    steps: Value,
    house: Value,
    once: bool,
    lines: &'static [&'static str],
}

fn row(name: &'static str, steps: Value, lines: &'static [&'static str]) -> Row {
    Row { name, steps, house: json!({}), once: false, lines }
}

fn play(rows: Vec<Row>) {
    for Row { name, steps, house, once, lines } in rows {
        let mut rig = Rig::start(&workflow(steps, once), PEOPLE, &house, 100)
            .unwrap_or_else(|fault| panic!("{name}: {fault}"));
        let (first, rest) = lines.split_first().unwrap();
        assert_eq!(rig.stands(), *first, "{name}: at first");
        rig.script(name, rest);
    }
}

fn any(name: &str, who: &str) -> Value {
    step(name, "any-one", &[who], json!({}))
}

fn departments() -> Value {
    json!([{"name": "shop", "manager": "boss", "members": ["ann", "bob"]},
        {"name": "house", "manager": "dan", "members": ["boss"]}])
}

#[test]
fn ways_and_modes() {
    let branch = |when: &str| {
        json!([any("first", "operator:bob"),
            {"kind": "branch", "name": "dear", "title": "Dear?", "cases": [
                {"title": "very", "when": "amount > 1000", "steps": [any("director", "operator:eve")]},
                {"title": "rather", "when": when, "steps": [any("chief", "role:chief")]}],
             "otherwise": []}])
    };
    let parallel = json!([{"kind": "parallel", "name": "both", "title": "Both", "lanes": [
        {"title": "one", "steps": [any("left", "operator:bob"), any("left-2", "operator:cho")]},
        {"title": "two", "steps": [any("right", "operator:eve")]}]}, any("last", "role:chief")]);
    let all = |mode: &str| {
        json!([step("all", mode, &["operator:bob", "operator:cho", "operator:eve"], json!({}))])
    };
    let quorum = json!([step(
        "vote",
        "quorum",
        &["operator:bob", "operator:cho", "operator:eve"],
        json!({"weights": {"operator:eve": 2}, "threshold": 3})
    )]);
    play(vec![
        row(
            "1 branch: the first that holds",
            branch("amount > 50"),
            &["bob", "bob approve => dan", "dan approve => approved"],
        ),
        row("1 branch: otherwise", branch("amount > 500"), &["bob", "bob approve => approved"]),
        row(
            "1 branch: decided on the frozen version",
            branch("amount > 50"),
            &["bob", "ann orders 2000 => bob", "bob approve => eve", "eve approve => approved"],
        ),
        row(
            "1 branch: what can't be told is no submission",
            branch("amount > 50"),
            &["bob", "ann notes x => bob"],
        ),
        row(
            "2 parallel: the join waits for all",
            parallel,
            &[
                "bob eve",
                "bob approve => cho eve",
                "eve approve => cho",
                "cho approve => dan",
                "dan approve => approved",
            ],
        ),
        row(
            "3 countersign at once: all",
            all("all"),
            &[
                "bob cho eve",
                "cho approve => bob eve",
                "bob approve => eve",
                "eve approve => approved",
            ],
        ),
        row(
            "3 countersign: one no ends it",
            all("all"),
            &[
                "bob cho eve",
                "cho approve => bob eve",
                "eve reject => rejected",
                "bob approve => !approval-ended",
            ],
        ),
        row(
            "3 countersign in order",
            all("all-in-order"),
            &[
                "bob",
                "cho approve => !not-yet",
                "bob approve => cho",
                "cho approve => eve",
                "eve approve => approved",
            ],
        ),
        row(
            "4 any one: the first decides",
            json!([any("one", "role:buyer"), any("two", "operator:eve")]),
            &[
                "bob cho",
                "bob approve => eve",
                "cho approve => !decided-already",
                "eve approve => approved",
            ],
        ),
        row(
            "4 any one: the first no decides too",
            json!([any("one", "role:buyer")]),
            &["bob cho", "bob reject => rejected"],
        ),
        row(
            "5 quorum: the weight is reached",
            quorum.clone(),
            &["bob cho eve", "eve approve => bob cho", "bob approve => approved"],
        ),
        row(
            "5 quorum: a no is one vote",
            quorum.clone(),
            &[
                "bob cho eve",
                "bob reject => cho eve",
                "eve approve => cho",
                "cho approve => approved",
            ],
        ),
        row(
            "5 quorum: fails once it can't be reached",
            quorum,
            &["bob cho eve", "bob approve => cho eve", "eve reject => rejected"],
        ),
    ]);
}

#[test]
fn handing_over_and_adding() {
    let narrow = json!([step(
        "one",
        "any-one",
        &["operator:bob"],
        json!({"transfer_to": ["role:chief"], "allow": ["transfer"]})
    )]);
    play(vec![
        row(
            "6 transfer: the other decides",
            json!([any("one", "operator:bob")]),
            &[
                "bob",
                "bob transfer fay => fay",
                "bob approve => !not-asked",
                "fay approve => approved",
            ],
        ),
        row(
            "6 transfer: not to an author, a stranger or somebody who takes part",
            json!([any("one", "role:buyer")]),
            &[
                "bob cho",
                "bob transfer ann => !bad-person",
                "bob transfer zoe => !bad-person",
                "bob transfer cho => !bad-person",
            ],
        ),
        row(
            "6 transfer: only to whom the step says",
            narrow.clone(),
            &[
                "bob",
                "bob transfer fay => !bad-person",
                "bob transfer dan => dan",
                "dan approve => approved",
            ],
        ),
        row(
            "6 what the step does not allow",
            narrow,
            &[
                "bob",
                "bob delegate fay => !act-not-allowed",
                "bob add fay before => !act-not-allowed",
                "bob return first => !bad-return",
            ],
        ),
        row(
            "6 delegate: B advises, A decides",
            json!([any("one", "operator:bob")]),
            &[
                "bob",
                "bob delegate fay => fay",
                "bob approve => !not-yet",
                "fay approve => !not-asked",
                "fay advise no => bob",
                "bob approve => approved",
            ],
        ),
        row(
            "6 delegate: taken back",
            json!([any("one", "operator:bob")]),
            &["bob", "bob delegate fay => fay", "bob back => bob", "fay advise yes => !not-asked"],
        ),
        row(
            "7 add before: it comes back",
            json!([any("one", "operator:bob")]),
            &[
                "bob",
                "bob add fay before => fay",
                "bob approve => !not-yet",
                "fay approve => bob",
                "bob approve => approved",
            ],
        ),
        row(
            "7 add before: his no ends it",
            json!([any("one", "operator:bob")]),
            &["bob", "bob add fay before => fay", "fay reject => rejected"],
        ),
        row(
            "7 add after: he signs too",
            json!([any("one", "operator:bob")]),
            &[
                "bob",
                "bob add fay after => bob",
                "fay approve => !not-yet",
                "bob approve => fay",
                "fay approve => approved",
            ],
        ),
        row(
            "7 remove before he acts, by whoever added him",
            json!([any("one", "role:buyer")]),
            &[
                "bob cho",
                "bob add fay before => cho fay",
                "cho remove fay => !not-removable",
                "bob remove fay => bob cho",
                "fay approve => !role-lost",
            ],
        ),
        row(
            "7 remove: not after he acted, and never one of the definition",
            json!([step("all", "all", &["operator:bob", "operator:cho"], json!({}))]),
            &[
                "bob cho",
                "bob add fay before => cho fay",
                "fay approve => bob cho",
                "bob remove fay => !not-removable",
                "bob remove cho => !not-removable",
            ],
        ),
    ]);
}

#[test]
fn back_again() {
    let two = || {
        json!([
            any("first", "operator:bob"),
            step(
                "second",
                "any-one",
                &["operator:cho"],
                json!({"return_to": ["initiator", {"node": "first"}]})
            ),
            any("third", "operator:eve")
        ])
    };
    play(vec![
        row(
            "8 return to a step: it signs again",
            two(),
            &[
                "bob",
                "bob approve => cho",
                "cho return first => bob",
                "bob approve => cho",
                "cho approve => eve",
                "eve approve => approved",
            ],
        ),
        row(
            "8 return to the initiator: nothing changed, what is signed stands",
            two(),
            &[
                "bob",
                "bob approve => cho",
                "cho return initiator => sent back",
                "cho approve => !sent-back",
                "ann resubmits => cho",
                "cho approve => eve",
                "eve approve => approved",
            ],
        ),
        row(
            "8 return: not forward, not where the step does not say",
            two(),
            &[
                "bob",
                "bob return third => !bad-return",
                "bob return nowhere => !bad-return",
                "bob approve => cho",
                "cho return third => !bad-return",
            ],
        ),
        row(
            "8 reject ends it",
            two(),
            &["bob", "bob reject => rejected", "ann withdraw => !approval-ended"],
        ),
        row(
            "9 take back before the next acts",
            two(),
            &[
                "bob",
                "bob approve => cho",
                "bob back => bob",
                "cho approve => !not-asked",
                "bob reject => rejected",
            ],
        ),
        row(
            "9 take back: not after the next acted",
            two(),
            &[
                "bob",
                "bob approve => cho",
                "cho approve => eve",
                "bob back => !too-late",
                "cho back => cho",
            ],
        ),
        row(
            "9 take back: nothing there",
            two(),
            &["bob", "bob back => !nothing-to-take-back", "cho back => !nothing-to-take-back"],
        ),
        row(
            "9 withdraw: the initiator, the whole",
            two(),
            &[
                "bob",
                "bob approve => cho",
                "cho withdraw => !not-initiator",
                "ann withdraw => withdrawn",
                "cho approve => !approval-ended",
            ],
        ),
        row(
            "9 withdraw: after the last signature too",
            json!([any("one", "operator:bob")]),
            &["bob", "bob approve => approved", "ann withdraw => withdrawn"],
        ),
    ]);
}

#[test]
fn who_is_asked() {
    let up = |steps: Value, lines| Row {
        house: json!({"departments": departments()}),
        ..row("11 initiator = approver: one level up", steps, lines)
    };
    let away = |lines| Row {
        house: json!({"substitutions": [{"absent": "bob", "substitute": "fay", "from": "2026-11-29", "to": "2026-11-30"}]}),
        ..row(
            "substitution by dates",
            json!([any("one", "operator:bob"), any("two", "operator:fay")]),
            lines,
        )
    };
    let once = |lines| Row {
        once: true,
        ..row(
            "once: a signature over this version counts again",
            json!([any("one", "role:buyer"), any("two", "operator:bob")]),
            lines,
        )
    };
    play(vec![
        row(
            "10 empty approver: the fall-back",
            json!([any("one", "role:nobody")]),
            &["dan", "dan approve => approved"],
        ),
        row(
            "10 empty approver: never passes by itself",
            json!([any("one", "field:partner")]),
            &["dan", "dan leaves => dan", "dan approve => !not-active"],
        ),
        row(
            "10 countersign: each name that is empty is replaced",
            json!([step("all", "all", &["role:nobody", "operator:bob"], json!({}))]),
            &["bob dan", "bob approve => dan", "dan approve => approved"],
        ),
        up(
            json!([any("one", "operator:ann")]),
            &["boss", "ann approve => !own-document", "boss approve => approved"],
        ),
        up(json!([any("one", "manager-of:initiator")]), &["boss", "boss approve => approved"]),
        up(
            json!([step("all", "all", &["field:requester", "operator:bob"], json!({}))]),
            &["bob boss", "boss approve => bob", "bob approve => approved"],
        ),
        row(
            "11 nobody above: the fall-back",
            json!([any("one", "operator:ann")]),
            &["dan", "dan approve => approved"],
        ),
        row(
            "an author never signs, whatever he is",
            json!([any("one", "role:buyer")]),
            &[
                "bob cho",
                "ann approve => !own-document",
                "cho notes x => bob",
                "cho approve => !own-document",
                "bob approve => approved",
            ],
        ),
        row(
            "twice at one step, once at each",
            json!([
                step("one", "all", &["operator:bob", "operator:cho"], json!({})),
                any("two", "operator:bob")
            ]),
            &[
                "bob cho",
                "bob approve => cho",
                "bob approve => !signed-already",
                "cho approve => bob",
                "bob approve => approved",
            ],
        ),
        once(&["bob cho", "bob approve => approved"]),
        once(&["bob cho", "cho approve => bob", "bob approve => approved"]),
        row(
            "steps that must have different signers",
            json!([{"kind": "parallel", "name": "p", "title": "p", "lanes": [
            {"title": "a", "steps": [any("one", "role:buyer")]},
            {"title": "b", "steps": [step("two", "any-one", &["role:buyer"], json!({"distinct_from": ["one"]}))]}]}]),
            &[
                "bob cho",
                "bob approve => !several-steps",
                "bob@one approve => bob cho",
                "bob@two approve => !signed-elsewhere",
                "cho@one approve => !decided-already",
                "cho@two approve => approved",
            ],
        ),
        away(&["bob", "fay approve => fay", "fay approve => approved"]),
        away(&["bob", "bob waits 72 => bob", "fay approve => !not-asked", "bob approve => fay"]),
        row(
            "a role that was lost meanwhile",
            json!([any("one", "role:buyer")]),
            &[
                "bob cho",
                "bob loses buyer => bob cho",
                "bob approve => !role-lost",
                "fay waits 0 => cho",
                "cho approve => approved",
            ],
        ),
        row(
            "all lost it: others are asked",
            json!([any("one", "role:finance")]),
            &[
                "eve",
                "eve loses finance => eve",
                "fay waits 0 => dan",
                "eve approve => !role-lost",
                "dan approve => approved",
            ],
        ),
        row(
            "a stranger, and a step that is none",
            json!([any("one", "operator:bob")]),
            &[
                "bob",
                "zoe approve => !not-active",
                "fay approve => !not-asked",
                "bob@two approve => !unknown-step",
            ],
        ),
    ]);
}

#[test]
fn whoever_lost_what_he_was_asked_as_signs_no_more() {
    let timed = || {
        json!([step(
            "one",
            "any-one",
            &["operator:bob"],
            json!({"escalate_after_h": 8, "escalate_to": ["manager-of:approver", "role:chief"]})
        )])
    };
    let late = |name: &'static str, lines| Row {
        house: json!({"departments": departments()}),
        ..row(name, timed(), lines)
    };
    let narrow = || {
        json!([step(
            "one",
            "any-one",
            &["operator:bob"],
            json!({"transfer_to": ["role:chief"], "allow": ["transfer"]})
        )])
    };
    let quorum = || json!([step("vote", "quorum", &["role:buyer"], json!({"threshold": 2}))]);
    let away = |lines| Row {
        house: json!({"substitutions": [{"absent": "bob", "substitute": "fay",
            "from": "2026-11-29", "to": "2026-11-30"}]}),
        ..row(
            "who stands in for somebody who lost the role",
            json!([any("one", "role:buyer")]),
            lines,
        )
    };
    play(vec![
        late(
            "escalated to a role that he lost",
            &[
                "bob",
                "bob waits 31 => bob boss dan",
                "dan loses chief => bob boss dan",
                "dan approve => !role-lost",
                "dan reject => !role-lost",
                "dan transfer eve => !role-lost",
                "dan add eve before => !role-lost",
                "dan return initiator => !role-lost",
                "boss approve => approved",
            ],
        ),
        late(
            "escalated to a role that he has again",
            &[
                "bob",
                "bob waits 31 => bob boss dan",
                "dan loses chief => bob boss dan",
                "dan gains chief => bob boss dan",
                "dan approve => approved",
            ],
        ),
        row(
            "handed over to one who had to be something, and is it no more",
            narrow(),
            &[
                "bob",
                "bob transfer dan => dan",
                "dan loses chief => dan",
                "dan approve => !role-lost",
            ],
        ),
        row(
            "an added signer and an adviser who left",
            json!([any("one", "role:buyer")]),
            &[
                "bob cho",
                "bob add fay before => cho fay",
                "fay leaves => cho fay",
                "fay approve => !not-active",
                "cho delegate gus => fay gus",
                "gus leaves => fay gus",
                "gus advise yes => !not-active",
                "cho back => cho fay",
                "cho approve => approved",
            ],
        ),
        row(
            "whoever added a signer lost the role: his seat is another's",
            json!([any("one", "role:finance")]),
            &[
                "eve",
                "eve add fay after => eve",
                "eve loses finance => eve",
                "eve approve => !role-lost",
                "fay approve => !not-yet",
                "dan waits 0 => dan",
                "dan approve => approved",
            ],
        ),
        row(
            "a vote that was given stays, one that was not is nobody's",
            quorum(),
            &[
                "bob cho",
                "bob approve => cho",
                "bob loses buyer => cho",
                "cho loses buyer => cho",
                "cho approve => !role-lost",
                "cho gains buyer => cho",
                "cho approve => approved",
            ],
        ),
        row(
            "whoever left does not vote, and a vote needs no fewer for it",
            quorum(),
            &[
                "bob cho",
                "cho leaves => bob cho",
                "bob approve => cho",
                "bob approve => !signed-already",
                "cho approve => !not-active",
            ],
        ),
        away(&["bob cho", "bob loses buyer => bob cho", "fay approve => !role-lost"]),
    ]);
}

#[test]
fn time_and_versions() {
    let timed = json!([step(
        "one",
        "any-one",
        &["operator:bob"],
        json!({"remind_after_h": 4,
        "escalate_after_h": 8, "escalate_to": ["manager-of:approver", "role:chief"]})
    )]);
    let slow = Row {
        house: json!({"departments": departments()}),
        ..row(
            "12 time-out: reminds, escalates, never approves",
            timed,
            &[
                "bob",
                "bob waits 4 => bob",
                "bob waits 3 => bob",
                "bob waits 2 => bob boss",
                "bob waits 22 => bob boss dan",
                "bob waits 500 => bob boss dan",
                "boss approve => approved",
            ],
        )
    };
    let signs = || {
        json!([
            step("one", "any-one", &["operator:bob"], json!({"signs": ["lines"]})),
            any("two", "operator:cho")
        ])
    };
    play(vec![
        slow,
        row(
            "13 a signed field changes: the signature ends",
            signs(),
            &[
                "bob",
                "bob approve => cho",
                "ann orders 7 => bob",
                "bob approve => cho",
                "cho approve => approved",
            ],
        ),
        row(
            "13 another field changes: it stands",
            signs(),
            &["bob", "bob approve => cho", "ann notes x => cho", "cho approve => approved"],
        ),
        row(
            "13 by default everything is signed",
            json!([any("one", "operator:bob"), any("two", "operator:cho")]),
            &["bob", "bob approve => cho", "ann notes x => bob"],
        ),
        row(
            "a superseded version",
            json!([any("one", "operator:bob")]),
            &["bob", "bob approve old => !superseded-version", "bob approve => approved"],
        ),
        row(
            "after the end nothing is revised",
            json!([any("one", "operator:bob")]),
            &["bob", "bob approve => approved", "ann notes x => !approval-ended"],
        ),
        row(
            "nothing changed, and nobody asked for it",
            json!([any("one", "operator:bob")]),
            &["bob", "ann resubmits => !nothing-changed"],
        ),
    ]);
}

#[test]
fn what_cant_be_told_or_is_signed_by_nobody_is_not_submitted() {
    let broken = json!([any("one", "operator:bob"), {"kind": "branch", "name": "b", "title": "b",
        "cases": [{"title": "x", "when": "1 / 0 > 1", "steps": []}], "otherwise": []}]);
    let start = |steps| Rig::start(&workflow(steps, false), PEOPLE, &json!({}), 100).map(|_| ());
    let fault = start(broken).unwrap_err();
    assert_eq!(fault.code(), "condition-failed");
    assert!(fault.to_string().contains("division by zero"), "{fault}");
    let unsigned = json!([{"kind": "notify", "name": "n", "title": "n", "whom": ["role:chief"]}]);
    assert_eq!(start(unsigned).unwrap_err().code(), "unsigned-way");
}

#[test]
fn a_running_instance_keeps_its_definition_and_nobody_found_stands_still() {
    let old = workflow(json!([any("one", "role:nobody")]), false);
    let version = old.version();
    let mut rig = Rig::start(&old, &["ann", "bob:"], &json!({}), 1).unwrap();
    assert_eq!(rig.stands(), "", "nobody, and not approved");
    assert_eq!(rig.kinds(), ["opened"]);
    rig.script(
        "somebody is enrolled",
        &["bob waits 1 => ", "dan gains chief => dan", "dan approve => approved"],
    );
    assert_eq!(rig.instance.workflow().version(), version);
    let gate = rig.instance.gate(&rig.content.digest()).unwrap();
    assert_eq!((gate.len(), gate[0].by.as_str(), gate[0].on), (1, "dan", rig.content.digest()));
    assert_eq!(
        rig.instance.gate(&common::content(2).digest()).unwrap_err().code(),
        "superseded-version"
    );
}

#[test]
fn b_for_a_is_recorded_and_who_is_not_needed_any_more_too() {
    let house = json!({"substitutions": [{"absent": "bob", "substitute": "fay", "from": "2026-11-01", "to": "2026-12-31"}]});
    let mut rig =
        Rig::start(&workflow(json!([any("one", "role:buyer")]), false), PEOPLE, &house, 1).unwrap();
    rig.play("fay approve").unwrap();
    let events: Vec<Value> =
        rig.events.iter().map(|event| serde_json::to_value(event).unwrap()).collect();
    assert_eq!((&events[1]["by"], &events[1]["of"]), (&json!("fay"), &json!("bob")));
    assert_eq!(events[2], json!({"event": "passed", "node": "one", "cancelled": ["cho"]}));
    assert_eq!(events[3]["event"], "approved");
}

#[test]
fn a_journal_that_tells_something_else_is_found_out() {
    use gatewarden_workflow::Told;
    let mut rig = Rig::start(
        &workflow(json!([any("one", "operator:bob"), any("two", "operator:cho")]), false),
        PEOPLE,
        &json!({}),
        1,
    )
    .unwrap();
    let before = rig.instance.clone();
    rig.play("bob approve").unwrap();
    let told = Told { at_us: rig.now_us, entry: 9 };
    let events = rig.events[1..].to_vec();
    let try_ = |events: &[_]| {
        let mut instance = before.clone();
        rig.around(|around| instance.follow(events, told, around)).map_err(|fault| fault.code())
    };
    assert_eq!(try_(&events), Ok(()));
    assert_eq!(try_(&events[..1]), Err("not-what-follows"), "one is missing");
    assert_eq!(try_(&[]), Err("not-what-follows"));
    let forged = |by: &str| {
        let mut events: Value = serde_json::to_value(&events).unwrap();
        events[0]["by"] = json!(by);
        serde_json::from_value::<Vec<_>>(events).unwrap()
    };
    assert_eq!(try_(&forged("ann")), Err("own-document"));
    assert_eq!(try_(&forged("fay")), Err("not-asked"));
    let approved =
        serde_json::from_value(json!({"event": "approved", "on": rig.content.digest()})).unwrap();
    assert_eq!(try_(&[approved]), Err("not-what-follows"), "time approves nothing");
}
