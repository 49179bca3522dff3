//! A house with mistakes in every file is told all of them in one run: those that follow from several files too, and
//! none that only follow from another.
// A test may fail loudly.
#![allow(clippy::unwrap_used)]

use std::{collections::BTreeMap, io, path::Path};

use gatewarden_config::{Checked, Environment, check, render_files};

/// Files by name.
struct Files(BTreeMap<&'static str, String>);

impl Environment for Files {
    fn var(&self, _: &str) -> Option<String> {
        None
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let text = self.0.get(path.to_str().unwrap()).ok_or(io::ErrorKind::NotFound)?;
        Ok(text.as_bytes().to_vec())
    }

    fn credentials_dir(&self) -> Option<std::path::PathBuf> {
        None
    }
}

const GATEWAY: &str = r#"
[gateway]
name = "Gate One"
listen = "localhost:8420"

[access]
template = "make-to-order"

[roles.chief]
title = "Chief"
grants.outbound = ["view", "aprove"]

[[channels]]
name = "mail"
kind = "mial"

[procedures]
documents = "documents.toml"
workflows = "workflows.toml"
rules = "rules.toml"
notices = "notices.toml"
surplus = 1
"#;

const DOCUMENTS: &str = r#"
[[kinds]]
kind = "requisition"
title = "Material requisition"
number = "MR-{year"
rights = { view = "outbound:view", create = "outbound:request", modify = "outbound:request", approve = "outbound:approve", execute = "outbound:execute" }
workflow = "requisitoin"
execution = "task"
lines = { min = 1, max = 2 }
legs = [{ movement = "issue", from = ["physical"], to = ["loss"] }]

[[kinds]]
kind = "transfer-order"
title = "Transfer"
number = "TO-{year}-{seq:4}"
rights = { view = "transfer:view", create = "transfer:create", modify = "transfer:modify", approve = "transfer:approve", execute = "transfer:execute" }
workflow = "broken"
execution = "task"
lines = { min = 5, max = 2 }
legs = [{ movement = "transfer", from = ["physical"], to = ["physical"] }]

[[fields]]
name = "colour"
title = "Colour"
kinds = ["requisition"]
type = "txt"

[[fields]]
name = "weight"
title = "Weight"
kinds = ["requisition"]
type = "integer"
"#;

const WORKFLOWS: &str = r#"
[[workflows]]
name = "requisition"
title = "Requisition"
kinds = ["requisition"]
fallback = ["role:chief"]
steps = [
  { kind = "branch", name = "red", title = "Red?", cases = [
    { title = "red", when = "document.custom.colour == 'red'", steps = [] },
    { title = "heavy", when = "document.custom.weight > 5 && document.custom.wieght > 1", steps = [] },
  ], otherwise = [] },
  { kind = "approve", name = "one", title = "One", approvers = ["role:cheif"] },
]

[[workflows]]
name = "broken"
title = "Broken"
kinds = ["transfer-order"]
fallback = ["role:chief"]
steps = [{ kind = "aprove", name = "one", title = "One", approvers = ["role:chief"] }]

[calendar]
hours = ["noon"]
"#;

const RULES: &str = r#"
[[rules]]
id = "red"
title = "Red."
when = "before"
on = ["submitt"]
if = "document.custom.colour == 'red'"
then = [{ kind = "flag" }]

[[rules]]
id = "zero"
title = "Zero."
when = "before"
on = ["submit"]
if = "document.amuont > 5"
then = [{ kind = "refuse" }]
"#;

const NOTICES: &str = r#"
[[notices]]
id = "red"
title = "Something red"
on = "rule-fired"
rules = ["red", "reed"]
to = ["role:cheif", "role:chief"]
channels = ["mail", "mial"]
template = "@nothing"
"#;

/// File, line, column and code of each.
const MANY: &[(&str, u32, u32, &str)] = &[
    ("gateway.toml", 3, 8, "bad-name"),
    ("gateway.toml", 4, 10, "bad-address"),
    ("gateway.toml", 11, 28, "unknown-action"),
    ("gateway.toml", 15, 8, "unknown-kind"),
    ("gateway.toml", 22, 1, "unknown-key"),
    ("documents.toml", 5, 10, "bad-number"),
    ("documents.toml", 7, 12, "unknown-workflow"),
    ("documents.toml", 19, 26, "lines-range"),
    ("documents.toml", 26, 8, "unknown-choice"),
    ("workflows.toml", 10, 62, "unknown-fact"),
    ("workflows.toml", 12, 64, "unknown-role"),
    ("workflows.toml", 20, 19, "unknown-kind"),
    ("workflows.toml", 23, 10, "bad-hours"),
    ("rules.toml", 6, 7, "unknown-event"),
    ("rules.toml", 15, 7, "unknown-fact"),
    ("rules.toml", 16, 9, "missing-key"),
    ("notices.toml", 6, 17, "unknown-rule"),
    ("notices.toml", 7, 7, "unknown-role"),
    ("notices.toml", 8, 21, "unknown-channel"),
    ("notices.toml", 9, 12, "unknown-template"),
];

fn house(files: &[(&'static str, &str)]) -> Checked {
    let files = files.iter().map(|(name, text)| (*name, (*text).to_owned())).collect();
    check(Path::new("gateway.toml"), &Files(files))
}

fn found(checked: &Checked) -> Vec<(String, u32, u32, &'static str)> {
    let of =
        |m: &gatewarden_config::Mistake| (m.file.display().to_string(), m.line, m.column, m.code);
    checked.mistakes.iter().map(of).collect()
}

#[test]
fn all_mistakes_of_all_files_are_told_in_one_round() {
    let checked = house(&[
        ("gateway.toml", GATEWAY),
        ("documents.toml", DOCUMENTS),
        ("workflows.toml", WORKFLOWS),
        ("rules.toml", RULES),
        ("notices.toml", NOTICES),
    ]);
    let told = render_files(&checked.mistakes, &checked.sources);
    assert!(checked.config.is_none());
    let found = found(&checked);
    let found: Vec<_> = found.iter().map(|(f, l, c, code)| (f.as_str(), *l, *c, *code)).collect();
    assert_eq!(found, MANY, "{told}");
    assert!(found.len() >= 20, "{}", found.len());
    for one in &checked.mistakes {
        assert!(!one.expected.is_empty() && one.line > 0 && one.column > 0, "{one}");
    }
}

/// A good house but for what the change makes of it, and what is told then.
fn told(workflows: &str, more: &str) -> Vec<(String, u32, u32, &'static str)> {
    let gateway = format!(
        "[gateway]\nname = \"gate\"\n[access]\ntemplate = \"make-to-order\"\n{more}\n[procedures]\n\
         workflows = \"workflows.toml\"\n"
    );
    let mut all = found(&house(&[("gateway.toml", &gateway), ("workflows.toml", workflows)]));
    // Whom notices reach is another matter.
    all.retain(|(.., code)| *code != "no-channel");
    all
}

fn flow(approvers: &str) -> String {
    format!(
        "[[workflows]]\nname = \"requisition\"\ntitle = \"Ours\"\nkinds = [\"requisition\"]\n\
         fallback = [\"role:department-manager\"]\nsteps = [{{ kind = \"approve\", name = \"one\", title = \
         \"One\", approvers = [{approvers}] }}]\n"
    )
}

#[test]
fn whoever_is_asked_to_sign_has_a_role_that_may() {
    let at = |code| vec![("workflows.toml".to_owned(), 2, 8, code)];
    assert_eq!(told(&flow("\"role:department-manager\""), ""), []);
    // A storekeeper hands out what others approve.
    assert_eq!(told(&flow("\"role:storekeeper\""), ""), at("no-signer"));
    let both = flow("\"role:storekeeper\", \"role:department-manager\"");
    assert_eq!(told(&both, ""), at("no-right-to-sign"));
    assert_eq!(
        told(&flow("\"role:storekeeper\", \"field:requester\""), ""),
        at("no-right-to-sign")
    );
    let granted = "[roles.keeper]\ntitle = \"Keeper\"\ngrants.outbound = [\"view\", \"approve\"]\n";
    assert_eq!(told(&flow("\"role:keeper\""), granted), []);
    let of_default = house(&[("gateway.toml", "[gateway]\nname = \"gate\"\n[procedures]\n")]);
    let mut told = found(&of_default);
    told.retain(|(.., code)| *code != "no-channel");
    assert_eq!(told, [("gateway.toml".to_owned(), 3, 1, "no-right-to-sign")]);
    assert!(of_default.config.is_some(), "a warning");
}
