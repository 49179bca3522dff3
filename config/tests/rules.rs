//! Rules in a file: what is right becomes rules, and every mistake of a file is told at once, at its place.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

use std::{path::Path, sync::Arc};

use gatewarden_config::{CheckedRules, SystemEnvironment, parse_rules, shipped_rules};
use gatewarden_model::{Scalar, canonical};
use gatewarden_rules::{RuleDefinitions, RuleSet, Schema};

fn parse(text: &str) -> CheckedRules {
    let schema = Schema::standard();
    parse_rules(Path::new("rules.toml"), text.as_bytes(), &SystemEnvironment, &schema)
}

fn good(text: &str) -> RuleDefinitions {
    let checked = parse(text);
    checked.rules.unwrap_or_else(|| panic!("{:#?}", checked.mistakes))
}

#[test]
fn shipped_rules_are_ready_and_have_canonical_bytes() {
    let rules = shipped_rules();
    let set = RuleSet::new(Arc::new(rules.clone()), &Schema::standard()).unwrap();
    assert_eq!(set.scheduled().count(), 3);
    let bytes = canonical::encode(&rules).unwrap();
    assert_eq!(canonical::decode::<RuleDefinitions>(&bytes).unwrap(), rules);
    let limit = &set.rule("over-limit").unwrap().definition.params["limit"];
    assert_eq!(*limit, Scalar::Integer(50_000_000), "5,000 in ten-thousandths");
}

#[test]
fn a_house_changes_a_number_takes_a_rule_out_and_adds_its_own() {
    let rules = good(
        r#"
[history]
turn_h = 48
near = { amount = "8000" }

[[rules]]
id = "over-limit"
amounts = { limit = "8000" }

[[rules]]
id = "outside-hours"
off = true

[[rules]]
id = "big-transfer"
title = "A big transfer."
when = "before"
on = ["submit"]
scope = { document_kinds = ["transfer-order"], classes = ["A"], items = ["GOLD"], warehouses = ["wh1"] }
[rules.table]
columns = ["document.amount", "session.second"]
rows = [
    { cells = ["> amount(\"90000\")", "-"], then = [{ kind = "refuse", reason = "Too much at once." }] },
    { cells = ["> amount(\"9000\")", "false"], then = [{ kind = "second-person" }, { kind = "step-up", level = 3 }] },
]
otherwise = []
"#,
    );
    let shipped = shipped_rules();
    assert_eq!(rules.rules.len(), shipped.rules.len());
    let of = |rules: &RuleDefinitions, id: &str| rules.rules.iter().find(|r| r.id == id).cloned();
    let (mine, theirs) = (of(&rules, "over-limit").unwrap(), of(&shipped, "over-limit").unwrap());
    assert_eq!(mine.params["limit"], Scalar::Integer(80_000_000));
    assert_eq!((mine.condition, mine.then), (theirs.condition, theirs.then));
    assert_eq!(of(&rules, "outside-hours"), None);
    assert_eq!(of(&rules, "big-transfer").unwrap().table.unwrap().rows.len(), 2);
    assert_eq!((rules.history.turn_h, rules.history.near.under_permille), (48, 300));
    assert_eq!(good("defaults = false").rules, []);
}

#[test]
fn twenty_mistakes_are_told_at_once_each_at_its_place() {
    let text = r#"
[history]
turn_h = 0
working = { days = [1, 9], from = "8", until = "17:00" }

[[rules]]
id = "one"
title = "One."
when = "before"
on = ["submitt", "moved"]
if = "document.amuont > param.limt && item.klass == \"größe\" && itme.code == \"x\""
then = [{ kind = "flag" }, { kind = "aprover", approver = "role:x" }]

[[rules]]
id = "two"
title = "Two."
when = "after"
cron = "0 6 * * *"
if = '''
document.kind == "a"
&& document.amount > 5.5
'''
then = [{ kind = "refuse", reason = "Too late." }, { kind = "notify", to = ["somebody"] }]

[[rules]]
id = "three"
when = "schedule"
if = "1 / 0 > 1"
key = ["document.numbr"]

[[rules]]
id = "four"
title = "Four."
when = "schedule"
cron = "every day"
if = "true"
then = [{ kind = "flag" }]

[[rules]]
id = "five"
title = "Five."
when = "before"
[rules.table]
columns = ["document.amount", "item.clas"]
rows = [
    { cells = ["> 5"], then = [{ kind = "flag" }] },
]

[[rules]]
id = "six"
title = "Six."
when = "before"
table = { columns = ["document.amount"], rows = [{ cells = ["> time.huor"], then = [{ kind = "flag" }] }], otherwise = [] }

[[rules]]
id = "over-limt"
off = true
"#;
    let checked = parse(text);
    assert!(checked.rules.is_none());
    let lines: Vec<&str> = text.lines().collect();
    let found: Vec<(u32, &str, String)> = checked
        .mistakes
        .iter()
        .map(|m| {
            let line = lines[m.line as usize - 1].chars().skip(m.column as usize - 1);
            (m.line, m.code, line.take(m.width as usize).collect())
        })
        .collect();
    let told: Vec<String> = found.iter().map(|(l, c, t)| format!("{l} {c} {t}")).collect();
    for expect in [
        "3 out-of-range 0",
        "4 out-of-range 9",
        "4 bad-clock \"8\"",
        "10 unknown-event \"submitt\"",
        "10 unknown-event \"moved\"",
        "28 division-by-zero 0",
        "43 missing-key [rules.table]",
        "11 unknown-fact document.amuont",
        "11 unknown-parameter param.limt",
        "11 unknown-fact item.klass",
        "11 unknown-fact itme.code",
        "12 unknown-kind \"aprover\"",
        "21 float 5.5",
        "18 no-cron \"0 6 * * *\"",
        "35 bad-cron \"every day\"",
        "25 missing-key [[rules]]",
        "53 unknown-fact time.huor",
        "56 unknown-rule \"over-limt\"",
    ] {
        assert!(told.iter().any(|one| one == expect), "{expect} is not among\n{}", told.join("\n"));
    }
    assert!(told.len() >= 20, "{}", told.join("\n"));
    let hint = checked.mistakes.iter().find(|m| m.message.contains("amuont")).unwrap();
    assert_eq!(hint.hint.as_deref(), Some("did you mean document.amount?"));
}
