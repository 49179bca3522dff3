//! Templates: what fits is filled in, what does not is told at its place, and nothing makes them endless.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

use gatewarden_notices::{
    On,
    facts::{FACT_CHARS_MAX, FactSpec, Facts, Sample, sample, specs},
    template::{Lang, Said, Slot, TEXT_BYTES_MAX, Words, check, fill},
};
use proptest::prelude::*;
use serde_json::json;

fn waiting() -> Vec<FactSpec> {
    specs(On::ApprovalWaiting)
}

fn words(text: &str) -> Words {
    let said = Said { subject: "x".into(), text: text.into(), markdown: String::new() };
    Words { zh: said.clone(), en: said }
}

fn facts() -> Facts {
    let mut facts = sample(&waiting(), Sample::Least);
    let lines = json!([
        {"line": 1, "item": "M-100", "name": "螺栓 M8", "quantity": 40, "unit": "pcs", "lot": null,
         "from": "wh1/a", "to": null, "amount": "12.5"},
        {"line": 2, "item": "M-200", "name": null, "quantity": 2, "unit": null, "lot": "L7",
         "from": null, "to": null, "amount": null},
    ]);
    facts.insert("kind".into(), json!("领料单"));
    facts.insert("number".into(), json!("R-7"));
    facts.insert("lines".into(), lines);
    facts
}

#[test]
fn facts_stand_where_they_are_named_and_a_dash_where_they_are_not_known() {
    let text = "{{ kind }} {{ number }}, {{ partner }}{% if due %} by {{ due }}{% endif +%}\n\
                {% for one in lines %}\n{{ loop.index }}. {{ one.name|default(one.item) }} × \
                {{ one.quantity }} {{ one.unit|default(\"\") }} {{ one.lot }}\n{% endfor %}\n\
                {% if lines|length > 1 and not due %}{{ lines|length }} lines{% endif %}";
    assert_eq!(check(Slot::Text, text, &waiting()), []);
    let filled = fill(&words(text), Lang::Zh, &facts()).unwrap();
    let expected = "领料单 R-7, –\n1. 螺栓 M8 × 40 pcs –\n2. M-200 × 2  L7\n2 lines";
    assert_eq!(filled.text, expected);
}

#[test]
fn each_mistake_is_told_at_its_place() {
    for (text, code, line, column) in [
        ("a\n{{ numbr }}", "unknown-fact", 2, 4),
        ("{% if false %}\n\n{{ qantity }}{% endif %}", "unknown-fact", 3, 4),
        ("{% for l in lines %}{{ l.itme }}{% endfor %}", "unknown-fact", 1, 26),
        ("{{ kind|uper }}", "unknown-filter", 1, 9),
        ("{% for l in lines %}{{ loop.indx }}{% endfor %}", "unknown-word", 1, 29),
        ("{% set a = kind %}", "unknown-fact", 1, 4),
        ("{% include \"x\" %}", "unknown-fact", 1, 4),
        ("字{{ kind ~ kind }}", "not-allowed", 1, 10),
        ("{{ [kind] }}", "not-allowed", 1, 4),
        ("{{ 9 * 9 }}", "not-allowed", 1, 6),
        ("\n{% if kind %}\n\n", "syntax", 2, 1),
        ("x\n{{ kind", "syntax", 2, 1),
        ("{{ lines }}", "bad-template", 1, 1),
        ("{{ number.item }}", "unknown-fact", 1, 1),
        ("{% for l in kind %}{{ l }}{% endfor %}", "not-a-list", 1, 13),
    ] {
        let faults = check(Slot::Text, text, &waiting());
        let told: Vec<_> = faults.iter().map(|f| (f.code, f.line, f.column)).collect();
        assert_eq!(told.first(), Some(&(code, line, column)), "{text:?}: {faults:?}");
        assert!(faults.iter().all(|f| !f.message.is_empty() && !f.expected.is_empty()));
    }
    let all = check(Slot::Text, "{{ a }}\n{{ b }}\n{{ kind|c }}", &waiting());
    assert_eq!(all.len(), 3, "every mistake at once");
    let (word, known) =
        check(Slot::Text, "{{ requestor }}", &waiting())[0].unknown.clone().unwrap();
    assert!(word == "requestor" && known.iter().any(|one| one == "requester"));
}

#[test]
fn nothing_makes_a_template_endless_or_large() {
    let nested = format!("{}x{}", "{% for l in lines %}".repeat(6), "{% endfor %}".repeat(6));
    let faults = check(Slot::Text, &nested, &waiting());
    assert_eq!(faults.first().map(|f| f.code), None, "two rows are few enough");
    let mut many = facts();
    let rows: Vec<_> = (0..20).map(|_| many["lines"][0].clone()).collect();
    many.insert("lines".into(), json!(rows));
    let error = fill(&words(&nested), Lang::En, &many).unwrap_err();
    assert_eq!(error.code, "too-much");

    let wide = "{% for l in lines %}{{ note }}{{ note }}{% endfor %}";
    many.insert("note".into(), json!("字".repeat(FACT_CHARS_MAX)));
    let filled = fill(&words(wide), Lang::En, &many).unwrap();
    assert!(filled.text.len() <= TEXT_BYTES_MAX && filled.text.ends_with('…'));
}

#[test]
fn a_fact_makes_no_link_in_markdown_and_no_second_line_in_a_subject() {
    let mut facts = facts();
    facts.insert("note".into(), json!("[pay](https://evil.example) <@all> # `x`"));
    let mut words = words("{{ note }}");
    words.en.subject = "{{ note }}".into();
    let filled = fill(&words, Lang::En, &facts).unwrap();
    for mark in ['[', ']', '<', '>', '#', '`', '@'] {
        assert!(!filled.markdown.contains(mark), "{}", filled.markdown);
    }
    assert!(filled.text.contains("[pay]"));
    assert!(!filled.subject.contains('\n'));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Whatever somebody writes is told or works, for every occasion's facts, in bounded output.
    #[test]
    fn what_checks_well_never_fails(
        parts in prop::collection::vec(prop_oneof![
            Just("{{ kind }}"), Just("{{ number|upper }}"), Just("{% if due %}"), Just("{% endif %}"),
            Just("{% for l in lines %}"), Just("{{ l.item }}"), Just("{{ l.lot|short }}"), Just("{% endfor %}"),
            Just("{% else %}"), Just("{{ more > 3 }}"), Just("{{ loop.index }}"), Just("{#"), Just("#}"), Just("}}"),
            Just("{{"), Just("%}"), Just("'"), Just("字"), Just("\n"), Just("{{ partner == none }}"),
            Just("{{ note|default('x')|lower }}"), Just("{% elif number in kind %}"),
        ], 0..12),
        on in 0..On::ALL.len(),
    ) {
        let text = parts.concat();
        let specs = specs(On::ALL[on]);
        if check(Slot::Text, &text, &specs).is_empty() {
            for which in [Sample::Full, Sample::Least, Sample::Hidden] {
                let filled = fill(&words(&text), Lang::Zh, &sample(&specs, which));
                prop_assert!(filled.is_ok(), "{text:?}: {filled:?}");
                prop_assert!(filled.unwrap().text.len() <= TEXT_BYTES_MAX);
            }
        }
    }

    #[test]
    fn anything_is_read_without_panic(text in "\\PC{0,60}|[{}%#a-z |.'\"\n(]{0,60}") {
        let _ = check(Slot::Markdown, &text, &waiting());
    }
}
