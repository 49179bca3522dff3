//! `[access]` and the limits of roles: what they come to, and each mistake at its place.
// A test may fail loudly.
#![allow(clippy::unwrap_used)]

mod surroundings;

use std::path::Path;

use gatewarden_config::{Checked, Severity, parse, parse_policies};
use gatewarden_model::{Action, ItemClass, Limit, Module};
use surroundings::Surroundings;

const HEAD: &str =
    "[gateway]\nname = \"gw\"\n[[locations]]\npath = \"wh2\"\nkind = \"warehouse\"\n";

fn checked(text: &str) -> Checked {
    parse(Path::new("gateway.toml"), format!("{HEAD}{text}").as_bytes(), &Surroundings::new())
}

/// `line:column code` of every mistake.
fn found(text: &str) -> Vec<String> {
    let mistakes = checked(text).mistakes;
    mistakes.iter().map(|m| format!("{}:{} {}", m.line, m.column, m.code)).collect()
}

#[test]
fn a_junior_storekeeper_is_limited_as_he_is_written() {
    let checked = checked(
        "[access]\ntemplate = \"make-to-order\"\n[roles.junior]\ntitle = \"Issues small things.\"\n\
         grants.outbound = [\"view\", \"execute\"]\n[[roles.junior.limits]]\nmodules = [\"outbound\"]\n\
         actions = [\"execute\"]\nwarehouses = [\"wh2\"]\nclasses_except = [\"A\"]\n\
         amount_max = \"5000\"\ntwo_persons = true\n",
    );
    assert_eq!(checked.mistakes, []);
    let config = checked.config.unwrap();
    let expected = Limit {
        modules: vec![Module::Outbound],
        actions: vec![Action::Execute],
        warehouses: Some(vec!["wh2".to_owned()]),
        classes_except: Some(vec![ItemClass::A]),
        amount_max: Some("5000".parse().unwrap()),
        two_persons: true,
        ..Limit::default()
    };
    assert_eq!(config.roles.0["junior"].limits, [expected]);
    assert!(config.roles.0.contains_key("finance-director"), "the template is built on");
    assert!(!config.roles.0.contains_key("sales-assistant"), "and not the default matrix");
}

#[test]
fn each_mistake_in_a_limit_stands_at_its_place() {
    let limit = "[roles.x]\ntitle = \"X.\"\ngrants.outbound = [\"execute\"]\n[[roles.x.limits]]\n\
                 modules = [\"outbound\"]\nactions = [\"execute\"]\n";
    for (line, expected) in [
        ("warehouses = [\"wh2\"]", vec![]),
        ("warehouses = [\"wh1\"]", vec!["12:15 unknown-warehouse"]),
        ("warehouses = [\"wh2/a\"]", vec!["12:15 bad-warehouse"]),
        ("stations = [\"dock-9\"]", vec!["12:13 unknown-station"]),
        ("classes = []", vec!["12:11 empty-limit"]),
        ("classes = [\"D\"]", vec!["12:12 unknown-choice"]),
        ("document_kinds = [\"invoice\"]", vec!["12:19 unknown-choice"]),
        ("amount_max = \"-1\"", vec!["12:14 bad-amount"]),
        ("amount = \"5\"", vec!["12:1 unknown-key"]),
        ("two_persons = false", vec!["9:1 empty-limit"]),
    ] {
        let mut expected: Vec<String> = expected.into_iter().map(str::to_owned).collect();
        let mut found = found(&format!("{limit}{line}\n"));
        expected.sort();
        found.sort();
        assert_eq!(found, expected, "{line}");
    }
    let unused = checked(
        &limit.replace("actions = [\"execute\"]", "actions = [\"view\"]\ntwo_persons = true"),
    );
    let [mistake] = &unused.mistakes[..] else { panic!("{:?}", unused.mistakes) };
    assert_eq!((mistake.code, mistake.severity), ("unused-limit", Severity::Warning));
}

#[test]
fn raw_cedar_is_read_once_and_what_can_not_be_read_is_told() {
    let config = checked("[access]\ncedar = [\"policies/a.cedar\", \"b.cedar\"]\n").config.unwrap();
    let texts: Vec<&str> = config.access.cedar.iter().map(|file| file.text.as_str()).collect();
    assert_eq!(texts, ["credential a.cedar\n", "credential b.cedar\n"]);
    assert_eq!(config.access.cedar_text(), "credential a.cedar\n\ncredential b.cedar\n");
    assert_eq!(found("[access]\ncedar = [\"a.cedar\", \"a.cedar\"]\n"), ["7:21 duplicate-name"]);
    assert_eq!(found("[access]\ncedar = [\"missing.cedar\"]\n"), ["7:10 unreadable"]);
    assert_eq!(found("[access]\ntemplate = \"make-to-ordr\"\n"), ["7:12 unknown-choice"]);
}

#[test]
fn policies_are_read_without_a_gateway() {
    let text = "[access]\ntemplate = \"make-to-stock\"\n[roles.x]\ntitle = \"X.\"\n\
                grants.sales = [\"view\"]\n";
    let path = Path::new("policies.toml");
    let checked = parse_policies(path, text.as_bytes(), &Surroundings::new());
    let (roles, section) = checked.policies.unwrap();
    assert_eq!(section.template, "make-to-stock");
    assert_eq!(roles.0["x"].grants[&Module::Sales], [Action::View]);
    let bad = parse_policies(path, b"[gateway]\nname = \"x\"\n", &Surroundings::new());
    assert!(bad.policies.is_none());
    assert_eq!(bad.mistakes[0].code, "unknown-key");
}
