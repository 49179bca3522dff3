//! The kinds of document: what is shipped has all that the house needs, and a file with mistakes gets all of
//! them told at once, each at its place.
// A test may fail loudly.
#![allow(clippy::unwrap_used)]

mod surroundings;

use std::{collections::BTreeSet, path::Path};

use gatewarden_config::{
    check_workflows, documents_schema, parse_kinds, render, shipped_kinds, shipped_kinds_text,
    shipped_workflows,
};
use gatewarden_documents::{
    Kinds,
    kinds::{Execution, OverAct, PlaceClass},
};
use gatewarden_model::{Action, DocumentKind, Location, Module};
use gatewarden_stock::kinds as stock;
use surroundings::Surroundings;

/// Line, column and code of each mistake of `documents.toml` beside this file.
const MANY: &[(u32, u32, &str)] = &[
    (3, 8, "unknown-choice"),
    (5, 10, "bad-number"),
    (6, 45, "bad-right"),
    (7, 13, "unknown-choice"),
    (9, 1, "legs-missing"),
    (9, 1, "workflow-missing"),
    (12, 10, "bad-number"),
    (15, 26, "lines-range"),
    (15, 40, "quantity-rule"),
    (17, 1, "workflow-missing"),
    (17, 1, "partner-missing"),
    (21, 132, "wrong-module"),
    (23, 26, "lines-range"),
    (24, 60, "leg-empty"),
    (24, 79, "unknown-choice"),
    (24, 117, "unknown-choice"),
    (24, 144, "leg-kind"),
    (25, 47, "links-range"),
    (25, 59, "duplicate-link"),
    (26, 20, "misleading-state"),
    (26, 76, "unreachable-state"),
    (27, 65, "unknown-state"),
    (28, 9, "count-unused"),
    (29, 31, "out-of-range"),
    (32, 8, "duplicate-kind"),
    (37, 1, "unknown-key"),
    (44, 11, "field-range"),
    (45, 11, "field-choice"),
    (46, 8, "unused-key"),
    (49, 8, "duplicate-field"),
    (54, 11, "field-day"),
    (60, 7, "wrong-type"),
    (61, 11, "classes-unused"),
    (64, 8, "duplicate-field"),
    (69, 7, "field-range"),
];

type Parsed = (Vec<(u32, u32, &'static str)>, Option<Kinds>, String);

fn parsed(text: &str) -> Parsed {
    let checked = parse_kinds(Path::new("documents.toml"), text.as_bytes(), &Surroundings::new());
    let told = render(&checked.mistakes, &checked.source);
    (checked.mistakes.iter().map(|m| (m.line, m.column, m.code)).collect(), checked.kinds, told)
}

#[test]
fn all_mistakes_are_told_at_their_place() {
    let (mistakes, kinds, told) = parsed(include_str!("documents.toml"));
    assert!(kinds.is_none());
    assert_eq!(mistakes, MANY, "{told}");
}

#[test]
fn a_count_that_runs_is_not_amended() {
    let amend = |until: &str| {
        let counted = format!("amend = \"{until}\"\ncount = {{");
        parsed(&shipped_kinds_text().replacen("\ncount = {", &format!("\n{counted}"), 1)).0
    };
    assert_eq!(amend("approved"), []);
    let codes: Vec<_> = amend("in-execution").into_iter().map(|(.., code)| code).collect();
    assert_eq!(codes, ["amend-counted"]);
}

#[test]
fn every_kind_is_shipped_and_its_definitions_have_canonical_bytes() {
    let kinds = shipped_kinds();
    for kind in DocumentKind::ALL {
        assert!(kinds.of(kind).is_some(), "{} is missing", kind.name());
    }
    assert!(kinds.faults().is_empty());
    let bytes = kinds.to_bytes().unwrap();
    assert_eq!(Kinds::from_bytes(&bytes).unwrap(), kinds);
    assert!(Kinds::from_bytes(&[&bytes[..], b" "].concat()).is_err());
}

#[test]
fn what_moves_stock_is_signed_and_goes_ways_that_its_movement_has() {
    let sample = |class: &PlaceClass| match class {
        PlaceClass::Physical => vec!["wh1/a", "wh1/b"],
        PlaceClass::Supplier => vec!["@supplier/x"],
        PlaceClass::Customer => vec!["@customer/x"],
        PlaceClass::Production => vec!["@production/x"],
        PlaceClass::Subcontractor => vec!["@subcontractor/x"],
        PlaceClass::Loss => vec!["@loss"],
        PlaceClass::Transit => vec!["@transit"],
    };
    let places = |classes: &[PlaceClass]| -> Vec<Location> {
        classes.iter().flat_map(sample).map(|place| place.parse().unwrap()).collect()
    };
    for kind in shipped_kinds().kinds {
        let moves = matches!(kind.execution, Execution::Task | Execution::Posting);
        assert_eq!(moves, !kind.legs.is_empty(), "{}", kind.title);
        assert!(!moves || kind.workflow.is_some(), "{}", kind.title);
        for leg in &kind.legs {
            let any = places(&leg.from).iter().any(|from| {
                places(&leg.to).iter().any(|to| stock::check(leg.movement, from, to).is_ok())
            });
            assert!(any, "{}: {leg:?}", kind.title);
        }
    }
}

#[test]
fn duties_stay_apart_in_the_rights_of_kinds() {
    let kinds = shipped_kinds();
    for kind in &kinds.kinds {
        let rights = &kind.rights;
        assert_eq!(rights.approve.action, Action::Approve, "{}", kind.title);
        assert_eq!(rights.view.action, Action::View, "{}", kind.title);
        assert_ne!(rights.create, rights.approve, "{}", kind.title);
        assert!(!matches!(rights.create.action, Action::Execute | Action::Approve));
    }
    let of = |kind| kinds.of(kind).unwrap();
    let order = of(DocumentKind::PurchaseOrder);
    assert_eq!(order.rights.create.module, Module::Purchase, "a buyer orders");
    assert_eq!(order.rights.execute.module, Module::Inbound, "and never receives");
    assert_eq!(order.tolerance.over, OverAct::Hold);
    let bom = of(DocumentKind::Bom);
    assert_eq!(bom.made_by, Some(DocumentKind::EngineeringChange));
    let requisition = of(DocumentKind::Requisition);
    let to_order = requisition.link_rule(DocumentKind::WorkOrder, false).unwrap();
    assert_eq!((to_order.min, to_order.open), (1, true), "no requisition without its work order");
    assert!(requisition.link_rule(DocumentKind::Bom, false).unwrap().digest);
    let count = of(DocumentKind::CountOrder).count.as_ref().unwrap();
    assert!(count.blind && count.freeze);
    assert_eq!(of(DocumentKind::Inspection).sampling.as_ref().unwrap().aql_thousandths, 1_000);
}

#[test]
fn a_house_stands_on_what_is_shipped_or_alone() {
    let own = "[[kinds]]\nkind = \"unit\"\ntitle = \"Ours\"\nnumber = \"U{seq:4}\"\nexecution = \"master\"\n\
               rights = { view = \"item:view\", create = \"item:create\", modify = \"item:modify\", \
               approve = \"item:approve\", execute = \"item:modify\" }\n\
               [[fields]]\nname = \"colour\"\ntitle = \"Colour\"\non = \"line\"\ntype = \"choice\"\n\
               choices = [\"red\", \"blue\"]\nclasses = [\"A\"]\n";
    let (mistakes, kinds, told) = parsed(own);
    assert!(mistakes.is_empty(), "{told}");
    let (kinds, shipped) = (kinds.unwrap(), shipped_kinds());
    assert_eq!(kinds.kinds.len(), shipped.kinds.len());
    assert_eq!(kinds.of(DocumentKind::Unit).unwrap().title, "Ours");
    assert_eq!(kinds.fields.len(), shipped.fields.len() + 1);
    let (_, alone, _) = parsed(&format!("defaults = false\n{own}"));
    let alone = alone.unwrap();
    assert_eq!((alone.kinds.len(), alone.fields.len()), (1, 1));
    let (mistakes, none, _) = parsed("defaults = maybe");
    assert!(none.is_none() && mistakes[0].2 == "syntax");
}

#[test]
fn the_shipped_file_is_valid_by_its_schema_and_one_with_mistakes_is_not() {
    let validator = jsonschema::validator_for(&documents_schema()).unwrap();
    let json =
        |text: &str| serde_json::to_value(toml::from_str::<toml::Table>(text).unwrap()).unwrap();
    let errors: Vec<String> = validator
        .iter_errors(&json(shipped_kinds_text()))
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:?}");
    assert!(validator.iter_errors(&json(include_str!("documents.toml"))).count() > 3);
}

#[test]
fn a_workflow_that_there_is_none_of_is_told_where_it_is_named() {
    let workflows = shipped_workflows().workflows;
    let known: Vec<&str> = workflows.iter().map(|one| one.name.as_str()).collect();
    let told = |text: &str, known: &[&str]| {
        let (path, env) = (Path::new("documents.toml"), Surroundings::new());
        let kinds = parse_kinds(path, text.as_bytes(), &env).kinds.unwrap();
        let found = check_workflows(path, text.as_bytes(), &env, (&kinds, known));
        found.into_iter().map(|one| (one.line, one.code, one.message)).collect::<Vec<_>>()
    };
    assert_eq!(told("", &known), [], "every shipped kind is approved by a shipped workflow");
    let used: BTreeSet<String> = shipped_kinds()
        .kinds
        .into_iter()
        .flat_map(|kind| kind.workflow.into_iter().chain(kind.count.map(|count| count.workflow)))
        .collect();
    assert_eq!(
        used,
        known.iter().map(|name| (*name).to_owned()).collect(),
        "and each has its kinds"
    );
    let own = shipped_kinds_text().replacen("\nworkflow = \"scrap\"", "\nworkflow = \"scrp\"", 1);
    let found = told(&own, &known);
    assert_eq!(found.len(), 1, "{found:?}");
    let line = own.lines().position(|line| line == "workflow = \"scrp\"").unwrap() + 1;
    assert_eq!((found[0].0 as usize, found[0].1), (line, "unknown-workflow"));
    let without: Vec<&str> =
        known.iter().copied().filter(|name| *name != "count-difference").collect();
    let found = told("", &without);
    assert_eq!(found.len(), 1);
    assert!(found[0].2.contains("workflow of a count order"), "{found:?}");
}

/// Between the same places there may be several ways: a line that says nothing takes the one that asks for nothing.
#[test]
fn a_line_takes_the_way_that_it_says() {
    let kinds = shipped_kinds();
    let kind = kinds.of(DocumentKind::PackingList).unwrap();
    let movement = |more: &str| {
        let line =
            format!(r#"{{"line": 10, "item": "BOLT", "quantity": 1, "from": "wh1/a"{more}}}"#);
        kind.leg(&serde_json::from_str(&line).unwrap()).map(|leg| leg.movement.name())
    };
    assert_eq!(movement(""), Some("shipment"));
    assert_eq!(movement(r#", "to": "wh1/a""#), Some("pack"));
    assert_eq!(movement(r#", "to": "wh1/a", "custom": {"way": "unpack"}"#), Some("unpack"));
    assert_eq!(movement(r#", "to": "@customer/C", "custom": {"way": "unpack"}"#), None);
}

#[test]
fn what_brings_back_names_what_moved_it() {
    let text = shipped_kinds_text().replace(r#"sources = ["receipt","#, r#"sources = ["bom","#);
    let (mistakes, kinds, told) = parsed(&text);
    assert!(kinds.is_none());
    assert!(mistakes.iter().any(|(_, _, code)| *code == "source-unlinked"), "{told}");
}
