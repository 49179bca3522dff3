//! A file with mistakes gets all of them told in one run, each at its place; and each kind of
//! mistake is known by its code.
// A test may fail loudly.
#![allow(clippy::unwrap_used)]

mod surroundings;

use std::path::Path;

use gatewarden_config::{
    CONFIG_BYTES_MAX, Checked, MISTAKES_MAX, Severity, SystemEnvironment, check, load, parse,
    render,
};
use gatewarden_model::{Action, ItemClass, Module, MovementKind};
use surroundings::Surroundings;

const MANY: &[(u32, u32, &str)] = &[
    (3, 8, "bad-name"),
    (4, 10, "bad-address"),
    (8, 17, "conflict"),
    (13, 10, "bad-gtin"),
    (16, 8, "duplicate-name"),
    (17, 8, "bad-text"),
    (21, 24, "unknown-device"),
    (22, 10, "unknown-key"),
    (26, 12, "shared-device"),
    (32, 11, "out-of-range"),
    (37, 11, "address-in-use"),
    (38, 12, "wrong-type"),
    (42, 8, "unknown-kind"),
    (45, 1, "missing-key"),
    (50, 9, "coil-in-use"),
    (55, 7, "bad-url"),
    (56, 10, "plain-secret"),
    (64, 21, "unreadable-secret"),
    (69, 8, "unknown-module"),
    (70, 20, "unknown-action"),
    (73, 12, "bad-currency"),
    (74, 10, "unknown-choice"),
    (79, 29, "bad-ratio"),
    (79, 47, "duplicate-unit"),
    (80, 12, "unknown-choice"),
    (83, 8, "look-alike"),
    (88, 8, "bad-nesting"),
    (91, 8, "no-parent"),
    (95, 8, "bad-location"),
    (99, 8, "unknown-kind"),
    (105, 8, "unknown-item"),
    (107, 10, "conflict"),
    (110, 8, "duplicate-account"),
    (111, 8, "unknown-item"),
];

fn parsed(text: &str) -> Checked {
    parse(Path::new("gateway.toml"), text.as_bytes(), &Surroundings::new())
}

fn found(checked: &Checked) -> Vec<(u32, u32, &'static str)> {
    checked.mistakes.iter().map(|m| (m.line, m.column, m.code)).collect()
}

#[test]
fn many_mistakes_are_told_in_one_run_each_at_its_place() {
    let checked = parsed(include_str!("mistakes.toml"));
    assert!(checked.config.is_none());
    assert_eq!(found(&checked), MANY, "{}", render(&checked.mistakes, &checked.source));
    assert_eq!(MANY.len(), 34);
    assert!(checked.mistakes.iter().all(|m| m.severity == Severity::Error));
}

#[test]
fn mistakes_are_printed_with_their_line_and_a_caret() {
    let checked = parsed(include_str!("mistakes.toml"));
    let printed = render(&checked.mistakes, &checked.source);
    let expect = concat!(
        "gateway.toml:22:10: unknown key \"quite_ms\" (expected one of quiet_ms, ",
        "duration_ms_max, linger_ms; did you mean \"quiet_ms\"?)\n",
        " 22 | pass = { quite_ms = 1500 }\n",
        "    |          ^^^^^^^^\n",
    );
    assert!(printed.contains(expect), "{printed}");
    assert!(!printed.contains("hunter2"), "a secret is never printed");
    assert!(printed.contains("| secret = ***\n"), "{printed}");
    let json = serde_json::to_value(&checked.mistakes).unwrap();
    assert_eq!(json[0]["severity"], "error");
    assert_eq!(json[0]["code"], "bad-name");
    assert_eq!(json[0]["hint"], "such as \"gate-one\"");
    assert!(!json.to_string().contains("hunter2"));
}

/// A good configuration that the cases below add a mistake to; it has seven lines.
const GOOD: &str = r#"[gateway]
name = "gw"
[[stations]]
name = "s"
devices = ["d"]
[[devices]]
name = "d"
"#;

const SCANNER: &str = "kind = \"line-scanner\"\npath = \"/dev/ttyACM0\"\n";

/// What follows `GOOD`, and the one mistake that it makes.
const CASES: &[(&str, (u32, u32, &str))] = &[
    ("kind = \"llrp\"\naddress = \"reader\"", (9, 11, "bad-address")),
    ("kind = \"llrp\"\naddress = \"r:1\"\ntx_power_dbm = 99.5", (10, 16, "out-of-range")),
    ("kind = \"llrp\"\naddress = \"r:1\"\nantennas = [1, 0]", (10, 16, "out-of-range")),
    (
        "kind = \"llrp\"\naddress = \"r:1\"\nsession = 99999999999999999999",
        (10, 11, "out-of-range"),
    ),
    ("kind = \"llrp\"\naddress = 5", (9, 11, "wrong-type")),
    ("kind = \"llrp\"\naddress = \"r:1\"\nkeepalive = 1", (10, 1, "unknown-key")),
    ("kind = \"llrp\"\naddress = \"127.0.0.1:8420\"", (9, 11, "listen-clash")),
    ("kind = \"llrp\"\naddress = \"r:1\"\nantennas = [1, 2, 1]", (10, 19, "duplicate-antenna")),
    ("kind = \"llrp\"\naddress = \"localhost:8420\"", (9, 11, "listen-clash")),
    ("kind = \"llrp\"\n", (6, 1, "missing-key")),
    ("kind = \"llrp\"\naddress = \"r:1\"\nlisten = \"0.0.0.0:5084\"", (10, 10, "two-ways")),
    ("kind = \"llrp\"\naddress = \"r:1\"\nfrom = \"10.0.0.9\"", (10, 8, "needless-key")),
    ("kind = \"llrp\"\nlisten = \"0.0.0.0:5084\"\nfrom = \"x\"", (10, 8, "bad-address")),
    ("kind = \"llrp\"\naddress = \"r:1\"\ntls = {}", (10, 7, "missing-key")),
    ("kind = \"llrp\"\naddress = \"r:1\"\ntls = { sha256 = \"12\" }", (10, 18, "bad-digest")),
    ("kind = \"llrp\"\naddress = \"r:1\"\ntls = { ca = \"ca.pem\" }", (10, 14, "bad-path")),
    ("kind = \"llrp\"\naddress = \"r:1\"\nfilters = [{ mask = \"3\" }]", (10, 21, "bad-mask")),
    (
        "kind = \"llrp\"\naddress = \"r:1\"\nfilters = [{ mask = \"30\", bank = \"pc\" }]",
        (10, 34, "unknown-choice"),
    ),
    ("kind = \"llrp\"\naddress = \"r:1\"\nstart = {}", (10, 9, "missing-key")),
    ("kind = \"llrp\"\naddress = \"r:1\"\nstop = { gpi = 1 }", (10, 8, "needless-key")),
    ("kind = \"llrp\"\naddress = \"r:1\"\ngpo = { green = 1, red = 1 }", (10, 26, "output-in-use")),
    ("kind = \"llrp\"\naddress = \"r:1\"\ngpo = { green = 0 }", (10, 17, "out-of-range")),
    (
        "kind = \"llrp\"\naddress = \"r:1\"\nsearch_mode = \"tagfocus\"\nsession = 2",
        (10, 15, "tagfocus-session"),
    ),
    (
        "kind = \"llrp\"\naddress = \"r:1\"\nhop_table = 1\nfrequency_khz = 865700",
        (11, 17, "two-frequencies"),
    ),
    ("kind = \"llrp\"\naddress = \"r:1\"\nregion = \"mars\"", (10, 10, "unknown-choice")),
    ("kind = \"label-printer\"\n", (6, 1, "no-address")),
    ("kind = \"label-printer\"\naddress = \"p\"", (9, 11, "bad-address")),
    ("kind = \"label-printer\"\npath = \"usb/lp0\"", (9, 8, "bad-path")),
    (
        "kind = \"label-printer\"\naddress = \"p:9100\"\npath = \"/dev/usb/lp0\"",
        (10, 8, "two-ways"),
    ),
    ("kind = \"label-printer\"\naddress = \"p:9100\"\nbaud = 9600", (10, 8, "two-ways")),
    ("kind = \"label-printer\"\npath = \"/dev/ttyS0\"\nbaud = 1", (10, 8, "out-of-range")),
    (
        "kind = \"label-printer\"\naddress = \"p:9100\"\nfonts = [\"a.ttf\"]",
        (10, 9, "no-templates"),
    ),
    (
        "kind = \"label-printer\"\naddress = \"p:9100\"\ntemplates = \"l\"\ntid_bytes = 5",
        (11, 13, "half-word"),
    ),
    ("kind = 5", (8, 8, "wrong-type")),
    ("", (6, 1, "missing-key")),
    ("kind = \"line-scanner\"\npath = \"ttyACM0\"", (9, 8, "bad-path")),
    (
        "kind = \"line-scanner\"\npath = \"/dev/x\"\nsuffix = \"12345678901234567\"",
        (10, 10, "bad-text"),
    ),
    ("kind = \"line-scanner\"\npath = \"/dev/x\"\nprotocol = \"usb\"", (10, 12, "unknown-choice")),
    (
        "kind = \"line-scanner\"\npath = \"/dev/x\"\nprotocol = \"ssi\"\nsuffix = \"#\"",
        (11, 10, "needless-key"),
    ),
    ("kind = \"line-scanner\"\npath = \"/dev/x\"\nbeep = true", (10, 8, "needless-key")),
    ("kind = \"line-scanner\"\npath = \"/dev/x\"\npath = \"/dev/y\"", (10, 1, "syntax")),
    ("kind = \"line-scanner\"\npath = ", (9, 8, "syntax")),
    ("kind = \"wedge-scanner\"\nvendor = 1", (6, 1, "missing-key")),
    ("kind = \"wedge-scanner\"\npath = \"/dev/input/event3\"\nproduct = 1", (10, 11, "two-ways")),
    ("kind = \"wedge-scanner\"\npath = \"event3\"", (9, 8, "bad-path")),
    (
        "kind = \"wedge-scanner\"\nvendor = 1\nproduct = 1\nlayout = \"uk\"",
        (11, 10, "unknown-choice"),
    ),
];

/// What follows a whole configuration of nine lines, and the one mistake that it makes.
const MORE: &[(&str, (u32, u32, &str))] = &[
    ("[operators]\nsource = \"ldap\"", (11, 10, "unknown-choice")),
    ("[operators]\nlockout = { first_delay_ms = 6000, delay_ms_max = 5000 }", (11, 51, "conflict")),
    ("[operators]\nlockout = { free_attempts = 5, failures_max = 4 }", (11, 47, "conflict")),
    ("[operators]\nlevels = [{ of = \"scrapp\", level = 3 }]", (11, 18, "unknown-operation")),
    ("[operators]\nlevels = [{ of = \"scrap\", level = 5 }]", (11, 35, "out-of-range")),
    (
        "[operators]\nlevels = [{ of = \"scrap\", level = 3 }, { of = \"scrap\", level = 4 }]",
        (11, 47, "conflict"),
    ),
    ("[operators]\ntwo_persons = { classes = [\"D\"] }", (11, 28, "unknown-choice")),
    ("[opertors]", (10, 2, "unknown-key")),
    ("[items]\ncode = \"a\"", (10, 1, "wrong-type")),
    ("[[gateway]]", (10, 3, "syntax")),
    ("[[items]]\ncode = \"\"\nname = \"n\"", (11, 8, "bad-code")),
    (
        "[[items]]\ncode = \"a\"\nname = \"n\"\ngtins = [\"96385074\", \"00000096385074\"]",
        (13, 22, "duplicate-gtin"),
    ),
    (
        "[[devices]]\nname = \"d\"\nkind = \"label-printer\"\naddress = \"p:1\"",
        (11, 8, "duplicate-name"),
    ),
    ("[[stations]]\nname = \"t\"\ndevices = [\"d\"]", (12, 12, "shared-device")),
    ("[[stations]]\nname = \"t\"\ndevices = []", (12, 11, "no-devices")),
    (
        "[[devices]]\nname = \"e\"\nkind = \"label-printer\"\naddress = \"p:9100\"",
        (11, 8, "unused-device"),
    ),
    (
        "[[items]]\ncode = \"a\"\nname = \"n\"\ngtins = [\"96385074\"]\n\
         units = [{ name = \"box\", of = \"2\", gtins = [\"96385074\"] }]",
        (14, 45, "duplicate-gtin"),
    ),
    ("[[items]]\ncode = \"a\"\nname = \"n\"\nvaluation = \"fifo\"", (13, 13, "no-currency")),
    ("[valuation]\nmethod = \"fifo\"", (11, 10, "no-currency")),
    ("[valuation]\ndecimals = 5", (11, 12, "out-of-range")),
    ("[reservations]\nexpires_min = 0", (11, 15, "out-of-range")),
    ("[[locations]]\npath = \"wh1\"\nkind = \"shelf\"", (12, 8, "unknown-kind")),
    (
        "[[locations]]\npath = \"w\"\nkind = \"warehouse\"\n\
         [[locations]]\npath = \"w/a\"\nkind = \"site\"",
        (15, 8, "bad-nesting"),
    ),
    (
        "[[locations]]\npath = \"w\"\nkind = \"site\"\n\
         [[locations]]\npath = \"w\"\nkind = \"site\"",
        (14, 8, "duplicate-name"),
    ),
    (
        "[[items]]\ncode = \"a\"\nname = \"n\"\n[[accounts]]\nkind = \"issue\"\nitem = \"a\"\n\
         class = \"A\"\ndebit = \"1\"\ncredit = \"2\"",
        (16, 9, "conflict"),
    ),
    ("[ledger]\nkey_credentials = [\"a\", \"missing-b\"]", (11, 25, "unreadable-secret")),
    ("[ledger]\nkey_credentials = [\"a\", \"a\"]", (11, 25, "duplicate-name")),
    ("[ledger]\nkey_credentials = [\"a\"]\nkey = \"b\"", (11, 19, "two-keys")),
    ("[ledger]\nkey_credentials = [\"a/b\"]", (11, 20, "bad-name")),
    ("[ledger]\npath = \"\"", (11, 8, "bad-path")),
    ("[ledger]\npath = 1979-05-27", (11, 8, "wrong-type")),
    ("[ledger]\npath = \"x\"\n[spool]\npath = \"x\"", (13, 8, "path-in-use")),
    ("[roles.Boss]\ntitle = \"t\"", (10, 8, "bad-name")),
    ("[roles]\nboss = 5", (11, 8, "wrong-type")),
    ("[roles.boss]\ntitle = \"t\"\ngrants.count = [\"aprove\"]", (12, 17, "unknown-action")),
    ("[[sod.conflicts]]\nid = \"x\"\nseverity = \"refues\"", (12, 12, "unknown-severity")),
    ("[[sod.conflicts]]\nid = \"x\"\nseverity = \"off\"", (11, 6, "unknown-conflict")),
    ("[[sod.conflicts]]\nid = \"x\"\ntitle = \"t\"\nseverity = \"refuse\"", (10, 1, "never-found")),
    (
        "[[sod.conflicts]]\nid = \"x\"\ntitle = \"t\"\nseverity = \"refuse\"\n\
         one.rights = [\"price:modify\"]\nother.parts = [\"moved\"]",
        (10, 1, "never-found"),
    ),
    (
        "[[sod.conflicts]]\nid = \"x\"\nseverity = \"refuse\"\n\
         one.parts = [\"ordered\"]\nother.parts = [\"moved\"]",
        (10, 1, "missing-key"),
    ),
    (
        "[[sod.conflicts]]\nid = \"x\"\ntitle = \"t\"\nseverity = \"refuse\"\n\
         one.parts = [\"orderd\"]\nother.parts = [\"moved\"]",
        (14, 14, "unknown-part"),
    ),
    (
        "[[sod.conflicts]]\nid = \"x\"\ntitle = \"t\"\nseverity = \"refuse\"\n\
         one.rights = [\"price:modify\", \"inbuond:execute\"]\nother.rights = [\"count:view\"]",
        (14, 31, "unknown-module"),
    ),
    (
        "[[sod.conflicts]]\nid = \"x\"\ntitle = \"t\"\nseverity = \"refuse\"\n\
         one.rights = [\"price:modfy\"]\nother.rights = [\"count:view\"]",
        (14, 15, "unknown-action"),
    ),
    (
        "[[sod.conflicts]]\nid = \"x\"\ntitle = \"t\"\nseverity = \"refuse\"\n\
         one.rights = [\"price\"]\nother.rights = [\"count:view\"]",
        (14, 15, "bad-right"),
    ),
    (
        "[[sod.conflicts]]\nid = \"moves-and-prices\"\nseverity = \"off\"\n\
         [[sod.conflicts]]\nid = \"moves-and-prices\"\nseverity = \"off\"",
        (14, 6, "duplicate-name"),
    ),
];

/// What follows `url = …` of a webhook that stands after a whole configuration.
const ADAPTERS: &[(&str, (u32, u32, &str))] = &[
    ("\"https://h/\"\nsecret = { env = \"MISSING\" }", (14, 18, "unreadable-secret")),
    ("\"https://h/\"\nsecret = { credential = \"missing\" }", (14, 25, "unreadable-secret")),
    ("\"https://h/\"\nsecret = { credential = \"a/b\" }", (14, 25, "bad-secret")),
    ("\"https://h/\"\nsecret = { file = \"empty\" }", (14, 19, "unreadable-secret")),
    ("\"https://h/\"\nsecret = { file = \"a\", env = \"A\" }", (14, 10, "bad-secret")),
    ("\"https://h/\"\nsecret = {}", (14, 10, "bad-secret")),
    ("\"https://h/\"\nsecret = { fil = \"a\" }", (14, 12, "unknown-key")),
    ("\"https://h/\"\nsecret = 5", (14, 10, "wrong-type")),
    ("\"https://h/\"\nsecret = \"é\"", (14, 10, "plain-secret")),
    ("\"http://h/\"\nsecret = { env = \"A\" }", (13, 7, "plain-http")),
    ("\"http://localhost:8420/x\"\nsecret = { env = \"A\" }", (13, 7, "listen-clash")),
    ("\"https://u:p@h/\"\nsecret = { env = \"A\" }", (13, 7, "bad-url")),
    (
        "\"https://h/\"\nsecret = { env = \"A\" }\nkinds = [\"receipt\", \"putaway\"]",
        (15, 21, "unknown-kind"),
    ),
    ("\"https://h/\"\nsecret = { env = \"A\" }\nkinds = []", (15, 9, "no-kinds")),
    ("\"https://h/\"\nsecret = { env = \"A\" }\nreceipt = \"id\"", (15, 11, "bad-pointer")),
    ("\"https://h/\"\nsecret = { env = \"A\" }\nsuccess = { equals = 0 }", (15, 11, "missing-key")),
    (
        "\"https://h/\"\nsecret = { env = \"A\" }\nsuccess = { pointer = \"/ok\", equals = 0.5 }",
        (15, 39, "wrong-type"),
    ),
    (
        "\"https://h/\"\nsecret = { env = \"A\" }\nsuccess = { pointer = \"$.ok\" }",
        (15, 23, "bad-pointer"),
    ),
    ("\"https://h/\"\nsecret = { env = \"A\" }\naccept_any = \"yes\"", (15, 14, "wrong-type")),
];

#[test]
fn each_kind_of_mistake_is_known_by_its_code_and_place() {
    let whole = format!("{GOOD}{SCANNER}");
    assert!(parsed(&whole).mistakes.is_empty());
    let adapter = format!("{whole}[[adapters]]\nname = \"a\"\nkind = \"webhook\"\nurl = ");
    let cases = [(GOOD, CASES), (whole.as_str(), MORE), (adapter.as_str(), ADAPTERS)];
    for (before, after, expect) in
        cases.into_iter().flat_map(|(before, all)| all.iter().map(move |(a, e)| (before, a, e)))
    {
        let checked = parsed(&format!("{before}{after}\n"));
        assert_eq!(found(&checked), [*expect], "after {after:?}: {:#?}", checked.mistakes);
    }
}

#[test]
fn a_way_leads_to_another_station_and_is_stated_once() {
    let station = |name: &str, device: &str, ways: &str| {
        format!(
            "[[stations]]\nname = \"{name}\"\ndevices = [\"{device}\"]\nwalking = [{ways}]\n\
             [[devices]]\nname = \"{device}\"\nkind = \"label-printer\"\naddress = \"{device}:1\"\n"
        )
    };
    let way = |to: &str| format!("{{ to = \"{to}\", seconds = 40 }}");
    let both = |of_a: &str, of_b: &str| {
        let text = format!("[gateway]\nname = \"gw\"\n{}", station("a", "d", of_a));
        parsed(&(text + &station("b", "e", of_b)))
    };
    let good = both(&way("b"), "").config.unwrap();
    assert_eq!(good.stations[0].walking, [("b".parse().unwrap(), 40)]);
    assert_eq!(found(&both(&way("c"), "")), [(6, 19, "unknown-station")]);
    assert_eq!(found(&both(&way("a"), "")), [(6, 19, "conflict")]);
    assert_eq!(found(&both(&way("b"), &way("a"))), [(14, 19, "conflict")]);
}

#[test]
fn a_portals_mistakes_are_told_each_at_its_place() {
    let portal = |text: &str| {
        parsed(&format!(
            "[gateway]\nname = \"gw\"\n[[stations]]\nname = \"a\"\ndevices = [\"r\", \"e\"]\n\
             portal = {{ {text} }}\n[[devices]]\nname = \"r\"\nkind = \"llrp\"\naddress = \"r:1\"\n\
             [[devices]]\nname = \"e\"\nkind = \"io-module\"\naddress = \"e:1\"\ninputs = [0, 1]\n"
        ))
    };
    let sides = "outer = [{ reader = \"r\", antennas = [1] }], inner = [{ reader = \"r\", antennas = [2] }]";
    let good = portal(sides).config.unwrap().stations[0].portal.clone().unwrap();
    assert_eq!((good.near_cdbm, good.has_beams()), (Some(-5800), false), "a near tag opens a pass");
    let eye = |port: u16, is: &str| format!("{{ device = \"e\", port = {port}, is = \"{is}\" }}");
    let eyes = format!("{}, {}", eye(0, "outer-beam"), eye(1, "inner-beam"));
    let with_eyes = portal(&format!("{sides}, inputs = [{eyes}]")).config.unwrap();
    let with_eyes = with_eyes.stations[0].portal.clone().unwrap();
    assert_eq!((with_eyes.near_cdbm, with_eyes.has_beams()), (None, true), "the eyes open it");

    let codes = |text: &str| -> Vec<&str> { found(&portal(text)).iter().map(|m| m.2).collect() };
    assert_eq!(codes("outer = [{ reader = \"r\", antennas = [1] }]"), ["no-antenna"]);
    assert_eq!(codes(&sides.replace("[2]", "[1]")), ["duplicate-antenna"]);
    assert_eq!(codes(&sides.replacen("\"r\"", "\"x\"", 1)), ["unknown-device"]);
    let twice = format!("{}, {}", eye(0, "gate"), eye(0, "button"));
    assert_eq!(codes(&format!("{sides}, inputs = [{twice}]")), ["conflict"]);
    assert_eq!(codes(&format!("{sides}, inputs = [{}]", eye(0, "lamp"))), ["unknown-choice"]);
    assert_eq!(codes(&format!("{sides}, sure_pct = 40")), ["out-of-range"]);
    assert_eq!(
        codes(&format!("{sides}, ways = [{{ to = \"nowhere\", ms = 5 }}]")),
        ["unknown-station"]
    );
}

#[test]
fn what_operators_need_is_read_as_it_stands() {
    let text = format!(
        "{GOOD}{SCANNER}[operators]\nlevels = [{{ of = \"scrap\", level = 3 }}, {{ of = \"system:modify\", \
         level = 4 }}]\ntwo_persons = {{ kinds = [\"scrap\"], classes = [\"A\"] }}\n"
    );
    let operators = parsed(&text).config.unwrap().operators;
    assert_eq!(operators.levels.kinds, [(MovementKind::Scrap, 3)].into());
    assert_eq!(operators.levels.rights, [((Module::System, Action::Modify), 4)].into());
    assert_eq!(operators.two_persons.kinds, [MovementKind::Scrap].into());
    assert_eq!(operators.two_persons.classes, [ItemClass::A].into());
    let plain = parsed(&format!("{GOOD}{SCANNER}")).config.unwrap().operators;
    assert_eq!((plain.idle_end_s, plain.step_up_s, plain.walking_s_min), (600, 300, 0));
    assert!(plain.levels.kinds.is_empty() && plain.two_persons.kinds.is_empty());
    assert_eq!(plain.lockout.failures_max, 10);
}

#[test]
fn a_warning_leaves_the_configuration_good() {
    let text = format!("{GOOD}{SCANNER}").replace("name = \"gw\"", "name='gw'\nlisten='0.0.0.0:1'");
    let checked = parsed(&text);
    assert_eq!(found(&checked), [(3, 8, "open-listen")]);
    assert_eq!(checked.mistakes[0].severity, Severity::Warning);
    assert!(checked.config.is_some());
    assert!(checked.mistakes[0].to_string().contains(":3:8: warning: the API"));
}

#[test]
fn a_file_that_is_no_text_or_too_large_or_absent_is_one_mistake() {
    let parsed = |bytes: &[u8]| parse(Path::new("g.toml"), bytes, &Surroundings::new());
    assert_eq!(found(&parsed(b"[gateway]\nname = \"\xff\"")), [(2, 9, "not-utf8")]);
    assert_eq!(found(&parsed(&vec![b'#'; CONFIG_BYTES_MAX + 1])), [(1, 1, "too-large")]);
    assert_eq!(found(&parsed(b"")), [(1, 1, "missing-key")]);
    let absent = check(Path::new("missing.toml"), &Surroundings::new());
    assert_eq!(found(&absent), [(1, 1, "unreadable")]);
    let mistakes = load(Path::new("missing.toml"), &Surroundings::new()).unwrap_err();
    assert!(mistakes[0].to_string().starts_with("missing.toml:1:1: failed to read"));
}

#[test]
fn a_file_without_end_is_read_no_further_than_its_bound() {
    let checked = check(Path::new("/dev/zero"), &SystemEnvironment);
    assert_eq!(found(&checked), [(1, 1, "too-large")]);
}

#[test]
fn columns_count_characters() {
    let checked = parsed("\u{feff}gatewax = { 'é' = '螺栓', x = 1 }\n[gateway]\nname = 'g'");
    assert_eq!(found(&checked), [(1, 1, "unknown-key")]);
    let checked = parsed("[gateway]\nname = 'g'\n[roles.r]\ntitle = 't'\n'螺栓é' = 1");
    assert_eq!(found(&checked), [(5, 1, "unknown-key")]);
    assert_eq!(checked.mistakes[0].width, 5);
    let checked = parsed("gateway = { name = '螺栓', lisen = '' }");
    assert_eq!(found(&checked), [(1, 20, "bad-name"), (1, 26, "unknown-key")]);
}

#[test]
fn mistakes_are_bounded_and_the_others_counted() {
    let many: String = (0..MISTAKES_MAX + 50).map(|n| format!("k{n} = 1\n")).collect();
    let checked = parsed(&format!("{many}[gateway]\nname = 'g'\n"));
    assert_eq!(checked.mistakes.len(), MISTAKES_MAX + 1);
    let last = checked.mistakes.last().unwrap();
    assert_eq!(last.code, "too-many-mistakes");
    assert!(last.message.starts_with("50 "), "{}", last.message);
}

#[test]
fn conflicts_of_duties_replace_add_and_go() {
    let text = "[gateway]\nname='g'\n[[sod.conflicts]]\nid='moves-and-prices'\nseverity='off'\n\
        [[sod.conflicts]]\nid='asks-and-takes'\ntitle='T.'\nseverity='mitigate'\n\
        one.rights=['outbound:request']\nother.rights=['outbound:execute']\n\
        [[sod.conflicts]]\nid='mine'\ntitle='M.'\nseverity='refuse'\nwithin='house'\ndays=7\n\
        one.parts=['valued']\nother.parts=['posted','moved']";
    let default = gatewarden_config::default_sod();
    let table = parsed(text).config.unwrap().sod;
    assert!(default.conflict("moves-and-prices").is_some());
    assert!(table.conflict("moves-and-prices").is_none(), "taken out");
    let replaced = table.conflict("asks-and-takes").unwrap();
    assert_eq!((replaced.title.as_str(), replaced.severity.name()), ("T.", "mitigate"));
    let own = table.conflict("mine").unwrap();
    assert_eq!((own.days, own.other.parts.len(), own.other.rights.len()), (7, 2, 0));
    assert_eq!(table.conflicts.len(), default.conflicts.len());
    assert_eq!(parsed("[gateway]\nname='g'").config.unwrap().sod, default);
    let own =
        parsed(&text.replacen("[[sod", "[sod]\ndefaults=false\n[[sod", 1)).config.unwrap().sod;
    let ids: Vec<&str> = own.conflicts.iter().map(|c| c.id.as_str()).collect();
    assert_eq!(ids, ["asks-and-takes", "mine"]);
}

#[test]
fn roles_replace_and_add() {
    let text = "[gateway]\nname='g'\n[roles.buyer]\ntitle='B.'\n[roles.clerk]\ntitle='C.'\n\
                grants.ledger=['view']";
    let roles = parsed(text).config.unwrap().roles.0;
    assert_eq!(roles.len(), 9);
    assert!(roles["buyer"].grants.is_empty(), "replaced, not merged");
    assert_eq!(roles["clerk"].grants.len(), 1);
}

#[test]
fn adapters_name_only_places_that_are_declared() {
    let text = "[gateway]\nname='g'\n[[locations]]\npath='wh1'\nkind='site'\n\
        [[adapters]]\nname='t'\nkind='tryton'\nurl='https://t/'\ndatabase='d'\nuser='u'\n\
        password={env='A'}\nwarehouse='W'\nlocations={'wh1'='Z', 'wh1/dock'='I', '@customer'='C'}";
    let checked = parsed(text);
    assert_eq!(found(&checked), [(14, 23, "unknown-location")]);
    assert_eq!(checked.mistakes[0].hint.as_deref(), Some("did you mean \"wh1\"?"));
    assert!(parsed(&text.replace("[[locations]]\npath='wh1'\nkind='site'\n", "")).config.is_some());
}

#[test]
fn an_item_master_beyond_its_bound_is_refused_as_a_whole() {
    let items: String = (0..20_001).map(|n| format!("[[items]]\ncode='{n}'\nname='n'\n")).collect();
    let checked = parsed(&format!("[gateway]\nname='g'\n{items}"));
    assert_eq!(found(&checked), [(3, 1, "too-many")]);
    assert_eq!(checked.mistakes[0].expected, "at most 20000");
}

/// An io-module's mistakes: two ways to it, a channel beyond the module, a lamp in use twice, a pattern that can't be
/// shown, a profile that nobody knows, a watchdog that the lamps' own check would let trip.
#[test]
fn an_io_modules_mistakes_are_told_each_at_its_place() {
    let head =
        "[gateway]\nname = \"gate-1\"\n[[devices]]\nname = \"beams\"\nkind = \"io-module\"\n";
    for (lines, line, code) in [
        ("inputs = [0]", 4, "one-way"),
        ("address = \"10.0.0.9:502\"\npath = \"/dev/ttyUSB0\"", 7, "one-way"),
        (
            "address = \"10.0.0.9:502\"\nprofile = \"adam-6050\"\ninputs = [12]",
            8,
            "no-such-channel",
        ),
        ("address = \"10.0.0.9:502\"\nprofile = \"adam-6050\"\ngreen = 6", 8, "no-such-channel"),
        ("address = \"10.0.0.9:502\"\ngreen = 1\nred = 1", 8, "coil-in-use"),
        ("address = \"10.0.0.9:502\"\nheld = \"red blink\"", 7, "bad-pattern"),
        ("address = \"10.0.0.9:502\"\nprofile = \"moxa\"", 7, "unknown-profile"),
        ("address = \"10.0.0.9:502\"\nwatchdog_ms = 900", 7, "out-of-range"),
    ] {
        let checked = parsed(&format!("{head}{lines}\n"));
        let told: Vec<_> = found(&checked).iter().map(|(line, _, code)| (*line, *code)).collect();
        assert!(told.contains(&(line, code)), "{lines}: {told:?}");
    }
}

/// Mistakes of the readers that speak REST and MQTT: a URL that says more than where, `https` that would trust
/// everybody, two trusts, a preset that could be a path, a user without a password.
#[test]
fn mistakes_of_readers_with_an_iot_interface_are_told_each_at_its_place() {
    let impinj = "[gateway]\nname = \"gate-1\"\n[[devices]]\nname = \"door\"\nkind = \"impinj-iot\"\n\
                  password = { env = \"IMPINJ\" }\n";
    let zebra = "[gateway]\nname = \"gate-1\"\n[[devices]]\nname = \"door\"\nkind = \"zebra-iot\"\n\
                 client_id = \"gate-1\"\naddress = \"10.0.0.9:1883\"\ntopic = \"zebra/door\"\n";
    let pin = format!("pin = \"{}\"", "ab".repeat(32));
    for (head, lines, wrong) in [
        (impinj, "url = \"http://10.0.0.9\"".to_owned(), None),
        (impinj, format!("url = \"https://10.0.0.9\"\n{pin}\npreset = \"dock_1-A\""), None),
        (impinj, "url = \"http://10.0.0.9/api\"".to_owned(), Some((7, "bad-url"))),
        (impinj, "url = \"http://10.0.0.9?a=1\"".to_owned(), Some((7, "bad-url"))),
        (impinj, "url = \"http://10.0.0.9#a\"".to_owned(), Some((7, "bad-url"))),
        (impinj, "url = \"https://10.0.0.9\"".to_owned(), Some((7, "no-trust"))),
        (
            impinj,
            format!("url = \"https://h\"\nca = \"/etc/ca.pem\"\n{pin}"),
            Some((8, "two-trusts")),
        ),
        (
            impinj,
            "url = \"https://h\"\nca = \"/etc/missing.pem\"".to_owned(),
            Some((8, "unreadable")),
        ),
        (impinj, "url = \"https://h\"\npin = \"abab\"".to_owned(), Some((8, "bad-digest"))),
        (impinj, "url = \"http://h\"\npreset = \"../x\"".to_owned(), Some((8, "bad-preset"))),
        (
            impinj,
            "url = \"http://h\"\npreset = \"x\"\nantennas = [1]".to_owned(),
            Some((9, "preset-rules")),
        ),
        (zebra, "mode = \"portal\"".to_owned(), None),
        (zebra, "username = \"u\"\npassword = { env = \"ZEBRA\" }".to_owned(), None),
        (zebra, "mode = \"custom\"".to_owned(), Some((9, "unknown-mode"))),
        (zebra, "username = \"u\"".to_owned(), Some((9, "half-login"))),
        (zebra, "password = { env = \"ZEBRA\" }".to_owned(), Some((9, "half-login"))),
        (zebra, format!("ca = \"/etc/ca.pem\"\n{pin}"), Some((9, "two-trusts"))),
    ] {
        let checked = parsed(&format!("{head}{lines}\n"));
        let told: Vec<_> = found(&checked).iter().map(|(line, _, code)| (*line, *code)).collect();
        let own = told.iter().copied().find(|(line, _)| *line > 4);
        assert_eq!(own, wrong, "{lines}: {told:?}");
    }
}

#[test]
fn two_readers_behind_one_broker_have_each_a_name_and_topics_of_their_own() {
    let reader = |name: &str, id: &str, topic: &str| {
        format!(
            "[[devices]]\nname = \"{name}\"\nkind = \"zebra-iot\"\naddress = \"10.0.0.9:1883\"\n\
             client_id = \"{id}\"\ntopic = \"{topic}\"\n"
        )
    };
    let first = reader("a", "gate-1a", "zebra/a");
    for (second, wrong) in [
        (reader("b", "gate-1b", "zebra/b"), None),
        (reader("b", "gate-1a", "zebra/b"), Some((13, "address-in-use"))),
        (reader("b", "gate-1b", "zebra/a/"), Some((14, "topic-in-use"))),
    ] {
        let checked = parsed(&format!("[gateway]\nname = \"gate-1\"\n{first}{second}"));
        let told: Vec<_> = found(&checked).iter().map(|(line, _, code)| (*line, *code)).collect();
        let own = told.iter().copied().find(|(_, code)| code.ends_with("in-use"));
        assert_eq!(own, wrong, "{second}: {told:?}");
    }
    let lane = "[[adapters]]\nname = \"erp\"\nkind = \"mqtt\"\naddress = \"10.0.0.9:1883\"\n\
                topic = \"moves\"\nclient_id = \"gate-1a\"\n";
    let checked = parsed(&format!("[gateway]\nname = \"gate-1\"\n{first}{lane}"));
    assert!(found(&checked).iter().any(|(line, _, code)| (*line, *code) == (14, "address-in-use")));
    let impinj = "[[devices]]\nname = \"a\"\nkind = \"impinj-iot\"\nurl = \"http://10.0.0.9\"\n\
                  password = { env = \"IMPINJ\" }\n";
    let twice =
        format!("[gateway]\nname = \"gate-1\"\n{impinj}{}", impinj.replace("\"a\"", "\"b\""));
    let checked = parsed(&twice);
    assert!(found(&checked).iter().any(|(line, _, code)| (*line, *code) == (11, "address-in-use")));
}

/// Mistakes of UHF modules: what their protocol has no command for, an antenna twice, a module that would not read.
#[test]
fn mistakes_of_uhf_modules_are_told_each_at_its_place() {
    let head = "[gateway]\nname = \"gate-1\"\n[[devices]]\nname = \"door\"\nkind = \"uhf-reader\"\n\
                path = \"/dev/ttyUSB0\"\n";
    for (lines, wrong) in [
        ("", None),
        ("baud = 57600\npower_dbm = 33\nregion = \"eu\"\nsession = 1\nq = 4\nantennas = [2]", None),
        ("protocol = \"r200\"\nregion = \"cn\"\nsession = 2\nq = 15\nantennas = [1]", None),
        ("protocol = \"mercury\"\nregion = \"nz\"\nantennas = [1, 2]", None),
        ("protocol = \"yrm100\"", Some((7, "unknown-choice"))),
        ("baud = 100", Some((7, "out-of-range"))),
        ("power_dbm = 34", Some((7, "out-of-range"))),
        ("session = 4", Some((7, "out-of-range"))),
        ("q = 16", Some((7, "out-of-range"))),
        ("region = \"fcc\"", Some((7, "unknown-choice"))),
        ("antennas = [16]", Some((7, "out-of-range"))),
        ("antennas = []", None),
        ("antennas = [1,\n2,\n1]", Some((9, "duplicate-antenna"))),
        ("address = \"10.0.0.9:6000\"", Some((7, "unknown-key"))),
        ("protocol = \"mercury\"", Some((7, "no-region"))),
        ("protocol = \"mercury\"\nregion = \"fcc\"", Some((8, "unknown-choice"))),
        ("protocol = \"r200\"\nregion = \"jp\"", Some((8, "not-of-protocol"))),
        ("protocol = \"r200\"\nantennas = [1, 2]", Some((8, "not-of-protocol"))),
        ("protocol = \"uhfreader18\"\nregion = \"eu\"", Some((8, "not-of-protocol"))),
        ("protocol = \"uhfreader18\"\nsession = 1", Some((8, "not-of-protocol"))),
        ("protocol = \"uhfreader18\"\npower_dbm = 31", Some((8, "not-of-protocol"))),
        ("protocol = \"chafon\"\nq = 4", Some((8, "not-of-protocol"))),
        ("protocol = \"chafon\"\nregion = \"cn\"", Some((8, "not-of-protocol"))),
    ] {
        let checked = parsed(&format!("{head}{lines}\n"));
        let told: Vec<_> = found(&checked).iter().map(|(line, _, code)| (*line, *code)).collect();
        let own: Vec<_> = told.iter().copied().filter(|(line, _)| *line > 4).collect();
        assert_eq!(own, wrong.into_iter().collect::<Vec<_>>(), "{lines}");
    }
    let path_twice = format!(
        "{head}[[devices]]\nname = \"badge\"\nkind = \"line-scanner\"\npath = \"/dev/ttyUSB0\""
    );
    assert!(found(&parsed(&path_twice)).contains(&(10, 8, "address-in-use")));
}
