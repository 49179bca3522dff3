//! Our evaluator against another's: random conditions over random facts must get the same answer, or the same
//! kind of failure, from the interpreter of the crate `cel`.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

use std::{collections::HashMap, sync::Arc};

use cel::{Context, Program, Value, objects::Key};
use gatewarden_model::Scalar;
use gatewarden_rules::{Condition, Fact, FactType, Facts, Record, Schema};
use proptest::prelude::*;

const INTEGERS: [&str; 3] = ["doc.a", "doc.b", "doc.c"];
const TEXTS: [&str; 3] = ["doc.s", "doc.t", "doc.u"];
const BOOLS: [&str; 2] = ["doc.p", "doc.q"];

fn schema() -> Schema {
    let mut schema = Schema::empty();
    let all = INTEGERS.map(|n| (n, FactType::Integer)).into_iter();
    let all =
        all.chain(TEXTS.map(|n| (n, FactType::Text))).chain(BOOLS.map(|n| (n, FactType::Bool)));
    let rest = [
        ("doc.list", FactType::Texts),
        ("doc.numbers", FactType::Integers),
        ("lines", FactType::Records),
        ("lines[].n", FactType::Integer),
        ("lines[].s", FactType::Text),
    ];
    for (name, is) in all.chain(rest) {
        schema.custom(name, is, "Something.").unwrap();
    }
    schema
}

fn number() -> impl Strategy<Value = i64> + Clone {
    prop_oneof![
        -4_i64..5,
        prop::sample::select(vec![i64::MAX, i64::MIN, i64::MIN + 1, 1 << 40, -(1 << 40)]),
    ]
}

fn word() -> impl Strategy<Value = String> + Clone {
    prop::sample::select(vec!["", "a", "ab", "b", "ß", "MR-1", "mr"]).prop_map(str::to_owned)
}

fn facts() -> impl Strategy<Value = Facts> {
    let numbers = prop::collection::vec(prop::option::weighted(0.85, number()), 3);
    let texts = prop::collection::vec(prop::option::weighted(0.85, word()), 3);
    let bools = prop::collection::vec(prop::option::weighted(0.85, any::<bool>()), 2);
    let list = prop::collection::vec(word(), 0..4);
    let counts = prop::collection::vec(number(), 0..4);
    let line = (prop::option::weighted(0.8, number()), prop::option::weighted(0.8, word()));
    let lines = prop::collection::vec(line, 0..4);
    (numbers, texts, bools, list, counts, lines).prop_map(
        |(numbers, texts, bools, list, counts, lines)| {
            let mut facts = Facts::new();
            for (name, number) in INTEGERS.iter().zip(numbers) {
                facts.set_some(*name, number);
            }
            for (name, text) in TEXTS.iter().zip(texts) {
                facts.set_some(*name, text);
            }
            for (name, bool) in BOOLS.iter().zip(bools) {
                facts.set_some(*name, bool);
            }
            facts.set("doc.list", list).set("doc.numbers", counts);
            let records = lines.into_iter().map(|(n, s)| {
                let mut record = Record::new();
                record.set_some("n", n).set_some("s", s);
                record
            });
            facts.set_records("lines", records.collect());
            facts
        },
    )
}

/// A whole-number part; `one` is what stands for a value of the list that is looked through.
fn integers(one: Option<&'static str>) -> BoxedStrategy<String> {
    let written = number().prop_map(|n| match n {
        i64::MIN => "(-9223372036854775807 - 1)".to_owned(),
        n if n < 0 => format!("({n})"),
        n => n.to_string(),
    });
    let mut names: Vec<String> = INTEGERS.map(str::to_owned).to_vec();
    names.extend(one.map(|one| format!("{one}.n")));
    let leaf = prop_oneof![
        3 => prop::sample::select(names),
        2 => written,
        1 => prop::sample::select(vec!["size(doc.list)", "doc.s.size()", "size(lines)"])
            .prop_map(str::to_owned),
    ];
    leaf.prop_recursive(3, 8, 2, |inner| {
        let sign = prop::sample::select(vec!["+", "-", "*", "/", "%"]);
        prop_oneof![
            4 => (inner.clone(), sign, inner.clone()).prop_map(|(a, s, b)| format!("({a} {s} {b})")),
            1 => inner.clone().prop_map(|a| format!("-({a})")),
            1 => (inner.clone(), inner).prop_map(|(a, b)| format!("(doc.p ? {a} : {b})")),
        ]
    })
    .boxed()
}

fn texts(one: Option<&'static str>) -> BoxedStrategy<String> {
    let mut names: Vec<String> = TEXTS.map(str::to_owned).to_vec();
    names.extend(one.map(|one| format!("{one}.s")));
    prop_oneof![2 => prop::sample::select(names), 1 => word().prop_map(|w| format!("{w:?}"))]
        .boxed()
}

fn atoms(one: Option<&'static str>) -> BoxedStrategy<String> {
    let sign = prop::sample::select(vec!["==", "!=", "<", "<=", ">", ">="]);
    let look = prop::sample::select(vec!["startsWith", "endsWith", "contains"]);
    let pattern = prop::sample::select(vec!["^a", "b$", "^[a-z]*$", "MR-[0-9]+", "."]);
    let mut has: Vec<String> = ["doc.a", "doc.s", "doc.p"].map(|n| format!("has({n})")).to_vec();
    has.extend(one.map(|one| format!("has({one}.s)")));
    prop_oneof![
        4 => (integers(one), sign.clone(), integers(one)).prop_map(|(a, s, b)| format!("{a} {s} {b}")),
        3 => (texts(one), sign, texts(one)).prop_map(|(a, s, b)| format!("{a} {s} {b}")),
        1 => (texts(one), look, texts(one)).prop_map(|(a, l, b)| format!("{a}.{l}({b})")),
        1 => (texts(one), pattern).prop_map(|(a, p)| format!("{a}.matches({p:?})")),
        1 => (texts(one), texts(one), texts(one)).prop_map(|(a, b, c)| format!("{a} in [{b}, {c}]")),
        1 => texts(one).prop_map(|a| format!("{a} in doc.list")),
        1 => integers(one).prop_map(|a| format!("{a} in doc.numbers")),
        1 => prop::sample::select(vec!["doc.p".to_owned(), "doc.q".to_owned(), "true".to_owned()]),
        1 => prop::sample::select(has),
    ]
    .boxed()
}

fn logic(one: Option<&'static str>) -> BoxedStrategy<String> {
    atoms(one)
        .prop_recursive(3, 12, 2, |inner| {
            let sign = prop::sample::select(vec!["&&", "||"]);
            prop_oneof![
                4 => (inner.clone(), sign, inner.clone())
                    .prop_map(|(a, s, b)| format!("({a}) {s} ({b})")),
                1 => inner.clone().prop_map(|a| format!("!({a})")),
                1 => (inner.clone(), inner.clone(), inner)
                    .prop_map(|(a, b, c)| format!("(({a}) ? ({b}) : ({c}))")),
            ]
        })
        .boxed()
}

fn conditions() -> impl Strategy<Value = String> {
    let over = (prop::sample::select(vec!["exists", "all"]), logic(Some("l")))
        .prop_map(|(name, body)| format!("lines.{name}(l, {body})"));
    let words = prop::sample::select(vec!["exists", "all"])
        .prop_map(|name| format!("doc.list.{name}(w, w.startsWith(doc.s) || w == \"b\")"));
    let mixed = (logic(None), over.clone()).prop_map(|(a, b)| format!("({a}) && {b}"));
    prop_oneof![4 => logic(None), 2 => over, 1 => words, 1 => mixed]
}

fn value(scalar: &Scalar) -> Value {
    match scalar {
        Scalar::Bool(bool) => Value::Bool(*bool),
        Scalar::Integer(integer) => Value::Int(*integer),
        Scalar::Text(text) => Value::String(Arc::new(text.clone())),
        Scalar::List(list) => Value::List(Arc::new(list.iter().map(value).collect())),
    }
}

fn map<'v>(pairs: impl Iterator<Item = (&'v str, Value)>) -> Value {
    let pairs: HashMap<Key, Value> = pairs.map(|(k, v)| (Key::from(k.to_owned()), v)).collect();
    Value::from(pairs)
}

fn asked_of_cel(text: &str, facts: &Facts) -> Result<bool, String> {
    let program = Program::compile(text).map_err(|e| panic!("{text}: {e}")).unwrap();
    let mut context = Context::default();
    let doc = facts.iter().filter_map(|(name, fact)| match fact {
        Fact::Scalar(scalar) => Some((name.strip_prefix("doc.")?, value(scalar))),
        Fact::Records(_) | Fact::Untold(_) => None,
    });
    context.add_variable_from_value("doc", map(doc));
    let lines = match facts.get("lines") {
        Some(Fact::Records(records)) => {
            records.iter().map(|record| map(record.iter().map(|(n, v)| (n, value(v))))).collect()
        }
        _ => vec![],
    };
    context.add_variable_from_value("lines", Value::List(Arc::new(lines)));
    match program.execute(&context) {
        Ok(Value::Bool(bool)) => Ok(bool),
        Ok(other) => panic!("{text}: {other:?}"),
        Err(error) => Err(format!("{error:?}")),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..Default::default() })]

    #[test]
    fn the_interpreter_answers_the_same(text in conditions(), facts in facts()) {
        let ours = Condition::parse(&text, &schema());
        let ours = match ours {
            Ok(condition) => condition,
            // The only thing that we tell earlier: a division by a zero that is written out.
            Err(mistakes) => {
                prop_assert!(mistakes.0.iter().all(|m| m.code == "division-by-zero"), "{text}: {mistakes}");
                return Ok(());
            }
        };
        let answer = ours.holds(&facts);
        let theirs = asked_of_cel(&text, &facts);
        match (&answer, &theirs) {
            (Ok(a), Ok(b)) => prop_assert_eq!(a, b, "{}", text),
            (Err(_), Err(_)) => {}
            _ => prop_assert!(false, "{text}: ours {answer:?}, theirs {theirs:?}, facts {facts:?}"),
        }
    }
}
