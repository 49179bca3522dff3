//! Workflows: what is shipped makes sense, a file's own replace it, and a file with mistakes gets all of them
//! told at once, each at its place.
// A test may fail loudly.
#![allow(clippy::unwrap_used)]

mod surroundings;

use std::path::Path;

use gatewarden_config::{
    CheckedWorkflows, Severity, parse_workflows, render, shipped_kinds, shipped_workflows,
};
use gatewarden_model::{DocumentKind, canonical};
use gatewarden_rules::Schema;
use gatewarden_workflow::{Roster, Workflows};
use surroundings::Surroundings;

/// Line, column and code of each mistake of `workflows.toml` beside this file.
const MANY: &[(u32, u32, &str)] = &[
    (2, 1, "unknown-key"),
    (5, 8, "bad-name"),
    (13, 10, "unknown-choice"),
    (14, 13, "bad-approver"),
    (16, 12, "unknown-kind"),
    (17, 65, "bad-approver"),
    (17, 83, "unknown-choice"),
    (17, 110, "wrong-type"),
    (18, 3, "missing-key"),
    (18, 76, "unknown-choice"),
    (18, 90, "unknown-key"),
    (19, 3, "missing-key"),
    (20, 28, "unknown-fact"),
    (21, 28, "wrong-type"),
    (29, 12, "no-fallback"),
    (34, 129, "bad-threshold"),
    (35, 98, "return-cycle"),
    (36, 100, "unknown-step"),
    (36, 121, "unknown-field"),
    (37, 45, "escalation-cycle"),
    (39, 33, "dead-branch"),
    (41, 30, "duplicate-name"),
    (41, 67, "no-approvers"),
    (41, 87, "unknown-step"),
    (42, 65, "one-lane"),
    (48, 9, "duplicate-kind"),
    (49, 12, "unknown-role"),
    (50, 71, "unknown-role"),
    (50, 71, "unknown-department"),
    (54, 11, "manager-cycle"),
    (59, 11, "manager-cycle"),
    (64, 14, "stands-in-for-himself"),
    (66, 6, "dates-reversed"),
    (71, 8, "bad-day"),
    (75, 14, "bad-offset"),
    (76, 40, "bad-hours"),
    (77, 13, "unknown-choice"),
    (79, 12, "conflict"),
];

fn parsed(text: &str) -> CheckedWorkflows {
    let roles = ["chief", "department-manager"].map(str::to_owned).into();
    let roster = Roster { roles: Some(roles), people: None };
    let path = Path::new("workflows.toml");
    parse_workflows(path, text.as_bytes(), &Surroundings::new(), &Schema::standard(), &roster)
}

#[test]
fn all_mistakes_are_told_at_their_place() {
    let checked = parsed(include_str!("workflows.toml"));
    let told = render(&checked.mistakes, &checked.source);
    assert!(checked.workflows.is_none());
    let found: Vec<_> = checked.mistakes.iter().map(|m| (m.line, m.column, m.code)).collect();
    assert_eq!(found, MANY, "{told}");
    assert!(MANY.len() >= 20);
    assert!(told.contains("unknown fact \"document.amout\""), "{told}");
    assert!(told.contains("did you mean \"role:chief\"?"), "{told}");
}

#[test]
fn every_kind_of_document_finds_its_workflow() {
    let workflows = shipped_workflows();
    for kind in &shipped_kinds().kinds {
        let Some(name) = &kind.workflow else { continue };
        let named = workflows.named(name).unwrap_or_else(|| panic!("no workflow {name}"));
        let of_kind = workflows.of_kind(kind.kind).unwrap();
        assert_eq!(named.name, of_kind.name, "{}", kind.kind.name());
    }
    assert!(workflows.named("count-difference").is_some());
}

#[test]
fn a_file_replaces_what_it_names_and_leaves_the_rest() {
    let checked = parsed(
        "[[workflows]]\nname = \"requisition\"\ntitle = \"Ours\"\nkinds = [\"requisition\", \"transfer-order\"]\n\
         fallback = [\"role:chief\"]\nsteps = [{ kind = \"approve\", name = \"one\", title = \"One\", \
         approvers = [\"role:chief\"] }]\n",
    );
    let errors = checked.mistakes.iter().filter(|one| one.severity == Severity::Error);
    assert_eq!(errors.count(), 0, "{}", render(&checked.mistakes, &checked.source));
    let workflows = checked.workflows.unwrap();
    assert_eq!(workflows.of_kind(DocumentKind::Requisition).unwrap().title, "Ours");
    assert_eq!(workflows.of_kind(DocumentKind::TransferOrder).unwrap().title, "Ours");
    assert_eq!(workflows.workflows.len(), shipped_workflows().workflows.len());
    let bytes = canonical::encode(&workflows).unwrap();
    assert_eq!(
        canonical::decode::<Workflows>(&bytes).unwrap(),
        workflows,
        "the journal keeps them"
    );
}

#[test]
fn steps_nested_without_end_are_refused() {
    let step = "{ kind = \"approve\", name = \"x\", title = \"x\", approvers = [\"role:chief\"] }"
        .to_owned();
    let nested = |depth: usize| {
        (0..depth).fold(step.clone(), |inner, level| {
            format!(
                "{{ kind = \"branch\", name = \"b{level}\", title = \"b\", cases = [{{ title = \"c\", when = \
                 \"document.version > 1\", steps = [{inner}] }}], otherwise = [] }}"
            )
        })
    };
    let file = |depth| {
        let (step, first) = (
            nested(depth),
            "{ kind = \"approve\", name = \"y\", title = \"y\", approvers = [\"role:chief\"] }",
        );
        format!(
            "[[workflows]]\nname = \"deep\"\ntitle = \"Deep\"\nfallback = [\"role:chief\"]\nsteps = [{first}, {step}]\n"
        )
    };
    assert!(parsed(&file(5)).workflows.is_some(), "{}", parsed(&file(5)).mistakes[0]);
    for depth in [6, 15, 60, 2_000] {
        let checked = parsed(&file(depth));
        assert!(checked.workflows.is_none(), "{depth}");
        let codes = ["bad-nesting", "syntax"];
        assert!(checked.mistakes.iter().any(|one| codes.contains(&one.code)), "{depth}");
    }
    let bytes = canonical::encode(&parsed(&file(5)).workflows.unwrap());
    assert!(bytes.is_ok(), "as deep as may be is kept");
}
