//! From checked tables to definitions, with the place of each, so that what the definitions' own check finds
//! is told where it stands.

use std::collections::BTreeMap;

use gatewarden_model::{Day, DocumentKind, NodeId, OperatorId, ReturnTo};
use gatewarden_rules::{Condition, Schema};
use gatewarden_workflow::{
    Allowed, Approve, Branch, Calendar, Case, Department, Hours, Lane, Mode, Node, Notify,
    Parallel, Spot, Substitution, Who, Workflow, Workflows,
};
use serde::{Deserialize, de::IntoDeserializer, de::value::Error};

use crate::{
    fields::{Fields, Span, Value},
    report::Walk,
    text::offset_minutes,
    words::quote,
};

/// What a file defines, with the tables that it comes from.
pub(super) struct Built<'f> {
    pub(super) house: Workflows,
    workflows: Vec<(&'f Fields, Vec<&'f Fields>)>,
    departments: Vec<&'f Fields>,
    substitutions: Vec<&'f Fields>,
    calendar: Option<&'f Fields>,
}

/// Builds what is good enough, and tells what is wrong with single values.
pub(super) fn build<'f>(walk: &mut Walk<'_>, root: &'f Fields, schema: &Schema) -> Built<'f> {
    let mut built = Built {
        house: Workflows::default(),
        workflows: vec![],
        departments: vec![],
        substitutions: vec![],
        calendar: root.table("calendar"),
    };
    for table in root.tables("workflows") {
        let mut steps = Steps { schema, places: vec![] };
        if let Some(workflow) = workflow(walk, table, &mut steps) {
            built.house.workflows.push(workflow);
            built.workflows.push((table, steps.places));
        }
    }
    for table in root.tables("departments") {
        if let Some(one) = department(table) {
            built.house.departments.push(one);
            built.departments.push(table);
        }
    }
    for table in root.tables("substitutions") {
        if let Some(one) = substitution(walk, table) {
            built.house.substitutions.push(one);
            built.substitutions.push(table);
        }
    }
    if let Some(table) = built.calendar {
        built.house.calendar = calendar(walk, table);
    }
    built
}

impl Built<'_> {
    /// The table of a place, and the key there; none where the file does not have it.
    pub(super) fn place(&self, spot: &Spot, key: &'static str) -> Option<(&Fields, &'static str)> {
        let step = |workflow: usize, step: usize| {
            self.workflows.get(workflow).and_then(|(_, steps)| steps.get(step)).copied()
        };
        let found = match *spot {
            Spot::Workflow(index) => self.workflows.get(index).map(|(table, _)| *table),
            Spot::Step(workflow, at) => step(workflow, at),
            Spot::Case(workflow, at, case) => {
                let table = step(workflow, at)?;
                Some(table.tables("cases").get(case).unwrap_or(table))
            }
            Spot::Department(index) => self.departments.get(index).copied(),
            Spot::Substitution(index) => self.substitutions.get(index).copied(),
            Spot::Calendar => self.calendar,
        };
        Some((found?, key))
    }
}

/// The steps of one workflow as they are built, in the order of `Workflow::all`.
struct Steps<'f, 's> {
    schema: &'s Schema,
    places: Vec<&'f Fields>,
}

fn workflow<'f>(
    walk: &mut Walk<'_>,
    table: &'f Fields,
    steps: &mut Steps<'f, '_>,
) -> Option<Workflow> {
    let fallback = people(walk, table, "fallback");
    let nodes = nodes(walk, table.tables("steps"), steps);
    Some(Workflow {
        name: table.parsed("name")?,
        title: table.owned("title")?,
        kinds: words(table, "kinds"),
        once: table.bool("once")?,
        // What was wrong with it was told; that it is empty then is not.
        fallback: fallback.filter(|_| table.has("fallback"))?,
        steps: nodes?,
    })
}

/// All of the steps, or none where one can't be built; what is wrong with the others is told all the same.
fn nodes<'f>(
    walk: &mut Walk<'_>,
    tables: &'f [Fields],
    steps: &mut Steps<'f, '_>,
) -> Option<Vec<Node>> {
    let built: Vec<Option<Node>> = tables.iter().map(|table| node(walk, table, steps)).collect();
    built.into_iter().collect()
}

fn node<'f>(walk: &mut Walk<'_>, table: &'f Fields, steps: &mut Steps<'f, '_>) -> Option<Node> {
    steps.places.push(table);
    let (name, title) = (table.parsed("name"), table.owned("title"));
    match table.text("kind")? {
        "approve" => approve(walk, table).map(Node::Approve),
        "notify" => {
            let whom = people(walk, table, "whom");
            Some(Node::Notify(Notify { name: name?, title: title?, whom: whom? }))
        }
        "parallel" => {
            let lane = |walk: &mut Walk<'_>, table: &'f Fields, steps: &mut Steps<'f, '_>| {
                let nodes = nodes(walk, table.tables("steps"), steps);
                Some(Lane { title: table.owned("title")?, steps: nodes? })
            };
            let lanes: Vec<_> =
                table.tables("lanes").iter().map(|one| lane(walk, one, steps)).collect();
            let lanes = lanes.into_iter().collect::<Option<_>>();
            Some(Node::Parallel(Parallel { name: name?, title: title?, lanes: lanes? }))
        }
        _ => {
            let cases: Vec<_> =
                table.tables("cases").iter().map(|one| case(walk, one, steps)).collect();
            let otherwise = nodes(walk, table.tables("otherwise"), steps);
            let cases = cases.into_iter().collect::<Option<_>>();
            let (name, title) = (name?, title?);
            // A way that must be said and is not was told of as a missing key.
            table.has("otherwise").then_some(())?;
            Some(Node::Branch(Branch { name, title, cases: cases?, otherwise: otherwise? }))
        }
    }
}

fn case<'f>(walk: &mut Walk<'_>, table: &'f Fields, steps: &mut Steps<'f, '_>) -> Option<Case> {
    if let Some(when) = table.text("when") {
        condition(walk, when, table.place("when"), steps.schema);
    }
    let nodes = nodes(walk, table.tables("steps"), steps);
    Some(Case { title: table.owned("title")?, when: table.owned("when")?, steps: nodes? })
}

/// Tells what is wrong with a condition, at its place within the text where that stands as it is.
fn condition(walk: &mut Walk<'_>, text: &str, at: Span, schema: &Schema) {
    let Err(mistakes) = Condition::parse(text, schema) else { return };
    let raw = walk.source.within(at);
    let long = raw.starts_with("\"\"\"") || raw.starts_with("'''");
    let mut quote = if long { 3 } else { 1 };
    // A line's end right after the quotes is no part of the text.
    for end in ["\r", "\n"] {
        quote += usize::from(long && raw.get(quote..).is_some_and(|rest| rest.starts_with(end)));
    }
    let verbatim = raw.get(quote..).is_some_and(|inner| inner.starts_with(text));
    for one in mistakes.0 {
        let inner = Span { start: at.start + quote + one.start, end: at.start + quote + one.end };
        let at = if verbatim { inner } else { at };
        walk.error(at, one.code, one.message, one.expected, one.hint);
    }
}

fn approve(walk: &mut Walk<'_>, table: &Fields) -> Option<Approve> {
    let approvers = people(walk, table, "approvers");
    let transfer_to = people(walk, table, "transfer_to");
    let escalate_to = people(walk, table, "escalate_to");
    let weights = weights(walk, table);
    let owned = |key: &str| table.texts(key).map(|(text, _)| text.to_owned()).collect();
    let names = |key: &str| table.texts(key).filter_map(|(text, _)| text.parse().ok()).collect();
    let back = |text: &str| match text {
        "initiator" => Some(ReturnTo::Initiator),
        node => node.parse::<NodeId>().ok().map(ReturnTo::Node),
    };
    Some(Approve {
        name: table.parsed("name")?,
        title: table.owned("title")?,
        mode: table.text("mode").and_then(word::<Mode>)?,
        approvers: approvers.filter(|_| table.has("approvers"))?,
        weights,
        threshold: table.integer("threshold")?,
        signs: owned("signs"),
        distinct_from: names("distinct_from"),
        allow: match table.has("allow") {
            true => words(table, "allow"),
            false => Allowed::ALL.to_vec(),
        },
        transfer_to: transfer_to?,
        return_to: match table.has("return_to") {
            true => table.texts("return_to").filter_map(|(text, _)| back(text)).collect(),
            false => vec![ReturnTo::Initiator],
        },
        remind_after_h: table.integer("remind_after_h")?,
        escalate_after_h: table.integer("escalate_after_h")?,
        escalate_to: escalate_to?,
    })
}

/// The people that a list names; none where one of them is nobody's name.
fn people(walk: &mut Walk<'_>, table: &Fields, key: &str) -> Option<Vec<Who>> {
    let mut good = true;
    let mut out = vec![];
    for (text, at) in table.texts(key) {
        match who(walk, text, at) {
            Some(who) => out.push(who),
            None => good = false,
        }
    }
    good.then_some(out)
}

fn who(walk: &mut Walk<'_>, text: &str, at: Span) -> Option<Who> {
    let parsed = text.parse::<Who>().ok();
    if parsed.is_none() {
        let expected = "role:NAME, operator:NAME, field:NAME, department:NAME, manager-of:initiator \
                        or manager-of:FIELD";
        let hint = (!text.contains(':')).then(|| format!("did you mean \"role:{text}\"?"));
        walk.error(at, "bad-approver", format!("{} names nobody", quote(text)), expected, hint);
    }
    parsed
}

fn weights(walk: &mut Walk<'_>, table: &Fields) -> BTreeMap<Who, u32> {
    let mut out = BTreeMap::new();
    for (name, value) in table.free("weights") {
        let weight = match value.value {
            Value::Integer(weight) => u32::try_from(weight).ok(),
            _ => None,
        };
        if let (Some(who), Some(weight)) = (who(walk, &name.value, name.at), weight) {
            out.insert(who, weight);
        }
    }
    out
}

fn department(table: &Fields) -> Option<Department> {
    let members = table.texts("members").filter_map(|(name, _)| OperatorId::parse(name).ok());
    Some(Department {
        name: table.owned("name")?,
        manager: table.parsed("manager")?,
        members: members.collect(),
    })
}

fn substitution(walk: &mut Walk<'_>, table: &Fields) -> Option<Substitution> {
    let mut end = |key: &str| {
        let text = table.text(key)?;
        day(walk, text, table.place(key))
    };
    let (from, to) = (end("from"), end("to"));
    Some(Substitution {
        absent: table.parsed("absent")?,
        substitute: table.parsed("substitute")?,
        from: from?,
        to: to?,
        kinds: words::<DocumentKind>(table, "kinds"),
    })
}

fn day(walk: &mut Walk<'_>, text: &str, at: Span) -> Option<Day> {
    let day = text.parse().ok();
    if day.is_none() {
        let message = format!("{} is not a day", quote(text));
        walk.error(at, "bad-day", message, "a day such as \"2026-12-01\"", None);
    }
    day
}

fn calendar(walk: &mut Walk<'_>, table: &Fields) -> Calendar {
    let usual = Calendar::default();
    let mut days = |key: &str| {
        table.texts(key).filter_map(|(text, at)| day(walk, text, at)).collect::<Vec<_>>()
    };
    let (holidays, workdays) = (days("holidays"), days("workdays"));
    let mut hours: Vec<Hours> = vec![];
    for (text, at) in table.texts("hours") {
        match text.parse() {
            Ok(one) => hours.push(one),
            Err(_) => {
                let message = format!("{} are no hours", quote(text));
                walk.error(at, "bad-hours", message, "hours such as \"08:30-12:00\"", None);
            }
        }
    }
    Calendar {
        utc_offset_min: table.text("utc_offset").and_then(offset_minutes).unwrap_or_default(),
        hours: if table.list("hours").is_empty() && !table.has("hours") {
            usual.hours
        } else {
            hours
        },
        weekdays: if table.has("weekdays") { words(table, "weekdays") } else { usual.weekdays },
        holidays,
        workdays,
    }
}

fn words<T: for<'de> Deserialize<'de>>(fields: &Fields, key: &str) -> Vec<T> {
    fields.texts(key).filter_map(|(text, _)| word(text)).collect()
}

/// A word of an enum, by the name it has everywhere.
fn word<'de, T: Deserialize<'de>>(text: &'de str) -> Option<T> {
    let deserializer: serde::de::value::StrDeserializer<'de, Error> = text.into_deserializer();
    T::deserialize(deserializer).ok()
}
