//! From checked values to rules.

use gatewarden_model::{Amount, DocumentKind, ItemClass, MovementKind, RuleTrigger, Scalar};
use gatewarden_rules::{
    HistorySettings, RuleAction, RuleDefinition,
    definition::{Over, RowDefinition, Scope, TableDefinition},
    history::{NearLimit, Way, Working},
};

use crate::{
    fields::{Fields, Value},
    report::Walk,
    text::clock_minutes,
    words::quote,
};

/// What came of a table.
pub(super) enum Built {
    Rule(Box<RuleDefinition>),
    /// A shipped rule that is taken out.
    Off(String),
    /// Told.
    Wrong,
}

/// A rule; `beneath` are those that it may change or take out.
pub(super) fn rule(walk: &mut Walk<'_>, fields: &Fields, beneath: &[RuleDefinition]) -> Built {
    let Some(id) = fields.owned("id") else { return Built::Wrong };
    let known = beneath.iter().find(|rule| rule.id == id);
    if fields.bool("off") == Some(true) {
        if known.is_none() {
            let ids = beneath.iter().map(|rule| rule.id.as_str());
            walk.unknown(fields.place("id"), "unknown-rule", "shipped rule", &id, ids);
            return Built::Wrong;
        }
        return Built::Off(id);
    }
    let based = known.filter(|_| !fields.stands("when"));
    if based.is_none() {
        for key in ["title", "when"] {
            if !fields.stands(key) {
                let message = format!("missing key {key:?}");
                let expected = match key {
                    "title" => "what it finds, in a sentence",
                    _ => {
                        "\"before\", \"after\", \"schedule\" or \"level\"; only a shipped rule has one already"
                    }
                };
                walk.error(fields.at, "missing-key", message, expected, None);
            }
        }
    }
    cron(walk, fields);
    complete(walk, fields);
    match built(fields, id, based) {
        Some(rule) => Built::Rule(Box::new(rule)),
        None => Built::Wrong,
    }
}

fn built(fields: &Fields, id: String, based: Option<&RuleDefinition>) -> Option<RuleDefinition> {
    let stands = |key: &str| fields.has(key) && fields.place(key) != fields.at;
    let mut rule = match based {
        Some(based) => based.clone(),
        // What is missing was told; the rest of the rule is looked at all the same.
        None => {
            let when = fields.text("when").and_then(trigger).unwrap_or(RuleTrigger::Before);
            blank(id, when, fields.owned("title").unwrap_or_default())
        }
    };
    if let Some(title) = fields.owned("title") {
        rule.title = title;
    }
    if fields.has("on") {
        rule.on = fields.texts("on").map(|(text, _)| text.to_owned()).collect();
    }
    rule.cron = fields.owned("cron").or(rule.cron);
    rule.over = fields.text("over").map_or(Some(rule.over), over)?;
    if stands("scope") {
        rule.scope = scope(fields.table("scope")?)?;
    }
    for (name, value) in fields.free("params").iter().chain(fields.free("amounts")) {
        rule.params.insert(name.value.clone(), scalar(&value.value, fields, &name.value)?);
    }
    if let Some(text) = fields.owned("if") {
        (rule.condition, rule.table) = (Some(text), None);
    }
    if stands("table") {
        let both = fields.has("if");
        rule.table = fields.table("table").map(table);
        rule.condition = rule.condition.filter(|_| both);
    }
    if fields.has("then") {
        rule.then = actions(fields, "then");
    }
    if fields.has("key") {
        rule.key = fields.texts("key").map(|(text, _)| text.to_owned()).collect();
    }
    rule.quiet_h = fields.integer("quiet_h").unwrap_or(rule.quiet_h);
    Some(rule)
}

fn blank(id: String, when: RuleTrigger, title: String) -> RuleDefinition {
    RuleDefinition {
        id,
        title,
        when,
        on: vec![],
        cron: None,
        over: Over::House,
        scope: Scope::default(),
        params: Default::default(),
        condition: None,
        table: None,
        then: vec![],
        key: vec![],
        quiet_h: 0,
    }
}

/// A parameter. An amount is in ten-thousandths: that it was one is said by the key that it stands under.
fn scalar(value: &Value, fields: &Fields, name: &str) -> Option<Scalar> {
    let is_amount = fields.free("amounts").iter().any(|(amount, _)| amount.value == name);
    Some(match value {
        Value::Text(text) if is_amount => Scalar::Integer(text.parse::<Amount>().ok()?.units()),
        Value::Text(text) => Scalar::Text(text.clone()),
        Value::Integer(integer) => Scalar::Integer(*integer),
        Value::Bool(bool) => Scalar::Bool(*bool),
        _ => return None,
    })
}

fn cron(walk: &mut Walk<'_>, fields: &Fields) {
    let Some(text) = fields.text("cron") else { return };
    if let Err(error) = croner::parser::CronParser::new().parse(text) {
        let message = format!("{} is no time: {error}", quote(text));
        let expected = "minute, hour, day, month and day of the week, such as \"0 6 * * *\"";
        walk.error(fields.place("cron"), "bad-cron", message, expected, None);
    }
}

/// A table says what follows where none of its rows holds, even if that is nothing.
fn complete(walk: &mut Walk<'_>, fields: &Fields) {
    let Some(table) = fields.table("table").filter(|_| fields.place("table") != fields.at) else {
        return;
    };
    for (key, expected) in [
        ("rows", "at least one row"),
        ("otherwise", "what follows where no row holds: otherwise = [] for nothing"),
    ] {
        if !table.stands(key) {
            let message = format!("missing key {key:?}");
            walk.error(table.at, "missing-key", message, expected, None);
        }
    }
}

fn trigger(text: &str) -> Option<RuleTrigger> {
    RuleTrigger::ALL.into_iter().find(|trigger| trigger.name() == text)
}

fn over(text: &str) -> Option<Over> {
    Some(match text {
        "house" => Over::House,
        "items" => Over::Items,
        "places" => Over::Places,
        "operators" => Over::Operators,
        _ => return None,
    })
}

fn scope(fields: &Fields) -> Option<Scope> {
    let owned = |key: &str| fields.texts(key).map(|(text, _)| text.to_owned()).collect();
    let class = |text: &str| ItemClass::ALL.into_iter().find(|class| class.name() == text);
    let movement = |text: &str| MovementKind::ALL.into_iter().find(|kind| kind.name() == text);
    Some(Scope {
        movement_kinds: each(fields, "movement_kinds", movement)?,
        document_kinds: each(fields, "document_kinds", DocumentKind::of_name)?,
        classes: each(fields, "classes", class)?,
        items: each(fields, "items", |text| text.parse().ok())?,
        warehouses: owned("warehouses"),
    })
}

fn each<T>(fields: &Fields, key: &str, of: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
    fields.texts(key).map(|(text, _)| of(text)).collect()
}

fn table(fields: &Fields) -> TableDefinition {
    let row = |row: &Fields| RowDefinition {
        cells: row.texts("cells").map(|(text, _)| text.to_owned()).collect(),
        condition: row.owned("if"),
        then: actions(row, "then"),
    };
    TableDefinition {
        columns: fields.texts("columns").map(|(text, _)| text.to_owned()).collect(),
        rows: fields.tables("rows").iter().map(row).collect(),
        otherwise: actions(fields, "otherwise"),
    }
}

/// The actions that are right; what is wrong with others was told.
fn actions(fields: &Fields, key: &str) -> Vec<RuleAction> {
    fields.tables(key).iter().filter_map(action).collect()
}

fn action(fields: &Fields) -> Option<RuleAction> {
    let to = || fields.texts("to").map(|(text, _)| text.to_owned()).collect();
    Some(match fields.text("kind")? {
        "refuse" => RuleAction::Refuse { reason: fields.owned("reason")? },
        "approver" => RuleAction::Approver { approver: fields.owned("approver")? },
        "step-up" => RuleAction::StepUp { level: fields.integer("level")? },
        "second-person" => RuleAction::SecondPerson {},
        "flag" => RuleAction::Flag {},
        "todo" => RuleAction::Todo {
            to: to(),
            title: fields.owned("title"),
            due_h: fields.integer("due_h"),
        },
        "draft" => RuleAction::Draft {
            document: DocumentKind::of_name(fields.text("document")?)?,
            item: fields.owned("item")?,
            quantity: fields.owned("quantity")?,
        },
        "notify" => RuleAction::Notify { to: to(), template: fields.owned("template")? },
        _ => return None,
    })
}

pub(super) fn history(fields: &Fields) -> Option<HistorySettings> {
    let near = fields.table("near")?;
    let way = |way: &Fields| {
        Some(Way { from: way.parsed("from")?, to: way.parsed("to")?, s: way.integer("s")? })
    };
    let working = fields.table("working")?;
    let days = working.integers("days").filter_map(|(day, _)| u8::try_from(day).ok());
    let days = if working.has("days") { days.collect() } else { Working::default().days };
    let working = Working {
        days,
        from_min: clock_minutes(working.text("from")?)?,
        until_min: clock_minutes(working.text("until")?)?,
    };
    Some(HistorySettings {
        turn_h: fields.integer("turn_h")?,
        accuracy_samples: fields.integer("accuracy_samples")?,
        near: NearLimit {
            amount: near.parsed("amount")?,
            quantity: near.integer("quantity"),
            under_permille: near.integer("under_permille")?,
            span_h: near.integer("span_h")?,
        },
        price_h: fields.integer("price_h")?,
        travel_s: fields.integer("travel_s")?,
        ways: fields.tables("ways").iter().map(way).collect::<Option<_>>()?,
        working,
    })
}
