//! Drawings and simulations: what a definition says is on its cards, and how a running one stands too.
#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

mod common;

use std::collections::BTreeMap;

use common::{Rig, step, workflow};
use gatewarden_workflow::{Roster, Workflows, check, svg, text};
use serde_json::json;

fn definition() -> std::sync::Arc<gatewarden_workflow::Workflow> {
    let wild = step(
        "wild",
        "any-one",
        &["role:buyer"],
        json!({"title": "采购 <经理> & \"Leitung\"",
        "signs": ["lines"], "remind_after_h": 4}),
    );
    workflow(
        json!([wild,
            {"kind": "branch", "name": "dear", "title": "Dear?", "cases": [
                {"title": "very", "when": "amount > 50", "steps": [
                    {"kind": "parallel", "name": "both", "title": "Both", "lanes": [
                        {"title": "left", "steps": [step("a", "any-one", &["operator:eve"], json!({}))]},
                        {"title": "right", "steps": [step("b", "all", &["role:chief"], json!({}))]}]}]}],
             "otherwise": []},
            {"kind": "notify", "name": "tell", "title": "Tell", "whom": ["role:chief"]}]),
        false,
    )
}

#[test]
fn every_step_is_a_card_and_stands_as_it_does() {
    let workflow = definition();
    let mut rig =
        Rig::start(&workflow, &["ann", "bob:buyer", "dan:chief", "eve:"], &json!({}), 100).unwrap();
    rig.play("bob approve").unwrap();
    let (plain, marked) =
        (text(&workflow, &BTreeMap::new()), text(&workflow, &rig.instance.marks()));
    for name in [
        "■ wild",
        "◆ dear",
        "∥ both",
        "■ a",
        "■ b",
        "○ tell",
        "1. very  if amount > 50",
        "signs: lines",
    ] {
        assert!(plain.contains(name), "{name}: {plain}");
    }
    assert!(marked.contains("✓ bob") && marked.contains("… eve"), "{marked}");
    let picture = svg(&workflow, &rig.instance.marks());
    assert!(picture.contains("采购 &lt;经理&gt; &amp; &quot;Leitung&quot;"), "{picture}");
    assert_eq!(picture.matches("<rect class=\"c done\"").count(), 1);
    assert_eq!(picture.matches("<rect class=\"c waiting\"").count(), 2);
    assert_eq!(picture.matches("<text").count(), picture.matches("</text>").count());
    // Every card is inside of the picture.
    let number = |text: &str, key: &str| {
        let rest = text.split(&format!("{key}=\"")).nth(1)?;
        rest.split('"').next()?.parse::<u32>().ok()
    };
    let (width, height) =
        (number(&picture, "width").unwrap(), number(&picture, " height").unwrap());
    for card in picture.lines().filter(|line| line.starts_with("<rect class")) {
        let all = ["x", "y", "width", " height"].map(|key| number(card, key).unwrap());
        assert!(
            all[0] + all[2] <= width && all[1] + all[3] <= height,
            "{card} in {width}x{height}"
        );
    }
}

#[test]
fn a_good_definition_has_no_finding_and_a_way_without_signature_one() {
    let house = |workflow: gatewarden_workflow::Workflow| Workflows {
        workflows: vec![workflow],
        ..Workflows::default()
    };
    let good = house((*definition()).clone());
    assert_eq!(check(&good, &Roster::default()), []);
    let mut bad = (*definition()).clone();
    bad.steps.remove(0);
    let found = check(&house(bad), &Roster::default());
    assert_eq!(found.iter().map(|one| one.code).collect::<Vec<_>>(), ["unsigned-way"]);
}
