//! `change list` and `change show` of procedures, and `check` beside a ledger, as whoever decides uses them.

use gatewarden_tests::{Gateway, People, Settings};

/// A notice of the house, and one that the house changes.
const BEFORE: &str = "channels = []\n\n[[notices]]\nid = \"held-here\"\ntitle = \"A pass is held\"\non = \"held\"\n\
                      to = [\"role:warehouse-supervisor\"]\nchannels = [\"mail\"]\ntemplate = \"@held\"\n";

fn after() -> String {
    let held = BEFORE.replace("role:warehouse-supervisor", "role:auditor");
    format!("{held}quiet = \"through\"\n\n[hours]\nfrom = \"06:00\"\nto = \"22:00\"\n")
}

#[tokio::test]
async fn what_differs_in_procedures_is_shown_line_by_line_before_a_yes() {
    let more = "\n[procedures]\nnotices = \"notices.toml\"\n\n[[channels]]\nname = \"mail\"\nkind = \"mail\"\n\
                address = \"127.0.0.1:25\"\ntls = \"none\"\nfrom = \"gw@warden.test\"\n";
    let mut gateway =
        Gateway::prepare(Settings { more: more.to_owned(), ..Settings::default() }).await;
    let file = gateway.file("notices.toml", BEFORE);
    gateway.run().await;
    let _people = People::enrol_people(&gateway).await;
    // Everybody but an auditor is enrolled: said at the receivers of the file, once somebody is enrolled at
    // all.
    let _ = gateway.file("notices.toml", &after());
    let told = gateway.cli_ok(&["check"], "");
    let place = format!("{}:7:6: ", file.display());
    let line =
        told.lines().find(|line| line.starts_with(&place)).unwrap_or_else(|| panic!("{told}"));
    assert!(line.contains("nobody is role:auditor"), "{line}");

    assert!(gateway.stop().await.success());
    gateway.run().await;
    let list = gateway.cli_ok(&["change", "list"], "");
    let row =
        list.lines().find(|row| row.contains("\tprocedures\t")).unwrap_or_else(|| panic!("{list}"));
    let id = row.split('\t').next().unwrap();
    assert!(list.contains("    notices: notice held-here changed\n"), "{list}");
    let shown = gateway.cli_ok(&["change", "show", id], "");
    for line in [
        "notices: notice held-here changed\n",
        "  -   - role:warehouse-supervisor\n",
        "  +   - role:auditor\n",
        "  + quiet: through\n",
        "notices: quiet ",
    ] {
        assert!(shown.contains(line), "{line:?} in {shown}");
    }
    assert!(!shown.contains("approval-waiting"), "what stays is not told: {shown}");
}
