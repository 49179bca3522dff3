//! Conditions as people write them: what is refused and where, what they answer, and what they say of it.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

use gatewarden_model::Scalar;
use gatewarden_rules::{Condition, ConditionError, Facts, Params, Record, Schema};

fn facts() -> Facts {
    let line = |item: &str, class: &str, quantity: i64| {
        let mut line = Record::new();
        line.set("item", item).set("class", class).set("quantity", quantity);
        line
    };
    let mut facts = Facts::new();
    facts.set("document.kind", "requisition").set("document.amount", 51_000_000_i64);
    facts.set("document.number", "MR-77").set("document.excess", 0_i64);
    facts.set("session.roles", vec!["storekeeper", "picker"]).set("session.second", false);
    facts.set("item.class", "A").set("time.hour", 23_i64).set("time.working", false);
    facts.set_records("lines", vec![line("BOLT-M8", "C", 40), line("GOLD", "A", 2)]);
    facts
}

fn holds(text: &str) -> Result<bool, ConditionError> {
    let condition = Condition::parse(text, &Schema::standard());
    condition.unwrap_or_else(|mistakes| panic!("{text}: {mistakes}")).holds(&facts())
}

#[test]
fn what_people_write_is_answered() {
    for (text, expect) in [
        ("document.amount > amount(\"5000\")", true),
        ("document.amount > amount(\"5100\")", false),
        ("document.amount > 50000000 && item.class == \"A\"", true),
        ("item.class in [\"A\", \"B\"]", true),
        ("\"storekeeper\" in session.roles", true),
        ("!(\"buyer\" in session.roles) && !session.second", true),
        ("lines.exists(l, l.class == \"A\" && l.quantity > 1)", true),
        ("lines.all(l, l.quantity > 2)", false),
        ("session.roles.exists(r, r.startsWith(\"pick\"))", true),
        ("size(lines) == 2 && lines.size() == 2 && size(item.class) == 1", true),
        ("document.number.matches(\"^MR-[0-9]+$\") && document.number.endsWith(\"77\")", true),
        ("has(document.partner) ? false : time.hour >= 22", true),
        ("has(document.partner) && document.partner == \"acme\"", false),
        ("document.excess == 0 || 100 / document.excess > 3", true),
        ("100 / document.excess > 3 || document.excess == 0", true),
        ("-document.amount < 0 && (7 - 2) * 3 % 4 == 3", true),
        ("lines.exists(l, has(l.lot))", false),
        ("document[\"kind\"] == \"requisition\"", true),
        ("document.kind < \"s\" && \"2026-11-29\" < \"2026-12-01\"", true),
    ] {
        assert_eq!(holds(text), Ok(expect), "{text}");
    }
}

#[test]
fn what_has_no_answer_says_why() {
    for (text, code) in [
        ("document.partner == \"acme\"", "fact-missing"),
        ("100 / document.excess > 3", "division-by-zero"),
        ("100 % document.excess > 3", "division-by-zero"),
        ("document.amount * document.amount * document.amount > 0", "overflow"),
        ("-(0 - 9223372036854775807 - 1) > 0", "overflow"),
        ("lines.exists(l, l.lot == \"x\")", "fact-missing"),
        ("document.partner == \"a\" && time.hour == 23", "fact-missing"),
    ] {
        assert_eq!(holds(text).unwrap_err().code(), code, "{text}");
    }
    assert_eq!(holds("document.partner == \"a\" && time.hour == 1"), Ok(false), "decided anyway");
    let condition = Condition::parse("document.amount > 1", &Schema::standard()).unwrap();
    let mut facts = Facts::new();
    facts.set("document.amount", "a lot");
    assert_eq!(condition.holds(&facts).unwrap_err().code(), "fact-wrong-type");
    let condition = Condition::parse("lines.exists(l, l.line == 0)", &Schema::standard()).unwrap();
    facts.set_records("lines", vec![Record::new(); 1_001]);
    assert_eq!(condition.holds(&facts).unwrap_err().code(), "fact-too-long");
    let condition =
        Condition::parse("document.title.contains(\"x\")", &Schema::standard()).unwrap();
    facts.set("document.title", "y".repeat(5_000));
    assert_eq!(condition.holds(&facts).unwrap_err().code(), "fact-too-long");
}

/// The code and the marked bytes of each mistake.
fn mistakes(text: &str) -> Vec<(&'static str, String)> {
    let params = Params::from([("limit".to_owned(), Scalar::Integer(5))]);
    let mistakes = Condition::parse_with(text, &Schema::standard(), &params).unwrap_err();
    let marked = |m: &gatewarden_rules::ConditionMistake| text[m.start..m.end].to_owned();
    mistakes.0.iter().map(|m| (m.code, marked(m))).collect()
}

#[test]
fn every_mistake_is_told_at_its_place() {
    for (text, expect) in [
        ("document.amuont > 5", vec![("unknown-fact", "document.amuont")]),
        ("document > 5", vec![("unknown-fact", "document")]),
        ("wether == \"rain\"", vec![("unknown-fact", "wether")]),
        ("document.amount > \"5000\"", vec![("wrong-type", "document.amount > \"5000\"")]),
        ("document.amount", vec![("not-a-condition", "document.amount")]),
        ("document.amount > 5.5", vec![("float", "5.5")]),
        ("document.partner == null", vec![("null", "null")]),
        ("param.limt > 5", vec![("unknown-parameter", "param.limt")]),
        ("param.limit > 5 && document.amount / 0 > 1", vec![("division-by-zero", "0")]),
        ("lines.exists(l, l.clas == \"A\")", vec![("unknown-fact", "l.clas")]),
        ("lines.exists(document, true)", vec![("name-taken", "(")]),
        ("lines.exists(l, lines.exists(m, m.line == l.line))", vec![("nested-macro", "(")]),
        ("lines.filter(l, l.line > 1)", vec![("unknown-function", "(")]),
        ("document.title.matches(\"(a\")", vec![("bad-pattern", "\"(a\"")]),
        (
            "document.title.matches(\"(a{1000}){1000}\")",
            vec![("bad-pattern", "\"(a{1000}){1000}\"")],
        ),
        ("document.title.matches(document.title)", vec![("bad-pattern", "document.title")]),
        ("amount(\"5,0\") > 1", vec![("bad-amount", "\"5,0\"")]),
        ("\"A\" in session.second", vec![("wrong-type", "session.second")]),
        ("[1] == [1]", vec![("list-here", "["), ("list-here", "[")]),
        (
            "document.titel == \"größe\" && item.klass == 5 && time.hour > \"x\"",
            vec![
                ("unknown-fact", "document.titel"),
                ("unknown-fact", "item.klass"),
                ("wrong-type", "time.hour > \"x\""),
            ],
        ),
        ("document.title == \"größe\" && wether", vec![("unknown-fact", "wether")]),
    ] {
        let found = mistakes(text);
        let found: Vec<(&str, &str)> = found.iter().map(|(c, m)| (*c, m.as_str())).collect();
        assert_eq!(found, expect, "{text}");
    }
    let said = Condition::parse("document.amuont > 5", &Schema::standard()).unwrap_err();
    assert!(said.to_string().contains("did you mean document.amount?"), "{said}");
    for text in [
        "",
        "   ",
        "document.amount = 5",
        "document.amount > ",
        "(time.hour",
        "time.hour > 1 and true",
    ] {
        let found = mistakes(text);
        assert!(found.iter().all(|(code, _)| *code == "syntax"), "{text}: {found:?}");
    }
    let broken = "document.title == \"größe\" && time.hour = 5";
    assert_eq!(mistakes(broken)[0], ("syntax", "=".to_owned()), "columns count characters");
    let said = Condition::parse("document.amount = 5", &Schema::standard()).unwrap_err();
    assert_eq!(said.0[0].hint.as_deref(), Some("\"is equal\" is written =="));
}

/// Texts made to run a parser out of time or stack, on a thread with an ordinary stack.
#[test]
fn a_text_can_not_cost_more_than_its_bounds() {
    let run = || {
        let many = |head: &str, part: &str, count: usize, tail: &str| {
            format!("{head}{}{tail}", part.repeat(count))
        };
        for (text, code) in [
            ("1".repeat(10 << 20), "too-long"),
            (many("", "(", 200_000, ""), "too-long"),
            (many("", "(", 200, "1"), "too-deep"),
            (many("", "[", 30, "1"), "too-deep"),
            (many("r\"\\\"", "(", 200, "1"), "too-deep"),
            (many("\"\"\"\"", "(", 600, "1"), "too-deep"),
            (many("1", "+1", 2_000, " > 1"), "too-long"),
        ] {
            let mistakes = Condition::parse(&text, &Schema::standard()).unwrap_err();
            let codes: Vec<_> = mistakes.0.iter().map(|m| m.code).collect();
            assert!(codes.contains(&code) || codes == ["syntax"], "{codes:?} {}", &text[..20]);
        }
        // What the bounds let through must not run out of stack either.
        for text in [
            many("1", "+1", 300, " > 1"),
            many("a", ".a", 300, ""),
            many("a", "[a", 24, &"]".repeat(24)),
            many("", "!", 600, "true"),
            many("", "-", 600, "1 == 1"),
            many("true", "&&true", 200, ""),
            many("true", "?true:true", 150, ""),
            many("r\"\\\"", "+(", 300, "1"),
            many("", "size(", 24, &")".repeat(24)),
            many("", "f(", 24, &many("1", "+1", 250, &")".repeat(24))),
            many("", "}{", 300, ""),
            many("", "\"", 301, ""),
            many("", "a.", 300, ""),
            many("[", "1,", 300, "1] == 1"),
        ] {
            let _ = Condition::parse(&text, &Schema::standard());
        }
    };
    std::thread::Builder::new().stack_size(2 << 20).spawn(run).unwrap().join().unwrap();
}

/// A pattern that brings backtracking engines to their knees.
#[test]
fn a_pattern_ends() {
    let text = "document.title.matches(\"^(a+)+$\")";
    let condition = Condition::parse(text, &Schema::standard()).unwrap();
    let mut facts = Facts::new();
    facts.set("document.title", format!("{}!", "a".repeat(4_000)));
    assert_eq!(condition.holds(&facts), Ok(false));
}

#[test]
fn an_answer_is_told_with_the_values_that_it_saw() {
    let text = "document.amount > param.limit && (lines.exists(l, l.class == \"A\") || \
                document.partner == \"acme\")";
    let params = Params::from([("limit".to_owned(), Scalar::Integer(50_000_000))]);
    let condition = Condition::parse_with(text, &Schema::standard(), &params).unwrap();
    let told = condition.explain(&facts());
    let told: Vec<_> = told.iter().map(|t| (t.part.as_str(), t.holds, t.note.as_str())).collect();
    assert_eq!(
        told,
        [
            ("document.amount (51000000) > 50000000", Some(true), ""),
            (
                "lines.exists(one, one.class == \"A\")",
                Some(true),
                "class \"A\", item \"GOLD\", quantity 2"
            ),
            (
                "document.partner (not known) == \"acme\"",
                None,
                "the fact \"document.partner\" is not known here: ask with has(document.partner) first"
            ),
        ]
    );
    let names: Vec<&str> = condition.names().collect();
    assert_eq!(names, ["document.amount", "lines", "document.partner"]);
}

#[test]
fn the_house_s_own_fields_can_be_asked() {
    use gatewarden_rules::FactType;
    let mut schema = Schema::standard();
    schema.custom("document.custom.cost-centre", FactType::Text, "Cost centre.").unwrap();
    schema.custom("lines[].custom.colour", FactType::Text, "Colour.").unwrap();
    let mut facts = facts();
    facts.set("document.custom.cost-centre", "4711");
    let mut line = Record::new();
    line.set("custom.colour", "red");
    facts.set_records("lines", vec![line]);
    for text in [
        "document.custom[\"cost-centre\"] == \"4711\"",
        "lines.exists(l, has(l.custom.colour) && l.custom.colour == \"red\")",
        "lines.exists(l, l[\"custom\"][\"colour\"] == \"red\")",
    ] {
        assert_eq!(Condition::parse(text, &schema).unwrap().holds(&facts), Ok(true), "{text}");
    }
}
